//! Files of trust anchors.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::dnssec::anchor::{self, AnchorError};
use crate::wire::Name;
use crate::wire::rdata::Ds;

/// Why a file gives no anchors.
#[derive(Debug, Error)]
pub(super) enum AnchorFileError {
    /// It cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    /// Something is wrong in it.
    #[error("{}:{error}", path.display())]
    Anchor { path: PathBuf, error: AnchorError },
}

/// The anchors in a file.
///
/// # Errors
/// Where it cannot be read, or as for [`anchor::read`].
pub(super) fn read(path: &Path, apex: &Name) -> Result<Vec<Ds>, Vec<AnchorFileError>> {
    let path = path.to_owned();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) => return Err(vec![AnchorFileError::Unreadable { path, cause }]),
    };
    let in_file = |error| AnchorFileError::Anchor { path: path.clone(), error };
    anchor::read(&text, apex).map_err(|errors| errors.into_iter().map(in_file).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there() {
        let apex = "3pid.example.".parse().unwrap();
        let file = read(Path::new("/nonexistent/root.anchor"), &apex).unwrap_err();
        let file = file[0].to_string();
        assert!(file.starts_with("cannot read /nonexistent/root.anchor: "), "{file:?}");
    }
}
