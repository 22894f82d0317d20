//! What the table is for on the wire: checking, expanding and lower-casing RDATA.

use std::ops::Range;

use bytes::Bytes;

use super::schema::{Field, fields};
use super::views::RdataError;
use crate::codec::{ReadError, Reader};
use crate::wire::compression::Pointers;
use crate::wire::{MAX_NAME, Name, Rdata, Rtype};

/// The fields of RDATA with their octets, in order, up to the first that is malformed.
pub(super) struct Fields<'a> {
    left: std::slice::Iter<'static, Field>,
    reader: Reader<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(rtype: Rtype, octets: &'a [u8]) -> Self {
        Self { left: fields(rtype).iter(), reader: Reader::new(octets) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(Field, &'a [u8]), RdataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let field = *self.left.next()?;
        let taken = field.take(&mut self.reader);
        if taken.is_err() {
            self.left = [].iter();
        }
        Some(taken.map(|octets| (field, octets)))
    }
}

/// Checks that uncompressed RDATA is what its type says. Any octets are right for a type that is
/// not known.
///
/// # Errors
/// What is wrong first.
pub fn validate(rtype: Rtype, octets: &[u8]) -> Result<(), RdataError> {
    let mut fields = Fields::of(rtype, octets);
    for field in &mut fields {
        field?;
    }
    Ok(fields.reader.finish()?)
}

/// The canonical form: names in lower case in the types of RFC 4034 section 6.2, as RFC 6840
/// section 5.1 amends it (in RRSIG, not in NSEC). Malformed RDATA stays as it is from there on.
pub fn canonical(rtype: Rtype, rdata: &Rdata) -> Rdata {
    let mut lower = Vec::new();
    for (field, range) in spans(rtype, rdata.octets()) {
        if field.is_lowered() && rdata.octets()[range.clone()].iter().any(u8::is_ascii_uppercase) {
            if lower.is_empty() {
                lower.extend_from_slice(rdata.octets());
            }
            lower[range].make_ascii_lowercase();
        }
    }
    if lower.is_empty() {
        return rdata.clone();
    }
    Rdata::new(lower).expect("lower case is as long as what it was made of")
}

/// Where the names are that an encoder may compress: those in the types of RFC 1035 alone
/// (RFC 3597 section 4).
pub fn names_in(rtype: Rtype, octets: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let any = fields(rtype).iter().any(|field| field.may_be_compressed());
    any.then(|| spans(rtype, octets))
        .into_iter()
        .flatten()
        .filter_map(|(field, range)| field.may_be_compressed().then_some(range))
}

fn spans(rtype: Rtype, octets: &[u8]) -> impl Iterator<Item = (Field, Range<usize>)> {
    Fields::of(rtype, octets).map_while(Result::ok).scan(0, |at, (field, octets)| {
        let start = *at;
        *at += octets.len();
        Some((field, start..*at))
    })
}

/// Takes the RDATA of `length` octets at `start` out of a message: undoes compression in the types
/// of RFC 3597 section 4, and checks it like [`validate`].
///
/// # Errors
/// What is wrong first. Offsets count from `start`, those of pointers from the message's start.
pub fn expand(
    rtype: Rtype,
    message: &[u8],
    start: usize,
    length: usize,
    pointers: &mut Pointers,
) -> Result<Rdata, RdataError> {
    let end = start.checked_add(length).filter(|&end| end <= message.len());
    let end = end.ok_or(ReadError::Truncated { at: 0, wanted: length })?;
    let octets = &message[start..end];
    if !fields(rtype).iter().any(|field| field.may_arrive_compressed()) {
        validate(rtype, octets)?;
        return Ok(Rdata::new(Bytes::copy_from_slice(octets))?);
    }
    let mut expanded = Vec::with_capacity(length + MAX_NAME);
    let mut reader = Reader::new(octets);
    for &field in fields(rtype) {
        if field.may_arrive_compressed() {
            let at = start + reader.position();
            let (name, next) = Name::from_message(&message[..end], at, pointers)?;
            expanded.extend_from_slice(name.as_wire());
            reader.take(next - at)?;
        } else {
            expanded.extend_from_slice(field.take(&mut reader)?);
        }
    }
    reader.finish()?;
    Ok(Rdata::new(expanded)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A header's worth of octets, `example.` at 12, a pointer to it at 21, `A.` with one at 23.
    const MESSAGE: &[u8] = b"............\x07EXAMPLE\x00\xc0\x0c\x01A\xc0\x0c\xc0\x17";

    fn rdata(octets: &[u8]) -> Rdata {
        Rdata::new(octets.to_vec()).unwrap()
    }

    fn expand(
        rtype: Rtype,
        message: &[u8],
        start: usize,
        length: usize,
    ) -> Result<Rdata, RdataError> {
        super::expand(rtype, message, start, length, &mut Pointers::for_message(message.len(), 8))
    }

    #[test]
    fn expands_what_arrives_compressed() {
        let expanded = expand(Rtype::NS, MESSAGE, 23, 4).unwrap();
        assert_eq!(expanded.octets(), b"\x01A\x07EXAMPLE\x00");
        assert_eq!(expand(Rtype::MINFO, MESSAGE, 21, 6).unwrap().octets().len(), 9 + 11);
        let hop = expand(Rtype::PTR, MESSAGE, 27, 2).unwrap();
        assert_eq!(hop, expanded);
        assert!(expand(Rtype::DNAME, MESSAGE, 23, 4).is_err());
        assert!(expand(Rtype::NS, MESSAGE, 23, 5).is_err());
        assert!(expand(Rtype::NS, MESSAGE, 23, 3).is_err());
        assert!(expand(Rtype::NS, MESSAGE, 23, usize::MAX).is_err());
        assert_eq!(expand(Rtype::NULL, MESSAGE, 21, 2).unwrap().octets(), b"\xc0\x0c");
    }

    #[test]
    fn canonical_form_is_in_lower_case_where_the_standard_says() {
        let lower = canonical(Rtype::MX, &rdata(b"\0\x41\x01A\0"));
        assert_eq!(lower.octets(), b"\0\x41\x01a\0");
        assert_eq!(canonical(Rtype::DNAME, &rdata(b"\x01A\0")).octets(), b"\x01a\0");
        for kept in [Rtype::NSEC, Rtype::LP, Rtype::TXT, Rtype(65000)] {
            let octets = rdata(b"\x01A\x01B\0");
            assert_eq!(canonical(kept, &octets), octets);
        }
    }

    #[test]
    fn only_types_of_rfc_1035_are_compressed() {
        let soa = [b"\x01a\0\x01b\0".as_slice(), &[0; 20]].concat();
        assert_eq!(names_in(Rtype::SOA, &soa).collect::<Vec<_>>(), [0..3, 3..6]);
        assert_eq!(names_in(Rtype::MX, b"\0\x01\x01a\0").next(), Some(2..5));
        assert_eq!(names_in(Rtype::SRV, b"\0\0\0\0\0\0\x01a\0").count(), 0);
        assert_eq!(names_in(Rtype::NS, b"\x05a").count(), 0);
    }

    #[test]
    fn refuses_what_the_type_does_not_allow() {
        let bad: [(Rtype, &[u8]); 16] = [
            (Rtype::A, b"\x7f\0\0"),
            (Rtype::A, b"\x7f\0\0\x01\0"),
            (Rtype::NS, b""),
            (Rtype::TXT, b""),
            (Rtype::TXT, b"\x02a"),
            (Rtype::DS, b"\0\x01\x0f\x02"),
            (Rtype::CAA, b"\0\x02a-"),
            (Rtype::URI, b"\0\0\0\0"),
            (Rtype::NSEC, b"\0\0\x02\x40\0"),
            (Rtype::NSEC3, b"\x01\0\0\0\0\0"),
            (Rtype::LOC, b"\0\x05\x16\x13\x80\0\0\0\x80\0\0\0\0\0\0\0"),
            (Rtype::LOC, b"\0\x12\x16\x13\xff\0\0\0\x80\0\0\0\0\0\0\0"),
            (Rtype::APL, b"\0\x01\x21\x01\x0a"),
            (Rtype::APL, b"\0\x01\x08\x02\x0a\0"),
            (Rtype::IPSECKEY, b"\x0a\x01\x02\x7f\0"),
            (Rtype::HIP, b"\0\x02\0\x01k"),
        ];
        for (rtype, octets) in bad {
            assert!(validate(rtype, octets).is_err(), "{rtype} {octets:?}");
        }
        assert!(validate(Rtype::APL, b"").is_ok());
        assert!(validate(Rtype::LOC, b"\x01??").is_ok());
        assert!(validate(Rtype(65000), b"").is_ok());
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(rtype in 0u16..=262, octets: Vec<u8>, start in 0usize..64) {
            let rtype = Rtype(rtype);
            let whole = rdata(&octets);
            let lower = canonical(rtype, &whole);
            prop_assert!(lower.octets().eq_ignore_ascii_case(&octets));
            prop_assert_eq!(canonical(rtype, &lower), lower);
            if validate(rtype, &octets).is_ok() {
                prop_assert_eq!(expand(rtype, &octets, 0, octets.len()), Ok(whole));
            }
            if let Ok(rdata) = expand(rtype, &octets, start, octets.len().saturating_sub(start)) {
                prop_assert_eq!(validate(rtype, rdata.octets()), Ok(()));
            }
            for name in names_in(rtype, &octets) {
                prop_assert!(Name::from_wire(&octets[name]).is_ok());
            }
        }
    }
}
