//! Several who use one store.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::store::{StoreError, check};

#[test]
fn what_was_stored_is_there_when_it_is_opened_again() {
    let place = Place::new();
    let changes = numbers(100);
    place.fill(changes.clone());
    let (before, last) = (all(&place.snapshot()), feed(&place.snapshot(), Sequence(90)));
    assert_eq!(before.len(), 100);
    assert_eq!(last.len(), 10);
    let outcomes = place.fill(changes);
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Unchanged));
    assert_eq!(all(&place.snapshot()), before);
    let mode = std::fs::metadata(place.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner's eyes alone");
}

#[test]
fn ranges_are_in_canonical_order() {
    let place = Place::new();
    place.fill(numbers(500));
    let snapshot = place.snapshot();
    let entries = all(&snapshot);
    assert!(entries.is_sorted_by_key(|entry| entry.name.clone()));
    let cut: Name = "1.9.0.0.7.7.4.4.msisdn.3pid.example.".parse().unwrap();
    let below: Vec<Entry> = snapshot.at_or_below(&cut).unwrap().map(Result::unwrap).collect();
    let expected: Vec<Entry> =
        entries.into_iter().filter(|entry| entry.name.is_at_or_below(&cut)).collect();
    assert!(below.len() > 10);
    assert_eq!(below, expected);
    assert_eq!(snapshot.count(), Ok(500));
}

#[test]
fn the_feed_has_the_last_change_of_each_name_in_order() {
    let store = Place::new().open();
    let of = |number: u64, at| change(&format!("+44770090012{number}"), association("@a:b", at));
    apply(&store, vec![of(1, 1), of(2, 1), of(1, 2), of(3, 1), of(2, 2), of(2, 1)]);
    let snapshot = store.snapshot().unwrap();
    let expected = [(1, 3), (3, 4), (2, 5)].map(|(name, at)| (of(name, 1).name, Sequence(at)));
    assert_eq!(feed(&snapshot, Sequence(0)), expected);
    assert_eq!(feed(&snapshot, Sequence(3)), expected[1..]);
    assert_eq!(feed(&snapshot, Sequence(5)), []);
    assert_eq!(*store.watch().borrow(), Sequence(5));
}

#[tokio::test]
async fn whoever_watches_hears_of_changes_that_are_on_disk() {
    let place = Place::new();
    place.open().apply(numbers(3), NOW).await.unwrap();
    let store = place.open();
    let mut watch = store.watch();
    assert_eq!(*watch.borrow_and_update(), Sequence(3));
    store.apply(vec![change("a@example.com", association("@a:b", 1))], NOW).await.unwrap();
    assert!(watch.has_changed().unwrap(), "before anyone is answered");
    assert_eq!(*watch.borrow(), Sequence(4));
}

#[test]
fn a_snapshot_stays_what_it_is() {
    let place = Place::new();
    let store = place.open();
    apply(&store, numbers(10));
    let (inside, outside) = (store.snapshot().unwrap(), place.snapshot());
    let before = all(&inside);
    apply(&store, numbers(500));
    assert_eq!(all(&inside), before);
    assert_eq!(all(&outside), before);
    assert_eq!(all(&store.snapshot().unwrap()).len(), 500);
    assert_eq!(all(&place.snapshot()).len(), 500, "read beside whoever writes");
}

#[test]
fn what_changes_nothing_is_not_written() {
    let mut place = Place::new();
    place.policy.keep_addresses = true;
    let store = place.open();
    let (first, later) = (association("@a:b", 1), association("@a:b", 2));
    let alice = |claim: &Claim| change("alice@example.com", claim.clone());
    apply(&store, vec![alice(&later)]);
    let octets = || std::fs::read(place.path()).unwrap();
    let before = octets();
    let outcomes = apply(&store, vec![alice(&first), alice(&later)]);
    let older = Outcome::Refused(crate::store::Refusal::Older);
    assert_eq!(outcomes, [older, Outcome::Unchanged]);
    assert_eq!(octets(), before);
}

