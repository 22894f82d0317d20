//! Files that are never there in part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;

use super::{directory, sync_directory};

/// Puts `content` in place of what is in the file at `path`: whole, or not at all, whatever happens.
/// The directory is made where it is missing.
///
/// # Errors
/// Where that cannot be done; then what was there is there.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    put(path, content, 0o666)
}

/// The same for what is nobody else's business: for the owner of the process alone.
///
/// # Errors
/// Like [`replace`].
pub fn replace_privately(path: &Path, content: &[u8]) -> io::Result<()> {
    put(path, content, 0o600)
}

/// How the names of files end that are being written.
pub const DRAFT: &str = ".new";

fn put(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let directory = directory(path);
    fs::create_dir_all(directory)?;
    let (draft, mut file) = new_draft(path, mode)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&draft, path)) {
        // It tells nobody anything any more.
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    sync_directory(directory)
}

/// A file beside `path` that nobody else writes. Processes may have the same id, each in a container.
fn new_draft(path: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    for number in 0_u32.. {
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{}.{number}{DRAFT}", process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((draft.into(), opened?)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_gives_way_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("made/file");
        for content in ["one", "another"] {
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(directory.path().join("made")).unwrap().count(), 1);
        let taken = directory.path().join("made/taken");
        fs::create_dir(&taken).unwrap();
        assert!(replace(&taken, b"never").is_err());
        assert_eq!(fs::read_dir(directory.path().join("made")).unwrap().count(), 2);
    }

    #[test]
    fn nobody_writes_into_the_draft_of_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let (draft, mut file) = new_draft(&path, 0o600).unwrap();
        file.write_all(b"half of").unwrap();
        replace(&path, b"another").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "another");
        assert_eq!(fs::read_to_string(&draft).unwrap(), "half of");
    }
}
