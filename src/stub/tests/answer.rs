//! What counts of what several roots say.

use std::collections::BTreeSet;

use crate::association::{Claim, Statement};
use crate::clock::Timestamp;
use crate::crypto::SigningKey;
use crate::signed::{KeyName, ServerName};
use crate::stub::{Answer, Finding, Found, LookupError, Outcome, Proof, Verifiers};
use crate::threepid::Threepid;
use crate::trust::{Anchors, Collected, Fetched as Certificates, Judge, Step, Vouching};
use crate::wire::{Name, Ttl};

const TS: u64 = 1_790_000_000_000;

fn now() -> Timestamp {
    Timestamp::from_millis(TS + 500_000)
}

fn phone() -> Threepid {
    Threepid::parse_any("+447700900123", None).unwrap()
}

fn key_name(server: &str) -> KeyName {
    KeyName::new(server.parse().unwrap(), "ed25519:0".parse().unwrap())
}

fn key(server: &str) -> SigningKey {
    SigningKey::from_seed(&[server.as_bytes()[0]; 32])
}

fn trusting(servers: &[&str], vouchers: usize) -> Verifiers {
    let mut anchors = Anchors::default();
    servers.iter().for_each(|server| anchors.insert(key_name(server), key(server).public()));
    Verifiers { anchors, vouchers }
}

/// The statement of `ts` that the number belongs to `user`, or to nobody.
fn statement(signer: &str, ts: u64, user: Option<&str>) -> Statement {
    let mxid = user.map_or("null".into(), |user| format!("\"@{user}:m.example\""));
    let times = match user {
        Some(_) => format!(", \"not_before\": {ts}, \"not_after\": {}", ts + 1_000_000),
        None => String::new(),
    };
    let json = format!(
        "{{\"medium\": \"msisdn\", \"address\": \"447700900123\", \"mxid\": {mxid}, \
         \"ts\": {ts}{times}}}"
    );
    let (threepid, claim) = Claim::from_json(json.as_bytes()).unwrap();
    Statement::sign(claim, &threepid, key_name(signer), &key(signer)).unwrap()
}

fn vouching(statement: &Statement, verifiers: &Verifiers, unheard: bool) -> Vouching {
    let (threepid, mut collected) = (phone(), Collected::default());
    loop {
        let judge = Judge {
            threepid: &threepid,
            now: now(),
            anchors: &verifiers.anchors,
            collected: &collected,
        };
        match judge.statement(statement) {
            Step::Done(vouching) => return vouching,
            Step::Need(servers) => servers.into_iter().for_each(|server| {
                let found = if unheard { Certificates::Undetermined } else { Certificates::Absent };
                collected.insert(server, found);
            }),
        }
    }
}

/// What roots say: each a statement, or none, and its proof.
struct Roots<'a>(&'a Verifiers, Vec<Finding>);

impl<'a> Roots<'a> {
    fn new(verifiers: &'a Verifiers) -> Self {
        Self(verifiers, Vec::new())
    }

    fn says(self, statement: Option<Statement>, proof: Proof) -> Self {
        let vouching = statement.as_ref().map(|statement| vouching(statement, self.0, false));
        self.finds(statement, proof, vouching)
    }

    /// The certificates of its signers cannot be looked up.
    fn unclear(self, statement: Statement) -> Self {
        let vouching = vouching(&statement, self.0, true);
        self.finds(Some(statement), Proof::Proved, Some(vouching))
    }

    fn finds(
        mut self,
        statement: Option<Statement>,
        proof: Proof,
        vouching: Option<Vouching>,
    ) -> Self {
        let owner = phone().owner(&"3pid.example.".parse().unwrap()).unwrap();
        let found = Found { owner, statement, ttl: Ttl::from_secs(60), proof };
        let apex = "3pid.example.".parse().unwrap();
        self.1.push(Finding { apex, outcome: Ok(found), vouching });
        self
    }

    fn silent(mut self) -> Self {
        let (apex, outcome) = ("3pid.example.net.".parse().unwrap(), Err(LookupError::Silent));
        self.1.push(Finding { apex, outcome, vouching: None });
        self
    }

