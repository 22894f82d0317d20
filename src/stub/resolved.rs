//! The answer to any question.

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
