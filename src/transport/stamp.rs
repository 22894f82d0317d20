//! Files that others change.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What tells that one of some files was changed, without reading them: their names, which of the disk's
/// files they are, their lengths and times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Stamp(Vec<(PathBuf, Option<Seen>)>);

/// Which of the disk's files one is, its length, and when it was changed, in seconds and nanoseconds.
type Seen = (u64, u64, i64, i64);

impl Stamp {
    /// That of these files now, be they there or not.
    pub fn of<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Self {
        let mut files: Vec<_> = paths.into_iter().map(|path| look(path.as_ref())).collect();
        files.sort();
        Self(files)
    }

    /// That of all files in these directories now.
    pub fn in_directories<P: AsRef<Path>>(directories: impl IntoIterator<Item = P>) -> Self {
        let entries = directories.into_iter().flat_map(fs::read_dir).flatten().flatten();
        Self::of(entries.map(|entry| entry.path()))
    }
}

/// What is told of one file.
fn look(path: &Path) -> (PathBuf, Option<Seen>) {
    let told = fs::metadata(path).ok().map(|found| {
        let (seconds, nanoseconds) = (found.mtime(), found.mtime_nsec());
        (found.ino(), found.len(), seconds, nanoseconds)
    });
    (path.to_owned(), told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_any_kind_are_seen() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let seen = || (Stamp::of([at("a"), at("b")]), Stamp::in_directories([directory.path()]));
        let mut before = seen();
        assert_eq!(seen(), before, "nothing is there");
        let changes: [(&str, &dyn Fn()); 4] = [
            ("made", &|| fs::write(at("a"), "1").unwrap()),
            ("longer", &|| fs::write(at("a"), "12").unwrap()),
            ("another file of the same length", &|| {
                fs::write(at("b"), "34").unwrap();
                fs::rename(at("b"), at("a")).unwrap();
            }),
            ("gone", &|| fs::remove_file(at("a")).unwrap()),
        ];
        for (how, change) in changes {
            change();
            let now = seen();
            assert!(now.0 != before.0 && now.1 != before.1, "{how}");
            assert_eq!(seen(), now);
            before = now;
        }
    }
}
