//! Files that are never there in part.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Puts `content` in place of what is in the file at `path`: whole, or not at all, whatever happens.
/// The directory is made where it is missing.
///
/// # Errors
/// Where that cannot be done; then what was there is there.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let mut file = File::create(&draft)?;
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
