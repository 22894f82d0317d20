//! Where records are, by a hash of what they are found by.

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(pub(super) u32);

/// A slot that is free. No record is at the last place.
const FREE: u64 = u64::MAX;

/// An open-addressing table with linear probing. A slot has 32 bits of the hash and a [`Place`], so that a
/// record is seldom looked at that is another's. A place in the table is a part of the whole, so that
/// there may be any number of slots.
#[derive(Debug, Default)]
pub(super) struct Slots(Vec<u64>);

/// A hash, and where it is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    at: usize,
    tag: u64,
}

impl Slots {
    /// Free slots for so many records: a third of them stay free, so that one is found in one or two steps.
    pub(super) fn with_room(records: usize) -> Self {
        Self(vec![FREE; records + records / 2 + 1])
    }

    /// What it takes in memory.
    pub(super) fn octets(&self) -> usize {
        self.0.capacity() * size_of::<u64>()
    }

    /// Where a hash is looked for first.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "it is less than the number of slots")]
    pub(super) fn probe(&self, hash: u64) -> Probe {
        let at = (u128::from(hash) * self.0.len() as u128) >> 64;
        Probe { at: at as usize, tag: hash & u64::from(u32::MAX) }
    }

    /// What is in the slot where it is looked for first.
    #[inline]
    pub(super) fn first(&self, probe: Probe) -> u64 {
        self.0[probe.at]
    }

    /// The place of the first record with the same bits of the hash, which may be another's; `first` is
    /// what is in the first slot.
    #[inline]
    pub(super) fn tagged(&self, probe: Probe, first: u64) -> Option<Place> {
        match first {
            FREE => None,
            _ if first >> 32 == probe.tag => Some(place(first)),
            _ => self.find(probe, |_| true),
        }
    }

    /// The place of the record of this hash that `is_it`.
    #[inline]
    pub(super) fn find(&self, probe: Probe, is_it: impl Fn(Place) -> bool) -> Option<Place> {
        self.slot(probe, is_it).map(|at| place(self.0[at]))
    }

    /// Adds a record. One slot at least has to stay free.
    pub(super) fn insert(&mut self, hash: u64, place: Place) {
        let Probe { mut at, tag } = self.probe(hash);
        while self.0[at] != FREE {
            at = self.after(at);
        }
        self.0[at] = tag << 32 | u64::from(place.0);
    }

    /// Takes a record out. `hash` tells those of others.
    pub(super) fn remove(&mut self, probe: Probe, gone: Place, hash: impl Fn(Place) -> u64) {
        let Some(at) = self.slot(probe, |place| place == gone) else { return };
        self.0[at] = FREE;
        // Those that follow may be there because others stood in their way.
        let mut next = self.after(at);
        while self.0[next] != FREE {
            let moved = place(std::mem::replace(&mut self.0[next], FREE));
            self.insert(hash(moved), moved);
            next = self.after(next);
        }
    }

    /// The records, in no order.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.0.iter().filter(|slot| **slot != FREE).map(|slot| place(*slot))
    }

    #[inline]
    fn slot(&self, probe: Probe, is_it: impl Fn(Place) -> bool) -> Option<usize> {
        let Probe { mut at, tag } = probe;
        while self.0[at] != FREE {
            if self.0[at] >> 32 == tag && is_it(place(self.0[at])) {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.0.len() { 0 } else { at + 1 }
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is the place")]
fn place(slot: u64) -> Place {
    Place(slot as u32)
}
