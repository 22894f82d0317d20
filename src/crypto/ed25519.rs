//! Ed25519 (RFC 8032), with the strict verification that refuses keys of small order.
//!
//! `aws-lc-rs` signs, in half the time of `ed25519-dalek`, which keeps the keys and verifies. There is
//! one signature of a key over a message: both make the same octets.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::Ed25519KeyPair;
use zeroize::Zeroizing;

use super::{BadPublicKey, BadSignature, Random};
use crate::codec::{base64_unpadded, from_base64_unpadded};

/// 64 octets of signature.
pub type Signature = [u8; 64];

/// A private key. Wiped from memory when dropped, never shown.
#[derive(Clone)]
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    /// The same, ready to sign. Copies share it; the last one wipes it.
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new key.
    pub fn generate(random: &mut dyn Random) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        random.fill(seed.as_mut());
        Self::from_seed(&seed)
    }

    /// The key whose private part is `seed`.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            key: ed25519_dalek::SigningKey::from_bytes(seed),
            pair: Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 octets are a seed"),
        }
    }

    /// The private part.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// The public part.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key())
    }

    /// Signs `message`.
    pub fn sign(&self, message: &[u8]) -> Signature {
        let signature = self.pair.sign(message);
        signature.as_ref().try_into().expect("a signature has 64 octets")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(public: {:?})", self.public())
    }
}

/// A public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    /// The key with these octets.
    ///
    /// # Errors
    /// [`BadPublicKey`] where they are not a point on the curve.
    pub fn from_octets(octets: &[u8; 32]) -> Result<Self, BadPublicKey> {
        ed25519_dalek::VerifyingKey::from_bytes(octets).map(Self).map_err(|_| BadPublicKey)
    }

    /// The key's octets.
    pub fn octets(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks that `signature` is this key's over `message`.
    ///
    /// # Errors
    /// [`BadSignature`] where it is not.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.0.verify_strict(message, &signature).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// As Matrix writes it: in unpadded base64.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64_unpadded(self.octets()))
    }
}

impl FromStr for PublicKey {
    type Err = BadPublicKey;

    fn from_str(text: &str) -> Result<Self, BadPublicKey> {
        let octets = from_base64_unpadded(text).map_err(|_| BadPublicKey)?;
        Self::from_octets(&octets.try_into().map_err(|_| BadPublicKey)?)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::KeyPair;
    use ed25519_dalek::Signer;
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{from_hex, hex};

    /// RFC 8032 section 7.1, test 2.
    #[test]
    fn known_answer() {
        let seed = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = SigningKey::from_seed(&seed.unwrap().try_into().unwrap());
        let signature = key.sign(&[0x72]);
        assert!(hex(&signature).starts_with("92a009a9f0d4cab8720e820b5f642540"));
        assert_eq!(key.public().verify(&[0x72], &signature), Ok(()));
        assert_eq!(key.public().verify(&[0x73], &signature), Err(BadSignature));
    }

    #[test]
    fn a_public_key_has_one_text() {
        let text = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw";
        let key = SigningKey::from_seed(
            &from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
                .unwrap()
                .try_into()
                .unwrap(),
        );
        assert_eq!(key.public().to_string(), text);
        assert_eq!(text.parse(), Ok(key.public()));
        for bad in ["", "AAAA", &format!("{text}="), &text.replace("Zgw", "Zgx")] {
            assert_eq!(bad.parse::<PublicKey>(), Err(BadPublicKey), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::from_seed(&[7; 32]);
        let shown = format!("{key:?}");
        assert!(!shown.contains(&hex(&[7; 32])) && !shown.contains("BwcH"));
    }

    proptest! {
        #[test]
        fn both_libraries_make_the_same_octets(seed: [u8; 32], message: Vec<u8>) {
            let key = SigningKey::from_seed(&seed);
            let signature = key.sign(&message);
            prop_assert_eq!(signature, key.key.sign(&message).to_bytes());
            let public = key.public();
            prop_assert_eq!(key.pair.public_key().as_ref(), public.octets());
            prop_assert_eq!(public.verify(&message, &signature), Ok(()));
        }
    }
}
