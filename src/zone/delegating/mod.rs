//! Delegations as an operator sees and changes them: name servers, their addresses, and the child's DS.
//!
//! [`list`] tells what a zone delegates and what is wrong with it. [`add`] and [`remove`] make of a wish
//! a [`Change`](super::edit::Change) of the zone's records, or refuse it. All look at the records of a
//! master file, so that a zone with mistakes can be looked at too.

mod add;
mod child;
mod list;
mod remove;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use thiserror::Error;

use super::master::{Master, Place};
use crate::dnssec::Unsupported;
use crate::wire::rdata::{Ds, Soa, name_target};
use crate::wire::{Name, Record, Rtype, Ttl};

pub use add::{How, Order, Server, add};
pub use child::{ChildError, child, part};
pub use list::{Concern, Delegated, list};
pub use remove::{Removal, remove};

/// How many records a refusal names.
const NAMED: usize = 5;

/// Why a delegation cannot be made, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The files hold no zone.
    #[error("a SOA record expected, there is none")]
    NoSoa,
    /// The name is not one that this zone can delegate.
    #[error("{0} cannot be delegated by {1}")]
    NotBelow(Name, Name),
    /// It is delegated already.
    #[error(
        "{place}: {child} is delegated already: --merge adds to what is there, --replace puts what is \
         given in its place"
    )]
    Exists {
        /// The child.
        child: Name,
        /// Where.
        place: Place,
    },
    /// It is not delegated.
    #[error("{0} is not delegated in this zone")]
    NotDelegated(Name),
    /// It is another zone's to delegate.
    #[error(
        "{place}: {child} lies below {cut}, which is delegated: it is for that zone to delegate it"
    )]
    BelowCut {
        /// The child.
        child: Name,
        /// The delegation above.
        cut: Name,
        /// Where.
        place: Place,
    },
    /// Nothing says who serves it.
    #[error("{0} needs a name server: --ns NAME or --ns NAME=ADDRESS")]
    NoServers(Name),
    /// A name server cannot be found.
    #[error("name server {0} lies in what it serves: give its address, as --ns {0}=192.0.2.1")]
    MissingGlue(Name),
    /// An address is not this zone's to tell.
    #[error(
        "name server {0} lies outside the zone {1}, which cannot tell its address: leave it out"
    )]
    OutsideAddress(Name, Name),
    /// A name server has other addresses.
    #[error(
        "{place}: name server {server} has other addresses here{}: change them by hand",
        also(.user)
    )]
    OtherAddresses {
        /// The name server.
        server: Name,
        /// One of them.
        place: Place,
        /// Which other zone it serves.
        user: Option<Name>,
    },
    /// Data would no longer be told.
    #[error("{0}")]
    Swallows(Swallowed),
    /// No validator could use the DS records.
    #[error(
        "{0}: whoever knows no more than this program would take the child for unsigned (--unsupported-ds)"
    )]
    Unsupported(Unsupported),
    /// A DS is malformed.
    #[error("the digest of DS {0} is not as long as its type says")]
    DigestLength(u16),
    /// All is so already.
    #[error("{0} is delegated like this already: nothing to change")]
    Unchanged(Name),
}

fn also(user: &Option<Name>) -> String {
    user.as_ref().map_or_else(String::new, |user| format!(", and serves {user} too"))
}

/// Records that a delegation would hide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swallowed {
    /// What would be delegated.
    pub child: Name,
    /// The records, with their places.
    pub records: Vec<(Name, Rtype, Place)>,
}

impl fmt::Display for Swallowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (child, count) = (&self.child, self.records.len());
        let records = if count == 1 { "1 record" } else { &format!("{count} records") };
        write!(f, "{records} at or below {child} would be hidden by its delegation:")?;
        for (name, rtype, place) in self.records.iter().take(NAMED) {
            write!(f, "\n  {place}: {name} {rtype}")?;
        }
        if count > NAMED {
            write!(f, "\n  and {} more", count - NAMED)?;
        }
        write!(f, "\nMove them to the child's zone file first; --hide leaves them here, hidden")
    }
}

/// The records of a zone's files, as far as delegations are concerned.
struct View<'a> {
    apex: &'a Name,
    soa: Soa,
    records: &'a [(Record, Place)],
    /// The records of delegations, by their names.
    by_name: HashMap<&'a Name, Vec<usize>>,
    /// Which zones each name server serves, the apex among them.
    users: BTreeMap<Name, BTreeSet<&'a Name>>,
    /// The delegated names.
    cuts: BTreeSet<&'a Name>,
}

