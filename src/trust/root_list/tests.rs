//! What is a list, and which list follows which.

use super::*;
use crate::signed::Object;
use proptest::prelude::*;
use serde_json::{Value, json};

fn key(letter: &str) -> SigningKey {
    SigningKey::from_seed(&[letter.as_bytes()[0]; 32])
}

/// The first key of who is called by this letter.
fn name(letter: &str) -> KeyName {
    KeyName::new(format!("{letter}.example").parse().unwrap(), "ed25519:1".parse().unwrap())
}

fn root(apex: &str) -> ListedRoot {
    ListedRoot {
        apex: apex.parse().unwrap(),
        servers: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        ds: vec![Ds {
            key_tag: 2371,
            algorithm: crate::wire::Algorithm::ED25519,
            digest_type: crate::wire::DigestType::SHA256,
            digest: vec![0x1f; 32],
        }],
        publish: "https://publish.3pid.example/".parse().unwrap(),
    }
}

/// What a list of these keys says.
fn terms(version: u32, keys: &[&str], threshold: u32) -> Terms {
    let keys = keys.iter().map(|letter| (name(letter), key(letter).public())).collect();
    let expires = Timestamp::from_secs(1_797_776_000);
    Terms { version, expires, keys, threshold, roots: vec![root("3pid.example.")] }
}

/// A list of these keys, signed by those.
fn list(version: u32, keys: &[&str], threshold: u32, signers: &[&str]) -> RootList {
    let draft = RootList::new(terms(version, keys, threshold), Signatures::default()).unwrap();
    signers.iter().fold(draft, |list, letter| list.sign(name(letter), &key(letter)).unwrap())
}

fn refused(held: &RootList, next: &RootList) -> String {
    held.succeeds(next).unwrap_err().to_string()
}

#[test]
fn a_list_is_written_as_it_says() {
    let list = list(7, &["a", "b"], 2, &["a"]);
    let written: Value = serde_json::from_slice(&list.to_octets()).unwrap();
    let signature = &written["signatures"]["a.example"]["ed25519:1"];
    assert!(signature.is_string());
    let expected = json!({
        "type": "threepid.root_list", "version": 7, "expires": 1_797_776_000_000_u64,
        "keys": {
            "a.example": {"ed25519:1": key("a").public().to_string()},
            "b.example": {"ed25519:1": key("b").public().to_string()},
        },
        "threshold": 2,
        "roots": [{
            "apex": "3pid.example.", "servers": ["192.0.2.1", "2001:db8::1"],
            "ds": [format!("2371 15 2 {}", "1f".repeat(32))],
            "publish": "https://publish.3pid.example/",
        }],
        "signatures": {"a.example": {"ed25519:1": signature}},
    });
    assert_eq!(written, expected);
    assert_eq!(RootList::from_json(&list.to_octets()), Ok(list.clone()));
    let mut unsigned = Object::parse(&list.to_octets(), &Limits::default()).unwrap();
    unsigned.remove("signatures");
    assert_eq!(list.signed_octets(), unsigned.to_octets());
}

#[test]
fn a_draft_need_not_be_signed() {
    let draft = list(1, &["a"], 1, &[]).to_octets();
    let missing = SignedError::Missing("signatures");
    assert_eq!(RootList::from_json(&draft), Err(missing.into()));
    assert_eq!(RootList::from_draft(&draft), Ok(list(1, &["a"], 1, &[])));
    let mut none: Value = serde_json::from_slice(&draft).unwrap();
    none["signatures"] = json!({});
    let none = none.to_string().into_bytes();
    assert_eq!(RootList::from_draft(&none), Ok(list(1, &["a"], 1, &[])));
    assert!(RootList::from_json(&none).is_err());
    let signed = list(1, &["a"], 1, &["a"]);
    assert_eq!(RootList::from_draft(&signed.to_octets()), Ok(signed));
}

/// A list in JSON, changed.
fn read_with(change: impl Fn(&mut Value)) -> Result<RootList, RootListError> {
    let octets = list(7, &["a", "b"], 2, &["a", "b"]).to_octets();
    let mut json = serde_json::from_slice(&octets).unwrap();
    change(&mut json);
    RootList::from_json(json.to_string().as_bytes())
}

