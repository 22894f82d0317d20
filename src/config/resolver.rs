//! `[resolver]`: finds, proves and remembers answers for clients.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::recursor;
use crate::resolver::Policy;
use crate::services::dns::ClientLimits;
use crate::wire::{Name, Prefix};

use super::caching::Caching;
use super::document::{Table, Value};
use super::mistake::{Located, Mistakes};
use super::policy;
use super::root::Root;
use super::root_list::{Expired, RootList};
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

/// How long an answer may take, in milliseconds: at least as long as until a stale one is given, at
/// most as long as a resolution.
const LATENESS: RangeInclusive<u64> = 1900..=10_000;

/// `[resolver]`: walks the delegations from the roots, validates, caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolver {
    /// Where to answer, over UDP and TCP.
    pub listen: Vec<Located<SocketAddr>>,
    /// Who is answered besides this machine; others are refused.
    pub allow: Vec<Prefix>,
    /// What each client may take.
    pub client: ClientLimits,
    /// Addresses of this machine that questions go out from; any where there is none of the family.
    pub sources: Vec<Located<IpAddr>>,
    /// How much the cache holds, in octets.
    pub cache_size: u64,
    /// What the cache is used for.
    pub caching: Caching,
    /// How it resolves, in the trees of the root list too.
    pub policy: Policy,
    /// The root list that is followed.
    pub root_list: Option<RootList>,
    /// Where the anchors of its trees are kept as their zones roll them over (RFC 5011). Where it is
    /// not given, they stay as they are in `policy`.
    pub anchor_dir: Option<Located<PathBuf>>,
}

impl Resolver {
    pub(super) fn read(table: Table<'_>, base: &Path) -> Self {
        let (policy, root_list) = policy::read(&table, base);
        let resolver = Self {
            listen: values::listen(&table, &LISTEN),
            allow: values::items(&table, "allow", "a network"),
            client: client(&table),
            sources: sources(&table),
            cache_size: table
                .value("cache_size")
                .and_then(|value| value.number(1, MAX_CACHE_SIZE))
                .map_or(recursor::Limits::default().cache_octets, |mebibytes| mebibytes << 20),
            caching: Caching::read(&table),
            policy,
            root_list,
            anchor_dir: table.value("anchor_dir").and_then(|value| values::path(&value, base)),
        };
        table.finish();
        resolver
    }

    /// Adds the trees of the root list; where that has expired, nothing in them is answered.
    pub(super) fn add_listed(&mut self, mistakes: &Mistakes<'_>, now: Timestamp, expired: Expired) {
        let Some(list) = &mut self.root_list else { return };
        let own: Vec<Name> = self.policy.roots.iter().map(|root| root.apex.clone()).collect();
        let listed = list.load(&own, self.policy.algorithms, mistakes, now, expired);
        self.policy.roots.extend(listed.iter().map(Root::to_root));
        self.policy.suspended = list.suspended(now).to_vec();
    }
}

/// What each client may take.
fn client(table: &Table<'_>) -> ClientLimits {
    let number = |key, range: RangeInclusive<u64>| {
        table.value(key).and_then(|value| value.number(*range.start(), *range.end()))
    };
    let count = |number| usize::try_from(number).ok().and_then(NonZeroUsize::new);
    let default = ClientLimits::default();
    ClientLimits {
        waiting: number("waiting_per_client", 1..=MAX_WAITING)
            .and_then(count)
            .unwrap_or(default.waiting),
        lateness: number("discard_timeout", LATENESS)
            .map_or(default.lateness, Duration::from_millis),
    }
}

fn sources(table: &Table<'_>) -> Vec<Located<IpAddr>> {
    let items = table.value("sources").map_or_else(Vec::new, |list| list.list());
    let address = |item: &Value<'_>| {
        let address: IpAddr = item.parse("an IP address without a port")?;
        if address.is_unspecified() {
            item.mistake(format!("{address} is no address of its own: leave it out"));
        }
        Some(item.locate(address))
    };
    items.iter().filter_map(address).collect()
}
