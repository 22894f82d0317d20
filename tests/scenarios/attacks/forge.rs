//! What attackers make their replies of: records, and good signatures over hostile ones.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use threepid::dnssec::{Validity, ZoneKey, sign};
use threepid::wire::{Message, Name, Question, Rdata, Record, Rrset, Rtype, Ttl};

use super::super::net::{Incoming, Server, World, name};
use super::super::tree::{self, NOW, authority, zone};

/// The attacker's zone.
pub(super) const EVIL: &str = "evil.3pid.example.";
/// Someone else's zone.
pub(super) const VICTIM: &str = "victim.3pid.example.";
/// A tree with a zone of the attacker, unsigned, on four addresses, and one of a victim.
pub(super) fn besieged(attacker: Server) -> World {
    delegating("", attacker)
}

/// The same; the attacker's zone is signed.
pub(super) fn besieged_signed(attacker: Server) -> World {
    delegating(&format!("evil {}", tree::ds(EVIL)), attacker)
}

fn delegating(more: &str, attacker: Server) -> World {
    let servers: String = (66..70)
        .map(|last| format!("evil NS ns{last}.evil\nns{last}.evil A 192.0.2.{last}\n"))
        .collect();
    let victim = "victim NS ns.victim\nns.victim A 192.0.2.77";
    let records = format!("{servers}{victim}\n{more}");
    let mut world = World::new(tree::policy(), NOW);
    world.put("192.0.2.1", authority(vec![zone("3pid.example.", "1", true, &records)]));
    world.put("192.0.2.77", authority(vec![zone(VICTIM, "77", false, "www A 192.0.2.200")]));
    let attacker = Rc::new(RefCell::new(attacker));
    for last in 66..70 {
        let attacker = attacker.clone();
        world.put(
            &format!("192.0.2.{last}"),
            Box::new(move |incoming| (attacker.borrow_mut())(incoming)),
        );
    }
    world
}

/// What is asked, in lower case: resolvers ask in random case.
pub(super) fn question(incoming: &Incoming<'_>) -> Question {
    let question = incoming.query.question.clone().unwrap();
    Question { name: question.name.to_lowercase(), ..question }
}

/// A set of one record, to live for five minutes.
pub(super) fn set(owner: &Name, rtype: Rtype, rdata: Vec<u8>) -> Rrset {
    Rrset::single(owner.clone(), rtype, Ttl::from_secs(300), Rdata::new(rdata).unwrap())
}

/// A record.
pub(super) fn record(owner: &Name, rtype: Rtype, rdata: Vec<u8>) -> Record {
    set(owner, rtype, rdata).records().next().unwrap()
}

/// An NS record.
pub(super) fn ns(cut: &Name, server: &str) -> Record {
    record(cut, Rtype::NS, name(server).as_wire().to_vec())
}

/// An address record.
pub(super) fn address(owner: &str, octets: [u8; 4]) -> Record {
    record(&name(owner), Rtype::A, octets.to_vec())
}

/// A CNAME record.
pub(super) fn alias(owner: &Name, target: &str) -> Record {
    record(owner, Rtype::CNAME, name(target).as_wire().to_vec())
}

/// Makes a reply a referral.
pub(super) fn refer(message: &mut Message, cut: &Name, servers: impl IntoIterator<Item = String>) {
    message.flags.authoritative = false;
    message.authority = servers.into_iter().map(|server| ns(cut, &server)).collect();
}

/// Makes a reply a denial that is not signed.
pub(super) fn deny(message: &mut Message, zone: &str) {
    message.authority = vec![soa(zone).records().next().unwrap()];
}

/// The SOA of a zone.
pub(super) fn soa(zone: &str) -> Rrset {
    let numbers: Vec<u8> =
        [1, 3600, 600, 86_400, 60].into_iter().flat_map(u32::to_be_bytes).collect();
    set(&name(zone), Rtype::SOA, [&[0, 0][..], &numbers].concat())
}

/// The records of a set, and a good signature.
pub(super) fn signed(set: &Rrset, key: &ZoneKey) -> Vec<Record> {
    let rrsig = sign(set, key, week());
    let signature = Rrset { rtype: Rtype::RRSIG, rdata: vec![rrsig.to_rdata()], ..set.clone() };
    set.records().chain(signature.records()).collect()
}

/// A week from now on.
pub(super) fn week() -> Validity {
    Validity { inception: NOW, expiration: NOW.saturating_add(Duration::from_secs(7 * 86_400)) }
}

/// A label that nobody has seen before.
pub(super) fn fresh(text: &str, number: u32) -> String {
    threepid::codec::hex(&threepid::crypto::sha256(format!("{text}{number}").as_bytes())[..6])
}