#[test]
fn exactly_these_members() {
    let remove = |json: &mut Value, name: &str| drop(json.as_object_mut().unwrap().remove(name));
    for name in ["type", "version", "expires", "keys", "threshold", "roots", "signatures"] {
        assert_eq!(read_with(|json| remove(json, name)), Err(SignedError::Missing(name).into()));
    }
    for name in ["apex", "servers", "ds", "publish"] {
        let without = read_with(|json| remove(&mut json["roots"][0], name));
        let told = without.unwrap_err().to_string();
        assert_eq!(told, format!("roots[0]: member {name:?} is missing"));
    }
    let more = SignedError::Unexpected("unsigned".into());
    assert_eq!(read_with(|json| json["unsigned"] = 1.into()), Err(more.clone().into()));
    let more = RootListError::In { at: "roots[0]".to_owned(), cause: more };
    assert_eq!(read_with(|json| json["roots"][0]["unsigned"] = 1.into()), Err(more));
}

#[test]
fn values_out_of_range_are_refused() {
    let told = |name: &str, value: Value| {
        read_with(|json| json[name] = value.clone()).unwrap_err().to_string()
    };
    assert_eq!(told("type", "x".into()), "type \"x\", expected \"threepid.root_list\"");
    assert_eq!(told("version", 0.into()), "version 0, expected 1 to 4294967295");
    assert_eq!(
        told("version", (1_u64 << 32).into()),
        "version 4294967296, expected 1 to 4294967295"
    );
    let different = "expected 1 to 2, as there are 2 different keys";
    for threshold in [0, 3, 1_u64 << 40] {
        let expected = format!("a threshold of {threshold}, {different}");
        assert_eq!(told("threshold", threshold.into()), expected);
    }
    assert_eq!(told("roots", json!([])), "0 roots, expected 1 to 64");
    assert_eq!(told("keys", json!({})), "member \"keys\": expected an object that is not empty");
    let key = json!({"a.example": {"ed25519:1": "AAAA"}});
    let expected = "key a.example ed25519:1: expected an Ed25519 key in unpadded base64";
    assert_eq!(told("keys", key), expected);
    for (name, value) in [
        ("expires", json!(-1)),
        ("expires", json!(1.5)),
        ("roots", json!({})),
        ("roots", json!([1])),
        ("keys", json!({"a b": {"ed25519:1": "AAAA"}})),
        ("signatures", json!({})),
    ] {
        assert!(read_with(|json| json[name] = value.clone()).is_err(), "{name} {value}");
    }
}

#[test]
fn a_root_has_one_form() {
    let with = |name: &str, value: Value| read_with(|json| json["roots"][0][name] = value.clone());
    let digest = "1f".repeat(32);
    for (name, good) in [
        ("apex", json!(".")),
        ("apex", json!("xn--nxasmq6b.example.")),
        ("servers", json!(["127.0.0.1"])),
        ("ds", json!([format!("1 15 2 {digest}"), "1 250 99 00"])),
        ("publish", json!("https://publish.example:8448/")),
        ("publish", json!("https://[2001:db8::1]/")),
        ("publish", json!("http://127.0.0.1:8080/")),
        ("publish", json!("http://localhost/")),
    ] {
        assert!(with(name, good.clone()).is_ok(), "{name} {good}");
    }
    for (name, bad) in [
        ("apex", json!("3pid.example")),
        ("apex", json!("3PID.example.")),
        ("apex", json!("3pid..example.")),
        ("apex", json!("")),
        ("apex", json!(1)),
        ("servers", json!([])),
        ("servers", json!("192.0.2.1")),
        ("servers", json!(["192.0.2.1:53"])),
        ("servers", json!(["2001:DB8::1"])),
        ("servers", json!(["2001:db8:0::1"])),
        ("servers", json!(["ns.example."])),
        ("servers", json!(vec!["192.0.2.1"; MAX_SERVERS + 1])),
        ("ds", json!([])),
        ("ds", json!([format!("1 15 2 {digest}"), ""])),
        ("ds", json!([format!("1 15 2 {}", digest.to_uppercase())])),
        ("ds", json!([format!("1 ED25519 2 {digest}")])),
        ("ds", json!([format!("1 15 2 {digest}00")])),
        ("ds", json!([format!("01 15 2 {digest}")])),
        ("ds", json!([format!("3pid.example. DS 1 15 2 {digest}")])),
        ("publish", json!("https://publish.example")),
        ("publish", json!("https://publish.example/x")),
        ("publish", json!("https://publish.example/?x")),
        ("publish", json!("https://publish.example:443/")),
        ("publish", json!("https://u@publish.example/")),
        ("publish", json!("http://publish.example/")),
        ("publish", json!("HTTPS://publish.example/")),
        ("publish", json!("https://")),
        ("publish", json!("ftp://publish.example/")),
        ("publish", json!(null)),
    ] {
        assert!(with(name, bad.clone()).is_err(), "{name} {bad}");
    }
    let told = |name, bad| with(name, bad).unwrap_err().to_string();
    let second = told("servers", json!(["192.0.2.1", "ns.example."]));
    assert!(second.starts_with("roots[0].servers[1]: \"ns.example.\", expected an IP"), "{second}");
    let expected = "member \"roots[0].publish\": expected a string";
    assert_eq!(told("publish", json!(1)), expected);
    assert_eq!(told("ds", json!([])), "0 DS records of 3pid.example., expected 1 to 16");
    let twice = read_with(|json| {
        let root = json["roots"][0].clone();
        json["roots"].as_array_mut().unwrap().push(root);
    });
    assert_eq!(twice, Err(RootListError::Twice("3pid.example.".parse().unwrap())));
}

