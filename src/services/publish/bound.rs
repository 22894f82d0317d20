//! How often clients may come.

use super::{Refusal, RefusalKind};
use crate::allowance::{self, Rate, TooOften};

/// For how many seconds' worth of statements a client may save up.
const BURST_SECONDS: u32 = 20;

/// What clients may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Statements of one client, an IPv4 address or an IPv6 network of 64 bits: 20 a second in the long run, as a
    /// verification server with a million people has one in four seconds; and those of 20 seconds at once, so that
    /// an outbox that waited is soon empty. Wider networks of IPv6 are bounded, too
    /// ([`networks`](crate::allowance::networks)).
    PerClient,
}

impl allowance::Bound for Bound {
    const ALL: &'static [Self] = &[Self::PerClient];

    fn name(self) -> &'static str {
        "per_client"
    }

    fn usual(self) -> u32 {
        20
    }

    fn rate(self, count: u32) -> Rate {
        Rate::per_second(count).bursting(count.saturating_mul(BURST_SECONDS))
    }
}

/// What clients may send.
pub type Bounds = allowance::Bounds<Bound>;

impl From<TooOften<Bound>> for Refusal {
    fn from(TooOften { wait, .. }: TooOften<Bound>) -> Self {
        let text = "too many publications from this network: wait";
        RefusalKind::TooMany.retry(text, wait)
    }
}
