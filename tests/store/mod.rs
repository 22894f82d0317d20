//! The store of a process that is killed, or that the disk fails.

mod crash;
mod full;
mod million;

use std::path::{Path, PathBuf};
use std::process::Command;

use threepid::association::{Association, Claim, Extra, Statement, Ts};
use threepid::clock::Timestamp;
use threepid::signed::{KeyName, Signatures};
use threepid::store::Change;
use threepid::threepid::Threepid;
use threepid::wire::Name;

/// When all that is published here is.
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// In the environment of a test that runs as a process of its own: the store.
const STORE: &str = "THREEPID_TEST_STORE";

/// A number in the environment, or else this one.
pub(crate) fn number(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(default, |text| text.parse().expect("a number in the environment"))
}

/// The store that this process should work on; none where this is the test that starts it.
fn store() -> Option<PathBuf> {
    std::env::var_os(STORE).map(PathBuf::from)
}

/// A command that runs one test of this binary as a process of its own, on a store.
fn child(test: &str, store: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this runs from a file"));
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(STORE, store);
    command
}

/// A statement that this server signed. Nobody checks that here.
fn statement(claim: Claim, server: &str) -> Statement {
    let mut signatures = Signatures::default();
    let key = KeyName::new(server.parse().expect("a name"), "ed25519:0".parse().expect("an id"));
    signatures.insert(key, [7; 64]);
    Statement::new(claim, signatures).expect("a statement")
}

/// An association of one of many numbers.
fn association(number: u64) -> Change {
    let at = Ts::from_millis(1_600_000_000_000).expect("less than 2^48");
    let statement = statement(claim("alice", at), "a.example");
    Change::publish(&apex(), threepid(number), statement).expect("it has a name")
}

/// That a user has it, said at `at`.
fn claim(user: &str, at: Ts) -> Claim {
    Claim::from(Association {
        mxid: format!("@{user}:matrix.example").parse().expect("an mxid"),
        ts: at,
        not_before: at,
        not_after: at.default_end().expect("less than 2^48"),
        extra: Extra::default(),
    })
}

fn threepid(number: u64) -> Threepid {
    Threepid::parse_any(&format!("+4477{number:08}"), None).expect("a number of a mobile phone")
}

fn apex() -> Name {
    "3pid.example.".parse().expect("a name")
}
