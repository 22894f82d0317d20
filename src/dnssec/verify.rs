//! Verifying one signature over one RRset (RFC 4035 section 5.3).

use thiserror::Error;

use super::{algorithm, canonical, key};
use crate::clock::Timestamp;
use crate::wire::rdata::{Dnskey, Rrsig};
use crate::wire::{Algorithm, EdeCode, Name, Rrset, Rtype, Ttl};

/// Why no signature proves an RRset. From the least telling to the most: of several signatures that
/// fail, the last in this order is reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum SignatureError {
    /// No signature covers the set.
    #[error("no signature covers it")]
    Missing,
    /// The signature covers another type, has more labels than the owner, or is by a zone that the
    /// owner does not lie in.
    #[error("the signature does not fit the set: {0}")]
    Misfit(&'static str),
    /// The algorithm cannot be verified here.
    #[error("algorithm {0} is not supported")]
    UnsupportedAlgorithm(Algorithm),
    /// No key has the signature's tag and algorithm, or the DS set's.
    #[error("no key of the zone has tag {0}")]
    NoKey(u16),
    /// The key may not sign a zone's data.
    #[error("the key lacks the zone bit or has another protocol than 3")]
    NotZoneKey,
    /// The key is revoked (RFC 5011).
    #[error("the key is revoked")]
    Revoked,
    /// The key's octets are no key.
    #[error("the key is malformed")]
    BadKey,
    /// The signature holds later. Both in seconds since the epoch as serial numbers.
    #[error("the signature is not valid before {inception}, now is {now}")]
    NotYetValid {
        /// Its start.
        inception: u32,
        /// The time of the check.
        now: u32,
    },
    /// The signature held earlier. Both in seconds since the epoch as serial numbers.
    #[error("the signature expired at {expiration}, now is {now}")]
    Expired {
        /// Its end.
        expiration: u32,
        /// The time of the check.
        now: u32,
    },
    /// The signature is not the key's over this set.
    #[error("the signature does not verify")]
    Bogus,
    /// The limits on work are reached.
    #[error("too much work to verify")]
    TooMuchWork,
}

impl SignatureError {
    /// The extended error that says this (RFC 8914).
    pub fn code(&self) -> EdeCode {
        match self {
            Self::Missing => EdeCode::RRSIGS_MISSING,
            Self::UnsupportedAlgorithm(_) => EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM,
            Self::NoKey(_) => EdeCode::DNSKEY_MISSING,
            Self::NotZoneKey => EdeCode::NO_ZONE_KEY_BIT_SET,
            Self::NotYetValid { .. } => EdeCode::SIGNATURE_NOT_YET_VALID,
            Self::Expired { .. } => EdeCode::SIGNATURE_EXPIRED,
            Self::Misfit(_) | Self::Revoked | Self::BadKey | Self::Bogus | Self::TooMuchWork => {
                EdeCode::DNSSEC_BOGUS
            }
        }
    }
}

/// What a signature proves of an RRset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The zone that signed.
    pub signer: Name,
    /// How long the set may be kept: its TTL, at most the signed one and the time that the
    /// signature has left (RFC 4035 section 5.3.3).
    pub ttl: Ttl,
    /// The wildcard that the set was expanded from. Then it is proved only together with a denial of
    /// everything between it and the owner (RFC 4035 section 5.3.4).
    pub wildcard: Option<Name>,
}

/// Verifies that `rrsig` is the signature of `key` over `rrset` and holds `now`. That the key is one
/// of the zone that signed is up to the caller, and [`super::TrustedKeys`] takes care of it.
///
/// # Errors
/// The first rule that is broken.
pub fn verify(
    rrset: &Rrset,
    rrsig: &Rrsig,
    key: &Dnskey,
    now: Timestamp,
) -> Result<Verified, SignatureError> {
    check_key(key)?;
    if (rrsig.key_tag, rrsig.algorithm) != (key.key_tag(), key.algorithm) {
        return Err(SignatureError::NoKey(rrsig.key_tag));
    }
    check_fit(rrset, rrsig)?;
    check_time(rrsig, now)?;
    check_signature(rrset, rrsig, key)?;
    Ok(verified(rrset, rrsig, now))
}

/// Whether a key may sign a zone's data (RFC 4034 section 2.1, RFC 5011 section 2.1).
pub(super) fn check_key(key: &Dnskey) -> Result<(), SignatureError> {
    if key.flags & Dnskey::ZONE == 0 || key.protocol != key::PROTOCOL {
        return Err(SignatureError::NotZoneKey);
    }
    if key.flags & Dnskey::REVOKE != 0 {
        return Err(SignatureError::Revoked);
    }
    Ok(())
}

/// Whether a signature can be one over this set (RFC 4035 section 5.3.1).
pub(super) fn check_fit(rrset: &Rrset, rrsig: &Rrsig) -> Result<(), SignatureError> {
    if rrsig.type_covered != rrset.rtype {
        return Err(SignatureError::Misfit("it covers another type"));
    }
    if rrsig.labels > canonical::labels(&rrset.name) {
        return Err(SignatureError::Misfit("it has more labels than the owner"));
    }
    if usize::from(rrsig.labels) < rrsig.signer.label_count() {
        return Err(SignatureError::Misfit("it has fewer labels than its signer"));
    }
    if !rrset.name.is_at_or_below(&rrsig.signer) {
        return Err(SignatureError::Misfit("its signer does not enclose the owner"));
    }
    if rrset.rtype == Rtype::DS && rrset.name == rrsig.signer {
        return Err(SignatureError::Misfit("a DS is signed by the parent"));
    }
    Ok(())
}

/// Whether a signature holds now. Times are serial numbers (RFC 4034 section 3.1.5).
pub(super) fn check_time(rrsig: &Rrsig, now: Timestamp) -> Result<(), SignatureError> {
    let (inception, expiration, now) = (rrsig.inception, rrsig.expiration, now.as_serial_secs());
    if is_after(inception, expiration) {
        return Err(SignatureError::Misfit("it ends before it starts"));
    }
    if is_after(inception, now) {
        return Err(SignatureError::NotYetValid { inception, now });
    }
    if is_after(now, expiration) {
        return Err(SignatureError::Expired { expiration, now });
    }
    Ok(())
}

/// Whether `a` is later than `b`, or half the circle away.
fn is_after(a: u32, b: u32) -> bool {
    b.wrapping_sub(a) > i32::MAX as u32
}

/// The costly part.
pub(super) fn check_signature(
    rrset: &Rrset,
    rrsig: &Rrsig,
    key: &Dnskey,
) -> Result<(), SignatureError> {
    let octets = canonical::signed_octets(rrset, rrsig)
        .ok_or(SignatureError::Misfit("it has more labels than the owner"))?;
    algorithm::check(rrsig.algorithm, &key.public_key, &octets, &rrsig.signature)
}

/// What a good signature proves.
pub(super) fn verified(rrset: &Rrset, rrsig: &Rrsig, now: Timestamp) -> Verified {
    let left = Ttl::from_secs(rrsig.expiration.wrapping_sub(now.as_serial_secs()));
    let signed = canonical::signed_owner(&rrset.name, rrsig.labels);
    Verified {
        signer: rrsig.signer.clone(),
        ttl: rrset.ttl.min(rrsig.original_ttl).min(left),
        wildcard: signed.filter(|signed| *signed != rrset.name),
    }
}
