//! What a client proves with that a session is its own.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::crypto;

/// The longest client secret, in octets (Matrix specification, Identity Service API, "Definitions").
const MAX: usize = 255;

/// A secret that a client chose for a session: 1 to 255 of `[0-9a-zA-Z.=_-]`.
#[derive(Clone)]
pub struct ClientSecret(Zeroizing<String>);

/// A text that is no client secret. It is not repeated: it may be somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a client secret: expected 1 to {MAX} of 0-9 a-z A-Z . = _ -")]
pub struct BadClientSecret;

impl ClientSecret {
    /// The secret itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In a time that does not depend on where they differ.
impl PartialEq for ClientSecret {
    fn eq(&self, other: &Self) -> bool {
        crypto::equal(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl Eq for ClientSecret {}

impl FromStr for ClientSecret {
    type Err = BadClientSecret;

    fn from_str(text: &str) -> Result<Self, BadClientSecret> {
        let known = |octet: u8| octet.is_ascii_alphanumeric() || b".=_-".contains(&octet);
        if (1..=MAX).contains(&text.len()) && text.bytes().all(known) {
            return Ok(Self(Zeroizing::new(text.to_owned())));
        }
        Err(BadClientSecret)
    }
}

/// Tells nothing.
impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_secret_is() {
        for good in ["a", "0aZ.=_-", &"x".repeat(255)] {
            assert_eq!(good.parse::<ClientSecret>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a/b", "ä", "a\n", &"x".repeat(256)] {
            assert!(bad.parse::<ClientSecret>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn it_does_not_show() {
        let secret: ClientSecret = "monkeys".parse().unwrap();
        assert!(!format!("{secret:?}").contains("monkeys"));
    }
}