/// Many wait at once for what they published.
#[test]
fn everyone_hears_what_came_of_theirs() {
    let mut place = Place::new();
    (place.policy.queue, place.policy.batch) = (4, 16);
    let store = place.open();
    let publish = |thread: u64| {
        let number = |at: u64| format!("+44770{:07}", thread * 1000 + at);
        for at in 0..50 {
            let outcomes = apply(&store, vec![change(&number(at), association("@a:b", 1))]);
            assert!(matches!(outcomes[..], [Outcome::Stored(_)]), "{outcomes:?}");
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || publish(thread));
        }
    });
    let snapshot = store.snapshot().unwrap();
    let numbers: Vec<u64> =
        feed(&snapshot, Sequence(0)).into_iter().map(|(_, sequence)| sequence.0).collect();
    assert_eq!(numbers, (1..=400).collect::<Vec<u64>>());
}

#[test]
fn one_writes_at_a_time() {
    let place = Place::new();
    let store = place.open();
    let second = Store::open(&place.path(), Policy::default());
    assert_eq!(second.err(), Some(StoreError::InUse));
    assert!(!check(&place.path(), &place.policy, || {}).unwrap().has_pages);
    drop(store);
    assert!(check(&place.path(), &place.policy, || {}).unwrap().has_pages);
    place.open();
}

#[test]
fn a_backup_is_the_store_of_one_moment() {
    let mut place = Place::new();
    place.policy.keep_addresses = true;
    let store = place.open();
    let mail = change("alice@example.com", association("@a:b", 1));
    let gone = change("bob@example.com", withdrawal(2));
    apply(&store, [numbers(300), vec![mail, gone]].concat());
    let (to, snapshot) = (place.directory.path().join("b.store"), place.snapshot());
    apply(&store, numbers(600));
    let mut copied = 0;
    snapshot.backup(&to, &place.policy, || copied += 1).unwrap();
    assert_eq!(copied, 302);
    let copy = Snapshot::of_file(&to, &place.policy).unwrap();
    assert_eq!(all(&copy), all(&snapshot));
    assert_eq!(feed(&copy, Sequence(0)), feed(&snapshot, Sequence(0)));
    let report = check(&to, &place.policy, || {}).unwrap();
    assert!(report.is_good() && report.addresses == 1 && report.withdrawals == 1, "{report:?}");
    let again = snapshot.backup(&to, &place.policy, || {});
    assert_eq!(again, Err(StoreError::Exists));
    assert_eq!(all(&copy), all(&snapshot), "what is there stays");
    let nowhere = snapshot.backup(&place.directory.path().join("x/y"), &place.policy, || {});
    assert!(matches!(nowhere, Err(StoreError::Disk(_))));
}

/// Pages are copied record by record, whatever their checksums say.
#[test]
fn what_is_damaged_is_no_backup() {
    let place = Place::new();
    place.fill(vec![change("alice@example.com", association("@damaged:b", 1))]);
    let octets = std::fs::read(place.path()).unwrap();
    let at = octets.windows(10).position(|window| window == b"@damaged:b").unwrap();
    let damaged = [&octets[..at], &[0xff; 10], &octets[at + 10..]].concat();
    std::fs::write(place.path(), damaged).unwrap();
    let to = place.directory.path().join("b.store");
    let backed = place.snapshot().backup(&to, &place.policy, || {});
    assert!(matches!(backed, Err(StoreError::Damaged(_))), "{backed:?}");
    assert!(!to.exists());
}

#[test]
fn what_was_broken_off_is_in_nobodys_way() {
    let place = Place::new();
    let partial = |of: &str| {
        let name = format!("{of}.{}.partial", std::process::id());
        let path = place.directory.path().join(name);
        std::fs::write(&path, [1; 9000]).unwrap();
        path
    };
    let partials = ["a.store", "b.store"].map(partial);
    place.fill(numbers(30));
    let to = place.directory.path().join("b.store");
    place.snapshot().backup(&to, &place.policy, || {}).unwrap();
    assert_eq!(all(&Snapshot::of_file(&to, &place.policy).unwrap()).len(), 30);
    assert!(partials.iter().all(|partial| !partial.exists()));
}
