//! Every chain of the vectors, and what they do not cover.

use super::*;
use crate::certificate::Terms;
use crate::clock::Timestamp;
use crate::codec::{from_base64_unpadded, from_hex};
use crate::crypto::SigningKey;
use crate::threepid::Threepid;
use serde_json::Value;

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn name(server: &str, id: &str) -> KeyName {
    KeyName::new(server.parse().unwrap(), id.parse().unwrap())
}

/// The trusted keys of the vectors.
fn vector_anchors(vectors: &Value) -> Anchors {
    let mut anchors = Anchors::default();
    let roots = vectors["trusted_roots"].as_array().unwrap();
    for key in vectors["keys"].as_array().unwrap() {
        if roots.contains(&key["server_name"]) {
            let octets = from_base64_unpadded(text(&key["public_key"])).unwrap();
            let public = PublicKey::from_octets(&octets.try_into().unwrap()).unwrap();
            anchors.insert(name(text(&key["server_name"]), text(&key["key_id"])), public);
        }
    }
    anchors
}

#[test]
fn every_chain_vector() {
    let vectors = include_str!("../../tests/vectors/interchange.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let anchors = vector_anchors(&vectors);
    let chains = vectors["chains"].as_array().unwrap();
    assert_eq!(chains.len(), 12);
    for case in chains {
        let mut collected = Collected::default();
        for certificate in case["certificates"].as_array().unwrap() {
            let octets = from_hex(text(&certificate["rdata_hex"])).unwrap();
            let subject = text(&certificate["json"]["subject"]).parse().unwrap();
            collected.insert(subject, Found::Records(vec![Certificate::from_rdata(&octets)]));
        }
        let medium = text(&case["medium"]).parse().unwrap();
        let threepid = Threepid::from_normal(medium, text(&case["address"])).unwrap();
        let now = Timestamp::from_millis(case["at"].as_u64().unwrap());
        let judge = Judge { threepid: &threepid, now, anchors: &anchors, collected: &collected };
        let keys = vectors["keys"].as_array().unwrap();
        let signer = keys.iter().find(|key| key["server_name"] == case["signer"]).unwrap();
        let signer = name(text(&case["signer"]), text(&signer["key_id"]));
        let Step::Done(verdict) = judge.chain(&signer, |_| true) else {
            panic!("{}: nothing more is needed", case["name"]);
        };
        assert_eq!(verdict.to_string(), text(&case["verdict"]), "{}", case["name"]);
    }
}

/// A world of servers, each with one key made from its name's first letter.
struct World {
    threepid: Threepid,
    anchors: Anchors,
    collected: Collected,
}

fn key(server: &str) -> SigningKey {
    SigningKey::from_seed(&[server.as_bytes()[0]; 32])
}

fn key_name(server: &str) -> KeyName {
    name(server, "ed25519:1")
}

fn certificate(issuer: &str, subject: &str) -> Certificate {
    certificate_by(issuer, issuer, subject)
}

/// A certificate that names `issuer`, and claims its signature, but is signed by `signer`.
fn certificate_by(signer: &str, issuer: &str, subject: &str) -> Certificate {
    let terms = Terms {
        issuer: issuer.parse().unwrap(),
        subject: key_name(subject),
        public_key: key(subject).public(),
        scope: crate::certificate::Scope::new(vec!["email:*".parse().unwrap()]),
        max_path: 9,
        not_before: Timestamp::from_secs(100),
        not_after: Timestamp::from_secs(200),
    };
    Certificate::sign(terms, key_name(issuer), &key(signer)).unwrap()
}

impl World {
    /// The root is trusted; each pair is an issuer and a subject.
    fn new(certificates: &[(&str, &str)]) -> Self {
        let mut anchors = Anchors::default();
        anchors.insert(key_name("root"), key("root").public());
        let mut by_subject: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (issuer, subject) in certificates {
            by_subject.entry(subject).or_default().push(Ok(certificate(issuer, subject)));
        }
        let mut collected = Collected::default();
        for (subject, records) in by_subject {
            collected.insert(subject.parse().unwrap(), Found::Records(records));
        }
        Self { threepid: Threepid::parse_any("a@example.com", None).unwrap(), anchors, collected }
    }

    fn judge(&self, secs: u64) -> Judge<'_> {
        let (threepid, anchors, collected) = (&self.threepid, &self.anchors, &self.collected);
        Judge { threepid, now: Timestamp::from_secs(secs), anchors, collected }
    }

    fn verdict(&self, signer: &str) -> Step {
        self.judge(150).chain(&key_name(signer), |public| *public == key(signer).public())
    }
}

#[test]
fn an_anchor_needs_no_certificate() {
    let world = World::new(&[]);
    assert_eq!(world.verdict("root"), Step::Done(Verdict::Valid));
    let forged = world.judge(150).chain(&key_name("root"), |_| false);
    assert_eq!(forged, Step::Done(Verdict::BadSignature));
    let other = world.judge(150).chain(&name("root", "ed25519:2"), |_| true);
    assert_eq!(other, Step::Done(Verdict::Untrusted));
}

