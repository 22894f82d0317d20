//! "Ghost domains" (CVE-2012-1191, CVE-2022-30698, CVE-2022-30699): a zone whose delegation its parent
//! has withdrawn goes on to answer for it, and does all it can for the resolver to come back.

use threepid::resolver::{Checking, Kind};
use threepid::wire::{Message, Record, Rtype, Ttl};

use super::super::net::{Server, World, name, scripted};
use super::super::tree::{self, NOW, authority, zone};
use super::forge::{EVIL, address, question, record, refer};
use super::report;

/// How long the parent's delegation holds.
const HELD: u64 = 300;

/// A tree that delegates the attacker's zone for five minutes, unsigned.
fn world(attacker: Server) -> World {
    let mut world = World::new(tree::policy(), NOW);
    let records = format!("evil {HELD} NS ns.evil\nns.evil {HELD} A 192.0.2.66");
    world.put("192.0.2.1", authority(vec![zone("3pid.example.", "1", true, &records)]));
    world.put("192.0.2.66", attacker);
    world
}

/// The parent withdraws the delegation.
fn withdraw(world: &mut World) {
    world.put("192.0.2.1", authority(vec![zone("3pid.example.", "1", true, "")]));
}

/// For a day.
fn lasting(record: Record) -> Record {
    Record { ttl: Ttl::from_secs(86_400), ..record }
}

/// Sends the attacker's own NS set and glue along with everything.
fn insist(message: &mut Message) {
    let evil = name(EVIL);
    let own = record(&evil, Rtype::NS, name("ns.evil.3pid.example.").as_wire().to_vec());
    message.authority.push(lasting(own));
    message.additional.push(lasting(address("ns.evil.3pid.example.", [192, 0, 2, 66])));
}

/// Answers every question for addresses, name servers included.
fn answering() -> Server {
    scripted(|incoming, message| {
        let question = question(incoming);
        let rdata = match question.rtype {
            Rtype::NS => name("ns.evil.3pid.example.").as_wire().to_vec(),
            _ => vec![192, 0, 2, 66],
        };
        message.answer = vec![lasting(record(&question.name, question.rtype, rdata))];
        insist(message);
    })
}

/// Delegates what is below each name to itself, for a day.
fn delegating() -> Server {
    scripted(|incoming, message| {
        let asked = question(incoming).name;
        if asked.label_count() >= 6 {
            message.answer = vec![lasting(record(&asked, Rtype::A, vec![192, 0, 2, 200]))];
            return;
        }
        refer(message, &asked, [format!("ns.{asked}")]);
        message.authority.iter_mut().for_each(|record| record.ttl = Ttl::from_secs(86_400));
        message.additional = vec![lasting(address(&format!("ns.{asked}"), [192, 0, 2, 66]))];
    })
}

/// Asks these questions without judging, which would ask the parent anyway, just before the delegation
/// ends, and after that another: the parent's word counts.
fn assert_gone(attack: &str, server: Server, before: &[&str], after: &str) {
    let mut world = world(server);
    world.resolve(&format!("first.{EVIL} A"), Checking::Disabled);
    withdraw(&mut world);
    world.pass(HELD - 10);
    let mut outcomes = Vec::new();
    for question in before {
        let outcome = world.resolve(question, Checking::Disabled);
        assert_eq!(outcome.response.failure, None, "{question}: {outcome:#?}");
        assert!(outcome.sent.iter().all(|sent| !sent.starts_with("1: ")), "{outcome:#?}");
        outcomes.push(outcome);
    }
    world.pass(10);
    let outcome = world.resolve(after, Checking::Disabled);
    assert!(outcome.sent.iter().all(|sent| !sent.starts_with("66: ")), "{outcome:#?}");
    assert_eq!(outcome.response.kind, Some(Kind::CompactNameError), "{outcome:#?}");
    outcomes.push(outcome);
    report(attack, outcomes);
}

/// The child's own NS set and addresses do not prolong the parent's.
#[test]
fn a_childs_own_servers_prolong_nothing() {
    let own = ["evil.3pid.example. NS", "ns.evil.3pid.example. A", "other.evil.3pid.example. A"];
    assert_gone("ghost domains: own NS and glue", answering(), &own, "last.evil.3pid.example. A");
}

/// Nor do delegations that it makes itself, each shortly before the one above it ends.
#[test]
fn delegations_further_down_prolong_nothing() {
    assert_gone(
        "ghost domains: delegations further down",
        delegating(),
        &["a.b.c.evil.3pid.example. A", "d.b.c.evil.3pid.example. A"],
        "e.b.c.evil.3pid.example. A",
    );
}
