//! Publishing: a statement goes to every root, and on to whoever holds its name there.
//!
//! A root is asked at the service that is configured for it, or else where its zone says, proved by
//! DNSSEC ([`Finder`]). It holds the statement, or refuses it, or refers to the servers of a zone that it
//! has delegated: these are asked next ([`Referral`]), [16](Limits::hops) of them at most, each deeper in
//! the same tree.
//!
//! What cannot be delivered now waits in an [`Outbox`], a directory with a file for each identifier. A
//! [`Runner`] tries again, within 30 seconds, then ever later up to 6 hours, until every root has it or
//! has said why not, or somebody drops it. Both may be stopped at any moment, killed too: what was
//! answered is known afterwards, and what was not is sent again, which changes nothing where it arrived.
//! Of two statements about an identifier the newer goes out, whichever was put in first.
//!
//! # What a root can say
//!
//! | answer | what becomes of it |
//! |---|---|
//! | 201, 200 | the root has it |
//! | 409 | the root has a newer one: done |
//! | other 4xx with an `errcode` | refused: done, and told |
//! | 408, 429, 5xx; `M_UNRECOGNIZED`, `M_UNKNOWN`; nothing, or nothing that can be read | tried again; not before `Retry-After` |
//! | 307 `THREEPID_DELEGATED` | its servers are asked next; where the referral may not be followed, the root is tried again |
//!
//! [`Reply`] reads them.

mod at_work;
mod attempt;
mod entry;
mod finder;
mod limits;
mod outbox;
mod referral;
mod reply;
mod runner;
mod schedule;
mod service;
#[cfg(test)]
mod tests;

pub use attempt::{Attempt, Places, Publisher};
pub use entry::{Delivery, Done, Entry, EntryError, State, describe};
pub use finder::Finder;
pub use limits::Limits;
pub use outbox::{Added, EntryId, Outbox, OutboxError};
pub use referral::{Referral, ReferralError};
pub use reply::{DELEGATED, Reply, is_deeper};
pub use runner::{Runner, Selection};
pub use service::{Service, ServiceError, location};

/// The path of the service, on every server.
pub const PATH: &str = "/_threepid/v1/associations";
