//! What an operator can choose.

use threepid::dnssec::Security;
use threepid::resolver::{Cause, Families, Forward};
use threepid::wire::{Rtype, Ttl};

use super::net::{World, name, scripted};
use super::tree::{self, EMAIL, PERSON, UNSIGNED, authority, world};

/// The tree where what `example.com.email` says is forged.
fn forged() -> World {
    let mut world = world();
    world.alter("192.0.2.10", |_, reply| {
        for record in reply.answer.iter_mut().filter(|record| record.rtype == Rtype::RRSIG) {
            let mut octets = record.rdata.octets().to_vec();
            *octets.last_mut().unwrap() ^= 1;
            record.rdata = threepid::wire::Rdata::new(octets).unwrap();
        }
    });
    world
}

#[test]
fn below_a_negative_anchor_nothing_is_judged() {
    let question = format!("{EMAIL} ASSOC");
    assert_eq!(forged().ask(&question).response.security, Security::Bogus);
    for anchor in ["example.com.email.3pid.example.", "email.3pid.example.", "3pid.example."] {
        let mut world = forged();
        world.policy().negative_anchors = vec![name(anchor)];
        let outcome = world.ask(&question);
        assert_eq!(outcome.response.security, Security::Insecure, "{anchor}");
        assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
    }
    // Not the apex of a zone.
    let mut world = forged();
    world.policy().negative_anchors = vec![name("_at.example.com.email.3pid.example.")];
    assert_eq!(world.ask(&question).response.security, Security::Insecure);
    let mut world = forged();
    world.policy().negative_anchors = vec![name("example.org.email.3pid.example.")];
    assert_eq!(world.ask(&question).response.security, Security::Bogus);
    assert_eq!(world.ask("here.3pid.example. TXT").response.security, Security::Secure);
}

/// A tree of which one zone is served at IPv6 alone, and one at the address given.
fn of_both_families(address: &str) -> World {
    let uk = tree::ds("4.4.msisdn.3pid.example.");
    let com = tree::ds("example.com.email.3pid.example.");
    let records = format!(
        "4.4.msisdn NS ns.4.4.msisdn
         4.4.msisdn {uk}
         ns.4.4.msisdn AAAA 2001:db8::44
         example.com.email NS host.4.4.msisdn
         example.com.email {com}"
    );
    let mut world = world();
    world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, &records)]));
    let host = format!("host A {address}\nhost AAAA 2001:db8::10");
    let uk = tree::zone("4.4.msisdn.3pid.example.", "44", true, &host);
    world.put("2001:db8::44", authority(vec![uk]));
    world.put("2001:db8::10", authority(tree::domain_zones()));
    world
}

#[test]
fn one_family_of_addresses_may_have_to_do() {
    let question = format!("{EMAIL} ASSOC");
    let both = of_both_families("192.0.2.10").ask(&question);
    assert_eq!(both.response.security, Security::Secure);

    let mut world = of_both_families("192.0.2.10");
    world.policy().families = Families::Ipv4;
    let outcome = world.ask(&question);
    assert!(matches!(outcome.cause(), Cause::Unreachable(_)), "{outcome:?}");
    assert!(!outcome.sent.iter().any(|sent| sent.contains("2001:") || sent.contains("AAAA")));

    let mut world = of_both_families("192.0.2.10");
    world.policy().families = Families::Ipv6;
    let root = "2001:db8::1".parse().unwrap();
    world.policy().roots[0].servers.push(root);
    world.put("2001:db8::1", {
        let records = format!(
            "example.com.email NS ns.example.com.email
             example.com.email {}
             ns.example.com.email A 192.0.2.10
             ns.example.com.email AAAA 2001:db8::10",
            tree::ds("example.com.email.3pid.example.")
        );
        authority(vec![tree::zone("3pid.example.", "1", true, &records)])
    });
    let outcome = world.ask(&question);
    assert_eq!(outcome.response.security, Security::Secure, "{outcome:?}");
    assert!(outcome.sent.iter().all(|sent| sent.starts_with("2001:db8::")), "{outcome:?}");
}

