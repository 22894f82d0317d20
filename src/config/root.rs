//! `[[resolver.root]]` and `[[client.root]]`: a tree, and what proves it.

use std::net::IpAddr;
use std::path::Path;

use crate::dnssec::{Algorithms, SupportedDs};
use crate::resolver;
use crate::wire::Name;
use crate::wire::rdata::Ds;

use super::anchor::{self, AnchorError};
use super::document::{Table, Value};
use super::mistake::Located;
use super::values;

/// A delegation tree: where it starts, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its apex.
    pub apex: Located<Name>,
    /// The addresses of its servers. A client, who asks a resolver, needs none but to trace.
    pub servers: Vec<IpAddr>,
    /// Digests of the keys that sign it, one at least.
    pub anchors: Vec<Ds>,
}

/// Who has the root: a resolver has to know its servers, a client its anchors alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// With the algorithms that count.
    Resolver(Algorithms),
    Client,
}

impl Holder {
    fn algorithms(self) -> Algorithms {
        match self {
            Self::Resolver(algorithms) => algorithms,
            Self::Client => Algorithms::default(),
        }
    }
}

impl Root {
    /// The root as the resolver knows it.
    pub fn to_root(&self) -> resolver::Root {
        let (servers, anchors) = (self.servers.clone(), self.anchors.clone());
        resolver::Root { apex: self.apex.value.clone(), servers, anchors }
    }

    /// Reads the tables `root`, of which there is one at least.
    pub(super) fn read_all(table: &Table<'_>, base: &Path, holder: Holder) -> Vec<Self> {
        let roots = table.required_tables("root").into_iter();
        let roots: Vec<Self> = roots.filter_map(|root| Self::read(root, base, holder)).collect();
        values::refuse_twice(table, &roots, |root: &Self| &root.apex);
        roots
    }

    fn read(table: Table<'_>, base: &Path, holder: Holder) -> Option<Self> {
        let apex = values::name(&table, "apex");
        let servers = match holder {
            Holder::Resolver(_) => table.required("servers"),
            Holder::Client => table.value("servers"),
        };
        let servers = servers.map_or_else(Vec::new, |list| addresses(&list));
        let anchors =
            apex.as_ref().map(|apex| anchors(&table, base, &apex.value, holder.algorithms()));
        table.finish();
        Some(Self { apex: apex?, servers, anchors: anchors? })
    }
}

fn addresses(value: &Value<'_>) -> Vec<IpAddr> {
    let items = value.list();
    if items.is_empty() {
        value.mistake("`servers` lists the addresses of the root's servers, one at least");
    }
    items.iter().filter_map(|item| item.parse("an IP address without a port")).collect()
}

/// The digests in `anchors`, or in the file `anchor_file`: one at least that can be used.
fn anchors(table: &Table<'_>, base: &Path, apex: &Name, algorithms: Algorithms) -> Vec<Ds> {
    let anchors = match (table.value("anchors"), table.value("anchor_file")) {
        (Some(list), None) => list
            .list()
            .iter()
            .filter_map(|item| {
                // One place is enough: that of the record, not the one in it.
                let faults = |errors: Vec<AnchorError>| errors.into_iter().map(|error| error.fault);
                let read = anchor::read(item.string()?, apex);
                item.accept_all(read.map_err(|errors| faults(errors).collect()))
            })
            .flatten()
            .collect(),
        (None, Some(file)) => values::path(&file, base)
            .and_then(|path| file.accept_all(anchor::read_file(&path.value, apex)))
            .unwrap_or_default(),
        (None, None) => {
            table.mistake(format!("what proves {apex} is missing: `anchor_file` or `anchors`"));
            return Vec::new();
        }
        (Some(_), Some(file)) => {
            file.mistake("`anchors` or `anchor_file`, not both");
            return Vec::new();
        }
    };
    if SupportedDs::select(&anchors, algorithms).is_err() {
        table.mistake(format!(
            "{apex} has no anchor that can be used: algorithm 8, 10 or 13 to 16, digest 1, 2 or 4"
        ));
    }
    anchors
}
