//! The start of authority as it is served: its serial can be ahead of the zone file's.

use super::answers::{Prepared, Signed};
use super::signer::Signer;
use crate::clock::Timestamp;
use crate::wire::rdata::Soa;
use crate::wire::{EncodedRef, Rrset, Serial, Ttl};
use crate::zone::Zone;

/// The SOA of a zone, encoded and signed.
#[derive(Debug, Clone)]
pub(super) struct Start {
    serial: Serial,
    answer: Prepared,
    /// As it stands in denials (RFC 2308 section 3).
    denial: Prepared,
}

impl Start {
    /// The SOA of `zone` with this serial.
    pub(super) fn new(zone: &Zone, serial: Serial, signer: &Signer, now: Timestamp) -> Self {
        let set = soa_set(zone, serial);
        let negative_ttl = negative_ttl(zone, signer);
        Self {
            serial,
            answer: signer.prepare(&set, now),
            denial: signer.prepare_for(&set, negative_ttl, now),
        }
    }

    pub(super) fn serial(&self) -> Serial {
        self.serial
    }

    pub(super) fn answer(&self) -> EncodedRef<'_> {
        self.answer.encoded.view()
    }

    pub(super) fn denial(&self) -> EncodedRef<'_> {
        self.denial.encoded.view()
    }

    /// Its signatures, where it has any.
    pub(super) fn signed(&self) -> impl Iterator<Item = Signed> {
        [&self.answer, &self.denial].into_iter().filter_map(|prepared| prepared.signed)
    }

    /// Signs again what has to be, or soon has to. Tells how many sets.
    pub(super) fn renew(&mut self, zone: &Zone, signer: &Signer, now: Timestamp) -> usize {
        if !signer.is_due(&self.answer, now) && !signer.is_due(&self.denial, now) {
            return 0;
        }
        *self = Self::new(zone, self.serial, signer, now);
        2
    }
}

/// The SOA set of a zone with another serial.
fn soa_set(zone: &Zone, serial: Serial) -> Rrset {
    let soa = Soa { serial, ..zone.soa().clone() };
    Rrset { rdata: vec![soa.to_rdata()], ..zone.soa_set().clone() }
}

/// The TTL of denials: the lower of the SOA's own TTL and its last field (RFC 2308 section 3), at most
/// what the policy says.
pub(super) fn negative_ttl(zone: &Zone, signer: &Signer) -> Ttl {
    let minimum = Ttl::from_secs(zone.soa().minimum);
    zone.soa_set().ttl.min(minimum).min(signer.policy().negative_ttl)
}
