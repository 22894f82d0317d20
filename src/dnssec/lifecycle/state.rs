//! The states of a key (RFC 7583 section 3.1).

use std::fmt;

/// What a key is at a moment.
///
/// ```text
///            Publish            Activate           Inactive            Delete
/// Generated ────────► Published ────────► Active ──────────► Retired ────────► Removed
///     │                   │                 ▲ │                 │                 ▲
///     └────── Activate ───┼─────────────────┘ │                 │                 │
///                         └───────────────────┴──── Revoke ─────┴──► Revoked ─────┘
/// ```
///
/// Each arrow is a moment of the key's [`Timing`](super::Timing). Delete leads to Removed from every
/// state; Revoke does nothing to a key that is not published. RFC 7583 has more names: a key is *Ready* some
/// time after it was published, and *Dead* some time before it is removed, once nobody has an old set in
/// a cache. These intervals are the plan's to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Made, and not seen by anybody. Its DS record may be at the parent.
    Generated,
    /// In the DNSKEY set, so that everyone knows it before it signs.
    Published,
    /// It signs.
    Active,
    /// It signs no more, and what it signed is still in caches.
    Retired,
    /// In the DNSKEY set with the REVOKE bit, which it signs for that alone (RFC 5011 section 2.1).
    Revoked,
    /// Gone from the zone.
    Removed,
}

impl State {
    /// Whether the key is in the DNSKEY set.
    pub fn is_published(self) -> bool {
        !matches!(self, Self::Generated | Self::Removed)
    }

    /// Whether the key signs something.
    pub fn signs(self) -> bool {
        matches!(self, Self::Active | Self::Revoked)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generated => "Generated",
            Self::Published => "Published",
            Self::Active => "Active",
            Self::Retired => "Retired",
            Self::Revoked => "Revoked",
            Self::Removed => "Removed",
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::Timestamp;
    use crate::dnssec::lifecycle::Timing;

    /// The states that a key is in at the moments 0, 1, 2, …, each once.
    fn life(lines: &[(&str, u64)]) -> String {
        let mut timing = Timing::default();
        for (tag, secs) in lines {
            *timing.line_mut(tag).unwrap() = Some(Timestamp::from_secs(*secs));
        }
        let mut states: Vec<String> =
            (0..100).map(|secs| timing.state(Timestamp::from_secs(secs)).to_string()).collect();
        states.dedup();
        states.join(" ")
    }

    #[test]
    fn each_arrow_is_gone() {
        for (lines, states) in [
            (&[][..], "Active"),
            (&[("Created", 1)], "Generated"),
            (
                &[("Created", 1), ("Publish", 2), ("Activate", 3), ("Inactive", 4), ("Delete", 5)],
                "Generated Published Active Retired Removed",
            ),
            (&[("Activate", 3), ("Inactive", 4)], "Generated Active Retired"),
            (&[("Publish", 1), ("Delete", 3)], "Generated Published Removed"),
            (
                &[("Activate", 1), ("Revoke", 3), ("Inactive", 4), ("Delete", 5)],
                "Generated Active Revoked Removed",
            ),
            (
                &[("Activate", 1), ("Inactive", 3), ("Revoke", 4), ("Delete", 5)],
                "Generated Active Retired Revoked Removed",
            ),
            (&[("Publish", 1), ("Revoke", 3)], "Generated Published Revoked"),
            (&[("Revoke", 3), ("Publish", 5)], "Generated Revoked"),
            (&[("Created", 1), ("Revoke", 3)], "Generated"),
            (&[("Created", 1), ("Delete", 3)], "Generated Removed"),
            (
                &[("Publish", 3), ("Activate", 3), ("Inactive", 5), ("Delete", 5)],
                "Generated Active Removed",
            ),
        ] {
            assert_eq!(life(lines), states, "{lines:?}");
        }
    }
}
