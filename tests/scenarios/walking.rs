//! The way down the tree: what is asked, of whom.

use threepid::dnssec::Security;
use threepid::resolver::{Cause, Kind};
use threepid::wire::{EdeCode, Rcode, Rtype, Unaskable};

use super::net::watched;
use super::tree::{self, EMAIL, PHONE, PORTED, authority, root_zone, world};

#[test]
fn a_phone_number_is_found_digit_by_digit() {
    let mut world = world();
    let (server, seen) = watched(authority(vec![root_zone()]));
    world.put("192.0.2.1", server);
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
    // The root is shown the country and nothing more.
    assert_eq!(
        *seen.borrow(),
        [
            "msisdn.3pid.example. A",
            "4.msisdn.3pid.example. A",
            "4.4.msisdn.3pid.example. A",
            "3pid.example. DNSKEY",
        ]
    );
    assert_eq!(outcome.sent.len(), 9, "{:#?}", outcome.sent);
}

#[test]
fn a_neighbour_costs_less() {
    let mut world = world();
    world.ask(&format!("{PHONE} ASSOC"));
    let neighbour = PHONE.replacen('3', "4", 1);
    let outcome = world.ask(&format!("{neighbour} ASSOC"));
    assert_eq!(outcome.response.kind, Some(Kind::NoData));
    assert_eq!(outcome.response.security, Security::Secure);
    assert_eq!(outcome.sent.len(), 1, "{:#?}", outcome.sent);
}

#[test]
fn a_ported_number_is_found_at_its_last_digit() {
    let mut world = world();
    let outcome = world.ask(&format!("{PORTED} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
    let last: Vec<_> = outcome.sent.iter().filter(|sent| sent.starts_with("99:")).collect();
    assert_eq!(last, [&format!("99: {PORTED} ASSOC"), &format!("99: {PORTED} DNSKEY")]);
}

#[test]
fn an_email_address_is_found() {
    let mut world = world();
    let outcome = world.ask(&format!("{EMAIL} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
    assert!(outcome.sent.iter().all(|sent| !(sent.starts_with("1:") && sent.contains("_at"))));
}

/// Two zones at one server: there is no referral from one to the other, so that the signer tells.
#[test]
fn a_zone_at_its_sisters_server_is_found_and_proved() {
    let mut world = world();
    world.ask(&format!("{EMAIL} ASSOC"));
    let outcome = world.ask("www.hosted.email.3pid.example. TXT");
    assert_eq!(outcome.response.security, Security::Secure);
    let mut together = super::tree::domain_zones();
    together.push(root_zone());
    world.put("192.0.2.1", authority(together));
    world.forget();
    let outcome = world.ask("www.hosted.email.3pid.example. TXT");
    assert_eq!(outcome.response.security, Security::Secure);
    assert!(outcome.sent.iter().all(|sent| sent.starts_with("1:")), "{:#?}", outcome.sent);
}

#[test]
fn names_outside_all_roots_are_refused() {
    let mut world = world();
    for question in ["example. A", "3pid.example. DS", "x3pid.example. ASSOC"] {
        let outcome = world.ask(question);
        assert!(matches!(outcome.cause(), Cause::OutsideRoots(_)), "{question}");
        assert_eq!(outcome.cause().rcode(), Rcode::REFUSED);
        assert_eq!(outcome.sent.len(), 0);
    }
}

#[test]
fn some_types_cannot_be_asked_for() {
    let mut world = world();
    let mut refused = |rtype: &str| world.ask(&format!("3pid.example. {rtype}")).cause().clone();
    assert_eq!(refused("NXNAME").rcode(), Rcode::FORMERR);
    assert_eq!(refused("NXNAME").extended_error().code, EdeCode::INVALID_QUERY_TYPE);
    assert_eq!(refused("AXFR"), Cause::Unaskable(Rtype::AXFR, Unaskable::Transfer));
    assert_eq!(refused("MAILA"), Cause::Unaskable(Rtype::MAILA, Unaskable::Mail));
    assert_eq!(refused("OPT"), Cause::Unaskable(Rtype::OPT, Unaskable::Meta));
}

/// The deepest tree there can be for a number: every digit is a zone of its own, signed, elsewhere.
#[test]
fn a_zone_for_each_digit() {
    let mut world = super::tree::world();
    let labels: Vec<&str> = PHONE.trim_end_matches(".msisdn.3pid.example.").split('.').collect();
    let apex = |digits: usize| match digits {
        0 => "3pid.example.".to_owned(),
        _ => labels[labels.len() - digits..].join(".") + ".msisdn.3pid.example.",
    };
    for digits in 0..=labels.len() {
        let (zone, server) = (apex(digits), digits + 100);
        let records = if digits == labels.len() {
            format!("@ {}", tree::association("deep"))
        } else {
            let below = apex(digits + 1);
            let ds = tree::ds(&below);
            format!("{below} NS ns.{below}\n{below} {ds}\nns.{below} A 192.0.2.{}", server + 1)
        };
        let zone = tree::zone(&zone, &server.to_string(), true, &records);
        let address = if digits == 0 { 1 } else { server };
        world.put(&format!("192.0.2.{address}"), authority(vec![zone]));
    }
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
    // The number is asked for at each zone once, and each zone's keys.
    assert!(outcome.sent.len() <= 2 * 13 + 1, "{:#?}", outcome.sent);
}
