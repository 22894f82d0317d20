//! `[resolver]`: finds, proves and remembers answers for clients.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use crate::dnssec::Algorithms;
use crate::recursor;
use crate::resolver::Policy;
use crate::services::dns::ClientLimits;
use crate::wire::Prefix;

use super::caching::Caching;
use super::document::Table;
use super::mistake::Located;
use super::root::{Holder, Root};
use super::values::{self, DNS_PORT};

/// What `listen` is where it is not given: this machine alone.
const LISTEN: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DNS_PORT),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), DNS_PORT),
];

/// The largest cache, in MiB.
const MAX_CACHE_SIZE: u64 = 1 << 20;

/// The most questions of one client that may wait: as many as there are places for all clients.
const MAX_WAITING: u64 = 4096;

/// The longest that an answer may take, in milliseconds: as long as a resolution may.
const MAX_LATENESS: u64 = 10_000;

/// `[resolver]`: walks the delegations from the roots, validates, caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolver {
    /// Where to answer, over UDP and TCP.
    pub listen: Vec<Located<SocketAddr>>,
    /// Who is answered besides this machine; others are refused.
    pub allow: Vec<Prefix>,
    /// What each client may take.
    pub client: ClientLimits,
    /// The port of the authorities asked. Referrals carry none: it is the same for all.
    pub iteration_port: u16,
    /// How much the cache holds, in octets.
    pub cache_size: u64,
    /// What the cache is used for.
    pub caching: Caching,
    /// Which DNSSEC algorithms count.
    pub algorithms: Algorithms,
    /// Whether questions about the locally served zones are answered here.
    pub private_zones: bool,
    /// The trees known, each apex once.
    pub roots: Vec<Root>,
}

impl Resolver {
    /// How it resolves.
    pub fn to_policy(&self) -> Policy {
        Policy {
            roots: self.roots.iter().map(Root::to_root).collect(),
            port: self.iteration_port,
            algorithms: self.algorithms,
            private_zones: self.private_zones,
            ..Policy::default()
        }
    }

    pub(super) fn read(table: Table<'_>, base: &Path) -> Self {
        let switch =
            |key, default| table.value(key).and_then(|value| value.boolean()).unwrap_or(default);
        let port = |number: u64| u16::try_from(number).expect("the range was checked");
        let usual = Policy::default();
        let algorithms = Algorithms { rsasha1: switch("rsasha1", usual.algorithms.rsasha1) };
        let resolver = Self {
            listen: values::listen(&table, &LISTEN),
            allow: table.value("allow").map_or_else(Vec::new, |list| {
                list.list().iter().filter_map(|item| item.parse("a network")).collect()
            }),
            client: client(&table),
            iteration_port: table
                .value("iteration_port")
                .and_then(|value| value.number(1, u64::from(u16::MAX)))
                .map_or(DNS_PORT, port),
            cache_size: table
                .value("cache_size")
                .and_then(|value| value.number(1, MAX_CACHE_SIZE))
                .map_or(recursor::Limits::default().cache_octets, |mebibytes| mebibytes << 20),
            caching: Caching::read(&table),
            algorithms,
            private_zones: switch("private_zones", usual.private_zones),
            roots: Root::read_all(&table, base, Holder::Resolver(algorithms)),
        };
        table.finish();
        resolver
    }
}

/// What each client may take.
fn client(table: &Table<'_>) -> ClientLimits {
    let number = |key, most| table.value(key).and_then(|value| value.number(1, most));
    let count = |number| usize::try_from(number).ok().and_then(NonZeroUsize::new);
    let default = ClientLimits::default();
    ClientLimits {
        waiting: number("waiting_per_client", MAX_WAITING)
            .and_then(count)
            .unwrap_or(default.waiting),
        lateness: number("discard_timeout", MAX_LATENESS)
            .map_or(default.lateness, Duration::from_millis),
    }
}
