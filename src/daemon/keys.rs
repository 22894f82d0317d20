//! Key files on disk: `K<zone>+015+<tag>.key` and `.private`, as BIND keeps them.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::config::{Keys, Located};
use crate::disk::{self, Swap, SwapError};
use crate::dnssec::ZoneKey;
use crate::dnssec::keyfile::{self, KeyfileError};
use crate::dnssec::lifecycle::Timing;
use crate::wire::Name;
use crate::wire::rdata::Dnskey;

/// Rights of a private key's file: its owner's alone.
pub(super) const PRIVATE_MODE: u32 = 0o600;

/// What both files of an Ed25519 key have in their names.
const ED25519: &str = "+015+";

/// A key that cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("{path}: {cause}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file is not a key's.
    #[error("{path}:{cause}", path = path.display())]
    Malformed {
        /// That of the two files that is wrong.
        path: PathBuf,
        /// Why.
        cause: KeyfileError,
    },
    /// The key is for another zone.
    #[error("{path}: this is a key of {owner}, one of {zone} expected", path = path.display())]
    Foreign {
        /// The `.key` file of the two.
        path: PathBuf,
        /// Whose key it is.
        owner: Name,
        /// Whose it should be.
        zone: Name,
    },
    /// A file cannot be put in place of another.
    #[error(transparent)]
    Swap(#[from] SwapError),
    /// A directory has no key for a zone.
    #[error(
        "{path}: no key of {zone} here; make one: threepid key generate {zone} --dir {path}",
        path = path.display()
    )]
    None {
        /// The directory.
        path: PathBuf,
        /// The zone.
        zone: Name,
    },
}

/// The keys of `zone`, as the configuration names them.
///
/// # Errors
/// With every key that cannot be used, and the place in the configuration that names it.
pub fn load(zone: &Name, keys: &Keys) -> Result<Vec<ZoneKey>, Vec<Located<KeyError>>> {
    match keys {
        Keys::None => Ok(Vec::new()),
        Keys::Directory(directory) => load_directory(zone, &directory.value)
            .map_err(|errors| errors.into_iter().map(|error| directory.with(error)).collect()),
        Keys::Files(files) => all(files.iter().map(|file| {
            let key = load_pair(&file.value).and_then(|key| own(&file.value, key, zone));
            key.map_err(|error| file.with(error))
        })),
    }
}

/// All values, or all errors.
fn all<T, E>(results: impl Iterator<Item = Result<T, E>>) -> Result<Vec<T>, Vec<E>> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

fn own(path: &Path, key: ZoneKey, zone: &Name) -> Result<ZoneKey, KeyError> {
    if key.zone == *zone {
        return Ok(key);
    }
    Err(KeyError::Foreign { path: path.to_owned(), owner: key.zone, zone: zone.clone() })
}

/// The keys of `zone` in a directory, one at least.
///
/// # Errors
/// With every key that cannot be used; with [`KeyError::None`] where there is none.
pub fn load_directory(zone: &Name, directory: &Path) -> Result<Vec<ZoneKey>, Vec<KeyError>> {
    let pairs = load_pairs(zone, directory)?;
    Ok(pairs.into_iter().map(|(_, key)| key).collect())
}

/// The keys of `zone` in a directory, one at least, with their `.key` files.
///
/// # Errors
/// With every key that cannot be used; with [`KeyError::None`] where there is none.
pub fn load_pairs(zone: &Name, directory: &Path) -> Result<Vec<(PathBuf, ZoneKey)>, Vec<KeyError>> {
    let none = || KeyError::None { path: directory.to_owned(), zone: zone.clone() };
    let unreadable = |cause: io::Error| match cause.kind() {
        io::ErrorKind::NotFound => vec![none()],
        _ => vec![KeyError::File { path: directory.to_owned(), cause }],
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if name.is_some_and(|name| name.contains(ED25519) && name.ends_with(".key")) {
            paths.push(path);
        }
    }
    paths.sort();
    let public = all(paths.iter().map(|path| Ok((path, load_public(path)?))))?;
    let ours = public.iter().filter(|(_, (owner, _))| owner == zone);
    let keys = all(ours.map(|(path, _)| Ok(((*path).clone(), load_pair(path)?))))?;
    match keys.is_empty() {
        false => Ok(keys),
        true => Err(vec![none()]),
    }
}

