//! Signing RRsets, and for how long.

use std::time::Duration;

use super::{ZoneKey, canonical, signers};
use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::wire::rdata::Rrsig;
use crate::wire::{Algorithm, Name, Rrset, Rtype};

/// When a signature holds, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Its start.
    pub inception: Timestamp,
    /// Its end.
    pub expiration: Timestamp,
}

/// Signs `rrset` (RFC 4035 section 2.2).
pub fn sign(rrset: &Rrset, key: &ZoneKey, validity: Validity) -> Rrsig {
    let mut rrsig = Rrsig {
        type_covered: rrset.rtype,
        algorithm: Algorithm::ED25519,
        labels: canonical::labels(&rrset.name),
        original_ttl: rrset.ttl,
        expiration: validity.expiration.as_serial_secs(),
        inception: validity.inception.as_serial_secs(),
        key_tag: key.key_tag(),
        signer: key.zone.to_lowercase(),
        signature: Vec::new(),
    };
    let octets = canonical::signed_octets(rrset, &rrsig).expect("the labels are the owner's");
    rrsig.signature = key.sign(&octets).to_vec();
    rrsig
}

/// The RRSIG set over `rrset` by those of `keys` that sign its type; empty where there are no keys.
pub fn sign_with_all(rrset: &Rrset, keys: &[ZoneKey], validity: Validity) -> Rrset {
    let rdata = signers(keys, rrset.rtype).map(|key| sign(rrset, key, validity).to_rdata());
    Rrset {
        name: rrset.name.clone(),
        rtype: Rtype::RRSIG,
        class: rrset.class,
        ttl: rrset.ttl,
        rdata: rdata.collect(),
    }
}

/// How long signatures last.
///
/// A signature over what names a person is short, so that what was erased cannot be replayed for
/// long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Lifetime over ASSOC and VCERT, at most: 3 days.
    pub personal: Duration,
    /// Lifetime over everything else, at most: 14 days.
    pub other: Duration,
    /// How long before it is made a signature starts, for clocks that are late: 1 hour. Part of the
    /// lifetime.
    pub backdate: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            personal: Duration::from_secs(3 * 24 * HOUR),
            other: Duration::from_secs(14 * 24 * HOUR),
            backdate: Duration::from_secs(HOUR),
        }
    }
}

impl Policy {
    /// For how long to sign the set of `name` and `rtype` now.
    ///
    /// A hash of both takes up to an eighth off the lifetime, so that sets signed together are not
    /// all signed again together.
    pub fn validity(&self, name: &Name, rtype: Rtype, now: Timestamp) -> Validity {
        let lifetime = match rtype {
            Rtype::ASSOC | Rtype::VCERT => self.personal,
            _ => self.other,
        };
        let inception = now.saturating_sub(self.backdate);
        let lifetime = lifetime - (lifetime / 8).mul_f64(spread(name, rtype));
        Validity { inception, expiration: inception.saturating_add(lifetime) }
    }

    /// When to sign again: a quarter of the lifetime before its end.
    pub fn renewal(&self, validity: Validity) -> Timestamp {
        let lifetime = validity.expiration.since(validity.inception);
        validity.expiration.saturating_sub(lifetime / 4)
    }
}

/// A number from 0 to 1 that is the same for the same set.
fn spread(name: &Name, rtype: Rtype) -> f64 {
    let mut octets = name.to_lowercase().as_wire().to_vec();
    octets.extend(rtype.0.to_be_bytes());
    let [first, second, ..] = sha256(&octets);
    f64::from(u16::from_be_bytes([first, second])) / f64::from(u16::MAX)
}