impl<'a> View<'a> {
    fn new(master: &'a Master) -> Result<Self, Refusal> {
        let records = master.records.as_slice();
        let soa = records.iter().map(|(record, _)| record).find(|one| one.rtype == Rtype::SOA);
        let apex = soa.ok_or(Refusal::NoSoa)?;
        let soa = Soa::parse(&apex.rdata).map_err(|_| Refusal::NoSoa)?;
        let mut view = Self {
            apex: &apex.name,
            soa,
            records,
            by_name: by_name(records),
            users: BTreeMap::new(),
            cuts: BTreeSet::new(),
        };
        for (record, _) in records.iter().filter(|(record, _)| record.rtype == Rtype::NS) {
            if record.name != *view.apex {
                view.cuts.insert(&record.name);
            }
            if let Ok(server) = name_target(&record.rdata) {
                view.users.entry(server).or_default().insert(&record.name);
            }
        }
        Ok(view)
    }

    /// The records of a name and type, with their numbers.
    fn of(&self, name: &Name, rtype: Rtype) -> impl Iterator<Item = (usize, &'a Record)> {
        let all = self.by_name.get(name).into_iter().flatten();
        all.map(|number| (*number, &self.records[*number].0))
            .filter(move |(_, record)| record.rtype == rtype)
    }

    /// The addresses of a name, with their numbers.
    fn addresses(&self, name: &Name) -> impl Iterator<Item = (usize, &'a Record)> {
        self.of(name, Rtype::A).chain(self.of(name, Rtype::AAAA))
    }

    /// Where a record stands.
    fn place(&self, number: usize) -> Place {
        self.records[number].1.clone()
    }

    /// Another zone than `child` that a name server serves.
    fn other_user(&self, server: &Name, child: &Name) -> Option<Name> {
        let mut users = self.users.get(server)?.iter();
        users.find(|user| **user != child).map(|user| (*user).clone())
    }

    /// Whether a name is at or below a delegation: its addresses are glue.
    fn is_delegated(&self, name: &Name) -> bool {
        name.ancestors().any(|name| self.cuts.contains(&name))
    }

    /// The numbers of addresses of a server that serves `child` alone, and are told for that alone.
    fn own_glue(&self, server: &Name, child: &Name) -> Vec<usize> {
        let is_own = self.is_delegated(server) && self.other_user(server, child).is_none();
        self.addresses(server).filter(|_| is_own).map(|(number, _)| number).collect()
    }

    /// Everything at or below a name that its delegation hides, where `servers` are its servers.
    fn hidden(&self, child: &Name, servers: &BTreeSet<Name>) -> Vec<(Name, Rtype, Place)> {
        let is_glue = |record: &Record| {
            matches!(record.rtype, Rtype::A | Rtype::AAAA)
                && (servers.contains(&record.name) || self.users.contains_key(&record.name))
        };
        let at_cut = |record: &Record| {
            record.name == *child && matches!(record.rtype, Rtype::NS | Rtype::DS)
        };
        let below = self.records.iter().filter(|(record, _)| record.name.is_at_or_below(child));
        below
            .filter(|(record, _)| !is_glue(record) && !at_cut(record))
            .map(|(record, place)| (record.name.clone(), record.rtype, place.clone()))
            .collect()
    }

    /// The TTL of a set; where there is none, that of the zone's own name servers.
    fn ttl(&self, name: &Name, rtype: Rtype, wanted: Option<Ttl>) -> Ttl {
        let set = |name, rtype| self.of(name, rtype).map(|(_, record)| record.ttl).min();
        let default = || set(self.apex, Rtype::NS).unwrap_or_default();
        set(name, rtype).or(wanted).unwrap_or_else(default)
    }
}

/// Where the records of delegations and addresses are, by their names.
fn by_name(records: &[(Record, Place)]) -> HashMap<&Name, Vec<usize>> {
    let mut found = HashMap::<&Name, Vec<usize>>::new();
    for (number, (record, _)) in records.iter().enumerate() {
        if matches!(record.rtype, Rtype::NS | Rtype::DS | Rtype::A | Rtype::AAAA) {
            found.entry(&record.name).or_default().push(number);
        }
    }
    found
}

/// The DS records of a set that can be read.
fn ds_of<'a>(records: impl Iterator<Item = (usize, &'a Record)>) -> Vec<(usize, Ds)> {
    records.filter_map(|(number, record)| Some((number, Ds::parse(&record.rdata).ok()?))).collect()
}
