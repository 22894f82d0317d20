//! The two readers of questions agree on every packet that both take.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threepid::wire::{Message, Query};

fuzz_target!(|octets: &[u8]| {
    let (Ok(query), Ok(message)) = (Query::parse(octets), Message::decode(octets)) else { return };
    let question = message.question.expect("a query asks something");
    assert_eq!((query.id, query.qname), (message.id, question.name.as_wire()));
    assert_eq!((query.qtype, query.qclass), (question.rtype, question.class));
    assert_eq!(query.edns.is_some(), message.edns.is_some());
    let edns = message.edns.unwrap_or_default();
    assert_eq!((query.dnssec_ok(), query.compact_ok()), (edns.dnssec_ok, edns.compact_ok));
});
