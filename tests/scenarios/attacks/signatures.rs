//! Keys and signatures that make a validator try them all (CVE-2023-50387, "KeyTrap", and its
//! variants).

use std::time::Duration;

use threepid::crypto::SigningKey;
use threepid::dnssec::{Security, Validity, ZoneKey, sign};
use threepid::resolver::{Cause, Flaw, Work};
use threepid::wire::rdata::{Dnskey, Ds, Rrsig};
use threepid::wire::{Algorithm, DigestType, Message, Name, Rrset, Rtype};

use super::super::net::{Incoming, Server, name, scripted};
use super::super::tree::key;
use super::forge::{EVIL, besieged_signed, question, refer, set, signed, soa, week};
use super::{Cost, Scene, mount};
use crate::dnssec::algorithms::zone;

/// Other keys of the same tag: octets of the same weight swapped.
fn alike(key: &Dnskey) -> Vec<Dnskey> {
    let length = key.public_key.len();
    let swaps = (0..length - 2).map(|at| {
        let mut other = key.clone();
        other.public_key.swap(at, at + 2);
        other
    });
    swaps.filter(|other| other != key && other.key_tag() == key.key_tag()).collect()
}

/// A set of records of this type.
fn set_of(
    owner: &Name,
    rtype: Rtype,
    rdata: impl IntoIterator<Item = threepid::wire::Rdata>,
) -> Rrset {
    Rrset { rdata: rdata.into_iter().collect(), ..set(owner, rtype, vec![0]) }
}

/// The DNSKEY set of a zone: the key that signs it, and others.
fn dnskeys(key: &ZoneKey, others: Vec<Dnskey>) -> Rrset {
    let keys = std::iter::once(key.dnskey()).chain(others);
    set_of(&key.zone, Rtype::DNSKEY, keys.map(|key| key.to_rdata()))
}

/// A server of the attacker's zone with these further keys, whose data has these signatures.
fn trapping(keys: Vec<Dnskey>, rrsig: impl Fn(&Rrset, u8) -> Rrsig + 'static, count: u8) -> Server {
    let own = key(EVIL);
    scripted(move |incoming, message| {
        let question = question(incoming);
        if question.rtype == Rtype::DNSKEY {
            message.answer = signed(&dnskeys(&own, keys.clone()), &own);
            return;
        }
        let data = set(&question.name, Rtype::A, vec![192, 0, 2, 200]);
        let rrsigs = (0..count).map(|number| rrsig(&data, number).to_rdata());
        let rrsigs = Rrset { rtype: Rtype::RRSIG, rdata: rrsigs.collect(), ..data.clone() };
        message.answer = data.records().chain(rrsigs.records()).collect();
    })
}

/// The key that signs the attacker's data: no DS stands for it, so that only signatures have to do
/// with the others of its tag.
fn zsk() -> ZoneKey {
    ZoneKey::new(name(EVIL), ZoneKey::ZSK, SigningKey::from_seed(&[9; 32]))
}

/// The keys of its tag.
fn trap() -> Vec<Dnskey> {
    [vec![zsk().dnskey()], alike(&zsk().dnskey())].concat()
}

/// A signature of that key, spoiled.
fn spoiled(data: &Rrset, number: u8) -> Rrsig {
    let mut rrsig = sign(data, &zsk(), week());
    rrsig.signature[0] ^= number + 1;
    rrsig
}

fn assert_bogus(cost: &Cost, failures: u32) {
    assert!(matches!(cost.outcome.cause(), Cause::Bogus { .. }), "{:?}", cost.outcome.response);
    assert_eq!(cost.outcome.spent.proofs.failures, failures);
}

#[test]
fn many_keys_of_one_tag_under_many_signatures() {
    let cost = mount("KeyTrap: 25 keys of one tag × 100 signatures, Ed25519", || {
        let server = trapping(trap(), spoiled, 100);
        Scene::new(besieged_signed(server), &format!("x.{EVIL} A"))
    });
    // Two for each server that is asked, of three.
    assert_bogus(&cost, 6);
}

#[test]
fn many_signatures_by_one_key() {
    let cost = mount("SigJam: 1 key × 100 signatures", || {
        Scene::new(
            besieged_signed(trapping(vec![zsk().dnskey()], spoiled, 100)),
            &format!("x.{EVIL} A"),
        )
    });
    assert_bogus(&cost, 6);
}

/// By the algorithm that is the dearest to verify, with a good key.
#[test]
fn many_signatures_by_a_dear_key() {
    let cost = mount("SigJam: 1 key × 100 signatures, P-384", || {
        let zone = zone("14");
        let keys = zone.sets.iter().find(|set| set.rtype == Rtype::DNSKEY).unwrap();
        let good = Dnskey::parse(&keys.rdata[0]).unwrap();
        let tag = good.key_tag();
        let rrsig = move |data: &Rrset, number: u8| Rrsig {
            algorithm: Algorithm::ECDSAP384SHA384,
            key_tag: tag,
            signature: vec![number | 1; 96],
            ..spoiled(data, number)
        };
        Scene::new(besieged_signed(trapping(vec![good], rrsig, 100)), &format!("x.{EVIL} A"))
    });
    assert_bogus(&cost, 6);
}

#[test]
fn one_signature_and_many_keys() {
    let cost = mount("LockCram: 25 keys of one tag × 1 signature", || {
        let server = trapping(trap(), spoiled, 1);
        Scene::new(besieged_signed(server), &format!("x.{EVIL} A"))
    });
    assert_bogus(&cost, 6);
}

