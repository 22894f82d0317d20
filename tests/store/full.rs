//! A disk that is full, and has room again.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use threepid::store::{Outcome, Policy, Sequence, Snapshot, Store, StoreError, check};
use threepid::wire::Name;

use std::process::Command;

use super::{NOW, STORE, association, child, store};
use crate::interop::process::run;

/// Where no file may be longer than this, a store is soon full.
const LIMIT: u64 = 600_000;

/// Publishes into a store that is full soon, and again when there is room. Does nothing unless told to.
#[test]
fn publisher() {
    let Some(path) = store() else { return };
    let store = Store::open(&path, Policy::default()).expect("it opens");
    let (_, most) = getrlimit(Resource::RLIMIT_FSIZE).expect("it can be asked");
    setrlimit(Resource::RLIMIT_FSIZE, LIMIT, most).expect("it can be lowered");
    let publish = |at: u64| {
        let changes = (at * 100..at * 100 + 100).map(association).collect();
        store.submit(changes, NOW).expect("it takes them").wait()
    };
    let full = (0..100).find_map(|at| publish(at).err().map(|error| (at, error)));
    let (at, error) = full.expect("a full disk is an error");
    assert!(matches!(&error, StoreError::Disk(why) if why.contains("File too large")), "{error:?}");
    assert!(at > 0, "some of it fits");
    let held = store.snapshot().expect("it can be read").count();
    assert_eq!(held, Ok(at * 100), "what was acknowledged, and no more");
    assert!(publish(at).is_err(), "it is still full");
    setrlimit(Resource::RLIMIT_FSIZE, most, most).expect("it can be raised");
    let outcomes = publish(at).expect("there is room");
    assert_eq!(outcomes.last(), Some(&Outcome::Stored(Sequence(at * 100 + 100))));
}

#[test]
fn a_full_disk_is_told_and_forgotten_when_there_is_room() {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let path = directory.path().join("a.store");
    let publisher = child("store::full::publisher", &path);
    // The signal that the system sends beside the error ends nobody who ignores it.
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command.arg(publisher.get_program()).args(publisher.get_args()).env(STORE, &path);
    let ran = run(&mut command);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let snapshot = Snapshot::of_file(&path, &Policy::default()).expect("it can be read");
    let held = snapshot.at_or_below(&Name::root()).expect("it can be read").count();
    assert!(held > 100 && held.is_multiple_of(100), "{held}");
    drop(snapshot);
    assert!(check(&path, &Policy::default(), || {}).expect("it can be checked").is_good());
}
