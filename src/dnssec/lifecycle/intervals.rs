//! How long each step of a roll has to wait (RFC 7583 section 3, RFC 5011 section 2.4).

use std::time::Duration;

use crate::dnssec::Policy;

const DAY: Duration = Duration::from_secs(86_400);

/// What the waits of a roll are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervals {
    /// TTL of the DNSKEY set, at most: 1 day.
    pub key_ttl: Duration,
    /// The greatest TTL of the zone's data: 1 day.
    pub data_ttl: Duration,
    /// TTL of the DS set at the parent, at most: 1 day.
    pub parent_ttl: Duration,
    /// How long it takes until every server has what is new: 1 hour.
    pub delay: Duration,
    /// How long it takes until everything was signed anew in its own time: as long as signatures last, 14
    /// days.
    pub signatures: Duration,
    /// How long it takes until resolvers trust a new anchor: 60 days. They wait for 30, and may have been
    /// shown an old set before, whose signatures last 14 days; they look every 15 days at least.
    pub acceptance: Duration,
    /// How long a revoked anchor stays: 31 days. Resolvers remember for 30 that it is revoked.
    pub removal: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            key_ttl: DAY,
            data_ttl: DAY,
            parent_ttl: DAY,
            delay: Duration::from_secs(3600),
            signatures: Policy::default().other,
            acceptance: 60 * DAY,
            removal: 31 * DAY,
        }
    }
}

impl Intervals {
    /// From its publication until everyone knows a key: Ipub of RFC 7583.
    pub fn publication(&self) -> Duration {
        self.delay + self.key_ttl
    }

    /// From its publication until every resolver trusts an anchor.
    pub fn trust(&self) -> Duration {
        self.publication() + self.acceptance
    }

    /// From its last signature until nobody needs a key to verify data: Iret of RFC 7583.
    pub fn retirement(&self) -> Duration {
        self.signatures + self.emergency()
    }

    /// From when all servers of the parent have a DS set until nobody has the one before: IretK, seen
    /// from the child.
    pub fn registration(&self) -> Duration {
        self.delay + self.parent_ttl
    }

    /// From when everything is signed anew at once until nobody needs the key before.
    pub fn emergency(&self) -> Duration {
        self.delay + self.data_ttl.max(self.key_ttl)
    }
}
