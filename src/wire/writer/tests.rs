use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::{
    EdnsCode, EdnsOption, Message, Name, Opcode, Question, Rdata, Record, Rrset, Unanswerable,
};

fn asked(name: &Name, edns: Option<Edns>) -> Vec<u8> {
    let question = Question { name: name.clone(), rtype: Rtype::TXT, class: Class::IN };
    let mut message = Message::query(7, question);
    message.flags.recursion_desired = true;
    message.edns = edns;
    message.encode()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn policy() -> EdnsPolicy {
    EdnsPolicy { udp_size: 1400, nsid: b"here".to_vec() }
}

/// A set of `count` records with `length` octets of data each.
fn set(owner: &str, count: u8, length: usize) -> Rrset {
    let rdata = (0..count).map(|at| Rdata::new(vec![at; length]).unwrap()).collect();
    let (rtype, class, ttl) = (Rtype(65280), Class::IN, Ttl::from_secs(60));
    Rrset { name: name(owner), rtype, class, ttl, rdata }
}

fn write(writer: &mut AnswerWriter<'_>, section: Section, set: &Rrset) -> bool {
    let rdata = set.rdata.iter().map(Rdata::octets);
    writer.rrset(section, set.name.as_wire(), set.rtype, set.ttl, rdata)
}

fn records(sets: &[Rrset]) -> Vec<Record> {
    sets.iter().flat_map(Rrset::records).collect()
}

#[test]
fn names_are_compressed() {
    let packet = asked(&name("a.B.example."), None);
    let query = Query::parse(&packet).unwrap();
    let (policy, mut out) = (policy(), Vec::new());
    let mut writer = AnswerWriter::new(&query, 512, &policy, &mut out);
    writer.set_authoritative();
    let mut start = writer.out.len();
    let mut add = |owner: &str, count, lengths: &[usize]| {
        assert!(write(&mut writer, Section::Answer, &set(owner, count, 0)));
        let written = writer.out.len() - start;
        start = writer.out.len();
        let names: usize = lengths.iter().sum();
        assert_eq!(written, names + usize::from(count) * RECORD, "{owner}");
    };
    add("A.b.example.", 2, &[2, 2]);
    add("example.", 1, &[2]);
    add("xx.b.example.", 3, &[3 + 2, 2, 2]);
    add("yyy.XX.b.example.", 1, &[4 + 2]);
    add("yyy.xx.b.example.", 1, &[2]);
    add("example.net.", 2, &[13, 2]);
    add("net.", 1, &[2]);
    add(".", 2, &[1, 1]);
    writer.finish();
    let read = Message::decode(&out).unwrap();
    let owners: Vec<_> = read.answer.iter().map(|record| record.name.to_string()).collect();
    let yyy = "yyy.xx.B.example.";
    let xx = "xx.B.example.";
    assert_eq!(owners[..3], ["a.B.example.", "a.B.example.", "example."]);
    assert_eq!(owners[3..6], [xx, xx, xx]);
    assert_eq!(owners[6..8].concat().to_lowercase(), [yyy, yyy].concat().to_lowercase());
    assert_eq!(owners[8..], ["example.net.", "example.net.", "net.", ".", "."]);
}

#[test]
fn a_set_that_does_not_fit_is_left_out() {
    let packet = asked(&name("a.example."), None);
    let query = Query::parse(&packet).unwrap();
    let (policy, mut out) = (policy(), Vec::new());
    let mut writer = AnswerWriter::new(&query, 600, &policy, &mut out);
    let start = writer.out.len();
    assert!(write(&mut writer, Section::Answer, &set("a.example.", 1, 100)));
    let big = set("b.example.", 2, 250);
    let rdata = || big.rdata.iter().map(Rdata::octets);
    let (owner, rtype, ttl) = (big.name.as_wire(), big.rtype, big.ttl);
    assert!(!writer.optional_rrset(Section::Additional, owner, rtype, ttl, rdata()));
    assert!(!writer.is_truncated());
    // The name of the set left out is not pointed to, and what is left is used to the last octet.
    let left = 600 - start - (2 + RECORD + 100) - (2 + 2 + RECORD);
    assert!(write(&mut writer, Section::Additional, &set("b.example.", 1, left)));
    assert!(!write(&mut writer, Section::Additional, &set("example.", 1, 0)));
    assert!(writer.is_truncated());
    writer.finish();
    let read = Message::decode(&out).unwrap();
    assert_eq!((out.len(), read.answer.len(), read.additional.len()), (600, 1, 1));
    assert!(read.flags.truncated && read.flags.response && !read.flags.authoritative);
}

#[test]
fn after_truncation_nothing_is_written() {
    let packet = asked(&name("a.example."), None);
    let query = Query::parse(&packet).unwrap();
    let (policy, mut out) = (policy(), Vec::new());
    let mut writer = AnswerWriter::new(&query, 0, &policy, &mut out);
    assert!(!write(&mut writer, Section::Answer, &set("a.example.", 1, 500)));
    assert!(!write(&mut writer, Section::Answer, &set("a.example.", 1, 1)));
    writer.finish();
    assert!(Message::decode(&out).unwrap().answer.is_empty());
}

#[test]
fn edns_is_answered() {
    let nsid = EdnsOption { code: EdnsCode::NSID, data: Vec::new().into() };
    let edns = Edns { dnssec_ok: true, compact_ok: true, options: vec![nsid], ..Edns::default() };
    let packet = asked(&name("a.example."), Some(edns));
    let query = Query::parse(&packet).unwrap();
    let (policy, mut out) = (policy(), Vec::new());
    let mut writer = AnswerWriter::new(&query, 512, &policy, &mut out);
    writer.set_rcode(Rcode::BADCOOKIE);
    writer.set_extended_error(EdeCode::PROHIBITED, "no");
    writer.finish();
    let read = Message::decode(&out).unwrap();
    let edns = read.edns.unwrap();
    assert_eq!(read.rcode, Rcode::BADCOOKIE);
    assert!(edns.dnssec_ok && edns.compact_ok && edns.udp_size == 1400 && edns.version == 0);
    assert_eq!(edns.option(EdnsCode::NSID).unwrap(), "here");
    assert!(edns.extended_errors().map(|error| error.to_string()).eq(["Prohibited: no"]));
}

#[test]
fn edns_is_not_volunteered() {
    let packet = asked(&name("a.example."), None);
    let query = Query::parse(&packet).unwrap();
    let (policy, mut out) = (policy(), Vec::new());
    let mut writer = AnswerWriter::new(&query, 512, &policy, &mut out);
    writer.set_extended_error(EdeCode::PROHIBITED, "no");
    writer.finish();
    assert_eq!(Message::decode(&out).unwrap().edns, None);
    let packet = asked(&name("a.example."), Some(Edns::default()));
    let query = Query::parse(&packet).unwrap();
    AnswerWriter::new(&query, 512, &policy, &mut out).finish();
    let edns = Message::decode(&out).unwrap().edns.unwrap();
    assert!(!edns.dnssec_ok && !edns.compact_ok && edns.options.is_empty());
}

#[test]
fn a_long_nsid_does_not_push_out_the_rest() {
    let nsid = EdnsOption { code: EdnsCode::NSID, data: Vec::new().into() };
    let edns = Edns { options: vec![nsid], ..Edns::default() };
    let packet = asked(&name("a.example."), Some(edns));
    let query = Query::parse(&packet).unwrap();
    let policy = EdnsPolicy { nsid: vec![b'x'; 1000], ..EdnsPolicy::default() };
    let mut out = Vec::new();
    AnswerWriter::new(&query, 4096, &policy, &mut out).finish();
    assert!(Message::decode(&out).unwrap().edns.unwrap().options.is_empty());
}

#[test]
fn errors_answer_what_is_no_question() {
    let mut out = vec![1, 2, 3];
    let packet = asked(&name("a.example."), Some(Edns { version: 1, ..Edns::default() }));
    assert_eq!(Query::parse(&packet).unwrap_err(), Unanswerable::Error(Rcode::BADVERS));
    write_error(&packet, Rcode::BADVERS, &policy(), &mut out);
    let read = Message::decode(&out).unwrap();
    assert_eq!((read.id, read.rcode, read.edns.unwrap().version), (7, Rcode::BADVERS, 0));
    assert_eq!(read.question.unwrap().name, name("a.example."));
    assert!(read.flags.response && read.flags.recursion_desired);
    write_error(&packet[..20], Rcode::FORMERR, &policy(), &mut out);
    let read = Message::decode(&out).unwrap();
    assert_eq!((out.len(), read.rcode), (HEADER, Rcode::FORMERR));
    write_error(&packet[..5], Rcode::FORMERR, &policy(), &mut out);
    assert!(out.is_empty());
}

#[test]
fn errors_answer_opt_with_opt() {
    let whole = asked(&name("a."), Some(Edns { dnssec_ok: true, ..Edns::default() }));
    let message = Message::decode(&whole).unwrap();
    let other = records(&[set("a.", 1, 0)]);
    let answered = |rcode, packet: &[u8]| {
        let mut out = Vec::new();
        assert_eq!(Query::parse(packet).unwrap_err(), Unanswerable::Error(rcode));
        write_error(packet, rcode, &policy(), &mut out);
        Message::decode(&out).unwrap()
    };
    let notify = Message { opcode: Opcode::NOTIFY, answer: other.clone(), ..message.clone() };
    let update = Message { opcode: Opcode::UPDATE, authority: other, ..message.clone() };
    for changed in [notify, update] {
        let read = answered(Rcode::NOTIMP, &changed.encode());
        assert!(read.edns.unwrap().dnssec_ok, "{}", changed.opcode);
        assert_eq!(read.opcode, changed.opcode);
    }
    let header_only = Message { question: None, ..message }.encode();
    let (head, rest) = whole.split_at(HEADER);
    let question = &rest[..rest.len() - 11];
    let mut two_questions = [head, question, rest].concat();
    two_questions[5] = 2;
    let trailing = [&whole[..], b"x"].concat();
    for packet in [header_only, two_questions, trailing] {
        assert!(answered(Rcode::FORMERR, &packet).edns.unwrap().dnssec_ok);
    }
    let opt = &rest[question.len()..];
    let mut second = [&whole[..], opt].concat();
    second[11] = 2;
    assert_eq!(answered(Rcode::FORMERR, &second).edns, None);
}

fn any_name() -> impl Strategy<Value = Name> {
    let label = prop_oneof![
        4 => vec(prop_oneof![Just(b'a'), Just(b'B')], 1..=2),
        1 => vec(any::<u8>(), 1..=63),
    ];
    vec(label, 0..=5).prop_filter_map("too long", |labels| Name::from_labels(labels).ok())
}

prop_compose! {
    fn any_set()(name in any_name(), data in vec(vec(any::<u8>(), 0..40), 1..4)) -> Rrset {
        let rdata = data.into_iter().map(|data| Rdata::new(data).unwrap()).collect();
        let (rtype, class, ttl) = (Rtype(65280), Class::IN, Ttl::from_secs(60));
        Rrset { name, rtype, class, ttl, rdata }
    }
}

proptest! {
    /// What was written is read, up to the first set that did not fit; and never beyond the limit.
    #[test]
    fn what_is_written_is_read(
        qname in any_name(),
        sets in vec(any_set(), 0..12),
        limit in 500usize..1000,
        edns in any::<bool>(),
    ) {
        let packet = asked(&qname, edns.then(Edns::default));
        let query = Query::parse(&packet).unwrap();
        let (policy, mut out) = (policy(), Vec::new());
        let mut writer = AnswerWriter::new(&query, limit, &policy, &mut out);
        let written: Vec<bool> =
            sets.iter().map(|set| write(&mut writer, Section::Authority, set)).collect();
        writer.finish();
        let fitting = written.iter().take_while(|written| **written).count();
        prop_assert!(out.len() <= limit.max(512));
        prop_assert!(written[fitting..].iter().all(|written| !written));
        let read = Message::decode(&out).unwrap();
        prop_assert_eq!(read.flags.truncated, fitting < sets.len());
        prop_assert_eq!(read.authority, records(&sets[..fitting]));
        prop_assert_eq!(read.question.unwrap().name, qname);
        prop_assert_eq!(read.edns.is_some(), edns);
    }

    #[test]
    fn any_octets_get_an_error(packet in vec(any::<u8>(), 0..80)) {
        let mut out = Vec::new();
        if let Err(Unanswerable::Error(rcode)) = Query::parse(&packet) {
            write_error(&packet, rcode, &policy(), &mut out);
            let read = Message::decode(&out).unwrap();
            prop_assert_eq!(read.rcode, rcode);
            prop_assert!(out.len() <= packet.len() + 11);
        }
    }
}
