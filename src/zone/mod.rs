//! A zone: its master file, its names, and what a question finds there.
//!
//! [`master`] reads the files, and [`Zone::build`] takes their records and refuses, with every
//! mistake, a zone that could not be served; [`Master::into_zone`](master::Master::into_zone) tells
//! the mistakes of both together. [`Zone::lookup`] follows RFC 1034 section 4.3.2. Signatures are not known
//! here, and associations are taken out: whoever serves the zone keeps both.

mod build;
#[cfg(test)]
mod build_tests;
mod check;
pub mod delegating;
pub mod edit;
mod load;
mod lookup;
#[cfg(test)]
mod lookup_tests;
pub mod master;
mod problem;
mod search;
#[cfg(test)]
pub(crate) mod testing;
mod tree;

pub use build::Built;
pub use load::{Flaw, Flaws};
pub use lookup::{Existing, Outcome};
pub use problem::{Finding, Problem, Severity};
pub use search::SearchName;
pub use tree::NodeId;

use crate::wire::rdata::Soa;
use crate::wire::{Name, Rrset, Rtype};
use tree::{Kind, Tree};

/// One of a zone's RRsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetId(u32);

impl SetId {
    /// Its place in [`Zone::sets`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One of a zone's delegations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelegationId(u32);

impl DelegationId {
    /// Its place in [`Zone::delegations`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A zone cut (RFC 1034 section 4.2): where it is, and what a referral to it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// The name servers.
    pub ns: SetId,
    /// The child's keys, where it is signed.
    pub ds: Option<SetId>,
    /// Addresses of the name servers that this zone knows.
    pub addresses: Vec<Address>,
}

/// An address set of a name server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The set.
    pub set: SetId,
    /// The server cannot be found without it (RFC 9471 section 3.1).
    pub required: bool,
    /// The set is authoritative data of this zone, not glue.
    pub authoritative: bool,
}

/// A zone without its associations and signatures.
#[derive(Debug, Clone)]
pub struct Zone {
    apex: Name,
    soa: Soa,
    tree: Tree,
    sets: Vec<Rrset>,
    delegations: Vec<Delegation>,
    apex_addresses: Vec<Address>,
    apex_unwalkable: bool,
}

impl Zone {
    /// The name of the zone.
    pub fn apex(&self) -> &Name {
        &self.apex
    }

    /// The start of authority.
    pub fn soa(&self) -> &Soa {
        &self.soa
    }

    /// The RRset of the SOA.
    pub fn soa_set(&self) -> &Rrset {
        let soa = self.set_at(NodeId::APEX, Rtype::SOA);
        self.set(soa.expect("a zone has a SOA record at its apex"))
    }

    /// Whether the apex itself is a digit or person name ([`SearchName::is_unwalkable`]).
    pub fn apex_is_unwalkable(&self) -> bool {
        self.apex_unwalkable
    }

    /// Every RRset, the apex's first, otherwise in canonical order; addresses of name servers below
    /// a delegation are among them.
    pub fn sets(&self) -> &[Rrset] {
        &self.sets
    }

    /// An RRset.
    pub fn set(&self, id: SetId) -> &Rrset {
        &self.sets[id.index()]
    }

    /// Every delegation, in canonical order.
    pub fn delegations(&self) -> &[Delegation] {
        &self.delegations
    }

    /// Addresses of the zone's own name servers that it knows.
    pub fn apex_addresses(&self) -> &[Address] {
        &self.apex_addresses
    }

    /// Whether `name` is in this zone and not in one delegated from it.
    fn holds(&self, name: &Name) -> bool {
        let found = |name| self.lookup(&SearchName::of(name), Rtype::NS);
        name.is_at_or_below(&self.apex) && !matches!(found(name), Outcome::Referral(_))
    }

    /// The RRsets at a name, in order of their types.
    pub fn sets_at(&self, node: NodeId) -> impl Iterator<Item = (SetId, &Rrset)> {
        let node = self.tree.node(node);
        (node.first..node.first + node.count).map(|number| {
            let id = SetId(number);
            (id, self.set(id))
        })
    }

    /// The RRset of a type at a name.
    pub fn set_at(&self, node: NodeId, rtype: Rtype) -> Option<SetId> {
        self.sets_at(node).find(|(_, set)| set.rtype == rtype).map(|(id, _)| id)
    }
}
