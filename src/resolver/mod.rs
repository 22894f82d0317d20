//! A validating iterative resolver as a machine without input and output.
//!
//! A [`Resolution`] answers one question: [`Resolution::step`] says what to send and is told what
//! came back, until it is done. Time, randomness and memory are arguments, so that a resolution can be
//! replayed. It walks from the configured [`Root`]s down referrals with QNAME minimisation (RFC 9156),
//! follows aliases across zones, chooses servers by their round-trip times, and validates
//! (RFC 4033 to 4035, RFC 6840, RFC 9824). What one request may cost is bounded by [`Limits`]; no
//! packet from the network makes it panic, loop or grow.
//!
//! For a zone it can ask resolvers instead of the authorities ([`Forward`]), and validates what they say
//! just the same.
//!
//! The servers of a root are hints: it asks those that the root's zone names (RFC 8109). What goes to
//! authorities is spelt in random case, which replies have to repeat. Questions about `localhost.` and
//! its like (RFC 6761) and about private networks (RFC 6303) go nowhere: see [`Special`].
//!
//! Whoever wants to see how it goes can watch it: [`Resolution::watched`] gives [`Note`]s.
//!
//! What is proved of one name answers questions about others (RFC 8198), where NSEC records do.
//!
//! How a resolution proceeds is drawn at the frames of its stack, in `frame.rs`.
//!
//! Bounds of what it does: class IN only; one question at a time; signatures by the algorithms of
//! [`dnssec`](crate::dnssec) only, zones signed otherwise count as unsigned; what is denied by hash
//! denies no other name; what is stale is told only where the driver asks for it ([`Staleness`]).

mod aggressive;
mod answer;
mod asking;
mod cache;
mod cause;
mod env;
mod follow;
mod frame;
mod judge;
mod limits;
mod lookup;
mod machine;
mod minimise;
mod note;
mod policy;
mod priming;
mod reply;
mod response;
mod server;
mod special;
mod spelling;
mod spent;
mod stale;
mod task;
mod trust;
mod walk;

#[cfg(test)]
mod testing;

pub use aggressive::Span;
pub use answer::{Answer, Cut, Kind, SignedRrset, Trusted};
pub use cache::{
    AnswerKey, Cache, CutKey, FailureKey, Key, ServerKey, Spans, StandingKey, Stored, Table, Tables,
};
pub use cause::{Cause, Fault, Flaw};
pub use env::Outgoing;
pub use limits::Limits;
pub use machine::{Input, Resolution, Step};
pub use note::{Meaning, Note, Obstacle};
pub use policy::{Checking, Families, Forward, Policy, Root};
pub use response::{Request, Response};
pub use server::{ServerState, Standing};
pub use special::Special;
pub use spent::{Spent, Work};
pub use stale::Staleness;
