//! `[[resolver.forward]]`: names that other resolvers are asked for.

use std::net::SocketAddr;

use crate::resolver;
use crate::wire::Name;

use super::document::Table;
use super::mistake::Located;
use super::values::{self, DNS_PORT};

/// A part of the tree of names, and whom to ask about it.
struct Forward {
    zone: Located<Name>,
    resolvers: Vec<SocketAddr>,
}

/// Reads the tables `forward`, each zone once.
pub(super) fn read_all(table: &Table<'_>) -> Vec<resolver::Forward> {
    let forwards: Vec<Forward> = table.tables("forward").into_iter().filter_map(read).collect();
    values::refuse_twice(table, &forwards, |forward| &forward.zone);
    let forward = |Forward { zone, resolvers }| resolver::Forward { zone: zone.value, resolvers };
    forwards.into_iter().map(forward).collect()
}

fn read(table: Table<'_>) -> Option<Forward> {
    let zone = values::name(&table, "zone");
    let resolvers = table.required("resolvers").map(|list| {
        let items = list.list();
        if items.is_empty() {
            list.mistake("`resolvers` lists the addresses of resolvers, one at least");
        }
        let address = |item| values::socket_address(item, DNS_PORT).map(|address| address.value);
        items.iter().filter_map(address).collect()
    });
    table.finish();
    Some(Forward { zone: zone?, resolvers: resolvers? })
}
