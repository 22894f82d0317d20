//! The files of trust points: one for each zone, `anchors-<zone>`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::disk;
use crate::dnssec::keyfile::file_name;
use crate::dnssec::rollover::{Ledger, LedgerError};
use crate::wire::Name;

/// Why the state of trust anchors cannot be had.
#[derive(Debug, Error)]
pub enum AnchorsError {
    /// A file cannot be read or written.
    #[error("{path}: {cause}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Something else is in it.
    #[error("{path}:{cause}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        cause: LedgerError,
    },
}

/// The file of a zone's ledger.
pub fn path(directory: &Path, zone: &Name) -> PathBuf {
    directory.join(format!("anchors-{}", file_name(zone)))
}

/// The ledger of `zone`; an empty one where there is no file.
///
/// # Errors
/// Where the file cannot be read, or something else is in it.
pub(super) fn read(directory: &Path, zone: &Name) -> Result<Ledger, AnchorsError> {
    let path = path(directory, zone);
    match fs::read_to_string(&path) {
        Ok(text) => {
            Ledger::parse(&text, zone).map_err(|cause| AnchorsError::Malformed { path, cause })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ledger::new(zone.clone())),
        Err(cause) => Err(AnchorsError::File { path, cause }),
    }
}

/// Writes a ledger in place of what was there: whole, or not at all. The directory is made where it is
/// missing.
///
/// # Errors
/// Where that cannot be done.
pub(super) fn write(directory: &Path, ledger: &Ledger) -> Result<(), AnchorsError> {
    let path = path(directory, &ledger.zone);
    disk::replace(&path, ledger.to_string().as_bytes())
        .map_err(|cause| AnchorsError::File { path, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn each_zone_has_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("made");
        for name in [".", "3pid.example.", "a\\/b.example."] {
            let mut ledger = Ledger::new(zone(name));
            assert_eq!(read(&directory, &ledger.zone).unwrap(), ledger, "nothing is there yet");
            for secs in [7, 8] {
                ledger.next = crate::clock::Timestamp::from_secs(secs);
                write(&directory, &ledger).unwrap();
                assert_eq!(read(&directory, &ledger.zone).unwrap(), ledger);
            }
        }
        let names = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["anchors-.", "anchors-3pid.example.", "anchors-a%2Fb.example."]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let file = path(directory.path(), &zone("a."));
        fs::write(&file, "zone b.\n").unwrap();
        let told = read(directory.path(), &zone("a.")).unwrap_err().to_string();
        let expected = format!("{}:1:6: this is the state of b., that of a.", file.display());
        assert!(told.starts_with(&expected), "{told}");
        let none = write(&file, &Ledger::new(zone("a."))).unwrap_err().to_string();
        assert!(none.starts_with(&format!("{}/anchors-a.: ", file.display())), "{none}");
    }
}
