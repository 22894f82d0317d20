//! The case that questions are spelt in ("0x20", draft-vixie-dnsext-dns0x20-00): random, so that who
//! forges a reply has to guess it together with the id and the port (RFC 5452 section 9).
//!
//! Names compare without case, and servers repeat the question as it came. Most also point at it from
//! the records behind it: what was random must not get from there into what is remembered and told to
//! others. So once a reply has shown that it repeats the question, the question in it is put in lower
//! case, before the names that point at it are read.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::crypto::Random;
use crate::wire::rdata::canonical;
use crate::wire::{Message, Name, Rdata, Rtype};

/// Octets before the question.
const HEADER: usize = 12;

/// `name` with each letter in random case.
pub(super) fn mixed(name: &Name, random: &mut dyn Random) -> Name {
    const CASE: u8 = 0x20;
    let mut wire = name.as_wire().to_vec();
    let mut bits = vec![0; wire.len()];
    random.fill(&mut bits);
    // Lengths are below all letters.
    let letters = wire.iter_mut().filter(|octet| octet.is_ascii_alphabetic());
    letters.zip(bits).for_each(|(letter, bits)| *letter ^= bits & CASE);
    let (name, _) = Name::from_wire(&wire).expect("only the case of letters changed");
    name
}

/// Whether a reply repeats the name in question as it was spelt.
pub(super) fn repeats(reply: &[u8], spelt: &Name) -> bool {
    reply.get(HEADER..).is_some_and(|question| question.starts_with(spelt.as_wire()))
}

/// A reply that repeats `spelt`, with `name` in its place, which differs in case only.
pub(super) fn respell<'r>(reply: &'r [u8], spelt: &Name, name: &Name) -> Cow<'r, [u8]> {
    if spelt.as_wire() == name.as_wire() {
        return reply.into();
    }
    let mut reply = reply.to_vec();
    reply[HEADER..HEADER + name.as_wire().len()].copy_from_slice(name.as_wire());
    reply.into()
}

/// Has `message` spell the name `name` as here, wherever it is the owner: not every server points at
/// the question.
pub(super) fn respell_owners(message: &mut Message, name: &Name) {
    let sections = [&mut message.answer, &mut message.authority, &mut message.additional];
    let records = sections.into_iter().flatten();
    records.filter(|record| record.name == *name).for_each(|record| record.name = name.clone());
}

/// Whether two replies say the same, signatures aside, which prove themselves.
pub(super) fn agree(one: &Message, other: &Message) -> bool {
    one.rcode == other.rcode && content(one) == content(other)
}

/// The records of a reply, each with its section, whatever their case, order and TTL.
fn content(message: &Message) -> HashSet<(usize, &Name, Rtype, Rdata)> {
    let sections = [&message.answer, &message.authority, &message.additional];
    let records = sections.into_iter().enumerate().flat_map(|(section, records)| {
        records.iter().map(move |record| (section, &record.name, record))
    });
    records
        .filter(|(.., record)| record.rtype != Rtype::RRSIG)
        .map(|(section, name, record)| {
            (section, name, record.rtype, canonical(record.rtype, &record.rdata))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use crate::wire::{Class, Question};

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn letters_are_random_and_nothing_else() {
        let plain = name("a1-b\\000.example.");
        let mut random = SeededRandom::new(1);
        let drawn: Vec<Name> = (0..64).map(|_| mixed(&plain, &mut random)).collect();
        assert!(drawn.iter().all(|drawn| *drawn == plain));
        for (at, octet) in plain.as_wire().iter().enumerate() {
            let upper = drawn.iter().filter(|drawn| drawn.as_wire()[at] != *octet).count();
            let expected = if octet.is_ascii_alphabetic() { 16..48 } else { 0..1 };
            assert!(expected.contains(&upper), "octet {at}: {upper}");
        }
        assert!(mixed(&Name::root(), &mut random).is_root());
    }

    #[test]
    fn only_an_exact_echo_is_one() {
        let spelt = name("a.ExAmple.");
        let question = Question { name: spelt.clone(), rtype: Rtype::A, class: Class::IN };
        let reply = Message::query(7, question).encode();
        assert!(repeats(&reply, &spelt));
        assert!(!repeats(&reply, &name("a.example.")) && !repeats(&reply[..5], &spelt));
        let plain = respell(&reply, &spelt, &name("a.example."));
        assert!(repeats(&plain, &name("a.example.")) && plain.len() == reply.len());
    }
}
