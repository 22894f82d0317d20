//! Answers put together from what was proved before (RFC 8198).

use threepid::crypto::{Random, SeededRandom};
use threepid::dnssec::Security;
use threepid::resolver::{Checking, Kind};
use threepid::wire::{Message, Rtype};

use super::classic::{Classic, Way};
use super::net::{Outcome, World, name};
use super::tree::{self, NOW, authority, full, zone};

const RECORDS: &str = "www A 192.0.2.2
    alias CNAME www
    a.b.ent TXT \"deep\"
    moved DNAME wild
    *.wild TXT \"any\"
    *.link CNAME www
    held.wild A 192.0.2.3
    off NS ns.off
    ns.off A 192.0.2.20
    safe NS ns.safe
    safe DS 1 15 2 0000000000000000000000000000000000000000000000000000000000000000
    ns.safe A 192.0.2.21";

/// Questions below the apex, each next to others that say something of it.
const QUESTIONS: [&str; 36] = [
    "nothing A",
    "nobody A",
    "nobody DS",
    "nobody ANY",
    "x.y.nobody A",
    "aaa A",
    "zzz A",
    "www TXT",
    "www AAAA",
    "www A",
    "www DS",
    "alias TXT",
    "alias CNAME",
    "b.ent A",
    "ent A",
    "ent DS",
    "c.ent A",
    "a.b.ent TXT",
    "x.wild A",
    "x.wild TXT",
    "y.wild TXT",
    "y.wild A",
    "y.wild DS",
    "a.wild TXT",
    "x.y.wild TXT",
    "*.wild TXT",
    "held.wild TXT",
    "held.wild A",
    "x.held.wild TXT",
    "x.link A",
    "y.link A",
    "x.moved TXT",
    "y.moved TXT",
    "off DS",
    "www.off A",
    "safe DS",
];

fn world(way: Way) -> World {
    let mut world = World::new(tree::policy(), NOW);
    world.put("192.0.2.1", Classic::new("3pid.example.", "1", way, RECORDS).server());
    let off = zone("off.3pid.example.", "20", false, "www A 192.0.2.7");
    world.put("192.0.2.20", authority(vec![off]));
    world
}

/// What a client learns of the answer.
fn told(outcome: &Outcome) -> (Option<Kind>, Security, Vec<String>) {
    let response = &outcome.response;
    let set = |set: &threepid::resolver::SignedRrset| {
        format!("{} {} {:?}", set.rrset.name, set.rrset.rtype, set.rrset.rdata)
    };
    let answer = response.answer.iter().map(set).collect();
    (response.kind.clone(), response.security, answer)
}

/// Whatever was asked before, in whatever way the zone denies.
#[test]
fn it_is_as_if_a_server_had_been_asked() {
    for way in Way::ALL {
        let mut sent = [0, 0];
        let turns = if way == Way::Nsec { 6 } else { 1 };
        for turn in (0..turns).map(|turn| turn * QUESTIONS.len() / turns) {
            let (mut world, mut plain) = (world(way), self::world(way));
            plain.policy().aggressive_nsec = false;
            let (before, after) = QUESTIONS.split_at(turn);
            for question in after.iter().chain(before).map(|question| full(question)) {
                let (outcome, expected) = (world.ask(&question), plain.ask(&question));
                assert_eq!(told(&outcome), told(&expected), "{way:?}: {question}");
                sent = [sent[0] + outcome.sent.len(), sent[1] + expected.sent.len()];
            }
        }
        let most = if way == Way::Nsec { sent[1] * 2 / 3 } else { sent[1] };
        assert!(sent[0] <= most, "{way:?}: {sent:?}");
    }
}

fn knowing(questions: &[&str]) -> World {
    let mut world = world(Way::Nsec);
    for question in questions {
        assert_eq!(world.ask(&full(question)).response.failure, None, "{question}");
    }
    world
}

