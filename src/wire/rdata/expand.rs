//! Names inside RDATA in packets: expanded on reading, compressed on writing.

use std::ops::Range;

use super::RdataError;
use crate::codec::Reader;
use crate::wire::compression::Pointers;
use crate::wire::{Name, Rdata, Rtype};

/// Where names stand in the data of a type: behind so many octets and character strings.
struct Shape {
    octets: usize,
    strings: usize,
    names: usize,
}

/// The types whose names may come compressed (RFC 1035 section 3.3, RFC 3597 section 4).
fn shape(rtype: Rtype) -> Option<Shape> {
    let (octets, strings, names) = match rtype {
        Rtype::NS | Rtype::CNAME | Rtype::PTR | Rtype::MD | Rtype::MF => (0, 0, 1),
        Rtype::MB | Rtype::MG | Rtype::MR => (0, 0, 1),
        Rtype::SOA | Rtype::MINFO | Rtype::RP => (0, 0, 2),
        Rtype::MX | Rtype::AFSDB | Rtype::RT => (2, 0, 1),
        Rtype::PX => (2, 0, 2),
        Rtype::SRV => (6, 0, 1),
        Rtype::SIG => (18, 0, 1),
        Rtype::NAPTR => (4, 3, 1),
        _ => return None,
    };
    Some(Shape { octets, strings, names })
}

/// The RDATA of `length` octets at offset `start` of `message`, its names written out in full.
///
/// # Errors
/// Where the message ends before, or the names of the type are not there.
pub fn expand(
    rtype: Rtype,
    message: &[u8],
    start: usize,
    length: usize,
    pointers: &mut Pointers,
) -> Result<Rdata, RdataError> {
    let mut reader = Reader::new(message);
    reader.take(start)?;
    let data = reader.take(length)?;
    let end = start + length;
    let Some(shape) = shape(rtype) else {
        return Ok(Rdata::new(data.to_vec())?);
    };
    let mut reader = Reader::new(data);
    reader.take(shape.octets)?;
    for _ in 0..shape.strings {
        reader.prefixed()?;
    }
    let mut at = start + reader.position();
    let mut octets = message[start..at].to_vec();
    for _ in 0..shape.names {
        let (name, next) = Name::from_message(&message[..end], at, pointers)?;
        octets.extend_from_slice(name.as_wire());
        at = next;
    }
    octets.extend_from_slice(&message[at..end]);
    Ok(Rdata::new(octets)?)
}

/// Where in well-formed RDATA names stand that may be compressed: those of the types of RFC 1035
/// (RFC 3597 section 4).
pub fn names_in(rtype: Rtype, octets: &[u8]) -> Vec<Range<usize>> {
    let later =
        [Rtype::RP, Rtype::AFSDB, Rtype::RT, Rtype::PX, Rtype::SRV, Rtype::SIG, Rtype::NAPTR];
    let Some(shape) = shape(rtype).filter(|_| !later.contains(&rtype)) else { return Vec::new() };
    let mut ranges = Vec::new();
    let mut at = shape.octets;
    for _ in 0..shape.names {
        let Ok((_, length)) = Name::from_wire(octets.get(at..).unwrap_or_default()) else { break };
        ranges.push(at..at + length);
        at += length;
    }
    ranges
}
