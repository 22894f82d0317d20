//! How long a client waits, and what it keeps.

use std::time::Duration;

use crate::{recursor, resolver};

/// Bounds on what a [`Client`](super::Client) does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long one question may take: 15 s. A resolver may have to walk far, and gives up after 10 s.
    pub question: Duration,
    /// How long until the resolver is asked again over UDP: 2 s. What it finds after 1.9 s it does not
    /// send, as others may have asked in our name.
    pub again: Duration,
    /// How long all questions for certificates may take that judge one statement: 15 s, as long as one
    /// may. Those of a level are asked at the same time, and there are at most five levels.
    pub vouching: Duration,
    /// Memory for what is learned of the chain of trust, in octets: 4 MiB.
    pub cache_octets: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            question: Duration::from_secs(15),
            again: Duration::from_secs(2),
            vouching: Duration::from_secs(15),
            cache_octets: 4 << 20,
        }
    }
}

impl Limits {
    /// Those on asking the resolver: it is asked again as long as a question may take.
    pub(super) fn asking(&self) -> resolver::Limits {
        let tries = self.question.as_millis() / self.again.as_millis().max(1);
        resolver::Limits {
            tries: tries.clamp(1, 100) as u32,
            first_timeout: self.again,
            least_timeout: self.again,
            most_timeout: self.again,
            ..Default::default()
        }
    }

    /// Those on all questions together.
    pub(super) fn together(&self) -> recursor::Limits {
        recursor::Limits {
            deadline: self.question,
            cache_octets: self.cache_octets,
            prefetches: 0,
            ..Default::default()
        }
    }
}
