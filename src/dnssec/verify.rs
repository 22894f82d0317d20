//! Verifying one signature over one RRset (RFC 4035 section 5.3).

use thiserror::Error;

use super::{algorithm, canonical, key};
use crate::clock::Timestamp;
use crate::codec::date;
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
    /// There is such a key, but the digest in its DS is that of another one.
    #[error("the key with tag {0} is not the one that the DS stands for")]
    OtherDigest(u16),
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
    #[error("the signature is not valid before {}, now is {}", moment(*inception), moment(*now))]
    NotYetValid {
        /// Its start.
        inception: u32,
        /// The time of the check.
        now: u32,
    },
    /// The signature held earlier. Both in seconds since the epoch as serial numbers.
    #[error("the signature expired at {}, now is {}", moment(*expiration), moment(*now))]
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

/// As RRSIG records show it.
fn moment(secs: u32) -> String {
    date(secs.into())
}

impl SignatureError {
    /// The extended error that says this (RFC 8914).
    pub fn code(&self) -> EdeCode {
        match self {
            Self::Missing => EdeCode::RRSIGS_MISSING,
            Self::UnsupportedAlgorithm(_) => EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM,
            Self::NoKey(_) | Self::OtherDigest(_) => EdeCode::DNSKEY_MISSING,
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
    /// The tag of the key that signed.
    pub key_tag: u16,
    /// The key's algorithm.
    pub algorithm: Algorithm,
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
    if key.is_revoked() {
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

/// Whether a signature holds at `now`, so far as its times say.
pub fn is_in_date(rrsig: &Rrsig, now: Timestamp) -> bool {
    check_time(rrsig, now).is_ok()
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
        key_tag: rrsig.key_tag,
        algorithm: rrsig.algorithm,
        ttl: rrset.ttl.min(rrsig.original_ttl).min(left),
        wildcard: signed.filter(|signed| *signed != rrset.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use crate::dnssec::{Validity, ZoneKey, sign};
    use crate::wire::Rdata;

    const START: u64 = 1_700_000_000;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn key() -> ZoneKey {
        ZoneKey::generate(name("zone.e"), ZoneKey::KSK, &mut SeededRandom::new(1))
    }

    fn rrset(owner: &str, rtype: Rtype) -> Rrset {
        let address = Rdata::new(vec![192, 0, 2, 1]).unwrap();
        Rrset::single(name(owner), rtype, Ttl::from_secs(300), address)
    }

    fn validity(inception: u64, expiration: u64) -> Validity {
        let [inception, expiration] = [inception, expiration].map(Timestamp::from_secs);
        Validity { inception, expiration }
    }

    fn signed(rrset: &Rrset) -> Rrsig {
        sign(rrset, &key(), validity(START, START + 1000))
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn times_are_checked_to_the_second() {
        let rrset = rrset("a.zone.e", Rtype::A);
        let (rrsig, key) = (signed(&rrset), key().dnskey());
        let ttl = |secs| verify(&rrset, &rrsig, &key, at(secs)).map(|good| good.ttl.as_secs());
        let early = verify(&rrset, &rrsig, &key, at(START - 1)).unwrap_err();
        assert_eq!(early.code(), EdeCode::SIGNATURE_NOT_YET_VALID);
        assert_eq!(ttl(START), Ok(300));
        assert_eq!(ttl(START + 900), Ok(100));
        assert_eq!(ttl(START + 1000), Ok(0));
        let late = verify(&rrset, &rrsig, &key, at(START + 1001)).unwrap_err();
        assert_eq!(late.code(), EdeCode::SIGNATURE_EXPIRED);
    }

    #[test]
    fn times_go_round() {
        let rrset = rrset("a.zone.e", Rtype::A);
        let round = 1 << 32;
        let rrsig = sign(&rrset, &key(), validity(round - 10, round + 10));
        let check = |secs| verify(&rrset, &rrsig, &key().dnskey(), at(secs)).is_ok();
        assert!(check(round - 10) && check(round) && check(round + 10));
        assert!(!check(round - 11) && !check(round + 11));
        let backwards = sign(&rrset, &key(), validity(START + 1, START));
        let error = verify(&rrset, &backwards, &key().dnskey(), at(START)).unwrap_err();
        assert_eq!(error, SignatureError::Misfit("it ends before it starts"));
    }

    #[test]
    fn ttl_is_at_most_the_signed_one() {
        let mut rrset = rrset("a.zone.e", Rtype::A);
        let rrsig = signed(&rrset);
        let ttl = |rrset: &Rrset| verify(rrset, &rrsig, &key().dnskey(), at(START)).unwrap().ttl;
        rrset.ttl = Ttl::from_secs(500);
        assert_eq!(ttl(&rrset).as_secs(), 300);
        rrset.ttl = Ttl::from_secs(200);
        assert_eq!(ttl(&rrset).as_secs(), 200);
    }

    #[test]
    fn wildcards_expand() {
        let rrsig = signed(&rrset("*.zone.e", Rtype::A));
        let wildcard = |owner| {
            let verified = verify(&rrset(owner, Rtype::A), &rrsig, &key().dnskey(), at(START));
            verified.map(|verified| verified.wildcard)
        };
        assert_eq!(wildcard("A.b.zone.e"), Ok(Some(name("*.zone.e"))));
        assert_eq!(wildcard("*.b.zone.e"), Ok(Some(name("*.zone.e"))));
        assert_eq!(wildcard("*.Zone.e"), Ok(None));
        assert_eq!(wildcard("zone.e"), Err(SignatureError::Bogus));
        assert_eq!(wildcard("a.b.e"), Err(NOT_ENCLOSED));
    }

    const MORE_LABELS: SignatureError = SignatureError::Misfit("it has more labels than the owner");
    const NOT_ENCLOSED: SignatureError =
        SignatureError::Misfit("its signer does not enclose the owner");

    #[test]
    fn signatures_that_do_not_fit() {
        let data = rrset("a.zone.e", Rtype::A);
        let good = signed(&data);
        let cause = |rrset: &Rrset, change: fn(&mut Rrsig)| {
            let mut rrsig = signed(rrset);
            change(&mut rrsig);
            verify(rrset, &rrsig, &key().dnskey(), at(START)).unwrap_err()
        };
        assert_eq!(cause(&data, |rrsig| rrsig.labels += 1), MORE_LABELS);
        let few = SignatureError::Misfit("it has fewer labels than its signer");
        assert_eq!(cause(&data, |rrsig| rrsig.labels = 1), few);
        assert_eq!(cause(&data, |rrsig| rrsig.signer = name("zone.f")), NOT_ENCLOSED);
        assert_eq!(cause(&rrset("zone.f", Rtype::A), |_| ()), NOT_ENCLOSED);
        let other = SignatureError::Misfit("it covers another type");
        assert_eq!(cause(&data, |rrsig| rrsig.type_covered = Rtype::AAAA), other);
        let by_child = SignatureError::Misfit("a DS is signed by the parent");
        assert_eq!(cause(&rrset("zone.e", Rtype::DS), |_| ()), by_child);
        let tag = good.key_tag ^ 1;
        assert_eq!(cause(&data, |rrsig| rrsig.key_tag ^= 1), SignatureError::NoKey(tag));
        assert_eq!(cause(&data, |rrsig| rrsig.signature[9] ^= 1), SignatureError::Bogus);
        assert_eq!(cause(&data, |rrsig| rrsig.signature.truncate(63)), SignatureError::Bogus);
        assert_eq!(
            cause(&data, |rrsig| rrsig.original_ttl = Ttl::from_secs(1)),
            SignatureError::Bogus
        );
        assert_eq!(cause(&data, |rrsig| rrsig.expiration += 1), SignatureError::Bogus);
        assert_eq!(cause(&data, |rrsig| rrsig.signer = name("e")), SignatureError::Bogus);
    }

    #[test]
    fn keys_that_may_not_sign() {
        let data = rrset("a.zone.e", Rtype::A);
        let cause = |change: fn(&mut Dnskey)| {
            let (mut rrsig, mut key) = (signed(&data), key().dnskey());
            change(&mut key);
            (rrsig.key_tag, rrsig.algorithm) = (key.key_tag(), key.algorithm);
            verify(&data, &rrsig, &key, at(START)).unwrap_err()
        };
        assert_eq!(cause(|key| key.flags = Dnskey::SEP), SignatureError::NotZoneKey);
        assert_eq!(cause(|key| key.protocol = 2), SignatureError::NotZoneKey);
        assert_eq!(cause(|key| key.flags |= Dnskey::REVOKE), SignatureError::Revoked);
        assert_eq!(cause(|key| key.public_key.truncate(31)), SignatureError::BadKey);
        assert_eq!(
            cause(|key| key.algorithm = Algorithm::RSAMD5),
            SignatureError::UnsupportedAlgorithm(Algorithm::RSAMD5)
        );
    }
}
