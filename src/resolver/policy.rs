//! Where answers come from and what is trusted.

use std::net::{IpAddr, SocketAddr};

use super::Limits;
use crate::dnssec::Algorithms;
use crate::dnssec::anchor::{self, AnchorError};
use crate::wire::rdata::Ds;
use crate::wire::{Name, Prefix, Rtype};

/// A tree to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its topmost name.
    pub apex: Name,
    /// The addresses of servers of the apex zone; hints, where [`Policy::priming`] is on.
    pub servers: Vec<IpAddr>,
    /// Its DNSSEC trust anchors. With none, the tree counts as unsigned.
    pub anchors: Vec<Ds>,
}

impl Root {
    /// The tree at `apex` as whoever asks a resolver knows it: what proves it, as DS or DNSKEY records in
    /// `text`, and none of its servers.
    ///
    /// # Errors
    /// With the first thing that is wrong in the text.
    pub fn proved_by(apex: Name, text: &str) -> Result<Self, AnchorError> {
        let anchors = anchor::read(text, &apex).map_err(|mut errors| errors.swap_remove(0))?;
        Ok(Self { apex, servers: Vec::new(), anchors })
    }
}

/// Names whose answers resolvers give, not authorities. These are validated here all the same, from the
/// anchors of the roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The names at or below this one.
    pub zone: Name,
    /// The resolvers, one at least.
    pub resolvers: Vec<SocketAddr>,
}

/// Where the answers about a name come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'p> {
    /// From authorities, from those of the root down.
    Down(&'p Root),
    /// From resolvers.
    Across(&'p Forward),
}

impl Way<'_> {
    /// The name that all names lie at or below about which answers come this way.
    pub(super) fn apex(&self) -> &Name {
        match self {
            Self::Down(root) => &root.apex,
            Self::Across(forward) => &forward.zone,
        }
    }
}

/// Which families of addresses are asked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// Both.
    Both,
    /// IPv4 alone.
    Ipv4,
    /// IPv6 alone.
    Ipv6,
}

impl Families {
    /// Whether this address is of them.
    pub fn include(self, address: IpAddr) -> bool {
        match self {
            Self::Both => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }

    /// The types of the records that hold their addresses.
    pub(super) fn types(self) -> &'static [Rtype] {
        match self {
            Self::Both => &[Rtype::A, Rtype::AAAA],
            Self::Ipv4 => &[Rtype::A],
            Self::Ipv6 => &[Rtype::AAAA],
        }
    }
}

/// Whether what is found is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checking {
    /// It is.
    Enabled,
    /// It is not: the client judges by itself (CD, RFC 4035 section 3.2.2).
    Disabled,
}

/// How a resolver resolves. A cache belongs to one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The trees. A name is looked up in that with the longest apex that encloses it.
    pub roots: Vec<Root>,
    /// Names that resolvers are asked for. The longest name that encloses counts, of these and of the
    /// apexes of the roots; of two alike, this.
    pub forwards: Vec<Forward>,
    /// The port of the authorities, all on one: delegations name none. 53, but in tests and
    /// demonstrations.
    pub port: u16,
    /// At which addresses servers are asked. Resolvers in `forwards` are asked wherever they are.
    pub families: Families,
    /// Where no server that a delegation names is asked.
    pub do_not_query: Vec<Prefix>,
    /// Negative trust anchors (RFC 7646): what is at or below these names is not judged, but for trees
    /// further below.
    pub negative_anchors: Vec<Name>,
    /// Apexes of the trees that are not to be trusted now: nothing in them is answered, from memory
    /// neither.
    pub suspended: Vec<Name>,
    /// Whether authorities are shown no more of a name than it takes (RFC 9156). Resolvers are always
    /// shown all of it.
    pub minimise: bool,
    /// Whether the servers of a root are asked for those that the root's zone names, which are asked
    /// then (RFC 8109).
    pub priming: bool,
    /// Whether questions to authorities go out in random case, which replies have to repeat. Those to
    /// resolvers never do: they are few, chosen by the operator and mostly near, and what they remember
    /// of others' questions they often give in the case of these.
    pub mixed_case: bool,
    /// Whether questions about the locally served zones (RFC 6303) are answered here. Those about
    /// `localhost.` and its like (RFC 6761) always are.
    pub private_zones: bool,
    /// Whether what is proved of one name answers questions about others (RFC 8198). It saves
    /// questions, and those not asked tell nobody what was looked for.
    pub aggressive_nsec: bool,
    /// Which DNSSEC algorithms count.
    pub algorithms: Algorithms,
    /// What one request may cost.
    pub limits: Limits,
}

