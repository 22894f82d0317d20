//! A zone's keys at work.

use super::answers::{Prepared, Signed};
use super::{Memo, Policy};
use crate::clock::Timestamp;
use crate::dnssec::lifecycle::KeySet;
use crate::dnssec::{Validity, ZoneKey, sign_with_all, signers};
use crate::wire::rdata::Dnskey;
use crate::wire::{Encoded, Rdata, Rrset, Rtype, Ttl};

/// Signs for one zone; makes no signatures where the zone has no keys.
#[derive(Debug)]
pub(super) struct Signer {
    keys: Vec<ZoneKey>,
    /// What the keys do at present.
    set: KeySet,
    policy: Policy,
    /// How many signers were before this one.
    generation: u64,
    /// The keys that signed data before.
    retired: Vec<Retired>,
    /// What earlier signers signed can be verified no more, or not for long.
    oldest: u64,
}

/// A key that signed data.
#[derive(Debug, Clone)]
struct Retired {
    key: Dnskey,
    /// Until when.
    until: Timestamp,
    /// The signer that has others in its place.
    successor: u64,
}

impl Signer {
    /// What `keys` sign at `now`.
    pub(super) fn new(keys: Vec<ZoneKey>, policy: Policy, now: Timestamp) -> Self {
        let set = KeySet::at(&keys, now);
        Self { keys, set, policy, generation: 0, retired: Vec::new(), oldest: 0 }
    }

    /// What `keys` sign from `now` on, in place of these.
    pub(super) fn succeeded_by(&self, keys: Vec<ZoneKey>, now: Timestamp) -> Self {
        let mut next = Self::new(keys, self.policy.clone(), now);
        let sign_on: Vec<Dnskey> =
            signers(next.set.active(), Rtype::SOA).map(ZoneKey::dnskey).collect();
        next.generation = self.generation + 1;
        let retired =
            |key: &ZoneKey| Retired { key: key.dnskey(), until: now, successor: next.generation };
        let signed = signers(self.set.active(), Rtype::SOA).map(retired);
        let lifetime = self.policy.signatures.other;
        let matters = |retired: &Retired| {
            !sign_on.contains(&retired.key) && now.since(retired.until) < lifetime
        };
        let retired = self.retired.iter().cloned().chain(signed);
        let retired: Vec<Retired> = retired.filter(matters).collect();
        let outlived = retired.iter().filter(|retired| !next.stays(&retired.key, now));
        next.oldest = outlived.map(|retired| retired.successor).max().unwrap_or_default();
        next.retired = retired;
        next
    }

    /// Whether what a key signed can be verified until it is renewed in its own time
    /// (RFC 6781 section 4.1.1.1).
    fn stays(&self, key: &Dnskey, now: Timestamp) -> bool {
        let last = now.saturating_add(self.policy.signatures.other);
        let published = self.set.published().iter().find(|other| other.dnskey() == *key);
        published.is_some_and(|key| key.timing.withdrawal().is_none_or(|end| end >= last))
    }

    pub(super) fn keys(&self) -> &[ZoneKey] {
        &self.keys
    }

    /// What the keys do at present.
    pub(super) fn key_set(&self) -> &KeySet {
        &self.set
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the zone is signed.
    pub(super) fn signs(&self) -> bool {
        !self.set.active().is_empty()
    }

    /// The TTL that a set is served and signed with.
    pub(super) fn ttl(&self, set: &Rrset) -> Ttl {
        match set.rtype {
            Rtype::ASSOC | Rtype::VCERT => set.ttl.min(self.policy.personal_ttl),
            _ => set.ttl,
        }
    }

    /// Encodes a set that is not signed.
    pub(super) fn leave(&self, set: &Rrset) -> Prepared {
        Prepared { encoded: Encoded::of(set, self.ttl(set), &[]), signed: None }
    }

    /// Signs and encodes a set.
    pub(super) fn prepare(&self, set: &Rrset, now: Timestamp) -> Prepared {
        self.prepare_for(set, self.ttl(set), now)
    }

    /// Signs a set, and encodes it with a TTL of at most its own.
    pub(super) fn prepare_for(&self, set: &Rrset, ttl: Ttl, now: Timestamp) -> Prepared {
        let validity = self.policy.signatures.validity(&set.name, set.rtype, now);
        let rrsigs = self.rrsigs(set, validity);
        Prepared {
            encoded: Encoded::of(set, ttl, &rrsigs),
            signed: self.signs().then(|| Signed {
                by: self.generation,
                renewal: self.policy.signatures.renewal(validity),
                end: validity.expiration,
            }),
        }
    }

    /// Whether the signatures of a set have to be renewed `now` or soon, or their key is gone.
    pub(super) fn is_due(&self, prepared: &Prepared, now: Timestamp) -> bool {
        let latest = now.saturating_add(self.policy.renewal_batch);
        prepared
            .signed
            .is_some_and(|Signed { by, renewal, .. }| renewal <= latest || by < self.oldest)
    }

    /// Signs a set that is served with its own TTL.
    pub(super) fn sign_set(&self, set: &Rrset, now: Timestamp) -> Vec<Rdata> {
        self.rrsigs(set, self.policy.signatures.validity(&set.name, set.rtype, now))
    }

    /// Signs a set that is made for one answer, of the TTL that it is served with. Whoever asks has chosen the
    /// name, so such signatures last as short as those over people.
    pub(super) fn sign_for_question(&self, set: &Rrset, now: Timestamp, memo: &Memo) -> Vec<Rdata> {
        let validity = self.policy.signatures.validity_for_question(now);
        let sign = |key: &ZoneKey, octets: &[u8]| memo.signature(key, octets);
        sign_with_all(set, self.set.active(), validity, sign).rdata
    }

    fn rrsigs(&self, set: &Rrset, validity: Validity) -> Vec<Rdata> {
        let ttl = self.ttl(set);
        if ttl == set.ttl {
            sign_with_all(set, self.set.active(), validity, ZoneKey::sign).rdata
        } else {
            let set = Rrset { ttl, ..set.clone() };
            sign_with_all(&set, self.set.active(), validity, ZoneKey::sign).rdata
        }
    }
}
