//! What the process answers on the network, protocol by protocol, and whom.

pub mod admin;
pub mod cosign;
pub mod dns;
pub mod matrix;
mod page;
pub mod publish;
pub mod root_lists;
