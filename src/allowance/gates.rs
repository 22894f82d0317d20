//! Who comes too often is turned away.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::ops::{Index, IndexMut};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::table::{Charge, Table};
use super::{Rate, networks};
use crate::clock::Timestamp;
use crate::telemetry::{Labels, Shard, Telemetry};

/// Something of which everybody may have so much.
pub trait Bound: Copy + PartialEq + fmt::Debug + 'static {
    /// All there are.
    const ALL: &'static [Self];

    /// What settings and counters call it.
    fn name(self) -> &'static str;

    /// How many where nothing else is said.
    fn usual(self) -> u32;

    /// The fewest that make sense.
    fn least(self) -> u32 {
        1
    }

    /// How often so many are: an hour.
    fn rate(self, count: u32) -> Rate {
        Rate::per_hour(count)
    }

    /// Where it stands among all.
    fn place(self) -> usize {
        Self::ALL.iter().position(|bound| *bound == self).expect("all are listed")
    }
}

/// How often, of each [`Bound`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds<B>(Vec<(B, Rate)>);

impl<B: Bound> Default for Bounds<B> {
    fn default() -> Self {
        Self(B::ALL.iter().map(|bound| (*bound, bound.rate(bound.usual()))).collect())
    }
}

impl<B: Bound> Index<B> for Bounds<B> {
    type Output = Rate;

    fn index(&self, bound: B) -> &Rate {
        &self.0[bound.place()].1
    }
}

impl<B: Bound> IndexMut<B> for Bounds<B> {
    fn index_mut(&mut self, bound: B) -> &mut Rate {
        &mut self.0[bound.place()].1
    }
}

/// What was asked lately, by whom. It is forgotten with the process.
#[derive(Debug)]
pub struct Gates<B> {
    bounds: Bounds<B>,
    key: RandomState,
    tables: Mutex<Vec<Table>>,
    turned_away: Mutex<Shard>,
}

/// Which bound was met, and how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooOften<B> {
    /// The one that has to be waited for longest.
    pub bound: B,
    /// How long.
    pub wait: Duration,
}

impl<B: Bound> Gates<B> {
    /// Gates that nobody has passed yet. `family` is what the counters are called of those turned away.
    pub fn new(bounds: &Bounds<B>, telemetry: &Telemetry, family: &'static str) -> Self {
        let series = B::ALL.iter().map(|bound| Labels::from([("bound", bound.name())]));
        let help = "What was turned away as it came too often, by the bound that it met";
        let counters = telemetry.counters(family, help, series.collect());
        Self {
            bounds: bounds.clone(),
            key: RandomState::new(),
            tables: Mutex::new(bounds.0.iter().map(|(_, rate)| Table::new(*rate)).collect()),
            turned_away: Mutex::new(counters.shard()),
        }
    }

    /// How often, of each.
    pub fn bounds(&self) -> &Bounds<B> {
        &self.bounds
    }

    /// Somebody asks for one thing.
    pub fn errand(&self) -> Errand<'_, B> {
        self.errand_of(1)
    }

    /// Somebody asks for so many things, all or none. More than may come at once may never.
    pub fn errand_of(&self, count: u32) -> Errand<'_, B> {
        Errand { gates: self, count, charges: Vec::new() }
    }

    fn admit(&self, charges: &[(B, Charge)], now: Timestamp) -> Result<(), TooOften<B>> {
        let now = now.as_millis().saturating_mul(1000);
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = charges.iter().map(|(bound, charge)| {
            let wait = Duration::from_micros(tables[bound.place()].wait(charge, now));
            TooOften { bound: *bound, wait }
        });
        match waits.max_by_key(|too_often| too_often.wait) {
            Some(too_often) if !too_often.wait.is_zero() => Err(too_often),
            _ => {
                charges.iter().for_each(|(bound, charge)| tables[bound.place()].take(charge, now));
                Ok(())
            }
        }
    }

    fn count(&self, bound: B) {
        let mut turned_away = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        turned_away.count(bound.place());
    }
}

/// What somebody asks for, and what it takes at which gates: at all of them, or at none.
#[derive(Debug)]
#[must_use]
pub struct Errand<'g, B> {
    gates: &'g Gates<B>,
    count: u32,
    charges: Vec<(B, Charge)>,
}

impl<B: Bound> Errand<'_, B> {
    /// It takes the share of `key` at the gate of this bound.
    pub fn by(self, bound: B, key: impl Hash) -> Self {
        self.by_clients(bound, key, 1)
    }

    /// It takes the share of each network that `address` is in, at the gate of this bound. What `key` tells
    /// apart is counted apart.
    pub fn by_networks(self, bound: B, address: IpAddr, key: impl Hash) -> Self {
        networks(address).fold(self, |errand, (network, clients)| {
            errand.by_clients(bound, (network, &key), clients)
        })
    }

    fn by_clients(mut self, bound: B, key: impl Hash, clients: u32) -> Self {
        let (hash, rate) = (self.gates.key.hash_one(key), self.gates.bounds[bound]);
        self.charges.push((bound, Charge::new(hash, rate.times(clients), self.count)));
        self
    }

    /// Lets it pass, or counts for nobody.
    ///
    /// # Errors
    /// With the bound that it met, and how long to wait.
    pub fn admit(self, now: Timestamp) -> Result<(), TooOften<B>> {
        let admitted = self.gates.admit(&self.charges, now);
        admitted.inspect_err(|too_often| self.gates.count(too_often.bound))
    }
}

#[cfg(test)]
mod tests;
