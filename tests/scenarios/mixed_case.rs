//! Questions in random case, and servers that do not repeat it.

use std::cell::RefCell;
use std::rc::Rc;

use threepid::resolver::{Cause, Fault, Forward, Kind, Meaning, Note, Policy, Request};
use threepid::wire::{Message, Query, Rtype, Transport};

use super::net::{Incoming, Server, World, name, parse, response_to};
use super::tree::{self, NOW};

const WWW: &str = "www.3pid.example. CNAME";

/// A tree that is not signed, with this server.
fn world(server: Server) -> World {
    let mut policy = tree::policy();
    policy.roots[0].anchors.clear();
    let mut world = World::new(policy, NOW);
    world.put("192.0.2.1", server);
    world
}

/// An alias `there` below the name in question, all pointing at the question.
fn alias(query: &Message) -> Vec<u8> {
    let mut reply = response_to(query);
    reply.edns = None;
    let mut reply = reply.encode();
    reply[7] = 1;
    reply.extend(b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x08\x05there\xc0\x0c");
    reply
}

/// A server that repeats questions in lower case.
fn lowering(by_tcp: bool) -> Server {
    Box::new(move |incoming| {
        let mut query = incoming.query.clone();
        let question = query.question.as_mut().unwrap();
        question.name = question.name.to_lowercase();
        match incoming.via {
            Transport::Tcp if !by_tcp => Vec::new(),
            _ => vec![alias(&query)],
        }
    })
}

/// Notes how names were spelt.
fn noting(mut server: Server) -> (Server, Rc<RefCell<Vec<String>>>) {
    let seen: Rc<RefCell<Vec<_>>> = Rc::default();
    let notes = seen.clone();
    let server: Server = Box::new(move |incoming: &Incoming<'_>| {
        notes.borrow_mut().push(incoming.spelt());
        server(incoming)
    });
    (server, seen)
}

fn is_mixed(spelt: &str) -> bool {
    spelt.chars().any(|c| c.is_ascii_uppercase()) && spelt.chars().any(|c| c.is_ascii_lowercase())
}

#[test]
fn what_is_random_goes_out_and_does_not_come_in() {
    let (server, seen) = noting(Box::new(|incoming| vec![alias(&incoming.query)]));
    let mut world = world(server);
    let (outcome, notes) = world.watch("WWW.3pid.example. CNAME");
    assert!(is_mixed(&seen.borrow()[0]), "{seen:?}");
    let Some(Kind::Alias(target)) = &outcome.response.kind else { panic!("{outcome:#?}") };
    assert_eq!(target.to_string(), "there.www.3pid.example.");
    assert_eq!(outcome.response.answer[0].rrset.name.to_string(), "www.3pid.example.");
    assert!(!format!("{notes:?}").contains("wWw"), "{notes:#?}");
    assert!(
        matches!(&notes[0], Note::Asks { question, .. } if question.name.to_string() == "www.3pid.example.")
    );
}

#[test]
fn clients_see_their_own_spelling() {
    let mut world = world(Box::new(|incoming| vec![alias(&incoming.query)]));
    for spelt in ["wwW.3pid.Example.", "WWW.3PID.example."] {
        let response = world.ask(&format!("{spelt} CNAME")).response;
        let packet = Message::query(7, parse(&format!("{spelt} CNAME"))).encode();
        let query = Query::parse(&packet).unwrap();
        let message = response.to_message(&query, &Request::of(&query));
        assert_eq!(message.question.unwrap().name.to_string(), spelt);
        assert_eq!(message.answer[0].name.to_string(), spelt);
    }
}

