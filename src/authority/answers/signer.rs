//! A zone's keys at work.

use super::Prepared;
use crate::authority::Policy;
use crate::clock::Timestamp;
use crate::dnssec::{Validity, ZoneKey, sign_with_all};
use crate::wire::{Encoded, Rdata, Rrset, Rtype, Ttl};

/// Signs for one zone; makes no signatures where the zone has no keys.
#[derive(Debug)]
pub(in crate::authority) struct Signer {
    keys: Vec<ZoneKey>,
    policy: Policy,
}

impl Signer {
    pub(in crate::authority) fn new(keys: Vec<ZoneKey>, policy: Policy) -> Self {
        Self { keys, policy }
    }

    pub(in crate::authority) fn keys(&self) -> &[ZoneKey] {
        &self.keys
    }

    pub(in crate::authority) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the zone is signed.
    pub(in crate::authority) fn signs(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The TTL that a set is served and signed with.
    pub(in crate::authority) fn ttl(&self, set: &Rrset) -> Ttl {
        match set.rtype {
            Rtype::ASSOC | Rtype::VCERT => set.ttl.min(self.policy.personal_ttl),
            _ => set.ttl,
        }
    }

    /// Encodes a set that is not signed.
    pub(in crate::authority) fn leave(&self, set: &Rrset) -> Prepared {
        let rdata = set.rdata.iter().map(Rdata::octets);
        Prepared { encoded: Encoded::new(set.rtype, self.ttl(set), rdata, []), renewal: None }
    }

    /// Signs and encodes a set.
    pub(in crate::authority) fn prepare(&self, set: &Rrset, now: Timestamp) -> Prepared {
        self.prepare_for(set, self.ttl(set), now)
    }

    /// Signs a set, and encodes it with a TTL of at most its own.
    pub(in crate::authority) fn prepare_for(
        &self,
        set: &Rrset,
        ttl: Ttl,
        now: Timestamp,
    ) -> Prepared {
        let validity = self.policy.signatures.validity(&set.name, set.rtype, now);
        let rrsigs = self.rrsigs(set, validity);
        let rdata = set.rdata.iter().map(Rdata::octets);
        Prepared {
            encoded: Encoded::new(set.rtype, ttl, rdata, rrsigs.iter().map(Rdata::octets)),
            renewal: self.signs().then(|| self.policy.signatures.renewal(validity)),
        }
    }

    /// Until when signatures have to be renewed for it to be done now.
    pub(in crate::authority) fn latest_renewal(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.policy.renewal_batch)
    }

    /// Signs a set for one answer. Such signatures are for names that whoever asks has chosen, so
    /// they last as short as those over people, to the same moment for every name.
    pub(in crate::authority) fn sign_now(&self, set: &Rrset, now: Timestamp) -> Vec<Rdata> {
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
