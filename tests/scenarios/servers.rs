//! Servers that are down, slow, lame or worse.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use threepid::dnssec::Security;
use threepid::resolver::{Cause, Checking, Fault};
use threepid::wire::{EdeCode, Message, Rcode, Rdata, Record, Rrset, Rtype, Transport, Ttl};

use super::net::{Outcome, Server, World, dead, name, response_to, scripted};
use super::tree::{self, NOW, PHONE, authority, uk_zone, world};

/// The question for the phone number.
fn question() -> String {
    format!("{PHONE} ASSOC")
}

fn assert_found(world: &mut World) -> Vec<String> {
    let outcome = world.ask(&question());
    assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    outcome.sent
}

/// The regional zone with one good server and one bad one; the bad one in either place, so that it is
/// asked first in one of them. Gives what was sent.
fn beside(bad: impl Fn() -> Server) -> Vec<Vec<String>> {
    let places = [("192.0.2.44", "192.0.2.45"), ("192.0.2.45", "192.0.2.44")];
    let run = |(good, other): (&str, &str)| {
        let mut world = world();
        world.put(good, authority(vec![uk_zone()]));
        world.put(other, bad());
        assert_found(&mut world)
    };
    places.map(run).into()
}

/// The regional zone at one server, which is this.
fn alone(server: Server) -> World {
    let mut world = world();
    world.put("192.0.2.44", server);
    world.put("192.0.2.45", dead());
    world
}

#[test]
fn a_dead_server_is_passed_over() {
    for sent in beside(dead) {
        assert!(sent.len() <= 12, "{sent:#?}");
    }
}

#[test]
fn a_dead_server_is_asked_less_once_it_is_known() {
    let mut world = world();
    world.put("192.0.2.45", dead());
    let sibling = |digit: u32| format!("{digit}{} ASSOC", &PHONE[1..]);
    (0..6).for_each(|digit| {
        world.ask(&sibling(digit));
    });
    let sent = world.ask(&sibling(7)).sent;
    assert!(!sent.is_empty() && sent.iter().all(|sent| sent.starts_with("44:")), "{sent:#?}");
}

#[test]
fn nobody_answers() {
    let mut world = World::new(tree::policy(), NOW);
    let outcome = world.ask(&question());
    assert_eq!(*outcome.cause(), Cause::Unreachable(name("3pid.example.")));
    assert_eq!(outcome.cause().extended_error().code, EdeCode::NO_REACHABLE_AUTHORITY);
    assert_eq!(outcome.sent.len(), 3, "three tries: {:#?}", outcome.sent);
}

/// A machine says that no server is there: to ask again at once is of no use.
#[test]
fn where_no_server_is_nobody_asks_twice() {
    let mut world = world();
    world.close("192.0.2.44");
    world.close("192.0.2.45");
    let outcome = world.ask(&question());
    assert_eq!(*outcome.cause(), Cause::Unreachable(name("4.4.msisdn.3pid.example.")));
    let asked: Vec<_> = outcome.sent.iter().filter(|sent| sent.starts_with('4')).collect();
    assert_eq!(asked.len(), 2, "{asked:#?}");
    for open in ["192.0.2.44", "192.0.2.45"] {
        let mut world = self::world();
        ["192.0.2.44", "192.0.2.45"]
            .into_iter()
            .filter(|it| *it != open)
            .for_each(|it| world.close(it));
        assert_found(&mut world);
    }
}

#[test]
fn servers_that_come_back_are_found_again() {
    let mut world = world();
    world.put("192.0.2.1", dead());
    assert!(matches!(world.ask(&question()).cause(), Cause::Unreachable(_)));
    world.put("192.0.2.1", authority(vec![tree::root_zone()]));
    world.pass(6);
    assert_found(&mut world);
}

