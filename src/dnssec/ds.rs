//! Delegation signers: what a parent, or a trust anchor, says of a zone's keys
//! (RFC 4034 section 5).

use thiserror::Error;

use super::algorithm::{self, Algorithms, supports_digest};
use crate::wire::rdata::{Dnskey, Ds};
use crate::wire::{DigestType, EdeCode, Name};

/// The DS of `key` at `owner` (RFC 4034 section 5.1.4); none where the digest is not one that can be
/// computed here.
pub fn ds_of(owner: &Name, key: &Dnskey, digest_type: DigestType) -> Option<Ds> {
    let mut octets = owner.to_lowercase().as_wire().to_vec();
    octets.extend_from_slice(key.to_rdata().octets());
    let digest = algorithm::digest(digest_type, &octets)?;
    Some(Ds { key_tag: key.key_tag(), algorithm: key.algorithm, digest_type, digest })
}

/// The DS of `key` at `owner` by SHA-256, the digest that every validator knows (RFC 8624 section 3.3).
pub fn sha256_ds(owner: &Name, key: &Dnskey) -> Ds {
    ds_of(owner, key, DigestType::SHA256).expect("SHA-256 is computed here")
}

/// Whether the digest of `ds` is as long as its type says; true of types that are not known here.
pub fn digest_fits(ds: &Ds) -> bool {
    let length = algorithm::digest(ds.digest_type, &[]).map(|digest| digest.len());
    length.is_none_or(|length| length == ds.digest.len())
}

/// Whether `ds` stands for `key` at `owner`. Never where its digest cannot be computed here.
pub fn ds_matches(ds: &Ds, owner: &Name, key: &Dnskey) -> bool {
    ds.algorithm == key.algorithm
        && ds.key_tag == key.key_tag()
        && ds_of(owner, key, ds.digest_type).is_some_and(|own| own.digest == ds.digest)
}

/// Why a signed zone counts as unsigned here (RFC 4035 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unsupported {
    /// No DS is for an algorithm that can be verified here.
    #[error("no DS is for a supported algorithm")]
    Algorithm,
    /// What is absent is denied by hashes that are iterated more often than is followed
    /// (RFC 9276 section 3.2).
    #[error("NSEC3 with {0} iterations")]
    Iterations(u16),
    /// No DS for a supported algorithm has a digest that can be computed here.
    #[error("no DS has a supported digest")]
    Digest,
}

impl Unsupported {
    /// The extended error that says this (RFC 8914).
    pub fn code(self) -> EdeCode {
        match self {
            Self::Algorithm => EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM,
            Self::Iterations(_) => EdeCode::UNSUPPORTED_NSEC3_ITERATIONS,
            Self::Digest => EdeCode::UNSUPPORTED_DS_DIGEST_TYPE,
        }
    }
}

/// The records of a DS set, or trust anchors, that lead into a zone: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportedDs {
    records: Vec<Ds>,
    algorithms: Algorithms,
}

impl SupportedDs {
    /// Those of `ds` that can be used here: of an algorithm that counts and a supported digest, and
    /// SHA-1 only where there is nothing else (RFC 4509 section 3).
    ///
    /// # Errors
    /// [`Unsupported`] where there are none: the zone is then insecure, not bogus.
    pub fn select(ds: &[Ds], algorithms: Algorithms) -> Result<Self, Unsupported> {
        let supported = |ds: &&Ds| algorithms.supports(ds.algorithm);
        let mut chosen: Vec<Ds> = ds.iter().filter(supported).cloned().collect();
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
        Ok(Self { records: chosen, algorithms })
    }

    /// The first of the records.
    pub(super) fn first(&self) -> &Ds {
        self.records.first().expect("there is at least one")
    }

    /// The records.
    pub fn records(&self) -> &[Ds] {
        &self.records
    }

    /// The algorithms they were chosen by, which count in the zone too.
    pub(super) fn algorithms(&self) -> Algorithms {
        self.algorithms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::hex;
    use crate::crypto::{SeededRandom, SigningKey};
    use crate::dnssec::ZoneKey;
    use crate::wire::Algorithm;

    fn key(seed: u64) -> ZoneKey {
        let zone = "Example".parse().unwrap();
        ZoneKey::generate(zone, ZoneKey::KSK, &mut SeededRandom::new(seed))
    }

    /// RFC 8080 section 6.1.
    #[test]
    fn ds_of_a_known_key() {
        let seed = b"82260384628080122645190204142262";
        let zone: Name = "Example.com".parse().unwrap();
        let key = ZoneKey::new(zone.clone(), ZoneKey::KSK, SigningKey::from_seed(seed));
        let ds = key.ds(DigestType::SHA256).unwrap();
        assert_eq!(ds.key_tag, 3613);
        let digest = "3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b";
        assert_eq!(hex(&ds.digest), digest);
        assert!(ds_matches(&ds, &zone, &key.dnskey()));
    }

    #[test]
    fn a_ds_stands_for_one_key_at_one_owner() {
        let (one, other) = (key(1), key(2));
        let ds = one.ds(DigestType::SHA384).unwrap();
        assert!(ds_matches(&ds, &"EXAMPLE".parse().unwrap(), &one.dnskey()));
        assert!(!ds_matches(&ds, &"example.net".parse().unwrap(), &one.dnskey()));
        assert!(!ds_matches(&ds, &one.zone, &other.dnskey()));
        let same_tag = Ds { key_tag: other.key_tag(), ..ds.clone() };
        assert!(!ds_matches(&same_tag, &one.zone, &other.dnskey()));
        let cut = Ds { digest: ds.digest[..32].to_vec(), ..ds.clone() };
        assert!(digest_fits(&ds) && !digest_fits(&cut));
        let unknown = Ds { digest_type: DigestType(3), ..cut };
        assert!(!ds_matches(&unknown, &one.zone, &one.dnskey()) && digest_fits(&unknown));
    }

    #[test]
    fn the_best_supported_ds_are_chosen() {
        let key = key(1);
        let ds = |digest_type| key.ds(digest_type).unwrap();
        let (sha1, sha256) = (ds(DigestType::SHA1), ds(DigestType::SHA256));
        let foreign = Ds { algorithm: Algorithm::RSAMD5, ..sha256.clone() };
        let unknown = Ds { digest_type: DigestType(3), ..sha256.clone() };
        let chosen = |ds: &[&Ds]| {
            let ds: Vec<Ds> = ds.iter().copied().cloned().collect();
            SupportedDs::select(&ds, Algorithms::default()).map(|chosen| chosen.records().to_vec())
        };
        assert_eq!(chosen(&[&sha1, &sha256, &foreign, &unknown]), Ok(vec![sha256]));
        assert_eq!(chosen(&[&sha1, &foreign, &unknown]), Ok(vec![sha1]));
        assert_eq!(chosen(&[&foreign, &unknown]), Err(Unsupported::Digest));
        assert_eq!(chosen(&[&foreign]), Err(Unsupported::Algorithm));
        assert_eq!(chosen(&[]), Err(Unsupported::Algorithm));
    }
}
