//! Asking one resolver, and judging what it says.

use threepid::dnssec::Security;
use threepid::resolver::{Forward, Kind, Policy, Request};
use threepid::wire::{EdeCode, Message, Query, Rdata, Rtype};

use super::net::{Server, World, dead, scripted};
use super::tree::{self, EMAIL, NOW, PERSON, PHONE, UNSIGNED, policy, root, world};

/// A resolver that walks the tree, as a server.
fn resolver() -> Server {
    let mut inner = world();
    Box::new(move |incoming| {
        let query = Query::parse(incoming.octets).unwrap();
        let request = Request::of(&query);
        assert!(query.recursion_desired && request.checking_disabled && request.dnssec_ok);
        inner.now = incoming.now;
        let outcome = inner.resolve(&incoming.asked(), request.checking());
        vec![outcome.response.to_message(&query, &request).encode()]
    })
}

/// A client of this resolver.
fn client(resolver: Server) -> World {
    let resolvers = vec!["198.51.100.53:53".parse().unwrap()];
    let forwards = vec![Forward { zone: root().apex, resolvers }];
    let mut world = World::new(Policy { forwards, ..policy() }, NOW);
    world.put("198.51.100.53", resolver);
    world
}

#[test]
fn a_client_proves_by_itself() {
    let mut client = client(resolver());
    for question in [
        format!("{PHONE} ASSOC"),
        format!("{EMAIL} ASSOC"),
        "far.3pid.example. ASSOC".to_owned(),
        format!("{PERSON}._at.moved.3pid.example. ASSOC"),
    ] {
        let outcome = client.ask(&question);
        assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
        assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
    }
    let absent = client.ask(&format!("9{} ASSOC", &PHONE[1..]));
    assert_eq!(absent.response.kind, Some(Kind::NoData));
    assert_eq!(absent.response.security, Security::Secure);
    let nothing = client.ask("nothing.3pid.example. A");
    assert_eq!(nothing.response.kind, Some(Kind::CompactNameError));
    assert_eq!(nothing.response.security, Security::Secure);
}

/// The resolver sends the alias of one zone and the denial of another.
#[test]
fn a_client_proves_that_an_alias_leads_to_nothing() {
    for (question, kind) in [
        ("nobody.moved.3pid.example. TXT", Kind::CompactNameError),
        ("www.moved.3pid.example. TXT", Kind::NoData),
    ] {
        let outcome = client(resolver()).ask(question);
        assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
        assert_eq!(outcome.response.kind, Some(kind));
    }
}

#[test]
fn a_client_needs_the_whole_chain_once() {
    let mut client = client(resolver());
    let sent = client.ask(&format!("{PHONE} ASSOC")).sent;
    assert_eq!(
        sent,
        [
            format!("53: {PHONE} ASSOC"),
            "53: 4.4.msisdn.3pid.example. DS".to_owned(),
            "53: 3pid.example. DNSKEY".to_owned(),
            "53: 4.4.msisdn.3pid.example. DNSKEY".to_owned(),
        ]
    );
    assert_eq!(client.ask(&format!("4{} ASSOC", &PHONE[1..])).sent.len(), 1);
}

#[test]
fn a_client_proves_that_a_zone_is_unsigned() {
    let mut client = client(resolver());
    let found = client.ask(&format!("{UNSIGNED} ASSOC"));
    assert_eq!(found.response.security, Security::Insecure, "{found:#?}");
    assert_eq!(found.data(Rtype::ASSOC).len(), 1);
    let absent = client.ask("nothing.example.org.email.3pid.example. TXT");
    assert_eq!(absent.response.kind, Some(Kind::NameError));
    assert_eq!(absent.response.security, Security::Insecure);
}

/// A resolver that lies: it takes the signatures out, or puts its own data in.
#[test]
fn a_client_does_not_believe_its_resolver() {
    type Change = fn(&str, &mut Message);
    let strip: Change = |_, message| {
        message.answer.retain(|record| record.rtype != Rtype::RRSIG);
        message.authority.retain(|record| !matches!(record.rtype, Rtype::RRSIG | Rtype::NSEC));
    };
    let strip_all_but_keys: Change = |asked, message| {
        if !asked.ends_with("DNSKEY") {
            message.answer.retain(|record| record.rtype != Rtype::RRSIG);
            message.authority.clear();
        }
    };
    let replace: Change = |_, message| {
        for record in message.answer.iter_mut().filter(|record| record.rtype == Rtype::ASSOC) {
            record.rdata = Rdata::new(vec![0; 8]).unwrap();
        }
    };
    for change in [strip, strip_all_but_keys, replace] {
        let mut client = client(resolver());
        client.alter("198.51.100.53", change);
        let outcome = client.ask(&format!("{PHONE} ASSOC"));
        assert_eq!(outcome.response.security, Security::Bogus, "{outcome:#?}");
    }
}

#[test]
fn a_resolver_that_fails() {
    let mut refusing = client(scripted(|_, message| {
        message.rcode = threepid::wire::Rcode::REFUSED;
    }));
    let outcome = refusing.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.cause().extended_error().code, EdeCode::NETWORK_ERROR);
    let mut silent = client(super::net::dead());
    let outcome = silent.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.cause().extended_error().code, EdeCode::NO_REACHABLE_AUTHORITY);
    assert_eq!(outcome.sent.len(), 3);
}

/// Names outside all trees are taken from whoever is asked for them; nothing proves them.
#[test]
fn what_lies_in_no_tree_is_insecure() {
    let resolvers = vec!["198.51.100.53:53".parse().unwrap()];
    let forwards = vec![Forward { zone: root().apex.parent().unwrap(), resolvers }];
    let mut world = World::new(Policy { forwards, roots: Vec::new(), ..policy() }, NOW);
    world.put("198.51.100.53", resolver());
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.response.security, Security::Insecure);
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
    assert_eq!(outcome.sent.len(), 1);
}

/// What is forwarded is a part of a zone: its denials have the SOA of that zone, further up.
#[test]
fn what_is_forwarded_need_not_be_a_zone() {
    for (zone, name, security) in [
        ("wild.3pid.example.", "a.wild.3pid.example. A", Security::Secure),
        (
            "b.example.org.email.3pid.example.",
            "a.b.example.org.email.3pid.example. A",
            Security::Insecure,
        ),
    ] {
        let resolvers = vec!["198.51.100.53:53".parse().unwrap()];
        let forwards = vec![Forward { zone: zone.parse().unwrap(), resolvers }];
        let mut world = tree::world();
        world.policy().forwards = forwards;
        world.put("198.51.100.53", resolver());
        let outcome = world.ask(name);
        assert_eq!(
            (&outcome.response.failure, outcome.response.security),
            (&None, security),
            "{outcome:?}"
        );
        assert!(outcome.sent[0].starts_with("53: "), "{outcome:?}");
    }
}

/// It may have to walk far, however quick it is with what it knows.
#[test]
fn a_resolver_gets_time() {
    let mut client = client(resolver());
    for number in 0..20 {
        client.ask(&format!("n{number}.3pid.example. TXT"));
    }
    client.put("198.51.100.53", dead());
    let before = client.now;
    let outcome = client.ask("here.3pid.example. TXT");
    assert!(client.now.since(before) >= std::time::Duration::from_secs(6), "{outcome:?}");
}
