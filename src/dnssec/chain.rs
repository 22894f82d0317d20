//! The chain of trust, one zone at a time (RFC 4035 section 5): from the parent's DS set, or a trust
//! anchor, to the zone's keys, and from those to its data.

use thiserror::Error;

use super::algorithm::{supports, supports_digest};
use super::verify::{check_fit, check_key, check_signature, check_time, verified};
use super::{Effort, SignatureError, Verified, ds_matches};
use crate::clock::Timestamp;
use crate::wire::rdata::{Dnskey, Ds, Rrsig};
use crate::wire::{DigestType, EdeCode, Name, Rrset, Rtype};

/// Why a signed zone counts as unsigned here (RFC 4035 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unsupported {
    /// No DS is for an algorithm that can be verified here.
    #[error("no DS is for a supported algorithm")]
    Algorithm,
    /// No DS for a supported algorithm has a digest that can be computed here.
    #[error("no DS has a supported digest")]
    Digest,
}

impl Unsupported {
    /// The extended error that says this (RFC 8914).
    pub fn code(self) -> EdeCode {
        match self {
            Self::Algorithm => EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM,
            Self::Digest => EdeCode::UNSUPPORTED_DS_DIGEST_TYPE,
        }
    }
}

/// The records of a DS set, or trust anchors, that lead into a zone: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportedDs(Vec<Ds>);

impl SupportedDs {
    /// Those of `ds` that can be used here: of supported algorithm and digest, and SHA-1 only
    /// where there is nothing else (RFC 4509 section 3).
    ///
    /// # Errors
    /// [`Unsupported`] where there are none: the zone is then insecure, not bogus.
    pub fn select(ds: &[Ds]) -> Result<Self, Unsupported> {
        let mut chosen: Vec<Ds> = ds.iter().filter(|ds| supports(ds.algorithm)).cloned().collect();
        if chosen.is_empty() {
            return Err(Unsupported::Algorithm);
        }
        chosen.retain(|ds| supports_digest(ds.digest_type));
        if chosen.is_empty() {
            return Err(Unsupported::Digest);
        }
        if chosen.iter().any(|ds| ds.digest_type != DigestType::SHA1) {
            chosen.retain(|ds| ds.digest_type != DigestType::SHA1);
        }
        Ok(Self(chosen))
    }

    /// The records.
    pub fn records(&self) -> &[Ds] {
        &self.0
    }
}

/// The keys of a zone, proved by its DS set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKeys {
    zone: Name,
    keys: Vec<(u16, Dnskey)>,
    verified: Verified,
}

impl TrustedKeys {
    /// Proves a zone's DNSKEY set: one of `rrsigs` must be by a key of the set that a DS stands for
    /// (RFC 4035 section 5.2).
    ///
    /// # Errors
    /// Why no signature proves the set: the zone is then bogus.
    pub fn establish(
        ds: &SupportedDs,
        dnskeys: &Rrset,
        rrsigs: &[Rrsig],
        now: Timestamp,
        effort: &mut Effort,
    ) -> Result<Self, SignatureError> {
        if dnskeys.rtype != Rtype::DNSKEY {
            return Err(SignatureError::Misfit("it covers another type"));
        }
        let keys: Vec<(u16, Dnskey)> = dnskeys
            .rdata
            .iter()
            .filter_map(|rdata| Dnskey::parse(rdata).ok())
            .map(|key| (key.key_tag(), key))
            .collect();
        let entry = entry_points(ds, &dnskeys.name, &keys, effort)?;
        let verified = verify_with(&dnskeys.name, &entry, dnskeys, rrsigs, now, effort)?;
        Ok(Self { zone: dnskeys.name.clone(), keys, verified })
    }

    /// The zone.
    pub fn zone(&self) -> &Name {
        &self.zone
    }

    /// What was proved of the DNSKEY set itself: how long it may be kept.
    pub fn verified(&self) -> &Verified {
        &self.verified
    }

    /// Verifies `rrset`, data of this zone, with those of `rrsigs` that are this zone's.
    ///
    /// # Errors
    /// Why no signature proves the set: the most telling reason of all signatures.
    pub fn verify(
        &self,
        rrset: &Rrset,
        rrsigs: &[Rrsig],
        now: Timestamp,
        effort: &mut Effort,
    ) -> Result<Verified, SignatureError> {
        verify_with(&self.zone, &self.keys, rrset, rrsigs, now, effort)
    }
}

/// The keys that a DS stands for, each once.
fn entry_points(
    ds: &SupportedDs,
    zone: &Name,
    keys: &[(u16, Dnskey)],
    effort: &mut Effort,
) -> Result<Vec<(u16, Dnskey)>, SignatureError> {
    let mut entry = Vec::new();
    let mut error = SignatureError::NoKey(ds.0[0].key_tag);
    for (tag, key) in keys {
        let alike = ds.0.iter().filter(|ds| ds.key_tag == *tag && ds.algorithm == key.algorithm);
        for ds in alike {
            effort.digest()?;
            if ds_matches(ds, zone, key) {
                match check_key(key) {
                    Ok(()) => entry.push((*tag, key.clone())),
                    Err(cause) => error = error.max(cause),
                }
                break;
            }
        }
    }
    if entry.is_empty() { Err(error) } else { Ok(entry) }
}

/// Tries each signature of `zone` with the keys of its tag.
fn verify_with(
    zone: &Name,
    keys: &[(u16, Dnskey)],
    rrset: &Rrset,
    rrsigs: &[Rrsig],
    now: Timestamp,
    effort: &mut Effort,
) -> Result<Verified, SignatureError> {
    let mut error = SignatureError::Missing;
    for rrsig in rrsigs.iter().filter(|rrsig| rrsig.type_covered == rrset.rtype) {
        match verify_one(zone, keys, rrset, rrsig, now, effort) {
            Ok(()) => return Ok(verified(rrset, rrsig, now)),
            Err(cause) => error = error.max(cause),
        }
    }
    Err(error)
}

/// Tries one signature. All that costs little is checked before anything that costs much.
fn verify_one(
    zone: &Name,
    keys: &[(u16, Dnskey)],
    rrset: &Rrset,
    rrsig: &Rrsig,
    now: Timestamp,
    effort: &mut Effort,
) -> Result<(), SignatureError> {
    if rrsig.signer != *zone {
        return Err(SignatureError::Misfit("it is by another zone"));
    }
    if !supports(rrsig.algorithm) {
        return Err(SignatureError::UnsupportedAlgorithm(rrsig.algorithm));
    }
    check_fit(rrset, rrsig)?;
    check_time(rrsig, now)?;
    let mut error = SignatureError::NoKey(rrsig.key_tag);
    let alike = |key: &&(u16, Dnskey)| key.0 == rrsig.key_tag && key.1.algorithm == rrsig.algorithm;
    let most = effort.limits().keys_of_one_tag;
    for (_, key) in keys.iter().filter(alike).take(most) {
        match try_key(rrset, rrsig, key, effort) {
            Ok(()) => return Ok(()),
            Err(cause) => error = error.max(cause),
        }
    }
    Err(error)
}

fn try_key(
    rrset: &Rrset,
    rrsig: &Rrsig,
    key: &Dnskey,
    effort: &mut Effort,
) -> Result<(), SignatureError> {
    check_key(key)?;
    effort.validate()?;
    check_signature(rrset, rrsig, key).inspect_err(|_| effort.failed())
}
