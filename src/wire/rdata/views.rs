//! Typed views of the RDATA that the protocol acts on.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::codec::{ReadError, Reader};
use crate::wire::{
    Algorithm, DigestType, Name, NameError, Rdata, RdataTooLong, Rtype, Serial, Ttl,
};

/// RDATA that is not what its type says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RdataError {
    /// Too few octets, or too many.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A name in it is malformed.
    #[error("bad name: {0}")]
    Name(#[from] NameError),
    /// With its names in full it would not fit a record.
    #[error(transparent)]
    TooLong(#[from] RdataTooLong),
    /// Something else.
    #[error("{0}")]
    Invalid(&'static str),
}

/// Reads an uncompressed name.
fn read_name(reader: &mut Reader<'_>) -> Result<Name, RdataError> {
    let (name, length) = Name::from_wire(reader.clone().rest())?;
    reader.take(length)?;
    Ok(name)
}

fn assemble(octets: Vec<u8>) -> Rdata {
    Rdata::new(octets).expect("the parts are far below 65535 octets")
}

/// The name that is all there is in NS, CNAME, DNAME and PTR.
///
/// # Errors
/// Where the octets are not exactly one name.
pub fn name_target(rdata: &Rdata) -> Result<Name, RdataError> {
    let mut reader = Reader::new(rdata.octets());
    let name = read_name(&mut reader)?;
    reader.finish()?;
    Ok(name)
}

/// The address in an A or AAAA record.
///
/// # Errors
/// Where the length is not the type's.
pub fn address(rtype: Rtype, rdata: &Rdata) -> Result<IpAddr, RdataError> {
    let mut reader = Reader::new(rdata.octets());
    let address = match rtype {
        Rtype::A => Ipv4Addr::from(reader.array::<4>()?).into(),
        Rtype::AAAA => Ipv6Addr::from(reader.array::<16>()?).into(),
        _ => return Err(RdataError::Invalid("not an address type")),
    };
    reader.finish()?;
    Ok(address)
}

/// Start of authority (RFC 1035 section 3.3.13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soa {
    /// The zone's primary server.
    pub mname: Name,
    /// Mailbox of who answers for the zone.
    pub rname: Name,
    /// The zone's version.
    pub serial: Serial,
    /// How often secondaries look, in seconds.
    pub refresh: u32,
    /// How soon they look again after a failure, in seconds.
    pub retry: u32,
    /// When they give up, in seconds.
    pub expire: u32,
    /// Highest TTL of negative answers, in seconds (RFC 2308 section 4).
    pub minimum: u32,
}

impl Soa {
    /// Reads the RDATA.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(rdata: &Rdata) -> Result<Self, RdataError> {
        let mut reader = Reader::new(rdata.octets());
        let soa = Self {
            mname: read_name(&mut reader)?,
            rname: read_name(&mut reader)?,
            serial: Serial(reader.u32()?),
            refresh: reader.u32()?,
            retry: reader.u32()?,
            expire: reader.u32()?,
            minimum: reader.u32()?,
        };
        reader.finish()?;
        Ok(soa)
    }

    /// Writes the RDATA.
    pub fn to_rdata(&self) -> Rdata {
        let mut octets = [self.mname.as_wire(), self.rname.as_wire()].concat();
        let numbers = [self.serial.0, self.refresh, self.retry, self.expire, self.minimum];
        octets.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        assemble(octets)
    }
}

/// A zone key (RFC 4034 section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dnskey {
    /// The bits ZONE, SEP and REVOKE.
    pub flags: u16,
    /// Always 3.
    pub protocol: u8,
    /// The key's algorithm.
    pub algorithm: Algorithm,
    /// The key itself.
    pub public_key: Vec<u8>,
}

impl Dnskey {
    /// The key may sign a zone's records (RFC 4034 section 2.1.1).
    pub const ZONE: u16 = 0x0100;
    /// The key is an entry point from outside (RFC 4034 section 2.1.1).
    pub const SEP: u16 = 0x0001;
    /// The key must not be trusted any more (RFC 5011 section 7).
    pub const REVOKE: u16 = 0x0080;

    /// Whether it must not be trusted any more.
    pub fn is_revoked(&self) -> bool {
        self.flags & Self::REVOKE != 0
    }

    /// Reads the RDATA.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(rdata: &Rdata) -> Result<Self, RdataError> {
        let mut reader = Reader::new(rdata.octets());
        Ok(Self {
            flags: reader.u16()?,
            protocol: reader.u8()?,
            algorithm: Algorithm(reader.u8()?),
            public_key: reader.rest().to_vec(),
        })
    }

    /// Writes the RDATA.
    pub fn to_rdata(&self) -> Rdata {
        let mut octets = self.flags.to_be_bytes().to_vec();
        octets.extend([self.protocol, self.algorithm.0]);
        octets.extend_from_slice(&self.public_key);
        assemble(octets)
    }

    /// The key tag (RFC 4034 appendix B).
    pub fn key_tag(&self) -> u16 {
        let octets = self.to_rdata();
        let sum: u32 = octets
            .octets()
            .iter()
            .enumerate()
            .map(|(at, &octet)| if at % 2 == 0 { u32::from(octet) << 8 } else { octet.into() })
            .fold(0, u32::wrapping_add);
        u16::try_from((sum + (sum >> 16)) & 0xffff).expect("masked to 16 bits")
    }
}

