//! What the process answers on the network, protocol by protocol, and whom.

pub mod admin;
mod network;

pub use network::{Network, NetworkError};
