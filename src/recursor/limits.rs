//! What many clients together may cost.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::wire::Ttl;

/// Bounds on all requests together; what one may cost is
/// [`resolver::Limits`](crate::resolver::Limits).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long one request may take: 10 s. Clients ask again after 5.
    pub deadline: Duration,
    /// Resolutions that need the network at the same time: 2000. Each takes some 10 kB, and a
    /// socket. Identical questions count once. Each root has an equal part of them, and so have names
    /// outside all roots, so that one whose servers are slow takes nothing from the others.
    pub resolutions: usize,
    /// How long a resolution has its place for sure: 200 ms, as in Unbound. Then, while all are taken,
    /// the one under way for longest gives way to a new one. So 5,000 questions a second for names
    /// whose servers are slow, be it by intent, take nothing from a tree with 1000 places.
    pub safe: Duration,
    /// Resolutions beside them for which nobody waits yet, of answers whose time is nearly over: 500, a
    /// quarter on top, which need what some 50,000 popular names do. None: answers are looked for when
    /// they are gone.
    pub prefetches: usize,
    /// Resolutions beside them of what the resolver itself asks for anew, in each tree: 4. It asks for a
    /// tree's keys every few hours; whatever else is under way, these have their places to the end.
    pub refreshes: usize,
    /// Requests that wait for the same resolution: 512. More of the same are told at once that there
    /// are too many, so that one question repeated leaves room for others.
    pub followers: NonZeroUsize,
    /// How long past its end an answer may be told where no other can be had (RFC 8767); none: never.
    /// The RFC suggests one to three days; resolvers leave it off until their operator says that
    /// old is better than nothing. Associations and certificates are never told past their end.
    pub stale: Option<Duration>,
    /// How long it is waited for an answer where a stale one does: 1.8 s (the client response timer of
    /// RFC 8767 section 5), just less than many clients wait.
    pub patience: Duration,
    /// How long what could not be had is left alone where a stale answer does: 30 s (the failure
    /// recheck timer of RFC 8767 section 5), so that servers in trouble are left in peace.
    pub recheck: Ttl,
    /// Memory of the cache in octets: 64 MiB.
    pub cache_octets: u64,
    /// Zones of which it is kept what they proved of the gaps between their names: 256. It saves
    /// questions in the few zones that many names lie in; and they are looked through where memory
    /// runs out.
    pub gap_zones: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            resolutions: 2000,
            safe: Duration::from_millis(200),
            prefetches: 500,
            refreshes: 4,
            followers: const { NonZeroUsize::new(512).expect("512 is not zero") },
            stale: None,
            patience: Duration::from_millis(1800),
            recheck: Ttl::from_secs(30),
            cache_octets: 64 << 20,
            gap_zones: 256,
        }
    }
}