#[test]
fn a_gap_denies_all_names_in_it() {
    let mut world = knowing(&["nothing A"]);
    let (first, second) = (world.ask(&full("nothing A")), world.ask(&full("nobody TXT")));
    assert!(second.sent.is_empty());
    assert_eq!(second.response.kind, Some(Kind::NameError));
    assert_eq!(second.response.security, Security::Secure);
    let sets = |outcome: &Outcome| {
        let sets = outcome.response.authority.iter();
        let mut sets: Vec<_> = sets.map(|set| (set.rrset.clone(), set.signatures.len())).collect();
        sets.sort_by_key(|(set, _)| (set.rtype.0, set.name.clone()));
        sets
    };
    assert_eq!(sets(&second), sets(&first), "the same proof, for as long");
}

/// What an operator has left unjudged is not told as proved, by whatever is at hand.
#[test]
fn below_a_negative_anchor_nothing_is_proved() {
    let mut world = knowing(&["nothing A"]);
    world.policy().negative_anchors = vec![name("nobody.3pid.example.")];
    for question in ["nobody TXT", "x.nobody A"] {
        let outcome = world.ask(&full(question));
        assert_eq!(outcome.response.kind, Some(Kind::NameError), "{question}");
        assert_eq!(outcome.response.security, Security::Insecure, "{question}");
    }
    assert_eq!(world.ask(&full("nobodies TXT")).response.security, Security::Secure);
}

#[test]
fn a_wildcard_stands_for_other_names_too() {
    let mut world = knowing(&["x.wild TXT", "x.link A"]);
    world.pass(20);
    let outcome = world.ask(&full("y.wild TXT"));
    assert!(outcome.sent.is_empty(), "{:?}", outcome.sent);
    let [set] = outcome.response.answer.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(set.rrset.name.to_string(), "y.wild.3pid.example.");
    assert_eq!((set.rrset.ttl.as_secs(), set.signatures.len()), (280, 1));
    let [proof] = outcome.response.authority.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((proof.rrset.rtype, proof.rrset.ttl.as_secs()), (Rtype::NSEC, 280));
    let alias = world.ask(&full("y.link A"));
    assert!(alias.sent.is_empty());
    assert_eq!(alias.data(Rtype::A), ["c0000202"]);
    assert!(!world.ask(&full("a.wild TXT")).sent.is_empty(), "another gap");
    assert!(world.ask(&full("*.wild TXT")).sent.is_empty(), "it is known itself, too");
}

#[test]
fn the_types_of_a_name_are_known_by_its_record() {
    let mut world = knowing(&["www TXT", "b.ent A", "off DS"]);
    for question in ["www AAAA", "www DS", "ent A", "ent DS"] {
        let outcome = world.ask(&full(question));
        assert_eq!(outcome.response.kind, Some(Kind::NoData), "{question}");
        assert!(outcome.sent.is_empty(), "{question}");
    }
    assert!(!world.ask(&full("www A")).sent.is_empty(), "it is there");
}

/// The parent's record of a delegation covers the names below in order, and says nothing of them.
#[test]
fn what_lies_below_a_delegation_is_not_denied() {
    let mut world = knowing(&["off DS", "nothing A"]);
    let outcome = world.ask(&full("www.off A"));
    assert_eq!(outcome.response.kind, Some(Kind::Data));
    assert_eq!(outcome.response.security, Security::Insecure);
    assert_eq!(world.ask(&full("off TXT")).response.security, Security::Insecure);
}

#[test]
fn what_is_over_proves_nothing() {
    let mut world = knowing(&["nothing A"]);
    world.pass(59);
    let outcome = world.ask(&full("nobody A"));
    assert!(outcome.sent.is_empty());
    assert!(outcome.response.authority.iter().all(|set| set.rrset.ttl.as_secs() == 1));
    world.pass(1);
    assert!(!world.ask(&full("nobody A")).sent.is_empty());
    let mut set_back = knowing(&["nothing A"]);
    set_back.now = NOW.saturating_sub(std::time::Duration::from_secs(10));
    assert!(!set_back.ask(&full("nobody A")).sent.is_empty());
}

/// Has the signature of each NSEC record be about another one.
fn forge(message: &mut Message) {
    for record in message.authority.iter_mut().filter(|record| record.rtype == Rtype::NSEC) {
        let mut octets = record.rdata.octets().to_vec();
        *octets.last_mut().unwrap() ^= 1;
        record.rdata = threepid::wire::Rdata::new(octets).unwrap();
    }
}

