//! `threepid zone`: zone files checked, and written in one form.

use crate::daemon::zone_file;
use crate::wire::Record;
use crate::zone::Built;
use crate::zone::master::{self, Form};

use super::Exit;
use super::arguments::{ZoneFile, ZonePrint};
use super::output;

/// Tells every mistake of a zone file, or what zone it holds.
pub(super) fn check(arguments: &ZoneFile) -> Exit {
    let (built, records) = match read(arguments) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let (apex, serial) = (built.zone.apex(), built.zone.soa().serial);
    output::print(format_args!("{apex} is good: serial {serial}, {} records\n", records.len()));
    Exit::Success
}

/// Writes the records of a zone file.
pub(super) fn print(arguments: &ZonePrint) -> Exit {
    let (_, records) = match read(&arguments.zone) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let form = if arguments.generic { Form::Generic } else { Form::Readable };
    output::print(master::print(records, form));
    Exit::Success
}

/// The zone of a file and its records, its warnings told; or, what is wrong told, how to end.
fn read(arguments: &ZoneFile) -> Result<(Built, Vec<Record>), Exit> {
    let origin = arguments.origin.as_ref();
    let master = zone_file::open(&arguments.file, origin).map_err(output::fail)?;
    let records = master.records.iter().map(|(record, _)| record.clone()).collect();
    match master.into_zone(origin) {
        Ok(built) => {
            built.warnings.iter().for_each(output::tell);
            Ok((built, records))
        }
        Err(flaws) => {
            output::tell(flaws);
            Err(Exit::Flawed)
        }
    }
}
