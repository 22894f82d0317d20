//! Leaky buckets for everybody who comes.

use super::Rate;
use super::network::MOST_CLIENTS;

/// How many levels are kept: half a MiB, whoever comes.
const SLOTS: usize = 1 << 16;

/// A leaky bucket for everybody who comes, in memory that does not grow.
///
/// A bucket is the time at which it will be empty, in microseconds. Each key has two, found by a hash that
/// nobody outside can foresee, and is turned away where both are full. Others share them: who fills some by
/// chance hits nobody else, who would have both in common with him.
#[derive(Debug)]
pub(super) struct Table {
    /// The deepest bucket of a key.
    depth: u64,
    levels: Box<[u64]>,
}

/// What somebody takes: where his buckets are, and how they fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    slots: [usize; 2],
    cost: u64,
    depth: u64,
}

impl Charge {
    /// So many of `rate`, for the key of this hash.
    pub(super) fn new(hash: u64, rate: Rate, count: u32) -> Self {
        let slots = [hash, hash >> 32].map(|part| {
            usize::try_from(part % SLOTS as u64).expect("what is below a usize fits one")
        });
        let cost = rate.cost().saturating_mul(count.into());
        Self { slots, cost, depth: rate.depth() }
    }
}

impl Table {
    /// Nobody has come yet.
    pub(super) fn new(rate: Rate) -> Self {
        let depths = (1..=MOST_CLIENTS).map(|clients| rate.times(clients).depth());
        let depth = depths.max().unwrap_or(0);
        Self { depth, levels: vec![0; SLOTS].into_boxed_slice() }
    }

    /// How long to wait until so much can be taken; zero where it can be now.
    ///
    /// A clock that was set back has nobody wait for longer than a full bucket takes.
    pub(super) fn wait(&mut self, charge: &Charge, now: u64) -> u64 {
        let [one, other] = charge.slots.map(|slot| *self.level(slot, now));
        let full_at = now.saturating_add(charge.depth);
        one.min(other).saturating_add(charge.cost).saturating_sub(full_at)
    }

    /// Takes so much. A bucket that others filled is as full as before.
    pub(super) fn take(&mut self, charge: &Charge, now: u64) {
        let [one, other] = charge.slots;
        for slot in [Some(one), (other != one).then_some(other)].into_iter().flatten() {
            let full_at = now.saturating_add(self.depth);
            let level = self.level(slot, now);
            *level = level.saturating_add(charge.cost).min(full_at);
        }
    }

    fn level(&mut self, slot: usize, now: u64) -> &mut u64 {
        let level = &mut self.levels[slot];
        *level = (*level).clamp(now, now.saturating_add(self.depth));
        level
    }
}
