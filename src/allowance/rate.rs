//! How often somebody may come.

use std::time::Duration;

/// How often one may come. It is kept by a leaky bucket: so many at once, after a while without any, and
/// another after each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The time from one to the next, in microseconds.
    interval: u64,
    /// How many may come at once.
    burst: u32,
}

impl Rate {
    /// So many an hour, and no more in any hour, whenever that begins. Half of them may come at once, after a
    /// while without any, the others one by one: in the long run it is half of them an hour, and one. None is taken
    /// for one.
    pub const fn per_hour(count: u32) -> Self {
        Self::within(Duration::from_secs(3600), count, count.div_ceil(2))
    }

    /// So many in any such time, whenever that begins, of which so many may come at once.
    ///
    /// A full bucket lets fewer than `burst + time / interval` pass before `time` is over, as its last comes
    /// sooner than that: with `count - burst + 1` intervals in `time`, these are no more than `count`.
    pub const fn within(time: Duration, count: u32, burst: u32) -> Self {
        let count = at_least_one(count);
        let burst = at_least_one(if burst < count { burst } else { count });
        Self { interval: micros(time).div_ceil((count - burst + 1) as u64), burst }
    }

    /// So many a second in the long run, and as many at once: up to twice as many in one second.
    pub const fn per_second(count: u32) -> Self {
        let count = at_least_one(count);
        Self { interval: 1_000_000_u64.div_ceil(count as u64), burst: count }
    }

    /// The same in the long run, with so many at once.
    #[must_use]
    pub const fn bursting(self, burst: u32) -> Self {
        Self { burst: at_least_one(burst), ..self }
    }

    /// So many times as many, in any time.
    #[must_use]
    pub(super) const fn times(self, factor: u32) -> Self {
        let burst = (self.burst - 1).saturating_mul(factor).saturating_add(1);
        Self { interval: self.interval.div_ceil(factor as u64), burst }
    }

    /// What one takes, in microseconds.
    pub(super) const fn cost(self) -> u64 {
        self.interval
    }

    /// What can have been taken at most, in microseconds.
    pub(super) const fn depth(self) -> u64 {
        self.interval.saturating_mul(self.burst as u64)
    }
}

const fn at_least_one(count: u32) -> u32 {
    if count == 0 { 1 } else { count }
}

/// At least one.
const fn micros(time: Duration) -> u64 {
    let micros = time.as_secs().saturating_mul(1_000_000);
    let micros = micros.saturating_add(time.subsec_micros() as u64);
    if micros == 0 { 1 } else { micros }
}
