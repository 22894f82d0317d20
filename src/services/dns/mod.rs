//! DNS: what the listeners answer, and to whom.
//!
//! A [`DnsService`] answers at once from the zones of an [`Authority`]. Where its listener also
//! resolves names, other questions go to the [`Recursor`](crate::recursor::Recursor), which
//! [`recurse`] drives, if they come from whom that is open to. What is served is exchanged as a
//! whole, on reload and whenever signatures are renewed, without holding up a thread.

mod recursion;
mod tally;

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use crate::authority::Authority;
use crate::clock::{Clock, Timestamp};
use crate::services::Network;
use crate::telemetry::Telemetry;
use crate::transport::{Peer, Service, Transport, Verdict};
use crate::wire::{AnswerWriter, EdeCode, EdnsPolicy, Query, Rcode, Unanswerable, write_error};
use crate::zone::SearchName;

pub use recursion::{Limits, recurse};
use tally::{Course, Tally};

/// What a listener answers from, and whom.
#[derive(Debug, Clone, Default)]
pub struct Served {
    /// The zones answered for, for everyone.
    pub authority: Authority,
    /// Who may have other names resolved; where it is none, the listener resolves no names.
    pub recursion: Option<Access>,
    /// What is said in OPT records.
    pub edns: EdnsPolicy,
}

/// Who may have names resolved: the machine itself, and some networks. A resolver open to everyone
/// is a weapon against others (RFC 5358).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access(Vec<Network>);

impl Access {
    /// Loopback and the networks in `allow`.
    pub fn new(allow: &[Network]) -> Self {
        Self([&[Network::LOOPBACK_V4, Network::LOOPBACK_V6], allow].concat())
    }

    /// Whether `address` is one of them.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Served {
    /// Answers the question where that can be done at once. Tells what became of it.
    fn answer(&self, query: &Query<'_>, peer: &Peer, now: Timestamp, out: &mut Vec<u8>) -> Course {
        match &self.recursion {
            Some(_) if self.has_zone_for(query) => {}
            Some(access) if access.permits(peer.remote.ip()) => return Course::Recursion,
            Some(_) => return self.prohibit(query, out),
            None => {}
        }
        let limit = match peer.transport {
            Transport::Udp => query.udp_limit(self.edns.udp_size),
            Transport::Tcp => usize::from(u16::MAX),
        };
        Course::Zones(self.authority.answer(query, limit, &self.edns, now, out))
    }

    fn has_zone_for(&self, query: &Query<'_>) -> bool {
        SearchName::new(query.qname).is_ok_and(|name| self.authority.serves(&name))
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
    fn answer(&mut self, packet: &[u8], peer: &Peer, out: &mut Vec<u8>) -> Verdict {
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
            Course::Zones(_) | Course::Prohibited | Course::Malformed(_) => Verdict::Reply,
            Course::Recursion => Verdict::Later,
            Course::Ignored => Verdict::Silent,
        }
    }
}

#[cfg(test)]
mod tests;
