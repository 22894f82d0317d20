//! `threepid config check`: reads what a process would start with.

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::daemon;

use super::arguments::Check;
use super::{Exit, output};

/// Tells every mistake of a configuration, its zones and keys.
pub(super) fn config(arguments: &Check) -> Exit {
    let mistakes = match Config::load(&arguments.file) {
        Ok(config) => daemon::load(&config, SystemClock.now()).err().map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    match mistakes {
        Some(mistakes) => {
            output::warn(mistakes);
            Exit::Flawed
        }
        None => {
            output::print(format_args!("{} is good\n", arguments.file.display()));
            Exit::Success
        }
    }
}
