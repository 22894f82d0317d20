//! The answer to any question.

use std::time::Duration;

use super::finding::ttl_of;
use super::{LookupError, Proof};
use crate::resolver::{Response, SignedRrset};
use crate::wire::rdata::Rrsig;
use crate::wire::{Name, Rdata, Rrset, Rtype, Ttl};

/// What was found for a question, or that there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The records asked for, at the name asked for or at the one that it is an alias of; none where
    /// there are none.
    pub rrset: Option<Rrset>,
    /// The data of their signatures.
    pub signatures: Vec<Rdata>,
    /// The zone they are in, as their signature tells; where there are none, the one that has none, as its
    /// SOA tells. Unknown where records are not signed.
    pub zone: Option<Name>,
    /// Whether the authority for the name said so.
    pub proof: Proof,
    /// How long this may be kept.
    pub ttl: Ttl,
}

impl Resolved {
    /// Reads the response to a question for records of this type.
    ///
    /// # Errors
    /// Where it is none.
    pub(super) fn read(rtype: Rtype, response: &Response) -> Result<Self, LookupError> {
        if let Some(cause) = &response.failure {
            return Err(LookupError::Resolution(cause.clone()));
        }
        let found = |sets: &'_ [SignedRrset], rtype| {
            sets.iter().find(|set| set.rrset.rtype == rtype).cloned()
        };
        let set = found(&response.answer, rtype);
        let zone = match &set {
            Some(set) => signer(set),
            None => found(&response.authority, Rtype::SOA).map(|soa| soa.rrset.name),
        };
        let (rrset, signatures) = set.map(|set| (set.rrset, set.signatures)).unzip();
        let signatures = signatures.unwrap_or_default();
        Ok(Self { rrset, signatures, zone, proof: Proof::of(response), ttl: ttl_of(response) })
    }

    /// How long ago the authority said so, as far as a signature tells the TTL from before: resolvers keep
    /// answers. Zero where there are no records.
    pub fn age(&self) -> Duration {
        let signatures = self.signatures.iter().filter_map(|rdata| Rrsig::parse(rdata).ok());
        let original = signatures.map(|rrsig| rrsig.original_ttl.as_secs()).max();
        let left = self.rrset.as_ref().map(|rrset| rrset.ttl.as_secs());
        let passed = original.zip(left).map(|(original, left)| original.saturating_sub(left));
        Duration::from_secs(passed.unwrap_or_default().into())
    }

    /// The same where DNSSEC proves it, be it that there is nothing.
    ///
    /// # Errors
    /// With what there is in place of a proof.
    pub fn proved(self) -> Result<Self, Proof> {
        if self.proof == Proof::Proved { Ok(self) } else { Err(self.proof) }
    }

    /// The data of the records; none where there are none.
    pub fn data(&self) -> &[Rdata] {
        self.rrset.as_ref().map_or(&[], |rrset| &rrset.rdata)
    }
}

/// The zone whose key signed a set.
fn signer(set: &SignedRrset) -> Option<Name> {
    let rrsig = set.signatures.first()?;
    Rrsig::parse(rrsig).ok().map(|rrsig| rrsig.signer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Algorithm, Class};

    #[test]
    fn what_a_resolver_has_kept_tells_its_age() {
        let name: Name = "example.".parse().unwrap();
        let rrsig = Rrsig {
            type_covered: Rtype::CDS,
            algorithm: Algorithm::ED25519,
            labels: 1,
            original_ttl: Ttl::from_secs(3600),
            expiration: 0,
            inception: 0,
            key_tag: 0,
            signer: name.clone(),
            signature: Vec::new(),
        };
        let (rtype, class, ttl) = (Rtype::CDS, Class::IN, Ttl::from_secs(1200));
        let rrset = Rrset { name, rtype, class, ttl, rdata: Vec::new() };
        let kept = Resolved {
            rrset: Some(rrset),
            signatures: vec![rrsig.to_rdata()],
            zone: None,
            proof: Proof::Proved,
            ttl,
        };
        assert_eq!(kept.age(), Duration::from_secs(2400));
        let unsigned = Resolved { signatures: Vec::new(), ..kept.clone() };
        assert_eq!(unsigned.age(), Duration::ZERO);
        assert_eq!(Resolved { rrset: None, ..kept }.age(), Duration::ZERO);
    }

    #[test]
    fn what_is_not_signed_is_not_proved() {
        let nothing = |proof| {
            let (signatures, ttl) = (Vec::new(), Ttl::default());
            Resolved { rrset: None, signatures, zone: None, proof, ttl }
        };
        assert_eq!(nothing(Proof::Proved).proved(), Ok(nothing(Proof::Proved)));
        let unsigned = Proof::Unsigned(None);
        assert_eq!(nothing(unsigned.clone()).proved(), Err(unsigned));
    }
}
