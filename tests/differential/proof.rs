//! What answers prove.

use threepid::authority::Authority;
use threepid::clock::Timestamp;
use threepid::dnssec::verify;
use threepid::wire::rdata::Rrsig;
use threepid::wire::{Message, Record, Rrset, Rtype};

fn records(message: &Message) -> impl Iterator<Item = &Record> {
    [&message.answer, &message.authority, &message.additional].into_iter().flatten()
}

/// Whether there are signatures in it.
pub(super) fn is_signed(message: &Message) -> bool {
    records(message).any(|record| record.rtype == Rtype::RRSIG)
}

/// Each signature in the answer over what stands beside it holds.
pub(super) fn check(authority: &Authority, answer: &[u8], now: Timestamp) {
    let message = Message::decode(answer).expect("an answer");
    for section in [&message.answer, &message.authority, &message.additional] {
        let (rrsigs, data): (Vec<Record>, Vec<Record>) =
            section.iter().cloned().partition(|record| record.rtype == Rtype::RRSIG);
        let sets = Rrset::group(data);
        for record in rrsigs {
            let rrsig = Rrsig::parse(&record.rdata).expect("a signature");
            let is_covered =
                |set: &&Rrset| set.name == record.name && set.rtype == rrsig.type_covered;
            if let Some(set) = sets.iter().find(is_covered) {
                assert!(holds(authority, set, &rrsig, now), "{set:?}");
            }
        }
    }
}

fn holds(authority: &Authority, set: &Rrset, rrsig: &Rrsig, now: Timestamp) -> bool {
    let zone = authority.zones().find(|zone| *zone.apex() == rrsig.signer);
    let keys = zone.expect("a zone that is served").dnskeys();
    let key = keys.iter().find(|key| key.key_tag() == rrsig.key_tag).expect("a key of the zone");
    verify(set, rrsig, key, now).is_ok()
}
