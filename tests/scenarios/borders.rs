//! Records that deny, where they have nothing to say: on the other side of a zone cut, below a
//! redirection, about what is closer to a name than a wildcard.

use threepid::dnssec::Security;
use threepid::wire::{Message, Name, Record, Rrset, Rtype};

use super::classic::{Classic, Way};
use super::net::{World, name};
use super::tree::{self, NOW};

const PARENT: &str = "3pid.example.";
const CHILD: &str = "safe.3pid.example.";

/// The ways that have records made ahead, which anyone can take and show.
const CHAINS: [Way; 4] = [Way::Nsec, Way::Nsec3, Way::OptOut, Way::Narrow];

fn parent(way: Way) -> Classic {
    let records = format!(
        "safe NS ns.safe
        safe {}
        ns.safe A 192.0.2.21
        *.wild TXT \"any\"
        held.wild A 192.0.2.3
        moved DNAME safe",
        tree::ds(CHILD)
    );
    Classic::new(PARENT, "1", way, &records)
}

fn child(way: Way) -> Classic {
    Classic::new(CHILD, "21", way, "www A 192.0.2.4\nwww TXT \"there\"")
}

fn world(way: Way) -> World {
    let mut world = World::new(tree::policy(), NOW);
    world.put("192.0.2.1", parent(way).server());
    world.put("192.0.2.21", child(way).server());
    world
}

/// Makes a server deny what it is asked by these records.
fn deny(world: &mut World, server: &str, question: &str, proofs: &[Record]) {
    let (question, proofs) = (question.to_owned(), proofs.to_vec());
    world.alter(server, move |asked, message: &mut Message| {
        if asked == question {
            message.flags.authoritative = true;
            message.answer.clear();
            message.authority.clone_from(&proofs);
        }
    });
}

/// The sets of a zone with their signatures.
fn signed(zone: &Classic, sets: &[Rrset]) -> Vec<Record> {
    sets.iter().flat_map(|set| zone.signed(set, &set.name, NOW)).collect()
}

fn assert_bogus(world: &mut World, question: &str, what: &str) {
    let outcome = world.ask(question);
    assert_eq!(outcome.response.security, Security::Bogus, "{what}: {outcome:#?}");
}

#[test]
fn a_child_is_below_its_parent() {
    for way in CHAINS {
        for question in ["www.safe A", "www.safe TXT", "safe SOA", "safe DNSKEY"] {
            let (owner, rtype) = question.split_once(' ').unwrap();
            let response = world(way).ask(&format!("{owner}.{PARENT} {rtype}")).response;
            assert_eq!(response.security, Security::Secure, "{way:?} {question}");
        }
    }
}

/// The parent's records reach over all names below the delegation.
#[test]
fn a_parent_does_not_deny_what_its_child_holds() {
    let (www, cut, question) =
        (name(&format!("www.{CHILD}")), name(CHILD), format!("www.{CHILD} A"));
    for way in CHAINS {
        let zone = parent(way);
        let wildcard = cut.wildcard().unwrap();
        let proofs =
            [zone.matched(&cut), zone.covered(&www, &cut), zone.covered(&wildcard, &cut)].concat();
        for server in ["192.0.2.1", "192.0.2.21"] {
            let mut world = world(way);
            deny(&mut world, server, &question, &signed(&zone, &proofs));
            world.policy().minimise = false;
            assert_bogus(&mut world, &question, &format!("{way:?} {server}"));
        }
    }
}

/// The child's apex has no DS, but that is not said of the delegation.
#[test]
fn a_child_does_not_deny_its_ds() {
    let question = format!("{CHILD} DS");
    for way in CHAINS {
        let zone = child(way);
        let mut world = world(way);
        let proofs = signed(&zone, &zone.matched(&name(CHILD)));
        deny(&mut world, "192.0.2.1", &question, &proofs);
        assert_bogus(&mut world, &question, &format!("{way:?}"));
    }
}

#[test]
fn what_is_below_a_redirection_is_not_denied() {
    let (below, owner) = (name(&format!("www.moved.{PARENT}")), name(&format!("moved.{PARENT}")));
    for way in CHAINS {
        let zone = parent(way);
        let wildcard = owner.wildcard().unwrap();
        let proofs =
            [zone.matched(&owner), zone.covered(&below, &owner), zone.covered(&wildcard, &owner)];
        let mut world = world(way);
        let question = format!("{below} A");
        deny(&mut world, "192.0.2.1", &question, &signed(&zone, &proofs.concat()));
        assert_bogus(&mut world, &question, &format!("{way:?}"));
    }
}

/// The records of a wildcard, as if they were expanded for `owner`.
fn expanded(zone: &Classic, set: &Rrset, owner: &Name) -> Vec<Record> {
    let there = Rrset { name: owner.clone(), ..set.clone() };
    zone.signed(&there, &set.name, NOW)
}

/// A wildcard does not stand for a name that is there, nor for what is below one.
#[test]
fn a_wildcard_does_not_reach_below_other_names() {
    let wildcard = name(&format!("*.wild.{PARENT}"));
    let text = threepid::wire::Rdata::new(b"\x03any".to_vec()).unwrap();
    let set = Rrset::single(wildcard, Rtype::TXT, threepid::wire::Ttl::from_secs(300), text);
    let encloser = name(&format!("wild.{PARENT}"));
    for way in CHAINS {
        for (owner, proved) in [("x.wild", true), ("held.wild", false), ("x.held.wild", false)] {
            let owner = name(&format!("{owner}.{PARENT}"));
            let zone = parent(way);
            let held = name(&format!("held.wild.{PARENT}"));
            let covered = if owner == held { Vec::new() } else { zone.covered(&owner, &encloser) };
            let proofs = signed(&zone, &[covered, zone.matched(&held)].concat());
            let answer = expanded(&zone, &set, &owner);
            let mut world = world(way);
            let question = format!("{owner} TXT");
            let wanted = question.clone();
            world.alter("192.0.2.1", move |asked, message| {
                if asked == wanted {
                    message.answer.clone_from(&answer);
                    message.authority.clone_from(&proofs);
                }
            });
            let security = world.ask(&question).response.security;
            assert_eq!(security != Security::Bogus, proved, "{way:?} {question}: {security:?}");
        }
    }
}

/// A wildcard's own denial, expanded, would deny any type at any name that it stands for.
#[test]
fn a_denial_is_not_expanded() {
    let zone = parent(Way::Nsec);
    let wildcard = name(&format!("*.wild.{PARENT}"));
    let held = name(&format!("held.wild.{PARENT}"));
    let [own] = zone.matched(&wildcard).try_into().unwrap();
    let mut world = world(Way::Nsec);
    let question = format!("{held} A");
    deny(&mut world, "192.0.2.1", &question, &expanded(&zone, &own, &held));
    assert_bogus(&mut world, &question, "expanded");
}
