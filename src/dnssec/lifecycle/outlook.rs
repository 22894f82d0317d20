//! What a zone's keys are, what comes next, and what the operator has to do for it.

use super::key_set::overdue;
use super::roll::awaits_ds;
use super::{Role, State};
use crate::clock::Timestamp;
use crate::dnssec::ZoneKey;

/// The most moments that are looked ahead: each key has seven.
const MOST_MOMENTS: usize = 1000;

/// One key at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The key's tag, as it is in its file's name.
    pub tag: u16,
    /// What it is for.
    pub role: Role,
    /// What it is.
    pub state: State,
    /// Since when, where that is told.
    pub since: Option<Timestamp>,
    /// What comes, in order.
    pub next: Vec<Event>,
}

/// Something that happens to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The line of its timing: `Activate`.
    pub what: &'static str,
    /// When.
    pub when: Timestamp,
    /// The state from then on.
    pub state: State,
}

/// Something that only the operator can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// The parent has to have this key's DS record beside those it has. Nothing goes on before that is told.
    AddDs(u16),
    /// The DS record of this key may be taken from the parent from this moment on, and not before.
    DropDs(u16, Timestamp),
    /// Who goes by the configuration needs this key as an anchor, as the other one ends at this moment.
    Announce {
        /// The new anchor.
        new: u16,
        /// The one that revokes itself.
        old: u16,
        /// When it does.
        end: Timestamp,
    },
    /// The key signs past its end, as there is no other.
    Replace(u16),
    /// From this moment on the key would sign past its end.
    ReplaceBefore(u16, Timestamp),
    /// The key's files are of no use any more.
    PutAway(u16),
}

/// A zone's keys at a moment, and what comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The keys, in the order they were given.
    pub keys: Vec<Standing>,
    /// What the operator has to do, the most pressing first.
    pub duties: Vec<Duty>,
}

impl Outlook {
    /// What `keys` are at `now`.
    pub fn at(keys: &[ZoneKey], now: Timestamp) -> Self {
        let standing = |key: &ZoneKey| Standing {
            tag: key.key_tag(),
            role: Role::of(key, keys, now),
            state: key.state(now),
            since: since(key, now),
            next: events(key, now),
        };
        Self { keys: keys.iter().map(standing).collect(), duties: duties(keys, now) }
    }
}

/// When the key came into its state.
fn since(key: &ZoneKey, now: Timestamp) -> Option<Timestamp> {
    let state = key.state(now);
    let moments = key.timing.lines().into_iter().filter_map(|(_, moment)| moment);
    let past = moments.filter(|moment| *moment <= now && key.state(*moment) == state);
    past.min()
}

fn events(key: &ZoneKey, now: Timestamp) -> Vec<Event> {
    let ahead = |(what, moment): (&'static str, Option<Timestamp>)| {
        let when = moment.filter(|moment| *moment > now)?;
        Some(Event { what, when, state: key.state(when) })
    };
    let mut events: Vec<Event> = key.timing.lines().into_iter().filter_map(ahead).collect();
    events.sort_by_key(|event| event.when);
    events
}

fn duties(keys: &[ZoneKey], now: Timestamp) -> Vec<Duty> {
    let overdue_now = overdue(keys, now);
    let mut duties: Vec<Duty> = overdue_now.iter().copied().map(Duty::Replace).collect();
    duties.extend(ends(keys, now).filter(|_| overdue_now.is_empty()));
    let waiting = keys.iter().filter(|key| awaits_ds(key, now));
    duties.extend(waiting.map(|key| Duty::AddDs(key.key_tag())));
    duties.extend(announcements(keys, now));
    for key in keys {
        let tag = key.key_tag();
        let gone = key.state(now) == State::Removed && !overdue_now.contains(&tag);
        match key.timing.sync_delete {
            Some(moment) => duties.push(Duty::DropDs(tag, moment)),
            None if gone => duties.push(Duty::PutAway(tag)),
            None => {}
        }
    }
    duties
}

