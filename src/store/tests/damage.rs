//! Files that are not what was written.

use std::fs;

use super::*;
use crate::crypto::{Random, SeededRandom};
use crate::store::tables::META;
use crate::store::testing::spoil;
use crate::store::{Changes, StoreError, check, file};

#[test]
fn another_file_is_no_store() {
    let place = Place::new();
    let read = || Snapshot::of_file(&place.path(), &place.policy).err();
    assert!(matches!(read(), Some(StoreError::Disk(_))), "there is none");
    for octets in [&b""[..], b"$ORIGIN example.\n", &[0; 100_000]] {
        fs::write(place.path(), octets).unwrap();
        assert_eq!(read(), Some(StoreError::NotAStore));
        let opened = Store::open(&place.path(), Policy::default());
        assert_eq!(opened.err(), Some(StoreError::NotAStore));
        assert_eq!(fs::read(place.path()).unwrap(), octets, "it is left alone");
    }
}

#[test]
fn a_database_of_another_program_is_no_store() {
    let empty: fn(&redb::WriteTransaction) = |_| {};
    let alike: fn(&redb::WriteTransaction) = |transaction| {
        let meta = redb::TableDefinition::<&str, &str>::new("meta");
        transaction.open_table(meta).unwrap().insert("format", "1").unwrap();
    };
    for fill in [empty, alike] {
        let place = Place::new();
        let database = redb::Database::create(place.path()).unwrap();
        let transaction = database.begin_write().unwrap();
        fill(&transaction);
        transaction.commit().unwrap();
        drop(database);
        let read = Snapshot::of_file(&place.path(), &place.policy).err();
        assert_eq!(read, Some(StoreError::NotAStore));
        for keep_addresses in [false, true] {
            let policy = Policy { keep_addresses, ..Policy::default() };
            let opened = Store::open(&place.path(), policy);
            assert_eq!(opened.err(), Some(StoreError::NotAStore));
        }
    }
}

