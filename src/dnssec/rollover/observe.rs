//! One look at the keys of a trust point.

use std::time::Duration;

use super::ledger::AnchorKey;
use super::pace::{Pace, UNKNOWN};
use super::{Change, MOST_KEYS, Observed, Sight, State, TrustPoint, Unproved};
use crate::clock::Timestamp;
use crate::dnssec::verify::{check_fit, check_key, check_signature, check_time};
use crate::dnssec::{Effort, SupportedDs, TrustedKeys, Verified};
use crate::wire::Rrset;
use crate::wire::rdata::{Dnskey, Rrsig};

/// The remove hold-down time (section 2.4.2), and the least add hold-down time (section 2.4.1).
pub(in crate::dnssec) const HOLD_DOWN: Duration = Duration::from_secs(30 * 86_400);

/// A DNSKEY set as it was found.
struct Look<'a> {
    dnskeys: &'a Rrset,
    rrsigs: &'a [Rrsig],
    keys: Vec<Dnskey>,
    now: Timestamp,
}

impl Look<'_> {
    /// Whether `key` is in the set as it is, and not with its REVOKE bit too.
    fn shows(&self, key: &AnchorKey) -> bool {
        self.keys.contains(&key.dnskey) && !self.revoked().any(|revoked| key.is(revoked))
    }

    /// Whether it is in the set in any form.
    fn holds(&self, key: &AnchorKey) -> bool {
        self.keys.iter().any(|other| key.is(other))
    }

    /// The keys with the REVOKE bit.
    fn revoked(&self) -> impl Iterator<Item = &Dnskey> {
        self.keys.iter().filter(|key| key.is_revoked())
    }

    /// Whether `key`, of the set, has signed it: the one thing that a revoked key is good for
    /// (section 2.1).
    fn is_signed_by(&self, key: &Dnskey, effort: &mut Effort) -> bool {
        let tag = key.key_tag();
        let mut own = self.rrsigs.iter().filter(|rrsig| {
            (rrsig.key_tag, rrsig.algorithm) == (tag, key.algorithm)
                && rrsig.signer == self.dnskeys.name
        });
        own.any(|rrsig| {
            check_fit(self.dnskeys, rrsig).is_ok()
                && check_time(rrsig, self.now).is_ok()
                && effort.validate().is_ok()
                && check_signature(self.dnskeys, rrsig, key)
                    .inspect_err(|_| effort.failed())
                    .is_ok()
        })
    }

    /// The signatures that may be the one that proved the set.
    fn proofs(&self, verified: &Verified) -> impl Iterator<Item = &Rrsig> {
        let (tag, algorithm) = (verified.key_tag, verified.algorithm);
        self.rrsigs.iter().filter(move |rrsig| (rrsig.key_tag, rrsig.algorithm) == (tag, algorithm))
    }

    fn pace(&self, verified: &Verified) -> Pace {
        let paces = self.proofs(verified).map(|rrsig| Pace::of(rrsig, self.now));
        paces.min_by_key(|pace| pace.query).unwrap_or(UNKNOWN)
    }

    /// How long a key that is new in the set has to wait: for the TTL of the set where that is longer
    /// than [`HOLD_DOWN`] (section 2.4.1).
    fn add_hold_down(&self, verified: &Verified) -> Duration {
        let ttl = self.proofs(verified).map(|rrsig| rrsig.original_ttl).max().unwrap_or_default();
        HOLD_DOWN.max(Duration::from_secs(ttl.as_secs().into()))
    }
}

impl TrustPoint {
    /// Takes in the DNSKEY set that was found at the zone, with the signatures over it. It must not
    /// come from a cache.
    pub fn observe(&mut self, dnskeys: &Rrset, rrsigs: &[Rrsig], now: Timestamp) -> Observed {
        let keys = dnskeys.rdata.iter().filter_map(|rdata| Dnskey::parse(rdata).ok()).collect();
        let look = Look { dnskeys, rrsigs, keys, now };
        self.ledger.keys.iter_mut().for_each(|key| key.obey(now));
        let mut changes = self.revoke(&look);
        let proved = self.prove(&look);
        match &proved {
            Ok(verified) => {
                changes.extend(self.advance(&look));
                changes.extend(self.admit(&look, look.add_hold_down(verified)));
                let pace = look.pace(verified);
                self.ledger.queried = now;
                self.ledger.next = now.saturating_add(pace.query);
                self.ledger.retry = pace.retry;
            }
            Err(_) => self.missed(now),
        }
        Observed { changes, proved: proved.map(drop) }
    }

