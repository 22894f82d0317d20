//! `threepid key`: the keys that zones are signed with.

use crate::clock::{Clock, SystemClock};
use crate::codec::hex;
use crate::crypto::OsRandom;
use crate::daemon::keys;
use crate::dnssec::{ZoneKey, ds_of};
use crate::wire::rdata::{Dnskey, Ds};
use crate::wire::{DigestType, Name};

use super::Exit;
use super::arguments::{Generate, KeyDs};
use super::output;

/// Makes a key, and prints the name of its files.
pub(super) fn generate(arguments: Generate) -> Exit {
    let flags = if arguments.zsk { ZoneKey::ZSK } else { ZoneKey::KSK };
    let key = ZoneKey::generate(arguments.zone, flags, &mut OsRandom);
    match keys::store(&arguments.dir, &key, SystemClock.now()) {
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
            let ds = ds_of(&zone, &key, DigestType::SHA256).expect("SHA-256 is computed here");
            output::print(ds_line(&zone, &ds));
            Exit::Success
        }
        Ok((zone, _)) => output::fail(format_args!(
            "{}: this key signs the records of {zone}; the parent publishes the DS of the one that \
             signs its keys",
            arguments.file.display()
        )),
        Err(error) => output::fail(error),
    }
}

/// `ds` as a line of the parent's zone file.
fn ds_line(zone: &Name, ds: &Ds) -> String {
    let digest = hex(&ds.digest).to_ascii_uppercase();
    format!("{zone} IN DS {} {} {} {digest}\n", ds.key_tag, ds.algorithm.0, ds.digest_type.0)
}
