//! The parts of answers, encoded and signed when a zone is loaded.

use super::signer::Signer;
use crate::clock::Timestamp;
use crate::dnssec::denial;
use crate::wire::{Encoded, Rrset, Ttl};
use crate::zone::{Delegation, DelegationId, SetId, Zone};

/// A set ready to be written. Copies share the octets.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) encoded: Encoded,
    /// When its signatures have to be renewed; none where it has none.
    pub(super) renewal: Option<Timestamp>,
}

impl Prepared {
    /// Whether its signatures have to be renewed at `latest` or before.
    pub(super) fn is_due(&self, latest: Timestamp) -> bool {
        self.renewal.is_some_and(|renewal| renewal <= latest)
    }
}

/// All prepared sets of a zone, in the zone's order.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    sets: Vec<Prepared>,
    /// The SOA as it stands in denials (RFC 2308 section 3).
    soa: Prepared,
    /// For each delegation without DS the proof that it has none; in a zone without keys for none.
    no_ds: Vec<Option<Prepared>>,
    negative_ttl: Ttl,
}

impl Answers {
    pub(super) fn new(zone: &Zone, signer: &Signer, now: Timestamp) -> Self {
        let negative_ttl = negative_ttl(zone, signer.policy().negative_ttl);
        let signed = signed_sets(zone);
        let sets =
            zone.sets().iter().zip(signed).map(|(set, signed)| {
                if signed { signer.prepare(set, now) } else { signer.leave(set) }
            });
        let no_ds = zone.delegations().iter().map(|cut| {
            let proved = signer.signs() && cut.ds.is_none();
            proved.then(|| signer.prepare(&no_ds(zone, cut, negative_ttl), now))
        });
        Self {
            sets: sets.collect(),
            soa: signer.prepare_for(zone.soa_set(), negative_ttl, now),
            no_ds: no_ds.collect(),
            negative_ttl,
        }
    }

    pub(super) fn set(&self, id: SetId) -> &Encoded {
        &self.sets[id.index()].encoded
    }

    pub(super) fn soa(&self) -> &Encoded {
        &self.soa.encoded
    }

    pub(super) fn no_ds(&self, delegation: DelegationId) -> Option<&Encoded> {
        self.no_ds[delegation.index()].as_ref().map(|prepared| &prepared.encoded)
    }

    /// The TTL of denials.
    pub(super) fn negative_ttl(&self) -> Ttl {
        self.negative_ttl
    }

    pub(super) fn next_renewal(&self) -> Option<Timestamp> {
        let all = self.sets.iter().chain([&self.soa]).chain(self.no_ds.iter().flatten());
        all.filter_map(|prepared| prepared.renewal).min()
    }

    /// Signs again what has to be, or soon has to. Tells how many sets.
    pub(super) fn renew(&mut self, zone: &Zone, signer: &Signer, now: Timestamp) -> usize {
        let latest = signer.latest_renewal(now);
        let mut renewed = 0;
        let due =
            self.sets.iter_mut().zip(zone.sets()).filter(|(prepared, _)| prepared.is_due(latest));
        for (prepared, set) in due {
            *prepared = signer.prepare(set, now);
            renewed += 1;
        }
        if self.soa.is_due(latest) {
            self.soa = signer.prepare_for(zone.soa_set(), self.negative_ttl, now);
            renewed += 1;
        }
        for (prepared, cut) in self.no_ds.iter_mut().zip(zone.delegations()) {
            if let Some(prepared) = prepared.as_mut().filter(|prepared| prepared.is_due(latest)) {
                *prepared = signer.prepare(&no_ds(zone, cut, self.negative_ttl), now);
                renewed += 1;
            }
        }
        renewed
    }
}

/// The lower of the SOA's own TTL and its last field (RFC 2308 section 3), at most `most`.
fn negative_ttl(zone: &Zone, most: Ttl) -> Ttl {
    zone.soa_set().ttl.min(Ttl::from_secs(zone.soa().minimum)).min(most)
}

fn no_ds(zone: &Zone, cut: &Delegation, ttl: Ttl) -> Rrset {
    denial::no_ds(&zone.set(cut.ns).name, zone.apex(), ttl)
}

/// Which sets are signed: not those of delegations, nor addresses below them (RFC 4035 section 2.2).
fn signed_sets(zone: &Zone) -> Vec<bool> {
    let mut signed = vec![true; zone.sets().len()];
    for cut in zone.delegations() {
        signed[cut.ns.index()] = false;
    }
    let delegated = zone.delegations().iter().flat_map(|cut| &cut.addresses);
    for address in delegated.chain(zone.apex_addresses()) {
        signed[address.set.index()] = address.authoritative;
    }
    signed
}