/// The key whose files are named `path`, with or without `.key` or `.private`.
///
/// # Errors
/// Where one of the two cannot be read, or they are not a key's.
pub fn load_pair(path: &Path) -> Result<ZoneKey, KeyError> {
    let (public, private) = (with_suffix(path, "key"), with_suffix(path, "private"));
    let secret = zeroize::Zeroizing::new(read(&private)?);
    keyfile::read(&read(&public)?, &secret).map_err(|cause| {
        let path = if cause.is_private() { private } else { public };
        KeyError::Malformed { path, cause }
    })
}

/// The public half of the key in the file `path`, or whose files are named `path`: its zone, and the
/// record.
///
/// # Errors
/// Where it cannot be read, or is not a key's.
pub fn load_public(path: &Path) -> Result<(Name, Dnskey), KeyError> {
    let is_private = path.extension().is_some_and(|extension| extension == "private");
    let path = match path.is_file() && !is_private {
        true => path.to_owned(),
        false => with_suffix(path, "key"),
    };
    keyfile::read_public(&read(&path)?).map_err(|cause| KeyError::Malformed { path, cause })
}

/// Writes the two files of `key` into `directory`, made where it is missing. Nothing is overwritten.
/// Gives their name, without `.key` and `.private`.
///
/// # Errors
/// Where one cannot be written, or is there already.
pub fn store(directory: &Path, key: &ZoneKey) -> Result<PathBuf, KeyError> {
    let files = keyfile::write(key);
    let stem = directory.join(&files.stem);
    let at = |path: &Path| {
        let path = path.to_owned();
        move |cause| KeyError::File { path, cause }
    };
    fs::create_dir_all(directory).map_err(at(directory))?;
    let (public, private) = (with_suffix(&stem, "key"), with_suffix(&stem, "private"));
    for (path, content, mode) in
        [(&private, files.private.as_str(), PRIVATE_MODE), (&public, &files.public, 0o644)]
    {
        let created = disk::create(path, content.as_bytes(), mode);
        created.and_then(|()| give(path, directory)).map_err(at(path))?;
    }
    Ok(stem)
}

/// Gives what the administrator made to whom the directory belongs: a server that runs as somebody else reads it.
fn give(path: &Path, directory: &Path) -> io::Result<()> {
    let (owner, made) = (fs::metadata(directory)?, fs::metadata(path)?);
    match made.uid() == 0 && owner.uid() != 0 {
        true => chown(path, Some(owner.uid()), Some(owner.gid())),
        false => Ok(()),
    }
}

/// Writes another timing into the two files of a key: each whole, or not at all. The `.private` file counts, and
/// is the first.
///
/// # Errors
/// Where they cannot be read or written.
pub fn set_timing(path: &Path, timing: &Timing) -> Result<(), KeyError> {
    let (public, private) = (with_suffix(path, "key"), with_suffix(path, "private"));
    let secret = zeroize::Zeroizing::new(read(&private)?);
    let text = read(&public)?;
    let (told, kept) = keyfile::with_timing(&text, &secret, timing);
    let private = Swap::prepare(&private, secret.as_bytes(), kept.as_bytes())?;
    let public = Swap::prepare(&public, text.as_bytes(), told.as_bytes())?;
    private.commit()?;
    Ok(public.commit()?)
}

/// Keeps others from rolling the keys of a directory, until it is dropped.
///
/// # Errors
/// Where the directory cannot be opened.
pub fn lock(directory: &Path) -> Result<fs::File, KeyError> {
    let locked = fs::File::open(directory).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|cause| KeyError::File { path: directory.to_owned(), cause })
}

fn read(path: &Path) -> Result<String, KeyError> {
    fs::read_to_string(path).map_err(|cause| KeyError::File { path: path.to_owned(), cause })
}

