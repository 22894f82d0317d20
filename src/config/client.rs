//! `[client]`: who asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::clock::Timestamp;
use crate::dnssec::Algorithms;
use crate::stub::Verifiers;
use crate::wire::Name;

use super::document::Table;
use super::mistake::Mistakes;
use super::root::{Holder, Root};
use super::root_list::RootList;
use super::values::{self, DNS_PORT};
use super::verifier;

/// What `resolver` is where it is not given: one on this machine.
const RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DNS_PORT);

/// `[client]`: which resolver to ask, and what to check its answers against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The resolver asked. It is not trusted.
    pub resolver: SocketAddr,
    /// The trees looked through, each apex once, those of the root list among them.
    pub roots: Vec<Root>,
    /// The root list that is followed.
    pub root_list: Option<RootList>,
    /// The verification servers that are trusted; there may be none.
    pub verifiers: Verifiers,
}

impl Client {
    pub(super) fn read(table: Table<'_>, base: &Path) -> Self {
        let anchors = verifier::read_all(&table);
        let (roots, root_list) = Root::read_all_or_list(&table, base, Holder::Client);
        let client = Self {
            resolver: table
                .value("resolver")
                .and_then(|value| values::socket_address(&value, DNS_PORT))
                .map_or(RESOLVER, |address| address.value),
            roots,
            root_list,
            verifiers: Verifiers { vouchers: verifier::vouchers(&table, &anchors), anchors },
        };
        table.finish();
        client
    }

    /// Adds the trees of the root list.
    pub(super) fn add_listed(&mut self, mistakes: &Mistakes<'_>, now: Timestamp) {
        let Some(list) = &mut self.root_list else { return };
        let own: Vec<Name> = self.roots.iter().map(|root| root.apex.value.clone()).collect();
        self.roots.extend(list.load(&own, Algorithms::default(), mistakes, now));
    }
}