/// Two keys of one tag are tried, however many may fail.
#[test]
fn many_keys_where_failures_are_free() {
    let cost = mount("LockCram, where failures count for nothing", || {
        let mut world = besieged_signed(trapping(trap(), spoiled, 1));
        world.limit(|limits| {
            (limits.failures, limits.effort.failures) = (1000, 1000);
            (limits.validations, limits.effort.validations) = (1000, 1000);
        });
        Scene::new(world, &format!("x.{EVIL} A"))
    });
    // For each of three servers.
    assert_bogus(&cost, 6);
}

/// A good signature after `before` that have run out, which takes no work to tell.
fn stale_before_good(before: u8) -> Scene {
    let rrsig = move |data: &Rrset, number: u8| {
        let age = if number < before { Duration::from_secs(30 * 86_400) } else { Duration::ZERO };
        let [inception, expiration] =
            [week().inception, week().expiration].map(|time| time.saturating_sub(age));
        sign(data, &zsk(), Validity { inception, expiration })
    };
    let server = trapping(vec![zsk().dnskey()], rrsig, before + 1);
    Scene::new(besieged_signed(server), &format!("x.{EVIL} A"))
}

/// Of one set, eight signatures are looked at.
#[test]
fn many_signatures_of_one_set() {
    let cost = mount("7 signatures that have run out before a good one", || stale_before_good(7));
    assert_eq!(cost.outcome.response.security, Security::Secure);
    for count in [8, 100] {
        let attack = format!("{count} signatures that have run out before a good one");
        let cost = mount(&attack, || stale_before_good(count));
        assert_bogus(&cost, 0);
    }
}

/// Many DS records, and many keys of their tag: each has to be hashed for each.
#[test]
fn many_keys_and_many_digests() {
    let cost = mount("HashTrap: 25 keys of one tag × 90 DS", || {
        let (parent, child) = (key(EVIL), key(&format!("x.{EVIL}")));
        let server = scripted(move |incoming, message| {
            let question = question(incoming);
            let digest = |number: u8| Ds {
                key_tag: child.key_tag(),
                algorithm: Algorithm::ED25519,
                digest_type: DigestType::SHA384,
                digest: vec![number; 48],
            };
            let ds = (0..90).map(|number| digest(number).to_rdata());
            let ds = set_of(&child.zone, Rtype::DS, ds);
            match (question.name.label_count(), question.rtype) {
                (_, Rtype::DNSKEY) if question.name == parent.zone => {
                    message.answer = signed(&dnskeys(&parent, Vec::new()), &parent);
                }
                (_, Rtype::DNSKEY) => {
                    message.answer = signed(&dnskeys(&child, alike(&child.dnskey())), &child);
                }
                (_, Rtype::DS) => message.answer = signed(&ds, &parent),
                _ => {
                    let data = set(&question.name, Rtype::A, vec![192, 0, 2, 200]);
                    message.answer = signed(&data, &child);
                }
            }
        });
        Scene::new(besieged_signed(server), &format!("x.{EVIL} A"))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Digests));
    assert_eq!(cost.outcome.spent.proofs.failures, 0);
}

/// A signed zone at each of many labels, each on an address of its own, all as it should be but
/// that there are so many: each label costs three good signatures.
fn deep(incoming: &Incoming<'_>, depth: usize, message: &mut Message) {
    let question = question(incoming);
    let zone = question.name.suffix(depth.min(question.name.label_count()));
    let own = key(&zone.to_string());
    match (question.name.label_count(), question.rtype) {
        (labels, Rtype::DNSKEY) if labels == depth => {
            message.answer = signed(&dnskeys(&own, Vec::new()), &own);
        }
        (labels, _) if labels <= depth => message.authority = signed(&soa(&zone.to_string()), &own),
        (..) => {
            let cut = question.name.suffix(depth + 1);
            let ds = key(&cut.to_string()).ds(DigestType::SHA256).unwrap();
            let ds = signed(&set_of(&cut, Rtype::DS, [ds.to_rdata()]), &own);
            if question.name == cut && question.rtype == Rtype::DS {
                message.answer = ds;
                return;
            }
            refer(message, &cut, [format!("ns.{cut}")]);
            message.authority.extend(ds);
            let last = u8::try_from(depth + 1).unwrap();
            message.additional =
                vec![super::forge::address(&format!("ns.{cut}"), [198, 51, 100, last])];
        }
    }
}

#[test]
fn a_signed_zone_at_each_label() {
    let cost = mount("a signed zone at each of 24 labels", || {
        let first = name(EVIL).label_count();
        let mut world =
            besieged_signed(scripted(move |incoming, message| deep(incoming, first, message)));
        for depth in first + 1..first + 60 {
            let server = scripted(move |incoming, message| deep(incoming, depth, message));
            world.put(&format!("198.51.100.{depth}"), server);
        }
        world.policy().minimise = false;
        Scene::new(world, &format!("{}{EVIL} A", "a.".repeat(24)))
    });
    let Cause::Bogus { flaw: Flaw::Denial(_), .. } = cost.outcome.cause() else {
        panic!("the last zone denies nothing: {:?}", cost.outcome.response)
    };
    assert!(cost.outcome.spent.proofs.validations > 48, "two at each label");
}
