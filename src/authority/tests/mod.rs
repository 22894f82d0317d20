//! Questions to small zones, and what comes back.

mod kept;
mod locate;
mod plain;
mod property;
mod renewal;
mod rolling;
mod rolls;
mod signed;
mod unwalkable;

use std::sync::Arc;

use super::{Associated, Authority, Index, Kept, Policy, ServedZone};
use crate::clock::Timestamp;
use crate::crypto::SeededRandom;
use crate::dnssec::{SignatureError, Verified, ZoneKey, verify};
use crate::wire::rdata::{Nsec, Rrsig};
use crate::wire::{
    Class, Edns, EdnsOption, EdnsPolicy, Message, Name, Query, Question, Record, Rrset, Rtype,
};
use crate::zone::testing::{build, name};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A server of some zones, and the keys of those that are signed.
pub(super) struct Server {
    pub(super) authority: Authority,
    pub(super) now: Timestamp,
}

fn keys(apex: &str, flags: &[u16]) -> Vec<ZoneKey> {
    let mut random = SeededRandom::new(apex.len() as u64);
    flags.iter().map(|&flags| ZoneKey::generate(name(apex), flags, &mut random)).collect()
}

fn served(apex: &str, lines: &str, flags: &[u16]) -> ServedZone {
    let built = build(apex, lines).unwrap_or_else(|flaws| panic!("{flaws}"));
    let associations = Associated::File(built.associations);
    ServedZone::new(built.zone, associations, keys(apex, flags), Policy::default(), NOW).unwrap()
}

/// The same zone with the associations of `lines` in a store, `held` or not.
fn stored(apex: &str, lines: &str, flags: &[u16], held: bool) -> ServedZone {
    let built = build(apex, lines).unwrap_or_else(|flaws| panic!("{flaws}"));
    let without: Vec<&str> = lines.lines().filter(|line| !line.contains(" ASSOC ")).collect();
    let zone = build(apex, &without.join("\n")).unwrap().zone;
    let index = Arc::new(Index::new(zone.apex(), 1));
    let (associations, keys) = (Associated::Store(Arc::clone(&index)), keys(apex, flags));
    let served = ServedZone::new(zone, associations, keys, Policy::default(), NOW).unwrap();
    for (set, sequence) in built.associations.iter().zip(1..).filter(|_| held) {
        let (owner, rdata) = (set.name.to_lowercase(), set.rdata[0].octets());
        let kept = Kept { owner: owner.as_wire(), sequence, rdata, rrsigs: [].into_iter() };
        served.hold(&index, &kept, NOW, &mut Vec::new());
    }
    served
}

impl Server {
    fn new(zones: Vec<ServedZone>) -> Self {
        Self { authority: Authority::new(zones).unwrap(), now: NOW }
    }

    /// Serves zones without keys.
    fn unsigned(zones: &[(&str, &str)]) -> Self {
        Self::new(zones.iter().map(|(apex, lines)| served(apex, lines, &[])).collect())
    }

    /// Serves zones, each with one key for everything.
    fn signed(zones: &[(&str, &str)]) -> Self {
        Self::new(zones.iter().map(|(apex, lines)| served(apex, lines, &[ZoneKey::KSK])).collect())
    }

    fn packet(&self, packet: &[u8], limit: usize) -> Vec<u8> {
        let edns = EdnsPolicy { nsid: b"ns1".to_vec(), ..EdnsPolicy::default() };
        let (query, mut out) = (Query::parse(packet).unwrap(), Vec::new());
        let rcode = self.authority.answer(&query, limit, &edns, self.now, &mut out);
        assert_eq!(rcode.0 & 15, u16::from(out[3] & 15));
        out
    }

    fn ask(&self, ask: &Ask) -> Message {
        Message::decode(&self.packet(&ask.0.encode(), ask.1)).unwrap()
    }

    /// The response without EDNS, in words.
    fn plainly(&self, question: &str) -> String {
        show(&self.ask(&Ask::new(question)))
    }

    /// The response with DO, in words.
    fn securely(&self, question: &str) -> String {
        show(&self.ask(&Ask::new(question).with_do()))
    }

