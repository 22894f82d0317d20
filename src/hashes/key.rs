//! Peppers, and what is kept of a hash.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::codec;
use crate::crypto::{Random, sha256};
use crate::threepid::Threepid;

/// Characters of a pepper that is drawn: 128 bits.
const PEPPER: usize = 32;
/// Octets that are kept of a hash: among a million million addresses two would have the same with a
/// probability of 1 to 10^14.
const KEPT: usize = 16;

/// What clients append to an address before they hash it: characters of `a-zA-Z0-9`. It is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pepper(Arc<str>);

/// A text that is no pepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pepper is characters of a-z, A-Z and 0-9")]
pub struct NotAPepper;

impl Pepper {
    /// Draws one.
    pub fn draw(random: &mut dyn Random) -> Self {
        let mut octets = [0; PEPPER / 2];
        random.fill(&mut octets);
        Self(codec::hex(&octets).into())
    }

    /// The pepper.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pepper {
    type Err = NotAPepper;

    fn from_str(text: &str) -> Result<Self, NotAPepper> {
        let is_one = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric());
        if is_one { Ok(Self(text.into())) } else { Err(NotAPepper) }
    }
}

/// The first 16 octets of the hash of an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub(super) [u8; KEPT]);

impl Key {
    /// That of an identifier: SHA-256 of `address medium pepper`.
    pub fn of(threepid: &Threepid, pepper: &Pepper) -> Self {
        let (address, medium) = (threepid.address(), threepid.medium().as_str());
        Self::cut(sha256(format!("{address} {medium} {}", pepper.as_str()).as_bytes()))
    }

    /// That of a hash as clients send it: URL-safe base64 without padding (RFC 4648 section 5), in its one
    /// form. Anything else is none's.
    #[inline]
    pub fn read(text: &str) -> Option<Self> {
        codec::from_base64url_unpadded(text).ok().map(Self::cut)
    }

    fn cut(hash: [u8; 32]) -> Self {
        Self(*hash.first_chunk().expect("16 are less than 32"))
    }

    /// As it is spread: a part of a hash is one.
    #[inline]
    pub(super) fn hash(&self) -> u64 {
        u64::from_be_bytes(*self.0.first_chunk().expect("8 are less than 16"))
    }
}

/// Tells nothing of an address that could be guessed.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
