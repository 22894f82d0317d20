//! What sessions may take.

use std::time::Duration;

/// How long sessions live, and how many guesses they bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a session waits for its token, and how long it is valid once it came: 24 hours each, as the
    /// Matrix specification has it (Identity Service API, "Sessions").
    pub life: Duration,
    /// How many wrong tokens a session bears: 5. They find a token of 6 digits once in 200,000 sessions.
    pub guesses: u8,
    /// How many messages one session sends: 8, whatever `send_attempt` says.
    pub messages: u8,
    /// How many digits there are in a token that people type: 6.
    pub digits: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { life: Duration::from_secs(24 * 3600), guesses: 5, messages: 8, digits: 6 }
    }
}
