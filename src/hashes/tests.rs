//! The table against a model of it, and what keys are.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::codec;
use crate::crypto::{SeededRandom, sha256};
use crate::threepid::Threepid;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn pepper(text: &str) -> Pepper {
    text.parse().unwrap()
}

fn threepid(text: &str) -> Threepid {
    Threepid::parse_any(text, None).unwrap()
}

fn key(number: u64) -> Key {
    Key(*sha256(&number.to_be_bytes()).first_chunk().unwrap())
}

fn person(number: u64) -> Person {
    Person::of(&number.to_be_bytes())
}

fn listing(mxid: &str) -> Listing<'_> {
    Listing { mxid, times: None }
}

/// A table of as many.
fn table(people: u64) -> Table {
    let mut table = Table::with_room(usize::try_from(people).unwrap());
    for number in 0..people {
        table.put(&person(number), &key(number), &listing(&format!("@{number}:a"))).unwrap();
    }
    table
}

/// All keys below `most` that are found one by one.
fn found(table: &Table, most: u64) -> Vec<(u64, String)> {
    let find = |number| Some((number, table.find(&key(number), NOW)?.to_owned()));
    (0..most).filter_map(find).collect()
}

/// The same, all at once.
fn found_at_once(table: &Table, most: u64) -> Vec<(u64, String)> {
    let keys: Vec<Key> = (0..most).map(key).collect();
    let mut found = Vec::new();
    table.find_all(&keys, NOW, |at, user| found.push((at as u64, user.to_owned())));
    found.sort_unstable();
    found
}

#[test]
fn the_example_of_the_specification() {
    // Identity Service API, "Security considerations" of hashed lookup: `matrixrocks` is the pepper.
    let pepper = pepper("matrixrocks");
    for (address, hash) in [
        ("alice@example.com", "4kenr7N9drpCJ4AfalmlGQVsOn3o2RHjkADUpXJWZUc"),
        ("bob@example.com", "LJwSazmv46n0hlMlsb_iYxI0_HXEqy_yj6Jm636cdT8"),
        ("+18005552067", "nlo35_T5fzSGZzJApqu8lgIudJvmOQtDaHtr-I4rU7I"),
    ] {
        assert!(Key::read(hash) == Some(Key::of(&threepid(address), &pepper)), "{address}");
    }
}

#[test]
fn a_hash_has_one_form() {
    let hash = "4kenr7N9drpCJ4AfalmlGQVsOn3o2RHjkADUpXJWZUc";
    assert!(Key::read(hash).is_some());
    let other = |from: &str, to: &str| hash.replace(from, to);
    for bad in [
        String::new(),
        hash[1..].to_owned(),
        format!("{hash}="),
        format!("{hash}A"),
        other("Uc", "Ud"),
        other("7N9", "7+9"),
        other("7N9", "7/9"),
        other("7N9", "7é"),
        other("XJW", "X W"),
    ] {
        assert!(Key::read(&bad).is_none(), "{bad}");
    }
}

#[test]
fn peppers() {
    let drawn = Pepper::draw(&mut SeededRandom::new(1));
    assert_eq!(drawn.as_str().parse(), Ok(drawn.clone()));
    assert_eq!(drawn.as_str().len(), 32);
    assert_ne!(drawn, Pepper::draw(&mut SeededRandom::new(2)));
    for bad in ["", "a b", "é", "a-b"] {
        assert_eq!(bad.parse::<Pepper>(), Err(NotAPepper), "{bad}");
    }
}

#[test]
fn what_holds_for_a_time_is_told_for_that_time() {
    let (first, last) = (Timestamp::from_millis(1000), Timestamp::from_millis(2000));
    let mut table = Table::with_room(2);
    let timed = Listing { mxid: "@a:b", times: Some((first, last)) };
    table.put(&person(1), &key(1), &timed).unwrap();
    let found = |millis| table.find(&key(1), Timestamp::from_millis(millis)).is_some();
    assert_eq!([999, 1000, 2000, 2001].map(found), [false, true, true, false]);
    let mut shown = 0;
    table.find_all(&[key(1)], Timestamp::from_millis(2001), |_, _| shown += 1);
    assert_eq!(shown, 0);
}

#[test]
fn the_same_key_is_shown_once() {
    let table = table(3);
    let mut shown = Vec::new();
    let keys = [key(1), key(9), key(1), key(2)];
    table.find_all(&keys, NOW, |at, user| shown.push((at, user.to_owned())));
    shown.sort();
    assert_eq!(shown, [(0, "@1:a".to_owned()), (3, "@2:a".to_owned())]);
}

