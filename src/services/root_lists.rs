//! Root lists over HTTP, from a directory: `/.well-known/threepid/roots/<version>.json` is the file
//! `<version>.json` there.
//!
//! Files are looked at for each request, so that a new list is there for everybody once it is. Lists are
//! believed for their signatures: who serves them needs no key, and may be anybody. What nobody would
//! follow is not served, and holds up no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use thiserror::Error;

use crate::stub::roots::{RootListFile, RootListFileError};
use crate::transport::http::{Bytes, Request, Response, Router, StatusCode, endpoint};
use crate::trust::root_list::{self, RootList};

/// The paths of all lists.
const PATTERN: &str = "/.well-known/threepid/roots/{file}";

/// Answers with the lists in a directory.
#[derive(Debug, Clone)]
pub struct RootLists(Arc<Lists>);

#[derive(Debug)]
struct Lists {
    directory: PathBuf,
    /// What was read, by version. It is no more than there are files.
    judged: Mutex<BTreeMap<u32, Judged>>,
}

/// What tells one state of a file from another: its number, its length, and when it was written.
type Stamp = (u64, u64, SystemTime);

/// What came of reading a version.
#[derive(Debug)]
struct Judged {
    /// Its file then, and that of the version before it.
    stamps: [Option<Stamp>; 2],
    /// The list, if it is served.
    list: Option<Bytes>,
}

/// Why a file is not served.
#[derive(Debug, Error)]
enum Unfit {
    #[error(transparent)]
    File(#[from] RootListFileError),
    #[error("{}: this is version {is}", path.display())]
    Misnamed { path: PathBuf, is: u32 },
    #[error("{}: {cause}", path.display())]
    Stranger { path: PathBuf, cause: root_list::Refusal },
}

/// Why a version is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Missing,
    Unfit,
}

impl RootLists {
    /// Those in `directory`.
    pub fn new(directory: &Path) -> Self {
        Self(Arc::new(Lists { directory: directory.to_owned(), judged: Mutex::default() }))
    }

    /// `router` with them.
    #[must_use]
    pub fn on(self, router: Router) -> Router {
        router.get(PATTERN, endpoint(&self.0, list))
    }

    /// What is wrong with the lists that are there, each a line: one that is none, is under the name of
    /// another version, or does not follow the one before it. These are not served.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub fn check(&self) -> io::Result<Vec<String>> {
        let mut versions = BTreeSet::new();
        for entry in fs::read_dir(&self.0.directory)? {
            let name = entry?.file_name();
            versions.extend(name.to_str().and_then(version));
        }
        let wrong = |version: u32| self.0.read(version).err().map(|wrong| wrong.to_string());
        Ok(versions.into_iter().filter_map(wrong).collect())
    }
}

impl Lists {
    /// The list of a version as it is served, read and judged where its file or the one before it is
    /// another than last time.
    fn list(&self, version: u32) -> Result<Bytes, Refusal> {
        let stamps = self.stamps(version);
        let judged = |judged: &Judged| (judged.stamps == stamps).then(|| judged.list.clone());
        if let Some(known) = self.judged().get(&version).and_then(judged) {
            return known.ok_or(Refusal::Unfit);
        }
        let list = match self.read(version) {
            Ok(list) => Some(Bytes::from(list.to_octets())),
            Err(Unfit::File(RootListFileError::Missing(_))) => return Err(Refusal::Missing),
            Err(wrong) => {
                tracing::warn!("not served: {wrong}");
                None
            }
        };
        self.judged().insert(version, Judged { stamps, list: list.clone() });
        list.ok_or(Refusal::Unfit)
    }

    /// The list of a version, if it is good for who follows lists.
    fn read(&self, version: u32) -> Result<RootList, Unfit> {
        let list = self.load(version)?;
        let before = version.checked_sub(1).and_then(|before| self.load(before).ok());
        if let Some(Err(cause)) = before.map(|before| before.succeeds(&list)) {
            return Err(Unfit::Stranger { path: self.file(version), cause });
        }
        Ok(list)
    }

    /// The list in the file of a version, which is that version.
    fn load(&self, version: u32) -> Result<RootList, Unfit> {
        let list = RootListFile::new(&self.file(version)).load()?;
        match list.version() {
            is if is == version => Ok(list),
            is => Err(Unfit::Misnamed { path: self.file(version), is }),
        }
    }

    /// What tells whether the files have changed that a version is judged by.
    fn stamps(&self, version: u32) -> [Option<Stamp>; 2] {
        [Some(version), version.checked_sub(1)].map(|version| {
            let data = fs::metadata(self.file(version?)).ok()?;
            Some((data.ino(), data.len(), data.modified().ok()?))
        })
    }

    fn judged(&self) -> MutexGuard<'_, BTreeMap<u32, Judged>> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of a version.
    fn file(&self, version: u32) -> PathBuf {
        self.directory.join(name(version))
    }
}

/// Answers with the list that the path names.
async fn list(lists: Arc<Lists>, request: Request) -> Response {
    let Some(version) = version(request.parameter("file")) else {
        return Response::error(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "no such path");
    };
    // A panic there is a list that cannot be judged.
    let read = tokio::task::spawn_blocking(move || lists.list(version)).await;
    match read.unwrap_or(Err(Refusal::Unfit)) {
        Ok(list) => Response::json(StatusCode::OK, list),
        Err(Refusal::Missing) => {
            Response::error(StatusCode::NOT_FOUND, "M_NOT_FOUND", "no such version")
        }
        Err(Refusal::Unfit) => {
            let code = StatusCode::INTERNAL_SERVER_ERROR;
            Response::error(code, "M_UNKNOWN", "the list is not one to follow")
        }
    }
}

