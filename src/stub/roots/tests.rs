//! Walks among mirrors that are good, behind, down and lying.

use std::collections::HashMap;
use std::sync::Mutex;

use super::*;
use crate::crypto::SigningKey;
use crate::signed::{KeyName, Signatures};
use crate::transport::http::{Bytes, HeaderMap, Incoming};
use crate::trust::root_list::{MAX_OCTETS, Terms};

/// Who signs: letters stand for keys.
const KEYS: [&[&str]; 6] =
    [&[], &["a", "b", "c"], &["b", "c", "d"], &["c", "d", "e"], &["c", "d", "e"], &["x", "c", "d"]];

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn key(letter: &str) -> SigningKey {
    SigningKey::from_seed(&[letter.as_bytes()[0]; 32])
}

fn name(letter: &str) -> KeyName {
    KeyName::new(format!("{letter}.example").parse().unwrap(), "ed25519:1".parse().unwrap())
}

fn terms(version: u32) -> Terms {
    let letters = KEYS[version as usize].iter();
    let root = ListedRoot {
        apex: "3pid.example.".parse().unwrap(),
        servers: vec!["192.0.2.1".parse().unwrap()],
        ds: vec![crate::wire::rdata::Ds {
            key_tag: u16::try_from(version).unwrap(),
            algorithm: crate::wire::Algorithm::ED25519,
            digest_type: crate::wire::DigestType::SHA256,
            digest: vec![0; 32],
        }],
        publish: "https://publish.3pid.example/".parse().unwrap(),
    };
    // Each lasts until well after the next: all but the last two have expired.
    let expires = Timestamp::from_secs(1_790_000_000 + u64::from(version) * 100 - 350);
    let keys = letters.map(|letter| (name(letter), key(letter).public())).collect();
    Terms { version, expires, keys, threshold: 2, roots: vec![root] }
}

fn signed(terms: Terms, letters: &[&str]) -> RootList {
    let draft = RootList::new(terms, Signatures::default()).unwrap();
    letters.iter().fold(draft, |list, letter| list.sign(name(letter), &key(letter)).unwrap())
}

/// The list of this version, signed by two keys that the one before it knows, and that it knows.
fn list(version: u32) -> RootList {
    let letters: &[&str] = match version {
        1 => &["a", "b"],
        2 => &["b", "c"],
        _ => &["c", "d"],
    };
    signed(terms(version), letters)
}

/// What stands at a URL.
#[derive(Clone)]
enum Page {
    Content(Vec<u8>),
    Status(u16),
    Dead,
}

/// A web of mirrors, and what was asked of them.
#[derive(Default)]
struct Web {
    pages: HashMap<String, Page>,
    asked: Mutex<Vec<String>>,
}

impl Web {
    /// A mirror that serves these.
    fn with(mut self, mirror: &str, lists: impl IntoIterator<Item = RootList>) -> Self {
        for list in lists {
            self = self.page(mirror, list.version(), Page::Content(list.to_octets()));
        }
        self
    }

    fn page(mut self, mirror: &str, version: u32, page: Page) -> Self {
        self.pages.insert(format!("https://{mirror}{}", path(version)), page);
        self
    }

    async fn walk(&self, held: &RootList, mirrors: &[&str]) -> Walked {
        self.walk_within(held, mirrors, &Limits::default()).await
    }

    async fn walk_within(&self, held: &RootList, mirrors: &[&str], limits: &Limits) -> Walked {
        let url = |mirror: &&str| format!("https://{mirror}").parse().unwrap();
        let mirrors: Vec<Url> = mirrors.iter().map(url).collect();
        walk(held.clone(), &mirrors, self, NOW, limits).await
    }
}

impl Fetch for Web {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        let url = request.url.to_string();
        self.asked.lock().unwrap().push(url.clone());
        let (status, body) = match self.pages.get(&url).cloned().unwrap_or(Page::Status(404)) {
            Page::Content(octets) => (StatusCode::OK, octets),
            Page::Status(code) => (StatusCode::from_u16(code).unwrap(), Vec::new()),
            Page::Dead => return Err(FetchError::NoAddress(url)),
        };
        Ok(Incoming { status, headers: HeaderMap::new(), body: Bytes::from(body) })
    }
}

