//! Any question gets an answer that can be read, within its limit, and proves what it says.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::dnssec::Effort;
use crate::dnssec::proof::{Absent, Denials};
use crate::wire::{MAX_NAME, Rcode};

const EXAMPLE: &str = "example. SOA
    example. NS ns.example.
    ns.example. A 192.0.2.1
    cut.example. NS ns.cut.example.
    cut.example. DS
    ns.cut.example. A 192.0.2.2
    bare.example. NS ns.example.
    alias.example. CNAME ns.example.
    round.example. CNAME round.example.
    *.wild.example. TXT x
    *.away.example. CNAME x.wild.example.
    moved.example. DNAME wild.example.
    down.here.example. TXT x
    4.4.msisdn.example. NS ns.example.
    8.4.msisdn.example. ASSOC alice
    telco.example._verifier.example. VCERT";

const CHILD: &str = "child.example. SOA
    child.example. NS ns.example.
    x.child.example. CNAME example.";

static SERVER: LazyLock<Server> =
    LazyLock::new(|| Server::signed(&[("example.", EXAMPLE), ("child.example.", CHILD)]));

/// Labels that mean something in the zones, digits, and any octets.
fn label() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "ns",
        "cut",
        "bare",
        "alias",
        "round",
        "wild",
        "*",
        "away",
        "moved",
        "here",
        "down",
        "msisdn",
        "MSISDN",
        "4",
        "8",
        "_at",
        "_ID",
        "telco",
        "_verifier",
        "child",
        "x",
        "example",
    ];
    prop_oneof![
        6 => prop::sample::select(known.to_vec()).prop_map(|label| label.as_bytes().to_vec()),
        2 => (b'0'..=b'9').prop_map(|digit| vec![digit]),
        1 => vec(any::<u8>(), 1..=63),
        1 => (any::<u8>(), 60usize..=63).prop_map(|(octet, length)| vec![octet; length]),
    ]
}

prop_compose! {
    fn qname()(labels in vec(label(), 0..16), beyond in 0..10u8) -> Name {
        let mut qname = if beyond == 0 { Name::root() } else { name("example.") };
        for label in labels {
            let room = (MAX_NAME - qname.as_wire().len()).saturating_sub(1).min(label.len());
            if room > 0 {
                qname = qname.prepend(&label[..room]).unwrap();
            }
        }
        qname
    }
}

fn qtype() -> impl Strategy<Value = Rtype> {
    let known = [
        Rtype::A,
        Rtype::NS,
        Rtype::CNAME,
        Rtype::SOA,
        Rtype::TXT,
        Rtype::DS,
        Rtype::DNSKEY,
        Rtype::NSEC,
        Rtype::RRSIG,
        Rtype::ANY,
        Rtype::ASSOC,
        Rtype::VCERT,
        Rtype::DNAME,
        Rtype::CDS,
    ];
    prop_oneof![6 => prop::sample::select(known.to_vec()), 1 => any::<u16>().prop_map(Rtype)]
}

/// The name that a response is about in the end.
fn last_alias(message: &Message, qname: &Name) -> Name {
    let aliases = message.answer.iter().filter(|record| record.rtype == Rtype::CNAME);
    aliases.fold(qname.clone(), |name, record| {
        if record.name == name {
            crate::wire::rdata::name_target(&record.rdata).unwrap()
        } else {
            name
        }
    })
}

/// What need not be signed: delegations, addresses, and what a DNAME makes.
fn may_be_bare(message: &Message, set: &Rrset) -> bool {
    let redirects =
        |record: &Record| record.rtype == Rtype::DNAME && set.name.is_below(&record.name);
    match set.rtype {
        Rtype::NS => message.authority.iter().any(|record| record.name == set.name),
        Rtype::A => message.additional.iter().any(|record| record.name == set.name),
        Rtype::CNAME => message.answer.iter().any(redirects),
        _ => false,
    }
}

/// Checks that a negative response proves what it says.
fn check_denial(proved: &[(Rrset, Verified)], name: &Name, rtype: Rtype, rcode: Rcode) {
    let (_, verified) = proved.iter().find(|(set, _)| set.rtype == Rtype::SOA).expect("a SOA");
    let mut denials = Denials::new(verified.signer.clone());
    proved.iter().for_each(|(set, verified)| denials.add(set, verified));
    match denials.absent(name, rtype, &mut Effort::default()) {
        Ok(denied) => assert!(rcode == Rcode::NOERROR || denied.absent == Absent::Name),
        // The DS of a zone without a parent here: only the parent could prove it.
        Err(error) => assert!(rtype == Rtype::DS && *name == verified.signer, "{name}: {error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_question_is_answered_with_proof(
        qname in qname(),
        rtype in qtype(),
        class in prop_oneof![9 => Just(Class::IN), 1 => any::<u16>().prop_map(Class)],
        (dnssec_ok, compact_ok) in any::<(bool, bool)>(),
        limit in prop_oneof![Just(512usize), 512usize..1300, Just(65535)],
    ) {
        let question = Question { name: qname.clone(), rtype, class };
        let mut ask = Message::query(7, question.clone());
        ask.edns = Some(Edns { dnssec_ok, compact_ok, ..Edns::default() });
        let octets = SERVER.packet(&ask.encode(), limit);
        prop_assert!(octets.len() <= limit);
        let message = Message::decode(&octets).unwrap();
        prop_assert_eq!(message.question.as_ref(), Some(&question));
        prop_assert!(message.question.as_ref().unwrap().name.as_wire() == qname.as_wire());
        let (bare, proved) = SERVER.judge(&message);
        let unserved = [Rcode::REFUSED, Rcode::FORMERR, Rcode::NOTIMP].contains(&message.rcode);
        prop_assert_eq!(unserved, class != Class::IN || !qname.is_at_or_below(&name("example."))
            || (rtype.is_meta() && rtype != Rtype::ANY));
        if !dnssec_ok || unserved {
            return Ok(());
        }
        for set in &bare {
            prop_assert!(may_be_bare(&message, set), "{} {}", set.name, set.rtype);
        }
        prop_assert!(proved.iter().all(|(_, verified)| verified.wildcard.is_none()));
        let denies = message.authority.iter().any(|record| record.rtype == Rtype::SOA);
        if denies && !message.flags.truncated {
            check_denial(&proved, &last_alias(&message, &qname), rtype, message.rcode);
        }
        let empty = message.answer.is_empty() && message.authority.is_empty();
        prop_assert!(!empty || message.flags.truncated || message.rcode == Rcode::YXDOMAIN);
    }

    #[test]
    fn any_packet_that_asks_is_answered(
        packet in vec(any::<u8>(), 12..80),
        counts in prop_oneof![Just([0, 1]), any::<[u8; 2]>()],
    ) {
        let mut packet = packet;
        packet[2] &= 0x81;
        packet[2] &= 0x7f;
        packet[4..12].fill(0);
        packet[4..6].copy_from_slice(&counts);
        if Query::parse(&packet).is_ok() {
            let out = SERVER.packet(&packet, 512);
            prop_assert!(Message::decode(&out).is_ok());
        }
    }
}