#[test]
fn lists_are_bounded() {
    let mut many = terms(1, &["a"], 1);
    many.roots = (0..=MAX_ROOTS).map(|n| root(&format!("r{n}.example."))).collect();
    let told = RootList::new(many, Signatures::default()).unwrap_err().to_string();
    assert_eq!(told, "65 roots, expected 1 to 64");
    let mut big = terms(1, &["a"], 1);
    big.roots = (0..MAX_ROOTS).map(|n| root(&format!("r{n}.example."))).collect();
    for root in &mut big.roots {
        root.ds = vec![root.ds[0].clone(); MAX_DS];
    }
    let told = RootList::new(big, Signatures::default()).unwrap_err();
    assert!(matches!(told, RootListError::Signed(SignedError::TooLong { .. })), "{told}");
    let mut keys = terms(1, &[], 1);
    for n in 0..=MAX_KEYS {
        let name = KeyName::new(format!("k{n}").parse().unwrap(), "ed25519:1".parse().unwrap());
        keys.keys.insert(name, SigningKey::from_seed(&[u8::try_from(n).unwrap(); 32]).public());
    }
    let told = RootList::new(keys, Signatures::default()).unwrap_err().to_string();
    assert_eq!(told, "65 keys, expected 1 to 64");
    let deep = format!("{{\"roots\":{}{}}}", "[".repeat(9), "]".repeat(9));
    assert!(RootList::from_json(deep.as_bytes()).unwrap_err().to_string().contains("too deep"));
}

#[test]
fn the_next_list_has_the_next_version() {
    let held = list(6, &["a"], 1, &["a"]);
    let version = |version| held.succeeds(&list(version, &["a"], 1, &["a"]));
    assert_eq!(version(7), Ok(()));
    assert_eq!(version(6), Err(Refusal::Rollback { held: 6, found: 6 }));
    assert_eq!(version(5), Err(Refusal::Rollback { held: 6, found: 5 }));
    assert_eq!(version(8), Err(Refusal::Ahead { held: 6, found: 8 }));
    assert_eq!(version(u32::MAX), Err(Refusal::Ahead { held: 6, found: u32::MAX }));
    let last = list(u32::MAX, &["a"], 1, &["a"]);
    assert!(last.succeeds(&last).is_err());
}

#[test]
fn both_thresholds_have_to_be_met() {
    let held = list(1, &["a", "b", "c"], 2, &["a", "b"]);
    let next = |signers| list(2, &["c", "d", "e"], 2, signers);
    assert_eq!(held.succeeds(&next(&["b", "c", "d"])), Ok(()), "the key of both counts for both");
    assert_eq!(held.succeeds(&next(&["a", "b", "d", "e"])), Ok(()));
    assert_eq!(
        refused(&held, &next(&["c", "d", "e"])),
        "version 2 is signed by 1 of 2 needed keys of version 1: c.example ed25519:1; not by \
         a.example ed25519:1, b.example ed25519:1; not counted, as no key of that version is so \
         called: d.example ed25519:1, e.example ed25519:1"
    );
    assert_eq!(
        refused(&held, &next(&["a", "b", "e"])),
        "version 2 is signed by 1 of 2 needed keys of version 2: e.example ed25519:1; not by \
         c.example ed25519:1, d.example ed25519:1; not counted, as no key of that version is so \
         called: a.example ed25519:1, b.example ed25519:1"
    );
    assert!(refused(&held, &next(&[])).contains("signed by 0 of 2 needed keys of version 1"));
}

#[test]
fn a_wrong_key_does_not_count() {
    let held = list(1, &["a", "b"], 2, &["a", "b"]);
    let next = list(2, &["a", "b"], 2, &["a"]).sign(name("b"), &key("x")).unwrap();
    let told = refused(&held, &next);
    assert!(told.contains("1 of 2") && told.contains("wrongly in the name of b.example"), "{told}");
    // Signed, and changed afterwards.
    let changed = RootList::new(terms(2, &["a", "b"], 1), next.signatures().clone()).unwrap();
    assert!(refused(&held, &changed).contains("0 of 2"));
}

