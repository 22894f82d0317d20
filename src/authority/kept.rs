//! What a store keeps for a zone: how its signatures stand, and into the index with it.

use super::signer::Signer;
use super::{Index, ServedZone};
use crate::clock::Timestamp;
use crate::dnssec::{ZoneKey, signers, verify};
use crate::wire::rdata::{Dnskey, Rrsig, RrsigTerms};
use crate::wire::{Algorithm, Class, EncodedRef, Name, Part, Rdata, Rrset, Rtype};
use crate::zone::{NodeId, SearchName, Zone};

/// What a store has for a name, and the signatures that it keeps with it.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a, S> {
    /// The name, in lower-case wire form.
    pub owner: &'a [u8],
    /// The number of the change that made it.
    pub sequence: u64,
    /// The ASSOC record's data.
    pub rdata: &'a [u8],
    /// Data of RRSIG records.
    pub rrsigs: S,
}

/// How signatures stand that were made before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// There are none, or none that would be believed: they must not be served.
    Void,
    /// They are believed, and should be made anew: they end soon, or other keys sign now.
    Due,
    /// They are as they would be made now.
    Good,
}

/// The tags of a zone's keys, as far as they matter for associations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tags {
    /// Of keys that sign associations.
    signing: Vec<u16>,
    /// Of keys that signatures are believed by: all in the DNSKEY set.
    published: Vec<u16>,
}

impl Tags {
    pub(super) fn of(zone: &Zone, signer: &Signer) -> Self {
        let set = zone.set_at(NodeId::APEX, Rtype::DNSKEY).map(|id| zone.set(id));
        let keys =
            set.into_iter().flat_map(|set| &set.rdata).filter_map(|one| Dnskey::parse(one).ok());
        let believed = keys.filter(|key| key.algorithm == Algorithm::ED25519 && !key.is_revoked());
        let mut signing: Vec<u16> =
            signers(signer.key_set().active(), Rtype::ASSOC).map(|key| key.key_tag()).collect();
        signing.sort_unstable();
        Self { signing, published: believed.map(|key| key.key_tag()).collect() }
    }
}

impl ServedZone {
    /// Whether what is signed for `old` can be served by this zone, and the other way round: then both
    /// can share an index while one takes the other's place.
    pub fn can_share(&self, old: &Self) -> bool {
        let believed = |zone: &Self, by: &Self| {
            zone.tags().signing.iter().all(|tag| by.tags().published.contains(tag))
        };
        self.apex() == old.apex()
            && self.signer().signs() == old.signer().signs()
            && self.signer().policy() == old.signer().policy()
            && believed(self, old)
            && believed(old, self)
    }

    /// Whether an association of `name` would be answered from this zone, and not referred on.
    pub fn keeps(&self, name: &SearchName) -> bool {
        self.has_store() && self.lookup(name, Rtype::ASSOC) == crate::zone::Outcome::Association
    }

