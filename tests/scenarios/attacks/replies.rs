//! Replies that are large, malformed, or not the server's.

use threepid::dnssec::Security;
use threepid::resolver::{Cause, Fault, Limits, Work};
use threepid::wire::{Edns, EdnsCode, EdnsOption, Message, Rdata, Rrset, Rtype, Transport};

use super::super::net::{Incoming, Server, World, response_to, scripted};
use super::super::tree::{self, PHONE};
use super::forge::{EVIL, alias, besieged, deny, fresh, question, set};
use super::{Scene, mount, report};

/// A set of so many addresses.
fn addresses(incoming: &Incoming<'_>, count: u16) -> Rrset {
    let question = question(incoming);
    let octets = |number: u16| {
        let [high, low] = number.to_be_bytes();
        Rdata::new(vec![198, 51, high, low]).unwrap()
    };
    Rrset { rdata: (0..count).map(octets).collect(), ..set(&question.name, Rtype::A, vec![0; 4]) }
}

#[test]
fn sets_that_are_too_large() {
    let scene = |count: u16| {
        let server = scripted(move |incoming, message| {
            message.answer = addresses(incoming, count).records().collect();
        });
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    };
    let outcome = scene(100).play().remove(0);
    assert_eq!(outcome.data(Rtype::A).len(), 100, "as many as may be");
    for count in [101, 300] {
        let cost = mount(&format!("an RRset of {count} records"), || scene(count));
        let Cause::Faulty { fault: Fault::Malformed(_), .. } = cost.outcome.cause() else {
            panic!("{:?}", cost.outcome.response)
        };
    }
}

/// A message with so many records more, whose owner is the question's name, by a pointer.
fn stuffed(message: &Message, count: u16) -> Vec<u8> {
    const RECORD: [u8; 12] = [0xc0, 12, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let mut octets = Message { edns: None, ..message.clone() }.encode();
    octets.extend(RECORD.repeat(count.into()));
    octets[10..12].copy_from_slice(&count.to_be_bytes());
    octets
}

/// Every reply is cut off, and by TCP it has so many records. The names are as long as can be and
/// have to be asked for in ten steps, and aliases lead from one to the next.
fn stuffing(count: u16) -> Scene {
    let long = |text: &str| format!("{}.{}{EVIL}", fresh(text, 0), "a.".repeat(108));
    let server: Server = Box::new(move |incoming| {
        let mut message = response_to(&incoming.query);
        let name = question(incoming).name;
        if incoming.via == Transport::Udp {
            message.flags.truncated = true;
            return vec![message.encode()];
        }
        if name.label_count() < 111 {
            deny(&mut message, EVIL);
        } else {
            message.answer = vec![alias(&name, &long(&name.to_string()))];
        }
        vec![stuffed(&message, count)]
    });
    Scene::new(besieged(server), &format!("{} A", long("x")))
}

#[test]
fn long_replies_to_long_names() {
    for count in [5400, 1000] {
        let attack = format!("{count} names of 250 octets in each reply");
        let cost = mount(&attack, || stuffing(count));
        assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Octets));
        let octets = cost.outcome.spent.octets;
        assert!(octets <= Limits::default().octets + usize::from(u16::MAX), "{octets}");
    }
}

#[test]
fn a_flood_of_options() {
    let cost = mount("16,000 EDNS options", || {
        let server = scripted(|incoming, message| {
            message.answer = addresses(incoming, 1).records().collect();
            let option = EdnsOption { code: EdnsCode::PADDING, data: Vec::new().into() };
            message.edns = Some(Edns { options: vec![option; 16_000], ..Edns::default() });
        });
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Octets));
}

/// What someone may send who has guessed the id, and wants the waiting for the reply to end.
fn forgeries(query: &[u8]) -> Vec<Vec<u8>> {
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut packet = query.to_vec();
        packet[2] |= 0x80;
        change(&mut packet);
        packet
    };
    vec![
        with(&|packet| packet.truncate(12)),
        with(&|packet| packet.push(0)),
        with(&|packet| packet[5] = 2),
        with(&|packet| packet[7] = 1),
        with(&|packet| packet[2] |= 0x28),
        with(&|packet| packet[12] = 0xff),
        with(&|packet| packet.truncate(2)),
        query.to_vec(),
        Vec::new(),
    ]
}

/// "TuDoor": the server's reply counts, whatever comes before it.
#[test]
fn malformed_replies_before_the_true_one() {
    let cost = mount("TuDoor: malformed replies first", || {
        Scene::new(surrounded(|incoming, _| forgeries(incoming.octets)), &format!("{PHONE} ASSOC"))
    });
    assert_eq!(cost.outcome.response.security, Security::Secure);
    assert_eq!(cost.packets, super::honest().packets);
}

/// Where only malformed replies come by UDP, TCP is tried, where nobody can put a word in.
#[test]
fn malformed_replies_instead_of_the_true_one() {
    let cost = mount("TuDoor: malformed replies instead", || {
        let world = surrounded(|incoming, honest| match incoming.via {
            Transport::Tcp => Vec::new(),
            Transport::Udp => {
                honest.clear();
                forgeries(incoming.octets)
            }
        });
        Scene::new(world, &format!("{PHONE} ASSOC"))
    });
    assert_eq!(cost.outcome.response.security, Security::Secure);
    let is_tcp = |sent: &&String| sent.ends_with(" tcp");
    let (tcp, udp): (Vec<_>, Vec<_>) = cost.outcome.sent.iter().partition(is_tcp);
    assert_eq!(tcp.len(), udp.len());
}

/// The honest tree; `before` comes before each reply, which it may take away.
fn surrounded(
    before: impl Fn(&Incoming<'_>, &mut Vec<Vec<u8>>) -> Vec<Vec<u8>> + Clone + 'static,
) -> World {
    let mut world = tree::world();
    for last in [1, 44, 45, 99, 10, 20] {
        let before = before.clone();
        world.wrap(&format!("192.0.2.{last}"), move |incoming, mut replies| {
            let mut packets = before(incoming, &mut replies);
            packets.extend(replies);
            packets
        });
    }
    world
}

/// What is cut off even by TCP is not a denial of what was cut off.
#[test]
fn what_does_not_fit_tcp_is_no_answer() {
    let cost = mount("replies cut off by TCP, too", || {
        let server = scripted(|_, message| message.flags.truncated = true);
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    let Cause::Faulty { fault: Fault::Malformed(_), .. } = cost.outcome.cause() else {
        panic!("{:?}", cost.outcome)
    };
}

/// Nothing of who asks is told to servers, and what they say of clients' networks is not heeded
/// (RFC 7871).
#[test]
fn client_subnets_are_neither_sent_nor_heeded() {
    let mut world = surrounded(|incoming, replies| {
        let edns = incoming.query.edns.as_ref().unwrap();
        assert_eq!((edns.udp_size, &edns.options[..]), (1232, &[][..]), "{}", incoming.asked());
        for reply in replies {
            let mut message = Message::decode(reply).unwrap();
            let subnet = vec![0, 1, 24, 24, 192, 0, 2].into();
            let option = EdnsOption { code: EdnsCode::ECS, data: subnet };
            message.edns.as_mut().unwrap().options.push(option);
            *reply = message.encode();
        }
        Vec::new()
    });
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
    assert_eq!(world.ask(&format!("{PHONE} ASSOC")).sent, Vec::<String>::new());
    report("client subnets that nobody asked for", vec![outcome]);
}
