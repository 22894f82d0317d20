//! `[[resolver.root]]`, `[[client.root]]` and `[[publish.root]]`: a tree, and what proves it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::codec::Url;
use crate::dnssec::anchor::{self, AnchorError};
use crate::dnssec::{Algorithms, SupportedDs};
use crate::resolver;
use crate::wire::Name;
use crate::wire::rdata::Ds;

use super::anchor_file;
use super::document::{Table, Value};
use super::mistake::Located;
use super::root_list::RootList;
use super::{hints, iana, values};

/// A delegation tree: where it starts, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its apex.
    pub apex: Located<Name>,
    /// The addresses of its servers. A client, who asks a resolver, needs none but to trace.
    pub servers: Vec<IpAddr>,
    /// Digests of the keys that sign it, one at least.
    pub anchors: Vec<Ds>,
    /// The server that a client publishes to; where there is none, the zone of the apex tells.
    pub publish: Option<Url>,
}

/// Who has the root: a resolver has to know its servers, others its anchors alone. A client may know
/// where to publish to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// With the algorithms that count.
    Resolver(Algorithms),
    Client,
    Publisher,
}

impl Holder {
    fn algorithms(self) -> Algorithms {
        match self {
            Self::Resolver(algorithms) => algorithms,
            Self::Client | Self::Publisher => Algorithms::default(),
        }
    }
}

impl Root {
    /// The root as the resolver knows it.
    pub fn to_root(&self) -> resolver::Root {
        let (servers, anchors) = (self.servers.clone(), self.anchors.clone());
        resolver::Root { apex: self.apex.value.clone(), servers, anchors }
    }

    /// Reads the tables `root`, and where a root list is. There is one or the other.
    pub(super) fn read_all_or_list(
        table: &Table<'_>,
        base: &Path,
        holder: Holder,
        ca_file: Option<Located<PathBuf>>,
    ) -> (Vec<Self>, Option<RootList>) {
        let list = RootList::read(table, base, ca_file);
        let tables = match list {
            Some(_) => table.tables("root"),
            None => table.required_tables("root"),
        };
        (Self::read_tables(table, tables, base, holder), list)
    }

    fn read_tables(
        table: &Table<'_>,
        roots: Vec<Table<'_>>,
        base: &Path,
        holder: Holder,
    ) -> Vec<Self> {
        let roots = roots.into_iter();
        let roots: Vec<Self> = roots.filter_map(|root| Self::read(root, base, holder)).collect();
        values::refuse_twice(table, &roots, |root: &Self| &root.apex);
        roots
    }

    fn read(table: Table<'_>, base: &Path, holder: Holder) -> Option<Self> {
        let apex = values::name(&table, "apex");
        let places = Places {
            servers: table.value("servers"),
            hints_file: table.value("hints_file"),
            anchors: table.value("anchors"),
            anchor_file: table.value("anchor_file"),
        };
        let publish = match holder {
            Holder::Client => table.value("publish").and_then(|value| publish(&value)),
            Holder::Resolver(_) | Holder::Publisher => None,
        };
        let root = apex.map(|apex| Self {
            publish,
            servers: places.servers(&table, base, &apex.value, holder),
            anchors: places.anchors(&table, base, &apex.value, holder.algorithms()),
            apex,
        });
        table.finish();
        root
    }
}

/// The server of a URL without a path: that never varies.
fn publish(value: &Value<'_>) -> Option<Url> {
    let url: Url = value.parse("a URL like `https://publish.example`")?;
    let fault = match (url.target(), url.is_secure() || url.is_loopback()) {
        (_, false) => Some("plain HTTP is for loopback alone: write `https://`"),
        ("/", true) => None,
        (_, true) => Some("a server without a path is expected, as `https://publish.example`"),
    };
    value.accept(fault.map_or(Ok(url), Err))
}

/// Where a root says what it consists of.
struct Places<'d> {
    servers: Option<Value<'d>>,
    hints_file: Option<Value<'d>>,
    anchors: Option<Value<'d>>,
    anchor_file: Option<Value<'d>>,
}

impl Places<'_> {
    /// The addresses in `servers`, or in the file `hints_file`. Those of `.` are known.
    fn servers(&self, table: &Table<'_>, base: &Path, apex: &Name, holder: Holder) -> Vec<IpAddr> {
        match (&self.servers, &self.hints_file) {
            (Some(list), None) => addresses(list),
            (None, Some(file)) => values::path(file, base)
                .and_then(|path| file.accept_all(hints::read_file(&path.value, apex)))
                .unwrap_or_default(),
            (None, None) if apex.is_root() => iana::servers(),
            (None, None) => {
                if matches!(holder, Holder::Resolver(_)) {
                    let missing = "where to ask is missing: `servers` or `hints_file`";
                    table.mistake(format!("{apex}: {missing}"));
                }
                Vec::new()
            }
            (Some(_), Some(file)) => {
                file.mistake("`servers` or `hints_file`, not both");
                Vec::new()
            }
        }
    }

    /// The digests in `anchors`, or in the file `anchor_file`. Those of `.` are known.
    fn anchors(
        &self,
        table: &Table<'_>,
        base: &Path,
        apex: &Name,
        algorithms: Algorithms,
    ) -> Vec<Ds> {
        let anchors = match (&self.anchors, &self.anchor_file) {
            (Some(list), None) => digests(list, apex),
            (None, Some(file)) => values::path(file, base)
                .and_then(|path| file.accept_all(anchor_file::read(&path.value, apex)))
                .unwrap_or_default(),
            (None, None) if apex.is_root() => iana::anchors(),
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
            let known = match algorithms.rsasha1 {
                true => "algorithm 5, 7, 8, 10 or 13 to 16, digest 1, 2 or 4",
                false => "algorithm 8, 10 or 13 to 16 (5 and 7 with `rsasha1`), digest 1, 2 or 4",
            };
            table.mistake(format!("{apex} has no anchor that can be used: {known}"));
        }
        anchors
    }
}

/// The digests in a list of records. Of a mistake in one, its place in the file is told, and not the
/// one in the record.
fn digests(list: &Value<'_>, apex: &Name) -> Vec<Ds> {
    let read = |item: &Value<'_>| {
        let anchors = anchor::read(item.string()?, apex);
        item.accept_all(anchors.map_err(|errors| -> Vec<_> {
            errors.into_iter().map(|error: AnchorError| error.fault).collect()
        }))
    };
    list.list().iter().filter_map(read).flatten().collect()
}

fn addresses(value: &Value<'_>) -> Vec<IpAddr> {
    let items = value.list();
    if items.is_empty() {
        value.mistake("`servers` lists the addresses of the root's servers, one at least");
    }
    items.iter().filter_map(|item| item.parse("an IP address without a port")).collect()
}
