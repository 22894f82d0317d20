//! The root list: which trees there are, and what proves each; signed by those who keep the list.
//!
//! ```json
//! {"type": "threepid.root_list", "version": 7, "expires": 1797776000000,
//!  "keys": {"alice.example": {"ed25519:1": "…"}, "bob.example": {"ed25519:1": "…"}},
//!  "threshold": 2,
//!  "roots": [{"apex": "3pid.example.", "servers": ["192.0.2.1", "2001:db8::1"],
//!             "ds": ["2371 15 2 1f4a…"], "publish": "https://publish.3pid.example/"}],
//!  "signatures": {"alice.example": {"ed25519:1": "…"}, "bob.example": {"ed25519:1": "…"}}}
//! ```
//! It has exactly these members. Times are in milliseconds since 1970. Keys are named as Matrix names
//! them, by who has them and an id. A root has its apex in lower
//! case with the dot at the end, the addresses of its servers, DS records without owner and type, and
//! where statements are published: a URL whose path is `/`, by HTTPS but on loopback. One value has
//! one text: what is written in another form is refused.
//!
//! Whoever holds a list follows it to the next one ([`RootList::succeeds`]): its version is one more,
//! and it is signed by a threshold of the keys of the list that is held, and by a threshold of its own.
//! So keys are replaced without anybody having to be told. A key counts once, by whatever names. Lists
//! on the way may have expired, as they only lead on; the one that is used may not.
//!
//! Keys of root lists are never used for anything else: neither for DNSSEC nor for verification.

mod read;
mod succession;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use thiserror::Error;

pub use succession::{Refusal, Tally};

use crate::clock::Timestamp;
use crate::codec::Url;
use crate::crypto::{PublicKey, SigningKey};
use crate::signed::{KeyName, Limits, MAX_INTEGER, Signatures, SignedError};
use crate::wire::Name;
use crate::wire::rdata::Ds;

/// The member `type` of every root list.
const TYPE: &str = "threepid.root_list";

/// The longest list, in octets of its canonical form: some 200 roots.
pub const MAX_OCTETS: usize = 65_536;

/// How many keys a list may have: each may cost a verification, and this many cost 3 ms.
pub const MAX_KEYS: usize = 64;

/// How many signatures a list may have: one for each key of the list before it, and of its own.
pub const MAX_SIGNATURES: usize = 2 * MAX_KEYS;

/// How many roots a list may have: a client asks them all for each identifier.
pub const MAX_ROOTS: usize = 64;

/// How many servers a root may have: the public one has 26 addresses.
pub const MAX_SERVERS: usize = 32;

/// How many DS records a root may have: two digests of the old key and the new, and then some.
pub const MAX_DS: usize = 16;

/// What is read of a list.
const LIMITS: Limits = Limits { octets: MAX_OCTETS, depth: 4 };

/// Why something is no root list.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RootListError {
    /// The JSON, or a name in it, is malformed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The JSON is something else.
    #[error("type {0:?}, expected {TYPE:?}")]
    Type(String),
    /// It has no version that there can be.
    #[error("version {0}, expected 1 to {max}", max = u32::MAX)]
    Version(u64),
    /// It ends when JSON cannot tell.
    #[error("it expires later than JSON can tell")]
    Expires,
    /// A key is none.
    #[error("key {0}: expected an Ed25519 key in unpadded base64")]
    PublicKey(KeyName),
    /// No signatures would be enough, or those of all keys would not.
    #[error("a threshold of {threshold}, expected 1 to {keys}, as there are {keys} different keys")]
    Threshold {
        /// How many keys have to sign.
        threshold: u64,
        /// How many there are.
        keys: usize,
    },
    /// There is nothing, or too much, of something.
    #[error("{found} {what}, expected 1 to {most}")]
    Count {
        /// Of what.
        what: String,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// Members of a root are missing, or too many.
    #[error("{at}: {cause}")]
    In {
        /// The place of the root, as `roots[0]`.
        at: String,
        /// What is wrong with it.
        cause: SignedError,
    },
    /// A value of a root is malformed, or not written as it is here.
    #[error("{at}: {text:?}, expected {expected}")]
    Value {
        /// Its place, as `roots[0].ds[1]`.
        at: String,
        /// What is in it.
        text: String,
        /// What is expected.
        expected: &'static str,
    },
    /// Two roots have the same apex.
    #[error("root {0} is listed twice")]
    Twice(Name),
}