    /// How signatures over the association of `owner` stand.
    pub fn standing<'s>(
        &self,
        owner: &[u8],
        rrsigs: impl Iterator<Item = &'s [u8]>,
        now: Timestamp,
    ) -> Standing {
        if !self.signer().signs() {
            return Standing::Good;
        }
        let (mut best, mut worst, mut count) = (Standing::Void, Standing::Good, 0);
        for rrsig in rrsigs {
            let standing = self.standing_of(owner, rrsig, now);
            best = best.max(standing);
            worst = worst.min(standing);
            count += 1;
        }
        match best {
            Standing::Good if worst == best && count == self.tags().signing.len() => best,
            best => best.min(Standing::Due),
        }
    }

    fn standing_of(&self, owner: &[u8], rrsig: &[u8], now: Timestamp) -> Standing {
        let Some(terms) = RrsigTerms::read(rrsig) else { return Standing::Void };
        let is_ours = terms.type_covered == Rtype::ASSOC
            && terms.algorithm == Algorithm::ED25519
            && terms.signer.eq_ignore_ascii_case(self.apex().as_wire())
            && terms.original_ttl == self.signer().policy().personal_ttl
            && usize::from(terms.labels) == label_count(owner)
            && self.tags().published.contains(&terms.key_tag);
        let left = until(terms.expiration, now);
        let lifetime = i64::from(terms.expiration.wrapping_sub(terms.inception));
        // What is in caches must not end there.
        let cached = i64::from(terms.original_ttl.as_secs());
        if !is_ours || until(terms.inception, now) > 0 || left <= cached {
            return Standing::Void;
        }
        let is_fresh = left > lifetime / 4 && self.tags().signing.contains(&terms.key_tag);
        if is_fresh { Standing::Good } else { Standing::Due }
    }

    /// Whether one of the keys made one of these signatures: they only say by a number which.
    pub fn made_one_of<'s>(
        &self,
        owner: &[u8],
        rdata: &[u8],
        rrsigs: impl Iterator<Item = &'s [u8]>,
        now: Timestamp,
    ) -> bool {
        let Some(set) = self.association_set(owner, rdata) else { return false };
        let keys = self.key_set().published();
        let keys: Vec<Dnskey> = keys.iter().map(ZoneKey::dnskey).collect();
        let rrsigs = rrsigs.filter_map(|octets| Rdata::new(octets.to_vec()).ok());
        rrsigs
            .filter_map(|rdata| Rrsig::parse(&rdata).ok())
            .any(|rrsig| keys.iter().any(|key| verify(&set, &rrsig, key, now).is_ok()))
    }

    /// Signs the association of `owner`; makes nothing where the zone is not signed.
    pub fn sign_association(&self, owner: &[u8], rdata: &[u8], now: Timestamp) -> Vec<Rdata> {
        let set = self.association_set(owner, rdata);
        set.map_or_else(Vec::new, |set| self.signer().sign_set(&set, now))
    }

    fn association_set(&self, owner: &[u8], rdata: &[u8]) -> Option<Rrset> {
        let (name, _) = Name::from_wire(owner).ok()?;
        let (rtype, ttl) = (Rtype::ASSOC, self.signer().policy().personal_ttl);
        let rdata = vec![Rdata::new(rdata.to_vec()).ok()?];
        Some(Rrset { name, rtype, class: Class::IN, ttl, rdata })
    }

    /// Serves what the store keeps from here on. Where its signatures cannot be served it is signed
    /// anew: gives what is to be kept in their place. Uses `buffer` for what it encodes.
    pub fn hold<'s>(
        &self,
        index: &Index,
        kept: &Kept<'s, impl Iterator<Item = &'s [u8]> + Clone>,
        now: Timestamp,
        buffer: &mut Vec<u8>,
    ) -> Option<Vec<Rdata>> {
        if self.standing(kept.owner, kept.rrsigs.clone(), now) == Standing::Void {
            let made = self.sign_association(kept.owner, kept.rdata, now);
            let rrsigs = made.iter().map(Rdata::octets);
            index.put(kept.owner, kept.sequence, self.encode(kept.rdata, rrsigs, buffer));
            return Some(made);
        }
        let rrsigs = kept.rrsigs.clone().filter(|_| self.signer().signs());
        index.put(kept.owner, kept.sequence, self.encode(kept.rdata, rrsigs, buffer));
        None
    }

    /// Signs anew what is served for `owner` as change `sequence` made it, unless that is over. Gives
    /// what is to be kept.
    pub fn renew_association(
        &self,
        index: &Index,
        owner: &[u8],
        (sequence, rdata): (u64, &[u8]),
        now: Timestamp,
        buffer: &mut Vec<u8>,
    ) -> Option<Vec<Rdata>> {
        let made = self.sign_association(owner, rdata, now);
        let set = self.encode(rdata, made.iter().map(Rdata::octets), buffer);
        index.replace(owner, sequence, set).then_some(made)
    }

    /// The ASSOC data of a set whose signatures should be made anew.
    pub fn due<'s>(&self, owner: &[u8], set: EncodedRef<'s>, now: Timestamp) -> Option<&'s [u8]> {
        let standing = self.standing(owner, set.rdata(Part::Signatures), now);
        set.rdata(Part::Records).next().filter(|_| standing != Standing::Good)
    }

    fn encode<'a, 'd>(
        &self,
        rdata: &'d [u8],
        rrsigs: impl Iterator<Item = &'d [u8]>,
        buffer: &'a mut Vec<u8>,
    ) -> EncodedRef<'a> {
        let ttl = self.signer().policy().personal_ttl;
        EncodedRef::write(buffer, Rtype::ASSOC, ttl, [rdata], rrsigs)
    }
}

/// When the first of a set's signatures ends.
pub fn first_end(set: EncodedRef<'_>, now: Timestamp) -> Option<Timestamp> {
    let terms = set.rdata(Part::Signatures).filter_map(RrsigTerms::read);
    let left = terms.map(|terms| until(terms.expiration, now)).min()?;
    Some(Timestamp::from_secs(now.as_secs().saturating_add_signed(left)))
}

/// How many seconds it is until a time. These are serial numbers: a time before another is a negative
/// distance from it.
fn until(time: u32, now: Timestamp) -> i64 {
    i64::from(time.wrapping_sub(now.as_serial_secs()) as i32)
}

/// How many labels a name has in wire form, the root's not counted.
fn label_count(wire: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some(&length) = wire.get(at).filter(|length| **length > 0) {
        at += 1 + usize::from(length);
        count += 1;
    }
    count
}
