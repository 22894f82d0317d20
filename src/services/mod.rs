//! What the process answers on the network, protocol by protocol.

pub mod admin;