/// `path` with `suffix` for `.key` or `.private`. The rest of the name has dots of its own.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".key").or_else(|| name.strip_suffix(".private"));
    path.with_file_name(format!("{}.{suffix}", stem.unwrap_or(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::config::Position;
    use crate::crypto::SeededRandom;

    fn located<T>(value: T) -> Located<T> {
        Located { value, position: Position { line: 7, column: 8 } }
    }

    fn key(zone: &str, seed: u64) -> ZoneKey {
        ZoneKey::generate(zone.parse().unwrap(), ZoneKey::KSK, &mut SeededRandom::new(seed))
    }

    #[test]
    fn keys_are_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let key = key("a.example", 1);
        let stem = store(directory.path(), &key).unwrap();
        for suffix in ["", ".key", ".private"] {
            let path = PathBuf::from(format!("{}{suffix}", stem.display()));
            let files = Keys::Files(vec![located(path)]);
            let loaded = load(&key.zone, &files).unwrap();
            assert_eq!(loaded[0].dnskey(), key.dnskey());
        }
        let again = store(directory.path(), &key);
        assert!(matches!(again, Err(KeyError::File { .. })), "nothing is overwritten");
    }

    #[test]
    fn a_directory_gives_the_keys_of_the_zone() {
        let directory = tempfile::tempdir().unwrap();
        for (zone, seed) in [("a.example", 1), ("a.example", 2), ("b.example", 3)] {
            store(directory.path(), &key(zone, seed)).unwrap();
        }
        let keys = Keys::Directory(located(directory.path().to_owned()));
        assert_eq!(load(&"A.example".parse().unwrap(), &keys).unwrap().len(), 2);
        let errors = load(&"c.example".parse().unwrap(), &keys).unwrap_err();
        assert!(errors[0].value.to_string().contains("threepid key generate c.example."));
        assert_eq!(errors[0].position.line, 7);
        let absent = Keys::Directory(located(directory.path().join("absent")));
        let errors = load(&"c.example".parse().unwrap(), &absent).unwrap_err();
        assert!(matches!(errors[0].value, KeyError::None { .. }), "it is made with the first key");
    }

    #[test]
    fn a_timing_is_written_into_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let stem = store(directory.path(), &key("a.example", 1)).unwrap();
        let private = with_suffix(&stem, "private");
        fs::set_permissions(&private, fs::Permissions::from_mode(0o640)).unwrap();
        let timing = Timing::in_use(Timestamp::from_secs(1_800_000_000));
        for timing in [timing, Timing { delete: timing.publish, ..timing }] {
            set_timing(&with_suffix(&stem, "key"), &timing).unwrap();
            assert_eq!(load_pair(&stem).unwrap().timing, timing);
        }
        assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing else is left");
        let pairs = load_pairs(&"a.example".parse().unwrap(), directory.path()).unwrap();
        assert_eq!(pairs[0].0, with_suffix(&stem, "key"));
        drop(lock(directory.path()).unwrap());
        assert!(set_timing(&directory.path().join("Kno"), &timing).is_err());
    }

    /// Its flags changed to 385, as by hand or by `dnssec-revoke`, which also gives it its new tag.
    #[test]
    fn a_key_is_revoked_in_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let stem = store(directory.path(), &key("a.example", 1)).unwrap();
        let public = with_suffix(&stem, "key");
        let text = read(&public).unwrap().replace("DNSKEY 257", "DNSKEY 385");
        fs::write(&public, text).unwrap();
        let keys = load_directory(&"a.example".parse().unwrap(), directory.path()).unwrap();
        assert!(keys[0].is_revoked() && keys[0].is_sep());
    }

    #[test]
    fn private_keys_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let stem = store(directory.path(), &key("a.example", 1)).unwrap();
        let mode = fs::metadata(with_suffix(&stem, "private")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE_MODE);
    }

    #[test]
    fn the_wrong_one_of_the_two_files_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let stem = store(directory.path(), &key("a.example", 1)).unwrap();
        let private = with_suffix(&stem, "private");
        fs::write(&private, "Private-key-format: v9\n").unwrap();
        let error = load_pair(&stem).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:1:1: ", private.display())), "{error}");
        let public = with_suffix(&stem, "key");
        fs::write(&public, "; no key\na.example. A 192.0.2.1\n").unwrap();
        let error = load_pair(&stem).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:2:12: ", public.display())), "{error}");
        let other = directory.path().join("full.toml");
        fs::write(&other, "[log]\n").unwrap();
        let error = load_public(&other).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:1:", other.display())), "{error}");
    }

    #[test]
    fn every_bad_key_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let foreign = store(directory.path(), &key("b.example", 1)).unwrap();
        let files = [foreign, directory.path().join("Kabsent"), directory.path().join("Kno")];
        let keys = Keys::Files(files.map(located).to_vec());
        let errors = load(&"a.example".parse().unwrap(), &keys).unwrap_err();
        assert_eq!(errors.len(), 3);
        assert!(errors[0].value.to_string().ends_with("one of a.example. expected"));
    }
}
