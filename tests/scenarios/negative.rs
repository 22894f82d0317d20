//! Denials, how long they are remembered, and what clients are told.

use threepid::dnssec::Security;
use threepid::resolver::{Kind, Request, Response};
use threepid::wire::{Edns, Message, Query, Rcode, Rtype};

use super::net::{Outcome, parse};
use super::tree::{EMAIL, PHONE, world};

/// The message that a client gets, who asked with these EDNS bits: DO and CO.
fn told(response: &Response, question: &str, dnssec_ok: bool, compact_ok: bool) -> Message {
    let mut query = Message::query(7, parse(question));
    query.flags.recursion_desired = true;
    query.edns = Some(Edns { dnssec_ok, compact_ok, ..Edns::default() });
    let packet = query.encode();
    let query = Query::parse(&packet).unwrap();
    let message = response.to_message(&query, &Request::of(&query));
    Message::decode(&message.encode()).unwrap()
}

/// TTLs of the authority section.
fn ttls(outcome: &Outcome) -> Vec<u32> {
    outcome.response.authority.iter().map(|set| set.rrset.ttl.as_secs()).collect()
}

#[test]
fn a_denial_costs_no_packet_until_its_time_is_over() {
    let mut world = world();
    let question = format!("{PHONE} TXT");
    let first = world.ask(&question);
    assert_eq!(first.response.kind, Some(Kind::NoData));
    assert!(ttls(&first).iter().all(|ttl| *ttl == 60), "{:?}", ttls(&first));
    world.pass(59);
    let second = world.ask(&question);
    assert!(second.sent.is_empty() && second.response.security == Security::Secure);
    assert!(ttls(&second).iter().all(|ttl| *ttl <= 1), "{:?}", ttls(&second));
    world.pass(1);
    assert!(!world.ask(&question).sent.is_empty());
}

#[test]
fn data_costs_no_packet_until_its_time_is_over() {
    let mut world = world();
    let question = format!("{EMAIL} ASSOC");
    world.ask(&question);
    world.pass(3599);
    assert!(world.ask(&question).sent.is_empty());
    world.pass(1);
    assert!(!world.ask(&question).sent.is_empty());
}

#[test]
fn a_clock_that_is_set_back_makes_everything_forgotten() {
    let mut world = world();
    let question = format!("{EMAIL} ASSOC");
    world.ask(&question);
    world.now = world.now.saturating_sub(std::time::Duration::from_secs(600));
    assert!(!world.ask(&question).sent.is_empty());
}

#[test]
fn a_name_that_does_not_exist_is_denied_for_all_types() {
    let mut world = world();
    let outcome = world.ask("nothing.3pid.example. TXT");
    assert_eq!(outcome.response.kind, Some(Kind::CompactNameError));
    let other = world.ask("nothing.3pid.example. A");
    assert_eq!(other.response.kind, Some(Kind::CompactNameError));
    assert!(other.sent.is_empty());
}

/// RFC 9824 section 5: NOERROR for whoever validates and did not say otherwise.
#[test]
fn a_compact_denial_is_told_as_the_authority_tells_it() {
    let question = "nothing.3pid.example. TXT";
    let response = world().ask(question).response;
    let plain = told(&response, question, false, false);
    assert_eq!(plain.rcode, Rcode::NXDOMAIN);
    assert!(plain.authority.iter().all(|record| record.rtype == Rtype::SOA));
    let with_proof = told(&response, question, true, false);
    assert_eq!(with_proof.rcode, Rcode::NOERROR);
    assert!(with_proof.flags.authentic_data && with_proof.flags.recursion_available);
    let types: Vec<Rtype> = with_proof.authority.iter().map(|record| record.rtype).collect();
    assert_eq!(types.iter().filter(|rtype| **rtype == Rtype::RRSIG).count(), 2);
    assert!(types.contains(&Rtype::NSEC) && types.contains(&Rtype::SOA));
    assert_eq!(told(&response, question, true, true).rcode, Rcode::NXDOMAIN);
}

#[test]
fn digits_and_persons_are_no_data_held_or_not() {
    let mut world = world();
    let absent = format!("{} ASSOC", EMAIL.replacen('0', "1", 1));
    let outcome = world.ask(&absent);
    assert_eq!(outcome.response.kind, Some(Kind::NoData));
    assert_eq!(outcome.response.security, Security::Secure);
    assert_eq!(told(&outcome.response, &absent, false, false).rcode, Rcode::NOERROR);
}

/// A domain that is not there: the zone that denies it is the whole name's authority, and denies the
/// whole name, so that a client can check it.
#[test]
fn an_unknown_domain_is_denied_in_full() {
    let mut world = world();
    let question = EMAIL.replace("example.com", "example.info") + " ASSOC";
    let outcome = world.ask(&question);
    assert_eq!(outcome.response.kind, Some(Kind::NoData));
    assert_eq!(outcome.response.security, Security::Secure);
    let sent = ["email.3pid.example. A", "info.email.3pid.example. A", &question];
    assert_eq!(outcome.sent[..3], sent.map(|asked| format!("1: {asked}")));
    let denial = outcome.response.authority.iter().find(|set| set.rrset.rtype == Rtype::NSEC);
    assert_eq!(denial.unwrap().rrset.name, parse(&question).name);
}

#[test]
fn types_that_live_beside_everything_are_answered() {
    let mut world = world();
    for rtype in ["NSEC", "ANY", "RRSIG"] {
        let outcome = world.ask(&format!("{PHONE} {rtype}"));
        assert_eq!(outcome.response.kind, Some(Kind::Data), "{rtype}");
        let expected = if rtype == "RRSIG" { Security::Insecure } else { Security::Secure };
        assert_eq!(outcome.response.security, expected, "{rtype}");
    }
}

#[test]
fn data_is_told_with_and_without_signatures() {
    let mut world = world();
    let question = format!("{PHONE} ASSOC");
    let response = world.ask(&question).response;
    assert_eq!(told(&response, &question, false, false).answer.len(), 1);
    assert!(!told(&response, &question, false, false).flags.authentic_data);
    let signed = told(&response, &question, true, false);
    assert_eq!(signed.answer.len(), 2);
    assert!(signed.flags.authentic_data && signed.edns.unwrap().dnssec_ok);
}
