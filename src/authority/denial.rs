//! Denials made for one question (RFC 9824), and what of a name is told to whoever asks about all of it.

use super::ServedZone;
use crate::dnssec::denial;
use crate::wire::{Name, Rrset, Rtype};
use crate::zone::{Existing, NodeId, SearchName};

/// What is said of a name in its NSEC record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// It exists.
    Type(Existing),
    /// It exists, and the association asked for does not.
    Association,
    /// It does not exist.
    Name,
}

/// The NSEC set for `name`, which is below no delegation.
pub(super) fn nsec(zone: &ServedZone, name: &SearchName, denied: Denied) -> Rrset {
    let (owner, _) = Name::from_wire(name.wire()).expect("a name that was looked up is a name");
    let (apex, ttl) = (zone.apex(), zone.answers().negative_ttl());
    let at_apex = name.label_count() == zone.apex_labels();
    match denied {
        Denied::Name => denial::name_error(&owner, apex, ttl),
        Denied::Type(existing) => {
            // A digit or person name does not tell whether it holds an association.
            let perhaps = match existing {
                Existing::Unwalkable => true,
                _ => at_apex && zone.zone().apex_is_unwalkable(),
            };
            let node = match existing {
                Existing::Node { node, .. } => Some(node),
                _ => None,
            };
            let types = types(zone, node).chain(perhaps.then_some(Rtype::ASSOC));
            denial::no_data(&owner, apex, types, ttl)
        }
        Denied::Association => {
            let node = at_apex.then_some(NodeId::APEX);
            denial::no_data(&owner, apex, types(zone, node), ttl)
        }
    }
}

fn types(zone: &ServedZone, node: Option<NodeId>) -> impl Iterator<Item = Rtype> {
    node.into_iter().flat_map(|node| zone.zone().sets_at(node)).map(|(_, set)| set.rtype)
}
