//! The store as others meet it.

mod borders;
mod damage;
mod lines;
mod model;
mod rules;
mod sharing;
mod zones;

use std::path::PathBuf;

use super::{Change, Entry, Outcome, Policy, Sequence, Snapshot, Store};
use crate::association::{Association, Claim, Extra, Statement, Ts, Withdrawal};
use crate::clock::Timestamp;
use crate::signed::{KeyName, Signatures};
use crate::threepid::Threepid;
use crate::wire::Name;

/// When the tests run.
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A place for a store.
struct Place {
    directory: tempfile::TempDir,
    policy: Policy,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory, policy: Policy::default() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("a.store")
    }

    fn open(&self) -> Store {
        Store::open(&self.path(), self.policy.clone()).unwrap()
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::of_file(&self.path(), &self.policy).unwrap()
    }

    /// Makes the changes in a store that is closed again.
    fn fill(&self, changes: Vec<Change>) -> Vec<Outcome> {
        apply(&self.open(), changes)
    }
}

fn apply(store: &Store, changes: Vec<Change>) -> Vec<Outcome> {
    store.submit(changes, NOW).unwrap().wait().unwrap()
}

fn apex() -> Name {
    "3pid.example.".parse().unwrap()
}

fn threepid(text: &str) -> Threepid {
    Threepid::parse_any(text, None).unwrap()
}

fn ts(millis: u64) -> Ts {
    Ts::from_millis(millis).unwrap()
}

/// What says that the identifier is this user's.
fn association(mxid: &str, at: u64) -> Claim {
    Claim::from(Association {
        mxid: mxid.parse().unwrap(),
        ts: ts(at),
        not_before: ts(at),
        not_after: ts(at).default_end().unwrap(),
        extra: Extra::default(),
    })
}

fn withdrawal(at: u64) -> Claim {
    Claim::from(Withdrawal { ts: ts(at) })
}

/// A claim with the signatures of these servers. Nobody checks them here.
fn signed(claim: Claim, servers: &[&str]) -> Statement {
    let mut signatures = Signatures::default();
    for server in servers {
        let name = KeyName::new(server.parse().unwrap(), "ed25519:1".parse().unwrap());
        signatures.insert(name, [7; 64]);
    }
    Statement::new(claim, signatures).unwrap()
}

/// A claim about an identifier, signed by one server.
fn change(identifier: &str, claim: Claim) -> Change {
    Change::publish(&apex(), threepid(identifier), signed(claim, &["a.example"])).unwrap()
}

/// `count` associations of different numbers.
fn numbers(count: u64) -> Vec<Change> {
    let number = |at: u64| format!("+4477009{:05}", at * 7919 % 100_000);
    (0..count).map(|at| change(&number(at), association("@a:b.example", 1 + at))).collect()
}

/// All that is held.
fn all(snapshot: &Snapshot) -> Vec<Entry> {
    snapshot.at_or_below(&Name::root()).unwrap().map(Result::unwrap).collect()
}

/// The names of the changes after `last`, and their numbers.
fn feed(snapshot: &Snapshot, last: Sequence) -> Vec<(Name, Sequence)> {
    let since = snapshot.since(last).unwrap().map(Result::unwrap);
    since.map(|entry| (entry.name, entry.sequence)).collect()
}
