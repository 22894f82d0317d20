//! What clients may take.

use std::time::Duration;

use super::{LookupLimits, Refusal};
use crate::allowance::{self, Rate, TooOften};

/// Octets of a request's content: those of the specification have some hundreds.
pub(super) const CONTENT: usize = 16_384;
/// Hashes that are looked up in one request.
pub(super) const HASHES: u32 = 10_000;
/// Addresses that are looked up in one request.
pub(super) const ADDRESSES: u32 = 100;

/// How often clients may come, and what they may look up. A network is an IPv4 address or an IPv6 network of 64
/// bits; wider ones of IPv6 are bounded, too ([`networks`](crate::allowance::networks)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Requests of one network: 100 a second, and those of 10 seconds at once. A homeserver asks for all its
    /// users from one address.
    RequestsPerNetwork,
    /// Requests of one user, over all access tokens: 10 a second, and those of 10 seconds at once.
    RequestsPerUser,
    /// How often one network may have a homeserver asked that it names, for an access token, or as that
    /// signed what is to be unbound: 1200 an hour, a twentieth of it at once.
    HomeserversPerNetwork,
    /// Hashes that one user looks up: 100,000 an hour. A network has a user's share where there is no user, as
    /// in version 1.
    HashesPerUser,
    /// Hashes of all users of one homeserver: ten times a user's, as whoever runs one has as many users as he
    /// likes. It slows down who goes through the numbers of a country by hash, and does not stop who has many
    /// networks and many names.
    HashesPerHomeserver,
    /// Hashes that one client network asks for, whoever its users are: as many.
    HashesPerNetwork,
    /// Addresses that one user looks up in the trees: 1000 an hour. A network has a user's share where there is no
    /// user.
    AddressesPerUser,
    /// Addresses of all users of one homeserver: ten times as many.
    AddressesPerHomeserver,
    /// Addresses that one client network asks for: as many.
    AddressesPerNetwork,
}

impl Bound {
    /// Those that are so many a second.
    pub const PER_SECOND: &'static [Self] = Self::ALL.split_at(2).0;
    /// Those that are so many an hour.
    pub const PER_HOUR: &'static [Self] = Self::ALL.split_at(2).1;

    const ALL: &'static [Self] = &[
        Self::RequestsPerNetwork,
        Self::RequestsPerUser,
        Self::HomeserversPerNetwork,
        Self::HashesPerUser,
        Self::HashesPerHomeserver,
        Self::HashesPerNetwork,
        Self::AddressesPerUser,
        Self::AddressesPerHomeserver,
        Self::AddressesPerNetwork,
    ];
}

impl allowance::Bound for Bound {
    const ALL: &'static [Self] = Self::ALL;

    fn name(self) -> &'static str {
        match self {
            Self::RequestsPerNetwork => "requests_per_network",
            Self::RequestsPerUser => "requests_per_user",
            Self::HomeserversPerNetwork => "homeservers_per_network",
            Self::HashesPerUser => "hashes_per_user",
            Self::HashesPerHomeserver => "hashes_per_homeserver",
            Self::HashesPerNetwork => "hashes_per_network",
            Self::AddressesPerUser => "addresses_per_user",
            Self::AddressesPerHomeserver => "addresses_per_homeserver",
            Self::AddressesPerNetwork => "addresses_per_network",
        }
    }

    fn usual(self) -> u32 {
        match self {
            Self::RequestsPerNetwork => 100,
            Self::RequestsPerUser => 10,
            Self::HomeserversPerNetwork => 1200,
            Self::HashesPerUser => 100_000,
            Self::HashesPerHomeserver | Self::HashesPerNetwork => 1_000_000,
            Self::AddressesPerUser => 1000,
            Self::AddressesPerHomeserver | Self::AddressesPerNetwork => 10_000,
        }
    }

    /// Half of them come at once: a full request is to pass.
    fn least(self) -> u32 {
        match self {
            Self::RequestsPerNetwork | Self::RequestsPerUser | Self::HomeserversPerNetwork => 1,
            Self::HashesPerUser | Self::HashesPerHomeserver | Self::HashesPerNetwork => 2 * HASHES,
            _ => 2 * ADDRESSES,
        }
    }

    fn rate(self, count: u32) -> Rate {
        match self {
            Self::RequestsPerNetwork | Self::RequestsPerUser => {
                Rate::per_second(count).bursting(count.saturating_mul(10))
            }
            Self::HomeserversPerNetwork => {
                Rate::within(Duration::from_secs(3600), count, count.div_ceil(20))
            }
            _ => Rate::per_hour(count),
        }
    }
}

/// How often clients may come, and what they may look up.
pub type Bounds = allowance::Bounds<Bound>;

impl From<TooOften<Bound>> for Refusal {
    fn from(too_often: TooOften<Bound>) -> Self {
        Self::too_often(too_often.wait)
    }
}

/// How often clients may come, and how long accounts last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How often clients may come, and what they may look up.
    pub bounds: Bounds,
    /// How many access tokens a user may have: 64, one for each client. The one that is idle for longest
    /// ends when another is given out.
    pub tokens: usize,
    /// How long an access token may be idle: 30 days. Clients get another one by themselves.
    pub idle: Duration,
    /// What may be looked up at once.
    pub lookups: LookupLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bounds: Bounds::default(),
            tokens: 64,
            idle: Duration::from_secs(30 * 24 * 3600),
            lookups: LookupLimits::default(),
        }
    }
}