    /// Checks each signature in a response. Gives the sets that have none, and what was verified of
    /// the others.
    fn judge(&self, message: &Message) -> (Vec<Rrset>, Vec<(Rrset, Verified)>) {
        let mut bare = Vec::new();
        let mut proved = Vec::new();
        for section in [&message.answer, &message.authority, &message.additional] {
            let (rrsigs, data): (Vec<Record>, Vec<Record>) =
                section.iter().cloned().partition(|record| record.rtype == Rtype::RRSIG);
            let rrsigs: Vec<(Name, Rrsig)> = rrsigs
                .iter()
                .map(|record| (record.name.clone(), Rrsig::parse(&record.rdata).unwrap()))
                .collect();
            for set in Rrset::group(data) {
                let covers = |(owner, rrsig): &&(Name, Rrsig)| {
                    *owner == set.name && rrsig.type_covered == set.rtype
                };
                // A revoked key proves nothing (RFC 5011 section 2.1).
                let counts = |(_, rrsig): &&(Name, Rrsig)| {
                    self.verify(&set, rrsig) != Err(SignatureError::Revoked)
                };
                match rrsigs.iter().filter(covers).find(counts) {
                    Some((_, rrsig)) => {
                        let verified = self.verify(&set, rrsig).unwrap();
                        proved.push((set, verified));
                    }
                    None => bare.push(set),
                }
            }
        }
        (bare, proved)
    }

    fn verify(&self, set: &Rrset, rrsig: &Rrsig) -> Result<Verified, SignatureError> {
        let zone = self.authority.zones().find(|zone| *zone.apex() == rrsig.signer).unwrap();
        let mut published = zone.key_set().published().iter();
        let key = published.find(|key| key.key_tag() == rrsig.key_tag).unwrap();
        verify(set, rrsig, &key.dnskey(), self.now)
    }

    /// The NSEC in a response, verified, in words.
    fn nsec(&self, ask: &Ask) -> String {
        let (_, proved) = self.judge(&self.ask(ask));
        let nsec: Vec<_> = proved.iter().filter(|(set, _)| set.rtype == Rtype::NSEC).collect();
        let [(set, _)] = nsec[..] else { panic!("{} NSEC sets", nsec.len()) };
        let read = Nsec::parse(&set.rdata[0]).unwrap();
        let types: Vec<_> = read.types.iter().map(|rtype| rtype.to_string()).collect();
        format!("{} {} {} {}", set.name, set.ttl, read.next, types.join(" "))
    }
}

/// A question, and how long its response may be.
#[derive(Clone)]
struct Ask(Message, usize);

impl Ask {
    fn new(question: &str) -> Self {
        let (qname, qtype) = question.split_once(' ').unwrap();
        let question =
            Question { name: name(qname), rtype: qtype.parse().unwrap(), class: Class::IN };
        Self(Message::query(7, question), 1232)
    }

    fn with_do(mut self) -> Self {
        self.0.edns = Some(Edns { dnssec_ok: true, ..Edns::default() });
        self
    }

    fn with_co(mut self) -> Self {
        self.0.edns = Some(Edns { dnssec_ok: true, compact_ok: true, ..Edns::default() });
        self
    }

    fn with_options(mut self, options: Vec<EdnsOption>) -> Self {
        self.0.edns = Some(Edns { options, ..Edns::default() });
        self
    }

    fn within(mut self, limit: usize) -> Self {
        self.1 = limit;
        self
    }
}

/// A response in words: code and bits, then the types at each owner, by section.
fn show(message: &Message) -> String {
    let mut text = message.rcode.to_string();
    for (set, bit) in [
        (message.flags.authoritative, " aa"),
        (message.flags.truncated, " tc"),
        (message.flags.authentic_data, " ad"),
        (message.flags.recursion_available, " ra"),
    ] {
        text.push_str(if set { bit } else { "" });
    }
    let sections = [&message.answer, &message.authority, &message.additional];
    for (section, label) in sections.into_iter().zip(["answer", "authority", "additional"]) {
        let mut last = None;
        for record in section {
            if last.is_none() {
                text.push_str(&format!("; {label}"));
            }
            if last != Some(&record.name) {
                text.push_str(&format!(" {}", record.name));
            }
            text.push_str(&format!(" {}", record.rtype));
            last = Some(&record.name);
        }
    }
    text
}
