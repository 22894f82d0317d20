//! Every chain of the vectors, and what they do not cover.

use super::*;
use crate::certificate::{Rule, Scope, Terms};
use crate::clock::Timestamp;
use crate::codec::{from_base64_unpadded, from_hex};
use crate::crypto::{PublicKey, SigningKey};
use crate::signed::KeyName;
use crate::threepid::Threepid;
use serde_json::Value;

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn name(server: &str, id: &str) -> KeyName {
    KeyName::new(server.parse().unwrap(), id.parse().unwrap())
}

/// The trusted keys of the vectors, for identifiers of this scope.
fn vector_anchors(vectors: &Value, scope: Option<&Scope>) -> Anchors {
    let mut anchors = Anchors::default();
    let roots = vectors["trusted_roots"].as_array().unwrap();
    for key in vectors["keys"].as_array().unwrap() {
        if roots.contains(&key["server_name"]) {
            let octets = from_base64_unpadded(text(&key["public_key"])).unwrap();
            let public = PublicKey::from_octets(&octets.try_into().unwrap()).unwrap();
            let anchor = Anchor { key: public, scope: scope.cloned() };
            anchors.insert(name(text(&key["server_name"]), text(&key["key_id"])), anchor);
        }
    }
    anchors
}

#[test]
fn every_chain_vector() {
    let vectors = include_str!("../../tests/vectors/interchange.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let rules = ["email:*", "msisdn:*"].map(|rule| rule.parse().unwrap());
    every_chain(&vectors, &vector_anchors(&vectors, None));
    every_chain(&vectors, &vector_anchors(&vectors, Some(&Scope::new(rules.to_vec()))));
}

fn every_chain(vectors: &Value, anchors: &Anchors) {
    let chains = vectors["chains"].as_array().unwrap();
    assert_eq!(chains.len(), 12);
    for case in chains {
        let mut collected = Collected::default();
        for certificate in case["certificates"].as_array().unwrap() {
            let octets = from_hex(text(&certificate["rdata_hex"])).unwrap();
            let subject = text(&certificate["json"]["subject"]).parse().unwrap();
            collected.insert(subject, Fetched::Records(vec![Certificate::from_rdata(&octets)]));
        }
        let medium = text(&case["medium"]).parse().unwrap();
        let threepid = Threepid::from_normal(medium, text(&case["address"])).unwrap();
        let now = Timestamp::from_millis(case["at"].as_u64().unwrap());
        let judge = Judge { threepid: &threepid, now, anchors, collected: &collected };
        let keys = vectors["keys"].as_array().unwrap();
        let signer = keys.iter().find(|key| key["server_name"] == case["signer"]).unwrap();
        let signer = name(text(&case["signer"]), text(&signer["key_id"]));
        let Step::Done(judged) = judge.chain(&signer, |_| true) else {
            panic!("{}: nothing more is needed", case["name"]);
        };
        assert_eq!(judged.verdict.to_string(), text(&case["verdict"]), "{}", case["name"]);
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
            collected.insert(subject.parse().unwrap(), Fetched::Records(records));
        }
        Self { threepid: Threepid::parse_any("a@example.com", None).unwrap(), anchors, collected }
    }

    fn judge(&self, secs: u64) -> Judge<'_> {
        let (threepid, anchors, collected) = (&self.threepid, &self.anchors, &self.collected);
        Judge { threepid, now: Timestamp::from_secs(secs), anchors, collected }
    }

    fn step(&self, signer: &str) -> Step {
        self.judge(150).chain(&key_name(signer), |public| *public == key(signer).public())
    }

    fn judgement(&self, signer: &str) -> Judgement {
        done(self.step(signer))
    }

    fn verdict(&self, signer: &str) -> Verdict {
        self.judgement(signer).verdict
    }
}

fn done(step: Step) -> Judgement {
    match step {
        Step::Done(judgement) => judgement,
        Step::Need(servers) => panic!("certificates of {servers:?} are needed"),
    }
}

#[test]
fn an_anchor_needs_no_certificate() {
    let world = World::new(&[]);
    assert_eq!(world.verdict("root"), Verdict::Valid);
    let forged = done(world.judge(150).chain(&key_name("root"), |_| false)).verdict;
    assert_eq!(forged, Verdict::BadSignature);
    let other = done(world.judge(150).chain(&name("root", "ed25519:2"), |_| true)).verdict;
    assert_eq!(other, Verdict::Untrusted);
}

