//! What many clients together may cost.

use std::num::NonZeroUsize;
use std::time::Duration;

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
    /// Requests that wait for the same resolution: 512. More of the same are told at once that there
    /// are too many, so that one question repeated leaves room for others.
    pub passengers: NonZeroUsize,
    /// Memory of the cache in octets: 64 MiB.
    pub cache_octets: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            resolutions: 2000,
            passengers: const { NonZeroUsize::new(512).expect("512 is not zero") },
            cache_octets: 64 << 20,
        }
    }
}
