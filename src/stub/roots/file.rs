//! The file of the root list that is held.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::clock::Timestamp;
use crate::disk::replace;
use crate::trust::root_list::{MAX_OCTETS, Refusal, RootList, RootListError};

/// How the name ends of what is locked by whoever writes.
const LOCK: &str = ".lock";

/// Why a root list cannot be had from its file, or put there.
#[derive(Debug, Error)]
pub enum RootListFileError {
    /// There is none yet.
    #[error(
        "{}: no root list is here yet: get the first one from those who keep it, in a way you trust, and \
         install it: threepid roots update --from FILE",
        .0.display()
    )]
    Missing(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Something else is in it.
    #[error("{}: not a root list: {cause}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: RootListError,
    },
    /// The list in it may not be used.
    #[error("{}: {cause}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: Refusal,
    },
}

/// The file of the root list that is held. What is in it is trusted for being there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootListFile(PathBuf);

impl RootListFile {
    /// The file at `path`, which need not be there yet.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The list in it, which its own keys have signed. It may have expired.
    ///
    /// # Errors
    /// Where there is none that is good.
    pub fn load(&self) -> Result<RootList, RootListFileError> {
        let octets = read(&self.0)?;
        let list = RootList::from_json(&octets).map_err(|cause| self.malformed(cause))?;
        list.verify().map_err(|cause| self.refused(cause))?;
        Ok(list)
    }

    /// The list in it, to be used at `now`.
    ///
    /// # Errors
    /// As for [`RootListFile::load`], and where it has expired.
    pub fn load_current(&self, now: Timestamp) -> Result<RootList, RootListFileError> {
        let list = self.load()?;
        list.in_date(now).map_err(|cause| self.refused(cause))?;
        Ok(list)
    }

    /// Puts `list` in place of what is held, whole or not at all, unless that is as new by now: others
    /// follow lists too. Gives what is held then.
    ///
    /// # Errors
    /// Where it cannot be written, or what is held is no list.
    pub fn save(&self, list: RootList) -> Result<RootList, RootListFileError> {
        let failed = |cause| RootListFileError::File { path: self.0.clone(), cause };
        let _lock = self.lock().map_err(failed)?;
        match self.load() {
            Ok(held) if held.version() >= list.version() => return Ok(held),
            Ok(_) | Err(RootListFileError::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        replace(&self.0, &list.to_octets()).map_err(failed)?;
        Ok(list)
    }

    /// Waits until nobody else writes. Others wait until what this gives is dropped.
    pub(super) fn lock(&self) -> io::Result<File> {
        if let Some(directory) = self.0.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut path = self.0.as_os_str().to_owned();
        path.push(LOCK);
        let lock = File::options().create(true).append(true).open(path)?;
        lock.lock()?;
        Ok(lock)
    }

    fn malformed(&self, cause: RootListError) -> RootListFileError {
        RootListFileError::Malformed { path: self.0.clone(), cause }
    }

    fn refused(&self, cause: Refusal) -> RootListFileError {
        RootListFileError::Refused { path: self.0.clone(), cause }
    }
}

/// What is in a file, as far as a list can go, and an octet more.
fn read(path: &Path) -> Result<Vec<u8>, RootListFileError> {
    let failed = |cause: io::Error| match cause.kind() {
        io::ErrorKind::NotFound => RootListFileError::Missing(path.to_owned()),
        _ => RootListFileError::File { path: path.to_owned(), cause },
    };
    let mut octets = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_OCTETS as u64 + 1).read_to_end(&mut octets).map_err(failed)?;
    Ok(octets)
}