fn complaints(walked: &Walked) -> Vec<String> {
    walked.complaints.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn keys_are_replaced_one_by_one_on_the_way() {
    let web = Web::default().with("m", (1..=4).map(list));
    let walked = web.walk(&list(1), &["m"]).await;
    assert_eq!((walked.end, walked.list), (Ok(()), list(4)));
    let asked = web.asked.into_inner().unwrap();
    let expected: Vec<String> = (2..=5).map(|n| format!("https://m{}", path(n))).collect();
    assert_eq!(asked, expected, "version by version, until there is none");
    assert!(list(1).succeeds(&list(4)).is_err(), "nobody could go there at once");
}

#[tokio::test]
async fn the_last_list_may_not_have_expired() {
    let web = Web::default().with("m", (1..=3).map(list));
    let walked = web.walk(&list(1), &["m"]).await;
    let expires = list(3).terms().expires;
    assert_eq!(walked.end, Err(Stuck::Frozen { version: 3, expires }));
    let told = walked.end.unwrap_err().to_string();
    let start =
        "version 3 of the root list expired at 2026-09-21T14:12:30Z and no mirror gives a newer";
    assert!(told.starts_with(start), "{told}");
    assert_eq!(walked.list, list(3), "what was reached is told nevertheless");
}

#[tokio::test]
async fn a_mirror_that_freezes_holds_nobody_back() {
    let web = Web::default().with("old", (1..=2).map(list)).with("new", (1..=4).map(list));
    for mirrors in [["old", "new"], ["new", "old"]] {
        let walked = web.walk(&list(1), &mirrors).await;
        assert_eq!((walked.end, walked.list), (Ok(()), list(4)));
        assert!(walked.complaints.is_empty(), "to be behind is no fault");
    }
}

#[tokio::test]
async fn mirrors_that_are_down_or_lie_are_passed_over() {
    let forged = signed(terms(2), &["x", "y"]);
    let mut web = Web::default().with("good", (1..=4).map(list)).with("liar", [forged]);
    for version in 2..=5 {
        web = web.page("dead", version, Page::Dead);
    }
    let walked = web.walk(&list(1), &["dead", "liar", "good"]).await;
    assert_eq!((&walked.end, &walked.list), (&Ok(()), &list(4)));
    let told = complaints(&walked);
    assert_eq!(told.len(), 3, "the dead one is asked for the first list and the last: {told:?}");
    assert!(told[0].starts_with("https://dead/: version 2: "), "{told:?}");
    assert!(told[1].starts_with("https://liar/: version 2: version 2 is signed by 0 of 2"));
    assert!(told[2].starts_with("https://dead/: version 5: "), "{told:?}");
}

/// What is told of a mirror that gives this as version 2 or, held 3, as version 4.
async fn told_of(held: u32, page: Page) -> String {
    let web = Web::default().page("m", held + 1, page);
    let walked = web.walk(&list(held), &["m"]).await;
    assert_eq!(walked.list, list(held));
    assert!(walked.end.is_err());
    complaints(&walked).remove(0)
}

#[tokio::test]
async fn each_way_to_be_wrong_is_told_apart() {
    let content = |list: RootList| Page::Content(list.to_octets());
    let cases = [
        (content(list(2)), "version 2 where version 3 is held: a list never goes back"),
        (content(list(3)), "version 3 where version 3 is held: a list never goes back"),
        (
            content(signed(terms(5), &["c", "d"])),
            "version 5 where version 3 is held: each version in",
        ),
        (
            content(signed(terms(4), &["c"])),
            "version 4 is signed by 1 of 2 needed keys of version 3: c.example ed25519:1; not by \
             d.example ed25519:1, e.example ed25519:1",
        ),
        (content(signed(terms(4), &["x", "y"])), "version 4 is signed by 0 of 2 needed keys of"),
        (Page::Content(b"<html>".to_vec()), "not a root list: not canonical JSON"),
        (
            Page::Content(vec![b'{'; MAX_OCTETS + 1]),
            "not a root list: JSON of 65537 octets, at most",
        ),
        (Page::Status(500), "status 500, expected 200, or 404 where there is none"),
        (Page::Status(302), "status 302, expected 200"),
        (Page::Dead, "https://m/.well-known/threepid/roots/4.json has no address to connect to"),
    ];
    for (page, expected) in cases {
        let told = told_of(3, page).await;
        let expected = format!("https://m/: version 4: {expected}");
        assert!(told.starts_with(&expected), "{told}\n{expected}");
    }
    // Signed by two keys of the list before it, but by one of its own.
    let mut stolen = terms(4);
    stolen.keys = ["x", "y", "c"].map(|letter| (name(letter), key(letter).public())).into();
    let told = told_of(3, content(signed(stolen, &["c", "d"]))).await;
    assert!(told.contains("signed by 1 of 2 needed keys of version 4: c.example"), "{told}");
    let threshold = |threshold: u32| {
        let json = String::from_utf8(list(4).to_octets()).unwrap();
        json.replace("\"threshold\":2", &format!("\"threshold\":{threshold}")).into_bytes()
    };
    for wrong in [0, 4] {
        let told = told_of(3, Page::Content(threshold(wrong))).await;
        let expected = format!("a threshold of {wrong}, expected 1 to 3");
        assert!(told.contains(&expected), "{told}");
    }
}

#[tokio::test]
async fn silence_does_not_tell_that_there_is_no_more() {
    let web = Web::default().page("a", 5, Page::Dead).page("b", 5, Page::Status(503));
    let walked = web.walk(&list(4), &["a", "b"]).await;
    assert_eq!(walked.end, Err(Stuck::Unheard { version: 4 }));
    assert_eq!(
        web.walk(&list(4), &["a", "b", "c"]).await.end,
        Ok(()),
        "one that says so is enough"
    );
    assert_eq!(web.walk(&list(4), &[]).await.end, Err(Stuck::Unheard { version: 4 }));
    let frozen = web.walk(&list(3), &[]).await.end;
    assert!(matches!(frozen, Err(Stuck::Frozen { version: 3, .. })), "expired is expired");
}

#[tokio::test]
async fn a_walk_has_an_end() {
    let web = Web::default().with("m", (1..=4).map(list));
    let limits = Limits { versions: 2, ..Limits::default() };
    let walked = web.walk_within(&list(1), &["m"], &limits).await;
    assert_eq!(walked.end, Err(Stuck::Far { version: 3, followed: 2 }));
    let walked = web.walk_within(&walked.list, &["m"], &limits).await;
    assert_eq!((walked.end, walked.list), (Ok(()), list(4)), "the next walk goes on from there");

    let mut last = terms(4);
    last.version = u32::MAX;
    let walked = web.walk(&signed(last, &["c", "d"]), &["m"]).await;
    assert_eq!(walked.end, Ok(()), "there is no version after the last");

    let web = Web::default().page("m", 5, Page::Dead);
    let limits = Limits { failures: 3, ..Limits::default() };
    web.walk_within(&list(4), &["m"; 10], &limits).await;
    assert_eq!(web.asked.into_inner().unwrap().len(), 3);
}

#[test]
fn the_list_that_is_held_is_kept_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("roots/roots.json");
    let file = RootListFile::new(&path);
    let told = file.load().unwrap_err().to_string();
    assert!(told.contains("no root list is here yet") && told.contains("--from FILE"), "{told}");
    for version in 1..=2 {
        file.save(list(version)).unwrap();
        assert_eq!(file.load().unwrap(), list(version));
    }
    assert!(file.load_current(NOW).unwrap_err().to_string().contains("version 2 expired at"));
    file.save(list(4)).unwrap();
    assert_eq!(file.load_current(NOW).unwrap(), list(4));
    let refused = |octets: &[u8]| {
        std::fs::write(&path, octets).unwrap();
        file.load().unwrap_err().to_string()
    };
    let few = refused(&signed(terms(4), &["c"]).to_octets());
    assert!(few.contains("signed by 1 of 2 needed keys of version 4"), "{few}");
    assert!(refused(b"{}").contains("not a root list: member \"signatures\" is missing"));
    assert!(refused(&vec![b' '; MAX_OCTETS * 2]).contains("not a root list: JSON of 65537 octets"));
}

