//! The only door to Ed25519, hashing and randomness.

mod digest;
mod ed25519;
mod random;

pub use digest::{sha1, sha256, sha384};
pub use ed25519::{BadPublicKey, BadSignature, PublicKey, Signature, SigningKey};
pub use random::{OsRandom, Random, SeededRandom};
