//! What is served for the names of a zone whose associations are in a store: in memory, ready to be
//! written into answers.
//!
//! A name costs what its records and signatures take in an answer, its labels below the apex, and 33
//! octets: 17 before the records, and a place of 8 in a table that is half full, about. Nothing is
//! allocated for one name: octets stand one behind the other in chunks of 64 KiB. What is signed anew
//! takes the place of what was there; what changes in length goes to the end, and a chunk of which more
//! than a quarter is of no use any more is emptied.
//!
//! Names are spread over 256 shards by a keyed hash. Who reads waits for nobody but whoever writes to
//! the same shard at the moment; the longest that takes is to move what is left of a chunk, or
//! for the table of a shard to grow.

mod shard;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::wire::{EncodedRef, Name};
use shard::{Keyed, Shard};

/// How many shards there are: the upper 8 bits of a hash say which.
pub const SHARDS: usize = 256;

/// One name's part of an [`Index`], for whoever goes through it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The name without the apex: labels in lower-case wire form, no root.
    labels: &'a [u8],
    /// The number of the change that made it.
    pub sequence: u64,
    /// What is served.
    pub set: EncodedRef<'a>,
}

/// A name's part of an [`Index`] that is about to be looked for. As long as it is there nobody writes to it.
pub(super) struct Near<'a> {
    shard: RwLockReadGuard<'a, Shard>,
    hash: u64,
}

impl Near<'_> {
    /// Has memory brought near in which it is told where the name's records are.
    pub(super) fn bring_slot(&self) {
        black_box(self.shard.slot_near(self.hash));
    }

    /// Has memory brought near in which the name's records are.
    pub(super) fn bring_item(&self) {
        black_box(self.shard.item_near(self.hash));
    }
}

/// What is served for the names of one zone. All that is done with it can be done by many at once.
pub struct Index {
    /// The apex in lower-case wire form.
    apex: Box<[u8]>,
    /// Makes it hard to choose names that fall together.
    seed: u64,
    shards: Box<[RwLock<Shard>]>,
}

impl Index {
    /// An index of nothing for the zone at `apex`. `seed` is a number that nobody can guess.
    pub fn new(apex: &Name, seed: u64) -> Self {
        Self {
            apex: apex.to_lowercase().as_wire().into(),
            seed,
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
        }
    }

    /// Shows what is served for `owner`, a lower-case name in wire form. Tells whether there is
    /// anything.
    pub fn find(&self, owner: &[u8], show: &mut dyn FnMut(EncodedRef<'_>)) -> bool {
        let Some(keyed) = self.keyed(owner) else { return false };
        let shard = self.read(keyed.shard());
        let found = shard.find(&keyed);
        found.is_some_and(|item| {
            show(item.set);
            true
        })
    }

    /// What is about to be looked for, unless somebody is writing there.
    pub(super) fn near(&self, owner: &[u8]) -> Option<Near<'_>> {
        let keyed = self.keyed(owner)?;
        let shard = self.shards[keyed.shard()].try_read().ok()?;
        Some(Near { shard, hash: keyed.hash })
    }

    /// The number of the change that made what is served for `owner`.
    pub fn sequence(&self, owner: &[u8]) -> Option<u64> {
        let keyed = self.keyed(owner)?;
        self.read(keyed.shard()).find(&keyed).map(|item| item.sequence)
    }

    /// Serves `set` for `owner` from here on, which change `sequence` made: unless a later one made what
    /// is served, or the name is not the zone's.
    pub fn put(&self, owner: &[u8], sequence: u64, set: EncodedRef<'_>) {
        let Some(keyed) = self.keyed(owner) else { return };
        let mut shard = self.write(keyed.shard());
        if shard.find(&keyed).is_none_or(|item| item.sequence <= sequence) {
            shard.put(&keyed, sequence, set, &|labels: &[u8]| self.hash(labels));
        }
    }

    /// Serves `set` where that is the same, signed anew: where change `sequence` is still the last. Tells
    /// whether it is.
    pub fn replace(&self, owner: &[u8], sequence: u64, set: EncodedRef<'_>) -> bool {
        let Some(keyed) = self.keyed(owner) else { return false };
        let mut shard = self.write(keyed.shard());
        let is_last = shard.find(&keyed).is_some_and(|item| item.sequence == sequence);
        if is_last {
            shard.put(&keyed, sequence, set, &|labels: &[u8]| self.hash(labels));
        }
        is_last
    }

    /// Serves nothing for `owner` from here on, unless a later change than `sequence` made what is
    /// served.
    pub fn remove(&self, owner: &[u8], sequence: u64) {
        let Some(keyed) = self.keyed(owner) else { return };
        let mut shard = self.write(keyed.shard());
        if shard.find(&keyed).is_some_and(|item| item.sequence <= sequence) {
            shard.remove(&keyed, &|labels: &[u8]| self.hash(labels));
        }
    }

    /// Goes through the names of a shard, of which there are [`SHARDS`]. Meanwhile nobody writes to it.
    pub fn each(&self, shard: usize, mut show: impl FnMut(Item<'_>)) {
        self.read(shard).each(&mut show);
    }

    /// The whole name of what [`Index::each`] shows, in lower-case wire form.
    pub fn owner(&self, item: &Item<'_>) -> Vec<u8> {
        [item.labels, &self.apex].concat()
    }

    /// How many names something is served for.
    pub fn len(&self) -> usize {
        (0..SHARDS).map(|number| self.read(number).len()).sum()
    }

    /// Whether nothing is served.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels below the apex and their hash; nothing where the name is not the zone's.
    fn keyed<'a>(&self, owner: &'a [u8]) -> Option<Keyed<'a>> {
        let labels = owner.strip_suffix(&*self.apex)?;
        Some(Keyed { labels, hash: self.hash(labels) })
    }

    /// SipHash with a key.
    fn hash(&self, labels: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.seed);
        hasher.write(labels);
        hasher.finish()
    }

    fn read(&self, number: usize) -> RwLockReadGuard<'_, Shard> {
        self.shards[number].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, number: usize) -> RwLockWriteGuard<'_, Shard> {
        self.shards[number].write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("names", &self.len()).finish_non_exhaustive()
    }
}
