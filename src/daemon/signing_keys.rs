//! Files of the keys that JSON is signed with: those of verification servers, for one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::disk;
use crate::signed::{KeyFileError, NamedKey};

use super::keys::PRIVATE_MODE;

/// A key file that cannot be used.
#[derive(Debug, Error)]
pub enum SigningKeyError {
    /// It cannot be read or written.
    #[error("{path}: {cause}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It holds something else.
    #[error("{path}:1:1: {cause}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: KeyFileError,
    },
}

/// The key in a file.
///
/// # Errors
/// Where there is none.
pub fn load(path: &Path) -> Result<NamedKey, SigningKeyError> {
    let file = |cause| SigningKeyError::File { path: path.to_owned(), cause };
    let text = Zeroizing::new(fs::read_to_string(path).map_err(file)?);
    NamedKey::from_text(&text)
        .map_err(|cause| SigningKeyError::Malformed { path: path.to_owned(), cause })
}

/// Writes a key into a new file, which its owner alone may read.
///
/// # Errors
/// Where the file is there already, or cannot be written.
pub fn store(path: &Path, key: &NamedKey) -> Result<(), SigningKeyError> {
    disk::create(path, key.to_text().as_bytes(), PRIVATE_MODE)
        .map_err(|cause| SigningKeyError::File { path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("verify.key");
        let key = NamedKey::generate(&mut SeededRandom::new(1));
        store(&path, &key).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE_MODE);
        assert_eq!(load(&path).unwrap().key.public(), key.key.public());
        assert!(matches!(store(&path, &key), Err(SigningKeyError::File { .. })), "it is there");
        fs::write(&path, "ed25519 0\n").unwrap();
        let told = load(&path).unwrap_err().to_string();
        assert!(told.contains("verify.key:1:1: expected one line"), "{told}");
    }
}
