use hickory_proto::op::{Message as TheirMessage, MessageType};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::{EdnsCode, Rdata, Ttl};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn question() -> Question {
    Question { name: name("www.Example."), rtype: Rtype::A, class: Class::IN }
}

fn record(owner: &str, rtype: Rtype, octets: impl Into<Vec<u8>>) -> Record {
    let rdata = Rdata::new(octets.into()).unwrap();
    Record { name: name(owner), rtype, class: Class::IN, ttl: Ttl::from_secs(300), rdata }
}

/// A response with these octets behind its counts of questions and records.
fn packet(counts: [u8; 4], body: &[u8]) -> Vec<u8> {
    let header = [0, 7, 0x80, 0, 0, counts[0], 0, counts[1], 0, counts[2], 0, counts[3]];
    [&header, body].concat()
}

const OPT: &[u8] = &[0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0];

#[test]
fn refuses_what_is_not_one_message() {
    let decode = |counts, body: &[u8]| Message::decode(&packet(counts, body)).unwrap_err();
    assert_eq!(Message::decode(&[0; 11]), Err(MessageError::Truncated(11)));
    assert_eq!(decode([0; 4], &[0]), MessageError::Trailing(12));
    assert_eq!(decode([2, 0, 0, 0], &[0, 0, 1, 0, 1, 0, 0, 1, 0, 1]), MessageError::Questions(2));
    assert_eq!(decode([1, 0, 0, 0], &[0, 0, 1, 0]), MessageError::Truncated(16));
    assert_eq!(decode([0, 0, 0, 2], &[OPT, OPT].concat()), MessageError::SecondOpt);
    assert_eq!(decode([0, 1, 0, 0], OPT), MessageError::MisplacedOpt);
    assert_eq!(decode([0, 0, 0, 1], &[b"\x01a", OPT].concat()), MessageError::MisplacedOpt);
    let options = [&OPT[..10], &[1, 9]].concat();
    assert_eq!(decode([0, 0, 0, 1], &options), MessageError::BadOptions);
    let error = NameError::ForwardPointer(12);
    assert_eq!(decode([1, 0, 0, 0], &[0xc0, 12]), MessageError::Name { at: 12, error });
}

#[test]
fn empty_data_of_any_type() {
    for rtype in [Rtype::A, Rtype::SOA, Rtype(65280)] {
        let [high, low] = rtype.0.to_be_bytes();
        let packet = packet([0, 1, 0, 0], &[0, high, low, 0, 255, 0, 0, 0, 0, 0, 0]);
        let message = Message::decode(&packet).unwrap();
        assert_eq!(message.answer[0].rdata.length(), 0);
        assert_eq!(message.encode(), packet);
    }
}

#[test]
fn names_in_data_are_written_out() {
    let body = b"\x01a\x00\x00\x0f\x00\x01\x00\x00\x00\x00\x00\x06\x00\x09\x01M\xc0\x0c";
    let message = Message::decode(&packet([0, 1, 0, 0], body)).unwrap();
    assert_eq!(message.answer[0].rdata.octets(), b"\x00\x09\x01M\x01a\x00");
    assert_eq!(message.encode(), packet([0, 1, 0, 0], body));
}

#[test]
fn pointer_chains_are_cut_off() {
    // A chain of pointers in the data of one record, then records named by its end.
    let chain: Vec<u8> = std::iter::once(0)
        .chain((0..400u16).flat_map(|link| {
            let target = if link == 0 { 23 } else { 24 + (link - 1) * 2 };
            (0xc000 | target).to_be_bytes()
        }))
        .collect();
    let [high, low] = u16::try_from(chain.len()).unwrap().to_be_bytes();
    let holder = [&[0, 255, 0, 0, 1, 0, 0, 0, 0, high, low][..], &chain].concat();
    let [high, low] = (0xc000 | (24 + 399 * 2u16)).to_be_bytes();
    let named = [high, low, 255, 0, 0, 1, 0, 0, 0, 0, 0, 0].repeat(3);
    let packet = packet([0, 1, 3, 0], &[holder, named].concat());
    let limits = |extra_pointers| MessageLimits { extra_pointers, ..MessageLimits::default() };
    assert!(Message::decode_within(&packet, &limits(1200)).is_ok());
    let error = Message::decode_within(&packet, &limits(256)).unwrap_err();
    assert!(matches!(error, MessageError::Name { error: NameError::TooManyPointers, .. }));
}

#[test]
fn records_are_counted_before_they_are_read() {
    let record = [0, 0, 255, 0, 1, 0, 0, 0, 0, 0, 0];
    let decode = |count: u16| {
        let mut packet = packet([0, 0, 0, 0], &record.repeat(count.into()));
        packet[6..8].copy_from_slice(&count.to_be_bytes());
        Message::decode(&packet).map(|message| message.answer.len())
    };
    assert_eq!(decode(1024), Ok(1024));
    assert_eq!(decode(1025), Err(MessageError::Records(1025)));
}