/// A delegation signer (RFC 4034 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ds {
    /// Tag of the key it stands for.
    pub key_tag: u16,
    /// That key's algorithm.
    pub algorithm: Algorithm,
    /// The hash.
    pub digest_type: DigestType,
    /// The key's hash.
    pub digest: Vec<u8>,
}

impl Ds {
    /// Reads the RDATA.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(rdata: &Rdata) -> Result<Self, RdataError> {
        let mut reader = Reader::new(rdata.octets());
        Ok(Self {
            key_tag: reader.u16()?,
            algorithm: Algorithm(reader.u8()?),
            digest_type: DigestType(reader.u8()?),
            digest: reader.rest().to_vec(),
        })
    }

    /// Writes the RDATA.
    pub fn to_rdata(&self) -> Rdata {
        let mut octets = self.key_tag.to_be_bytes().to_vec();
        octets.extend([self.algorithm.0, self.digest_type.0]);
        octets.extend_from_slice(&self.digest);
        assemble(octets)
    }
}

/// A signature over an RRset (RFC 4034 section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rrsig {
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
    /// The zone whose key signed.
    pub signer: Name,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Rrsig {
    /// Reads the RDATA.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(rdata: &Rdata) -> Result<Self, RdataError> {
        let mut reader = Reader::new(rdata.octets());
        Ok(Self {
            type_covered: Rtype(reader.u16()?),
            algorithm: Algorithm(reader.u8()?),
            labels: reader.u8()?,
            original_ttl: Ttl::from_wire(reader.u32()?),
            expiration: reader.u32()?,
            inception: reader.u32()?,
            key_tag: reader.u16()?,
            signer: read_name(&mut reader)?,
            signature: reader.rest().to_vec(),
        })
    }

    /// Writes the RDATA.
    pub fn to_rdata(&self) -> Rdata {
        let mut octets = self.signed_prefix();
        octets.extend_from_slice(&self.signature);
        assemble(octets)
    }

    /// The RDATA without its signature, the signer in lower case: what is signed before the records
    /// (RFC 4034 section 3.1.8.1).
    pub fn signed_prefix(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(18 + self.signer.as_wire().len() + 64);
        octets.extend(self.type_covered.0.to_be_bytes());
        octets.extend([self.algorithm.0, self.labels]);
        octets.extend(self.original_ttl.as_secs().to_be_bytes());
        octets.extend(self.expiration.to_be_bytes());
        octets.extend(self.inception.to_be_bytes());
        octets.extend(self.key_tag.to_be_bytes());
        octets.extend_from_slice(self.signer.to_lowercase().as_wire());
        octets
    }
}

/// The types that NSEC, NSEC3 and CSYNC list (RFC 4034 section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TypeBitmap(BTreeSet<u16>);

impl TypeBitmap {
    /// Reads windows up to the end of `octets`.
    ///
    /// # Errors
    /// Where a window is empty, too long, cut off or out of order.
    pub fn parse(octets: &[u8]) -> Result<Self, RdataError> {
        let mut reader = Reader::new(octets);
        let mut types = BTreeSet::new();
        let mut last = None;
        while !reader.is_empty() {
            let window = reader.u8()?;
            let bits = reader.prefixed()?;
            if !(1..=32).contains(&bits.len()) || last.is_some_and(|last| last >= window) {
                return Err(RdataError::Invalid("bad window in a type bitmap"));
            }
            last = Some(window);
            for (at, octet) in (0u8..32).zip(bits) {
                let set = (0..8u8).filter(|bit| octet & (0x80 >> bit) != 0);
                types.extend(set.map(|bit| u16::from_be_bytes([window, at * 8 + bit])));
            }
        }
        Ok(Self(types))
    }

    /// Writes the windows.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        let mut types = self.0.iter().map(|rtype| rtype.to_be_bytes()).peekable();
        while let Some(&[window, _]) = types.peek() {
            let mut bits = [0u8; 32];
            let mut length = 0;
            while let Some([_, low]) = types.next_if(|[high, _]| *high == window) {
                bits[usize::from(low / 8)] |= 0x80 >> (low % 8);
                length = low / 8 + 1;
            }
            octets.extend([window, length]);
            octets.extend_from_slice(&bits[..usize::from(length)]);
        }
        octets
    }

    /// Whether `rtype` is listed.
    pub fn contains(&self, rtype: Rtype) -> bool {
        self.0.contains(&rtype.0)
    }

    /// The types, in order of number.
    pub fn iter(&self) -> impl Iterator<Item = Rtype> {
        self.0.iter().copied().map(Rtype)
    }
}