#[test]
fn four_certificates_and_no_more() {
    let chain = [("root", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")];
    let world = World::new(&chain);
    assert_eq!(world.verdict("d"), Step::Done(Verdict::Valid));
    assert_eq!(world.verdict("e"), Step::Done(Verdict::PathTooLong));
}

#[test]
fn one_good_way_is_enough() {
    let world = World::new(&[("nobody", "b"), ("x", "b"), ("a", "b"), ("b", "a"), ("root", "a")]);
    assert_eq!(world.verdict("b"), Step::Done(Verdict::Valid));
}

#[test]
fn every_link_is_signed() {
    let mut world = World::new(&[("root", "a")]);
    let forged = certificate_by("x", "a", "b");
    world.collected.insert("b".parse().unwrap(), Found::Records(vec![Ok(forged)]));
    assert_eq!(world.verdict("b"), Step::Done(Verdict::BadSignature));
    let forged = certificate_by("x", "root", "b");
    world.collected.insert("b".parse().unwrap(), Found::Records(vec![Ok(forged)]));
    assert_eq!(world.verdict("b"), Step::Done(Verdict::BadSignature));
}

/// A certificate counts for the server at whose name it stands, and for the key that it names.
#[test]
fn certificates_of_others_do_not_count() {
    let mut world = World::new(&[("root", "a")]);
    let other = world.judge(150).chain(&name("a", "ed25519:2"), |_| true);
    assert_eq!(other, Step::Done(Verdict::BadSignature));

    let terms = certificate("a", "b").terms().clone();
    let by_another = Certificate::sign(terms, key_name("c"), &key("c")).unwrap();
    world.collected.insert("b".parse().unwrap(), Found::Records(vec![Ok(by_another)]));
    let misplaced = certificate("root", "c");
    world.collected.insert("a".parse().unwrap(), Found::Records(vec![Ok(misplaced)]));
    assert_eq!(world.verdict("b"), Step::Done(Verdict::BadSignature));
}

#[test]
fn certificates_are_asked_for_as_they_are_needed() {
    let mut world = World::new(&[("a", "b")]);
    assert_eq!(world.verdict("c"), Step::Need("c".parse().unwrap()));
    assert_eq!(world.verdict("b"), Step::Need("a".parse().unwrap()));
    world.collected.insert("a".parse().unwrap(), Found::Absent);
    assert_eq!(world.verdict("b"), Step::Done(Verdict::Untrusted));
    world.collected.insert("a".parse().unwrap(), Found::Undetermined);
    assert_eq!(world.verdict("b"), Step::Done(Verdict::Undetermined));
}

#[test]
fn look_ups_end() {
    let issuers = ["c", "d", "e", "f", "g", "h", "i", "j"];
    let mut world = World::new(&issuers.map(|issuer| (issuer, "b")));
    for issuer in &issuers[..7] {
        let Step::Need(server) = world.verdict("b") else { panic!("{issuer} is needed") };
        world.collected.insert(server, Found::Absent);
    }
    assert_eq!(world.verdict("b"), Step::Done(Verdict::Undetermined));
}

#[test]
fn circles_end() {
    let world = World::new(&[("a", "b"), ("b", "a")]);
    assert_eq!(world.verdict("a"), Step::Done(Verdict::PathTooLong));
}

#[test]
fn a_certificate_holds_from_its_first_to_its_last_moment() {
    let world = World::new(&[("root", "a")]);
    let at = |secs| world.judge(secs).chain(&key_name("a"), |_| true);
    assert_eq!(at(99), Step::Done(Verdict::NotYetValid));
    assert_eq!(at(100), Step::Done(Verdict::Valid));
    assert_eq!(at(200), Step::Done(Verdict::Valid));
    assert_eq!(at(201), Step::Done(Verdict::Expired));
}

#[test]
fn another_key_of_the_same_name_is_not_the_signer() {
    let world = World::new(&[("root", "a")]);
    let forged = world.judge(150).chain(&key_name("a"), |_| false);
    assert_eq!(forged, Step::Done(Verdict::BadSignature));
}

#[test]
fn each_signature_of_a_statement_is_judged() {
    use crate::association::{Claim, Statement, Ts, Withdrawal};
    let world = World::new(&[("root", "a")]);
    let claim = Claim::from(Withdrawal { ts: Ts::from_millis(1).unwrap() });
    let sign = |server: &str, by: &str| {
        Statement::sign(claim.clone(), &world.threepid, key_name(server), &key(by)).unwrap()
    };
    let mut statement = sign("a", "a");
    statement.merge(&sign("b", "b")).unwrap();
    statement.merge(&sign("root", "a")).unwrap();
    let steps: Vec<_> =
        world.judge(150).statement(&statement).into_iter().map(|(_, s)| s).collect();
    let expected = [
        Step::Done(Verdict::Valid),
        Step::Need("b".parse().unwrap()),
        Step::Done(Verdict::BadSignature),
    ];
    assert_eq!(steps, expected);
}