#[test]
fn response_codes_are_split_and_joined() {
    let mut message = Message::query(1, question());
    message.rcode = Rcode::BADCOOKIE;
    assert_eq!(Message::decode(&message.encode()).unwrap().rcode, Rcode(7));
    message.edns = Some(Edns::default());
    assert_eq!(Message::decode(&message.encode()).unwrap(), message);
}

#[test]
fn what_does_not_fit_is_left_out_by_sets() {
    let set = |owner: &str, count: u8| {
        (0..count).map(|at| record(owner, Rtype::TXT, [&[99][..], &[at; 99]].concat())).collect()
    };
    let mut message = Message::query(1, question());
    message.answer = set("a.example.", 2);
    message.authority = set("b.example.", 3);
    message.additional = set("c.example.", 1);
    let nsid = EdnsOption { code: EdnsCode::NSID, data: vec![1; 30].into() };
    message.edns = Some(Edns { options: vec![nsid], ..Edns::default() });
    let whole = message.encode();
    assert_eq!(message.encode_within(whole.len()), whole);
    let short = message.encode_within(whole.len() - 1);
    let read = Message::decode(&short).unwrap();
    assert!(read.flags.truncated && read.additional.is_empty());
    assert_eq!((&read.answer, &read.authority), (&message.answer, &message.authority));
    assert_eq!(read.edns, message.edns);
    let read = Message::decode(&message.encode_within(0)).unwrap();
    assert!(read.flags.truncated && read.authority.is_empty() && read.additional.is_empty());
    assert_eq!((&read.answer, &read.edns), (&message.answer, &message.edns));
}

#[test]
fn options_that_do_not_fit_are_left_out() {
    let option = |length| EdnsOption { code: EdnsCode::PADDING, data: vec![0; length].into() };
    let mut message = Message::query(1, question());
    let options = vec![option(100), option(400), option(1)];
    message.edns = Some(Edns { options, ..Edns::default() });
    let read = Message::decode(&message.encode_within(512)).unwrap();
    assert_eq!(read.edns.unwrap().options, [option(100)]);
    message.edns = Some(Edns { options: vec![option(70_000)], ..Edns::default() });
    assert!(Message::decode(&message.encode()).unwrap().edns.unwrap().options.is_empty());
}

#[test]
fn the_largest_message_is_not_exceeded() {
    let mut message = Message::query(1, question());
    let owners = (0..700u16).map(|at| record(&format!("a{at}."), Rtype(65280), vec![0; 100]));
    message.answer = owners.collect();
    let octets = message.encode();
    assert!(octets.len() <= MAX && octets.len() > MAX - 120);
    assert!(Message::decode(&octets).unwrap().flags.truncated);
}

const MAX: usize = 65_535;

fn any_name() -> impl Strategy<Value = Name> {
    let label = prop_oneof![
        3 => vec(prop_oneof![Just(b'a'), Just(b'B')], 1..=2),
        1 => vec(any::<u8>(), 1..=63),
    ];
    vec(label, 0..=5).prop_filter_map("too long", |labels| Name::from_labels(labels).ok())
}

fn any_data() -> impl Strategy<Value = (Rtype, Rdata)> {
    let rdata = |rtype, octets: Vec<u8>| (rtype, Rdata::new(octets).unwrap());
    prop_oneof![
        any_name().prop_map(move |name| rdata(Rtype::NS, name.as_wire().to_vec())),
        any_name().prop_map(move |name| rdata(Rtype::DNAME, name.as_wire().to_vec())),
        (any_name(), any_name()).prop_map(move |(mname, rname)| {
            rdata(Rtype::SOA, [mname.as_wire(), rname.as_wire(), &[1; 20]].concat())
        }),
        any_name().prop_map(move |name| rdata(Rtype::MX, [&[1, 2], name.as_wire()].concat())),
        any_name().prop_map(move |name| rdata(Rtype::SRV, [&[9; 6], name.as_wire()].concat())),
        any::<[u8; 4]>().prop_map(move |octets| rdata(Rtype::A, octets.to_vec())),
        vec(any::<u8>(), 1..20).prop_map(move |octets| rdata(Rtype::ASSOC, octets)),
    ]
}

prop_compose! {
    fn any_record()(
        name in any_name(),
        (rtype, rdata) in any_data(),
        class in prop_oneof![Just(Class::IN), Just(Class::CH)],
        secs in 0..=i32::MAX.cast_unsigned(),
    ) -> Record {
        Record { name, rtype, class, ttl: Ttl::from_secs(secs), rdata }
    }
}

prop_compose! {
    fn any_flags()(bits in any::<[bool; 7]>()) -> Flags {
        let [response, authoritative, truncated, recursion_desired, recursion_available,
            authentic_data, checking_disabled] = bits;
        Flags { response, authoritative, truncated, recursion_desired, recursion_available,
            authentic_data, checking_disabled }
    }
}

