//! `threepid config check`: reads what a process would start with.

use crate::clock::{Clock, SystemClock};
use crate::daemon::{self, anchors};

use super::arguments::Check;
use super::{Exit, output};

/// Tells every mistake of a configuration, its zones and keys.
pub(super) fn config(arguments: &Check) -> Exit {
    match daemon::check(&arguments.file, SystemClock.now()) {
        Ok((config, loaded)) => {
            loaded.warnings.iter().for_each(output::tell);
            if let Some(directory) = config.resolver.and_then(|resolver| resolver.anchor_dir) {
                for point in &loaded.points {
                    let (zone, path) =
                        (point.zone(), anchors::path(&directory.value, point.zone()));
                    let path = path.display();
                    output::print(format_args!("the trust anchors of {zone} are kept in {path}\n"));
                }
            }
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
