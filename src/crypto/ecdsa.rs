//! ECDSA (FIPS 186-5) on the curves of NIST: verification alone.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey,
};

use super::{BadPublicKey, BadSignature};

/// A curve, and the hash that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EcdsaCurve {
    /// P-256 with SHA-256.
    P256,
    /// P-384 with SHA-384.
    P384,
}

impl EcdsaCurve {
    fn algorithm(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
        }
    }

    /// Octets of a public key: both coordinates.
    fn key_length(self) -> usize {
        match self {
            Self::P256 => 64,
            Self::P384 => 96,
        }
    }
}

/// A public key.
pub struct EcdsaPublicKey(ParsedPublicKey);

impl EcdsaPublicKey {
    /// The key with these octets: both coordinates, one after the other.
    ///
    /// # Errors
    /// [`BadPublicKey`] where they are not a point on the curve.
    pub fn from_octets(curve: EcdsaCurve, octets: &[u8]) -> Result<Self, BadPublicKey> {
        // What SEC 1 section 2.3.3 puts before coordinates that stand in full.
        const UNCOMPRESSED: u8 = 4;
        if octets.len() != curve.key_length() {
            return Err(BadPublicKey);
        }
        let point = [&[UNCOMPRESSED], octets].concat();
        ParsedPublicKey::new(curve.algorithm(), point).map(Self).map_err(|_| BadPublicKey)
    }

    /// Checks that `signature`, two numbers of full length one after the other, is this key's over
    /// `message`.
    ///
    /// # Errors
    /// [`BadSignature`] where it is not.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.0.verify_sig(message, signature).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for EcdsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcdsaPublicKey({})", crate::codec::base64_unpadded(self.0.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::from_hex;

    /// RFC 6979 appendix A.2.5, SHA-256 over `sample`.
    const KEY: &str = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
        7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    const SIGNATURE: &str = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
        f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

    #[test]
    fn known_answer() {
        let key = EcdsaPublicKey::from_octets(EcdsaCurve::P256, &from_hex(KEY).unwrap()).unwrap();
        let signature = from_hex(SIGNATURE).unwrap();
        assert_eq!(key.verify(b"sample", &signature), Ok(()));
        assert_eq!(key.verify(b"simple", &signature), Err(BadSignature));
        assert_eq!(key.verify(b"sample", &[0; 64]), Err(BadSignature));
        assert_eq!(key.verify(b"sample", &[0xff; 64]), Err(BadSignature));
        assert_eq!(key.verify(b"sample", &signature[..63]), Err(BadSignature));
    }

    #[test]
    fn a_key_is_a_point_on_its_curve() {
        let usable = |curve, octets: &[u8]| EcdsaPublicKey::from_octets(curve, octets).is_ok();
        let mut point = from_hex(KEY).unwrap();
        assert!(usable(EcdsaCurve::P256, &point) && !usable(EcdsaCurve::P384, &point));
        assert!(!usable(EcdsaCurve::P256, &point[..63]) && !usable(EcdsaCurve::P256, &[]));
        point[63] ^= 1;
        assert!(!usable(EcdsaCurve::P256, &point));
        assert!(!usable(EcdsaCurve::P256, &[0; 64]) && !usable(EcdsaCurve::P384, &[0; 96]));
    }
}