#[test]
fn a_key_counts_once_by_whatever_names() {
    let mut held = terms(1, &["a", "b"], 2);
    held.keys.insert(name("z"), key("a").public());
    assert_eq!(held.distinct_keys(), 2);
    let both: Vec<KeyName> = held.names_of(&key("a").public()).cloned().collect();
    assert_eq!(both, [name("a"), name("z")]);
    let held = RootList::new(held, Signatures::default()).unwrap();
    let next = list(2, &["c"], 1, &["a", "c"]).sign(name("z"), &key("a")).unwrap();
    let tally = held.tally(&next);
    assert_eq!((tally.signed.len(), tally.counted, tally.is_enough()), (2, 1, false));
    assert!(held.succeeds(&next.sign(name("b"), &key("b")).unwrap()).is_ok());
    let mut all = terms(1, &["a"], 2);
    all.keys.insert(name("z"), key("a").public());
    let told = RootList::new(all, Signatures::default());
    assert_eq!(told, Err(RootListError::Threshold { threshold: 2, keys: 1 }));
}

#[test]
fn the_last_moment_counts() {
    let list = list(3, &["a"], 1, &["a"]);
    let expires = list.terms().expires;
    assert_eq!(list.in_date(expires), Ok(()));
    let later = Timestamp::from_millis(expires.as_millis() + 1);
    assert_eq!(list.in_date(later), Err(Refusal::Expired { version: 3, expires }));
    let told = list.in_date(later).unwrap_err().to_string();
    assert_eq!(told, "version 3 expired at 2026-12-20T14:13:20Z");
}

fn any_root() -> impl Strategy<Value = ListedRoot> {
    let servers = proptest::collection::vec(any::<IpAddr>(), 1..4);
    let ds = (any::<u16>(), any::<u8>(), 3_u8.., proptest::collection::vec(any::<u8>(), 1..40));
    let ds = ds.prop_map(|(key_tag, algorithm, digest_type, digest)| Ds {
        key_tag,
        algorithm: crate::wire::Algorithm(algorithm),
        digest_type: crate::wire::DigestType(if digest_type == 4 { 5 } else { digest_type }),
        digest,
    });
    let ds = proptest::collection::vec(ds, 1..4);
    let publish = "https://[a-z]{1,9}(:[1-9][0-9]{3})?/";
    (any::<[u8; 3]>(), servers, ds, publish).prop_map(|(label, servers, ds, publish)| ListedRoot {
        apex: crate::wire::Name::from_labels([&label[..], b"example"]).unwrap().to_lowercase(),
        servers,
        ds,
        publish: publish.parse().unwrap(),
    })
}

fn any_list() -> impl Strategy<Value = RootList> {
    let keys = proptest::collection::btree_set("[a-z]", 1..5);
    let roots = proptest::collection::vec(any_root(), 1..4);
    (1_u32.., 0..1_u64 << 53, keys, roots, any::<prop::sample::Index>()).prop_filter_map(
        "each apex once",
        |(version, expires, letters, roots, threshold)| {
            let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
            let threshold = u32::try_from(threshold.index(letters.len()) + 1).unwrap();
            let expires = Timestamp::from_millis(expires);
            let terms = Terms { expires, roots, ..terms(version, &letters, threshold) };
            let draft = RootList::new(terms, Signatures::default()).ok()?;
            let sign =
                |list: RootList, letter: &&str| list.sign(name(letter), &key(letter)).unwrap();
            Some(letters.iter().fold(draft, sign))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lists_round_trip_and_verify(list in any_list()) {
        let octets = list.to_octets();
        let read = RootList::from_json(&octets);
        prop_assert_eq!(&read, &Ok(list.clone()));
        prop_assert_eq!(list.verify(), Ok(()));
        let mut next = list.terms().clone();
        next.version = next.version.wrapping_add(1).max(1);
        let next = RootList::new(next, list.signatures().clone()).unwrap();
        prop_assert!(list.succeeds(&next).is_err(), "signatures are not for the next list");
    }

    /// Whatever is read is written as it was, or its canonical form is read as the same.
    #[test]
    fn any_octets_are_read_or_refused(
        list in any_list(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cut: prop::sample::Index,
        noise: Vec<u8>,
    ) {
        let mut octets = list.to_octets();
        for (index, octet) in changes {
            let at = index.index(octets.len());
            octets[at] = octet;
        }
        for octets in [&octets[..], &octets[..cut.index(octets.len())], &noise] {
            if let Ok(read) = RootList::from_draft(octets) {
                prop_assert_eq!(RootList::from_draft(&read.to_octets()), Ok(read.clone()));
                let changed = read.signed_octets() != list.signed_octets();
                prop_assert!(!changed || read.tally(&read).counted == 0, "nobody signed that");
            }
        }
    }
}