/// No trees yet.
impl Default for Policy {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            forwards: Vec::new(),
            port: 53,
            families: Families::Both,
            do_not_query: Vec::new(),
            negative_anchors: Vec::new(),
            suspended: Vec::new(),
            minimise: true,
            priming: true,
            mixed_case: true,
            private_zones: true,
            aggressive_nsec: true,
            algorithms: Algorithms::default(),
            limits: Limits::default(),
        }
    }
}

impl Policy {
    /// The tree that holds `name`; none where no root encloses it.
    pub fn root_of(&self, name: &Name) -> Option<&Root> {
        let encloses = |root: &&Root| name.is_at_or_below(&root.apex);
        self.roots.iter().filter(encloses).max_by_key(|root| root.apex.label_count())
    }

    /// The tree to ask for this type at `name`. The DS set of an apex is its parent's, in the outer
    /// tree where there is one.
    pub(super) fn root_for(&self, name: &Name, rtype: Rtype) -> Option<&Root> {
        let holds = |root: &&Root| may_hold(&root.apex, name, rtype);
        self.roots.iter().filter(holds).max_by_key(|root| root.apex.label_count())
    }

    /// Where answers of this type at `name` come from; none where they come from nowhere.
    pub(super) fn way_to(&self, name: &Name, rtype: Rtype) -> Option<Way<'_>> {
        let holds = |forward: &&Forward| may_hold(&forward.zone, name, rtype);
        let forwards = self.forwards.iter().filter(holds);
        match (
            forwards.max_by_key(|forward| forward.zone.label_count()),
            self.root_for(name, rtype),
        ) {
            (Some(forward), Some(root)) if root.apex.is_below(&forward.zone) => {
                Some(Way::Down(root))
            }
            (Some(forward), _) => Some(Way::Across(forward)),
            (None, root) => root.map(Way::Down),
        }
    }

    /// The apex of the tree with the records of this type at `name`, where that is suspended. It is so
    /// whoever is asked: what a resolver says is judged by the anchors of the tree.
    pub(super) fn suspended_at(&self, name: &Name, rtype: Rtype) -> Option<&Name> {
        let root = self.root_for(name, rtype)?;
        self.suspended.iter().find(|apex| **apex == root.apex)
    }

    /// The negative trust anchor that takes the judgement of the zone at `zone` away.
    pub fn negative_anchor(&self, zone: &Name) -> Option<&Name> {
        let apex = self.root_of(zone).map(|root| &root.apex);
        let covers = |anchor: &&Name| {
            zone.is_at_or_below(anchor) && !apex.is_some_and(|apex| apex.is_below(anchor))
        };
        self.negative_anchors.iter().find(covers)
    }

    /// Whether there is one.
    pub(super) fn distrusts(&self, zone: &Name) -> bool {
        self.negative_anchor(zone).is_some()
    }

    fn is_off_limits(&self, address: IpAddr) -> bool {
        self.do_not_query.iter().any(|network| network.contains(address))
    }

    /// Whether servers of delegations in the tree `root` may be asked at this address. Loopback is this
    /// machine's: only a tree whose own servers are there may send questions to it.
    pub(super) fn may_ask(&self, root: &Root, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
        if address.is_unspecified() || address.is_multicast() || broadcast {
            return false;
        }
        if !self.families.include(address) || self.is_off_limits(address) {
            return false;
        }
        !address.is_loopback() || root.servers.iter().any(IpAddr::is_loopback)
    }
}

