//! What each algorithm and digest number stands for: the one place where another is added.

use super::SignatureError;
use crate::crypto::{self, PublicKey};
use crate::wire::{Algorithm, DigestType};

/// Whether signatures of `algorithm` can be verified here.
pub fn supports(algorithm: Algorithm) -> bool {
    algorithm == Algorithm::ED25519
}

/// Checks `signature` over `message`. The octets of key and signature are as in DNSKEY and RRSIG.
pub(super) fn check(
    algorithm: Algorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    match algorithm {
        Algorithm::ED25519 => ed25519(public_key, message, signature),
        _ => Err(SignatureError::UnsupportedAlgorithm(algorithm)),
    }
}

/// RFC 8080: both stand as they are.
fn ed25519(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let key = public_key.try_into().map_err(|_| SignatureError::BadKey)?;
    let key = PublicKey::from_octets(key).map_err(|_| SignatureError::BadKey)?;
    let signature = signature.try_into().map_err(|_| SignatureError::Bogus)?;
    key.verify(message, signature).map_err(|_| SignatureError::Bogus)
}

/// The hash of `octets`, where the digest type is one that can be computed here.
pub(super) fn digest(digest_type: DigestType, octets: &[u8]) -> Option<Vec<u8>> {
    match digest_type {
        DigestType::SHA1 => Some(crypto::sha1(octets).to_vec()),
        DigestType::SHA256 => Some(crypto::sha256(octets).to_vec()),
        DigestType::SHA384 => Some(crypto::sha384(octets).to_vec()),
        _ => None,
    }
}

/// Whether DS records of `digest_type` can be compared here.
pub(super) fn supports_digest(digest_type: DigestType) -> bool {
    matches!(digest_type, DigestType::SHA1 | DigestType::SHA256 | DigestType::SHA384)
}