/// Whoever has a zone can name any server for it, and ask for what that does not reply to.
#[test]
fn silence_about_one_zone_takes_its_server_from_no_other() {
    let mut world = World::new(tree::policy(), NOW);
    let records = "good NS ns.good\nns.good A 192.0.2.66\nevil NS ns.evil\nns.evil A 192.0.2.66";
    world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, records)]));
    let good = tree::zone("good.3pid.example.", "66", false, "*.w A 192.0.2.9");
    world.put("192.0.2.66", authority(vec![good]));
    world.wrap("192.0.2.66", |incoming, replies| match incoming.asked().contains("evil") {
        true => Vec::new(),
        false => replies,
    });
    for number in 0..10 {
        for half in ["a", "b"] {
            let evil = world.ask(&format!("{half}{number}.evil.3pid.example. A"));
            assert!(matches!(evil.cause(), Cause::Unreachable(_)));
        }
        let good = world.ask(&format!("{number}.w.good.3pid.example. A"));
        assert_eq!(good.response.failure, None, "{number}: {good:#?}");
        assert!(good.sent.len() <= 4, "{good:#?}");
        world.pass(1);
    }
}

/// Far servers, each asked often enough for its way to be known.
fn far(millis: u64) -> World {
    let mut world = world();
    let long: String = (0..30).map(|n| format!("big TXT \"{n} {}\"\n", "x".repeat(90))).collect();
    let records = format!("*.w TXT a\n{long}");
    world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, &records)]));
    world.move_away(Duration::from_millis(millis));
    (0..40).for_each(|number| drop(fetch(&mut world, &format!("{number}.w"))));
    world
}

/// Asks for texts, which nobody judges.
fn fetch(world: &mut World, below: &str) -> Outcome {
    world.resolve(&format!("{below}.3pid.example. TXT"), Checking::Disabled)
}

/// By TCP a question takes two round trips at least.
#[test]
fn far_servers_are_waited_for_by_tcp() {
    for millis in [50, 110, 150, 250] {
        let sent = fetch(&mut far(millis), "big").sent;
        assert_eq!(sent.len(), 2, "{millis} ms: {sent:#?}");
    }
}

#[test]
fn a_server_that_cannot_be_asked_by_tcp_is_asked_by_udp_as_before() {
    let mut world = far(50);
    world.wrap("192.0.2.1", |incoming, replies| match incoming.via {
        Transport::Udp => replies,
        Transport::Tcp => Vec::new(),
    });
    for number in 0..6 {
        let outcome = fetch(&mut world, "big");
        assert!(matches!(outcome.cause(), Cause::Unreachable(_)));
        assert_eq!(outcome.sent.len(), 2, "{outcome:#?}");
        assert_eq!(fetch(&mut world, &format!("x{number}.w")).response.failure, None);
        world.pass(6);
    }
}

/// How long a server was waited for is not what the clock says, if that is set meanwhile.
#[test]
fn a_clock_that_is_set_says_nothing_of_servers() {
    let mut world = far(20);
    world.set_clock_ahead(Duration::from_secs(600));
    fetch(&mut world, "last.w");
    world.put("192.0.2.1", dead());
    let before = world.now;
    fetch(&mut world, "none.w");
    let waited = world.now.since(before);
    assert!(waited <= Duration::from_millis(200 + 400 + 800), "{waited:?}");
}

#[test]
fn a_tree_that_is_down_is_left_alone_and_found_again() {
    let mut world = world();
    world.put("192.0.2.1", dead());
    let ask = |world: &mut World, number: u32| world.ask(&format!("{number}.3pid.example. A"));
    (0..2).for_each(|number| drop(ask(&mut world, number)));
    for number in 2..50 {
        let outcome = ask(&mut world, number);
        assert!(matches!(outcome.cause(), Cause::Unreachable(_)), "{outcome:#?}");
        assert_eq!(outcome.sent, [""; 0], "nobody waits for it");
    }
    world.pass(1);
    assert_eq!(ask(&mut world, 50).sent.len(), 1, "a probe");
    world.put("192.0.2.1", authority(vec![tree::root_zone()]));
    world.pass(30);
    assert_found(&mut world);
    assert!(!ask(&mut world, 51).sent.is_empty(), "no other probe is needed");
}

