//! The authority: from a question to its answer.
//!
//! An [`Authority`] serves several zones. Each [`ServedZone`] is a [`Zone`](crate::zone::Zone) with its
//! keys, with every RRset encoded and signed when the zone is loaded, and with its associations: those
//! in its file, or an [`Index`] of what a store holds. Answers are put together from these parts; what is signed for
//! a question is only what cannot be known before: denials (RFC 9824), and what a wildcard answers.
//!
//! Time is an argument. Whoever drives the authority asks it when the next signature has to be
//! renewed or a key changes ([`Authority::next_renewal`]), and has it done ([`Authority::renew`]) on a copy, which
//! shares all that stays. An index is changed in place: by whoever follows the store, with what
//! [`ServedZone::hold`] and [`ServedZone::renew_association`] sign.

mod answer;
mod answers;
mod associations;
mod denial;
mod foresight;
pub mod index;
mod kept;
mod locate;
mod memo;
mod reply;
mod served;
mod signer;
mod start;
#[cfg(test)]
mod tests;
mod zones;

pub use index::Index;
pub use kept::{Kept, Standing, first_end};
pub use locate::Place;
pub use served::{Associated, ServedZone};

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::dnssec::{self, ZoneKey};
use crate::wire::{Name, Rtype, Serial, Ttl};
use crate::zone::SearchName;
use memo::Memo;
use zones::Zones;

/// Zones that cannot be served as they were given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthorityError {
    /// A key is another zone's.
    #[error("a key of {key} cannot sign the zone {zone}")]
    ForeignKey {
        /// The zone.
        zone: Name,
        /// The zone that the key is for.
        key: Name,
    },
    /// Two zones have the same name.
    #[error("the zone {0} is given twice")]
    SameZone(Name),
}

/// How zones are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long signatures last.
    pub signatures: dnssec::Policy,
    /// TTL of what names a person (ASSOC and VCERT), at most: 1 hour.
    pub personal_ttl: Ttl,
    /// TTL of denials, at most: 60 seconds.
    pub negative_ttl: Ttl,
    /// Signatures that have to be renewed within this time of one that has to be now are renewed
    /// with it: 1 hour. Each renewal copies a zone's table of sets.
    pub renewal_batch: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            signatures: dnssec::Policy::default(),
            personal_ttl: Ttl::from_secs(3600),
            negative_ttl: Ttl::from_secs(60),
            renewal_batch: Duration::from_secs(3600),
        }
    }
}

/// Answers questions about its zones. Copies share their data.
#[derive(Debug, Clone, Default)]
pub struct Authority {
    zones: Zones,
    /// What was signed for questions.
    memo: Arc<Memo>,
}

impl Authority {
    /// Serves these zones.
    ///
    /// # Errors
    /// [`AuthorityError::SameZone`] where two have the same name.
    pub fn new(zones: Vec<ServedZone>) -> Result<Self, AuthorityError> {
        Ok(Self { zones: Zones::new(zones)?, memo: Arc::default() })
    }

    /// The zones.
    pub fn zones(&self) -> impl Iterator<Item = &ServedZone> {
        self.zones.iter()
    }

    /// The zone whose store says what is answered for the association of `name`, and its place among the
    /// zones.
    pub fn keeper(&self, name: &SearchName) -> Option<(usize, &ServedZone)> {
        let found = self.zones.answering(name, Rtype::ASSOC);
        found.filter(|(_, zone)| zone.keeps(name))
    }

    /// Whether a name lies in one of the zones, or below what they delegate.
    pub fn encloses(&self, name: &SearchName) -> bool {
        self.zones.enclosing(name, name.label_count()).is_some()
    }

    /// Serves what `old` serves of the store, with all that comes to it, in each zone that can share it, and keeps
    /// what was signed for questions.
    pub fn share(&mut self, old: &Self) {
        self.memo = Arc::clone(&old.memo);
        for zone in old.zones() {
            if let (Some(index), Some(new)) = (zone.index(), self.zones.get_mut(zone.apex())) {
                new.share(zone, index);
            }
        }
    }

    /// Serves the SOA of a zone with this serial from here on.
    pub fn set_serial(&mut self, zone: &Name, serial: Serial, now: Timestamp) {
        if let Some(zone) = self.zones.get_mut(zone) {
            zone.set_serial(serial, now);
        }
    }

    /// When the first signature has to be renewed, or a key comes, signs or goes; none where nothing is
    /// signed.
    pub fn next_renewal(&self) -> Option<Timestamp> {
        self.zones().filter_map(ServedZone::next_renewal).min()
    }

    /// When the first signature ends, those of stores' associations not counted; none where nothing is
    /// signed.
    pub fn first_end(&self) -> Option<Timestamp> {
        self.zones().filter_map(ServedZone::first_end).min()
    }

    /// Goes over to other keys of a zone, if it is served. What was signed with those of before stays until its
    /// time comes, as long as it can be verified.
    ///
    /// # Errors
    /// [`AuthorityError::ForeignKey`] where a key is another zone's.
    pub fn take_keys(
        &mut self,
        zone: &Name,
        keys: Vec<ZoneKey>,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        self.zones.take_keys(zone, keys, now)
    }

    /// Has keys come, sign and go, and renews the signatures of zones where one has to be `now`. Tells how many.
    pub fn renew(&mut self, now: Timestamp) -> usize {
        self.zones.renew(now)
    }
}
