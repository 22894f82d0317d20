//! How often the keys of a trust point are asked for (RFC 5011 section 2.3).

use std::time::Duration;

use super::LONGEST_INTERVAL;
use crate::clock::Timestamp;
use crate::wire::rdata::Rrsig;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// The times to the next query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// After a set that counts.
    pub(super) query: Duration,
    /// After none.
    pub(super) retry: Duration,
}

impl Pace {
    /// What follows from a signature over the DNSKEY set, retrieved now.
    pub(super) fn of(rrsig: &Rrsig, now: Timestamp) -> Self {
        let left = rrsig.expiration.wrapping_sub(now.as_serial_secs());
        let shorter = Duration::from_secs(rrsig.original_ttl.as_secs().min(left).into());
        Self {
            query: (shorter / 2).min(LONGEST_INTERVAL).max(HOUR),
            retry: (shorter / 10).min(DAY).max(HOUR),
        }
    }
}

/// Before anything is known of the set: as often as may be.
pub(super) const UNKNOWN: Pace = Pace { query: HOUR, retry: HOUR };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Algorithm, Name, Rtype, Ttl};

    #[test]
    fn the_shortest_of_all_counts() {
        const HOURS: u64 = 3600;
        const DAYS: u64 = 24 * HOURS;
        let now = 1_700_000_000;
        for (ttl, left, query, retry) in [
            (2 * DAYS, 20 * DAYS, DAYS, 2 * DAYS / 10),
            (20 * DAYS, 4 * DAYS, 2 * DAYS, 4 * DAYS / 10),
            (100 * DAYS, 100 * DAYS, 15 * DAYS, DAYS),
            (60, 20 * DAYS, HOURS, HOURS),
            (2 * DAYS, 60, HOURS, HOURS),
            (2 * DAYS, 0, HOURS, HOURS),
        ] {
            let rrsig = Rrsig {
                type_covered: Rtype::DNSKEY,
                algorithm: Algorithm::ED25519,
                labels: 0,
                original_ttl: Ttl::from_secs(u32::try_from(ttl).unwrap()),
                expiration: u32::try_from(now + left).unwrap(),
                inception: 0,
                key_tag: 0,
                signer: Name::root(),
                signature: Vec::new(),
            };
            let [query, retry] = [query, retry].map(Duration::from_secs);
            let pace = Pace::of(&rrsig, Timestamp::from_secs(now));
            assert_eq!(pace, Pace { query, retry }, "{ttl} {left}");
        }
    }
}
