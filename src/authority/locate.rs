//! Where a name lies, for whoever has something to say about it.

use super::Authority;
use crate::wire::{Name, Rtype};
use crate::zone::{Outcome, SearchName};

/// Where a name lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a zone served here whose associations are in the store: a statement about it belongs there.
    Hosted {
        /// The zone.
        zone: Name,
    },
    /// At or below a delegation of a zone served here: the servers of the cut know more.
    Delegated {
        /// The zone that delegates it.
        zone: Name,
        /// The delegated name.
        cut: Name,
    },
    /// Nowhere that a statement could be put here: in no zone served, in one whose associations stand
    /// in its file, or where no association can be.
    Elsewhere,
}

impl Authority {
    /// Finds where a statement about `name` belongs. It takes as long whatever is held.
    pub fn locate(&self, name: &Name) -> Place {
        let name = SearchName::of(name);
        let Some((_, served)) = self.zones.answering(&name, Rtype::ASSOC) else {
            return Place::Elsewhere;
        };
        let zone = served.apex().clone();
        match served.lookup(&name, Rtype::ASSOC) {
            Outcome::Association if served.has_store() => Place::Hosted { zone },
            Outcome::Referral(id) => {
                let cut = served.zone().delegations()[id.index()].ns;
                Place::Delegated { zone, cut: served.zone().set(cut).name.clone() }
            }
            _ => Place::Elsewhere,
        }
    }
}
