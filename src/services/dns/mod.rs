//! DNS: what the listeners answer, and to whom.
//!
//! A [`DnsService`] answers at once from the zones of an [`Authority`], or leaves the question to the
//! [`Recursor`](crate::recursor::Recursor), which [`recurse`] drives, if it comes from whom that is
//! open to. What is served is exchanged as a whole, on reload and whenever signatures are renewed,
//! without holding up a thread.

mod recursion;
mod tally;

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use crate::authority::Authority;
use crate::clock::{Clock, Timestamp};
use crate::telemetry::Telemetry;
use crate::transport::{Peer, Reaction, Service};
use crate::wire::{
    AnswerWriter, EdeCode, EdnsPolicy, Prefix, Query, Rcode, Unanswerable, write_error,
};

pub use recursion::{ClientLimits, Desk, Limits, recurse};
use tally::{Course, Tally};

/// What a listener answers.
#[derive(Debug, Clone)]
pub struct Served {
    /// Where the answers come from.
    pub role: Role,
    /// What is said in OPT records.
    pub edns: EdnsPolicy,
    /// What each client of recursion may take.
    pub client: ClientLimits,
}

/// Where a listener's answers come from.
#[derive(Debug, Clone)]
pub enum Role {
    /// From its zones, for everyone.
    Authority(Authority),
    /// From the authorities of others, for whom it is open to.
    Resolver(Access),
}

/// Who may have names resolved: the machine itself, and some networks. A resolver open to everyone
/// is a weapon against others (RFC 5358).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access(Vec<Prefix>);

impl Access {
    /// Loopback and the networks in `allow`.
    pub fn new(allow: &[Prefix]) -> Self {
        Self([&[Prefix::LOOPBACK_V4, Prefix::LOOPBACK_V6], allow].concat())
    }

    /// Whether `address` is one of them.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Served {
    /// In this role, with nothing special to say in OPT records.
    pub fn new(role: Role) -> Self {
        Self { role, edns: EdnsPolicy::default(), client: ClientLimits::default() }
    }

    /// Answers the question where that can be done at once. Tells what became of it.
    fn answer(&self, query: &Query<'_>, peer: &Peer, now: Timestamp, out: &mut Vec<u8>) -> Course {
        match &self.role {
            Role::Authority(authority) => {
                let limit = query.limit(peer.transport, self.edns.udp_size);
                Course::Zones(authority.answer(query, limit, &self.edns, now, out))
            }
            Role::Resolver(access) if access.permits(peer.remote.ip()) => Course::Recursion,
            Role::Resolver(_) => self.prohibit(query, out),
        }
    }

    fn prohibit(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Course {
        let mut writer = AnswerWriter::new(query, 0, &self.edns, out);
        writer.set_rcode(Rcode::REFUSED);
        writer.set_extended_error(EdeCode::PROHIBITED, "no recursion for this client");
        writer.finish();
        Course::Prohibited
    }
}

/// Answers the questions of one thread or some connections.
pub struct DnsService {
    served: Cache<Arc<ArcSwap<Served>>, Arc<Served>>,
    clock: Arc<dyn Clock>,
    tally: Tally,
}

impl DnsService {
    /// Answers from what `served` holds at the time.
    pub fn new(served: Arc<ArcSwap<Served>>, clock: Arc<dyn Clock>, telemetry: &Telemetry) -> Self {
        Self { served: Cache::new(served), clock, tally: Tally::new(telemetry) }
    }
}

impl Service for DnsService {
    fn foresee(&mut self, packets: &[&[u8]]) {
        if let Role::Authority(authority) = &self.served.load().role {
            authority.foresee(packets);
        }
    }

    fn answer(&mut self, packet: &[u8], peer: &Peer, out: &mut Vec<u8>) -> Reaction {
        let served = self.served.load();
        let course = match Query::parse(packet) {
            Ok(query) => served.answer(&query, peer, self.clock.now(), out),
            Err(Unanswerable::Silent) => Course::Ignored,
            Err(Unanswerable::Error(rcode)) => {
                write_error(packet, rcode, &served.edns, out);
                Course::Malformed(rcode)
            }
        };
        self.tally.question(peer.transport, course);
        match course {
            Course::Zones(_) | Course::Prohibited | Course::Malformed(_) => Reaction::Reply,
            Course::Recursion => Reaction::Later,
            Course::Ignored => Reaction::Silent,
        }
    }
}

#[cfg(test)]
mod tests;
