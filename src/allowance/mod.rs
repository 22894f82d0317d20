//! Allowances: how much somebody may have of what costs others, and how often.
//!
//! A [`Rate`] says how often, [`Rates`] count for everybody who comes, in memory that does not grow with
//! them. Who is counted is the caller's to say: an address or a network, a user, a destination of messages.

mod rate;

pub use rate::{Rate, Rates};
