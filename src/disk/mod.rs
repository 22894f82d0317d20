//! Files put on disk: whole, or not at all, whatever happens.
//!
//! - [`create`] makes a new file.
//! - [`replace`] and [`replace_privately`] are for files of our own: whatever stands at a path gives way, be
//!   it a link, with its owner and mode.
//! - [`Swap`] is for files of the user's: it follows links, keeps owner and mode, and sees that nobody else
//!   changes the file meanwhile.

mod replace;
mod swap;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub use replace::{DRAFT, replace, replace_privately};
pub use swap::{Swap, SwapError};

/// Writes a file that is not there yet, with this mode. The process's mask takes from it.
///
/// # Errors
/// Where the file is there already, or cannot be written.
pub fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// The directory that a file is in.
fn directory(of: &Path) -> &Path {
    of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Sees that the names in a directory outlive a crash.
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
