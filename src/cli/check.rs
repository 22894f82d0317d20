//! `threepid config check`: reads what a process would start with.

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::daemon::{self, LoadError};

use super::arguments::Check;
use super::{Exit, output};

/// Tells every mistake of a configuration, its zones and keys.
pub(super) fn config(arguments: &Check) -> Exit {
    let loaded = Config::load(&arguments.file)
        .map_err(LoadError::from)
        .and_then(|config| daemon::load(&config, SystemClock.now()));
    match loaded {
        Ok(loaded) => {
            loaded.warnings.iter().for_each(output::warn);
            output::print(format_args!("{} is good\n", arguments.file.display()));
            Exit::Success
        }
        Err(mistakes) => {
            output::warn(mistakes);
            Exit::Flawed
        }
    }
}