#[test]
fn a_server_that_does_not_keep_the_case_is_found_out_over_tcp() {
    let (server, seen) = noting(lowering(true));
    let mut world = world(server);
    let (outcome, notes) = world.watch(WWW);
    assert_eq!(outcome.sent, [format!("1: {WWW}"), format!("1: {WWW} tcp")]);
    assert_eq!(outcome.data(Rtype::CNAME).len(), 1);
    let said = |note: &Note| matches!(note, Note::Heard { meaning: Meaning::OtherCase, .. });
    assert!(notes.iter().any(said), "{notes:#?}");
    assert_eq!(world.ask("a.3pid.example. CNAME").sent.len(), 1, "it is known");
    assert_eq!(seen.borrow_mut().drain(..).filter(|spelt| is_mixed(spelt)).count(), 2);
    world.pass(900);
    assert_eq!(world.ask("b.3pid.example. CNAME").sent.len(), 2, "it may have learned");
}

#[test]
fn a_server_without_tcp_is_asked_in_lower_case() {
    let (server, seen) = noting(lowering(false));
    let mut world = world(server);
    let sent = world.ask(WWW).sent;
    assert_eq!(sent, [format!("1: {WWW}"), format!("1: {WWW} tcp"), format!("1: {WWW}")]);
    let seen: Vec<bool> = seen.borrow_mut().drain(..).map(|spelt| is_mixed(&spelt)).collect();
    assert_eq!(seen, [true, true, false]);
    assert_eq!(world.ask("a.3pid.example. CNAME").sent.len(), 1, "it said the same twice");
    world.pass(900);
    assert_eq!(world.ask("b.3pid.example. CNAME").sent.len(), 3, "it may have learned");
}

/// Who can keep TCP from working and guess one id and port does not get plain questions by that.
#[test]
fn two_replies_that_differ_count_for_nothing() {
    let (mut lowering, mut count) = (lowering(false), b'0');
    let mut world = world(Box::new(move |incoming| {
        let mut replies = lowering(incoming);
        for reply in &mut replies {
            let at = reply.windows(5).position(|octets| octets == b"there").unwrap();
            (count, reply[at]) = (count + 1, count);
        }
        replies
    }));
    let outcome = world.ask(WWW);
    let fault = Fault::Malformed("it contradicts another");
    assert_eq!(*outcome.cause(), Cause::Faulty { zone: name("3pid.example."), fault });
}

#[test]
fn a_forged_reply_does_not_end_the_wait() {
    let mut forger = lowering(true);
    let mut world = world(Box::new(move |incoming| {
        let forged = forger(incoming);
        [forged, vec![alias(&incoming.query)]].concat()
    }));
    assert_eq!(world.ask(WWW).sent.len(), 1);
}

/// Someone on the way changes what goes by UDP, or forges it.
#[test]
fn a_server_that_keeps_the_case_over_tcp_goes_on_getting_it() {
    let mut by_udp = lowering(true);
    let (server, seen) = noting(Box::new(move |incoming| match incoming.via {
        Transport::Udp => by_udp(incoming),
        Transport::Tcp => vec![alias(&incoming.query)],
    }));
    let mut world = world(server);
    for question in [WWW, "a.3pid.example. CNAME"] {
        assert_eq!(world.ask(question).sent.len(), 2);
    }
    assert!(seen.borrow().iter().all(|spelt| is_mixed(spelt)), "{seen:?}");
}

#[test]
fn resolvers_are_asked_in_lower_case() {
    let (server, seen) = noting(lowering(true));
    let resolvers = vec!["198.51.100.53:53".parse().unwrap()];
    let forwards = vec![Forward { zone: name("example."), resolvers }];
    let mut world = World::new(Policy { roots: Vec::new(), forwards, ..tree::policy() }, NOW);
    world.put("198.51.100.53", server);
    assert_eq!(world.ask("Www.Example. CNAME").sent.len(), 1);
    assert_eq!(*seen.borrow(), ["www.example."]);
}

#[test]
fn it_can_be_switched_off() {
    let (server, seen) = noting(lowering(true));
    let mut policy = Policy { mixed_case: false, ..tree::policy() };
    policy.roots[0].anchors.clear();
    let mut world = World::new(policy, NOW);
    world.put("192.0.2.1", server);
    assert!(world.ask(WWW).response.failure.is_none());
    assert!(!seen.borrow().iter().any(|spelt| is_mixed(spelt)), "{seen:?}");
}
