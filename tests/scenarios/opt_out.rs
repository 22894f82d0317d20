//! NSEC3 with opt-out, and the root, which has no parent.

use threepid::codec::base32hex;
use threepid::crypto::sha1;
use threepid::dnssec::{Security, Validity, sign};
use threepid::resolver::{Kind, Policy, Root};
use threepid::wire::rdata::{Nsec3, TypeBitmap};
use threepid::wire::{DigestType, Message, Rcode, Rdata, Record, Rrset, Rtype, Ttl};

use super::net::{World, name};
use super::tree::{NOW, authority, key, policy, zone};

const APEX: &str = "3pid.example.";

/// The record of the apex, and its signature: nothing is signed below, and anything unsigned may be
/// delegated.
fn denial() -> [Record; 2] {
    let hash = sha1(name(APEX).as_wire());
    let types = [Rtype::NS, Rtype::SOA, Rtype::RRSIG, Rtype::DNSKEY];
    let types: TypeBitmap = types.into_iter().collect();
    let rdata = [&[1, Nsec3::OPT_OUT, 0, 0, 0, 20], &hash[..], &types.to_octets()].concat();
    let owner = name(APEX).prepend(base32hex(&hash).as_bytes()).unwrap();
    let rdata = Rdata::new(rdata).unwrap();
    let rrset = Rrset::single(owner.clone(), Rtype::NSEC3, Ttl::from_secs(60), rdata);
    let validity = Validity { inception: NOW, expiration: NOW.saturating_add(WEEK) };
    let rrsig = sign(&rrset, &key(APEX), validity);
    let signature = Rrset::single(owner, Rtype::RRSIG, rrset.ttl, rrsig.to_rdata());
    [&rrset, &signature].map(|rrset| rrset.records().next().unwrap())
}

const WEEK: std::time::Duration = std::time::Duration::from_secs(7 * 86_400);

/// A tree of one zone that denies with opt-out, by this response code.
fn world(rcode: Rcode) -> World {
    let mut world = World::new(policy(), NOW);
    world.put("192.0.2.1", authority(vec![zone(APEX, "1", true, "")]));
    world.alter("192.0.2.1", move |_, reply: &mut Message| {
        let nsec = reply.authority.iter().position(|record| record.rtype == Rtype::NSEC);
        if let Some(nsec) = nsec {
            let owner = reply.authority[nsec].name.clone();
            reply.authority.retain(|record| record.name != owner);
            reply.authority.extend(denial());
            reply.rcode = rcode;
        }
    });
    world
}

/// Neither the name's absence nor its existence is proved: it is as the server says, unproved.
#[test]
fn what_an_opt_out_leaves_open_is_told_by_the_response_code() {
    for rtype in ["A", "DS", "TXT"] {
        let question = format!("some.3pid.example. {rtype}");
        for (rcode, kind) in [(Rcode::NOERROR, Kind::NoData), (Rcode::NXDOMAIN, Kind::NameError)] {
            let response = world(rcode).ask(&question).response;
            assert_eq!(response.kind, Some(kind), "{question} {rcode}: {:?}", response.failure);
            assert_eq!(response.security, Security::Insecure, "{question} {rcode}");
        }
    }
}

#[test]
fn the_root_denies_that_it_has_a_ds() {
    let anchors = vec![key(".").ds(DigestType::SHA256).unwrap()];
    let root = Root { apex: name("."), servers: vec!["192.0.2.1".parse().unwrap()], anchors };
    let mut world = World::new(Policy { roots: vec![root], ..policy() }, NOW);
    world.put("192.0.2.1", authority(vec![zone(".", "1", true, "")]));
    let response = world.ask(". DS").response;
    assert_eq!(response.kind, Some(Kind::NoData), "{:?}", response.failure);
    assert_eq!(response.security, Security::Secure);
}
