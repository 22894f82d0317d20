//! A roll taken back, as long as the new key signs nothing.

use super::{Plan, Refusal, Role, Roll, Timing, meant};
use crate::clock::Timestamp;
use crate::dnssec::ZoneKey;
use crate::dnssec::rollover::HOLD_DOWN;

impl Roll<'_> {
    /// Takes back that a key comes, the one with the tag `tag` or the only one: it goes, and those stay that it
    /// was to take the place of.
    ///
    /// An anchor that resolvers may trust by now stands by instead: to be rid of it, it has to be revoked.
    ///
    /// # Errors
    /// Where no key comes, or it signs before every server has heard of this.
    pub fn cancel(self, tag: Option<u16>) -> Result<Plan, Refusal> {
        let coming: Vec<_> = self.coming().collect();
        if coming.is_empty() {
            return Err(Refusal::NothingComes);
        }
        let (place, key) = meant(&coming, tag, |_| true)?;
        let role = Role::of(key, self.keys, self.now);
        let mut changes = Vec::new();
        if let Some(switch) = key.timing.activate {
            if switch <= self.now.saturating_add(self.intervals.delay) {
                return Err(Refusal::TooLate { tag: key.key_tag(), switch });
            }
            changes = self.staying(role, switch);
        }
        changes.push((place, self.taken_back(role, key.timing)));
        Ok(Plan { new: None, changes })
    }

    /// The timing of the keys that another was to take the place of at `switch`.
    fn staying(self, role: Role, switch: Timestamp) -> Vec<(usize, Timing)> {
        let was_to_go = |timing: &Timing| {
            timing.inactive == Some(switch) || timing.revoke.is_some_and(|end| end >= switch)
        };
        let stays = |(place, key): (usize, &ZoneKey)| {
            let old = key.timing;
            (place, Timing { inactive: None, revoke: None, delete: None, sync_delete: None, ..old })
        };
        let succeeded = self.succeeded(role).into_iter();
        succeeded.filter(|(_, key)| was_to_go(&key.timing)).map(stays).collect()
    }

    /// The timing of a key that comes no more.
    fn taken_back(self, role: Role, old: Timing) -> Timing {
        let past = |moment: &Timestamp| *moment <= self.now;
        let (publish, asked) = (old.publish.filter(past), old.sync_publish.filter(past));
        let none = Timing { activate: None, ..old };
        let trusted = |publish: Timestamp| past(&publish.saturating_add(HOLD_DOWN));
        if role != Role::Zsk && old.sync_publish.is_none() && publish.is_some_and(trusted) {
            return none;
        }
        let gone = Some(self.now);
        let sync_delete = asked.and(gone);
        Timing { publish, delete: gone, sync_publish: asked, sync_delete, ..none }
    }
}
