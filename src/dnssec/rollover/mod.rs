//! Trust anchors that roll over (RFC 5011): which keys of a zone are trusted follows from what its
//! keys, trusted already, say over time.
//!
//! A [`TrustPoint`] is told each DNSKEY set that is found at its zone, and when. A set counts where
//! one of its anchors signed it. A key that is new in it becomes an anchor after it was in every such
//! set for a month; one that revokes itself is none from then on, for good. Sets, signatures and the
//! time are arguments: who fetches them, and keeps the [`Ledger`], is up to the caller. So it is as much a
//! noun as a zone's keys are: it validates, and needs nothing of what resolves or keeps files.
//!
//! Bounds of what it does: only keys with the SEP bit and an algorithm that counts become anchors
//! (one that does not count could prove nothing, and as the only anchor would make the zone insecure).
//! A point below another one is not deleted for its age.
//!
//! Where every anchor is revoked, section 5 would go on as if the zone had never been configured: as
//! insecure, or as a zone above it says. Here whoever configured an anchor wants no answer without
//! one. The zone is bogus, until the configuration names a new anchor.

mod ledger;
mod observe;
mod pace;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::{Algorithms, SignatureError, SupportedDs, ds_matches, sha256_ds};
use crate::clock::Timestamp;
use crate::codec::date;
use crate::wire::rdata::{Dnskey, Ds};
use crate::wire::{Algorithm, Name};

use pace::UNKNOWN;

pub(super) use observe::HOLD_DOWN;

pub use ledger::{AnchorKey, Ledger, LedgerError};
pub use state::{Sight, State};

/// The longest time between two queries (section 2.3).
const LONGEST_INTERVAL: Duration = Duration::from_secs(15 * 86_400);

/// Keys of a point, whatever their state, at which no more are taken but those that the configuration
/// names. Five at once have to be possible (section 2.4.3); the others are removed ones. A set full of new
/// keys, signed with a stolen one, fills memory and file no further. Where there is no room, removed keys
/// are forgotten, the oldest first.
const MOST_KEYS: usize = 32;

/// A zone, and what is known of the keys that may prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPoint {
    ledger: Ledger,
    /// The anchors of the configuration.
    configured: Vec<Ds>,
    algorithms: Algorithms,
}

/// What came of one look at a trust point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The keys that changed their state, in the order of their changes.
    pub changes: Vec<Change>,
    /// Whether the set counts. Keys can revoke themselves in one that does not.
    pub proved: Result<(), Unproved>,
}

/// Why a DNSKEY set does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unproved {
    /// The point is deleted.
    #[error("every trust anchor is revoked")]
    Deleted,
    /// No anchor signed it.
    #[error("no trust anchor proves the keys: {0}")]
    Signature(#[from] SignatureError),
}

/// A key that changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The tag of the key without its REVOKE bit.
    pub key_tag: u16,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// What it was.
    pub from: State,
    /// What it is.
    pub to: State,
    /// When the next change can come, where the key has to wait for it.
    pub until: Option<Timestamp>,
}

/// `key 1234 (ED25519): Start, now AddPend until 20261223170000`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key_tag, algorithm, from, to, until } = self;
        write!(f, "key {key_tag} ({algorithm}): {from}, now {to}")?;
        until.map_or(Ok(()), |until| write!(f, " until {}", date(until.as_secs())))
    }
}

impl TrustPoint {
    /// The trust point of which `ledger` was kept, an empty one at first. The anchors of the
    /// configuration that the ledger does not know are trusted as they stand: each stands for a key
    /// that is valid once it is seen. It need not wait where it was waiting. What the ledger does know
    /// goes by the ledger, above all what is revoked.
    pub fn new(ledger: Ledger, configured: Vec<Ds>, algorithms: Algorithms) -> Self {
        let mut point = Self { ledger, configured, algorithms };
        let waiting = |key: &AnchorKey| key.state == State::AddPend;
        let keys = std::mem::take(&mut point.ledger.keys);
        let kept = keys.into_iter().filter(|key| !waiting(key) || !point.names(&key.dnskey));
        point.ledger.keys = kept.collect();
        point
    }

    /// The same trust point, where something else is known of its keys.
    #[must_use]
    pub fn with_ledger(self, ledger: Ledger) -> Self {
        Self::new(ledger, self.configured, self.algorithms)
    }

    /// The zone.
    pub fn zone(&self) -> &Name {
        &self.ledger.zone
    }

    /// What has to be kept.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What the zone is to be judged by now. Where the point is deleted, its revoked keys as they are
    /// once revoked: no such key may sign anything, so that the zone is bogus.
    pub fn anchors(&self) -> Vec<Ds> {
        let valid = self.valid_anchors();
        if !valid.is_empty() {
            return valid;
        }
        let was_trusted = |key: &&AnchorKey| key.state != State::AddPend;
        let revoked = |key: &AnchorKey| {
            let flags = key.dnskey.flags | Dnskey::REVOKE;
            sha256_ds(self.zone(), &Dnskey { flags, ..key.dnskey.clone() })
        };
        self.ledger.keys.iter().filter(was_trusted).map(revoked).collect()
    }

    /// The anchors that count. None where the point is deleted.
    fn valid_anchors(&self) -> Vec<Ds> {
        let trusted = self.ledger.keys.iter().filter(|key| key.state.is_trusted());
        let mut anchors: Vec<Ds> = trusted.map(|key| sha256_ds(self.zone(), &key.dnskey)).collect();
        anchors.extend(self.configured.iter().filter(|ds| !self.knows(ds)).cloned());
        let supported = SupportedDs::select(&anchors, self.algorithms);
        supported.map_or_else(|_| Vec::new(), |supported| supported.records().to_vec())
    }

    /// Whether the key that `ds` stands for is in the ledger.
    fn knows(&self, ds: &Ds) -> bool {
        self.ledger.keys.iter().any(|key| ds_matches(ds, self.zone(), &key.dnskey))
    }

    /// Whether the configuration names `key`.
    fn names(&self, key: &Dnskey) -> bool {
        self.configured.iter().any(|ds| ds_matches(ds, self.zone(), key))
    }

    /// When to ask for the keys again; never where the point is deleted. At once where that moment is
    /// too far away, or the last query seems to lie ahead: then the clock was wrong.
    pub fn next_query(&self, now: Timestamp) -> Option<Timestamp> {
        if self.valid_anchors().is_empty() {
            return None;
        }
        let Ledger { queried, next, .. } = self.ledger;
        let credible = queried <= now && next.since(now) <= LONGEST_INTERVAL;
        Some(if credible { next } else { now })
    }

    /// The keys could not be had: they are to be asked for again, soon.
    pub fn missed(&mut self, now: Timestamp) {
        self.ledger.queried = now;
        self.ledger.next = now.saturating_add(self.ledger.retry.max(UNKNOWN.retry));
    }
}