#[test]
fn truncation_leads_to_tcp() {
    let mut world = alone(Box::new(|incoming| {
        let mut replies = authority(vec![uk_zone()])(incoming);
        if incoming.via == Transport::Udp && incoming.asked().ends_with("ASSOC") {
            let mut truncated = response_to(&incoming.query);
            truncated.flags.truncated = true;
            replies = vec![truncated.encode()];
        } else if incoming.via == Transport::Udp && incoming.asked().ends_with("DNSKEY") {
            // Cut off in the middle of a record.
            replies[0][2] |= 2;
            replies[0].truncate(60);
        }
        replies
    }));
    let sent = assert_found(&mut world);
    assert!(sent.contains(&format!("44: {PHONE} ASSOC")));
    assert!(sent.contains(&format!("44: {PHONE} ASSOC tcp")));
    assert!(sent.contains(&"44: 4.4.msisdn.3pid.example. DNSKEY tcp".to_owned()));
}

#[test]
fn errors_lead_to_the_other_server() {
    for rcode in [Rcode::SERVFAIL, Rcode::REFUSED, Rcode::NOTIMP, Rcode::BADVERS] {
        beside(|| scripted(move |_, message| message.rcode = rcode));
    }
}

#[test]
fn nothing_but_errors() {
    let mut world = world();
    for server in ["192.0.2.44", "192.0.2.45"] {
        world.put(server, scripted(|_, message| message.rcode = Rcode::REFUSED));
    }
    let outcome = world.ask(&question());
    let (zone, fault) = (name("4.4.msisdn.3pid.example."), Fault::Rcode(Rcode::REFUSED));
    assert_eq!(*outcome.cause(), Cause::Faulty { zone, fault });
    assert_eq!(outcome.cause().extended_error().code, EdeCode::NETWORK_ERROR);
    // Once for a part of the name, and once for all of it, for servers that cannot cope with parts.
    assert_eq!(outcome.sent.iter().filter(|sent| sent.starts_with("4")).count(), 4);
}

#[test]
fn servers_that_fail_for_parts_of_names() {
    let mut world = alone(Box::new(|incoming| {
        let mut replies = authority(vec![uk_zone()])(incoming);
        if incoming.asked().ends_with(" A") {
            let mut error = response_to(&incoming.query);
            error.rcode = Rcode::SERVFAIL;
            replies = vec![error.encode()];
        }
        replies
    }));
    assert_found(&mut world);
}

#[test]
fn a_lame_server_is_passed_over_and_remembered() {
    // As servers do that know nothing of the zone.
    let refers_upwards = || {
        scripted(|_, message| {
            message.flags.authoritative = false;
            let ns = name("ns.3pid.example.").as_wire().to_vec();
            message.authority = vec![record("3pid.example.", Rtype::NS, ns)];
        })
    };
    let refuses = || scripted(|_, message| message.rcode = Rcode::REFUSED);
    for lame in [refers_upwards as fn() -> Server, refuses] {
        let mut world = world();
        world.put("192.0.2.45", lame());
        assert_found(&mut world);
        for digit in 0..9 {
            world.ask(&format!("{digit}{} ASSOC", &PHONE[1..]));
        }
        let sent = world.ask(&format!("9{} TXT", &PHONE[1..])).sent;
        assert!(!sent.iter().any(|sent| sent.starts_with("45:")), "{sent:#?}");
    }
}

#[test]
fn answers_that_are_not_authoritative_do_not_count() {
    let without_aa = || -> Server {
        let mut server = authority(vec![uk_zone()]);
        Box::new(move |incoming| {
            let replies = server(incoming);
            let mut message = Message::decode(&replies[0]).unwrap();
            message.flags.authoritative = false;
            vec![message.encode()]
        })
    };
    beside(without_aa);
    let mut world = alone(without_aa());
    let (zone, fault) = (name("4.4.msisdn.3pid.example."), Fault::Lame);
    assert_eq!(*world.ask(&question()).cause(), Cause::Faulty { zone, fault });
}

#[test]
fn strange_packets_are_waited_out() {
    let mut world = alone(Box::new(|incoming| {
        let good = authority(vec![uk_zone()])(incoming).remove(0);
        let mut other_id = good.clone();
        other_id[0] ^= 1;
        let mut other_question = Message::decode(&good).unwrap();
        other_question.question.as_mut().unwrap().rtype = Rtype::LOC;
        other_question.answer.clear();
        let query = incoming.octets.to_vec();
        vec![other_id, other_question.encode(), query, Vec::new(), vec![0], good]
    }));
    assert_found(&mut world);
}

