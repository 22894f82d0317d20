//! Emergencies: a trust anchor that is not to be trusted any more.

use super::start::known;
use super::{Plan, Refusal, Role, Roll, State, Timing, meant};
use crate::dnssec::ZoneKey;

impl Roll<'_> {
    /// Revokes a trust anchor (RFC 5011 section 2.1) as soon as may be: the one with the tag `tag`, or the
    /// only one that signs. Another key, which resolvers trust by now, takes over.
    ///
    /// # Errors
    /// Where nobody would trust what is left.
    pub fn revoke(self, tag: Option<u16>) -> Result<Plan, Refusal> {
        let (place, victim) = self.victim(tag)?;
        let (heir_place, heir) = self.heir(place)?;
        let mut changes = Vec::new();
        let heir = known(heir.timing);
        let activate = heir.activate.filter(|activate| *activate < self.now).or(Some(self.now));
        let stays = Timing { activate, inactive: None, revoke: None, delete: None, ..heir };
        if stays != heir {
            changes.push((heir_place, stays));
        }
        let signed_data = Role::of(victim, self.keys, self.now) == Role::Csk;
        let signed_data = signed_data && victim.state(self.now) != State::Published;
        let timing = known(victim.timing);
        let revoked = match signed_data {
            // Everything is signed anew at once; what is in caches is to be verified until then.
            true => {
                let inactive = timing.inactive.filter(|end| *end < self.now).or(Some(self.now));
                let unneeded = self.now.saturating_add(self.intervals.emergency());
                self.revoked(Timing { inactive, ..timing }, unneeded)
            }
            // Who has the keys in a cache as the other one did not sign them yet, has to forget them.
            false => {
                let known =
                    activate.map(|moment| moment.saturating_add(self.intervals.publication()));
                self.revoked(timing, known.unwrap_or_default().max(self.now))
            }
        };
        changes.push((place, revoked));
        Ok(Plan { new: None, changes })
    }

    /// The key to be revoked: in the middle of a roll it could be either.
    fn victim(&self, tag: Option<u16>) -> Result<(usize, &ZoneKey), Refusal> {
        let anchors: Vec<_> = self.anchors().collect();
        meant(&anchors, tag, |key| key.state(self.now) != State::Published)
    }

    /// The key that is left, and trusted: one that was to stay before one that was to go, and one that signs
    /// before one that stands by.
    fn heir(&self, victim: usize) -> Result<(usize, &ZoneKey), Refusal> {
        let wait = self.intervals.trust();
        let trusted = |key: &ZoneKey| {
            let shown = [key.timing.publish, key.timing.activate].into_iter().flatten().min();
            shown.unwrap_or_default().saturating_add(wait)
        };
        let others = || self.anchors().filter(|(place, _)| *place != victim);
        let ready = others().filter(|(_, key)| trusted(key) <= self.now);
        let first =
            ready.min_by_key(|(_, key)| (key.state(self.now) != State::Active, trusted(key)));
        first.ok_or_else(|| {
            let safe = others().map(|(_, key)| trusted(key)).min();
            Refusal::Alone { safe }
        })
    }

    /// The keys that are trust anchors, or are to be.
    fn anchors(&self) -> impl Iterator<Item = (usize, &ZoneKey)> {
        let shown = |key: &ZoneKey| {
            matches!(key.state(self.now), State::Published | State::Active | State::Retired)
        };
        self.keys.iter().enumerate().filter(move |(_, key)| {
            let entry = Role::of(key, self.keys, self.now) != Role::Zsk;
            entry && shown(key)
        })
    }
}
