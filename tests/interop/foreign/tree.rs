//! A tree of own and foreign servers: what is in it.
//!
//! `.` is served by us, `example.` by Knot; below that each zone of [`zones`] has much the same names,
//! and two children: `sub`, signed, and `off`, not signed, whose servers are named in another zone.
//! The tree of third-party identifiers is there too, at `3pid.example.`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::powerdns::Live;
use super::servers::Server;
use super::signing::{Denial, Draft, Harm, Signing};
use crate::interop::names;
use crate::interop::process::{Background, demo, output};

/// The zones that have children, in a ring: aliases of each lead into the next. They are signed with
/// every algorithm that counts.
pub(crate) const RING: [(&str, Server, Signing); 13] = [
    ("nsec.example.", Server::Nsd, Signing::Bind("ED25519", Denial::Nsec)),
    ("own.example.", Server::Ours, Signing::Ours),
    ("nsec3.example.", Server::Knot, Signing::Knot("ed25519")),
    ("plain.example.", Server::Bind, Signing::Unsigned),
    ("optout.example.", Server::Bind, Signing::Bind("ED25519", Denial::OptOut)),
    ("p256.example.", Server::Nsd, Signing::Bind("ECDSAP256SHA256", Denial::Nsec3)),
    ("rsa.example.", Server::Bind, Signing::Bind("RSASHA256", Denial::Nsec)),
    ("p384.example.", Server::Knot, Signing::Bind("ECDSAP384SHA384", Denial::OptOut)),
    ("knot256.example.", Server::Nsd, Signing::Knot("ecdsap256sha256")),
    ("ed448.example.", Server::Knot, Signing::Bind("ED448", Denial::Nsec3)),
    ("live.example.", Server::PowerDns, Signing::PowerDns("ecdsa256", Live::Nsec)),
    ("white.example.", Server::PowerDns, Signing::PowerDns("ed25519", Live::Narrow)),
    ("lax.example.", Server::PowerDns, Signing::PowerDns("ecdsa384", Live::OptOut)),
];

/// The zones that are odd or harmed.
pub(crate) const ODD: [(&str, Server, Signing); 6] = [
    ("iterated.example.", Server::Nsd, Signing::Bind("ED25519", Denial::Iterated)),
    ("sha1.example.", Server::Bind, Signing::Bind("NSEC3RSASHA1", Denial::Nsec)),
    ("expired.example.", Server::Nsd, Signing::Harmed(Harm::Expired)),
    ("early.example.", Server::Knot, Signing::Harmed(Harm::Early)),
    ("stripped.example.", Server::Bind, Signing::Harmed(Harm::Stripped)),
    ("otherkey.example.", Server::Nsd, Signing::Harmed(Harm::OtherKey)),
];

/// A zone of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) apex: String,
    pub(super) server: Server,
    pub(super) signing: Signing,
    /// What is in it besides its apex, delegations left out.
    pub(super) text: String,
    /// The names of its servers.
    pub(super) hosts: Vec<String>,
    /// Whether the zone above delegates it.
    pub(super) delegated: bool,
}

/// A zone that can be served.
pub(super) struct Built {
    pub(super) apex: String,
    pub(super) server: Server,
    pub(super) signing: Signing,
    pub(super) file: PathBuf,
    /// The directory of its keys.
    pub(super) keys: PathBuf,
}

impl Zone {
    pub(super) fn new(apex: &str, server: Server, signing: Signing, text: String) -> Self {
        let hosts = vec![host(apex)];
        Self { apex: apex.to_owned(), server, signing, text, hosts, delegated: true }
    }

    fn is_below(&self, other: &Self) -> bool {
        let parent = other.apex.as_str();
        self.apex != parent && (parent == "." || self.apex.ends_with(&format!(".{parent}")))
    }

    /// The records of the parent that delegate to it.
    fn delegation(&self, ds: &str) -> String {
        format!("{}{}{ds}", self.ns(), self.addresses())
    }

    fn ns(&self) -> String {
        self.hosts.iter().map(|host| format!("{} NS {host}\n", self.apex)).collect()
    }

    /// Those of its hosts that have their names in it.
    fn addresses(&self) -> String {
        let own = self.hosts.iter().filter(|host| host.ends_with(&self.apex));
        own.map(|host| self.server.records(host)).collect()
    }
}

/// The name of the server of a zone that has one of its own.
pub(super) fn host(apex: &str) -> String {
    if apex == "." { "a.test.".to_owned() } else { format!("ns.{apex}") }
}

/// All zones of the tree, parents before their children.
pub(crate) fn zones() -> Vec<Zone> {
    let hosted = |(apex, server, signing): (&str, Server, Signing), next: &str| {
        Zone::new(apex, server, signing, content(apex, next))
    };
    let mut zones = vec![
        Zone::new(".", Server::Ours, Signing::Ours, "www A 192.0.2.1\n".to_owned()),
        hosted(
            ("example.", Server::Knot, Signing::Bind("ED25519", Denial::OptOut)),
            "nsec.example.",
        ),
    ];
    for (at, entry) in RING.into_iter().enumerate() {
        let (next, helper) = (RING[(at + 1) % RING.len()], RING[(at + 3) % RING.len()].1);
        zones.push(hosted(entry, next.0));
        let (sub, off) = (format!("sub.{}", entry.0), format!("off.{}", entry.0));
        zones.push(hosted((&sub, helper, Signing::usual(helper)), next.0));
        let unsigned = hosted((&off, helper, Signing::Unsigned), next.0);
        zones.push(Zone { hosts: vec![host(helper.home())], ..unsigned });
    }
    zones.extend(ODD.map(|entry| hosted(entry, "nsec.example.")));
    zones
}

