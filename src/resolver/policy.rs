//! Where answers come from and what is trusted.

use std::net::{IpAddr, SocketAddr};

use super::Limits;
use crate::dnssec::Algorithms;
use crate::wire::rdata::Ds;
use crate::wire::{Name, Rtype};

/// A tree to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its topmost name.
    pub apex: Name,
    /// The addresses of the servers of the apex zone.
    pub servers: Vec<IpAddr>,
    /// Its DNSSEC trust anchors. With none, the tree counts as unsigned.
    pub anchors: Vec<Ds>,
}

impl Root {
    /// Whether servers of delegations below it may be asked at this address. Loopback is this
    /// machine's: only a tree whose own servers are there may send questions to it.
    pub(super) fn may_ask(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
        if address.is_unspecified() || address.is_multicast() || broadcast {
            return false;
        }
        !address.is_loopback() || self.servers.iter().any(IpAddr::is_loopback)
    }
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// Authorities, from the roots down, all on one port: delegations name no ports.
    Iterate {
        /// The port, 53 but in tests and demonstrations.
        port: u16,
    },
    /// One resolver. Its answers are validated here all the same, from the anchors of the roots.
    Forward(SocketAddr),
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
    /// Who is asked.
    pub upstream: Upstream,
    /// Whether authorities are shown no more of a name than it takes (RFC 9156). Resolvers are always
    /// shown all of it.
    pub minimise: bool,
    /// Which DNSSEC algorithms count.
    pub algorithms: Algorithms,
    /// What one request may cost.
    pub limits: Limits,
}

impl Policy {
    /// The tree that holds `name`; none where no root encloses it.
    pub fn root_of(&self, name: &Name) -> Option<&Root> {
        let enclosing = self.roots.iter().filter(|root| name.is_at_or_below(&root.apex));
        enclosing.max_by_key(|root| root.apex.label_count())
    }

    /// The tree to ask for this type at `name`. The DS set of an apex is its parent's, in the outer
    /// tree where there is one.
    pub(super) fn root_for(&self, name: &Name, rtype: Rtype) -> Option<&Root> {
        let own = self.root_of(name)?;
        if may_hold(&own.apex, name, rtype) { Some(own) } else { self.root_of(&name.parent()?) }
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
            upstream: Upstream::Iterate { port: 53 },
            minimise: true,
            algorithms: Algorithms::default(),
            limits: Limits::default(),
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
    fn delegations_do_not_reach_into_the_machine() {
        let outside = root(".", "192.0.2.1");
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "224.0.0.1", "ff02::1"] {
            assert!(!outside.may_ask(address.parse().unwrap()), "{address}");
        }
        assert!(outside.may_ask("198.51.100.1".parse().unwrap()));
        let inside = root(".", "127.0.0.2");
        assert!(inside.may_ask("127.0.0.3".parse().unwrap()));
        assert!(!inside.may_ask("0.0.0.0".parse().unwrap()));
    }
}
