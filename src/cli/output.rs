//! Standard output for results, standard error for what went wrong.

use std::fmt::Display;
use std::io::Write;

use crate::config::{ConfigCause, ConfigError};

use super::Exit;

/// Writes `text` to standard output. That nobody reads it any more is no error.
pub(super) fn print(text: impl Display) {
    let _ = write!(std::io::stdout().lock(), "{text}");
}

/// Tells what went wrong on standard error, other than in files.
pub(super) fn fail(error: impl Display) -> Exit {
    let _ = writeln!(std::io::stderr().lock(), "error: {error}");
    Exit::Error
}

/// Tells what is wrong in files on standard error, or worth a look: each line starts with its place.
pub(super) fn tell(lines: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{lines}");
}

/// Tells what is wrong in files that are needed.
pub(super) fn mistakes(lines: impl Display) -> Exit {
    tell(lines);
    Exit::Error
}

/// Tells why a configuration cannot be used.
pub(super) fn config(error: ConfigError) -> Exit {
    match error.cause {
        ConfigCause::Unreadable(_) => fail(error),
        ConfigCause::Mistakes { .. } => mistakes(error),
    }
}

/// Tells what was not understood, or the help that was asked for.
pub(super) fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Success }
}
