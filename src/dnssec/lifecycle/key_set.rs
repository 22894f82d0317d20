//! All keys of a zone at one moment.

use super::State;
use crate::clock::Timestamp;
use crate::dnssec::ZoneKey;

/// What the keys of a zone do at a moment.
///
/// A zone that was signed stays signed: where the times leave no key to do the work of an entry point, those
/// that ended last go on, and are told of as [`overdue`](Self::overdue).
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    published: Vec<ZoneKey>,
    active: Vec<ZoneKey>,
    for_parent: Vec<ZoneKey>,
    overdue: Vec<u16>,
    next_change: Option<Timestamp>,
}

impl KeySet {
    /// The state of `keys` at `now`.
    pub fn at(keys: &[ZoneKey], now: Timestamp) -> Self {
        let keys: Vec<ZoneKey> = keys.iter().map(|key| key.at(now)).collect();
        let overdue = overdue(&keys, now);
        let goes_on = |key: &ZoneKey| overdue.contains(&key.key_tag());
        let of = |fits: &dyn Fn(&ZoneKey) -> bool| {
            keys.iter().filter(|key| fits(key)).cloned().collect()
        };
        Self {
            published: of(&|key| key.state(now).is_published() || goes_on(key)),
            active: of(&|key| key.state(now).signs() || goes_on(key)),
            for_parent: of(&|key| is_entry(key, &keys, now) && key.timing.is_for_parent(now)),
            next_change: keys.iter().filter_map(|key| key.timing.next_change(now)).min(),
            overdue,
        }
    }

    /// The keys of the DNSKEY set, those with the REVOKE bit that revoke themselves.
    pub fn published(&self) -> &[ZoneKey] {
        &self.published
    }

    /// The keys that sign; [`signers`](crate::dnssec::signers) says which signs what.
    pub fn active(&self) -> &[ZoneKey] {
        &self.active
    }

    /// The keys whose DS records the parent shall have.
    pub fn for_parent(&self) -> &[ZoneKey] {
        &self.for_parent
    }

    /// The tags of keys that sign past their time, as there is no other to do so.
    pub fn overdue(&self) -> &[u16] {
        &self.overdue
    }

    /// When there is another set.
    pub fn next_change(&self) -> Option<Timestamp> {
        self.next_change
    }
}

/// Whether the parent's DS set, or a trust anchor, is made of `key` in such company.
fn is_entry(key: &ZoneKey, company: &[ZoneKey], now: Timestamp) -> bool {
    let revoked = |key: &ZoneKey| key.state(now) == State::Revoked || key.is_revoked();
    let any_sep = company.iter().any(|key| key.is_sep() && !revoked(key));
    !revoked(key) && key.is_sep() == any_sep
}

/// The tags of the entry points that ended last, where none is active any more.
pub(super) fn overdue(keys: &[ZoneKey], now: Timestamp) -> Vec<u16> {
    let entries = || keys.iter().filter(|key| is_entry(key, keys, now));
    if entries().any(|key| key.state(now) == State::Active) {
        return Vec::new();
    }
    let was_active = |key: &&ZoneKey| key.timing.activate.is_some_and(|activate| activate <= now);
    let ended = entries().filter(was_active);
    let last = ended.clone().filter_map(|key| key.timing.end()).max();
    ended.filter(|key| key.timing.end() == last).map(ZoneKey::key_tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use crate::dnssec::lifecycle::Timing;

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn key(seed: u64, flags: u16, timing: Timing) -> ZoneKey {
        let key = ZoneKey::generate("e".parse().unwrap(), flags, &mut SeededRandom::new(seed));
        key.with_timing(timing)
    }

    fn tags(keys: &[ZoneKey]) -> Vec<u16> {
        keys.iter().map(ZoneKey::key_tag).collect()
    }

    #[test]
    fn each_does_what_its_time_says() {
        let old = Timing { inactive: Some(at(30)), delete: Some(at(40)), ..Timing::in_use(at(10)) };
        let new =
            Timing { publish: Some(at(20)), activate: Some(at(30)), ..Timing::created(at(20)) };
        let keys = [(1, old), (2, new)].map(|(seed, timing)| key(seed, ZoneKey::KSK, timing));
        let (old, new) = (keys[0].key_tag(), keys[1].key_tag());
        for (now, published, active, parent, next) in [
            (5, vec![], vec![], vec![], Some(10)),
            (10, vec![old], vec![old], vec![old], Some(20)),
            (20, vec![old, new], vec![old], vec![old], Some(30)),
            (30, vec![old, new], vec![new], vec![new], Some(40)),
            (40, vec![new], vec![new], vec![new], None),
        ] {
            let set = KeySet::at(&keys, at(now));
            assert_eq!(tags(set.published()), published, "{now}");
            assert_eq!(tags(set.active()), active, "{now}");
            assert_eq!(tags(set.for_parent()), parent, "{now}");
            assert_eq!(set.next_change().map(Timestamp::as_secs), next, "{now}");
            assert!(set.overdue().is_empty());
        }
    }

    #[test]
    fn a_revoked_key_is_another_one() {
        let timing =
            Timing { revoke: Some(at(20)), inactive: Some(at(15)), ..Timing::in_use(at(10)) };
        let key = key(1, ZoneKey::KSK, timing);
        let before = KeySet::at(std::slice::from_ref(&key), at(10));
        let after = KeySet::at(std::slice::from_ref(&key), at(20));
        assert!(!before.active()[0].is_revoked() && after.active()[0].is_revoked());
        assert_ne!(before.published()[0].key_tag(), after.published()[0].key_tag());
        assert!(after.for_parent().is_empty() && after.overdue().is_empty());
    }

    #[test]
    fn a_zone_stays_signed() {
        let ends = |inactive, delete| Timing {
            inactive: Some(at(inactive)),
            delete: Some(at(delete)),
            ..Timing::in_use(at(10))
        };
        let keys = [
            key(1, ZoneKey::KSK, ends(20, 25)),
            key(2, ZoneKey::KSK, ends(30, 35)),
            key(3, ZoneKey::ZSK, ends(20, 25)),
        ];
        let last = keys[1].key_tag();
        let set = KeySet::at(&keys, at(50));
        assert_eq!((tags(set.published()), tags(set.active())), (vec![last], vec![last]));
        assert_eq!(set.overdue(), [last]);
        // One that is still to come was never signed with.
        let planned = [key(1, ZoneKey::KSK, Timing::created(at(1)))];
        assert!(KeySet::at(&planned, at(50)).published().is_empty());
    }
}