    fn nameless(mut self) -> Self {
        let apex = Name::from_labels([&"a".repeat(63); 3]).unwrap();
        let long = format!("a@{}.example", "b".repeat(60));
        let error = Threepid::parse_any(&long, None).unwrap().owner(&apex).unwrap_err();
        self.1.push(Finding { apex, outcome: Err(LookupError::Name(error)), vouching: None });
        self
    }

    fn answer(self) -> Answer {
        Answer::of(self.1, &phone(), self.0, now())
    }

    /// The user or the outcome, whether it is proved, and whether it is trusted.
    fn sum(self) -> (String, bool, bool) {
        let answer = self.answer();
        let word = match &answer.outcome {
            Outcome::User(association) => association.mxid.as_str().to_owned(),
            outcome => outcome.as_str().to_owned(),
        };
        (word, answer.proved, answer.is_trusted())
    }
}

fn sum(word: &str, proved: bool, trusted: bool) -> (String, bool, bool) {
    (word.to_owned(), proved, trusted)
}

fn unsigned() -> Proof {
    Proof::Unsigned(None)
}

#[test]
fn the_newest_trusted_statement_counts() {
    let verifiers = trusting(&["v"], 1);
    let roots = || Roots::new(&verifiers);
    let old = || Some(statement("v", TS, Some("old")));
    let new = || Some(statement("v", TS + 1, Some("new")));
    let forged = || Some(statement("x", TS + 2, Some("forged")));

    let both = roots().says(old(), Proof::Proved).says(new(), Proof::Proved);
    assert_eq!(both.sum(), sum("@new:m.example", true, true));
    let lie = roots().says(forged(), Proof::Proved).says(old(), Proof::Proved);
    assert_eq!(lie.sum(), sum("@old:m.example", true, true));
    let alone = roots().says(forged(), Proof::Proved);
    assert_eq!(alone.sum(), sum("@forged:m.example", true, false));
    // What a trusted server signed is genuine without proof, and newer than what is proved.
    let unproved = roots().says(old(), Proof::Proved).says(new(), unsigned());
    assert_eq!(unproved.sum(), sum("@new:m.example", false, true));
}

#[test]
fn an_older_statement_never_takes_the_place_of_the_newest() {
    let verifiers = trusting(&["v"], 1);
    let roots = || Roots::new(&verifiers);
    let held = || Some(statement("v", TS, Some("a")));
    let withdrawal = Some(statement("v", TS + 1, None));
    let withdrawn = roots().says(held(), Proof::Proved).says(withdrawal, Proof::Proved);
    assert_eq!(withdrawn.sum(), sum("withdrawn", true, true));
    let later = Some(statement("v", TS + 600_000, Some("later")));
    let not_yet = roots().says(held(), Proof::Proved).says(later, Proof::Proved);
    assert_eq!(not_yet.sum(), sum("not_in_force", true, true));
    let ended = Some(statement("v", TS - 1_000_000, Some("a")));
    assert_eq!(roots().says(ended, Proof::Proved).sum(), sum("not_in_force", true, true));
}

#[test]
fn where_none_is_trusted_the_newest_proved_statement_is_told() {
    let nobody = Verifiers::default();
    let roots = || Roots::new(&nobody);
    let old = || Some(statement("v", TS, Some("old")));
    let new = || Some(statement("v", TS + 1, Some("new")));
    let told = roots().says(old(), Proof::Proved).says(new(), unsigned());
    assert_eq!(told.sum(), sum("@old:m.example", true, false));
    let told = roots().says(old(), unsigned()).says(new(), unsigned());
    assert_eq!(told.sum(), sum("@new:m.example", false, false));
}

#[test]
fn a_newer_statement_that_cannot_be_judged_may_be_the_one() {
    let verifiers = trusting(&["v"], 1);
    let roots = || Roots::new(&verifiers);
    let held = || Some(statement("v", TS, Some("a")));
    let newer = roots().says(held(), Proof::Proved).unclear(statement("x", TS + 1, Some("b")));
    let answer = newer.answer();
    assert!(answer.is_trusted() && !answer.complete && !answer.proved && !answer.is_certain());
    let older = roots().says(held(), Proof::Proved).unclear(statement("x", TS - 1, Some("b")));
    assert!(older.answer().is_certain());
}