/// One tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRoot {
    /// Its topmost name.
    pub apex: Name,
    /// The addresses of its servers.
    pub servers: Vec<IpAddr>,
    /// Digests of the keys that sign its zone.
    pub ds: Vec<Ds>,
    /// The server that statements are published at. The path there never varies, so that none is here.
    pub publish: Url,
}

/// What a root list says, apart from who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Its place in the line of lists, from 1.
    pub version: u32,
    /// The last moment at which it may be used.
    pub expires: Timestamp,
    /// The keys that sign the list after this one, and this one.
    pub keys: BTreeMap<KeyName, PublicKey>,
    /// How many of them have to sign.
    pub threshold: u32,
    /// The trees, each apex once.
    pub roots: Vec<ListedRoot>,
}

impl Terms {
    /// How many different keys there are: one can have several names.
    pub fn distinct_keys(&self) -> usize {
        self.keys.values().map(PublicKey::octets).collect::<BTreeSet<_>>().len()
    }

    /// The names of a key here.
    pub fn names_of(&self, key: &PublicKey) -> impl Iterator<Item = &KeyName> {
        self.keys.iter().filter(move |(_, own)| *own == key).map(|(name, _)| name)
    }

    /// Refuses what no list can say.
    fn check(&self) -> Result<(), RootListError> {
        if self.version == 0 {
            return Err(RootListError::Version(0));
        }
        if self.expires.as_millis() > MAX_INTEGER.unsigned_abs() {
            return Err(RootListError::Expires);
        }
        count("keys", self.keys.len(), MAX_KEYS)?;
        let (threshold, keys) = (u64::from(self.threshold), self.distinct_keys());
        if !(1..=keys as u64).contains(&threshold) {
            return Err(RootListError::Threshold { threshold, keys });
        }
        count("roots", self.roots.len(), MAX_ROOTS)?;
        let mut apexes = BTreeSet::new();
        for root in &self.roots {
            count(&format!("servers of {}", root.apex), root.servers.len(), MAX_SERVERS)?;
            count(&format!("DS records of {}", root.apex), root.ds.len(), MAX_DS)?;
            if !apexes.insert(root.apex.to_string()) {
                return Err(RootListError::Twice(root.apex.clone()));
            }
        }
        Ok(())
    }
}

fn count(what: &str, found: usize, most: usize) -> Result<(), RootListError> {
    let fits = (1..=most).contains(&found);
    if fits { Ok(()) } else { Err(RootListError::Count { what: what.to_owned(), found, most }) }
}

/// A root list, or a draft of one that nobody has signed. Nobody has checked its signatures yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootList {
    terms: Terms,
    signatures: Signatures,
}

impl RootList {
    /// Puts terms and signatures together.
    ///
    /// # Errors
    /// Where no list can say that, or it would be too long.
    pub fn new(terms: Terms, signatures: Signatures) -> Result<Self, RootListError> {
        terms.check()?;
        let (found, most) = (signatures.len(), MAX_SIGNATURES);
        if found > most {
            let what = "signatures".to_owned();
            return Err(RootListError::Count { what, found, most });
        }
        let list = Self { terms, signatures };
        let length = list.to_octets().len();
        if length > MAX_OCTETS {
            return Err(SignedError::TooLong { length, limit: MAX_OCTETS }.into());
        }
        Ok(list)
    }

    /// The list with the signature of `key`, whose name is `name`, added to it.
    ///
    /// # Errors
    /// Where there are too many then.
    pub fn sign(mut self, name: KeyName, key: &SigningKey) -> Result<Self, RootListError> {
        self.signatures.insert(name, key.sign(&self.signed_octets()));
        Self::new(self.terms, self.signatures)
    }

    /// What it says.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Its place in the line of lists.
    pub fn version(&self) -> u32 {
        self.terms.version
    }

    /// Who signed it, checked by nobody yet.
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }
}