#[test]
fn some_networks_are_not_asked() {
    let question = format!("{EMAIL} ASSOC");
    let mut world = of_both_families("198.51.100.10");
    world.put("198.51.100.10", scripted(|_, _| panic!("it is asked")));
    world.policy().do_not_query = vec!["198.51.100.0/24".parse().unwrap()];
    assert_eq!(world.ask(&question).response.security, Security::Secure);

    let mut world = tree::world();
    world.policy().do_not_query = vec!["192.0.2.8/29".parse().unwrap()];
    let outcome = world.ask(&question);
    assert!(matches!(outcome.cause(), Cause::Unreachable(_)), "glue is obeyed: {outcome:?}");
    world.policy().do_not_query = vec!["192.0.2.1".parse().unwrap()];
    let outcome = world.ask("here.3pid.example. TXT");
    assert_eq!(outcome.response.security, Security::Secure, "the operator named it");
}

/// How often the only server of an unsigned zone is asked for data with this TTL within 100 s, once
/// each second.
fn asked_in_100s(change: impl Fn(&mut World), question: &str) -> usize {
    let mut world = world();
    let records = [
        "short 5 TXT \"a\"",
        "long 1d TXT \"b\"",
        &format!("{PERSON}._at 5 {}", tree::association("eve")),
    ];
    let zone = tree::zone("example.org.email.3pid.example.", "20", false, &records.join("\n"));
    world.put("192.0.2.20", authority(vec![zone]));
    change(&mut world);
    let mut asked = 0;
    for _ in 0..100 {
        let outcome = world.ask(question);
        assert_eq!(outcome.response.security, Security::Insecure, "{outcome:?}");
        asked += outcome.sent.iter().filter(|sent| sent.contains(question)).count();
        world.pass(1);
    }
    asked
}

#[test]
fn ttls_have_a_floor_and_a_ceiling() {
    let floor = |world: &mut World| world.limit(|limits| limits.least_ttl = Ttl::from_secs(50));
    let ceiling = |world: &mut World| world.limit(|limits| limits.answer_ttl = Ttl::from_secs(10));
    let [short, long, none] = ["short", "long", "none"]
        .map(|label| format!("{label}.example.org.email.3pid.example. TXT"));
    assert_eq!(asked_in_100s(|_| (), &short), 20);
    assert_eq!(asked_in_100s(floor, &short), 2);
    assert_eq!(asked_in_100s(|_| (), &long), 1);
    assert_eq!(asked_in_100s(ceiling, &long), 10);
    assert_eq!(asked_in_100s(|_| (), &none), 2, "a minute");
    let statement = format!("{UNSIGNED} ASSOC");
    assert_eq!(asked_in_100s(floor, &statement), 20, "it has to be gone in time");
}

/// What is signed for 5 s is not kept for longer.
#[test]
fn no_floor_lifts_what_is_signed() {
    let mut world = world();
    world.limit(|limits| limits.least_ttl = Ttl::from_secs(50));
    let zone = tree::zone("3pid.example.", "1", true, "short 5 TXT \"a\"");
    world.put("192.0.2.1", authority(vec![zone]));
    let asked = |world: &mut World| world.ask("short.3pid.example. TXT").sent.len();
    assert!(asked(&mut world) > 0 && asked(&mut world) == 0);
    world.pass(5);
    assert_eq!(asked(&mut world), 1);
}

/// Resolvers of a part of a tree; what they say is judged.
#[test]
fn a_part_of_a_tree_is_forwarded() {
    let mut world = world();
    let resolvers = vec!["198.51.100.53:5353".parse().unwrap()];
    let zone = name("example.com.email.3pid.example.");
    world.policy().forwards = vec![Forward { zone, resolvers }];
    let mut inner = authority(tree::domain_zones());
    world.put(
        "198.51.100.53",
        Box::new(move |incoming| {
            assert!(
                incoming.query.flags.recursion_desired && incoming.query.flags.checking_disabled
            );
            inner(incoming)
        }),
    );
    let outcome = world.ask(&format!("{EMAIL} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    assert_eq!(outcome.sent[0], format!("53: {EMAIL} ASSOC"));
    assert!(outcome.sent.iter().any(|sent| sent.starts_with("1: ")), "the parent has the DS set");
    assert!(!outcome.sent.iter().any(|sent| sent.starts_with("10: ")));
}