/// Whether the zone at `zone` may be that of the records of this type at `name`. A DS set is the
/// parent's; but `.` has no parent, and denies its own.
pub(super) fn may_hold(zone: &Name, name: &Name, rtype: Rtype) -> bool {
    match rtype {
        Rtype::DS if !name.is_root() => name.is_below(zone),
        _ => name.is_at_or_below(zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(apex: &str, server: &str) -> Root {
        let servers = vec![server.parse().unwrap()];
        Root { apex: apex.parse().unwrap(), servers, anchors: Vec::new() }
    }

    #[test]
    fn the_longest_apex_wins() {
        let policy = Policy {
            roots: vec![root(".", "192.0.2.1"), root("3pid.example.", "192.0.2.2")],
            ..Policy::default()
        };
        let apex = |name: &str, rtype| {
            policy.root_for(&name.parse().unwrap(), rtype).unwrap().apex.to_string()
        };
        assert_eq!(apex("a.3PID.example.", Rtype::A), "3pid.example.");
        assert_eq!(apex("3pid.example.", Rtype::A), "3pid.example.");
        assert_eq!(apex("3pid.example.", Rtype::DS), ".");
        assert_eq!(apex("x3pid.example.", Rtype::A), ".");
        assert_eq!(apex(".", Rtype::DS), ".");
        let inner = Policy { roots: policy.roots[1..].to_vec(), ..policy.clone() };
        assert_eq!(inner.root_of(&"example.".parse().unwrap()), None);
        assert_eq!(inner.root_for(&"3pid.example.".parse().unwrap(), Rtype::DS), None);
    }

    #[test]
    fn a_forward_wins_over_what_is_above() {
        let forward = |zone: &str| Forward { zone: zone.parse().unwrap(), resolvers: Vec::new() };
        let policy = Policy {
            roots: vec![root("3pid.example.", "192.0.2.1"), root("test.", "192.0.2.1")],
            forwards: vec![forward("example."), forward("uk.3pid.example."), forward("test.")],
            ..Policy::default()
        };
        let way = |name: &str, rtype| match policy.way_to(&name.parse().unwrap(), rtype) {
            Some(Way::Down(root)) => format!("down {}", root.apex),
            Some(Way::Across(forward)) => format!("across {}", forward.zone),
            None => "none".to_owned(),
        };
        assert_eq!(way("a.example.", Rtype::A), "across example.");
        assert_eq!(way("3pid.example.", Rtype::A), "down 3pid.example.");
        assert_eq!(way("3pid.example.", Rtype::DS), "across example.");
        assert_eq!(way("a.uk.3pid.example.", Rtype::A), "across uk.3pid.example.");
        assert_eq!(way("uk.3pid.example.", Rtype::DS), "down 3pid.example.");
        assert_eq!(way("a.test.", Rtype::A), "across test.");
        assert_eq!(way("example.", Rtype::DS), "none");
        assert_eq!(way("org.", Rtype::A), "none");
    }

    /// A client asks a resolver for its trees, and judges by the list all the same.
    #[test]
    fn what_is_suspended_is_so_whoever_is_asked() {
        let forward = Forward { zone: "3pid.example.".parse().unwrap(), resolvers: Vec::new() };
        let policy = Policy {
            roots: vec![root("3pid.example.", "192.0.2.1"), root("test.", "192.0.2.1")],
            forwards: vec![forward],
            suspended: vec!["3pid.example.".parse().unwrap()],
            ..Policy::default()
        };
        let suspended = |name: &str| policy.suspended_at(&name.parse().unwrap(), Rtype::VCERT);
        assert_eq!(suspended("a._verifier.3pid.example."), policy.suspended.first());
        assert_eq!(suspended("a._verifier.test."), None);
    }

    #[test]
    fn delegations_do_not_reach_into_the_machine() {
        let policy = Policy::default();
        let outside = root(".", "192.0.2.1");
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "224.0.0.1", "ff02::1"] {
            assert!(!policy.may_ask(&outside, address.parse().unwrap()), "{address}");
        }
        assert!(policy.may_ask(&outside, "198.51.100.1".parse().unwrap()));
        let inside = root(".", "127.0.0.2");
        assert!(policy.may_ask(&inside, "127.0.0.3".parse().unwrap()));
        assert!(!policy.may_ask(&inside, "0.0.0.0".parse().unwrap()));
    }

    #[test]
    fn some_addresses_are_not_asked() {
        let tree = root(".", "192.0.2.1");
        let do_not_query = vec!["198.51.100.0/24".parse().unwrap()];
        let policy = Policy { do_not_query, families: Families::Ipv4, ..Policy::default() };
        let may_ask = |address: &str| policy.may_ask(&tree, address.parse().unwrap());
        assert!(may_ask("192.0.2.2"));
        assert!(!may_ask("198.51.100.7") && !may_ask("::ffff:198.51.100.7"));
        assert!(!may_ask("2001:db8::1"));
    }

    #[test]
    fn a_negative_anchor_ends_at_the_next_tree() {
        let policy = Policy {
            roots: vec![root(".", "192.0.2.1"), root("3pid.example.", "192.0.2.2")],
            negative_anchors: vec!["example.".parse().unwrap()],
            ..Policy::default()
        };
        let distrusts = |zone: &str| policy.distrusts(&zone.parse().unwrap());
        assert!(distrusts("example.") && distrusts("a.b.Example."));
        assert!(!distrusts(".") && !distrusts("xexample."));
        assert!(!distrusts("3pid.example.") && !distrusts("uk.3pid.example."));
    }
}
