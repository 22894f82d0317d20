//! Files put in the place of others: whole, or not at all.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{directory, sync_directory};

/// Why a file is not replaced.
#[derive(Debug, Error)]
pub enum SwapError {
    /// Something cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Somebody else is about to change it.
    #[error("{}: another program is changing it: try again", .0.display())]
    Locked(PathBuf),
    /// It is not what was read any more.
    #[error("{}: it was changed meanwhile: try again", .0.display())]
    Changed(PathBuf),
}

/// A file that waits to take the place of another, which nobody else changes by this program meanwhile.
#[derive(Debug)]
pub struct Swap {
    /// The old file, locked.
    old: File,
    /// Where it is, links followed.
    path: PathBuf,
    /// The new one, until it is there.
    draft: Option<PathBuf>,
    before: Vec<u8>,
}

impl Swap {
    /// Writes `after` beside the file at `path`, which must hold `before`, with its owner and mode.
    ///
    /// # Errors
    /// Where that cannot be done, or the file holds something else.
    pub fn prepare(path: &Path, before: &[u8], after: &[u8]) -> Result<Self, SwapError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |cause| SwapError::File { path, cause }
        };
        let path = fs::canonicalize(path).map_err(at(path))?;
        let old = File::open(&path).map_err(at(&path))?;
        match old.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SwapError::Locked(path)),
            Err(TryLockError::Error(cause)) => return Err(at(&path)(cause)),
        }
        let mut swap = Self { old, path, draft: None, before: before.to_owned() };
        swap.check()?;
        let draft = beside(&swap.path);
        swap.draft = Some(draft.clone());
        swap.write(&draft, after).map_err(at(&draft))?;
        Ok(swap)
    }

    /// Puts the new file in place of the old one.
    ///
    /// # Errors
    /// Where that cannot be done, or the old one was changed by someone who does not lock it.
    pub fn commit(mut self) -> Result<(), SwapError> {
        self.check()?;
        self.rename().map_err(|cause| SwapError::File { path: self.path.clone(), cause })
    }

    fn rename(&mut self) -> io::Result<()> {
        if let Some(draft) = &self.draft {
            fs::rename(draft, &self.path)?;
        }
        self.draft = None;
        sync_directory(directory(&self.path))
    }

    /// That the file at the path is the one that is locked, and holds what was read.
    fn check(&self) -> Result<(), SwapError> {
        let unreadable = |cause| SwapError::File { path: self.path.clone(), cause };
        let (there, ours) = (fs::metadata(&self.path), self.old.metadata());
        let (there, ours) = (there.map_err(unreadable)?, ours.map_err(unreadable)?);
        let is_ours = (there.dev(), there.ino()) == (ours.dev(), ours.ino());
        match is_ours && fs::read(&self.path).map_err(unreadable)? == self.before {
            true => Ok(()),
            false => Err(SwapError::Changed(self.path.clone())),
        }
    }

    fn write(&self, draft: &Path, after: &[u8]) -> io::Result<()> {
        // One that was left behind by a crash: whoever changes the file holds its lock.
        match fs::remove_file(draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let old = self.old.metadata()?;
        let mut draft = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
        draft.write_all(after)?;
        take_rights(&draft, &old)?;
        draft.sync_all()
    }
}

/// Gives a file the owner and the mode of another.
fn take_rights(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))
}

impl Drop for Swap {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            let _ = fs::remove_file(draft);
        }
    }
}

/// The name of what waits beside a file.
fn beside(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    draft.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_behind_its_links() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/zone"), "old").unwrap();
        fs::set_permissions(at("real/zone"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(at("real/zone.new"), "left behind").unwrap();
        symlink("real/zone", at("zone")).unwrap();
        Swap::prepare(&at("zone"), b"old", b"new").unwrap().commit().unwrap();
        assert!(fs::symlink_metadata(at("zone")).unwrap().is_symlink());
        assert_eq!(fs::read(at("real/zone")).unwrap(), b"new");
        assert_eq!(fs::metadata(at("real/zone")).unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(names(&at("real")), ["zone"]);
    }

    #[test]
    fn a_file_that_is_being_changed_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zone");
        fs::write(&path, "old").unwrap();
        let told = |error: SwapError| error.to_string();
        let prepare = |before: &[u8]| Swap::prepare(&path, before, b"new");
        assert!(
            told(prepare(b"other").unwrap_err()).ends_with("it was changed meanwhile: try again")
        );
        let first = prepare(b"old").unwrap();
        assert!(told(prepare(b"old").unwrap_err()).contains("another program is changing it"));
        fs::write(&path, "by hand").unwrap();
        assert!(told(first.commit().unwrap_err()).ends_with("changed meanwhile: try again"));
        fs::write(&path, "old").unwrap();
        let second = prepare(b"old").unwrap();
        fs::rename(&path, directory.path().join("aside")).unwrap();
        fs::write(&path, "old").unwrap();
        assert!(told(second.commit().unwrap_err()).ends_with("try again"), "it is another file");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["aside", "zone"]);
        let absent = Swap::prepare(&directory.path().join("x"), b"", b"").unwrap_err();
        assert!(told(absent).contains("No such file"));
    }
}
