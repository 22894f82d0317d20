//! One zone as it is served.

use std::fmt;
use std::sync::Arc;

use super::answers::Answers;
use super::associations::FileAssociations;
use super::signer::Signer;
use super::{AuthorityError, Policy};
use crate::association::Associations;
use crate::clock::Timestamp;
use crate::dnssec::{ZoneKey, cdnskey_rrset, cds_rrset, dnskey_rrset};
use crate::wire::{Encoded, Name, Rrset, Rtype};
use crate::zone::{NodeId, Zone};

/// Who keeps a zone's associations.
pub enum Associated {
    /// They stand in the zone's file, and these are they.
    File(Vec<Rrset>),
    /// They are kept, signed and renewed elsewhere.
    Store(Arc<dyn Associations>),
}

/// The same, ready to be asked.
#[derive(Clone)]
enum Holder {
    File(FileAssociations),
    Store(Arc<dyn Associations>),
}

/// A zone with its keys, everything in it encoded and signed. Copies share their data.
#[derive(Clone)]
pub struct ServedZone {
    zone: Arc<Zone>,
    apex_labels: usize,
    signer: Arc<Signer>,
    answers: Answers,
    associations: Holder,
    next_renewal: Option<Timestamp>,
}

impl ServedZone {
    /// Signs `zone` with `keys`, or serves it unsigned where there are none.
    ///
    /// The keys make the DNSKEY set, together with those that stand in the file (as when another
    /// signer takes over), and the CDS and CDNSKEY sets where the file has none.
    ///
    /// # Errors
    /// [`AuthorityError::ForeignKey`] where a key is another zone's.
    pub fn new(
        mut zone: Zone,
        associations: Associated,
        keys: Vec<ZoneKey>,
        policy: Policy,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        if let Some(foreign) = keys.iter().find(|key| key.zone != *zone.apex()) {
            let (zone, key) = (zone.apex().clone(), foreign.zone.clone());
            return Err(AuthorityError::ForeignKey { zone, key });
        }
        if !keys.is_empty() {
            publish_keys(&mut zone, &keys);
        }
        let signer = Signer::new(keys, policy);
        let associations = match associations {
            Associated::File(sets) => Holder::File(FileAssociations::new(sets, &signer, now)),
            Associated::Store(store) => Holder::Store(store),
        };
        let mut served = Self {
            apex_labels: zone.apex().label_count(),
            answers: Answers::new(&zone, &signer, now),
            zone: Arc::new(zone),
            signer: Arc::new(signer),
            associations,
            next_renewal: None,
        };
        served.note_next_renewal();
        Ok(served)
    }

    /// The zone's name.
    pub fn apex(&self) -> &Name {
        self.zone.apex()
    }

    /// The zone, with the sets made of its keys.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The keys that sign it.
    pub fn keys(&self) -> &[ZoneKey] {
        self.signer.keys()
    }

    /// When the first signature has to be renewed; none where nothing is signed.
    pub fn next_renewal(&self) -> Option<Timestamp> {
        self.next_renewal
    }

    /// Renews the signatures that have to be `now` or soon. Tells how many.
    pub(super) fn renew(&mut self, now: Timestamp) -> usize {
        let mut renewed = self.answers.renew(&self.zone, &self.signer, now);
        if let Holder::File(associations) = &mut self.associations {
            renewed += associations.renew(&self.signer, now);
        }
        self.note_next_renewal();
        renewed
    }

    fn note_next_renewal(&mut self) {
        let associations = match &self.associations {
            Holder::File(associations) => associations.next_renewal(),
            Holder::Store(_) => None,
        };
        self.next_renewal = self.answers.next_renewal().into_iter().chain(associations).min();
    }

    /// Whether its associations are in a store, where more can be put.
    pub fn has_store(&self) -> bool {
        matches!(self.associations, Holder::Store(_))
    }

    pub(super) fn apex_labels(&self) -> usize {
        self.apex_labels
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.signer
    }

    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// The association of `owner`, a lower-case name in wire form.
    pub(super) fn association(&self, owner: &[u8]) -> Option<&Encoded> {
        match &self.associations {
            Holder::File(associations) => associations.find(owner),
            Holder::Store(store) => store.find(owner),
        }
    }
}

impl fmt::Debug for ServedZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServedZone").field("apex", self.apex()).finish_non_exhaustive()
    }
}

/// Puts the sets made of a zone's keys at its apex, with the TTL of its SOA.
fn publish_keys(zone: &mut Zone, keys: &[ZoneKey]) {
    let at_apex =
        |zone: &Zone, rtype| zone.set_at(NodeId::APEX, rtype).map(|id| zone.set(id).clone());
    let apex = zone.apex().clone();
    let ttl = zone.soa_set().ttl;
    let mut dnskey = dnskey_rrset(&apex, keys, ttl);
    for theirs in at_apex(zone, Rtype::DNSKEY).into_iter().flat_map(|set| set.rdata) {
        if !dnskey.rdata.contains(&theirs) {
            dnskey.rdata.push(theirs);
        }
    }
    let made = [cds_rrset(&apex, keys, ttl), cdnskey_rrset(&apex, keys, ttl)];
    let mut sets = vec![dnskey];
    // Where every key is revoked, there is none for the parent.
    let made = made.into_iter().filter(|set| !set.rdata.is_empty());
    sets.extend(made.filter(|set| at_apex(zone, set.rtype).is_none()));
    zone.put_at_apex(sets);
}