#[test]
fn a_storm_of_strange_packets_leads_to_tcp() {
    let mut world = alone(Box::new(|incoming| {
        if incoming.via == Transport::Tcp {
            return authority(vec![uk_zone()])(incoming);
        }
        (0..100u16).map(|guess| forged(&incoming.query, guess)).collect()
    }));
    let sent = assert_found(&mut world);
    assert!(sent.iter().any(|sent| sent.ends_with("tcp")));
}

/// A response with a guessed id, never the right one.
fn forged(query: &Message, guess: u16) -> Vec<u8> {
    let mut message = response_to(query);
    message.id = query.id.wrapping_add(1).wrapping_add(guess);
    message.encode()
}

#[test]
fn malformed_replies_lead_to_the_other_server() {
    let cut_off = || -> Server {
        let mut server = authority(vec![uk_zone()]);
        Box::new(move |incoming| {
            let mut reply = server(incoming).remove(0);
            reply.truncate(reply.len() - 3);
            vec![reply]
        })
    };
    beside(cut_off);
    let mut world = alone(cut_off());
    let outcome = world.ask(&question());
    assert_eq!(outcome.cause().extended_error().code, EdeCode::INVALID_DATA);
}

/// What a server says that does not know EDNS (RFC 6891 section 7).
fn knows_no_edns(query: &Message) -> Vec<Vec<u8>> {
    let mut error = response_to(query);
    (error.rcode, error.edns, error.question) = (Rcode::FORMERR, None, None);
    vec![error.encode()]
}

#[test]
fn a_server_without_edns_is_asked_without() {
    let mut policy = tree::policy();
    policy.roots[0].anchors.clear();
    let mut world = World::new(policy, NOW);
    let mut server = authority(vec![tree::root_zone()]);
    world.put(
        "192.0.2.1",
        Box::new(move |incoming| match incoming.query.edns {
            None => server(incoming),
            Some(_) => knows_no_edns(&incoming.query),
        }),
    );
    let outcome = world.ask("there.3pid.example. TXT");
    assert_eq!(outcome.response.security, Security::Insecure, "{outcome:#?}");
    assert_eq!(outcome.sent.len(), 2, "with EDNS and without: {:#?}", outcome.sent);
    assert_eq!(world.ask("here.3pid.example. CNAME").sent.len(), 1, "it is known to be without");
    world.pass(900);
    assert_eq!(world.ask("pool.3pid.example. CNAME").sent.len(), 2, "it may have learned");
}

/// Without EDNS nothing could be proved: an error, passing or forged, must not turn it off.
#[test]
fn in_a_signed_tree_everyone_speaks_edns() {
    for (place, zone) in [("192.0.2.44", uk_zone as fn() -> _), ("192.0.2.1", tree::root_zone)] {
        let mut world = world();
        world.put("192.0.2.45", dead());
        let (mut server, mut first) = (authority(vec![zone()]), true);
        world.put(
            place,
            Box::new(move |incoming| {
                assert!(incoming.query.edns.is_some());
                match std::mem::take(&mut first) {
                    true => knows_no_edns(&incoming.query),
                    false => server(incoming),
                }
            }),
        );
        assert_found(&mut world);
    }
}

#[test]
fn silence_does_not_mean_that_edns_is_unknown() {
    let plain_seen = Rc::new(Cell::new(false));
    let seen = plain_seen.clone();
    let mut world = alone(Box::new(move |incoming| {
        seen.set(seen.get() || incoming.query.edns.is_none());
        Vec::new()
    }));
    world.ask(&question());
    assert!(!plain_seen.get());
}

fn record(owner: &str, rtype: Rtype, rdata: Vec<u8>) -> Record {
    let rdata = Rdata::new(rdata).unwrap();
    Rrset::single(name(owner), rtype, Ttl::from_secs(300), rdata).records().next().unwrap()
}
