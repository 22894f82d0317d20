//! Whether to believe a verification server: the chain from its signature to a key one trusts.
//!
//! A chain holds when every certificate in it is in date, is signed by the key above it, allows as
//! many certificates below it as there are, and has the identifier in scope; when it has at most
//! [`MAX_CHAIN`] certificates; and when the key above the last is an anchor.
//!
//! Certificates come from the tree that gave the association. Whoever fetches them asks
//! [`Judge::chain`] until it needs no more, and puts what was found into [`Collected`]:
//!
//! ```
//! use threepid::clock::Timestamp;
//! use threepid::threepid::Threepid;
//! use threepid::trust::{Anchors, Collected, Found, Judge, Step, Verdict};
//! # let key = |name: &str| threepid::signed::KeyName::new(name.parse().unwrap(), "ed25519:1".parse().unwrap());
//! # let fetch = |_: &threepid::signed::ServerName| Found::Absent;
//! let threepid = Threepid::parse_any("+44 7700 900123", None)?;
//! let (anchors, mut collected) = (Anchors::default(), Collected::default());
//! let verdict = loop {
//!     let judge = Judge {
//!         threepid: &threepid,
//!         now: Timestamp::from_secs(1_790_086_400),
//!         anchors: &anchors,
//!         collected: &collected,
//!     };
//!     match judge.chain(&key("telco.example"), |_public_key| true) {
//!         Step::Need(server) => {
//!             let found = fetch(&server);
//!             collected.insert(server, found);
//!         }
//!         Step::Done(verdict) => break verdict,
//!     }
//! };
//! assert_eq!(verdict, Verdict::Untrusted);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chain;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

pub use chain::{Judge, MAX_CHAIN, Step};

use crate::certificate::{Certificate, CertificateError};
use crate::crypto::PublicKey;
use crate::signed::{KeyName, ServerName};

/// How many certificates of one server are looked at.
const MAX_CERTIFICATES: usize = 8;

/// Of how many servers certificates are looked up.
const MAX_SERVERS: usize = 8;

/// Keys that are believed without a certificate: those of the root verification servers one trusts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anchors(BTreeMap<KeyName, PublicKey>);

impl Anchors {
    /// Trusts a key.
    pub fn insert(&mut self, name: KeyName, key: PublicKey) {
        self.0.insert(name, key);
    }

    /// The key of this name.
    pub fn get(&self, name: &KeyName) -> Option<&PublicKey> {
        self.0.get(name)
    }

    /// The keys of a server.
    fn of<'a>(&'a self, server: &ServerName) -> impl Iterator<Item = (&'a KeyName, &'a PublicKey)> {
        self.0.iter().filter(move |(name, _)| name.server == *server)
    }
}

/// What was found at the name of a server's certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These records, malformed ones included.
    Records(Vec<Result<Certificate, CertificateError>>),
    /// Securely nothing, which is how certificates are revoked; or the server has no such name.
    Absent,
    /// The look-up failed, or its answer is not proven.
    Undetermined,
}

/// The certificates found so far, by server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collected(BTreeMap<ServerName, Found>);

impl Collected {
    /// Puts in what was found for a server.
    pub fn insert(&mut self, server: ServerName, mut found: Found) {
        if let Found::Records(records) = &mut found {
            records.truncate(MAX_CERTIFICATES);
        }
        self.0.insert(server, found);
    }

    fn get(&self, server: &ServerName) -> Option<&Found> {
        self.0.get(server)
    }

    fn is_full(&self) -> bool {
        self.0.len() >= MAX_SERVERS
    }
}

/// What a chain of certificates is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It holds.
    Valid,
    /// A certificate does not cover the identifier.
    OutOfScope,
    /// A certificate has ended.
    Expired,
    /// A certificate has not started.
    NotYetValid,
    /// More certificates than one of them allows, or than [`MAX_CHAIN`].
    PathTooLong,
    /// A certificate, or what is judged, is not signed by the key above it.
    BadSignature,
    /// What should be a certificate is none.
    Malformed,
    /// The chain ends at a key that nobody vouches for.
    Untrusted,
    /// Certificates could not be looked up: not to be trusted now.
    Undetermined,
}

impl Verdict {
    /// The verdict in a word, for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::OutOfScope => "out_of_scope",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::PathTooLong => "path_too_long",
            Self::BadSignature => "bad_signature",
            Self::Malformed => "malformed",
            Self::Untrusted => "untrusted",
            Self::Undetermined => "undetermined",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
