//! DNSSEC (RFC 4033 to 4035, RFC 6840): canonical form, keys, signatures, denial of existence.
//!
//! One half makes: [`sign`] signs RRsets with a [`ZoneKey`], [`denial`] builds the compact denials
//! of RFC 9824. The other half judges: [`SupportedDs`] and [`TrustedKeys`] build a chain of trust one
//! zone at a time, and verify RRsets within an [`Effort`] that bounds what a hostile answer can cost.
//! What signs is Ed25519 (RFC 8080). What verifies is that, RSA, ECDSA and Ed448, as far as
//! [`Algorithms`] lets them; an algorithm is added in `algorithm` alone.
//!
//! ```
//! use std::time::Duration;
//! use threepid::clock::Timestamp;
//! use threepid::crypto::SeededRandom;
//! use threepid::dnssec::{Validity, ZoneKey, sign, verify};
//! use threepid::wire::{Rdata, Rrset, Rtype, Ttl};
//!
//! let key = ZoneKey::generate("example".parse()?, ZoneKey::KSK, &mut SeededRandom::new(1));
//! let address = Rdata::new(vec![192, 0, 2, 1])?;
//! let rrset = Rrset::single("a.example".parse()?, Rtype::A, Ttl::from_secs(300), address);
//! let now = Timestamp::from_secs(1_700_000_000);
//! let until = now.saturating_add(Duration::from_secs(100));
//! let rrsig = sign(&rrset, &key, Validity { inception: now, expiration: until });
//! let verified = verify(&rrset, &rrsig, &key.dnskey(), now)?;
//! assert_eq!(verified.ttl.as_secs(), 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod algorithm;
pub mod anchor;
pub mod canonical;
pub mod cds;
mod chain;
pub mod denial;
mod ds;
mod effort;
mod key;
pub mod keyfile;
pub mod lifecycle;
pub mod proof;
pub mod rollover;
mod sign;
mod verify;

pub use algorithm::Algorithms;
pub use chain::TrustedKeys;
pub use ds::{SupportedDs, Unsupported, digest_fits, ds_matches, ds_of, sha256_ds};
pub use effort::{Effort, Limits, Spent};
pub use key::{ZoneKey, cdnskey_rrset, cds_rrset, dnskey_rrset, signers};
pub use sign::{Policy, Validity, sign, sign_with_all};
pub use verify::{SignatureError, Verified, is_in_date, verify};

/// What validation says of data (RFC 4033 section 5). The weakest is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Security {
    /// It should be signed, and is not as it should be.
    Bogus,
    /// No trust anchor tells whether it should be signed.
    Indeterminate,
    /// A chain of signatures proves that it need not be signed.
    Insecure,
    /// A chain of signatures leads to it from a trust anchor.
    Secure,
}
