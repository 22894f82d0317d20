//! Why a step is not taken.

use std::fmt;

use thiserror::Error;

use super::Role;
use crate::clock::Timestamp;

/// A step that would break the chain of trust, or has nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No key of this role signs.
    #[error("the zone has no {0} that signs: there is nothing to roll")]
    NoKey(Role),
    /// The zone's keys are of another role.
    #[error("the zone has no {asked}: its keys sign everything")]
    OtherRole {
        /// The one that was asked for.
        asked: Role,
    },
    /// The zone has keys of two roles.
    #[error("the zone has keys of two kinds, and one of them is to be rolled")]
    Ambiguous,
    /// The last roll is not over.
    #[error("key {tag} is on its way already: {}", wait(*.safe, "it signs from", "its DS record has to be seen at the parent first"))]
    Underway {
        /// The key that comes.
        tag: u16,
        /// When it signs, where that is known. Then the next can start.
        safe: Option<Timestamp>,
    },
    /// Another anchor stands by.
    #[error("key {0} stands by already")]
    StandsBy(u16),
    /// The start lies in the past.
    #[error("a roll cannot start in the past")]
    Past,
    /// No key waits for its DS record.
    #[error("no key waits for its DS record to be seen")]
    NothingWaits,
    /// The DS record cannot have been seen then.
    #[error("the DS record of key {tag} was not to be seen before {}, nor later than now", utc(*.from))]
    NotSeen {
        /// The key.
        tag: u16,
        /// When the parent was asked for its DS record.
        from: Timestamp,
    },
    /// No key is on its way.
    #[error("no key is on its way that signs nothing yet: there is nothing to take back")]
    NothingComes,
    /// The key that is on its way signs too soon.
    #[error("key {tag} signs from {}: not every server would hear before that it does not", utc(*.switch))]
    TooLate {
        /// The key.
        tag: u16,
        /// When it signs.
        switch: Timestamp,
    },
    /// The key that is meant is not there, or there are several.
    #[error("which key is meant has to be told by its tag: {0}")]
    Which(String),
    /// Nobody would trust what is left.
    #[error(
        "resolvers would be left without a key that they trust: {}",
        wait(*.safe, "it is safe from", "no other one stands by")
    )]
    Alone {
        /// When somebody trusts another key, if there is one.
        safe: Option<Timestamp>,
    },
}

impl Refusal {
    /// When the step can be taken, where that is known.
    pub fn safe(&self) -> Option<Timestamp> {
        match self {
            Self::Underway { safe, .. } | Self::Alone { safe } => *safe,
            _ => None,
        }
    }
}

fn wait(safe: Option<Timestamp>, until: &str, otherwise: &str) -> String {
    safe.map_or_else(|| otherwise.to_owned(), |safe| format!("{until} {}", utc(safe)))
}

/// A moment for people: `2026-12-31 23:59:59 UTC`.
pub fn utc(moment: Timestamp) -> impl fmt::Display {
    let date = crate::codec::date(moment.as_secs());
    let (year, rest) = date.split_at(date.len() - 10);
    let part = |at: usize| &rest[at..at + 2];
    format!("{year}-{}-{} {}:{}:{} UTC", part(0), part(2), part(4), part(6), part(8))
}
