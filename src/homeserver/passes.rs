//! How many homeservers are asked at the same time, for whom, and where.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Limits, Refused};
use crate::allowance::{Crowd, Presence, networks};
use crate::signed::ServerName;
use crate::telemetry::{Labels, Shard, Telemetry};
use crate::wire::Prefix;

/// What counters call the bounds, as [`Limits`] does.
const BOUNDS: [&str; 5] = [
    "at_once",
    "at_once_for_clients",
    "at_once_per_client",
    "at_once_per_server",
    "at_once_per_network",
];

/// Who has a homeserver asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The client at this address.
    Client(IpAddr),
    /// This server itself, which has something to tell.
    Us,
}

/// What a pass counts for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Share {
    All,
    Clients,
    Client(Prefix),
    Server(String),
    Network(Prefix),
}

impl Share {
    /// Where its bound stands in [`BOUNDS`].
    fn place(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Clients => 1,
            Self::Client(_) => 2,
            Self::Server(_) => 3,
            Self::Network(_) => 4,
        }
    }
}

/// A pass, given back when dropped.
pub(super) type Pass = Presence<Share>;

/// Gives out passes, and counts who gets none.
pub(super) struct Passes {
    under_way: Arc<Crowd<Share>>,
    turned_away: Mutex<Shard>,
}

impl Passes {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let series = BOUNDS.map(|bound| Labels::from([("bound", bound)]));
        let help =
            "Requests to homeservers that were not sent as too many were under way, by the bound";
        let counters = telemetry.counters("homeservers_turned_away", help, series.into());
        Self { under_way: Crowd::new(), turned_away: Mutex::new(counters.shard()) }
    }

    /// Lets `by` have this server asked.
    pub(super) fn ask(
        &self,
        server: &ServerName,
        by: By,
        limits: &Limits,
    ) -> Result<Pass, Refused> {
        let server = Share::Server(server.as_str().to_ascii_lowercase());
        let mut shares = vec![(server, limits.at_once_per_server)];
        if let By::Client(address) = by {
            // Those of a proxy on this machine come from one address, and are not one.
            if !address.to_canonical().is_loopback() {
                shares.extend(shares_of(address, Share::Client, limits.at_once_per_client));
            }
            shares.push((Share::Clients, limits.at_once_for_clients));
        }
        shares.push((Share::All, limits.at_once));
        self.enter(shares)
    }

    /// Lets a request go to this address.
    pub(super) fn send(&self, to: IpAddr, limits: &Limits) -> Result<Pass, Refused> {
        self.enter(shares_of(to, Share::Network, limits.at_once_per_network).collect())
    }

    fn enter(&self, shares: Vec<(Share, usize)>) -> Result<Pass, Refused> {
        self.under_way.enter(shares).map_err(|full| {
            let mut turned_away = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
            turned_away.count(full.place());
            Refused::Busy
        })
    }
}

/// The shares of the networks that an address is in, where a client has `most`.
fn shares_of(
    address: IpAddr,
    share: fn(Prefix) -> Share,
    most: usize,
) -> impl Iterator<Item = (Share, usize)> {
    networks(address).map(move |(network, clients)| (share(network), most * clients as usize))
}
