//! The parts of answers, encoded and signed when a zone is loaded.

use super::signer::Signer;
use super::start::negative_ttl;
use crate::clock::Timestamp;
use crate::dnssec::denial;
use crate::wire::{Encoded, EncodedRef, Rrset, Rtype, Ttl};
use crate::zone::{Delegation, DelegationId, NodeId, SetId, Zone};

/// A set ready to be written. Copies share the octets.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) encoded: Encoded,
    /// Who made its signatures, and when they have to be renewed; none where it has none.
    pub(super) signed: Option<Signed>,
}

/// A set's signatures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed {
    /// The generation of the signer that made them.
    pub(super) by: u64,
    /// When they have to be renewed.
    pub(super) renewal: Timestamp,
    /// When they end.
    pub(super) end: Timestamp,
}

/// All prepared sets of a zone but its SOA, in the zone's order.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    /// In place of the SOA stands one that is not signed: what is served has another serial.
    sets: Vec<Prepared>,
    /// For each delegation without DS the proof that it has none; in a zone without keys for none.
    no_ds: Vec<Option<Prepared>>,
    negative_ttl: Ttl,
}

impl Answers {
    pub(super) fn new(zone: &Zone, signer: &Signer, now: Timestamp) -> Self {
        let negative_ttl = negative_ttl(zone, signer);
        let signed = signed_sets(zone);
        let sets = zone.sets().iter().zip(signed);
        let sets = sets.map(|(set, signed)| prepare(signer, set, signed, now));
        let no_ds = zone.delegations().iter().map(|cut| {
            let proved = signer.signs() && cut.ds.is_none();
            proved.then(|| signer.prepare(&no_ds(zone, cut, negative_ttl), now))
        });
        Self { sets: sets.collect(), no_ds: no_ds.collect(), negative_ttl }
    }

    /// The same where only the sets at the apex changed, which were `old` ones: those are signed, and all
    /// others stay as they are.
    pub(super) fn with_apex(
        &self,
        old: usize,
        zone: &Zone,
        signer: &Signer,
        now: Timestamp,
    ) -> Self {
        let new = zone.sets_at(NodeId::APEX).count();
        let signed = signed_sets(zone);
        let apex = zone.sets()[..new].iter().zip(signed);
        let apex = apex.map(|(set, signed)| prepare(signer, set, signed, now));
        Self {
            sets: apex.chain(self.sets[old..].iter().cloned()).collect(),
            no_ds: self.no_ds.clone(),
            negative_ttl: self.negative_ttl,
        }
    }

    pub(super) fn set(&self, id: SetId) -> EncodedRef<'_> {
        self.sets[id.index()].encoded.view()
    }

    pub(super) fn no_ds(&self, delegation: DelegationId) -> Option<EncodedRef<'_>> {
        self.no_ds[delegation.index()].as_ref().map(|prepared| prepared.encoded.view())
    }

    /// The TTL of denials.
    pub(super) fn negative_ttl(&self) -> Ttl {
        self.negative_ttl
    }

    /// The signatures of all that has any.
    pub(super) fn signed(&self) -> impl Iterator<Item = Signed> {
        self.all().filter_map(|prepared| prepared.signed)
    }

    /// Whether any signatures have to be renewed `now` or soon, or their key is gone.
    pub(super) fn is_due(&self, signer: &Signer, now: Timestamp) -> bool {
        self.all().any(|prepared| signer.is_due(prepared, now))
    }

    fn all(&self) -> impl Iterator<Item = &Prepared> {
        self.sets.iter().chain(self.no_ds.iter().flatten())
    }

    /// Signs again what has to be, or soon has to. Tells how many sets.
    pub(super) fn renew(&mut self, zone: &Zone, signer: &Signer, now: Timestamp) -> usize {
        let mut renewed = 0;
        let due = self
            .sets
            .iter_mut()
            .zip(zone.sets())
            .filter(|(prepared, _)| signer.is_due(prepared, now));
        for (prepared, set) in due {
            *prepared = signer.prepare(set, now);
            renewed += 1;
        }
        for (prepared, cut) in self.no_ds.iter_mut().zip(zone.delegations()) {
            if let Some(prepared) =
                prepared.as_mut().filter(|prepared| signer.is_due(prepared, now))
            {
                *prepared = signer.prepare(&no_ds(zone, cut, self.negative_ttl), now);
                renewed += 1;
            }
        }
        renewed
    }
}

fn prepare(signer: &Signer, set: &Rrset, signed: bool, now: Timestamp) -> Prepared {
    if signed { signer.prepare(set, now) } else { signer.leave(set) }
}

fn no_ds(zone: &Zone, cut: &Delegation, ttl: Ttl) -> Rrset {
    denial::no_ds(&zone.set(cut.ns).name, zone.apex(), ttl)
}

/// Which sets are signed here: not the SOA, nor those of delegations, nor addresses below them
/// (RFC 4035 section 2.2).
fn signed_sets(zone: &Zone) -> Vec<bool> {
    let mut signed: Vec<bool> = zone.sets().iter().map(|set| set.rtype != Rtype::SOA).collect();
    for cut in zone.delegations() {
        signed[cut.ns.index()] = false;
    }
    let delegated = zone.delegations().iter().flat_map(|cut| &cut.addresses);
    for address in delegated.chain(zone.apex_addresses()) {
        signed[address.set.index()] = address.authoritative;
    }
    signed
}
