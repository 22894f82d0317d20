//! Lies about whom to trust.

use threepid::dnssec::Security;
use threepid::resolver::Checking;
use threepid::wire::{DigestType, EdeCode, Message, Rcode, Rdata, Record, Rtype};

use super::{
    REGION, ROOT, SERVERS, Tell, assert_true, is_signature, lie, question, record, replay, signed,
    stranger, truth,
};
use crate::scenarios::net::{Server, name, scripted};
use crate::scenarios::tree::{self, authority, world};

/// Lies about the keys of the region, told by itself.
const KEYS: [(&str, Tell, EdeCode); 5] = [
    (
        "one key more",
        |it| {
            it.answer.push(record(
                REGION,
                Rtype::DNSKEY,
                stranger(REGION).dnskey().to_rdata().octets().to_vec(),
            ));
        },
        EdeCode::DNSSEC_BOGUS,
    ),
    (
        "other keys",
        |it| {
            let dnskey = stranger(REGION).dnskey().to_rdata().octets().to_vec();
            it.answer = signed(vec![record(REGION, Rtype::DNSKEY, dnskey)], &stranger(REGION));
        },
        EdeCode::DNSKEY_MISSING,
    ),
    (
        "the parent's keys",
        |it| {
            replay(it, "3pid.example.", Rtype::DNSKEY);
            it.answer.iter_mut().for_each(|record| record.name = name(REGION));
        },
        EdeCode::DNSKEY_MISSING,
    ),
    ("no keys", |it| replay(it, REGION, Rtype::TXT), EdeCode::DNSKEY_MISSING),
    (
        "the true keys, signed by a stranger",
        |it| {
            it.answer.retain(|it| !is_signature(it));
            it.answer = signed(std::mem::take(&mut it.answer), &stranger(REGION));
        },
        EdeCode::DNSKEY_MISSING,
    ),
];

/// Lies about the DS set of the region, told by its parent's server: to be insecure would do.
const DELEGATIONS: [(&str, Tell, EdeCode); 7] = [
    (
        "no DS",
        |it| {
            it.answer.clear();
            it.authority.retain(|record| record.rtype == Rtype::NS);
        },
        EdeCode::RRSIGS_MISSING,
    ),
    (
        "no signature",
        |it| {
            it.answer.retain(|it| !is_signature(it));
            it.authority.retain(|it| !is_signature(it));
        },
        EdeCode::RRSIGS_MISSING,
    ),
    (
        "no DS, as that of others",
        |it| {
            let denial = truth("example.org.email.3pid.example.", Rtype::DS).authority;
            it.answer.clear();
            it.authority.retain(|record| record.rtype == Rtype::NS);
            it.authority.extend(denial.into_iter().filter(|it| it.name != name("3pid.example.")));
        },
        EdeCode::NSEC_MISSING,
    ),
    (
        "no DS, as the region says itself",
        |it| {
            let nsec = truth(REGION, Rtype::TXT).authority;
            it.answer.clear();
            it.authority.retain(|record| record.rtype == Rtype::NS);
            it.authority.extend(nsec.into_iter().filter(|it| it.rtype != Rtype::SOA));
        },
        EdeCode::DNSSEC_BOGUS,
    ),
    ("an unknown algorithm", |it| change_ds(it, 2, 200), EdeCode::DNSSEC_BOGUS),
    ("an unknown digest", |it| change_ds(it, 3, 200), EdeCode::DNSSEC_BOGUS),
    (
        "a stranger's DS",
        |it| {
            let ds = stranger(REGION).ds(DigestType::SHA256).unwrap().to_rdata();
            each_ds(it, |record| record.rdata = ds.clone());
        },
        EdeCode::DNSSEC_BOGUS,
    ),
];

fn each_ds(message: &mut Message, change: impl Fn(&mut Record)) {
    let records = message.answer.iter_mut().chain(&mut message.authority);
    records.filter(|record| record.rtype == Rtype::DS).for_each(change);
}

/// Writes `octet` into each DS record.
fn change_ds(message: &mut Message, at: usize, octet: u8) {
    each_ds(message, |record| {
        let mut octets = record.rdata.octets().to_vec();
        octets[at] = octet;
        record.rdata = Rdata::new(octets).unwrap();
    });
}

#[test]
fn lies_about_keys_are_seen_through() {
    for (what, tell, code) in KEYS {
        let mut world = world();
        let about = format!("{REGION} DNSKEY");
        SERVERS.iter().for_each(|server| lie(&mut world, server, &about, tell));
        let outcome = world.ask(&question());
        assert_eq!(outcome.response.security, Security::Bogus, "{what}: {outcome:#?}");
        assert_eq!(outcome.cause().extended_error().code, code, "{what}: {outcome:#?}");
        world.put(SERVERS[0], authority(vec![tree::uk_zone()]));
        world.pass(6);
        assert_true(&mut world, what);
    }
}

#[test]
fn no_lie_about_a_delegation_makes_it_insecure() {
    for (what, tell, code) in DELEGATIONS {
        for minimised in [true, false] {
            let mut world = world();
            world.policy().minimise = minimised;
            for about in [format!("{REGION} A"), format!("{REGION} DS"), question()] {
                lie(&mut world, ROOT, &about, tell);
            }
            let outcome = world.ask(&question());
            assert_eq!(outcome.response.security, Security::Bogus, "{what}: {outcome:#?}");
            assert_eq!(outcome.cause().extended_error().code, code, "{what}: {outcome:#?}");
            world.put(ROOT, authority(vec![tree::root_zone()]));
            world.pass(6);
            assert_true(&mut world, what);
        }
    }
}

/// Who hides what would judge an answer keeps it from being told, but does not make it insecure.
#[test]
fn what_cannot_be_judged_is_not_told() {
    let zones = || vec![tree::uk_zone()];
    for refused in [false, true] {
        for (hidden, servers, zones) in [
            (format!("{REGION} DNSKEY"), &SERVERS[..], zones as fn() -> _),
            (format!("{REGION} DS"), &[ROOT], || vec![tree::root_zone()]),
        ] {
            let mut world = world();
            for server in servers {
                let (mut honest, hidden) = (authority(zones()), hidden.clone());
                let hides: Server = Box::new(move |incoming| match incoming.asked() == hidden {
                    false => honest(incoming),
                    true if refused => scripted(|_, it| it.rcode = Rcode::REFUSED)(incoming),
                    true => Vec::new(),
                });
                world.put(server, hides);
            }
            // The DS set does not come along either.
            world.alter(ROOT, |_, message| {
                message.authority.retain(|record| record.rtype == Rtype::NS);
            });
            let outcome = world.ask(&question());
            let told = (outcome.response.security, outcome.cause().rcode());
            assert_eq!(told, (Security::Indeterminate, Rcode::SERVFAIL), "{hidden}: {outcome:#?}");
            assert!(outcome.response.answer.is_empty());
            world.forget();
            let unjudged = world.resolve(&question(), Checking::Disabled);
            assert_eq!(unjudged.data(Rtype::ASSOC).len(), 1, "{hidden}");
        }
    }
}
