//! `threepid config check`: reads what a process would start with.

use crate::clock::{Clock, SystemClock};
use crate::daemon;

use super::arguments::Check;
use super::{Exit, output};

/// Tells every mistake of a configuration, its zones and keys.
pub(super) fn config(arguments: &Check) -> Exit {
    match daemon::read(&arguments.file, SystemClock.now()) {
        Ok((_, loaded)) => {
            loaded.warnings.iter().for_each(output::tell);
            output::print(format_args!("{} is good\n", arguments.file.display()));
            Exit::Success
        }
        Err(error) if error.is_unreadable() => output::fail(error),
        Err(mistakes) => {
            output::tell(mistakes);
            Exit::Flawed
        }
    }
}
