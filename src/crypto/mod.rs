//! The only door to signatures, hashing and randomness.
//!
//! What is made here is signed with Ed25519; the other algorithms verify what others made. Three
//! libraries stand behind the door: `ed25519-dalek`, `aws-lc-rs` for signing, RSA and ECDSA, and `crrl`
//! for Ed448, the one pure implementation that passes all of Wycheproof's vectors.

mod digest;
mod ecdsa;
mod ed25519;
mod ed448;
mod equal;
mod error;
mod random;
mod rsa;

pub use digest::{sha1, sha256, sha384};
pub use ecdsa::{EcdsaCurve, EcdsaPublicKey};
pub use ed448::Ed448PublicKey;
pub use ed25519::{PublicKey, Signature, SigningKey};
pub use equal::equal;
pub use error::{BadPublicKey, BadSignature};
pub use random::{OsRandom, Random, SeededRandom};
pub use rsa::{RsaHash, RsaPublicKey};
