//! Plans of rolls: which key comes, and the times of all.
//!
//! A plan never leaves a moment at which somebody with an old set in a cache could not verify what is
//! served, or what somebody else has in a cache. Where a step would, it is refused, with the moment from
//! which on it would not.

mod cancel;
mod refusal;
mod revoke;
mod start;
#[cfg(test)]
mod tests;

use super::key_set::overdue;
use super::{Intervals, State, Timing};
use crate::clock::Timestamp;
use crate::dnssec::ZoneKey;

pub use refusal::{Refusal, utc};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It signs the data.
    Zsk,
    /// It signs the keys.
    Ksk,
    /// It signs everything.
    Csk,
}

impl Role {
    /// What `key` is for in such company, of which what is gone does not count.
    pub fn of(key: &ZoneKey, company: &[ZoneKey], now: Timestamp) -> Self {
        let mut living = living(company, now);
        match (key.is_sep(), living.any(|other| other.is_sep() != key.is_sep())) {
            (_, false) => Self::Csk,
            (true, true) => Self::Ksk,
            (false, true) => Self::Zsk,
        }
    }
}

/// The keys that are not gone, nor on their way out by being revoked.
fn living(keys: &[ZoneKey], now: Timestamp) -> impl Iterator<Item = &ZoneKey> {
    let overdue = overdue(keys, now);
    keys.iter().filter(move |key| {
        let gone = matches!(key.state(now), State::Removed | State::Revoked);
        !gone || overdue.contains(&key.key_tag())
    })
}

/// `KSK`.
impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Zsk => "ZSK",
            Self::Ksk => "KSK",
            Self::Csk => "CSK",
        })
    }
}

/// Who vouches for a zone's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouching {
    /// Its parent, by a DS set.
    Parent,
    /// Resolvers, of which the key is a trust anchor: the zone is the root of a tree.
    Anchor,
}

/// What has to be written: first the new key, then the others in this order, so that where it is not done to
/// the end, one key more signs, and not one less.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Flags and timing of a key that is to be made.
    pub new: Option<(u16, Timing)>,
    /// Places of keys in what was given, and what their timing is from here on.
    pub changes: Vec<(usize, Timing)>,
}

/// A zone's keys, to be rolled.
#[derive(Debug, Clone, Copy)]
pub struct Roll<'a> {
    /// All of them.
    pub keys: &'a [ZoneKey],
    /// The moment.
    pub now: Timestamp,
    /// How long to wait.
    pub intervals: &'a Intervals,
}

impl<'a> Roll<'a> {
    /// The keys with their places.
    fn all(self) -> impl Iterator<Item = (usize, &'a ZoneKey)> {
        self.keys.iter().enumerate()
    }

    /// The keys that sign as `role`, with their places.
    fn active(self, role: Role) -> impl Iterator<Item = (usize, &'a ZoneKey)> {
        let overdue = overdue(self.keys, self.now);
        self.all().filter(move |(_, key)| {
            let signs = key.state(self.now) == State::Active || overdue.contains(&key.key_tag());
            signs && Role::of(key, self.keys, self.now) == role
        })
    }

    /// Those of them that a new key takes the place of: the others have successors already.
    fn succeeded(self, role: Role) -> Vec<(usize, &'a ZoneKey)> {
        let all: Vec<_> = self.active(role).collect();
        let (ending, staying): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(_, key)| key.timing.end().is_some());
        if staying.is_empty() { ending } else { staying }
    }

    /// The key that goes on once its DS record is seen at the parent.
    pub fn waiting(self) -> Option<&'a ZoneKey> {
        self.unseen().map(|(_, key)| key)
    }

    /// The same with its place.
    fn unseen(self) -> Option<(usize, &'a ZoneKey)> {
        self.all().find(|(_, key)| awaits_ds(key, self.now))
    }

    /// The keys that are on their way, and sign nothing yet, with their places.
    fn coming(self) -> impl Iterator<Item = (usize, &'a ZoneKey)> {
        let planned =
            |key: &ZoneKey| key.timing.activate.is_some() || key.timing.sync_publish.is_some();
        self.all().filter(move |(_, key)| {
            planned(key) && matches!(key.state(self.now), State::Generated | State::Published)
        })
    }
}

/// The one of `keys` that is meant by `tag`, or, where nothing is said, the only one that is meant `otherwise`.
fn meant<'a>(
    keys: &[(usize, &'a ZoneKey)],
    tag: Option<u16>,
    otherwise: impl Fn(&ZoneKey) -> bool,
) -> Result<(usize, &'a ZoneKey), Refusal> {
    let fits = |key: &ZoneKey| tag.map_or_else(|| otherwise(key), |tag| key.key_tag() == tag);
    let fitting: Vec<_> = keys.iter().filter(|(_, key)| fits(key)).collect();
    match fitting[..] {
        [one] => Ok(*one),
        _ => {
            let tags: Vec<_> = keys.iter().map(|(_, key)| key.key_tag().to_string()).collect();
            Err(Refusal::Which(tags.join(", ")))
        }
    }
}

/// Whether a key is to sign once its DS record is seen at the parent.
pub(super) fn awaits_ds(key: &ZoneKey, now: Timestamp) -> bool {
    let Timing { sync_publish, ds_publish, activate, .. } = key.timing;
    let coming = matches!(key.state(now), State::Generated | State::Published);
    coming && sync_publish.is_some() && ds_publish.is_none() && activate.is_none()
}
