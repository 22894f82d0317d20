//! Writing to whoever called.

use std::fmt::Display;
use std::io::Write;

use super::Exit;

/// Writes `text` to standard output. That nobody reads it any more is no error.
pub(super) fn print(text: impl Display) {
    let _ = write!(std::io::stdout().lock(), "{text}");
}

/// Tells what went wrong on standard error.
pub(super) fn fail(error: impl Display) -> Exit {
    let _ = writeln!(std::io::stderr().lock(), "error: {error}");
    Exit::Error
}

/// Tells mistakes in files on standard error: each line starts with its place.
pub(super) fn mistakes(mistakes: impl Display) -> Exit {
    let _ = writeln!(std::io::stderr().lock(), "{mistakes}");
    Exit::Error
}

/// Tells something on standard error that stops nothing.
pub(super) fn warn(warning: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{warning}");
}

/// Tells what was not understood, or the help that was asked for.
pub(super) fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Success }
}
