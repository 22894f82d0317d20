//! Signing keys in text, as Matrix servers keep them.

use thiserror::Error;
use zeroize::Zeroizing;

use super::{KeyId, SignedError};
use crate::codec::{base64_unpadded, from_base64_unpadded};
use crate::crypto::{Random, SigningKey};

/// How the files of DNSSEC's private keys begin.
const DNSSEC: &str = "Private-key-format:";

/// A key that signs JSON, with its id. In text it is one line, as Synapse and other Matrix servers keep
/// their keys: `ed25519 0 <seed in unpadded base64>`.
#[derive(Debug, Clone)]
pub struct NamedKey {
    /// Its id.
    pub id: KeyId,
    /// The key.
    pub key: SigningKey,
}

/// Why text is no signing key. What stands in it is not shown: it may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyFileError {
    /// It is a key of the DNSSEC.
    #[error(
        "this is a key that zones are signed with; what is signed for people needs a key of its own: \
         threepid cert key --new FILE"
    )]
    Dnssec,
    /// It has another form.
    #[error("expected one line: ed25519, the key's id, and its seed in unpadded base64")]
    Form,
    /// The id is none.
    #[error(transparent)]
    Id(SignedError),
    /// The seed is none.
    #[error("bad seed: expected 32 octets in unpadded base64, 43 characters")]
    Seed,
}

impl NamedKey {
    /// A new key. Its id is the first 4 octets of its public part, so that no two keys of a server have
    /// the same.
    pub fn generate(random: &mut dyn Random) -> Self {
        let key = SigningKey::generate(random);
        let version = crate::codec::hex(&key.public().octets()[..4]);
        let id = KeyId::from_version(&version).expect("hexadecimal is printable");
        Self { id, key }
    }

    /// Reads a key.
    ///
    /// # Errors
    /// Where it is none, or one for zones.
    pub fn from_text(text: &str) -> Result<Self, KeyFileError> {
        if text.trim_start().starts_with(DNSSEC) {
            return Err(KeyFileError::Dnssec);
        }
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let ["ed25519", version, seed] = words[..] else { return Err(KeyFileError::Form) };
        let id = KeyId::from_version(version).map_err(KeyFileError::Id)?;
        let octets = Zeroizing::new(from_base64_unpadded(seed).map_err(|_| KeyFileError::Seed)?);
        let seed: &[u8; 32] = octets.as_slice().try_into().map_err(|_| KeyFileError::Seed)?;
        Ok(Self { id, key: SigningKey::from_seed(seed) })
    }

    /// Writes the key.
    pub fn to_text(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(base64_unpadded(self.key.seed().as_ref()));
        Zeroizing::new(format!("ed25519 {} {}\n", self.id.version(), *seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use proptest::prelude::*;

    #[test]
    fn a_key_of_synapse_is_read() {
        let seed = "Dcz13GlB2u4uNXxUZnaEpOwgVV2UfbEe0dk4C9kvGMg";
        let key = NamedKey::from_text(&format!("ed25519 a_Xy1 {seed}\n")).unwrap();
        assert_eq!(key.id.to_string(), "ed25519:a_Xy1");
        let public = "MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM";
        assert_eq!(base64_unpadded(key.key.public().octets()), public);
    }

    #[test]
    fn what_is_none_is_refused() {
        let told = |text: &str| NamedKey::from_text(text).unwrap_err();
        assert_eq!(
            told("Private-key-format: v1.3\nAlgorithm: 15 (ED25519)\n"),
            KeyFileError::Dnssec
        );
        for bad in ["", "ed25519 0", "rsa 0 AAAA", "ed25519 0 AAAA AAAA"] {
            assert_eq!(told(bad), KeyFileError::Form, "{bad}");
        }
        for bad in ["AAAA", "Dcz13GlB2u4uNXxUZnaEpOwgVV2UfbEe0dk4C9kvGMg=", "?"] {
            assert_eq!(told(&format!("ed25519 0 {bad}")), KeyFileError::Seed, "{bad}");
        }
        assert!(matches!(told("ed25519 é AAAA"), KeyFileError::Id(_)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seed: u64) {
            let key = NamedKey::generate(&mut SeededRandom::new(seed));
            let read = NamedKey::from_text(&key.to_text()).unwrap();
            prop_assert_eq!((read.id, read.key.public()), (key.id, key.key.public()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(ed25519 )?[ -~\n]{0,60}") {
            let _ = NamedKey::from_text(&text);
        }
    }
}