prop_compose! {
    fn any_edns()(
        udp_size in any::<u16>(),
        (version, dnssec_ok, compact_ok) in any::<(u8, bool, bool)>(),
        options in vec((100u16.., vec(any::<u8>(), 0..9)), 0..3),
    ) -> Edns {
        let options = options.into_iter()
            .map(|(code, data)| EdnsOption { code: EdnsCode(code), data: data.into() });
        Edns { udp_size, version, dnssec_ok, compact_ok, options: options.collect() }
    }
}

prop_compose! {
    fn any_message()(
        (id, opcode, flags) in (any::<u16>(), 0u8..16, any_flags()),
        question in proptest::option::of((any_name(), any::<(u16, u16)>())),
        answer in vec(any_record(), 0..4),
        authority in vec(any_record(), 0..4),
        additional in vec(any_record(), 0..4),
        (rcode, edns) in (0u16..4096, proptest::option::of(any_edns())),
    ) -> Message {
        let rcode = Rcode(if edns.is_some() { rcode } else { rcode & 15 });
        let question = question.map(|(name, (rtype, class))| {
            Question { name, rtype: Rtype(rtype), class: Class(class) }
        });
        let opcode = Opcode(opcode);
        Message { id, opcode, flags, rcode, question, answer, authority, additional, edns }
    }
}

fn all_names(message: &Message) -> Vec<Vec<u8>> {
    let sections = [&message.answer, &message.authority, &message.additional];
    let owners = sections.into_iter().flatten().map(|record| &record.name);
    let asked = message.question.iter().map(|question| &question.name);
    asked.chain(owners).map(|name| name.as_wire().to_vec()).collect()
}

proptest! {
    #[test]
    fn messages_round_trip(message in any_message()) {
        let read = Message::decode(&message.encode()).unwrap();
        prop_assert_eq!(all_names(&read), all_names(&message), "names keep their case");
        prop_assert_eq!(read, message);
    }

    #[test]
    fn limits_are_kept(message in any_message(), limit in 512usize..1500) {
        let octets = message.encode_within(limit);
        prop_assert!(octets.len() <= limit);
        let read = Message::decode(&octets).unwrap();
        prop_assert!(message.answer.starts_with(&read.answer));
        prop_assert_eq!(read.question, message.question);
        prop_assert_eq!(read.edns.is_some(), message.edns.is_some());
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in vec(any::<u8>(), 0..200)) {
        let _ = Message::decode(&octets);
    }

    /// What is read is read the same again, whatever its origin.
    #[test]
    fn damaged_messages_are_read_or_refused(
        message in any_message(),
        damage in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut octets = message.encode();
        for (at, octet) in damage {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        if let Ok(read) = Message::decode(&octets) {
            let again = Message::decode(&read.encode()).unwrap();
            prop_assert!(again == read || again.flags.truncated);
        }
    }

    #[test]
    fn hickory_reads_the_same(message in any_message()) {
        let theirs = TheirMessage::from_vec(&message.encode()).unwrap();
        prop_assert_eq!(theirs.metadata.id, message.id);
        prop_assert_eq!(u8::from(theirs.metadata.op_code), message.opcode.0);
        prop_assert_eq!(u16::from(theirs.metadata.response_code), message.rcode.0);
        let response = theirs.metadata.message_type == MessageType::Response;
        prop_assert_eq!(response, message.flags.response);
        prop_assert_eq!(theirs.metadata.truncation, message.flags.truncated);
        prop_assert_eq!(theirs.metadata.authoritative, message.flags.authoritative);
        prop_assert_eq!(theirs.metadata.recursion_desired, message.flags.recursion_desired);
        prop_assert_eq!(theirs.metadata.recursion_available, message.flags.recursion_available);
        prop_assert_eq!(theirs.metadata.authentic_data, message.flags.authentic_data);
        prop_assert_eq!(theirs.metadata.checking_disabled, message.flags.checking_disabled);
        let sections = [
            (&theirs.answers, &message.answer),
            (&theirs.authorities, &message.authority),
            (&theirs.additionals, &message.additional),
        ];
        for (theirs, ours) in sections {
            prop_assert_eq!(theirs.len(), ours.len());
            for (theirs, ours) in theirs.iter().zip(ours) {
                prop_assert!(theirs.name.iter().eq(ours.name.labels()));
                prop_assert_eq!(u16::from(theirs.record_type()), ours.rtype.0);
                prop_assert_eq!(u16::from(theirs.dns_class), ours.class.0);
                prop_assert_eq!(theirs.ttl, ours.ttl.as_secs());
            }
        }
        prop_assert_eq!(theirs.edns.is_some(), message.edns.is_some());
        if let (Some(theirs), Some(ours)) = (&theirs.edns, &message.edns) {
            prop_assert_eq!(theirs.max_payload(), ours.udp_size.max(512));
            prop_assert_eq!(theirs.version(), ours.version);
            prop_assert_eq!(theirs.flags().dnssec_ok, ours.dnssec_ok);
        }
    }
}