#[test]
fn only_what_was_proved_proves() {
    let mut lying = world(Way::Nsec);
    lying.alter("192.0.2.1", |_, message| forge(message));
    assert!(lying.ask(&full("nothing A")).cause().is_bogus());
    assert!(!lying.ask(&full("nobody A")).sent.is_empty(), "it was bogus");
    let mut unjudged = world(Way::Nsec);
    unjudged.resolve(&full("nothing A"), Checking::Disabled);
    assert!(!unjudged.ask(&full("nobody A")).sent.is_empty(), "nobody looked");
    let told = unjudged.resolve(&full("none A"), Checking::Disabled);
    assert!(told.sent.is_empty(), "what was proved serves who does not look, too");
    assert_eq!(told.response.kind, Some(Kind::NameError));
}

#[test]
fn it_is_switched_off_and_left_out_of_refreshing() {
    let mut world = knowing(&["nothing A"]);
    assert!(!world.refresh(&full("nobody A")).sent.is_empty());
    world.policy().aggressive_nsec = false;
    assert!(!world.ask(&full("none A")).sent.is_empty());
}

/// What our own authorities prove is of one name alone.
#[test]
fn denials_made_online_deny_no_other_name() {
    let mut world = tree::world();
    assert_eq!(world.ask("nothing.3pid.example. A").response.kind, Some(Kind::CompactNameError));
    let next = world.ask("a.nothing.3pid.example. A");
    assert!(!next.sent.is_empty());
    assert_eq!(world.ask("there.3pid.example. TXT").response.kind, Some(Kind::Data));
}

/// What a zone said before it delegated a name does not undo the delegation.
#[test]
fn a_known_delegation_is_not_denied() {
    let mut world = knowing(&["nothing A"]);
    let apex = "nobody.3pid.example.";
    let records = format!(
        "{RECORDS}\nnobody NS ns.nobody\nns.nobody A 192.0.2.30\nnobody 20 {}",
        tree::ds(apex)
    );
    world.put("192.0.2.1", Classic::new("3pid.example.", "1", Way::Nsec, &records).server());
    world.put(
        "192.0.2.30",
        authority(vec![zone(apex, "30", true, "www A 192.0.2.8\nftp A 192.0.2.9")]),
    );
    assert_eq!(world.refresh(&full("www.nobody A")).response.security, Security::Secure);
    world.pass(30);
    let outcome = world.ask(&full("ftp.nobody A"));
    assert_eq!(outcome.response.security, Security::Secure, "{:?}", outcome.response.failure);
}

/// Names are shown to nobody where it is known that they are not there.
#[test]
fn random_names_cost_little() {
    let hosts: Vec<String> = (0..50).map(|host| format!("{host:02x} A 192.0.2.9")).collect();
    let cost = |aggressive| {
        let mut world = World::new(tree::policy(), NOW);
        world.policy().aggressive_nsec = aggressive;
        let zone = Classic::new("3pid.example.", "1", Way::Nsec, &hosts.join("\n"));
        world.put("192.0.2.1", zone.server());
        let mut random = SeededRandom::new(7);
        let mut ask = |world: &mut World| {
            let question = format!("{:04x}zz.3pid.example. A", random.u16());
            let outcome = world.ask(&question);
            assert_eq!(outcome.response.kind, Some(Kind::NameError), "{question}");
            outcome.sent.len()
        };
        (0..1000).map(|_| ask(&mut world)).sum::<usize>()
    };
    let (with, without) = (cost(true), cost(false));
    println!("1,000 names that do not exist, in a zone of 50: {with} packets, else {without}");
    assert!(with <= 60 && without >= 950, "{with} {without}");
}

/// However long the records of the gap live (RFC 9077).
#[test]
fn a_new_name_is_seen_when_the_denial_is_over() {
    let mut world = knowing(&["x.wild TXT", "nothing A"]);
    let records = RECORDS.to_owned() + "\nnobody A 192.0.2.8";
    let zone = Classic::new("3pid.example.", "1", Way::Nsec, &records);
    world.put("192.0.2.1", zone.server());
    assert_eq!(world.ask(&full("nobody A")).response.kind, Some(Kind::NameError));
    world.pass(60);
    assert_eq!(world.ask(&full("nobody A")).response.kind, Some(Kind::Data));
}
