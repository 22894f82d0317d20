//! Zones that BIND signed with each algorithm, resolved and judged.

use threepid::clock::Timestamp;
use threepid::dnssec::{Algorithms, Security};
use threepid::resolver::{Kind, Policy, Root};
use threepid::wire::{EdeCode, Rcode, Record, Rrset, Rtype, Ttl};

use super::net::{Outcome, Server, World, name, scripted};
use super::tree;
use crate::dnssec::Signed;
use crate::dnssec::algorithms::{ZONES, delegation, zone};

/// 2024-01-15: the signatures hold.
const NOW: Timestamp = Timestamp::from_secs(1_705_276_800);

/// The records of a set and of its signatures.
fn records(zone: &Signed, set: &Rrset) -> Vec<Record> {
    let rrsigs = zone.over(set);
    let signatures = Rrset {
        rtype: Rtype::RRSIG,
        ttl: Ttl::from_secs(60),
        rdata: rrsigs.iter().map(|rrsig| rrsig.to_rdata()).collect(),
        ..set.clone()
    };
    set.records().chain(signatures.records()).collect()
}

/// A server that has what is asked for, or shows every denial of the zone.
fn server(zone: Signed) -> Server {
    scripted(move |incoming, reply| {
        let question = incoming.query.question.as_ref().unwrap();
        let all = |wanted: &dyn Fn(&Rrset) -> bool| -> Vec<Record> {
            let sets = zone.sets.iter().filter(|set| wanted(set));
            sets.flat_map(|set| records(&zone, set)).collect()
        };
        reply.answer = all(&|set| set.name == question.name && set.rtype == question.rtype);
        if reply.answer.is_empty() {
            reply.authority =
                all(&|set| [Rtype::SOA, Rtype::NSEC, Rtype::NSEC3].contains(&set.rtype));
            if !zone.sets.iter().any(|set| set.name.is_at_or_below(&question.name)) {
                reply.rcode = Rcode::NXDOMAIN;
            }
        }
    })
}

/// A resolver of that zone alone.
fn world(file: &str, algorithms: Algorithms) -> World {
    let servers = vec!["192.0.2.1".parse().unwrap()];
    let root = Root { apex: name("foreign.example."), servers, anchors: delegation(file) };
    let mut world = World::new(Policy { roots: vec![root], algorithms, ..tree::policy() }, NOW);
    world.put("192.0.2.1", server(zone(file)));
    world
}

fn assert_all(world: &mut World, security: Security, code: Option<EdeCode>) {
    let assert_judged = |outcome: &Outcome, kind: Kind| {
        let response = &outcome.response;
        assert_eq!(
            (response.kind.clone(), response.security),
            (Some(kind), security),
            "{outcome:#?}"
        );
        assert_eq!(response.extended_error.as_ref().map(|error| error.code), code);
    };
    let found = world.ask("ns.foreign.example. AAAA");
    assert_judged(&found, Kind::Data);
    assert_eq!(found.data(Rtype::AAAA), ["20010db8000000000000000000000001"]);
    assert_judged(&world.ask("ns.foreign.example. TXT"), Kind::NoData);
    assert_judged(&world.ask("nobody.foreign.example. A"), Kind::NameError);
}

#[test]
fn every_algorithm_proves_data_and_denial() {
    for (file, _) in ZONES {
        let mut world = world(file, Algorithms { rsasha1: true });
        assert_all(&mut world, Security::Secure, None);
    }
    assert_all(&mut world("8-13", Algorithms::default()), Security::Secure, None);
}

#[test]
fn zones_of_sha1_are_unsigned_by_default() {
    for file in ["5", "7"] {
        let code = EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM;
        assert_all(&mut world(file, Algorithms::default()), Security::Insecure, Some(code));
    }
}

#[test]
fn a_stripped_algorithm_does_not_make_a_zone_unsigned() {
    // Signatures of an algorithm that does not count, where the DS set names one that does.
    let mut world = world("8", Algorithms::default());
    world.alter("192.0.2.1", |asked, reply| {
        if asked.starts_with("ns.") {
            for record in reply.answer.iter_mut().filter(|record| record.rtype == Rtype::RRSIG) {
                let mut octets = record.rdata.octets().to_vec();
                octets[2] = 5;
                record.rdata = threepid::wire::Rdata::new(octets).unwrap();
            }
        }
    });
    let outcome = world.ask("ns.foreign.example. AAAA");
    assert_eq!(outcome.response.security, Security::Bogus);
    let code = outcome.cause().extended_error().code;
    assert_eq!(code, EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM);
}
