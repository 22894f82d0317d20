//! `[client]`: who asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::stub::Verifiers;

use super::document::Table;
use super::root::{Holder, Root};
use super::values::{self, DNS_PORT};
use super::verifier;

/// What `resolver` is where it is not given: one on this machine.
const RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DNS_PORT);

/// `[client]`: which resolver to ask, and what to check its answers against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The resolver asked. It is not trusted.
    pub resolver: SocketAddr,
    /// The trees looked through, each apex once.
    pub roots: Vec<Root>,
    /// The verification servers that are trusted; there may be none.
    pub verifiers: Verifiers,
}

impl Client {
    pub(super) fn read(table: Table<'_>, base: &Path) -> Self {
        let anchors = verifier::read_all(&table);
        let client = Self {
            resolver: table
                .value("resolver")
                .and_then(|value| values::socket_address(&value, DNS_PORT))
                .map_or(RESOLVER, |address| address.value),
            roots: Root::read_all(&table, base, Holder::Client),
            verifiers: Verifiers { vouchers: verifier::vouchers(&table, &anchors), anchors },
        };
        table.finish();
        client
    }
}
