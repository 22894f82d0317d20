//! An index against a map, and what it costs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::wire::{Part, Rtype, Ttl};
use crate::zone::testing::name;

fn owner(number: u32) -> Vec<u8> {
    name(&format!("l{}.l{}.example.", number % 10, number / 10)).as_wire().to_vec()
}

/// One record of these octets.
fn set<'a>(octets: &'a mut Vec<u8>, data: &[u8]) -> EncodedRef<'a> {
    EncodedRef::write(octets, Rtype::ASSOC, Ttl::from_secs(1), [data], [])
}

fn put(index: &Index, number: u32, sequence: u64, data: &[u8]) {
    index.put(&owner(number), sequence, set(&mut Vec::new(), data));
}

fn data(set: EncodedRef<'_>) -> Vec<u8> {
    set.rdata(Part::Records).next().unwrap().to_vec()
}

fn get(index: &Index, number: u32) -> Option<Vec<u8>> {
    let mut found = None;
    let is_found = index.find(&owner(number), &mut |set| found = Some(data(set)));
    assert_eq!(is_found, found.is_some());
    found
}

#[test]
fn the_last_change_counts() {
    let index = Index::new(&name("Example."), 7);
    put(&index, 1, 5, b"five");
    put(&index, 1, 4, b"four");
    assert_eq!((get(&index, 1), index.sequence(&owner(1))), (Some(b"five".to_vec()), Some(5)));
    put(&index, 1, 5, b"again");
    assert_eq!(get(&index, 1), Some(b"again".to_vec()));
    let replace = |sequence| index.replace(&owner(1), sequence, set(&mut Vec::new(), b"anew"));
    assert_eq!([4, 6, 5].map(replace), [false, false, true]);
    assert_eq!(get(&index, 1), Some(b"anew".to_vec()));
    index.remove(&owner(1), 4);
    assert_eq!(index.len(), 1);
    index.remove(&owner(1), 6);
    assert!(index.is_empty() && get(&index, 1).is_none() && !replace(5));
}

#[test]
fn what_is_near_is_what_will_be_found() {
    let index = Index::new(&name("Example."), 7);
    let near = |number| index.near(&owner(number)).and_then(|near| near.shard.item_near(near.hash));
    assert_eq!(near(1), None);
    put(&index, 1, 1, &[0; 200]);
    // The first octet is the length of the labels, `\x02l1\x02l0`; in the other lines there is nothing but data.
    assert_eq!((near(1), near(2)), (Some(6), None));
    let held = index.write(index.keyed(&owner(1)).unwrap().shard());
    assert!(index.near(&owner(1)).is_none(), "nobody waits for whoever writes");
    drop(held);
}

#[test]
fn names_of_other_zones_are_not_there() {
    let index = Index::new(&name("Example."), 7);
    for other in ["a.other.", "example.org.", "."] {
        let other = name(other).as_wire().to_vec();
        index.put(&other, 1, set(&mut Vec::new(), b""));
        assert!(!index.find(&other, &mut |_| ()), "{other:?}");
    }
    let apex = name("example.").as_wire().to_vec();
    index.put(&apex, 1, set(&mut Vec::new(), b""));
    assert!(index.find(&apex, &mut |_| ()) && index.len() == 1);
}

#[test]
fn all_names_can_be_gone_through() {
    let index = Index::new(&name("Example."), 7);
    (0..1000).for_each(|number| put(&index, number, 1, &number.to_be_bytes()));
    let mut seen = BTreeMap::new();
    for shard in 0..SHARDS {
        index.each(shard, |item| drop(seen.insert(index.owner(&item), data(item.set))));
    }
    let expected = (0..1000).map(|number: u32| (owner(number), number.to_be_bytes().to_vec()));
    assert_eq!(seen, expected.collect());
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, usize),
    Remove(u8),
}

fn any_step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![4 => 180usize..183, 1 => 0usize..9000];
    prop_oneof![
        4 => (any::<u8>(), length).prop_map(|(name, length)| Step::Put(name, length)),
        1 => any::<u8>().prop_map(Step::Remove),
    ]
}

/// A hash of which many names have the same.
fn weak(labels: &[u8]) -> u64 {
    u64::from(labels[0] / 16) << 32 | u64::from(labels[0] % 4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_shard_is_a_map(steps in proptest::collection::vec(any_step(), 0..2000), is_weak: bool) {
        let hash = |labels: &[u8]| {
            if is_weak { weak(labels) } else { u64::from(labels[0]).wrapping_mul(0x9e37_79b9_7f4a_7c15) }
        };
        let (mut shard, mut map) = (Shard::default(), BTreeMap::new());
        for (step, sequence) in steps.into_iter().zip(0u64..) {
            match step {
                Step::Put(name, length) => {
                    let keyed = Keyed { labels: &[name], hash: hash(&[name]) };
                    let data = vec![name ^ 0x55; length];
                    shard.put(&keyed, sequence, set(&mut Vec::new(), &data), &hash);
                    map.insert(name, (sequence, data));
                }
                Step::Remove(name) => {
                    shard.remove(&Keyed { labels: &[name], hash: hash(&[name]) }, &hash);
                    map.remove(&name);
                }
            }
        }
        prop_assert_eq!(shard.len(), map.len());
        for name in 0..=255 {
            let found = shard.find(&Keyed { labels: &[name], hash: hash(&[name]) });
            let found = found.map(|item| (item.sequence, data(item.set)));
            prop_assert_eq!(found.as_ref(), map.get(&name));
        }
        // A quarter of the full chunks for nothing, and what the two last ones have.
        let used: usize = map.values().map(|(_, data)| 1 + 1 + 16 + 10 + data.len()).sum();
        prop_assert!(shard.octets() <= used * 4 / 3 + 2 * (64 << 10), "{} {}", shard.octets(), used);
    }
}
