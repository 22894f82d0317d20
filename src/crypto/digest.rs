//! Hash functions.

use sha2::Digest;

/// SHA-1 (FIPS 180-4): only where a standard leaves no choice, as in NSEC3 (RFC 5155).
pub fn sha1(data: &[u8]) -> [u8; 20] {
    sha1::Sha1::digest(data).into()
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(data).into()
}

/// SHA-384 (FIPS 180-4).
pub fn sha384(data: &[u8]) -> [u8; 48] {
    sha2::Sha384::digest(data).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::hex;

    #[test]
    fn known_answers() {
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(hex(&sha256(b"abc")).starts_with("ba7816bf8f01cfea"));
        assert!(hex(&sha384(b"abc")).starts_with("cb00753f45a35e8b"));
    }
}
