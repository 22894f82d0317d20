//! One zone as it is served.

use std::fmt;
use std::sync::Arc;

use super::answers::Answers;
use super::associations::FileAssociations;
use super::signer::Signer;
use super::{AuthorityError, Policy};
use crate::association::Associations;
use crate::clock::Timestamp;
use crate::dnssec::lifecycle::KeySet;
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
    /// What the zone's file has of the sets that keys make.
    from_file: Arc<[Rrset]>,
    next_renewal: Option<Timestamp>,
}

/// The types of sets that keys make.
const OF_KEYS: [Rtype; 3] = [Rtype::DNSKEY, Rtype::CDS, Rtype::CDNSKEY];

impl ServedZone {
    /// Signs `zone` with `keys`, or serves it unsigned where there are none.
    ///
    /// The keys make the DNSKEY set, together with those that stand in the file (as when another
    /// signer takes over), and the CDS and CDNSKEY sets where the file has none. Each key does what its
    /// timing says, also while the zone is served.
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
        check_owner(&zone, &keys)?;
        let signer = Signer::new(keys, policy, now);
        let from_file: Arc<[Rrset]> =
            OF_KEYS.iter().filter_map(|rtype| at_apex(&zone, *rtype)).cloned().collect();
        publish_keys(&mut zone, &signer, &from_file);
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
            from_file,
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

    /// Its keys, whatever they do at present.
    pub fn keys(&self) -> &[ZoneKey] {
        self.signer.keys()
    }

    /// What the keys do at present.
    pub fn key_set(&self) -> &KeySet {
        self.signer.key_set()
    }

    /// When the first signature has to be renewed, or a key comes, signs or goes; none where nothing is
    /// signed.
    pub fn next_renewal(&self) -> Option<Timestamp> {
        self.next_renewal
    }

    /// Goes over to other keys. What was signed with those of before stays until its time comes, as long
    /// as it can be verified.
    pub(super) fn take_keys(
        &mut self,
        keys: Vec<ZoneKey>,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        check_owner(&self.zone, &keys)?;
        let signer = self.signer.succeeded_by(keys, now);
        let old = self.zone.sets_at(NodeId::APEX).count();
        let zone = Arc::make_mut(&mut self.zone);
        publish_keys(zone, &signer, &self.from_file);
        if signer.signs() == self.signer.signs() {
            self.answers = self.answers.with_apex(old, zone, &signer, now);
        } else {
            self.answers = Answers::new(zone, &signer, now);
            if let Holder::File(associations) = &mut self.associations {
                associations.sign(&signer, now);
            }
        }
        self.signer = Arc::new(signer);
        self.renew_signatures(now);
        Ok(())
    }

    /// Has the keys do what they have to `now`, and renews the signatures that have to be now or soon.
    /// Tells how many.
    pub(super) fn renew(&mut self, now: Timestamp) -> usize {
        if self.key_set().next_change().is_some_and(|change| change <= now) {
            let keys = self.keys().to_vec();
            self.take_keys(keys, now).expect("the zone has these keys already");
        }
        self.renew_signatures(now)
    }

    fn renew_signatures(&mut self, now: Timestamp) -> usize {
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
        let change = self.key_set().next_change();
        let all = [self.answers.next_renewal(), associations, change];
        self.next_renewal = all.into_iter().flatten().min();
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

fn check_owner(zone: &Zone, keys: &[ZoneKey]) -> Result<(), AuthorityError> {
    match keys.iter().find(|key| key.zone != *zone.apex()) {
        None => Ok(()),
        Some(foreign) => {
            let (zone, key) = (zone.apex().clone(), foreign.zone.clone());
            Err(AuthorityError::ForeignKey { zone, key })
        }
    }
}

fn at_apex(zone: &Zone, rtype: Rtype) -> Option<&Rrset> {
    zone.set_at(NodeId::APEX, rtype).map(|id| zone.set(id))
}

/// Puts the sets made of a zone's keys at its apex, with the TTL of its SOA. Where every key is revoked, there
/// is none for the parent.
fn publish_keys(zone: &mut Zone, signer: &Signer, from_file: &[Rrset]) {
    if signer.keys().is_empty() {
        return;
    }
    let (apex, ttl, set) = (zone.apex().clone(), zone.soa_set().ttl, signer.key_set());
    let theirs = |rtype| from_file.iter().find(move |set| set.rtype == rtype);
    let mut dnskey = dnskey_rrset(&apex, set.published(), ttl);
    for key in theirs(Rtype::DNSKEY).into_iter().flat_map(|set| &set.rdata) {
        if !dnskey.rdata.contains(key) {
            dnskey.rdata.push(key.clone());
        }
    }
    let for_parent =
        [cds_rrset(&apex, set.for_parent(), ttl), cdnskey_rrset(&apex, set.for_parent(), ttl)];
    let for_parent = for_parent.into_iter().filter(|set| theirs(set.rtype).is_none());
    zone.put_at_apex(for_parent.chain([dnskey]).collect());
}
