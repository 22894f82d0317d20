//! What a request may cost, however hostile the tree.

use threepid::resolver::{Cause, Checking, Limits, Work};
use threepid::wire::{Rcode, Rdata, Record, Rrset, Rtype, Ttl};

use super::net::{World, name, scripted};
use super::tree::{self, NOW, PHONE, world};

fn ns(cut: &str, server: &str) -> Record {
    let rdata = Rdata::new(name(server).as_wire().to_vec()).unwrap();
    Rrset::single(name(cut), Rtype::NS, Ttl::from_secs(300), rdata).records().next().unwrap()
}

#[test]
fn questions_run_out() {
    let mut world = world();
    world.limit(|limits| limits.questions = 5);
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(*outcome.cause(), Cause::Exhausted(Work::Questions));
    assert_eq!(outcome.sent.len(), 5);
    let again = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(*again.cause(), Cause::Exhausted(Work::Questions));
    assert_eq!(again.sent.len(), 0, "it is not tried again at once");
    // What was learned is kept: the next request gets further.
    world.pass(5);
    world.limit(|limits| *limits = Limits::default());
    assert!(world.ask(&format!("{PHONE} ASSOC")).sent.len() < 6);
}

/// As of `.` where there is no network: it has more servers than one lookup may ask, but that is not why.
#[test]
fn many_servers_are_silent() {
    let mut world = World::new(tree::policy(), NOW);
    let servers = (1..=26).map(|last| std::net::Ipv4Addr::new(192, 0, 2, last).into());
    world.policy().roots[0].servers = servers.collect();
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(*outcome.cause(), Cause::Unreachable(name("3pid.example.")));
    assert_eq!(outcome.sent.len(), 50);
}

#[test]
fn signatures_run_out() {
    let mut world = world();
    world.limit(|limits| limits.validations = 3);
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(*outcome.cause(), Cause::Exhausted(Work::Validations));
}

#[test]
fn depth_runs_out() {
    let mut world = world();
    world.limit(|limits| limits.depth = 3);
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(*outcome.cause(), Cause::Exhausted(Work::Depth));
}

/// Every question is referred to many servers without addresses, whose names are again below such
/// delegations (CVE-2020-12662).
#[test]
fn a_swarm_of_servers_without_addresses() {
    let mut world = World::new(tree::policy(), NOW);
    world.put(
        "192.0.2.1",
        scripted(|incoming, message| {
            let asked = incoming.query.question.clone().unwrap().name;
            message.flags.authoritative = false;
            let cut = asked.suffix(3).to_string();
            let servers = (0..100).map(|number| format!("ns.{number}-{}", hash(&cut, number)));
            message.authority =
                servers.map(|server| ns(&cut, &format!("{server}.3pid.example."))).collect();
        }),
    );
    let outcome = world.ask("victim.3pid.example. A");
    assert!(outcome.response.failure.is_some());
    assert!(outcome.sent.len() <= 200, "{}", outcome.sent.len());
}

fn hash(text: &str, number: u32) -> String {
    threepid::codec::hex(&threepid::crypto::sha256(format!("{text}{number}").as_bytes())[..4])
}

/// Each server refers one label further, for ever.
#[test]
fn a_tree_without_end() {
    let mut world = World::new(tree::policy(), NOW);
    let server = || {
        scripted(|incoming, message| {
            let asked = incoming.query.question.clone().unwrap().name;
            message.flags.authoritative = false;
            message.authority = vec![ns(&asked.to_string(), &format!("ns.{asked}"))];
            let glue = Rdata::new(vec![192, 0, 2, 1]).unwrap();
            let glue =
                Rrset::single(name(&format!("ns.{asked}")), Rtype::A, Ttl::from_secs(300), glue);
            message.additional = glue.records().collect();
        })
    };
    world.put("192.0.2.1", server());
    let long = format!("{}3pid.example. A", "a.".repeat(110));
    let outcome = world.ask(&long);
    assert!(outcome.response.failure.is_some());
    assert!(outcome.sent.len() <= 50, "{}", outcome.sent.len());
}

/// Aliases that lead on for ever, each to a name not seen before.
#[test]
fn aliases_without_end() {
    let mut world = World::new(tree::policy(), NOW);
    world.put(
        "192.0.2.1",
        scripted(|incoming, message| {
            let asked = incoming.query.question.clone().unwrap().name;
            let next = format!("{}.3pid.example.", hash(&asked.to_string(), 0));
            let target = Rdata::new(name(&next).as_wire().to_vec()).unwrap();
            let alias = Rrset::single(asked, Rtype::CNAME, Ttl::from_secs(300), target);
            message.rcode = Rcode::NOERROR;
            message.answer = alias.records().collect();
        }),
    );
    let outcome = world.resolve("start.3pid.example. A", Checking::Disabled);
    assert_eq!(*outcome.cause(), Cause::Exhausted(Work::Aliases));
    assert_eq!(outcome.sent.len(), 12);
}
