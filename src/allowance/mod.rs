//! Allowances: how much somebody may have of what costs others, and how often.
//!
//! A [`Rate`] says how often. [`Gates`] count whoever comes, a [`Bound`] for each thing that is counted, in
//! memory that does not grow with them. Who is counted is the caller's to say: an address, a user, a
//! destination of messages, or the networks that a client is in. What somebody asks for may pass several
//! gates: an [`Errand`] takes its share at all of them, or at none. A [`Crowd`] counts those who are there at the
//! same time, of what takes a while.

mod crowd;
mod gates;
mod network;
mod rate;
mod table;

pub use crowd::{Crowd, Presence};
pub use gates::{Bound, Bounds, Errand, Gates, TooOften};
pub use network::{client, networks};
pub use rate::Rate;