    /// Anchors that revoke themselves are none any more, whoever else has signed the set
    /// (section 2.1).
    fn revoke(&mut self, look: &Look<'_>) -> Vec<Change> {
        let (mut changes, mut effort) = (Vec::new(), Effort::default());
        for revoked in look.revoked() {
            let original = Dnskey { flags: revoked.flags & !Dnskey::REVOKE, ..revoked.clone() };
            let known = self.ledger.keys.iter().position(|key| key.is(revoked));
            let is_anchor = match known {
                Some(at) => self.ledger.keys[at].state.is_trusted(),
                None => self.names(&original),
            };
            if !is_anchor || !look.is_signed_by(revoked, &mut effort) {
                continue;
            }
            let at = known.unwrap_or_else(|| {
                self.ledger.keys.push(AnchorKey::new(original, State::Valid, look.now));
                self.ledger.keys.len() - 1
            });
            changes.extend(self.ledger.keys[at].turn(Sight::Revoked, HOLD_DOWN, look.now));
        }
        changes
    }

    /// Whether an anchor has signed the set.
    fn prove(&self, look: &Look<'_>) -> Result<Verified, Unproved> {
        let ds = SupportedDs::select(&self.valid_anchors(), self.algorithms)
            .map_err(|_| Unproved::Deleted)?;
        let mut effort = Effort::default();
        let keys = TrustedKeys::establish(&ds, look.dnskeys, look.rrsigs, look.now, &mut effort)?;
        Ok(keys.verified().clone())
    }

    /// What a set that counts means for the keys that are known.
    fn advance(&mut self, look: &Look<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        for key in &mut self.ledger.keys {
            let is_there = match key.state {
                State::Revoked => look.holds(key),
                _ => look.shows(key),
            };
            let sight = if is_there { Sight::Present } else { Sight::Absent };
            changes.extend(key.turn(sight, HOLD_DOWN, look.now));
        }
        self.ledger.keys.retain(|key| key.state != State::Start);
        changes
    }

    /// Takes the keys of a set that counts which are not known: those of the configuration as anchors,
    /// others to wait.
    fn admit(&mut self, look: &Look<'_>, wait: Duration) -> Vec<Change> {
        let mut changes = Vec::new();
        for dnskey in &look.keys {
            let mut key = AnchorKey::new(dnskey.clone(), State::Start, look.now);
            let known = self.ledger.keys.iter().any(|other| other.is(dnskey));
            if known || check_key(dnskey).is_err() || !look.shows(&key) {
                continue;
            }
            let change = if self.names(dnskey) {
                key.become_anchor(look.now)
            } else if self.may_become_anchor(dnskey) && self.make_room() {
                key.turn(Sight::Present, wait, look.now)
            } else {
                None
            };
            if change.is_some() {
                self.ledger.keys.push(key);
                changes.extend(change);
            }
        }
        changes
    }

    fn may_become_anchor(&self, dnskey: &Dnskey) -> bool {
        dnskey.flags & Dnskey::SEP != 0 && self.algorithms.supports(dnskey.algorithm)
    }

    /// Whether one key more may be remembered.
    fn make_room(&mut self) -> bool {
        while self.ledger.keys.len() >= MOST_KEYS {
            // One that the configuration names would be trusted again.
            let is_forgettable =
                |key: &AnchorKey| key.state == State::Removed && !self.names(&key.dnskey);
            let Some(at) = self.ledger.keys.iter().position(is_forgettable) else { return false };
            self.ledger.keys.remove(at);
        }
        true
    }
}
