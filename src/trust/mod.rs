//! Whether to believe a verification server: the chain from its signature to a key one trusts.
//!
//! A chain holds when every certificate in it is in date, is signed by the key above it, allows as
//! many certificates below it as there are, and has the identifier in scope; when it has at most
//! [`MAX_CHAIN`] certificates; and when the key above the last is an anchor that is trusted for the
//! identifier. A statement can have several signatures, and a server certificates by several others, so
//! that several [`Anchors`] may vouch for it: [`Vouching`] tells which.
//!
//! Certificates come from the tree that gave the association. Whoever fetches them asks
//! [`Judge::chain`] until it needs no more, and puts what was found into [`Collected`]:
//!
//! ```
//! use threepid::clock::Timestamp;
//! use threepid::threepid::Threepid;
//! use threepid::trust::{Anchors, Collected, Fetched, Judge, Step, Verdict};
//! # let key = |name: &str| threepid::signed::KeyName::new(name.parse().unwrap(), "ed25519:1".parse().unwrap());
//! # let public = threepid::crypto::SigningKey::from_seed(&[1; 32]).public();
//! # let fetch = |_: &threepid::signed::ServerName| Fetched::Absent;
//! let threepid = Threepid::parse_any("+44 7700 900123", None)?;
//! let (mut anchors, mut collected) = (Anchors::default(), Collected::default());
//! anchors.insert(key("verify.example"), public);
//! let verdict = loop {
//!     let judge = Judge {
//!         threepid: &threepid,
//!         now: Timestamp::from_secs(1_790_086_400),
//!         anchors: &anchors,
//!         collected: &collected,
//!     };
//!     match judge.chain(&key("telco.example"), |_public_key| true) {
//!         Step::Need(servers) => {
//!             for server in servers.into_iter().take(collected.room()) {
//!                 let found = fetch(&server);
//!                 collected.insert(server, found);
//!             }
//!         }
//!         Step::Done(judgement) => break judgement.verdict,
//!     }
//! };
//! assert_eq!(verdict, Verdict::Untrusted);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod anchors;
mod chain;
mod purpose;
pub mod root_list;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::BTreeMap;

pub use anchors::{Anchor, Anchors};
pub use chain::{Judge, MAX_CHAIN, Step};
pub use purpose::{Purpose, Purposes, Shared};
pub use verdict::{Chain, Judgement, Link, Place, Verdict, Vouching};

use crate::certificate::{Certificate, CertificateError};
use crate::signed::ServerName;

/// How many certificates for one key are looked at: by several issuers, old and new. Those that have
/// ended, or do not cover the identifier, give way to others.
pub const MAX_CERTIFICATES: usize = 8;

/// Of how many servers certificates are looked up for one statement: the 8 that may have signed it,
/// and as many above them.
pub const MAX_SERVERS: usize = 16;

/// What was found at the name of a server's certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// These records, malformed ones included.
    Records(Vec<Result<Certificate, CertificateError>>),
    /// Securely nothing, which is how certificates are revoked; or the server has no such name.
    Absent,
    /// The look-up failed, or its answer is not proven.
    Undetermined,
}

/// The certificates found so far, by server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collected(BTreeMap<ServerName, Fetched>);

impl Collected {
    /// Puts in what was found for a server.
    pub fn insert(&mut self, server: ServerName, found: Fetched) {
        self.0.insert(server, found);
    }

    fn get(&self, server: &ServerName) -> Option<&Fetched> {
        self.0.get(server)
    }

    /// Of how many servers more certificates may be looked up.
    pub fn room(&self) -> usize {
        MAX_SERVERS.saturating_sub(self.0.len())
    }

    fn is_full(&self) -> bool {
        self.room() == 0
    }
}

/// Judges by these certificates; servers that have none here have none at all.
pub fn settle<T>(
    certificates: impl IntoIterator<Item = Certificate>,
    judge: impl Fn(&Collected) -> Step<T>,
) -> T {
    let mut held: BTreeMap<ServerName, Vec<_>> = BTreeMap::new();
    for certificate in certificates {
        let server = certificate.terms().subject.server.clone();
        held.entry(server).or_default().push(Ok(certificate));
    }
    let mut collected = Collected::default();
    loop {
        match judge(&collected) {
            Step::Done(judged) => return judged,
            Step::Need(servers) => {
                for server in servers.into_iter().take(collected.room()) {
                    let found = held.remove(&server).map_or(Fetched::Absent, Fetched::Records);
                    collected.insert(server, found);
                }
            }
        }
    }
}
