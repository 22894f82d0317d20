//! What can be wrong with a key and a signature. More is not told: it would help nobody but forgers.

use thiserror::Error;

/// The octets are no public key of their kind, or one that is not accepted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a usable public key")]
pub struct BadPublicKey;

/// The signature is not this key's over these octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct BadSignature;
