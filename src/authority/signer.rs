//! A zone's keys at work.

use super::Policy;
use super::answers::Prepared;
use crate::clock::Timestamp;
use crate::dnssec::{Validity, ZoneKey, sign_with_all};
use crate::wire::{Encoded, Rdata, Rrset, Rtype, Ttl};

/// Signs for one zone; makes no signatures where the zone has no keys.
#[derive(Debug)]
pub(super) struct Signer {
    keys: Vec<ZoneKey>,
    policy: Policy,
}

impl Signer {
    pub(super) fn new(keys: Vec<ZoneKey>, policy: Policy) -> Self {
        Self { keys, policy }
    }

    pub(super) fn keys(&self) -> &[ZoneKey] {
        &self.keys
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the zone is signed.
    pub(super) fn signs(&self) -> bool {
        !self.keys.is_empty()
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
        Prepared { encoded: Encoded::of(set, self.ttl(set), &[]), renewal: None }
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
            renewal: self.signs().then(|| self.policy.signatures.renewal(validity)),
        }
    }

    /// Until when signatures have to be renewed for it to be done now.
    pub(super) fn latest_renewal(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.policy.renewal_batch)
    }

    /// Signs a set for one answer. Such signatures are for names that whoever asks has chosen, so
    /// they last as short as those over people, to the same moment for every name.
    pub(super) fn sign_now(&self, set: &Rrset, now: Timestamp) -> Vec<Rdata> {
        let inception = now.saturating_sub(self.policy.signatures.backdate);
        let expiration = inception.saturating_add(self.policy.signatures.personal);
        self.rrsigs(set, Validity { inception, expiration })
    }

    fn rrsigs(&self, set: &Rrset, validity: Validity) -> Vec<Rdata> {
        let ttl = self.ttl(set);
        if ttl == set.ttl {
            sign_with_all(set, &self.keys, validity).rdata
        } else {
            sign_with_all(&Rrset { ttl, ..set.clone() }, &self.keys, validity).rdata
        }
    }
}
