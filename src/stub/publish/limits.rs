//! How much waits, how often it is tried, and how far it goes.

use std::time::Duration;

/// Bounds on publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Referrals that are followed for one statement at one root: 16. A phone number has 15 digits, each
    /// of which may be delegated.
    pub hops: u8,
    /// Servers of one service that are tried, where those before cannot be reached: 4.
    pub services: usize,
    /// How long one attempt at one root may take, with all referrals: 2 min.
    pub attempt: Duration,
    /// Attempts at the same time: 16.
    pub together: usize,
    /// How many attempts in a row may fail at one root before the rest of what waits for it is put off
    /// untried: 8. A root that is down would hold the others up otherwise.
    pub failures: usize,
    /// How long that counts: 30 s after the last one it is tried again.
    pub failing: Duration,
    /// Entries of an outbox: 10,000. One takes some kilobytes of disk.
    pub entries: usize,
    /// Octets of an entry: 262,144. A statement has 8,192 at most; the rest is what each root said.
    pub entry_octets: usize,
    /// Roots of an entry: 64.
    pub roots: usize,
    /// Octets of an answer that are read: 8,192. It has a few members.
    pub reply_octets: usize,
    /// Characters of a server's explanation that are kept: 300.
    pub reason: usize,
    /// How long to wait at most after the first attempt that failed: 30 s. After each further one it is
    /// twice as long.
    pub first_wait: Duration,
    /// How long to wait at most: 6 h, so that a root that was down for days has it on the same day. It is
    /// never given up: a root that comes back after a month would serve on what was withdrawn.
    pub longest_wait: Duration,
    /// The longest that a root may ask to wait: 1 day.
    pub asked_wait: Duration,
    /// How long nothing is looked at while nothing is due: 30 s. Other processes may put something in.
    pub look: Duration,
}

impl Limits {
    /// What a server or an error says, as much as is kept of it, and nothing that would move a terminal's
    /// cursor.
    pub(super) fn clean(&self, text: &str) -> String {
        let kept = text.chars().take(self.reason);
        kept.map(|it| if it.is_control() { char::REPLACEMENT_CHARACTER } else { it }).collect()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hops: 16,
            services: 4,
            attempt: Duration::from_secs(120),
            together: 16,
            failures: 8,
            failing: Duration::from_secs(30),
            entries: 10_000,
            entry_octets: 262_144,
            roots: 64,
            reply_octets: 8192,
            reason: 300,
            first_wait: Duration::from_secs(30),
            longest_wait: Duration::from_secs(6 * 3600),
            asked_wait: Duration::from_secs(24 * 3600),
            look: Duration::from_secs(30),
        }
    }
}
