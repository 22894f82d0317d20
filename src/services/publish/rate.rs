//! How often a client may publish.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::transport::client;

/// How many levels are kept: half a MiB, whoever comes.
const SLOTS: usize = 1 << 16;

/// What one client may send: an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, in the long run: 20. A verification server with a million people has one
    /// in four seconds.
    pub per_second: u32,
    /// Requests at once, after a while without any: 400, so that an outbox that waited is soon empty.
    pub burst: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_second: 20, burst: 400 }
    }
}

impl Rate {
    /// What each request takes, in microseconds.
    fn cost(self) -> u64 {
        1_000_000 / u64::from(self.per_second.max(1))
    }

    /// What a client can have taken at most, in microseconds.
    fn depth(self) -> u64 {
        self.cost() * u64::from(self.burst.max(1))
    }
}

/// A leaky bucket for each client, in memory that does not grow.
///
/// A bucket is the time at which it will be empty. Each client has two, found by a hash that nobody
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

    /// What each client may send.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Lets a request of the client at `address` in.
    ///
    /// # Errors
    /// With how long to wait where it came too soon.
    pub(super) fn admit(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let (cost, depth) = (self.rate.cost(), self.rate.depth());
        let now = now.as_millis().saturating_mul(1000);
        let full_at = now.saturating_add(depth);
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = self.slots(address);
        // A clock that was set back has nobody wait for longer than a full bucket takes.
        for slot in slots {
            empty_at[slot] = empty_at[slot].clamp(now, full_at);
        }
        let level = slots.map(|slot| empty_at[slot]).into_iter().min().unwrap_or(now);
        match level.saturating_add(cost).saturating_sub(full_at) {
            0 => {
                for slot in slots {
                    empty_at[slot] = empty_at[slot].saturating_add(cost).min(full_at);
                }
                Ok(())
            }
            wait => Err(Duration::from_micros(wait)),
        }
    }

    fn slots(&self, address: IpAddr) -> [usize; 2] {
        let hash = self.key.hash_one(client(address));
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

    fn who(number: u32) -> IpAddr {
        IpAddr::from(std::net::Ipv4Addr::from_bits(number))
    }

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let rates = Rates::new(Rate { per_second: 10, burst: 3 });
        let admit = |millis| rates.admit(who(1), at(millis)).map_err(|wait| wait.as_millis());
        assert_eq!([0, 0, 0].map(admit), [Ok(()); 3]);
        assert_eq!(admit(0), Err(100));
        assert_eq!(admit(40), Err(60));
        assert_eq!([admit(100), admit(100)], [Ok(()), Err(100)]);
        assert_eq!([1000, 1000, 1000].map(admit), [Ok(()); 3]);
        assert_eq!(admit(1000), Err(100));
    }

    #[test]
    fn one_client_does_not_wait_for_another() {
        let rates = Rates::new(Rate { per_second: 1, burst: 1 });
        // Of 10,000 clients few find both their buckets full by chance.
        let turned_away = (0..10_000).filter(|number| rates.admit(who(*number), at(0)).is_err());
        assert!(turned_away.count() < 500);
        assert!(rates.admit(who(3), at(0)).is_err());
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let rates = Rates::new(Rate { per_second: 1, burst: 1 });
        let admit = |address: &str| rates.admit(address.parse().unwrap(), at(0));
        assert!(admit("2001:db8:0:1::1").is_ok());
        assert!(admit("2001:db8:0:1:ffff::2").is_err());
    }

    #[test]
    fn a_clock_set_back_is_forgiven() {
        let rates = Rates::new(Rate { per_second: 10, burst: 2 });
        let admit = |millis| rates.admit(who(1), at(millis));
        assert_eq!([1_000_000, 1_000_000].map(admit), [Ok(()); 2]);
        assert_eq!(admit(0), Err(Duration::from_millis(100)));
        assert_eq!(admit(100), Ok(()));
    }
}
