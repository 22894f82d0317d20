//! `threepid key`: the keys that zones are signed with.

mod roll;
mod status;

use crate::clock::{Clock, SystemClock};
use crate::crypto::OsRandom;
use crate::daemon::keys::{self, KeyError};
use crate::dnssec::lifecycle::Timing;
use crate::dnssec::{ZoneKey, sha256_ds};
use crate::threepid::Branch;
use crate::threepid::labels::apex_of;
use crate::wire::rdata::{Dnskey, to_text};
use crate::wire::{Name, Rtype};

use super::Exit;
use super::arguments::{Generate, KeyDs};
use super::output;

pub(super) use roll::roll;
pub(super) use status::status;

/// Makes a key, and prints the name of its files.
pub(super) fn generate(arguments: Generate) -> Exit {
    let flags = if arguments.zsk { ZoneKey::ZSK } else { ZoneKey::KSK };
    let key = ZoneKey::generate(arguments.zone, flags, &mut OsRandom);
    let key = key.with_timing(Timing::in_use(SystemClock.now()));
    match keys::store(&arguments.dir, &key) {
        Ok(stem) => {
            output::print(format_args!("{}\n", stem.display()));
            Exit::Success
        }
        Err(error) => output::fail(error),
    }
}

/// Prints the DS record of a key.
pub(super) fn ds(arguments: &KeyDs) -> Exit {
    match keys::load_public(&arguments.file) {
        Ok((zone, key)) if key.flags & Dnskey::SEP != 0 => {
            let ds = to_text(Rtype::DS, &sha256_ds(&zone, &key).to_rdata());
            output::print(format_args!("{zone} IN DS {ds}\n"));
            Exit::Success
        }
        Ok((zone, _)) => output::fail(format_args!(
            "{}: this key signs the records of {zone}; the parent publishes the DS of the one that \
             signs its keys",
            arguments.file.display()
        )),
        Err(error) => refuse(&error),
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