/// Keys that have an end and no successor.
fn ends(keys: &[ZoneKey], now: Timestamp) -> impl Iterator<Item = Duty> {
    let next =
        |moment: &Timestamp| keys.iter().filter_map(|key| key.timing.next_change(*moment)).min();
    let moments = std::iter::successors(Some(now), next).take(MOST_MOMENTS);
    let first =
        moments.map(|moment| (moment, overdue(keys, moment))).find(|(_, tags)| !tags.is_empty());
    first.into_iter().flat_map(|(moment, tags)| {
        tags.into_iter().map(move |tag| Duty::ReplaceBefore(tag, moment))
    })
}

/// Anchors that are to take the place of others.
fn announcements(keys: &[ZoneKey], now: Timestamp) -> impl Iterator<Item = Duty> {
    let shown = move |key: &&ZoneKey| {
        Role::of(key, keys, now) != Role::Zsk
            && matches!(key.state(now), State::Published | State::Active)
    };
    let heir = keys.iter().filter(shown).find(|key| key.timing.end().is_none());
    let ending = keys.iter().filter_map(move |key| Some((key, key.timing.revoke?)));
    let ending = ending.filter(move |(key, end)| *end > now && key.state(now) != State::Generated);
    heir.into_iter().flat_map(move |heir| {
        let new = heir.key_tag();
        ending.clone().map(move |(key, end)| Duty::Announce { new, old: key.key_tag(), end })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use crate::dnssec::lifecycle::Timing;

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn key(seed: u64, timing: Timing) -> ZoneKey {
        let random = &mut SeededRandom::new(seed);
        ZoneKey::generate("e".parse().unwrap(), ZoneKey::KSK, random).with_timing(timing)
    }

    #[test]
    fn each_key_tells_its_past_and_future() {
        let timing =
            Timing { inactive: Some(at(30)), delete: Some(at(40)), ..Timing::in_use(at(10)) };
        let keys = [key(1, timing)];
        let standing = |now| Outlook::at(&keys, at(now)).keys.remove(0);
        assert_eq!((standing(5).state, standing(5).since), (State::Generated, None));
        assert_eq!((standing(20).state, standing(20).since), (State::Active, Some(at(10))));
        let next = standing(20).next;
        let events = [("Inactive", 30, State::Retired), ("Delete", 40, State::Removed)];
        assert_eq!(next, events.map(|(what, when, state)| Event { what, when: at(when), state }));
        assert_eq!((standing(50).since, standing(50).next), (Some(at(40)), vec![]));
    }

    #[test]
    fn duties_follow_the_times() {
        let old = Timing { inactive: Some(at(30)), ..Timing::in_use(at(10)) };
        let alone = [key(1, old)];
        let tag = alone[0].key_tag();
        assert_eq!(Outlook::at(&alone, at(20)).duties, [Duty::ReplaceBefore(tag, at(30))]);
        assert_eq!(Outlook::at(&alone, at(30)).duties, [Duty::Replace(tag)]);

        let waits = Timing { sync_publish: Some(at(15)), ..Timing::created(at(15)) };
        let keys = [key(1, Timing::in_use(at(10))), key(2, waits)];
        assert_eq!(Outlook::at(&keys, at(20)).duties, [Duty::AddDs(keys[1].key_tag())]);

        let gone = Timing { delete: Some(at(30)), sync_delete: Some(at(40)), ..old };
        let keys = [key(1, gone), key(2, Timing::in_use(at(30)))];
        assert_eq!(Outlook::at(&keys, at(35)).duties, [Duty::DropDs(tag, at(40))]);
        let keys = [key(1, Timing { sync_delete: None, ..gone }), key(2, Timing::in_use(at(30)))];
        assert_eq!(Outlook::at(&keys, at(35)).duties, [Duty::PutAway(tag)]);

        let revoked = Timing { revoke: Some(at(50)), ..Timing::in_use(at(10)) };
        let stands_by =
            Timing { publish: Some(at(20)), activate: Some(at(40)), ..Timing::created(at(15)) };
        let keys = [key(1, revoked), key(2, stands_by)];
        let announced = Duty::Announce { new: keys[1].key_tag(), old: tag, end: at(50) };
        assert_eq!(Outlook::at(&keys, at(25)).duties, [announced]);
        assert_eq!(Outlook::at(&keys, at(50)).duties, []);
    }
}
