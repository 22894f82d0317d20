//! What clients may take.

use std::time::Duration;

use super::LookupLimits;
use crate::allowance::Rate;

/// Octets of a request's content: those of the specification have some hundreds.
pub(super) const CONTENT: usize = 16_384;

/// How often clients may come, and how long accounts last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How often one IPv4 address or one IPv6 /64 may come: 100 a second, and 1000 at once. A homeserver asks
    /// for all its users from one address.
    pub per_network: Rate,
    /// How often one network may have a homeserver asked that it names, for an access token, or as that
    /// signed what is to be unbound: every 3 seconds, and 60 at once.
    pub homeservers: Rate,
    /// How often a user may come, over all access tokens: 10 a second, and 100 at once. What they may
    /// look up is bounded beside.
    pub per_user: Rate,
    /// How many access tokens a user may have: 64, one for each client. The one that is idle for longest
    /// ends when another is given out.
    pub tokens: usize,
    /// How long an access token may be idle: 30 days. Clients get another one by themselves.
    pub idle: Duration,
    /// What may be looked up.
    pub lookups: LookupLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_network: Rate::per_second(100).bursting(1000),
            homeservers: Rate::per_hour(1200).bursting(60),
            per_user: Rate::per_second(10).bursting(100),
            tokens: 64,
            idle: Duration::from_secs(30 * 24 * 3600),
            lookups: LookupLimits::default(),
        }
    }
}
