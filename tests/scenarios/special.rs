//! Names that nobody is asked about.

use threepid::dnssec::Security;
use threepid::resolver::{Checking, Forward, Kind, Note, Policy, Request, Response, Root};
use threepid::wire::{Message, Query, Rcode, Rdata, Rtype};

use super::net::{World, name, parse, scripted};
use super::tree::{self, NOW, authority, zone};

/// A tree with one server.
fn tree_of(records: &str) -> World {
    let mut world = World::new(tree::policy(), NOW);
    world.put("192.0.2.1", authority(vec![zone("3pid.example.", "1", true, records)]));
    world
}

fn message(response: &Response, question: &str) -> Message {
    let mut query = Message::query(7, parse(question));
    query.flags.authentic_data = true;
    let packet = query.encode();
    let query = Query::parse(&packet).unwrap();
    response.to_message(&query, &Request::of(&query))
}

#[test]
fn nobody_is_asked() {
    let mut world = tree_of("");
    for (question, rcode, answers) in [
        ("localhost. A", Rcode::NOERROR, 1),
        ("www.localhost. AAAA", Rcode::NOERROR, 1),
        ("localhost. MX", Rcode::NOERROR, 0),
        ("www.test. A", Rcode::NXDOMAIN, 0),
        ("4.3.2.10.in-addr.arpa. PTR", Rcode::NXDOMAIN, 0),
        ("1.0.0.127.in-addr.arpa. PTR", Rcode::NOERROR, 1),
    ] {
        for checking in [Checking::Enabled, Checking::Disabled] {
            let outcome = world.resolve(question, checking);
            assert_eq!(outcome.sent, [""; 0]);
            let message = message(&outcome.response, question);
            assert_eq!((message.rcode, message.answer.len()), (rcode, answers), "{question}");
            assert!(!message.flags.authentic_data);
            assert_eq!(message.authority.len(), usize::from(answers == 0), "the SOA of a denial");
        }
    }
}

#[test]
fn an_alias_may_lead_there() {
    let mut world = tree_of("home CNAME localhost.\nnowhere CNAME a.invalid.");
    for _ in 0..2 {
        let outcome = world.ask("home.3pid.example. A");
        assert_eq!(outcome.data(Rtype::A), ["7f000001"]);
        assert_eq!(outcome.response.security, Security::Insecure, "{outcome:#?}");
        let nowhere = world.ask("nowhere.3pid.example. A").response;
        assert_eq!(nowhere.kind, Some(Kind::NameError));
    }
}

#[test]
fn a_server_named_there_is_not_looked_for() {
    let apex = Root { apex: name("."), anchors: Vec::new(), ..tree::root() };
    let mut world = World::new(Policy { roots: vec![apex], ..tree::policy() }, NOW);
    let records = "a.example NS ns.a.test.\nb.example NS localhost.";
    world.put("192.0.2.1", authority(vec![zone(".", "1", false, records)]));
    for question in ["www.a.example. A", "www.b.example. A"] {
        let outcome = world.ask(question);
        assert!(outcome.response.failure.is_some());
        assert!(outcome.sent.iter().all(|sent| sent.ends_with("example. A")), "{outcome:#?}");
    }
}

#[test]
fn who_serves_such_a_zone_is_asked() {
    let resolvers = vec!["198.51.100.53:53".parse().unwrap()];
    let forwards = vec![Forward { zone: name("10.in-addr.arpa."), resolvers }];
    let mut world = World::new(Policy { forwards, ..tree::policy() }, NOW);
    world.put(
        "198.51.100.53",
        scripted(|incoming, message| {
            let question = incoming.query.question.clone().unwrap();
            let rdata = Rdata::new(name("printer.home.arpa.").as_wire().to_vec()).unwrap();
            let ttl = threepid::wire::Ttl::from_secs(60);
            let set = threepid::wire::Rrset::single(question.name, Rtype::PTR, ttl, rdata);
            message.answer = set.records().collect();
        }),
    );
    assert_eq!(world.ask("4.3.2.10.in-addr.arpa. PTR").data(Rtype::PTR).len(), 1);
    assert_eq!(world.ask("4.3.168.192.in-addr.arpa. PTR").response.kind, Some(Kind::NameError));
}

#[test]
fn who_watches_is_told() {
    let (outcome, notes) = tree_of("").watch("a.localhost. A");
    assert_eq!(outcome.response.kind, Some(Kind::Data));
    let [Note::Special { name: asked, rtype: Rtype::A, zone }] = notes.as_slice() else {
        panic!("{notes:#?}")
    };
    assert_eq!((asked, &zone.apex, zone.rfc), (&name("a.localhost."), &name("localhost."), 6761));
}
