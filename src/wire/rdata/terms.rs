//! What a signature says of itself, read where it stands.

use crate::codec::Reader;
use crate::wire::{Algorithm, Name, Rtype, Ttl};

/// When and by whom a set was signed: an RRSIG without its signature (RFC 4034 section 3.1), read in
/// place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RrsigTerms<'a> {
    /// Type of the set it signs.
    pub type_covered: Rtype,
    /// The key's algorithm.
    pub algorithm: Algorithm,
    /// How many labels the signed name had, the root's and a leading `*` not counted.
    pub labels: u8,
    /// The set's TTL in its zone.
    pub original_ttl: Ttl,
    /// When it ends: seconds since the epoch, as a serial number.
    pub expiration: u32,
    /// When it starts, likewise.
    pub inception: u32,
    /// The key's tag.
    pub key_tag: u16,
    /// The wire form of the zone whose key signed.
    pub signer: &'a [u8],
}

impl<'a> RrsigTerms<'a> {
    /// Reads the octets of RDATA; nothing where they are malformed.
    pub fn read(rdata: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(rdata);
        Some(Self {
            type_covered: Rtype(reader.u16().ok()?),
            algorithm: Algorithm(reader.u8().ok()?),
            labels: reader.u8().ok()?,
            original_ttl: Ttl::from_wire(reader.u32().ok()?),
            expiration: reader.u32().ok()?,
            inception: reader.u32().ok()?,
            key_tag: reader.u16().ok()?,
            signer: {
                let rest = reader.rest();
                rest.get(..Name::wire_length(rest).ok()?)?
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Rdata;
    use crate::wire::rdata::Rrsig;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_what_all_of_an_rrsig_reads(
            head: [u8; 18],
            rest in prop_oneof![
                Just(b"\x01a\0signature".to_vec()),
                proptest::collection::vec(0u8..4, 0..20),
            ],
        ) {
            let octets = [&head[..], &rest].concat();
            let whole = Rrsig::parse(&Rdata::new(octets.clone()).unwrap()).ok();
            let terms = RrsigTerms::read(&octets);
            prop_assert_eq!(terms.is_some(), whole.is_some());
            if let (Some(terms), Some(whole)) = (terms, whole) {
                prop_assert_eq!(terms.type_covered, whole.type_covered);
                prop_assert_eq!((terms.algorithm, terms.labels), (whole.algorithm, whole.labels));
                prop_assert_eq!(terms.original_ttl, whole.original_ttl);
                prop_assert_eq!(terms.expiration, whole.expiration);
                prop_assert_eq!((terms.inception, terms.key_tag), (whole.inception, whole.key_tag));
                prop_assert_eq!(terms.signer, whole.signer.as_wire());
            }
        }
    }
}
