//! What a client is told.

use std::sync::Arc;

use super::{Answer, Cause, Checking, Kind, Limits, SignedRrset, Stored, Trusted};
use crate::clock::Timestamp;
use crate::dnssec::Security;
use crate::wire::{
    Edns, ExtendedError, Flags, Message, Name, Opcode, Query, Question, Rcode, Record, Rtype, Ttl,
};

/// A client's question and what it makes of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub question: Question,
    /// DO: the client wants signatures and proofs.
    pub dnssec_ok: bool,
    /// CD: the client judges by itself.
    pub checking_disabled: bool,
    /// CO: the client takes NXDOMAIN with a compact denial (RFC 9824 section 5.1).
    pub compact_ok: bool,
    /// AD in the query: the client wants to know of the verdict (RFC 6840 section 5.7).
    pub authentic_data: bool,
}

impl Request {
    /// A question without any wishes.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            dnssec_ok: false,
            checking_disabled: false,
            compact_ok: false,
            authentic_data: false,
        }
    }

    /// The request in a query.
    pub fn of(query: &Query<'_>) -> Self {
        let (name, _) = Name::from_wire(query.qname).expect("a query's name was read before");
        Self {
            question: Question { name, rtype: query.qtype, class: query.qclass },
            dnssec_ok: query.dnssec_ok(),
            checking_disabled: query.checking_disabled,
            compact_ok: query.compact_ok(),
            authentic_data: query.authentic_data,
        }
    }

    /// Whether the answer is judged.
    pub fn checking(&self) -> Checking {
        if self.checking_disabled { Checking::Disabled } else { Checking::Enabled }
    }
}

/// The outcome of a resolution. What of it a client sees depends on its [`Request`]; one response
/// serves all who ask the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What the last link of the chain of aliases is; none where the resolution failed.
    pub kind: Option<Kind>,
    /// How far all of it is proved: as its weakest part.
    pub security: Security,
    /// Whether part of it was known for long, and is not for much longer.
    pub is_due: bool,
    /// The sets of the answer section, aliases first, with the TTLs left.
    pub answer: Vec<SignedRrset>,
    /// The SOA and the proofs of the authority section, with the TTLs left.
    pub authority: Vec<SignedRrset>,
    /// Why it failed.
    pub failure: Option<Cause>,
    /// More than the response code says (RFC 8914).
    pub extended_error: Option<ExtendedError>,
}

impl Response {
    /// The response that these links of a chain of aliases make.
    pub(super) fn new(links: &[Arc<Stored<Answer>>], now: Timestamp, limits: &Limits) -> Self {
        let mut response = Self {
            kind: links.last().map(|link| link.value.kind.clone()),
            security: Security::Secure,
            is_due: links.iter().any(|link| link.is_due(now, limits.least_prefetched)),
            answer: Vec::new(),
            authority: Vec::new(),
            failure: None,
            extended_error: None,
        };
        for link in links {
            let aged = link.aged(now);
            response.answer.extend(aged.answer);
            response.authority.extend(aged.authority);
            response.security = response.security.min(aged.security);
            if let Some(Trusted::Insecure(Some(unsupported))) = aged.trusted {
                response.extended_error =
                    Some(ExtendedError { code: unsupported.code(), text: unsupported.to_string() });
            }
        }
        response
    }

    /// The response that these links make, which for this cause lead nowhere.
    pub(super) fn broken(
        links: &[Arc<Stored<Answer>>],
        cause: Cause,
        now: Timestamp,
        limits: &Limits,
    ) -> Self {
        Self {
            kind: None,
            extended_error: Some(cause.extended_error()),
            failure: Some(cause),
            ..Self::new(links, now, limits)
        }
    }

    /// The response to a request that failed.
    pub fn failure(cause: Cause) -> Self {
        Self {
            kind: None,
            security: if cause.is_bogus() { Security::Bogus } else { Security::Indeterminate },
            is_due: false,
            answer: Vec::new(),
            authority: Vec::new(),
            extended_error: Some(cause.extended_error()),
            failure: Some(cause),
        }
    }

    /// The response code for a client. A name that is denied in the compact way is denied as an
    /// authority would deny it to this client (RFC 9824 section 5).
    pub fn rcode(&self, request: &Request) -> Rcode {
        match (&self.kind, &self.failure) {
            (_, Some(cause)) => cause.rcode(),
            (Some(Kind::NameError), _) => Rcode::NXDOMAIN,
            (Some(Kind::CompactNameError), _) if request.dnssec_ok && !request.compact_ok => {
                Rcode::NOERROR
            }
            (Some(Kind::CompactNameError), _) => Rcode::NXDOMAIN,
            _ => Rcode::NOERROR,
        }
    }

    /// The message for a client that sent `query`, which is `request`.
    pub fn to_message(&self, query: &Query<'_>, request: &Request) -> Message {
        let asked_for_verdict = request.dnssec_ok || request.authentic_data;
        let edns = query.edns.map(|_| {
            let Request { dnssec_ok, compact_ok, .. } = *request;
            let mut edns = Edns { dnssec_ok, compact_ok, ..Edns::default() };
            self.extended_error.iter().for_each(|error| edns.push_extended_error(error));
            edns
        });
        Message {
            id: query.id,
            opcode: Opcode::QUERY,
            flags: Flags {
                response: true,
                recursion_desired: query.recursion_desired,
                recursion_available: true,
                authentic_data: asked_for_verdict && self.security == Security::Secure,
                checking_disabled: request.checking_disabled,
                ..Flags::default()
            },
            rcode: self.rcode(request),
            question: Some(request.question.clone()),
            answer: section(&self.answer, request),
            authority: section(&self.authority, request),
            additional: Vec::new(),
            edns,
        }
    }
}

/// The records of a section for a client: DNSSEC's only where it wants them, or asked for them
/// (RFC 4035 section 3.2.1). Its own name stands there as it spells it.
fn section(sets: &[SignedRrset], request: &Request) -> Vec<Record> {
    let is_dnssec = |rtype| matches!(rtype, Rtype::RRSIG | Rtype::NSEC | Rtype::NSEC3);
    let wanted = |set: &&SignedRrset| {
        let (rtype, asked) = (set.rrset.rtype, request.question.rtype);
        request.dnssec_ok || !is_dnssec(rtype) || rtype == asked || asked == Rtype::ANY
    };
    let most = Ttl::from_secs(u32::MAX);
    let records = sets.iter().filter(wanted);
    let mut records: Vec<Record> =
        records.flat_map(|set| set.records(request.dnssec_ok, most)).collect();
    let own = &request.question.name;
    let about_it = records.iter_mut().filter(|record| record.name == *own);
    about_it.for_each(|record| record.name = own.clone());
    records
}