#[test]
fn a_root_that_is_not_heard_may_know_better() {
    let verifiers = trusting(&["v"], 1);
    let roots = || Roots::new(&verifiers);
    let held = || Some(statement("v", TS, Some("a")));
    let heard = roots().says(held(), Proof::Proved).silent();
    assert_eq!(heard.sum(), sum("@a:m.example", false, true));
    let gone = roots().silent().says(Some(statement("v", TS, None)), Proof::Proved);
    assert_eq!(gone.sum(), sum("withdrawn", false, true));
    assert!(roots().says(held(), Proof::Proved).says(None, Proof::Proved).answer().complete);
    assert!(!roots().says(held(), Proof::Proved).silent().answer().complete);
}

/// The name of a long address may not fit into a tree: nobody can say anything there.
#[test]
fn a_root_that_has_no_name_for_it_is_not_waited_for() {
    let verifiers = trusting(&["v"], 1);
    let roots = || Roots::new(&verifiers);
    let held = Some(statement("v", TS, Some("a")));
    assert!(roots().says(held, Proof::Proved).nameless().answer().is_certain());
    let nobody = roots().says(None, Proof::Proved).nameless().answer();
    assert!(nobody.outcome == Outcome::Unknown && nobody.is_certain());
    let silent = roots().says(None, Proof::Proved).nameless().silent().answer();
    assert!(silent.outcome == Outcome::Unanswered && !silent.complete);
    assert!(!roots().nameless().answer().complete, "somebody has to say it");
}

#[test]
fn absence_takes_the_word_of_every_root_and_no_other() {
    let nobody = Verifiers::default();
    let absent = || Roots::new(&nobody).says(None, Proof::Proved);
    assert_eq!(absent().says(None, Proof::Proved).sum(), sum("unknown", true, true));
    assert_eq!(absent().silent().sum(), sum("unanswered", false, false));
    assert_eq!(absent().says(None, unsigned()).sum(), sum("unknown", false, true));
    assert_eq!(Roots::new(&nobody).sum(), sum("unanswered", false, false));
}

#[test]
fn as_many_servers_as_are_needed_have_to_vouch() {
    let two = trusting(&["v", "w", "z"], 2);
    let name = |server: &str| server.parse::<ServerName>().unwrap();
    let by = |server| Some(statement(server, TS, Some("a")));
    let one = Roots::new(&two).says(by("v"), Proof::Proved).answer();
    assert!(!one.is_trusted());
    assert_eq!(one.trust.vouch, BTreeSet::from([name("v")]));
    assert_eq!(one.trust.others, BTreeSet::from([name("w"), name("z")]));

    let mut signed_twice = by("v").unwrap();
    signed_twice.merge(&by("w").unwrap()).unwrap();
    assert!(Roots::new(&two).says(Some(signed_twice), Proof::Proved).answer().is_certain());
    // The same words at two roots, each with one of the signatures.
    let apart = Roots::new(&two).says(by("v"), Proof::Proved).says(by("w"), Proof::Proved).answer();
    assert!(apart.is_certain() && !apart.conflict);
    let none = Roots::new(&trusting(&["v"], 0)).says(by("x"), Proof::Proved).answer();
    assert!(!none.is_trusted(), "one has to vouch in any case");
}

#[test]
fn a_conflict_is_told() {
    let verifiers = trusting(&["v"], 1);
    let roots = || Roots::new(&verifiers);
    let held = |user| Some(statement("v", TS, Some(user)));
    let conflict = |other| roots().says(held("a"), Proof::Proved).says(other, Proof::Proved);
    assert!(conflict(held("b")).answer().conflict);
    assert!(!conflict(None).answer().conflict);
    assert!(!conflict(held("a")).answer().conflict);
    assert!(!roots().says(held("a"), Proof::Proved).silent().answer().conflict);
}
