//! Delegations: glue, servers without it, and what is not believed.

use threepid::dnssec::Security;
use threepid::resolver::{Cause, Checking};
use threepid::wire::{EdeCode, Message, Rcode, Rdata, Record, Rrset, Rtype, Ttl};

use super::net::{Server, World, dead, name, scripted};
use super::tree::{self, EMAIL, NOW, PHONE, authority, world};

/// A tree whose apex zone delegates by these records.
fn delegating(records: &str) -> World {
    let mut world = world();
    world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, records)]));
    world
}

/// The domain's delegation to a server whose name is elsewhere.
fn to_elsewhere(server: &str) -> String {
    let ds = tree::ds("example.com.email.3pid.example.");
    format!("example.com.email NS {server}\nexample.com.email {ds}\n")
}

#[test]
fn a_server_without_glue_is_looked_up() {
    let uk = tree::ds("4.4.msisdn.3pid.example.");
    let records = to_elsewhere("mail.4.4.msisdn")
        + &format!("4.4.msisdn NS ns.4.4.msisdn\n4.4.msisdn {uk}\nns.4.4.msisdn A 192.0.2.44");
    let mut world = delegating(&records);
    let uk = tree::zone("4.4.msisdn.3pid.example.", "44", true, "mail A 192.0.2.10");
    world.put("192.0.2.44", authority(vec![uk]));
    let outcome = world.ask(&format!("{EMAIL} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    assert!(outcome.sent.contains(&"44: mail.4.4.msisdn.3pid.example. A".to_owned()));
    let addresses = outcome.sent.iter().filter(|sent| sent.contains(" AAAA")).count();
    assert_eq!(addresses, 0, "one address is enough");
}

/// Nobody below the configured roots can tell its address: who operates the zone is told.
#[test]
fn a_server_named_outside_the_roots() {
    let records = to_elsewhere("ns.example.net.");
    let outcome = delegating(&records).ask(&format!("{EMAIL} ASSOC"));
    let (zone, server) = (name("example.com.email.3pid.example."), name("ns.example.net."));
    assert_eq!(*outcome.cause(), Cause::ServerOutsideRoots { zone, server });
    assert_eq!(outcome.cause().extended_error().code, EdeCode::NO_REACHABLE_AUTHORITY);
    // Where others can be found, they count.
    let records = records + &to_elsewhere("ns.example.com.email");
    let silent = records.clone() + "ns.example.com.email A 192.0.2.11";
    let outcome = delegating(&silent).ask(&format!("{EMAIL} ASSOC"));
    let zone = name("example.com.email.3pid.example.");
    assert_eq!(*outcome.cause(), Cause::Unreachable(zone));
    let good = records + "ns.example.com.email A 192.0.2.10";
    let outcome = delegating(&good).ask(&format!("{EMAIL} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
}

#[test]
fn servers_that_wait_for_each_other_are_given_up() {
    let mut world = delegating("x A 192.0.2.1");
    world.alter("192.0.2.1", |asked, message| {
        let refer = |message: &mut Message, cut: &str, server: &str| {
            message.flags.authoritative = false;
            message.rcode = Rcode::NOERROR;
            message.answer.clear();
            message.authority = vec![ns(cut, server)];
            message.additional.clear();
        };
        if asked.contains("example.com.email") {
            refer(message, "example.com.email.3pid.example.", "ns.example.org.email.3pid.example.");
        } else if asked.contains("example.org.email") {
            refer(message, "example.org.email.3pid.example.", "ns.example.com.email.3pid.example.");
        } else if asked.contains("4.4.msisdn") {
            refer(message, "4.4.msisdn.3pid.example.", "ns.4.4.msisdn.3pid.example.");
        }
    });
    for question in [format!("{EMAIL} ASSOC"), format!("{PHONE} ASSOC")] {
        let outcome = world.ask(&question);
        assert!(matches!(outcome.cause(), Cause::Unreachable(_)), "{outcome:#?}");
        assert!(outcome.sent.len() < 30, "{:#?}", outcome.sent);
    }
}

#[test]
fn glue_from_outside_the_zone_is_not_believed() {
    let mut world = World::new(tree::policy(), NOW);
    world.put("192.0.2.1", authority(vec![tree::root_zone()]));
    world.alter("192.0.2.1", |asked, message| {
        if asked.contains("example.com.email") && !message.authority.is_empty() {
            message.authority.retain(|record| record.rtype != Rtype::NS);
            message.authority.push(ns("example.com.email.3pid.example.", "ns.other.example."));
            message.additional = vec![address("ns.other.example.", [192, 0, 2, 66])];
        }
    });
    let outcome = world.ask(&format!("{EMAIL} ASSOC"));
    assert!(outcome.sent.iter().all(|sent| !sent.starts_with("66:")), "{:#?}", outcome.sent);
}

/// Glue serves the delegation that it came with, and is not an answer to anyone.
#[test]
fn glue_is_no_answer() {
    let mut world = world();
    world.ask(&format!("{PHONE} ASSOC"));
    let outcome = world.ask("ns1.4.4.msisdn.3pid.example. A");
    assert!(outcome.sent.iter().any(|sent| sent.starts_with("4")), "{:#?}", outcome.sent);
}

#[test]
fn delegations_do_not_lead_into_this_machine() {
    let records = to_elsewhere("ns.example.com.email") + "ns.example.com.email A 127.0.0.1";
    let mut world = delegating(&records);
    world.put("127.0.0.1", authority(tree::domain_zones()));
    let outcome = world.ask(&format!("{EMAIL} ASSOC"));
    assert!(matches!(outcome.cause(), Cause::Unreachable(_)));
    assert!(outcome.sent.iter().all(|sent| sent.starts_with("1: ")), "{:#?}", outcome.sent);
}

/// The DS set may be missing in a referral: it is asked for.
#[test]
fn a_referral_without_ds_makes_nothing_insecure() {
    let mut world = world();
    world.alter("192.0.2.1", |asked, message| {
        if asked.ends_with(" A") {
            message
                .authority
                .retain(|record| record.rtype != Rtype::DS && record.rtype != Rtype::RRSIG);
        }
    });
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
    assert!(outcome.sent.contains(&"1: 4.4.msisdn.3pid.example. DS".to_owned()));
}

/// After its time a delegation is looked for at the parent, whatever the child says.
#[test]
fn a_delegation_ends_when_the_parent_said() {
    let mut world = world();
    world.ask(&format!("{PHONE} ASSOC"));
    world.pass(3601);
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert!(outcome.sent.iter().any(|sent| sent.starts_with("1: ")), "{:#?}", outcome.sent);
}

/// The zone moves while its delegation is remembered: the old servers are off, or no longer know it.
#[test]
fn a_zone_that_moved_is_found_again() {
    let lame: fn() -> Server = || scripted(|_, message| message.rcode = Rcode::REFUSED);
    for gone in [dead, lame] {
        let mut world = world();
        world.ask(&format!("{EMAIL} ASSOC"));
        world.put("192.0.2.10", gone());
        let records = to_elsewhere("ns.example.com.email") + "ns.example.com.email A 192.0.2.11";
        world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, &records)]));
        world.put("192.0.2.11", authority(tree::domain_zones()));
        let early = world.ask("www.example.com.email.3pid.example. A");
        assert!(early.response.failure.is_some(), "the delegation is of today");
        world.pass(60);
        let outcome = world.ask("www.example.com.email.3pid.example. A");
        assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    }
}