/// Hashes that begin alike are looked for at the same place, and look the same there.
#[test]
fn keys_that_fall_together_are_told_apart() {
    let alike = |last: u8| {
        let mut octets = [7; 16];
        octets[15] = last;
        Key(octets)
    };
    let mut table = Table::with_room(20);
    for last in 0..20 {
        let mxid = format!("@{last}:a");
        table.put(&person(last.into()), &alike(last), &listing(&mxid)).unwrap();
    }
    for gone in [3, 0, 19] {
        table.remove(&person(gone));
    }
    let keys: Vec<Key> = (0..25).map(alike).collect();
    let mut shown = BTreeMap::new();
    table.find_all(&keys, NOW, |at, user| {
        shown.insert(at, user.to_owned());
    });
    for (last, key) in keys.iter().enumerate() {
        let user = (last < 20 && ![3, 0, 19].contains(&last)).then(|| format!("@{last}:a"));
        assert_eq!(table.find(key, NOW), user.as_deref());
        assert_eq!(shown.get(&last), user.as_ref());
    }
}

#[test]
fn a_table_that_is_full_says_so() {
    let mut full = table(10);
    assert!(full.is_tight(1) && !full.is_tight(0));
    assert_eq!(full.put(&person(10), &key(10), &listing("@x:a")), Err(NoRoom));
    assert_eq!(full.put(&person(9), &key(9), &listing("@y:a")), Ok(()), "that takes a place");
    let mut roomier = full.roomier();
    assert!(!roomier.is_tight(1));
    assert_eq!(roomier.put(&person(10), &key(10), &listing("@x:a")), Ok(()));
    assert_eq!(found(&full, 12).len(), 10);
    assert_eq!(found(&roomier, 12), found_at_once(&roomier, 12));
    assert_eq!(found(&roomier, 12).len(), 11);
}

#[test]
fn what_changes_again_and_again_is_tidied_up() {
    let mut table = table(3000);
    let octets = table.octets();
    let mut tidied = 0;
    for round in 0..50_000_u64 {
        let number = round % 3000;
        let mxid = format!("@{number}:a");
        table.put(&person(number), &key(number), &listing(&mxid)).unwrap();
        if table.is_tight(0) {
            (table, tidied) = (table.roomier(), tidied + 1);
        }
    }
    assert!(tidied > 3, "{tidied}");
    assert!(table.octets() < octets * 3, "{} of {octets}", table.octets());
    assert_eq!(found(&table, 3001), found(&self::table(3000), 3001));
}

#[test]
fn memory_for_an_association() {
    let table = table(20_000);
    // A user id of 9 octets; a part of a chunk is not filled.
    assert!(table.octets() / table.len() < 68, "{}", table.octets() / table.len());
}

#[derive(Debug, Clone)]
enum Step {
    Put(u64, String, Option<(u64, u64)>),
    Remove(u64),
    Roomier,
}

/// One of few people, so that steps meet.
fn any_step() -> impl Strategy<Value = Step> {
    let times = proptest::option::of((0u64..4, 0u64..4));
    prop_oneof![
        80 => (0u64..60, "@[a-zé\"]{0,40}:b", times).prop_map(|(a, b, c)| Step::Put(a, b, c)),
        40 => (0u64..60).prop_map(Step::Remove),
        // Seldom: in a table with much room nobody stands in another's way.
        1 => Just(Step::Roomier),
    ]
}

proptest! {
    #[test]
    fn a_table_is_a_map(steps in proptest::collection::vec(any_step(), 0..300)) {
        let at = |nth: u64| Timestamp::from_millis(nth);
        let (mut table, mut model) = (Table::with_room(40), BTreeMap::new());
        for step in steps {
            match step {
                Step::Put(number, mxid, times) => {
                    let times = times.map(|(first, last)| (at(first), at(last)));
                    let listing = Listing { mxid: &mxid, times };
                    if table.put(&person(number), &key(number), &listing).is_err() {
                        table = table.roomier();
                        table.put(&person(number), &key(number), &listing).unwrap();
                    }
                    model.insert(number, (mxid, times));
                }
                Step::Remove(number) => {
                    table.remove(&person(number));
                    model.remove(&number);
                }
                Step::Roomier => table = table.roomier(),
            }
            prop_assert_eq!(table.len(), model.len());
        }
        let keys: Vec<Key> = (0..64).map(key).collect();
        for now in (0..4).map(at) {
            let mut shown = BTreeMap::new();
            table.find_all(&keys, now, |at, user| {
                shown.insert(at as u64, user.to_owned());
            });
            for number in 0..64 {
                let expected = model.get(&number).and_then(|(mxid, times)| {
                    let holds = times.is_none_or(|(first, last)| first <= now && now <= last);
                    holds.then_some(mxid.as_str())
                });
                prop_assert_eq!(table.find(&key(number), now), expected);
                prop_assert_eq!(shown.get(&number).map(String::as_str), expected);
            }
        }
    }

    #[test]
    fn keys_are_read_as_a_plain_reader_does(octets: [u8; 32], text in "[A-Za-z0-9_-]{43}") {
        let url_safe = |octets: &[u8]| {
            codec::base64_unpadded(octets).replace('+', "-").replace('/', "_")
        };
        prop_assert!(Key::read(&url_safe(&octets)) == Some(Key(octets[..16].try_into().unwrap())));
        if let Some(Key(key)) = Key::read(&text) {
            let standard = text.replace('-', "+").replace('_', "/");
            let plain = codec::from_base64_unpadded(&standard).unwrap();
            prop_assert_eq!(&plain[..16], &key[..]);
        }
    }
}
