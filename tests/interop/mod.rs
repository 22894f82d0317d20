//! Real peers: programs nobody here wrote resolve and validate our tree, from its anchor alone.
//!
//! Each test stands in a network namespace of its own, where port 53 is free and nothing else is.

mod clock;
mod dig;
mod flips;
pub(crate) mod namespace;
pub(crate) mod process;
mod tamper;
mod unbound;
