//! `threepid config check`: reads what a process would start with.

use crate::config::Config;

use super::Exit;
use super::arguments::Check;
use super::output;

/// Tells every mistake of a configuration.
pub(super) fn config(arguments: &Check) -> Exit {
    match Config::load(&arguments.file) {
        Ok(_) => Exit::Success,
        Err(error) => output::mistakes(error),
    }
}
