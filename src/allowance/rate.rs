//! How often somebody may come.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// How many levels are kept: half a MiB, whoever comes.
const SLOTS: usize = 1 << 16;

/// How often one may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The time from one to the next, in the long run.
    pub interval: Duration,
    /// How many may come at once, after a while without any.
    pub burst: u32,
}

impl Rate {
    /// So many a second, and as many at once.
    pub const fn per_second(count: u32) -> Self {
        Self::per(Duration::from_secs(1), count)
    }

    /// So many an hour, and as many at once.
    pub const fn per_hour(count: u32) -> Self {
        Self::per(Duration::from_secs(3600), count)
    }

    const fn per(time: Duration, count: u32) -> Self {
        let count = if count == 0 { 1 } else { count };
        Self { interval: time.checked_div(count).expect("it is not zero"), burst: count }
    }

    /// The same in the long run, with so many at once.
    #[must_use]
    pub const fn bursting(self, burst: u32) -> Self {
        Self { burst, ..self }
    }

    /// What one takes, in microseconds.
    fn cost(self) -> u64 {
        u64::try_from(self.interval.as_micros()).unwrap_or(u64::MAX).max(1)
    }

    /// What can have been taken at most, in microseconds.
    fn depth(self) -> u64 {
        self.cost().saturating_mul(u64::from(self.burst.max(1)))
    }
}

/// A leaky bucket for everybody who comes, in memory that does not grow.
///
/// A bucket is the time at which it will be empty. Each key has two, found by a hash that nobody
/// outside can foresee, and is turned away where both are full. Others share them: who fills some by
/// chance hits nobody else, who would have both in common with him.
#[derive(Debug)]
pub struct Rates {
    rate: Rate,
    key: RandomState,
    empty_at: Mutex<Box<[u64]>>,
}

impl Rates {
    /// Nobody has come yet.
    pub fn new(rate: Rate) -> Self {
        let empty_at = Mutex::new(vec![0; SLOTS].into_boxed_slice());
        Self { rate, key: RandomState::new(), empty_at }
    }

    /// How often each may come.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Lets `key` come once more.
    ///
    /// # Errors
    /// With how long to wait where it came too soon.
    pub fn admit(&self, key: impl Hash, now: Timestamp) -> Result<(), Duration> {
        self.admit_many(key, 1, now)
    }

    /// Lets `key` come so many times more, or not at all. More than may come at once may never.
    ///
    /// # Errors
    /// With how long to wait where it came too soon.
    pub fn admit_many(&self, key: impl Hash, count: u32, now: Timestamp) -> Result<(), Duration> {
        self.weigh(key, count, now, true)
    }

    /// Whether `key` may come once more. It has not come by that.
    ///
    /// # Errors
    /// With how long to wait where it is too soon.
    pub fn would_admit(&self, key: impl Hash, now: Timestamp) -> Result<(), Duration> {
        self.weigh(key, 1, now, false)
    }

    fn weigh(
        &self,
        key: impl Hash,
        count: u32,
        now: Timestamp,
        takes: bool,
    ) -> Result<(), Duration> {
        let (cost, depth) = (self.rate.cost().saturating_mul(count.into()), self.rate.depth());
        let now = now.as_millis().saturating_mul(1000);
        let full_at = now.saturating_add(depth);
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = self.slots(key);
        // A clock that was set back has nobody wait for longer than a full bucket takes.
        for slot in slots {
            empty_at[slot] = empty_at[slot].clamp(now, full_at);
        }
        let level = slots.map(|slot| empty_at[slot]).into_iter().min().unwrap_or(now);
        match level.saturating_add(cost).saturating_sub(full_at) {
            0 => {
                for slot in slots.into_iter().filter(|_| takes) {
                    empty_at[slot] = empty_at[slot].saturating_add(cost).min(full_at);
                }
                Ok(())
            }
            wait => Err(Duration::from_micros(wait)),
        }
    }

    fn slots(&self, key: impl Hash) -> [usize; 2] {
        let hash = self.key.hash_one(key);
        [hash, hash >> 32].map(|part| {
            usize::try_from(part % SLOTS as u64).expect("what is below a usize fits one")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let rates = Rates::new(Rate::per_second(10).bursting(3));
        let admit = |millis| rates.admit(1, at(millis)).map_err(|wait| wait.as_millis());
        assert_eq!([0, 0, 0].map(admit), [Ok(()); 3]);
        assert_eq!(admit(0), Err(100));
        assert_eq!(admit(40), Err(60));
        assert_eq!([admit(100), admit(100)], [Ok(()), Err(100)]);
        assert_eq!([1000, 1000, 1000].map(admit), [Ok(()); 3]);
        assert_eq!(admit(1000), Err(100));
    }

    #[test]
    fn one_client_does_not_wait_for_another() {
        let rates = Rates::new(Rate::per_second(1));
        // Of 10,000 clients few find both their buckets full by chance.
        let turned_away = (0..10_000).filter(|number| rates.admit(number, at(0)).is_err());
        assert!(turned_away.count() < 500);
        assert!(rates.admit(3, at(0)).is_err());
    }

    #[test]
    fn an_hour_is_long() {
        let rates = Rates::new(Rate::per_hour(5));
        let admit = |minutes: u64| rates.admit("a", at(minutes * 60_000));
        assert_eq!([0; 5].map(admit), [Ok(()); 5]);
        assert_eq!(admit(0), Err(Duration::from_secs(12 * 60)));
        assert_eq!([admit(12), admit(13)], [Ok(()), Err(Duration::from_secs(11 * 60))]);
    }

    #[test]
    fn who_asks_whether_he_may_come_has_not_come() {
        let rates = Rates::new(Rate::per_hour(1));
        assert_eq!([0, 0].map(|millis| rates.would_admit(1, at(millis))), [Ok(()); 2]);
        assert_eq!(rates.admit(1, at(0)), Ok(()));
        assert!(rates.would_admit(1, at(0)).is_err());
    }

    #[test]
    fn many_come_together_or_none() {
        let rates = Rates::new(Rate::per_second(10));
        let admit = |count, millis| rates.admit_many(1, count, at(millis));
        assert_eq!(admit(0, 0), Ok(()));
        assert_eq!([admit(7, 0), admit(4, 0)], [Ok(()), Err(Duration::from_millis(100))]);
        assert_eq!([admit(3, 0), admit(1, 0)], [Ok(()), Err(Duration::from_millis(100))]);
        assert!(admit(11, 9_999_999).is_err() && admit(u32::MAX, 9_999_999).is_err());
        assert_eq!(admit(10, 9_999_999), Ok(()));
    }

    #[test]
    fn a_clock_set_back_is_forgiven() {
        let rates = Rates::new(Rate::per_second(10).bursting(2));
        let admit = |millis| rates.admit(1, at(millis));
        assert_eq!([1_000_000, 1_000_000].map(admit), [Ok(()); 2]);
        assert_eq!(admit(0), Err(Duration::from_millis(100)));
        assert_eq!(admit(100), Ok(()));
    }
}
