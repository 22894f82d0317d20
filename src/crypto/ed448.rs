//! Ed448 (RFC 8032) without a context: verification alone.

use std::fmt;

use super::{BadPublicKey, BadSignature};

/// A public key.
#[derive(Clone, Copy)]
pub struct Ed448PublicKey(crrl::ed448::PublicKey);

impl Ed448PublicKey {
    /// The key with these octets.
    ///
    /// # Errors
    /// [`BadPublicKey`] where they are not a point on the curve, or one of small order, whose
    /// signatures say nothing.
    pub fn from_octets(octets: &[u8]) -> Result<Self, BadPublicKey> {
        crrl::ed448::PublicKey::decode(octets)
            .filter(|key| key.point.has_low_order() == 0)
            .map(Self)
            .ok_or(BadPublicKey)
    }

    /// The key's octets.
    pub fn octets(&self) -> &[u8; 57] {
        &self.0.encoded
    }

    /// Checks that `signature` is this key's over `message`.
    ///
    /// # Errors
    /// [`BadSignature`] where it is not.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        if self.0.verify_raw(signature, message) { Ok(()) } else { Err(BadSignature) }
    }
}

impl fmt::Debug for Ed448PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed448PublicKey({})", crate::codec::base64_unpadded(self.octets()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::from_hex;

    /// RFC 8032 section 7.4, one octet.
    const KEY: &str = "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c086\
        6aea01eb00742802b8438ea4cb82169c235160627b4c3a9480";
    const SIGNATURE: &str = "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f435\
        2541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cb\
        cee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0f\
        f3348ab21aa4adafd1d234441cf807c03a00";
    /// The order of the group, its last octet first (RFC 8032 section 5.2).
    const ORDER: &str = "f34458ab92c27823558fc58d72c26c219036d6ae49db4ec4e923ca7cffffffff\
        ffffffffffffffffffffffffffffffffffffffffffffff3f";

    fn key() -> Ed448PublicKey {
        Ed448PublicKey::from_octets(&from_hex(KEY).unwrap()).unwrap()
    }

    #[test]
    fn known_answer() {
        let signature = from_hex(SIGNATURE).unwrap();
        assert_eq!(key().verify(&[3], &signature), Ok(()));
        assert_eq!(key().verify(&[4], &signature), Err(BadSignature));
        assert_eq!(key().verify(&[3], &signature[..113]), Err(BadSignature));
        assert_eq!(key().verify(&[3], &[]), Err(BadSignature));
    }

    #[test]
    fn a_signature_has_one_form() {
        let good = from_hex(SIGNATURE).unwrap();
        let unused_bits = [56 * 8, 56 * 8 + 6, 113 * 8, 113 * 8 + 7];
        for bit in unused_bits {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key().verify(&[3], &bad), Err(BadSignature), "{bit}");
        }
        // The same number once round the group.
        let (mut bad, mut carry) = (good, 0);
        for (octet, order) in bad[57..].iter_mut().zip(from_hex(ORDER).unwrap()) {
            let sum = u16::from(*octet) + u16::from(order) + carry;
            (*octet, carry) = (sum.to_le_bytes()[0], sum >> 8);
        }
        assert_eq!((carry, key().verify(&[3], &bad)), (0, Err(BadSignature)));
    }

    #[test]
    fn points_of_small_order_are_no_keys() {
        let zero = [0; 57];
        let mut neutral = zero;
        neutral[0] = 1;
        let minus_one = from_hex(&["fe", &"ff".repeat(27), "fe", &"ff".repeat(27), "00"].concat());
        for octets in [zero.to_vec(), neutral.to_vec(), minus_one.unwrap()] {
            assert!(crrl::ed448::PublicKey::decode(&octets).is_some(), "a point: {octets:?}");
            assert_eq!(Ed448PublicKey::from_octets(&octets).err(), Some(BadPublicKey));
        }
        let mut beyond = from_hex(KEY).unwrap();
        beyond[56] |= 1;
        assert_eq!(Ed448PublicKey::from_octets(&beyond).err(), Some(BadPublicKey));
        assert_eq!(Ed448PublicKey::from_octets(&[]).err(), Some(BadPublicKey));
    }
}