#[test]
fn four_certificates_and_no_more() {
    let chain = [("root", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")];
    let world = World::new(&chain);
    assert_eq!(world.verdict("d"), Verdict::Valid);
    assert_eq!(world.verdict("e"), Verdict::PathTooLong);
}

#[test]
fn one_good_way_is_enough() {
    let ways = [("nobody", "b"), ("x", "b"), ("a", "b"), ("b", "a"), ("root", "a")];
    let mut world = World::new(&ways);
    world.collected.insert("nobody".parse().unwrap(), Fetched::Absent);
    world.collected.insert("x".parse().unwrap(), Fetched::Undetermined);
    assert_eq!(world.verdict("b"), Verdict::Valid);
}

#[test]
fn every_link_is_signed() {
    let mut world = World::new(&[("root", "a")]);
    let forged = certificate_by("x", "a", "b");
    world.collected.insert("b".parse().unwrap(), Fetched::Records(vec![Ok(forged)]));
    assert_eq!(world.verdict("b"), Verdict::BadSignature);
    let forged = certificate_by("x", "root", "b");
    world.collected.insert("b".parse().unwrap(), Fetched::Records(vec![Ok(forged)]));
    assert_eq!(world.verdict("b"), Verdict::BadSignature);
}

/// A certificate counts for the server at whose name it stands, and for the key that it names.
#[test]
fn certificates_of_others_do_not_count() {
    let mut world = World::new(&[("root", "a")]);
    let other = done(world.judge(150).chain(&name("a", "ed25519:2"), |_| true));
    assert_eq!(other.verdict, Verdict::Untrusted);
    let reason = other.reason().unwrap().to_string();
    assert_eq!(reason, "no certificate of a is for its key ed25519:2");

    let terms = certificate("a", "b").terms().clone();
    let by_another = Certificate::sign(terms, key_name("c"), &key("c")).unwrap();
    world.collected.insert("b".parse().unwrap(), Fetched::Records(vec![Ok(by_another)]));
    let misplaced = certificate("root", "c");
    world.collected.insert("a".parse().unwrap(), Fetched::Records(vec![Ok(misplaced)]));
    assert_eq!(world.verdict("b"), Verdict::BadSignature);
}

#[test]
fn certificates_are_asked_for_as_they_are_needed() {
    let mut world = World::new(&[("a", "b")]);
    assert_eq!(world.step("c"), Step::Need(vec!["c".parse().unwrap()]));
    assert_eq!(world.step("b"), Step::Need(vec!["a".parse().unwrap()]));
    world.collected.insert("a".parse().unwrap(), Fetched::Absent);
    assert_eq!(world.verdict("b"), Verdict::Untrusted);
    world.collected.insert("a".parse().unwrap(), Fetched::Undetermined);
    assert_eq!(world.verdict("b"), Verdict::Undetermined);
}

#[test]
fn look_ups_end() {
    let issuers: Vec<String> = (0..MAX_CERTIFICATES).map(|n| format!("c{n}")).collect();
    let mut world = World::new(&[]);
    let by_many = |subject: &str| {
        Fetched::Records(issuers.iter().map(|issuer| Ok(certificate(issuer, subject))).collect())
    };
    world.collected.insert("b".parse().unwrap(), by_many("b"));
    let Step::Need(servers) = world.step("b") else { panic!("the issuers are needed") };
    assert_eq!(servers.len(), MAX_CERTIFICATES);
    for server in servers {
        world.collected.insert(server, Fetched::Absent);
    }
    assert_eq!(world.verdict("b"), Verdict::Untrusted);
    for n in 0..world.collected.room() {
        world.collected.insert(format!("d{n}").parse().unwrap(), Fetched::Absent);
    }
    assert_eq!(world.verdict("e"), Verdict::Undetermined);
}

/// Old certificates, those of other keys and for others' identifiers take no place of one that counts.
#[test]
fn of_many_certificates_those_count_that_would_do() {
    let mut world = World::new(&[]);
    let terms = certificate("root", "a").terms().clone();
    let sign = |terms: Terms| Ok(Certificate::sign(terms, key_name("root"), &key("root")).unwrap());
    let past = Timestamp::from_secs(120);
    let ended = Terms { not_after: past, ..terms.clone() };
    let elsewhere =
        Terms { scope: Scope::new(vec!["msisdn:44".parse().unwrap()]), ..terms.clone() };
    let another = Terms { subject: name("a", "ed25519:2"), ..terms.clone() };
    let useless = || [&ended, &elsewhere, &another].map(|terms| sign(terms.clone()));
    let mut records: Vec<_> = (0..MAX_CERTIFICATES).flat_map(|_| useless()).collect();
    let put = |world: &mut World, records: &[_]| {
        world.collected.insert("a".parse().unwrap(), Fetched::Records(records.to_vec()));
    };
    put(&mut world, &records);
    assert_eq!(world.verdict("a"), Verdict::OutOfScope);
    records.push(sign(terms));
    put(&mut world, &records);
    assert_eq!(world.verdict("a"), Verdict::Valid);
}

/// Certificates that all others have signed: the ways up are many, the work is bounded.
#[test]
fn work_ends() {
    let servers = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let pairs = servers.iter().flat_map(|upper| servers.map(|lower| (*upper, lower)));
    let pairs: Vec<_> = pairs.filter(|(upper, lower)| upper != lower).collect();
    let world = World::new(&pairs);
    let checks = std::cell::Cell::new(0);
    let counted = |_: &PublicKey| {
        checks.set(checks.get() + 1);
        true
    };
    let judged = done(world.judge(150).chain(&key_name("a"), counted));
    assert_eq!(judged.verdict, Verdict::Undetermined);
    assert!(checks.get() <= MAX_CERTIFICATES, "{}", checks.get());
}

#[test]
fn circles_end() {
    let world = World::new(&[("a", "b"), ("b", "a")]);
    assert_eq!(world.verdict("a"), Verdict::PathTooLong);
}

#[test]
fn a_certificate_holds_from_its_first_to_its_last_moment() {
    let world = World::new(&[("root", "a")]);
    let at = |secs| done(world.judge(secs).chain(&key_name("a"), |_| true)).verdict;
    assert_eq!(at(99), Verdict::NotYetValid);
    assert_eq!(at(100), Verdict::Valid);
    assert_eq!(at(200), Verdict::Valid);
    assert_eq!(at(201), Verdict::Expired);
}

#[test]
fn another_key_of_the_same_name_is_not_the_signer() {
    let world = World::new(&[("root", "a")]);
    let forged = done(world.judge(150).chain(&key_name("a"), |_| false)).verdict;
    assert_eq!(forged, Verdict::BadSignature);
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
    let mut collected = world.collected.clone();
    let judge = Judge { collected: &collected, ..world.judge(150) };
    assert_eq!(judge.statement(&statement), Step::Need(vec!["b".parse().unwrap()]));
    collected.insert("b".parse().unwrap(), Fetched::Absent);
    let judge = Judge { collected: &collected, ..world.judge(150) };
    let Step::Done(vouching) = judge.statement(&statement) else { panic!("all is there") };
    let verdicts: Vec<_> = vouching.signatures.iter().map(|(_, j)| j.verdict).collect();
    assert_eq!(verdicts, [Verdict::Valid, Verdict::Untrusted, Verdict::BadSignature]);
    assert_eq!(
        vouching.roots().into_iter().map(|root| root.as_str()).collect::<Vec<_>>(),
        ["root"]
    );
    assert!(vouching.is_trusted(0) && vouching.is_trusted(1) && !vouching.is_trusted(2));
    assert!(!Vouching::default().is_trusted(0), "nobody vouches");
}

/// The servers along the chains that hold, each from the signer up.
fn chains(judgement: &Judgement) -> Vec<Vec<&str>> {
    judgement
        .chains
        .iter()
        .map(|chain| chain.keys().iter().map(|key| key.server.as_str()).collect())
        .collect()
}

#[test]
fn every_root_that_vouches_is_told() {
    let mut world = World::new(&[("root", "a"), ("other", "a"), ("a", "b"), ("root", "b")]);
    world.anchors.insert(key_name("other"), key("other").public());
    let judged = world.judgement("b");
    assert_eq!(chains(&judged), [vec!["b", "root"], vec!["b", "a", "other"]]);
    assert_eq!(chains(&world.judgement("other")), [["other"]]);
    assert!(judged.reason().is_none());
}

#[test]
fn an_anchor_vouches_within_its_scope() {
    let scoped = |rule: &str| {
        let mut world = World::new(&[("root", "a")]);
        let scope = Some(Scope::new(vec![rule.parse::<Rule>().unwrap()]));
        world.anchors.insert(key_name("root"), Anchor { key: key("root").public(), scope });
        world
    };
    let inside = scoped("email:example.com");
    assert_eq!((inside.verdict("root"), inside.verdict("a")), (Verdict::Valid, Verdict::Valid));
    let outside = scoped("msisdn:*");
    let judged = outside.judgement("a");
    assert_eq!(
        (outside.verdict("root"), judged.verdict),
        (Verdict::OutOfScope, Verdict::OutOfScope)
    );
    assert_eq!(judged.reason().unwrap().place, Place::Root(key_name("root")));
    assert!(judged.chains.is_empty());
}

#[test]
fn the_reason_is_told() {
    let mut world = World::new(&[("root", "a"), ("a", "b"), ("nobody", "c")]);
    let late = done(world.judge(201).chain(&key_name("b"), |_| true));
    let place = Place::Certificate { issuer: "a".parse().unwrap(), subject: key_name("b") };
    assert_eq!(late.reason(), Some(&Link { place, verdict: Verdict::Expired }));
    world.collected.insert("nobody".parse().unwrap(), Fetched::Absent);
    let place = Place::Server("nobody".parse().unwrap());
    assert_eq!(world.judgement("c").reason(), Some(&Link { place, verdict: Verdict::Untrusted }));
}
