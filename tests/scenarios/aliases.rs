//! Aliases, within a zone and across zones.

use threepid::dnssec::Security;
use threepid::resolver::{Cause, Kind, Work};
use threepid::wire::{EdeCode, Rcode, Rtype};

use super::net::{name, scripted};
use super::tree::{self, PERSON, authority, world};

#[test]
fn an_alias_in_the_same_zone() {
    let outcome = world().ask("here.3pid.example. TXT");
    assert_eq!(outcome.response.security, Security::Secure);
    let types: Vec<Rtype> = outcome.response.answer.iter().map(|set| set.rrset.rtype).collect();
    assert_eq!(types, [Rtype::CNAME, Rtype::TXT]);
}

#[test]
fn who_asks_for_the_alias_gets_the_alias() {
    let mut world = world();
    for _ in 0..2 {
        let outcome = world.ask("here.3pid.example. CNAME");
        assert_eq!(outcome.response.answer.len(), 1);
        assert_eq!(outcome.data(Rtype::CNAME).len(), 1);
    }
    assert_eq!(world.ask("here.3pid.example. TXT").response.answer.len(), 2);
}

#[test]
fn an_alias_into_another_zone() {
    let outcome = world().ask("far.3pid.example. ASSOC");
    assert_eq!(outcome.response.security, Security::Secure);
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
}

#[test]
fn a_chain_is_as_strong_as_its_weakest_link() {
    let outcome = world().ask("weak.3pid.example. ASSOC");
    assert_eq!(outcome.response.security, Security::Insecure);
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
}

#[test]
fn a_redirected_subtree() {
    let mut world = world();
    for _ in 0..2 {
        let outcome = world.ask(&format!("{PERSON}._at.moved.3pid.example. ASSOC"));
        assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
        let types: Vec<Rtype> = outcome.response.answer.iter().map(|set| set.rrset.rtype).collect();
        assert_eq!(types, [Rtype::DNAME, Rtype::CNAME, Rtype::ASSOC]);
    }
    assert_eq!(world.ask("moved.3pid.example. DNAME").data(Rtype::DNAME).len(), 1);
}

/// The CNAME made from the DNAME has no signature of its own, and is not all there is at the name.
#[test]
fn who_asks_for_all_is_redirected() {
    let outcome = world().ask("www.moved.3pid.example. ANY");
    assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    assert_eq!(outcome.data(Rtype::DNAME).len(), 1);
    assert_eq!(outcome.data(Rtype::A).len(), 1);
}

#[test]
fn a_redirection_can_make_a_name_too_long() {
    let mut world = world();
    let label = "a".repeat(63);
    let long = format!("{label}.{label}.{label}.{}.moved.3pid.example.", "b".repeat(40));
    for _ in 0..2 {
        let outcome = world.ask(&format!("{long} A"));
        assert_eq!(outcome.cause(), &Cause::AliasTooLong(name(&long)));
        assert_eq!(outcome.cause().rcode(), Rcode::YXDOMAIN);
        // So that the client can tell by itself (RFC 6672 section 2.2).
        assert_eq!(outcome.response.security, Security::Secure);
        let sets = &outcome.response.answer;
        assert_eq!((sets.len(), sets[0].rrset.rtype), (1, Rtype::DNAME));
    }
    let mut forged = self::world();
    forged.alter("192.0.2.1", |_, message| {
        message.answer.retain(|record| record.rtype != Rtype::RRSIG);
    });
    let outcome = forged.ask(&format!("{long} A"));
    assert!(outcome.cause().is_bogus(), "{outcome:#?}");
}

#[test]
fn aliases_in_a_circle_end() {
    let outcome = world().ask("loop.3pid.example. TXT");
    assert_eq!(*outcome.cause(), Cause::Exhausted(Work::Aliases));
    assert!(outcome.sent.len() < 10, "the second round is from the cache: {:#?}", outcome.sent);
}

#[test]
fn an_alias_out_of_all_trees_cannot_be_followed() {
    let outcome = world().ask("out.3pid.example. TXT");
    assert_eq!(*outcome.cause(), Cause::AliasOutsideRoots(name("www.example.net.")));
    assert_eq!(outcome.cause().rcode(), Rcode::SERVFAIL);
    assert_eq!(outcome.cause().extended_error().code, EdeCode::NOT_AUTHORITATIVE);
}

/// Both zones at one server, which follows the alias and adds what denies its target.
#[test]
fn an_alias_into_a_zone_beside_that_denies() {
    let mut world = world();
    let mut zones = tree::domain_zones();
    zones.push(tree::root_zone());
    world.put("192.0.2.1", authority(zones));
    for (question, kind) in [
        ("nobody.moved.3pid.example. TXT", Kind::CompactNameError),
        ("www.moved.3pid.example. TXT", Kind::NoData),
    ] {
        let outcome = world.ask(question);
        assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
        assert_eq!(outcome.response.kind, Some(kind));
    }
}

#[test]
fn an_alias_to_nothing() {
    let mut world = world();
    world.put(
        "192.0.2.20",
        scripted(|incoming, message| {
            if incoming.asked().ends_with(" TXT") {
                message.rcode = Rcode::NXDOMAIN;
            }
        }),
    );
    let outcome = world.ask("weak.3pid.example. TXT");
    assert_eq!(outcome.response.kind, Some(Kind::NameError));
    assert_eq!(outcome.response.answer.len(), 1);
}
