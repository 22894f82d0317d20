//! RSA with PKCS #1 v1.5 padding (RFC 8017 section 8.2): verification alone.

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RsaParameters, RsaPublicKeyComponents,
};

use super::{BadPublicKey, BadSignature};

/// The hash that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl RsaHash {
    fn parameters(self) -> &'static RsaParameters {
        match self {
            Self::Sha1 => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            Self::Sha512 => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        }
    }
}

/// A public key.
#[derive(Debug, Clone, Copy)]
pub struct RsaPublicKey<'a> {
    exponent: &'a [u8],
    modulus: &'a [u8],
}

impl<'a> RsaPublicKey<'a> {
    /// Bits of the shortest modulus: a shorter one is factored for the price of a meal.
    pub const LEAST_MODULUS: usize = 1024;
    /// Bits of the longest modulus, as in RFC 3110 section 2 and RFC 5702 section 2.
    pub const MOST_MODULUS: usize = 4096;
    /// Bits of the longest exponent: 2^32 + 1 is in use; the work to verify grows with the length.
    pub const MOST_EXPONENT: usize = 33;

    /// The key of these two numbers, big-endian.
    ///
    /// # Errors
    /// [`BadPublicKey`] where they are too short, too long, or even.
    pub fn new(exponent: &'a [u8], modulus: &'a [u8]) -> Result<Self, BadPublicKey> {
        let (exponent, modulus) = (unpadded(exponent), unpadded(modulus));
        let fits = (2..=Self::MOST_EXPONENT).contains(&bits(exponent))
            && (Self::LEAST_MODULUS..=Self::MOST_MODULUS).contains(&bits(modulus));
        let odd =
            [exponent, modulus].iter().all(|number| number.last().is_some_and(|o| o % 2 == 1));
        if fits && odd { Ok(Self { exponent, modulus }) } else { Err(BadPublicKey) }
    }

    /// Checks that `signature` is this key's over `message`.
    ///
    /// # Errors
    /// [`BadSignature`] where it is not.
    pub fn verify(
        &self,
        hash: RsaHash,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        RsaPublicKeyComponents { n: self.modulus, e: self.exponent }
            .verify(hash.parameters(), message, signature)
            .map_err(|_| BadSignature)
    }
}

/// A number without zero octets in front. Signers that put some there are around, and harmless.
fn unpadded(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&octet| octet == 0).count();
    &number[zeros..]
}

/// How many bits a number has that does not start with a zero octet.
fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |octet| octet.leading_zeros() as usize);
    number.len() * 8 - unused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::from_hex;

    /// A key of OpenSSL's with the exponent 2^32 + 1, and its signature over `abc` by SHA-256.
    const MODULUS: &str = "bb9799f070e155ada52b418433f645140aafb60e6f240deb5290e582e3498785\
        a71e1bc3b293bdb0063af29a4fe2ce109233b805a4db1387f28d7f10d402338b\
        10a2371426113e416e5c185ff47cce093ffa291c83a3b15dbabc0926a23f3130\
        d659f5cfe1e8e5b980d288d75f0f0e4dcc05a28059cdecff9a702bd008f4e34f";
    const EXPONENT: [u8; 5] = [1, 0, 0, 0, 1];
    const SIGNATURE: &str = "4b856a73eea5782d2f19ee6abfac19cbfaf9f1f75dc60a8f654922fb92f19c7f\
        d7e72b7f8bcecaa76d09240452f911eac882213d41c5d3953c774b2ad5232d98\
        3e52ccc22f1ee7b2b327c1228a1e964689325d6ee14f489c4bbe2275bcbf5955\
        7e7cb3135f1cacb062c6e1e986358b57ced8784f42e4e8bed038a61f74623ab0";

    #[test]
    fn known_answer() {
        let (modulus, signature) = (from_hex(MODULUS).unwrap(), from_hex(SIGNATURE).unwrap());
        let key = RsaPublicKey::new(&EXPONENT, &modulus).unwrap();
        let verify = |hash, message| key.verify(hash, message, &signature);
        assert_eq!(verify(RsaHash::Sha256, b"abc"), Ok(()));
        assert_eq!(verify(RsaHash::Sha256, b"abd"), Err(BadSignature));
        assert_eq!(verify(RsaHash::Sha1, b"abc"), Err(BadSignature));
        assert_eq!(verify(RsaHash::Sha512, b"abc"), Err(BadSignature));
        let (exponent, modulus) = ([&[0], &EXPONENT[..]].concat(), [vec![0; 3], modulus].concat());
        let padded = RsaPublicKey::new(&exponent, &modulus).unwrap();
        assert_eq!(padded.verify(RsaHash::Sha256, b"abc", &signature), Ok(()));
    }

    #[test]
    fn numbers_have_bounds() {
        let usable = |exponent: &[u8], modulus: &[u8]| RsaPublicKey::new(exponent, modulus).is_ok();
        let number = |first: u8, octets: usize, last: u8| {
            let middle = vec![0; octets - 2];
            [vec![first], middle, vec![last]].concat()
        };
        let modulus = number(0x80, 128, 1);
        assert!(usable(&[3], &modulus) && usable(&[0xff, 0xff], &modulus));
        assert!(usable(&number(1, 5, 1), &modulus) && !usable(&number(2, 5, 1), &modulus));
        assert!(!usable(&[], &modulus) && !usable(&[0], &modulus) && !usable(&[1], &modulus));
        assert!(!usable(&[4], &modulus) && !usable(&[3], &number(0x80, 128, 2)));
        assert!(!usable(&[3], &number(0x7f, 128, 1)) && !usable(&[3], &[]));
        assert!(usable(&[3], &number(0x80, 512, 1)) && !usable(&[3], &number(1, 513, 1)));
    }
}