#[test]
fn a_store_of_another_version_says_so() {
    let place = Place::new();
    place.fill(numbers(1));
    let database = file::open(&place.path(), &place.policy).unwrap();
    let transaction = file::begin(&database).unwrap();
    transaction.open_table(META).unwrap().insert("format", 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let opened = Store::open(&place.path(), Policy::default());
    assert_eq!(opened.err(), Some(StoreError::Format(1)));
    let read = Snapshot::of_file(&place.path(), &place.policy);
    assert_eq!(read.err(), Some(StoreError::Format(1)));
    assert!(check(&place.path(), &place.policy, || {}).is_err());
}

/// A store with something of everything, closed; and its octets.
fn sample() -> (Place, Vec<u8>) {
    let mut place = Place::new();
    place.policy.keep_addresses = true;
    let mails = (0..50).map(|at| change(&format!("a{at}@example.com"), association("@a:b", 1)));
    let gone = (0..50).map(|at| change(&format!("b{at}@example.com"), withdrawal(1)));
    place.fill(numbers(200).into_iter().chain(mails).chain(gone).collect());
    let octets = fs::read(place.path()).unwrap();
    (place, octets)
}

/// All entries in both orders, or what goes wrong.
fn read(place: &Place) -> Result<Vec<Entry>, StoreError> {
    let snapshot = Snapshot::of_file(&place.path(), &place.policy)?;
    let entries = snapshot.at_or_below(&Name::root())?.collect::<Result<_, _>>()?;
    snapshot.since(Sequence(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(entries)
}

/// Whether it is found that a store is damaged.
fn is_found(place: &Place) -> bool {
    check(&place.path(), &place.policy, || {}).map_or(true, |report| !report.is_good())
}

#[test]
fn a_file_that_ends_early_is_found() {
    let (place, octets) = sample();
    let whole = read(&place).unwrap();
    assert!(!is_found(&place), "it is whole");
    for part in 0..16 {
        let end = octets.len() * part / 16;
        fs::write(place.path(), &octets[..end]).unwrap();
        assert_ne!(read(&place).as_ref(), Ok(&whole), "the first {end} octets");
        assert!(is_found(&place), "the first {end} octets");
    }
}

/// Wherever an octet is another: what is read says so or panics nobody, and a check finds it unless
/// nothing stands there.
#[test]
fn an_octet_that_is_another_is_found() {
    let (place, octets) = sample();
    let whole = read(&place).unwrap();
    let mut random = SeededRandom::new(7);
    let mut found = 0;
    for _ in 0..60 {
        let at = usize::try_from(random.below(octets.len() as u64)).unwrap();
        let mut changed = octets.clone();
        changed[at] ^= 1 << random.below(8);
        fs::write(place.path(), &changed).unwrap();
        let _ = read(&place);
        if is_found(&place) {
            found += 1;
        } else {
            assert_eq!(read(&place).as_ref(), Ok(&whole), "octet {at}");
        }
    }
    assert!(found > 10, "most pages hold something: {found}");
}

/// What the tables say of each other, with every page as it was written.
#[test]
fn tables_that_disagree_are_found() {
    use crate::store::tables::{ADDRESSES, CHANGES, NAMES, WITHDRAWALS};
    type Harm = fn(&redb::WriteTransaction);
    let harms: [(Harm, &str); 6] = [
        (|t| drop(t.open_table(NAMES).unwrap().pop_first().unwrap()), "feed"),
        (|t| drop(t.open_table(CHANGES).unwrap().pop_first().unwrap()), "not in the feed"),
        (|t| drop(t.open_table(WITHDRAWALS).unwrap().pop_first().unwrap()), "is not noted"),
        (
            |t| drop(t.open_table(ADDRESSES).unwrap().insert(&b"a\0"[..], &b"email\0a@b"[..])),
            "name",
        ),
        (|t| drop(t.open_table(NAMES).unwrap().insert(&b"a"[..], &[2; 9][..])), "key 61: "),
        (
            |t| {
                let mut names = t.open_table(NAMES).unwrap();
                let (key, mut value) = {
                    let (key, value) = names.pop_last().unwrap().unwrap();
                    (key.value().to_vec(), value.value().to_vec())
                };
                value[11] ^= 1;
                names.insert(&*key, &*value).unwrap();
            },
            "the hash",
        ),
    ];
    for (harm, told) in harms {
        let (place, _) = sample();
        let database = file::open(&place.path(), &place.policy).unwrap();
        let transaction = file::begin(&database).unwrap();
        harm(&transaction);
        transaction.commit().unwrap();
        drop(database);
        let report = check(&place.path(), &place.policy, || {}).unwrap();
        assert!(report.problems.iter().any(|problem| problem.contains(told)), "{told}: {report:?}");
    }
}

#[test]
fn a_damaged_change_holds_up_no_other() {
    let place = Place::new();
    place.fill(numbers(5));
    let names: Vec<Name> =
        feed(&place.snapshot(), Sequence(0)).into_iter().map(|it| it.0).collect();
    for at in [1, 2, 4] {
        spoil(&place.path(), &names[at]);
    }
    let snapshot = place.snapshot();
    let next = |last, most| {
        let Changes { entries, skipped, last, is_full } =
            snapshot.next_since(Sequence(last), most).unwrap();
        let entries: Vec<u64> = entries.iter().map(|entry| entry.sequence.0).collect();
        let skipped: Vec<u64> = skipped.iter().map(|skipped| skipped.0).collect();
        (entries, skipped, last.0, is_full)
    };
    assert_eq!(next(0, 9), (vec![1, 4], vec![2, 3, 5], 5, false));
    assert_eq!(next(0, 3), (vec![1], vec![2, 3], 3, true));
    assert_eq!(next(3, 2), (vec![4], vec![5], 5, true));
    assert_eq!(next(5, 2), (vec![], vec![], 5, false));
}
