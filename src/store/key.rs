//! Names as keys: octets that sort as names do in canonical order (RFC 4034 section 6.1).
//!
//! The labels stand from the root's side, in lower case, each ended by a zero octet; inside labels 0 is
//! written 1 1, and 1 is written 1 2. So what is at or below a name has the name's key as its prefix.

use std::ops::Bound;

use crate::wire::{MAX_LABEL, MAX_NAME, Name};

const END: u8 = 0;
const ESCAPE: u8 = 1;

/// The key of a name.
pub(super) fn key(name: &Name) -> Vec<u8> {
    let mut labels: Vec<&[u8]> = name.labels().collect();
    labels.reverse();
    let mut key = Vec::with_capacity(name.as_wire().len());
    for label in labels {
        for octet in label.to_ascii_lowercase() {
            match octet {
                END | ESCAPE => key.extend([ESCAPE, octet + 1]),
                _ => key.push(octet),
            }
        }
        key.push(END);
    }
    key
}

/// The name of a key; none where it is no name's.
pub(super) fn name(key: &[u8]) -> Option<Name> {
    let mut wire = [0; MAX_NAME];
    let start = write_wire(key, &mut wire)?;
    Some(Name::from_wire(&wire[start..]).ok()?.0)
}

/// Writes the wire form of a key's name into `out`, up to its end; gives where it begins. Gives nothing
/// where it is no name's.
pub(super) fn write_wire(key: &[u8], out: &mut [u8; MAX_NAME]) -> Option<usize> {
    let mut start = MAX_NAME - 1;
    out[start] = 0;
    for label in key.split_inclusive(|octet| *octet == END) {
        let label = label.strip_suffix(&[END])?;
        let length = unescaped(label).count();
        start = start.checked_sub(length + 1)?;
        out[start] = u8::try_from(length).ok().filter(|_| (1..=MAX_LABEL).contains(&length))?;
        for (to, octet) in out[start + 1..].iter_mut().zip(unescaped(label)) {
            *to = octet?;
        }
    }
    Some(start)
}

/// The octets of a label in a key; one that should not be there is none.
fn unescaped(label: &[u8]) -> impl Iterator<Item = Option<u8>> {
    let mut octets = label.iter();
    std::iter::from_fn(move || {
        Some(match *octets.next()? {
            ESCAPE => octets.next().and_then(|octet| octet.checked_sub(1)).filter(|o| *o <= ESCAPE),
            octet if octet.is_ascii_uppercase() => None,
            octet => Some(octet),
        })
    })
}

/// A key, and those of the names above it, up to the root's side.
pub(super) fn upwards(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = (1..=key.len()).rev().filter(|end| key[end - 1] == END);
    ends.map(|end| &key[..end])
}

/// The keys of all that is at or below a name.
pub(super) fn at_or_below(name: &Name) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let first = key(name);
    let mut after = first.clone();
    match after.last_mut() {
        Some(end) => *end = END + 1,
        None => return (Bound::Unbounded, Bound::Unbounded),
    }
    (Bound::Included(first), Bound::Excluded(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::ops::RangeBounds;

    fn any_name() -> impl Strategy<Value = Name> {
        let octet = prop_oneof![3 => b'a'..=b'c', 1 => any::<u8>(), 1 => 0u8..3];
        let label = proptest::collection::vec(octet, 1..4);
        proptest::collection::vec(label, 0..5).prop_map(|labels| Name::from_labels(labels).unwrap())
    }

    #[test]
    fn digits_take_two_octets() {
        assert_eq!(key(&"1.4.MSISDN.".parse().unwrap()), b"msisdn\x004\x001\0");
        assert_eq!(key(&Name::root()), b"");
    }

    #[test]
    fn what_is_no_key_is_no_name() {
        for bad in [&b"a"[..], b"a\0b", b"A\0", b"\0", b"\x01\0", b"\x01\x03\0", b"\x01"] {
            assert_eq!(name(bad), None, "{bad:?}");
        }
        assert_eq!(name(&[b'a'; 64]), None);
    }

    proptest! {
        #[test]
        fn keys_round_trip(given in any_name()) {
            prop_assert_eq!(name(&key(&given)), Some(given));
        }

        #[test]
        fn keys_sort_as_names(a in any_name(), b in any_name()) {
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
        }

        #[test]
        fn a_range_has_what_is_at_or_below(a in any_name(), b in any_name()) {
            prop_assert_eq!(at_or_below(&a).contains(&key(&b)), b.is_at_or_below(&a));
        }

        #[test]
        fn upwards_are_the_names_above(given in any_name()) {
            let octets = key(&given);
            let above: Vec<Option<Name>> = upwards(&octets).map(name).collect();
            let expected = given.ancestors().filter(|name| !name.is_root());
            prop_assert_eq!(above, expected.map(Some).collect::<Vec<_>>());
        }

        #[test]
        fn a_key_has_one_form(octets: Vec<u8>) {
            if let Some(read) = name(&octets) {
                prop_assert_eq!(key(&read), octets);
            }
        }
    }
}
