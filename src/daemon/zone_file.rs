//! Zone files: read from disk, checked, and all their mistakes told.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

use crate::wire::Name;
use crate::zone::master::{self, Master, Source, SourceFile};
use crate::zone::{Built, Flaws};

/// Why a zone cannot be had from a file.
#[derive(Debug, Error)]
pub enum ZoneFileError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Everything wrong in it, and in what it includes.
    #[error(transparent)]
    Flaws(#[from] Flaws),
}

/// Reads the zone `apex` from the master file at `path`.
///
/// # Errors
/// Where it cannot be read, or with everything wrong in it.
pub fn read(path: &Path, apex: &Name) -> Result<Built, ZoneFileError> {
    Ok(open(path, Some(apex))?.into_zone(Some(apex))?)
}

/// Reads the master file at `path`, its relative names continued with `origin`.
///
/// # Errors
/// Where it cannot be read. What is wrong in it is told with the records.
pub fn open(path: &Path, origin: Option<&Name>) -> Result<Master, ZoneFileError> {
    probe(path)?;
    Ok(master::read(&path.to_string_lossy(), origin, &Files, &master::Limits::default()))
}

/// That the file at `path`, which the caller named, can be read: of others the reader tells the place of
/// their `$INCLUDE`.
pub(super) fn probe(path: &Path) -> Result<(), ZoneFileError> {
    let probed = File::open(path).and_then(|mut file| file.read(&mut [0]));
    probed.map(drop).map_err(|cause| ZoneFileError::Unreadable { path: path.to_owned(), cause })
}

/// `path` without each `directory/..`. A link stays: what is above its target is elsewhere.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        let is_directory = || {
            let named = matches!(tidied.components().next_back(), Some(Component::Normal(_)));
            named && tidied.symlink_metadata().is_ok_and(|found| found.is_dir())
        };
        if component == Component::ParentDir && is_directory() {
            tidied.pop();
        } else {
            tidied.push(component);
        }
    }
    tidied
}

/// Opens master files. A relative `$INCLUDE` is taken from the directory of the file it stands in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Source for Files {
    fn read(&self, file: &str, from: Option<&str>, limit: usize) -> Result<SourceFile, String> {
        let directory = from.and_then(|from| Path::new(from).parent());
        let path = directory.map_or_else(|| PathBuf::from(file), |directory| directory.join(file));
        let path = tidy(&path);
        let octets = read_within(&path, limit)?;
        Ok(SourceFile { name: path.to_string_lossy().into_owned(), octets })
    }
}

fn read_within(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let mut octets = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut octets))
        .map_err(|error| error.to_string())?;
    if octets.len() > limit {
        return Err(format!("it has more than {limit} octets"));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What is told of a zone `a.example.` with this content, each line without the path.
    fn told(text: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.zone");
        fs::write(&path, text).unwrap();
        let told = read(&path, &"a.example.".parse().unwrap()).unwrap_err().to_string();
        let path = format!("{}:", path.display());
        told.lines().map(|line| line.replace(&path, "")).collect()
    }

    const HEAD: &str = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";

    #[test]
    fn every_mistake_is_told_in_order() {
        let lines =
            told(&format!("{HEAD}b.example. A 192.0.2.1\nx A 1\nc CNAME d\nc A 192.0.2.1\n"));
        let places: Vec<&str> = lines.iter().map(|line| &line[..2]).collect();
        assert_eq!(places, ["5:", "6:", "8:"], "{lines:?}");
    }

    #[test]
    fn what_could_not_be_read_is_not_called_missing() {
        let lines = told("$TTL 60\n@ SOA ns\n@ NS ns\nns A 192.0.2.1\n");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("2:"), "{lines:?}");
        let lines = told("$TTL 60\n@ NS ns\nns A 192.0.2.1\n");
        assert!(lines[0].starts_with("1:1: ") && lines[0].contains("no SOA"), "{lines:?}");
    }

    #[test]
    fn a_file_that_is_not_there_is_told_without_a_place_in_it() {
        let error = read(Path::new("/nonexistent/a.zone"), &"a.example.".parse().unwrap());
        let told = error.unwrap_err().to_string();
        assert!(told.starts_with("cannot read /nonexistent/a.zone: No such file"), "{told}");
    }

    #[test]
    fn paths_are_told_without_detours() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        std::os::unix::fs::symlink(root.join("a/b"), root.join("link")).unwrap();
        assert_eq!(tidy(&root.join("a/../a/b/../../x")), root.join("x"));
        for kept in ["link/../x", "absent/../x"] {
            assert_eq!(tidy(&root.join(kept)), root.join(kept));
        }
        assert_eq!(tidy(Path::new("../x")), Path::new("../x"));
    }

    #[test]
    fn included_files_are_found_beside_the_including_one() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("sub")).unwrap();
        fs::write(directory.path().join("sub/b"), "b").unwrap();
        let from = directory.path().join("sub/a");
        let found = Files.read("b", from.to_str(), 1).unwrap();
        assert_eq!(found.octets, b"b");
        assert_eq!(Path::new(&found.name), directory.path().join("sub/b"));
    }

    #[test]
    fn files_that_are_absent_or_too_long_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, "four").unwrap();
        assert!(Files.read(path.to_str().unwrap(), None, 4).is_ok());
        let error = Files.read(path.to_str().unwrap(), None, 3).unwrap_err();
        assert_eq!(error, "it has more than 3 octets");
        let error = Files.read("/nonexistent/a", None, 4).unwrap_err();
        assert!(error.starts_with("No such file"), "{error}");
    }
}
