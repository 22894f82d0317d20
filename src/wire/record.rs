//! Resource records and what they are made of.

use std::cmp::Ordering;
use std::fmt;

use bytes::Bytes;
use thiserror::Error;

use super::{Class, Name, Rtype};

/// The greatest TTL, in seconds (RFC 2181 section 8).
pub const MAX_TTL: u32 = i32::MAX as u32;

/// A time to live in seconds, at most [`MAX_TTL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ttl(u32);

impl Ttl {
    /// The TTL that a packet's 32 bits stand for: one with the top bit set is 0 (RFC 2181 section 8).
    pub const fn from_wire(secs: u32) -> Self {
        if secs > MAX_TTL { Self(0) } else { Self(secs) }
    }

    /// A TTL of `secs` seconds, the greatest one where that is too much.
    pub const fn from_secs(secs: u32) -> Self {
        if secs > MAX_TTL { Self(MAX_TTL) } else { Self(secs) }
    }

    /// In seconds.
    pub const fn as_secs(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A zone's serial (RFC 1982): compared around the circle, with no order at half its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Serial(pub u32);

impl Serial {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl PartialOrd for Serial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.0.wrapping_sub(other.0) {
            0 => Some(Ordering::Equal),
            0x8000_0000 => None,
            ahead if ahead < 0x8000_0000 => Some(Ordering::Greater),
            _ => Some(Ordering::Less),
        }
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// RDATA of more than 65,535 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("record data of {0} octets, at most 65535 fit")]
pub struct RdataTooLong(pub usize);

/// The octets of a record's data, names in them uncompressed, case kept. Compares as octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rdata(Bytes);

impl Rdata {
    /// Takes the octets as they are.
    ///
    /// # Errors
    /// [`RdataTooLong`] where they do not fit a record.
    pub fn new(octets: impl Into<Bytes>) -> Result<Self, RdataTooLong> {
        let octets = octets.into();
        if octets.len() > usize::from(u16::MAX) {
            return Err(RdataTooLong(octets.len()));
        }
        Ok(Self(octets))
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// How many octets: RDLENGTH.
    pub fn length(&self) -> u16 {
        u16::try_from(self.0.len()).expect("RDATA is made of 65535 octets at most")
    }
}

impl fmt::Debug for Rdata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rdata({})", crate::codec::hex(&self.0))
    }
}

/// One resource record (RFC 1035 section 3.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its owner.
    pub name: Name,
    /// Its type.
    pub rtype: Rtype,
    /// Its class.
    pub class: Class,
    /// How long it may be cached.
    pub ttl: Ttl,
    /// Its data.
    pub rdata: Rdata,
}

/// All records of one name, class and type (RFC 2181 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rrset {
    /// The owner.
    pub name: Name,
    /// The type.
    pub rtype: Rtype,
    /// The class.
    pub class: Class,
    /// How long the set may be cached.
    pub ttl: Ttl,
    /// The data of each record, in the order given.
    pub rdata: Vec<Rdata>,
}

impl Rrset {
    /// A set of one class IN record.
    pub fn single(name: Name, rtype: Rtype, ttl: Ttl, rdata: Rdata) -> Self {
        Self { name, rtype, class: Class::IN, ttl, rdata: vec![rdata] }
    }

    /// Its records.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.rdata.iter().map(|rdata| Record {
            name: self.name.clone(),
            rtype: self.rtype,
            class: self.class,
            ttl: self.ttl,
            rdata: rdata.clone(),
        })
    }

    /// Groups records into sets, in order of first appearance. A set's TTL is its records' lowest
    /// (RFC 2181 section 5.2); duplicates are dropped.
    pub fn group(records: impl IntoIterator<Item = Record>) -> Vec<Self> {
        let mut sets: Vec<Self> = Vec::new();
        for record in records {
            let same = |set: &&mut Self| {
                set.rtype == record.rtype && set.class == record.class && set.name == record.name
            };
            match sets.iter_mut().find(same) {
                Some(set) => {
                    set.ttl = set.ttl.min(record.ttl);
                    if !set.rdata.contains(&record.rdata) {
                        set.rdata.push(record.rdata);
                    }
                }
                None => sets.push(Self {
                    name: record.name,
                    rtype: record.rtype,
                    class: record.class,
                    ttl: record.ttl,
                    rdata: vec![record.rdata],
                }),
            }
        }
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_go_round() {
        assert!(Serial(u32::MAX) < Serial(u32::MAX).next());
        assert!(Serial(1) > Serial(0x8000_0002));
        assert_eq!(Serial(0).partial_cmp(&Serial(0x8000_0000)), None);
    }

    #[test]
    fn ttl_with_the_top_bit_is_zero() {
        assert_eq!(Ttl::from_wire(0x8000_0000).as_secs(), 0);
        assert_eq!(Ttl::from_secs(u32::MAX).as_secs(), MAX_TTL);
    }

    #[test]
    fn grouping_takes_the_lowest_ttl_and_drops_duplicates() {
        let record = |ttl, octet: u8| Record {
            name: "a.example".parse().unwrap(),
            rtype: Rtype::A,
            class: Class::IN,
            ttl: Ttl::from_secs(ttl),
            rdata: Rdata::new(vec![127, 0, 0, octet]).unwrap(),
        };
        let sets = Rrset::group([record(9, 1), record(5, 2), record(7, 1)]);
        assert_eq!(sets.len(), 1);
        assert_eq!((sets[0].ttl.as_secs(), sets[0].rdata.len()), (5, 2));
    }
}
