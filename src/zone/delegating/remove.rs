//! A delegation taken back.

use std::collections::BTreeSet;

use super::{Refusal, View};
use crate::clock::Timestamp;
use crate::wire::rdata::name_target;
use crate::wire::{Name, Rtype};
use crate::zone::edit::{Change, raise};
use crate::zone::master::{Master, Place};

/// What taking a delegation back does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// What changes in the zone.
    pub change: Change,
    /// What the delegation has hidden, which the zone tells from then on.
    pub shown: Vec<(Name, Rtype, Place)>,
}

/// Takes the delegation of `child` out of a zone: NS, DS, and addresses that nothing else uses.
///
/// # Errors
/// Where it is not delegated.
pub fn remove(master: &Master, child: &Name, now: Timestamp) -> Result<Removal, Refusal> {
    let view = View::new(master)?;
    if !view.cuts.contains(child) {
        return Err(Refusal::NotDelegated(child.clone()));
    }
    let ns: Vec<_> = view.of(child, Rtype::NS).collect();
    let servers: BTreeSet<Name> =
        ns.iter().filter_map(|(_, record)| name_target(&record.rdata).ok()).collect();
    let glue = servers.iter().flat_map(|server| view.own_glue(server, child));
    let ds = view.of(child, Rtype::DS).map(|(number, _)| number);
    let removed = ns.iter().map(|(number, _)| *number).chain(ds).chain(glue).collect();
    let change = Change { removed, serial: raise(view.soa.serial, now), ..Change::default() };
    Ok(Removal { change, shown: view.hidden(child, &servers) })
}
