//! Trees in one another, and zones beside what their parents say of them: a DS set is the parent's, and
//! nothing else at the name is.

use threepid::dnssec::Security;
use threepid::resolver::{Checking, Forward, Kind, Policy, Root};
use threepid::wire::{DigestType, Rdata, Rrset, Rtype, Ttl};

use super::net::{World, name};
use super::tree::{self, NOW, authority, key, zone};

fn root(apex: &str, server: &str) -> Root {
    let anchors = vec![key(apex).ds(DigestType::SHA256).unwrap()];
    Root { apex: name(apex), servers: vec![server.parse().unwrap()], anchors }
}

/// A tree at `3pid.example.` inside one at `.`, which has these records.
fn nested(outer: &str) -> World {
    let roots = vec![root(".", "192.0.2.1"), root("3pid.example.", "192.0.2.2")];
    let mut world = World::new(Policy { roots, ..tree::policy() }, NOW);
    let outer = format!("www.com TXT \"outer\"\n{outer}");
    world.put("192.0.2.1", authority(vec![zone(".", "1", true, &outer)]));
    let inner = zone("3pid.example.", "2", true, "@ TXT \"inner\"\nto CNAME @");
    world.put("192.0.2.2", authority(vec![inner]));
    world
}

/// What the outer tree says of the name of the inner one's apex, in each way to say it.
#[test]
fn the_tree_outside_does_not_speak_for_the_tree_inside() {
    for (outer, kind) in [
        ("", Kind::CompactNameError),
        ("a.3pid.example TXT \"a\"", Kind::NoData),
        ("3pid.example CNAME www.com", Kind::NoData),
    ] {
        let mut world = nested(outer);
        let ds = world.ask("3pid.example. DS").response;
        assert_eq!((ds.kind, ds.security), (Some(kind), Security::Secure), "{outer}");
        for (question, kind) in [
            ("3pid.example. TXT", Kind::Data),
            ("3pid.example. SOA", Kind::Data),
            ("3pid.example. DNSKEY", Kind::Data),
            ("3pid.example. MX", Kind::NoData),
            ("to.3pid.example. TXT", Kind::Data),
        ] {
            let outcome = world.ask(question).response;
            assert_eq!(
                (outcome.kind, outcome.security),
                (Some(kind), Security::Secure),
                "{question}"
            );
        }
    }
}

#[test]
fn the_tree_inside_does_not_speak_for_the_tree_outside() {
    let mut world = nested("");
    world.ask("3pid.example. MX");
    assert_eq!(world.ask("3pid.example. DS").response.kind, Some(Kind::CompactNameError));
}

/// A name that only the resolvers of an organisation know, in a part of the public tree that is not
/// signed.
#[test]
fn the_parent_does_not_speak_for_what_is_forwarded() {
    let resolvers = vec!["198.51.100.53:53".parse().unwrap()];
    let forwards = vec![Forward { zone: name("corp.example."), resolvers }];
    let roots = vec![root(".", "192.0.2.1")];
    let mut world = World::new(Policy { roots, forwards, ..tree::policy() }, NOW);
    let top = zone(".", "1", true, "example NS ns.example\nns.example A 192.0.2.3");
    world.put("192.0.2.1", authority(vec![top]));
    let example = zone("example.", "3", false, "www TXT \"public\"");
    world.put("192.0.2.3", authority(vec![example]));
    let corp = zone("corp.example.", "9", false, "@ TXT \"here\"\nwww A 192.0.2.9");
    world.put("198.51.100.53", authority(vec![corp]));
    for question in ["www.corp.example. A", "corp.example. TXT", "corp.example. SOA"] {
        let outcome = world.ask(question).response;
        assert_eq!(
            (outcome.kind, outcome.security),
            (Some(Kind::Data), Security::Insecure),
            "{question}"
        );
    }
}

#[test]
fn the_root_does_not_speak_for_names_that_nobody_is_asked_about() {
    let roots = vec![root(".", "192.0.2.1")];
    let mut world = World::new(Policy { roots, ..tree::policy() }, NOW);
    world.put("192.0.2.1", authority(vec![zone(".", "1", true, "")]));
    world.ask("10.in-addr.arpa. DS");
    let outcome = world.ask("10.in-addr.arpa. SOA");
    assert_eq!(outcome.response.kind, Some(Kind::Data), "{outcome:#?}");
}

/// A zone with a CNAME at its apex, as many have against RFC 1912 section 2.4. Asked for by someone who
/// does not check, it is remembered unjudged.
#[test]
fn an_alias_at_an_apex_says_nothing_of_its_ds() {
    for signed in [true, false] {
        let roots = vec![root("3pid.example.", "192.0.2.1")];
        let mut world = World::new(Policy { roots, ..tree::policy() }, NOW);
        let top = "parent NS ns.parent\nns.parent A 192.0.2.2";
        let ds = format!("parent {}", tree::ds("parent.3pid.example."));
        let top = [top, if signed { &ds } else { "" }].join("\n");
        world.put("192.0.2.1", authority(vec![zone("3pid.example.", "1", true, &top)]));
        let parent = "sub NS ns.sub\nns.sub A 192.0.2.3\nwww TXT \"target\"";
        let parent = zone("parent.3pid.example.", "2", signed, parent);
        world.put("192.0.2.2", authority(vec![parent]));
        let sub = zone("sub.parent.3pid.example.", "3", false, "www A 192.0.2.9");
        world.put("192.0.2.3", authority(vec![sub]));
        world.alter("192.0.2.3", |asked, reply| {
            if asked.starts_with("sub.") && !asked.ends_with("DS") {
                let target = Rdata::new(name("www.parent.3pid.example.").as_wire().to_vec());
                let owner = name("sub.parent.3pid.example.");
                let alias =
                    Rrset::single(owner, Rtype::CNAME, Ttl::from_secs(86_400), target.unwrap());
                reply.answer = alias.records().collect();
                reply.authority.clear();
            }
        });
        let unchecked = world.resolve("sub.parent.3pid.example. TXT", Checking::Disabled);
        assert_eq!(unchecked.response.failure, None);
        for _ in 0..2 {
            let alias = world.ask("sub.parent.3pid.example. TXT").response;
            assert_eq!((alias.failure, alias.security), (None, Security::Insecure));
            let below = world.ask("www.sub.parent.3pid.example. A").response;
            assert_eq!((below.failure, below.security), (None, Security::Insecure));
            // The denial of the DS set runs out, the alias does not.
            world.pass(4000);
        }
    }
}
