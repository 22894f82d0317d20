//! One zone as it is served.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::answers::Answers;
use super::associations::FileAssociations;
use super::kept::Tags;
use super::signer::Signer;
use super::start::Start;
use super::{AuthorityError, Index, Policy};
use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::dnssec::lifecycle::KeySet;
use crate::dnssec::{ZoneKey, cdnskey_rrset, cds_rrset, dnskey_rrset};
use crate::wire::rdata::{Dnskey, Soa};
use crate::wire::{EncodedRef, Name, Rrset, Rtype, Serial};
use crate::zone::{Existing, NodeId, Outcome, SearchName, SetId, Zone};

/// Who keeps a zone's associations.
pub enum Associated {
    /// They stand in the zone's file, and these are they.
    File(Vec<Rrset>),
    /// They are in a store, and this is what is served of them.
    Store(Arc<Index>),
}

/// The same, ready to be asked.
#[derive(Clone)]
enum Holder {
    File(FileAssociations),
    Store(Arc<Index>),
}

/// A zone with its keys, everything in it encoded and signed. Copies share their data.
#[derive(Clone)]
pub struct ServedZone {
    zone: Arc<Zone>,
    apex_labels: usize,
    signer: Arc<Signer>,
    tags: Arc<Tags>,
    answers: Arc<Answers>,
    start: Start,
    associations: Holder,
    /// What the zone's file has of the sets that keys make.
    from_file: Arc<[Rrset]>,
    next_renewal: Option<Timestamp>,
    first_end: Option<Timestamp>,
    digest: OnceLock<[u8; 32]>,
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
            Associated::Store(index) => Holder::Store(index),
        };
        let mut served = Self {
            apex_labels: zone.apex().label_count(),
            tags: Arc::new(Tags::of(&zone, &signer)),
            answers: Arc::new(Answers::new(&zone, &signer, now)),
            start: Start::new(&zone, zone.soa().serial, &signer, now),
            zone: Arc::new(zone),
            signer: Arc::new(signer),
            associations,
            from_file,
            next_renewal: None,
            first_end: None,
            digest: OnceLock::new(),
        };
        served.note_times();
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

    /// The keys that it shows now, those of its file among them.
    pub fn dnskeys(&self) -> Vec<Dnskey> {
        let shown = at_apex(&self.zone, Rtype::DNSKEY).into_iter().flat_map(|set| &set.rdata);
        shown.filter_map(|rdata| Dnskey::parse(rdata).ok()).collect()
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

    /// When the first signature ends; none where nothing is signed. Those of a store's associations are not
    /// among them.
    pub fn first_end(&self) -> Option<Timestamp> {
        self.first_end
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
        let before = self.has_store().then(|| self.digest());
        let zone = Arc::make_mut(&mut self.zone);
        publish_keys(zone, &signer, &self.from_file);
        if signer.signs() == self.signer.signs() {
            self.answers = Arc::new(self.answers.with_apex(old, zone, &signer, now));
        } else {
            self.answers = Arc::new(Answers::new(zone, &signer, now));
            if let Holder::File(associations) = &mut self.associations {
                associations.sign(&signer, now);
            }
        }
        self.digest = OnceLock::new();
        let is_other = before.is_some_and(|before| self.digest() != before);
        let (zone, serial) = (&*self.zone, self.start.serial());
        let serial = if is_other { serial.next() } else { serial };
        self.start = Start::new(zone, serial, &signer, now);
        self.tags = Arc::new(Tags::of(zone, &signer));
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
        let mut renewed = self.start.renew(&self.zone, &self.signer, now);
        if self.answers.is_due(&self.signer, now) {
            renewed += Arc::make_mut(&mut self.answers).renew(&self.zone, &self.signer, now);
        }
        if let Holder::File(associations) = &mut self.associations {
            renewed += associations.renew(&self.signer, now);
        }
        self.note_times();
        renewed
    }

    fn note_times(&mut self) {
        let associations = match &self.associations {
            Holder::File(associations) => Some(associations.signed()),
            Holder::Store(_) => None,
        };
        let all = self.answers.signed().chain(self.start.signed());
        let (mut renewal, mut end) = (self.key_set().next_change(), None);
        for signed in all.chain(associations.into_iter().flatten()) {
            renewal = renewal.into_iter().chain([signed.renewal]).min();
            end = end.into_iter().chain([signed.end]).min();
        }
        (self.next_renewal, self.first_end) = (renewal, end);
    }

    /// What is served of the store; nothing where its associations stand in its file.
    pub fn index(&self) -> Option<&Arc<Index>> {
        match &self.associations {
            Holder::File(_) => None,
            Holder::Store(index) => Some(index),
        }
    }

    /// Serves of the store what `old` serves, which is in this index, if it can.
    pub(super) fn share(&mut self, old: &Self, index: &Arc<Index>) {
        if self.has_store() && self.can_share(old) {
            self.associations = Holder::Store(Arc::clone(index));
        }
    }

    /// Whether its associations are in a store, where more can be put.
    pub fn has_store(&self) -> bool {
        self.index().is_some()
    }

    /// The serial of the SOA that is served.
    pub fn serial(&self) -> Serial {
        self.start.serial()
    }

    /// Serves the SOA with this serial from here on.
    pub fn set_serial(&mut self, serial: Serial, now: Timestamp) {
        self.start = Start::new(&self.zone, serial, &self.signer, now);
        self.note_times();
    }

    /// SHA-256 of all its sets, the serial of its SOA left out: differs where the zone does.
    pub fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| self.make_digest())
    }

    fn make_digest(&self) -> [u8; 32] {
        let mut octets = Vec::new();
        for set in self.zone.sets() {
            octets.extend_from_slice(set.name.to_lowercase().as_wire());
            octets.extend([set.rtype.0, set.class.0].map(u16::to_be_bytes).concat());
            octets.extend(set.ttl.as_secs().to_be_bytes());
            if set.rtype == Rtype::SOA {
                let soa = Soa { serial: Serial(0), ..self.zone.soa().clone() };
                octets.extend_from_slice(soa.to_rdata().octets());
                continue;
            }
            for rdata in &set.rdata {
                octets.extend(rdata.length().to_be_bytes());
                octets.extend_from_slice(rdata.octets());
            }
        }
        sha256(&octets)
    }

    pub(super) fn apex_labels(&self) -> usize {
        self.apex_labels
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.signer
    }

    pub(super) fn tags(&self) -> &Tags {
        &self.tags
    }

    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }

    pub(super) fn start(&self) -> &Start {
        &self.start
    }

    /// A set as it is served.
    pub(super) fn set(&self, id: SetId) -> EncodedRef<'_> {
        match self.zone.set(id).rtype {
            Rtype::SOA => self.start.answer(),
            _ => self.answers.set(id),
        }
    }

    /// What the zone says to a question. Where anybody may be put into its store, every name that a
    /// person's can be below exists: else the first person of a domain would be seen to come, and a
    /// resolver that was told of nobody there would not ask for them any more (RFC 8020).
    pub(super) fn lookup(&self, name: &SearchName, qtype: Rtype) -> Outcome {
        match self.zone.lookup(name, qtype) {
            Outcome::NxDomain if self.has_store() && name.can_be_above_person(self.apex_labels) => {
                Outcome::NoData(Existing::Empty)
            }
            outcome => outcome,
        }
    }

    /// Shows the association of `owner`, a lower-case name in wire form. Tells whether there is one.
    pub(super) fn association(&self, owner: &[u8], show: &mut dyn FnMut(EncodedRef<'_>)) -> bool {
        match &self.associations {
            Holder::File(associations) => associations.find(owner).map(show).is_some(),
            Holder::Store(index) => index.find(owner, show),
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
