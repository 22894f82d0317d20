//! Root lists over HTTP, from a directory: `/.well-known/threepid/roots/<version>.json` is the file
//! `<version>.json` there.
//!
//! Files are read for each request, so that a new list is there for everybody once it is. Lists are
//! believed for their signatures: who serves them needs no key, and may be anybody.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::stub::roots::RootListFile;
use crate::transport::http::{Request, Response, Router, StatusCode, endpoint};
use crate::trust::root_list::MAX_OCTETS;

/// The paths of all lists.
const PATTERN: &str = "/.well-known/threepid/roots/{file}";

/// Answers with the lists in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootLists(PathBuf);

impl RootLists {
    /// Those in `directory`.
    pub fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    /// `router` with them.
    #[must_use]
    pub fn on(self, router: Router) -> Router {
        router.get(PATTERN, endpoint(&Arc::new(self), list))
    }

    /// What is wrong with the lists that are there, each a line: one that is none, is under the name of
    /// another version, or does not follow the one before it.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub fn check(&self) -> io::Result<Vec<String>> {
        let mut lists = BTreeMap::new();
        let mut wrong = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let version = name.to_str().and_then(version);
            match version.map(|version| (version, RootListFile::new(&self.file(version)).load())) {
                Some((version, Ok(list))) => drop(lists.insert(version, list)),
                Some((_, Err(error))) => wrong.push(error.to_string()),
                None => {}
            }
        }
        for (version, list) in &lists {
            let before = version.checked_sub(1).and_then(|before| lists.get(&before));
            let shown = self.file(*version);
            if list.version() != *version {
                wrong.push(format!("{}: this is version {}", shown.display(), list.version()));
            } else if let Some(Err(refused)) = before.map(|before| before.succeeds(list)) {
                wrong.push(format!("{}: {refused}", shown.display()));
            }
        }
        Ok(wrong)
    }

    /// The file of a version.
    fn file(&self, version: u32) -> PathBuf {
        self.0.join(name(version))
    }
}

/// Answers with the list that the path names.
async fn list(lists: Arc<RootLists>, request: Request) -> Response {
    let Some(version) = version(request.parameter("file")) else {
        return Response::error(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "no such path");
    };
    let file = lists.file(version);
    let shown = file.display().to_string();
    let read = tokio::task::spawn_blocking(move || read(&file)).await;
    match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok(list) => Response::json(StatusCode::OK, list),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Response::error(StatusCode::NOT_FOUND, "M_NOT_FOUND", "no such version")
        }
        Err(error) => {
            tracing::error!(file = shown, %error, "a root list cannot be served");
            let code = StatusCode::INTERNAL_SERVER_ERROR;
            Response::error(code, "M_UNKNOWN", "the list cannot be read")
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

/// What is in a file that is no longer than a list can be.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(file)?.take(MAX_OCTETS as u64 + 1).read_to_end(&mut octets)?;
    match octets.len() > MAX_OCTETS {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than a root list can be")),
        false => Ok(octets),
    }
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
        let path = roots::path(7);
        assert_eq!(get(&path).await.0, 404);
        std::fs::write(directory.path().join("7.json"), "{}").unwrap();
        assert_eq!(get(&path).await, (200, "{}".to_owned()), "without a restart");
        std::fs::write(directory.path().join("secret.json"), "{}").unwrap();
        std::fs::write(directory.path().join("8.json"), vec![b' '; MAX_OCTETS + 1]).unwrap();
        assert_eq!(get(&roots::path(8)).await.0, 500);
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
        assert_eq!(told[0], "6.json: not a root list: member \"signatures\" is missing");
        assert_eq!(told[1], "3.json: this is version 9");
        assert!(told[2].starts_with("4.json: version 4 where version 9 is held"), "{told:?}");
        assert!(
            told[3].starts_with("5.json: version 5 is signed by 0 of 1 needed keys of version 4")
        );
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