/// Two walk from version 1; who is slower reached less, and is not to take back what the other has.
#[test]
fn what_is_held_never_goes_back_whoever_is_slow() {
    let directory = tempfile::tempdir().unwrap();
    let file = RootListFile::new(&directory.path().join("made/roots.json"));
    assert_eq!(file.save(list(4)).unwrap(), list(4));
    assert_eq!(file.save(list(2)).unwrap(), list(4));
    assert_eq!(file.load().unwrap(), list(4));
    let locked = file.lock().unwrap();
    let (slow, (told, saved)) = (file.clone(), std::sync::mpsc::channel());
    let saving = std::thread::spawn(move || {
        told.send(()).unwrap();
        slow.save(list(3)).unwrap()
    });
    saved.recv().unwrap();
    std::fs::write(file.path(), list(2).to_octets()).unwrap();
    drop(locked);
    assert_eq!(saving.join().unwrap(), list(3), "it is compared with what is there by then");
    std::fs::write(file.path(), "{").unwrap();
    assert!(file.save(list(5)).is_err(), "what is there is no list");
}

#[test]
fn a_listed_root_is_one_of_the_resolvers() {
    let listed = &terms(4).roots[0];
    let root = to_root(listed);
    assert_eq!(
        (&root.apex, &root.servers, &root.anchors),
        (&listed.apex, &listed.servers, &listed.ds)
    );
}