/// The version that a file is of, its name written as it is written here.
fn version(file: &str) -> Option<u32> {
    let version = file.strip_suffix(".json")?.parse().ok()?;
    (file == name(version)).then_some(version)
}

/// The name of a version's file.
fn name(version: u32) -> String {
    format!("{version}.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::crypto::SigningKey;
    use crate::signed::{KeyName, Signatures};
    use crate::stub::roots;
    use crate::transport::http::Method;
    use crate::transport::http::testing::{self, request};
    use crate::trust::root_list::{ListedRoot, RootList, Terms};
    use crate::wire::rdata::Ds;
    use crate::wire::{Algorithm, DigestType};
    use proptest::prelude::*;

    async fn ask(lists: &RootLists, method: Method, path: &str) -> (u16, String) {
        let router = lists.clone().on(Router::new());
        let response = testing::ask(&router, request(method, path)).await;
        (response.status.as_u16(), String::from_utf8(response.body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn files_are_served_by_their_versions() {
        let directory = tempfile::tempdir().unwrap();
        let lists = RootLists::new(directory.path());
        let get = async |path: &str| ask(&lists, Method::GET, path).await;
        let write = |name: &str, content: &[u8]| {
            fs::write(directory.path().join(name), content).unwrap();
        };
        let (path, seventh) = (roots::path(7), list(7, &["a"]).to_octets());
        assert_eq!(get(&path).await.0, 404);
        write("7.json", &seventh[..50]);
        assert_eq!(get(&path).await.0, 500, "it is not there as a whole");
        write("7.json", &seventh);
        let served = (200, String::from_utf8(seventh).unwrap());
        assert_eq!(get(&path).await, served, "without a restart");
        write("secret.json", b"{}");
        write("8.json", &list(8, &["b"]).to_octets());
        assert_eq!(get(&roots::path(8)).await.0, 500, "nobody would follow it");
        write("9.json", &list(9, &["a"]).to_octets());
        assert_eq!(get(&roots::path(9)).await.0, 500, "it does not follow what is there");
        write("8.json", &list(8, &["b", "a"]).to_octets());
        assert_eq!([get(&roots::path(8)).await.0, get(&roots::path(9)).await.0], [200; 2]);
        assert_eq!(get(&path).await, served);
        for other in ["secret", "07", "+7", "../7", "%2E.%2F7", "4294967296", "", "7.json/7"] {
            let path = format!("/.well-known/threepid/roots/{other}.json");
            let (code, told) = get(&path).await;
            assert!(code == 404 && told.contains("M_UNRECOGNIZED"), "{path}: {code} {told}");
        }
        assert_eq!(ask(&lists, Method::POST, &path).await.0, 405);
        assert_eq!(ask(&lists, Method::HEAD, &path).await.0, 200);
    }

    #[test]
    fn lists_that_nobody_would_follow_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let lists = RootLists::new(directory.path());
        let write = |name: &str, list: &RootList| {
            fs::write(directory.path().join(name), list.to_octets()).unwrap();
        };
        write("1.json", &list(1, &["a"]));
        write("2.json", &list(2, &["a", "b"]));
        write("4.json", &list(4, &["x"]));
        fs::write(directory.path().join("README"), "of no interest").unwrap();
        assert_eq!(lists.check().unwrap(), [""; 0]);
        write("3.json", &list(9, &["a"]));
        write("5.json", &list(5, &["b"]));
        fs::write(directory.path().join("6.json"), "{}").unwrap();
        let told = lists.check().unwrap();
        let told: Vec<&str> = told.iter().map(|line| line.rsplit('/').next().unwrap()).collect();
        assert_eq!(told.len(), 3, "4.json is not to blame for the file before it: {told:?}");
        assert_eq!(told[0], "3.json: this is version 9");
        assert!(
            told[1].starts_with("5.json: version 5 is signed by 0 of 1 needed keys of version 4")
        );
        assert_eq!(told[2], "6.json: not a root list: member \"signatures\" is missing");
        assert!(RootLists::new(&directory.path().join("absent")).check().is_err());
    }

    /// A list of these keys, signed by all of them.
    fn list(version: u32, letters: &[&str]) -> RootList {
        let key = |letter: &str| SigningKey::from_seed(&[letter.as_bytes()[0]; 32]);
        let name =
            |letter: &str| KeyName::new(letter.parse().unwrap(), "ed25519:1".parse().unwrap());
        let root = ListedRoot {
            apex: "3pid.example.".parse().unwrap(),
            servers: vec!["192.0.2.1".parse().unwrap()],
            ds: vec![Ds {
                key_tag: 1,
                algorithm: Algorithm::ED25519,
                digest_type: DigestType::SHA256,
                digest: vec![0; 32],
            }],
            publish: "https://publish.example/".parse().unwrap(),
        };
        let keys = letters.iter().map(|letter| (name(letter), key(letter).public())).collect();
        let expires = Timestamp::from_secs(1);
        let terms = Terms { version, expires, keys, threshold: 1, roots: vec![root] };
        let draft = RootList::new(terms, Signatures::default()).unwrap();
        let sign = |list: RootList, letter: &&str| list.sign(name(letter), &key(letter)).unwrap();
        letters.iter().fold(draft, sign)
    }

    proptest! {
        #[test]
        fn nothing_but_versions_is_a_file(text in "[0-9./%a-z+-]{0,20}") {
            let is_version = text.strip_suffix(".json").is_some_and(|digits| {
                digits.parse::<u32>().is_ok_and(|version| version.to_string() == digits)
            });
            prop_assert_eq!(version(&text).is_some(), is_version);
        }
    }
}
