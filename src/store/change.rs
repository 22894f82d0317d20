//! What is asked of a store, and what comes of it.

use std::time::Duration;

use super::record::Said;
use super::{Refusal, Sequence, StoreError};
use crate::association::{Statement, Ts};
use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::threepid::{Threepid, ThreepidError};
use crate::wire::{Name, Rdata};

/// Something that a store should take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(super) name: Name,
    pub(super) said: Said,
    pub(super) threepid: Option<Threepid>,
}

impl Change {
    /// A statement about `threepid`, in the tree of `apex`.
    ///
    /// # Errors
    /// [`ThreepidError::Name`] where the identifier has no name there.
    pub fn publish(
        apex: &Name,
        threepid: Threepid,
        statement: Statement,
    ) -> Result<Self, ThreepidError> {
        let name = threepid.owner(apex)?;
        let signed_hash = sha256(&statement.claim().signed_octets(&threepid));
        let said = Said::Statement { statement, signed_hash };
        Ok(Self { name, said, threepid: Some(threepid) })
    }

    /// A statement about whatever has this name, and the SHA-256 of its signed octets.
    pub fn unnamed(name: Name, statement: Statement, signed_hash: [u8; 32]) -> Self {
        Self { name, said: Said::Statement { statement, signed_hash }, threepid: None }
    }

    /// What was said of this name was withdrawn at `ts`, and is no longer kept.
    pub fn mark(name: Name, ts: Ts) -> Self {
        Self { name, said: Said::Mark(ts), threepid: None }
    }

    /// The name that it is about.
    pub fn name(&self) -> &Name {
        &self.name
    }
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is what the store has for the name from now on.
    Stored(Sequence),
    /// Its signatures were added to those that the store has.
    Merged(Sequence),
    /// The store has it already.
    Unchanged,
    /// It was not made.
    Refused(Refusal),
}

/// RRSIGs to be kept with a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The statement's name.
    pub name: Name,
    /// The number of the change that made what they sign. They are not kept with another.
    pub sequence: Sequence,
    /// Their record data. Of more than 16, the first 16 are kept.
    pub rrsigs: Vec<Rdata>,
}

/// What is to be done with a change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Hold this from now on.
    Store(Said),
    /// Hold this, the same with more signatures.
    Merge(Said),
    /// Nothing.
    Leave,
    /// Nothing, and say why.
    Refuse(Refusal),
}

/// Decides by the rules that hold everywhere which of two things said of a name is held.
pub(super) fn decide(held: Option<Said>, new: Said) -> Verdict {
    let Some(held) = held else { return Verdict::Store(new) };
    match (held, new) {
        (
            Said::Statement { statement: held, signed_hash },
            Said::Statement { statement: new, signed_hash: new_hash },
        ) => between(held, signed_hash, new, new_hash),
        (held, new) => {
            // A mark stands for a withdrawal. What is held is never less than an equal one that comes.
            let rank = |said: &Said| (said.ts(), said.is_withdrawn());
            match rank(&new).cmp(&rank(&held)) {
                std::cmp::Ordering::Greater => Verdict::Store(new),
                std::cmp::Ordering::Equal if matches!(new, Said::Mark(_)) => Verdict::Leave,
                _ => Verdict::Refuse(Refusal::Older),
            }
        }
    }
}

fn between(
    mut held: Statement,
    held_hash: [u8; 32],
    new: Statement,
    signed_hash: [u8; 32],
) -> Verdict {
    match new.precedence_of(signed_hash).cmp(&held.precedence_of(held_hash)) {
        std::cmp::Ordering::Greater => {
            Verdict::Store(Said::Statement { statement: new, signed_hash })
        }
        std::cmp::Ordering::Less => Verdict::Refuse(Refusal::Older),
        std::cmp::Ordering::Equal => match held.merge(&new) {
            Ok(true) => Verdict::Merge(Said::Statement { statement: held, signed_hash }),
            Ok(false) if held.has_all_of(&new) => Verdict::Leave,
            Ok(false) => Verdict::Refuse(Refusal::NoRoom),
            Err(_) => Verdict::Refuse(Refusal::OtherHash),
        },
    }
}

/// Whether something said at `ts` is too far ahead of `now`.
pub(super) fn is_ahead(ts: Ts, now: Timestamp, allowed: Duration) -> bool {
    Timestamp::from(ts) > now.saturating_add(allowed)
}

/// Takes apart what is held, where there is something.
pub(super) fn read(held: Option<&super::Held>) -> Result<Option<Said>, StoreError> {
    held.map(super::Held::read).transpose()
}
