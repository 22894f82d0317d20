use super::*;
use crate::wire::{EdnsOption, Message, Question};
use proptest::collection::vec;
use proptest::prelude::*;

fn asked() -> Message {
    let name = "A.example.".parse().unwrap();
    let mut message =
        Message::query(0x0102, Question { name, rtype: Rtype::ASSOC, class: Class::IN });
    message.flags.recursion_desired = true;
    let nsid = EdnsOption { code: EdnsCode::NSID, data: Vec::new().into() };
    message.edns = Some(Edns { dnssec_ok: true, options: vec![nsid], ..Edns::default() });
    message
}

#[test]
fn sees_what_is_asked() {
    let packet = asked().encode();
    let query = Query::parse(&packet).unwrap();
    assert_eq!((query.id, query.qname), (0x0102, &b"\x01A\x07example\x00"[..]));
    assert_eq!((query.qtype, query.qclass), (Rtype::ASSOC, Class::IN));
    assert_eq!(query.question, &packet[12..12 + 15]);
    assert!(query.recursion_desired && !query.checking_disabled && !query.authentic_data);
    assert!(query.dnssec_ok() && !query.compact_ok());
    let edns = query.edns.unwrap();
    assert!(edns.has(EdnsCode::NSID) && !edns.has(EdnsCode::COOKIE));
    let limits = |transport| [4096, 600, 0].map(|most| query.limit(transport, most));
    assert_eq!(limits(Transport::Udp), [1232, 600, 512]);
    assert_eq!(limits(Transport::Tcp), [65_535; 3]);
}

/// The packet of [`asked`] with one octet changed.
fn refused(at: usize, octet: u8) -> Unanswerable {
    let mut packet = asked().encode();
    packet[at] = octet;
    Query::parse(&packet).unwrap_err()
}

#[test]
fn refuses_the_rest() {
    let opt = 12 + 15;
    assert_eq!(Query::parse(&[0; 11]).unwrap_err(), Unanswerable::Silent);
    assert_eq!(refused(2, 0x80), Unanswerable::Silent);
    assert_eq!(refused(2, 0x28), Unanswerable::Error(Rcode::NOTIMP));
    let counts = [(5, 0), (5, 2), (7, 1), (9, 1), (11, 0), (11, 2)];
    let names = [(12, 0xc0), (12, 64), (12, 63)];
    let options = [(opt, 1), (opt + 10, 3), (opt + 10, 5), (opt + 14, 1)];
    for (at, octet) in counts.into_iter().chain(names).chain(options) {
        assert_eq!(refused(at, octet), Unanswerable::Error(Rcode::FORMERR), "{octet} at {at}");
    }
    assert_eq!(refused(opt + 6, 1), Unanswerable::Error(Rcode::BADVERS));
}

#[test]
fn refuses_a_flood_of_options() {
    let parse = |count| {
        let option = EdnsOption { code: EdnsCode::PADDING, data: Default::default() };
        let edns = Edns { options: vec![option; count], ..Edns::default() };
        let packet = Message { edns: Some(edns), ..asked() }.encode();
        Query::parse(&packet).map(|query| query.id)
    };
    assert_eq!(parse(Edns::MOST_OPTIONS), Ok(asked().id));
    assert_eq!(parse(Edns::MOST_OPTIONS + 1), Err(Unanswerable::Error(Rcode::FORMERR)));
}

#[test]
fn refuses_a_second_opt() {
    let mut packet = asked().encode();
    packet.extend([0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 0]);
    packet[11] = 2;
    assert_eq!(Query::parse(&packet).unwrap_err(), Unanswerable::Error(Rcode::FORMERR));
    packet[12 + 15 + 15 + 2] = 250;
    assert!(Query::parse(&packet).is_ok());
}

#[test]
fn names_have_255_octets_at_most() {
    let ask = |last: u8| {
        let name = [vec![63; 64 * 3], vec![last; usize::from(last) + 1], vec![0]].concat();
        let packet = [&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], &name[..], &[0, 1, 0, 1]].concat();
        Query::parse(&packet).map(|query| query.qname.len())
    };
    assert_eq!(ask(61), Ok(255));
    assert_eq!(ask(62), Err(Unanswerable::Error(Rcode::FORMERR)));
}

#[test]
fn knows_its_response() {
    let query = asked().encode();
    let mut response = asked();
    response.flags.response = true;
    response.question.as_mut().unwrap().name = "a.EXAMPLE.".parse().unwrap();
    let matches = |change: &dyn Fn(&mut Message)| {
        let mut response = response.clone();
        change(&mut response);
        is_response_to(&response.encode(), &query)
    };
    assert!(matches(&|_| {}));
    assert!(!matches(&|response| response.flags.response = false));
    assert!(!matches(&|response| response.id += 1));
    assert!(!matches(&|response| response.opcode = Opcode::NOTIFY));
    assert!(!matches(&|response| response.question.as_mut().unwrap().rtype = Rtype::A));
    assert!(!matches(&|response| response.question.as_mut().unwrap().class = Class::CH));
    let other: crate::wire::Name = "b.example.".parse().unwrap();
    assert!(!matches(&|response| response.question.as_mut().unwrap().name = other.clone()));
    assert!(!matches(&|response| response.question = None));
    assert!(matches(&|response| {
        (response.question, response.rcode) = (None, Rcode::REFUSED);
    }));
    assert!(!is_response_to(&query[..5], &query) && !is_response_to(&query, &[]));
}

#[test]
fn knows_its_own_spelling() {
    let spelt = |text: &str| {
        let mut message = asked();
        message.question.as_mut().unwrap().name = text.parse().unwrap();
        message.encode()
    };
    assert!(repeats_question(&spelt("a.exAmple."), &spelt("a.exAmple.")));
    assert!(!repeats_question(&spelt("a.example."), &spelt("a.exAmple.")));
    assert!(repeats_question(&spelt("a.exAmple."), &spelt("a.example.")), "nobody mixed it");
    let silent = Message { question: None, ..asked() }.encode();
    assert!(repeats_question(&silent, &spelt("a.exAmple.")));
}

proptest! {
    #[test]
    fn agrees_with_the_general_reader(
        damage in vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut packet = asked().encode();
        for (at, octet) in damage {
            let at = at.index(packet.len());
            packet[at] = octet;
        }
        if let (Ok(query), Ok(message)) = (Query::parse(&packet), Message::decode(&packet)) {
            let question = message.question.unwrap();
            prop_assert_eq!(query.id, message.id);
            prop_assert_eq!(query.qname, question.name.as_wire());
            prop_assert_eq!((query.qtype, query.qclass), (question.rtype, question.class));
            prop_assert_eq!(query.recursion_desired, message.flags.recursion_desired);
            prop_assert_eq!(query.checking_disabled, message.flags.checking_disabled);
            prop_assert_eq!(query.authentic_data, message.flags.authentic_data);
            prop_assert_eq!(query.edns.is_some(), message.edns.is_some());
            let edns = message.edns.unwrap_or_default();
            prop_assert_eq!(query.dnssec_ok(), edns.dnssec_ok);
            prop_assert_eq!(query.compact_ok(), edns.compact_ok);
        }
    }

    #[test]
    fn any_octets_are_seen_or_refused(octets in vec(any::<u8>(), 0..80)) {
        let _ = Query::parse(&octets);
    }
}