/// Whether it is our server that holds a name, or denies it, with compact denial.
pub(crate) fn is_ours(name: &str) -> bool {
    let holds = |apex: &str| apex == "." || name == apex || name.ends_with(&format!(".{apex}"));
    let zones = zones();
    let zone = zones.iter().filter(|zone| holds(&zone.apex)).max_by_key(|zone| zone.apex.len());
    holds(names::APEX) || zone.is_some_and(|zone| zone.signing == Signing::Ours)
}

/// What every zone holds. Aliases lead to `next` as well.
fn content(apex: &str, next: &str) -> String {
    let long = format!("\"{}\" ", "long ".repeat(50)).repeat(7);
    format!(
        r#"www A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
mail MX 10 www
text TXT "some" "text"
Mixed.Case TXT "Mixed Case"
_sip._tcp SRV 1 2 5060 www
*.wild A 192.0.2.3
*.wild TXT "anything"
held.wild A 192.0.2.4
leaf.ent.wild TXT "below"
a.b.c.ent TXT "deep"
alias CNAME www
chain CNAME alias
lost CNAME nothing.{apex}
away CNAME www.{next}
absent CNAME nothing.{next}
void CNAME www.ent.{next}
far CNAME away.{next}
*.turned CNAME any.wild.{next}
moved DNAME {next}
inner DNAME ent.{apex}
tosub CNAME www.sub.{next}
cut.hidden NS ns.cut.hidden
ns.cut.hidden A 192.0.2.5
tooff CNAME www.off.{next}
long TXT {long}
"#
    )
}

/// The tree at work.
pub(crate) struct Tree {
    /// DS of the key of `.`.
    pub(crate) anchor: PathBuf,
    /// DS of the keys of each zone.
    pub(super) ds: BTreeMap<String, String>,
    servers: Vec<Background>,
}

impl Tree {
    /// Signs and serves the tree of [`zones`] and the demo, with files in `folder`.
    pub(crate) fn grow(folder: &Path) -> Self {
        let state = folder.join("demo");
        let demo = demo(&state);
        let (apex, server) = (names::APEX, names::ROOT_SERVER);
        let key = state.join("root.anchor").display().to_string();
        let ds = output("dnssec-dsfromkey", &["-2", "-f", &key, apex]);
        let identifiers = format!("{apex} NS ns.{apex}\nns.{apex} A {server}\n{ds}");
        let mut zones = zones();
        zones[1].text += &identifiers;
        let mut tree = Self::of(&zones, folder);
        tree.servers.push(demo);
        tree
    }

    /// Signs and serves these zones, parents before their children.
    pub(super) fn of(zones: &[Zone], folder: &Path) -> Self {
        let mut ds: BTreeMap<String, String> = BTreeMap::new();
        let mut built = Vec::new();
        for zone in zones.iter().rev() {
            let children = zones.iter().filter(|child| {
                child.delegated && parent(child, zones).is_some_and(|it| it.apex == zone.apex)
            });
            let delegations: String =
                children.map(|child| child.delegation(&ds[&child.apex])).collect();
            let (zone_built, zone_ds) = build(zone, &delegations, folder);
            built.push(zone_built);
            ds.insert(zone.apex.clone(), zone_ds);
        }
        let anchor = folder.join("dot.anchor");
        std::fs::write(&anchor, &ds["."]).expect("the folder is writable");
        let servers = Server::ALL.map(|server| server.start(folder, &built));
        Self { anchor, ds, servers: servers.into() }
    }
}

/// The zone that delegates to `child`.
fn parent<'a>(child: &Zone, zones: &'a [Zone]) -> Option<&'a Zone> {
    zones.iter().filter(|zone| child.is_below(zone)).max_by_key(|zone| zone.apex.len())
}

fn build(zone: &Zone, delegations: &str, folder: &Path) -> (Built, String) {
    let Zone { apex, text, server, signing, .. } = zone;
    let whole = format!(
        "$ORIGIN {apex}\n$TTL 300\n@ SOA {} hostmaster 1 3600 600 86400 60\n{}{}{text}{delegations}",
        zone.hosts[0],
        zone.ns(),
        zone.addresses(),
    );
    let keys = folder.join(format!("zone-{apex}"));
    std::fs::create_dir(&keys).expect("the folder is new");
    let file = keys.join("zone");
    std::fs::write(&file, whole).expect("the folder is writable");
    let (file, ds) = signing.sign(&Draft { apex, folder: &keys, file });
    (Built { apex: apex.clone(), server: *server, signing: *signing, file, keys }, ds)
}
