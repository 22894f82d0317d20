//! Real peers: programs nobody here wrote resolve and validate our tree, from its anchor alone, and
//! our resolver does so with theirs.
//!
//! Each test stands in a network namespace of its own, where port 53 is free and nothing else is.

pub(crate) mod client;
mod clock;
mod differential;
mod dig;
mod flips;
mod foreign;
mod insecure;
mod ipv6;
mod kresd;
mod names;
pub(crate) mod namespace;
mod parent;
pub(crate) mod process;
mod rolling;
mod tamper;
mod unbound;
