//! The zone that a name lies in: the longest that encloses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{AuthorityError, ServedZone};
use crate::clock::Timestamp;
use crate::dnssec::ZoneKey;
use crate::wire::{Name, Rtype};
use crate::zone::SearchName;

/// Zones whose names have as many labels.
#[derive(Debug, Clone)]
struct Level {
    labels: usize,
    /// Places among all zones, by name in lower-case wire form.
    places: BTreeMap<Box<[u8]>, usize>,
}

/// Zones, found by name. A copy shares them.
#[derive(Debug, Clone, Default)]
pub(super) struct Zones {
    zones: Vec<Arc<ServedZone>>,
    /// Those with the most labels first. There are few: names have one zone cut or two on their way.
    levels: Arc<Vec<Level>>,
}

impl Zones {
    pub(super) fn new(zones: Vec<ServedZone>) -> Result<Self, AuthorityError> {
        let mut levels: Vec<Level> = Vec::new();
        for (place, zone) in zones.iter().enumerate() {
            let name = SearchName::of(zone.apex());
            let labels = name.label_count();
            let at = levels.partition_point(|level| level.labels > labels);
            if levels.get(at).is_none_or(|level| level.labels != labels) {
                levels.insert(at, Level { labels, places: BTreeMap::new() });
            }
            if levels[at].places.insert(name.wire().into(), place).is_some() {
                return Err(AuthorityError::SameZone(zone.apex().clone()));
            }
        }
        Ok(Self { zones: zones.into_iter().map(Arc::new).collect(), levels: Arc::new(levels) })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ServedZone> {
        self.zones.iter().map(|zone| &**zone)
    }

    /// The zone of this name, in a copy where it is shared.
    pub(super) fn get_mut(&mut self, zone: &Name) -> Option<&mut ServedZone> {
        self.zones.iter_mut().find(|served| served.apex() == zone).map(Arc::make_mut)
    }

    /// Goes over to other keys of a zone, if it is served, in a copy where it is shared.
    pub(super) fn take_keys(
        &mut self,
        zone: &Name,
        keys: Vec<ZoneKey>,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        self.get_mut(zone).map_or(Ok(()), |served| served.take_keys(keys, now))
    }

    /// Renews the signatures of zones where one has to be `now`, in copies of those that are shared.
    /// Tells how many.
    pub(super) fn renew(&mut self, now: Timestamp) -> usize {
        let due = |zone: &&mut Arc<ServedZone>| zone.next_renewal().is_some_and(|next| next <= now);
        self.zones.iter_mut().filter(due).map(|zone| Arc::make_mut(zone).renew(now)).sum()
    }

    /// The zone that answers a question of this name and type, and its place. The DS set of a zone is
    /// its parent's (RFC 4035 section 3.1.4.1).
    pub(super) fn answering(
        &self,
        name: &SearchName,
        qtype: Rtype,
    ) -> Option<(usize, &ServedZone)> {
        let labels = name.label_count();
        let above = labels.checked_sub(1).filter(|_| qtype == Rtype::DS);
        let parent = above.and_then(|above| self.enclosing(name, above));
        let place = parent.or_else(|| self.enclosing(name, labels))?;
        Some((place, &self.zones[place]))
    }

    /// The place of the longest zone of at most `labels` labels that `name` lies in.
    pub(super) fn enclosing(&self, name: &SearchName, labels: usize) -> Option<usize> {
        let fitting = self.levels.iter().skip_while(|level| level.labels > labels);
        fitting.filter_map(|level| level.places.get(name.suffix(level.labels)).copied()).next()
    }
}
