//! `threepid key`: the keys that zones are signed with.

mod ds;
mod roll;
mod status;

use std::path::Path;

use crate::clock::{Clock, SystemClock};
use crate::crypto::OsRandom;
use crate::daemon::keys::{self, KeyError};
use crate::dnssec::ZoneKey;
use crate::dnssec::lifecycle::{State, Timing};
use crate::threepid::Branch;
use crate::threepid::labels::apex_of;
use crate::wire::Name;

use super::Exit;
use super::arguments::Generate;
use super::output;

pub(super) use ds::ds;
pub(super) use roll::roll;
pub(super) use status::status;

/// Makes a key, and prints the name of its files.
pub(super) fn generate(arguments: Generate) -> Exit {
    let flags = if arguments.zsk { ZoneKey::ZSK } else { ZoneKey::KSK };
    let key = ZoneKey::generate(arguments.zone, flags, &mut OsRandom);
    let key = key.with_timing(Timing::in_use(SystemClock.now()));
    warn_of_others(&key, &arguments.dir);
    match keys::store(&arguments.dir, &key) {
        Ok(stem) => {
            output::print(format_args!("{}\n", stem.display()));
            Exit::Success
        }
        Err(error) => output::fail(error),
    }
}

/// Tells of a key that does the same already: resolvers do not know the other one when it signs.
fn warn_of_others(key: &ZoneKey, directory: &Path) {
    let now = SystemClock.now();
    let others = keys::load_directory(&key.zone, directory).unwrap_or_default();
    let same = |other: &&ZoneKey| other.flags == key.flags && other.state(now) == State::Active;
    if let Some(other) = others.iter().find(same) {
        let (zone, tag) = (&key.zone, other.key_tag());
        output::tell(format_args!(
            "warning: key {tag} of {zone} is in use already, and the new one signs beside it at once, which breaks a \
             zone that is served; in place of one that waits: threepid key roll {zone}"
        ));
    }
}

/// Whether the name of a zone tells that it has a parent, in a tree that is not the DNS itself.
fn tells_parent(zone: &Name) -> bool {
    Branch::told_by(zone).is_some() && !apex_of(zone).is_root()
}

fn refuse(error: &KeyError) -> Exit {
    match error {
        KeyError::Malformed { .. } => output::mistakes(error),
        error => output::fail(error),
    }
}
