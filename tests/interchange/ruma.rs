//! Canonical JSON and signatures, held against ruma's: what one signs, the other verifies.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ruma_common::{CanonicalJsonObject, serde::Base64};
use ruma_signatures::{Ed25519KeyPair, PublicKeyMap, canonical_json, sign_json, verify_json};
use serde_json::Value;
use threepid::association::{Association, Claim, Extra, Statement, Ts};
use threepid::certificate::{Certificate, Scope, Terms};
use threepid::clock::Timestamp;
use threepid::crypto::{PublicKey, SigningKey};
use threepid::signed::{KeyName, Limits, MAX_INTEGER, Object, Signatures};
use threepid::threepid::Threepid;

use super::{Keys, Parts};

/// ruma's form of a key: PKCS #8 (RFC 8410 section 7).
fn pair(name: &KeyName, key: &SigningKey) -> Ed25519KeyPair {
    let head = threepid::codec::from_hex("302e020100300506032b657004220420").unwrap();
    let document = [head.as_slice(), key.seed().as_slice()].concat();
    Ed25519KeyPair::from_der(&document, name.id.version().to_owned()).unwrap()
}

fn public_keys<'k>(keys: impl IntoIterator<Item = (&'k KeyName, PublicKey)>) -> PublicKeyMap {
    let mut map = PublicKeyMap::new();
    for (name, key) in keys {
        let own: &mut BTreeMap<_, _> = map.entry(name.server.to_string()).or_default();
        own.insert(name.id.to_string(), Base64::new(key.octets().to_vec()));
    }
    map
}

fn theirs(octets: &[u8]) -> CanonicalJsonObject {
    serde_json::from_slice(octets).unwrap()
}

fn ours(octets: &[u8]) -> Object {
    Object::parse(octets, &Limits::default()).unwrap()
}

/// Every signed object of the vectors verifies there, and is signed there as it is.
#[test]
fn vectors() {
    let mut vectors = Parts::vectors();
    let keys = Keys::take(&mut vectors);
    let cases = vectors.objects("associations").into_iter();
    let cases = cases.chain([vectors.object("withdrawal")]).chain(vectors.objects("certificates"));
    for mut case in cases {
        let mut object = theirs(case.take("json").to_string().as_bytes());
        assert_eq!(canonical_json(&object).unwrap(), case.text("signed_bytes"));
        let signed = serde_json::to_vec(&object).unwrap();
        let signatures = ours(&signed).signatures().unwrap();
        let signers: Vec<&KeyName> = signatures.iter().map(|(name, _)| name).collect();
        let public = public_keys(signers.iter().map(|name| (*name, keys.get(name).public())));
        verify_json(&public, &object).unwrap();
        object.remove("signatures");
        for name in signers {
            sign_json(name.server.as_str(), &pair(name, keys.get(name)), &mut object).unwrap();
        }
        assert_eq!(serde_json::to_vec(&object).unwrap(), signed, "{}", case.path);
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![any::<String>(), "[\u{0}-\u{30}\"\\\\\u{7f}-\u{a0}\u{2028}]{0,9}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
        prop_oneof![Just(-MAX_INTEGER), Just(0), Just(MAX_INTEGER)].prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(any::<String>(), inner, 0..4).prop_map(|members| {
                Value::from(members.into_iter().collect::<serde_json::Map<_, _>>())
            }),
        ]
    })
}

fn any_key() -> impl Strategy<Value = (KeyName, SigningKey)> {
    let server = "[a-z]{1,9}(\\.[a-z]{1,9}){0,2}(:[1-9][0-9]{0,3})?";
    (server, "[A-Za-z0-9_]{1,8}", any::<[u8; 32]>()).prop_map(|(server, version, seed)| {
        let id = format!("ed25519:{version}").parse().unwrap();
        (KeyName::new(server.parse().unwrap(), id), SigningKey::from_seed(&seed))
    })
}

fn any_association() -> impl Strategy<Value = (Threepid, Claim)> {
    let times = proptest::array::uniform3(0..1_u64 << 48);
    let extra = proptest::collection::btree_map("x[a-zé\u{10000}]{0,5}", ".{0,9}", 0..3);
    ("[a-zß]{1,9}", "[^:\0]{0,9}", times, extra).prop_map(|(local, user, times, extra)| {
        let [ts, not_before, not_after] = times.map(|millis| Ts::from_millis(millis).unwrap());
        let threepid = Threepid::parse_any(&format!("{local}@example.com"), None).unwrap();
        let mxid = format!("@{user}:matrix.example").parse().unwrap();
        let extra = Extra::new(extra.into_iter().collect()).unwrap();
        (threepid, Association { mxid, ts, not_before, not_after, extra }.into())
    })
}

proptest! {
    #[test]
    fn the_same_octets_are_signed(
        members in proptest::collection::hash_map(any::<String>(), any_value(), 0..5),
        unsigned in proptest::option::of(any_value()),
        (name, key) in any_key(),
    ) {
        let mut object: serde_json::Map<_, _> = members.into_iter().collect();
        object.remove("signatures");
        object.extend(unsigned.map(|value| ("unsigned".to_owned(), value)));
        let octets = serde_json::to_vec(&object).unwrap();
        let (own, mut their) = (ours(&octets), theirs(&octets));
        prop_assert_eq!(own.signed_octets(), canonical_json(&their).unwrap().into_bytes());

        let signed = own.sign(name.clone(), &key).unwrap();
        let public = public_keys([(&name, key.public())]);
        verify_json(&public, &theirs(&signed.to_octets())).unwrap();

        sign_json(name.server.as_str(), &pair(&name, &key), &mut their).unwrap();
        let their = ours(&serde_json::to_vec(&their).unwrap());
        prop_assert_eq!(&their, &signed);
        let signatures = their.signatures().unwrap();
        prop_assert_eq!(signatures.verify(&name, &key.public(), &their.signed_octets()), Ok(()));
    }

    #[test]
    fn our_associations_verify_there((threepid, claim) in any_association(), (name, key) in any_key()) {
        let mut signatures = Signatures::default();
        signatures.insert(name.clone(), key.sign(&claim.signed_octets(&threepid)));
        if let Ok(statement) = Statement::new(claim, signatures) {
            let json = statement.to_json(&threepid);
            let public = public_keys([(&name, key.public())]);
            verify_json(&public, &theirs(&json)).unwrap();
            prop_assert_eq!(serde_json::to_vec(&theirs(&json)).unwrap(), json);
        }
    }

    #[test]
    fn their_associations_are_read_here((threepid, claim) in any_association(), (name, key) in any_key()) {
        let mut object = theirs(&claim.signed_octets(&threepid));
        sign_json(name.server.as_str(), &pair(&name, &key), &mut object).unwrap();
        if let Ok((read, statement)) = Statement::from_json(&serde_json::to_vec(&object).unwrap()) {
            prop_assert_eq!((&read, statement.claim()), (&threepid, &claim));
            prop_assert!(statement.verify(&threepid, &name, &key.public()).is_ok());
        }
    }

    #[test]
    fn our_certificates_verify_there((name, key) in any_key(), (subject, held) in any_key()) {
        let terms = Terms {
            issuer: name.server.clone(),
            subject,
            public_key: held.public(),
            scope: Scope::new(vec!["email:*".parse().unwrap()]),
            max_path: 0,
            not_before: Timestamp::from_secs(1),
            not_after: Timestamp::from_secs(2),
        };
        let certificate = Certificate::sign(terms, name.clone(), &key).unwrap();
        let public = public_keys([(&name, key.public())]);
        verify_json(&public, &theirs(&certificate.to_octets())).unwrap();
    }
}
