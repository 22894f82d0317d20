//! `threepid delegation`: what a zone delegates, shown and changed.

mod change;
mod handing;
mod probe;
mod show;
mod sync;

pub(super) use change::{add, remove};
pub(super) use show::show;
pub(super) use sync::sync;

use super::Exit;
use super::arguments::ParentFile;
use super::output;
use crate::daemon::zone_edit::{Edits, ZoneEdit, ZoneEditError};
use crate::daemon::zone_file::ZoneFileError;
use crate::wire::{Name, Rtype};
use crate::zone::delegating;
use crate::zone::edit::Change;
use crate::zone::master::Master;

/// The files of a zone, read to be changed.
fn open(zone: &ParentFile) -> Result<ZoneEdit, Exit> {
    ZoneEdit::open(&zone.file, zone.origin.as_ref()).map_err(failed)
}

/// The zone that files hold.
fn apex(master: &Master) -> Result<&Name, Exit> {
    let soa = master.records.iter().find(|(record, _)| record.rtype == Rtype::SOA);
    soa.map(|(record, _)| &record.name).ok_or_else(|| {
        output::tell(format_args!("{}:1:1: a SOA record expected, there is none", master.file));
        Exit::Flawed
    })
}

/// What is meant by a child of the zone.
fn child(text: &str, master: &Master) -> Result<Name, Exit> {
    delegating::child(text, apex(master)?).map_err(|error| {
        output::fail(error);
        Exit::Usage
    })
}

/// Tells why a delegation is not changed.
fn refused(why: impl std::fmt::Display) -> Exit {
    output::fail(why);
    Exit::Flawed
}

/// Tells why files are not changed.
fn failed(error: ZoneEditError) -> Exit {
    match error {
        ZoneEditError::Read(ZoneFileError::Flaws(flaws)) => {
            output::tell(flaws);
            Exit::Flawed
        }
        ZoneEditError::Edit(_) | ZoneEditError::Spoilt(_) => refused(error),
        ZoneEditError::Read(_) | ZoneEditError::Write(_) => output::fail(error),
    }
}

/// Prints a change, and unless it is only to be shown makes it. What is made first must succeed before
/// the files are written.
fn apply(
    zone: &ZoneEdit,
    change: &Change,
    dry_run: bool,
    first: impl FnOnce() -> Result<(), Exit>,
) -> Result<(), Exit> {
    let edits: Edits = zone.edit(change).map_err(failed)?;
    edits.warnings.iter().for_each(output::tell);
    if !dry_run {
        first()?;
        edits.write().map_err(|error| failed(error.into()))?;
    }
    output::print(edits.diff());
    match dry_run {
        true => output::tell("nothing is changed: this was a dry run"),
        false => output::tell(format_args!(
            "serial {}; the server reads it when told to: kill -HUP of its process",
            change.serial.0
        )),
    }
    Ok(())
}