/// The old servers still have an old zone, and there are more of them than are asked for one RRset.
#[test]
fn a_zone_that_moved_away_from_many_servers_is_found_again() {
    let com = "example.com.email.3pid.example.";
    let many = (["10", "12", "13", "14"]).map(|last| format!("ns{last}.example.com.email"));
    let old: String = many
        .iter()
        .map(|ns| format!("example.com.email NS {ns}\n{ns} A 192.0.2.{}\n", &ns[2..4]))
        .collect();
    let old = format!("{old}\nexample.com.email {}", tree::ds(com));
    let new = to_elsewhere("ns.example.com.email") + "ns.example.com.email A 192.0.2.11";
    for (checking, question, pause) in [
        (Checking::Enabled, "www.example.com.email.3pid.example. A".to_owned(), 60),
        // The delegation is younger than the DS set, but no server has the keys that it stands for.
        (Checking::Disabled, format!("{EMAIL} ASSOC"), 0),
    ] {
        let mut world = delegating(&old);
        for last in ["10", "12", "13", "14"] {
            world.put(&format!("192.0.2.{last}"), authority(tree::domain_zones()));
        }
        let first = world.resolve(&format!("{EMAIL} ASSOC"), checking);
        assert_eq!(first.response.failure, None);
        for last in ["10", "12", "13", "14"] {
            world.alter(&format!("192.0.2.{last}"), |_, message| {
                for record in message.answer.iter_mut().filter(|set| set.rtype == Rtype::RRSIG) {
                    let mut octets = record.rdata.octets().to_vec();
                    *octets.last_mut().unwrap() ^= 1;
                    record.rdata = Rdata::new(octets).unwrap();
                }
            });
        }
        world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, &new)]));
        world.put("192.0.2.11", authority(tree::domain_zones()));
        world.pass(pause);
        let outcome = world.ask(&question);
        assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    }
}

fn ns(cut: &str, server: &str) -> Record {
    record(cut, Rtype::NS, name(server).as_wire().to_vec())
}

fn address(owner: &str, octets: [u8; 4]) -> Record {
    record(owner, Rtype::A, octets.to_vec())
}

fn record(owner: &str, rtype: Rtype, rdata: Vec<u8>) -> Record {
    let rdata = Rdata::new(rdata).unwrap();
    Rrset::single(name(owner), rtype, Ttl::from_secs(300), rdata).records().next().unwrap()
}