impl FromIterator<Rtype> for TypeBitmap {
    fn from_iter<I: IntoIterator<Item = Rtype>>(types: I) -> Self {
        Self(types.into_iter().map(|rtype| rtype.0).collect())
    }
}

/// The next name, and the types at this one (RFC 4034 section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nsec {
    /// The next name in canonical order.
    pub next: Name,
    /// The types at the owner.
    pub types: TypeBitmap,
}

impl Nsec {
    /// Reads the RDATA.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(rdata: &Rdata) -> Result<Self, RdataError> {
        let mut reader = Reader::new(rdata.octets());
        let next = read_name(&mut reader)?;
        Ok(Self { next, types: TypeBitmap::parse(reader.rest())? })
    }

    /// Writes the RDATA.
    pub fn to_rdata(&self) -> Rdata {
        assemble([self.next.as_wire(), &self.types.to_octets()].concat())
    }
}

/// The next hashed name, and the types at this one (RFC 5155 section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nsec3 {
    /// The hash: 1 is SHA-1.
    pub algorithm: u8,
    /// Bit 0 is opt-out.
    pub flags: u8,
    /// How many times more the hash is taken.
    pub iterations: u16,
    /// What is hashed behind each name.
    pub salt: Vec<u8>,
    /// The next hash in order.
    pub next: Vec<u8>,
    /// The types at the owner.
    pub types: TypeBitmap,
}

impl Nsec3 {
    /// Insecure delegations may lie in the gap (RFC 5155 section 3.1.2.1).
    pub const OPT_OUT: u8 = 1;

    /// Reads the RDATA.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(rdata: &Rdata) -> Result<Self, RdataError> {
        let mut reader = Reader::new(rdata.octets());
        Ok(Self {
            algorithm: reader.u8()?,
            flags: reader.u8()?,
            iterations: reader.u16()?,
            salt: reader.prefixed()?.to_vec(),
            next: reader.prefixed()?.to_vec(),
            types: TypeBitmap::parse(reader.rest())?,
        })
    }
}

/// Where a service is (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// Lower is tried first.
    pub priority: u16,
    /// Share among those of the same priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; the root means that there is no such service.
    pub target: Name,
}

impl Srv {
    /// Reads the RDATA.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(rdata: &Rdata) -> Result<Self, RdataError> {
        let mut reader = Reader::new(rdata.octets());
        let srv = Self {
            priority: reader.u16()?,
            weight: reader.u16()?,
            port: reader.u16()?,
            target: read_name(&mut reader)?,
        };
        reader.finish()?;
        Ok(srv)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::from_base64;
    use proptest::prelude::*;

    /// RFC 8080 section 6.1.
    #[test]
    fn key_tag_of_a_known_key() {
        let key = Dnskey {
            flags: Dnskey::ZONE | Dnskey::SEP,
            protocol: 3,
            algorithm: Algorithm::ED25519,
            public_key: from_base64("l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=").unwrap(),
        };
        assert_eq!(key.key_tag(), 3613);
        assert_eq!(Dnskey::parse(&key.to_rdata()), Ok(key));
    }

    /// RFC 4034 section 4.3.
    #[test]
    fn bitmap_of_the_standard() {
        let types = [Rtype::A, Rtype::MX, Rtype::RRSIG, Rtype::NSEC, Rtype(1234)];
        let octets = types.into_iter().collect::<TypeBitmap>().to_octets();
        assert_eq!(octets[..8], [0, 6, 0x40, 1, 0, 0, 0, 3]);
        assert_eq!((octets[8], octets[9], octets[36]), (4, 27, 0x20));
        assert!(TypeBitmap::parse(&[0, 0]).is_err());
        assert!(TypeBitmap::parse(&[1, 1, 1, 0, 1, 1]).is_err());
    }

    proptest! {
        #[test]
        fn bitmaps_round_trip(types: Vec<u16>) {
            let bitmap: TypeBitmap = types.into_iter().map(Rtype).collect();
            prop_assert_eq!(TypeBitmap::parse(&bitmap.to_octets()), Ok(bitmap));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets: Vec<u8>) {
            let rdata = Rdata::new(octets).unwrap();
            let _ = (Soa::parse(&rdata), Dnskey::parse(&rdata), Ds::parse(&rdata));
            let _ = (Nsec::parse(&rdata), Nsec3::parse(&rdata), Srv::parse(&rdata));
            if let Ok(rrsig) = Rrsig::parse(&rdata) {
                prop_assert_eq!(Rrsig::parse(&rrsig.to_rdata()), Ok(rrsig));
            }
        }
    }
}
