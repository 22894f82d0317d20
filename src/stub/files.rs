//! Files that are never there in part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Puts `content` in place of what is in the file at `path`: whole, or not at all, whatever happens.
/// The directory is made where it is missing.
///
/// # Errors
/// Where that cannot be done; then what was there is there.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    put(path, content, 0o666)
}

/// The same for what is nobody else's business: for the owner of the process alone.
pub(super) fn replace_privately(path: &Path, content: &[u8]) -> io::Result<()> {
    put(path, content, 0o600)
}

/// How the names of files end that are being written.
pub(super) const DRAFT: &str = ".new";

fn put(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(DRAFT);
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(mode).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    // So that the new name outlives a crash too.
    File::open(directory)?.sync_all()
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
        fs::create_dir(directory.path().join("made/file.new")).unwrap();
        assert!(replace(&path, b"never").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "another");
    }
}
