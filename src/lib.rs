//! The DNS of third-party identifiers.

pub mod clock;
pub mod codec;
pub mod crypto;
pub mod dnssec;
pub mod wire;
