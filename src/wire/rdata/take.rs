//! Takes the fields of RDATA off octets, each checked to be what the one writer would have written.

use super::TypeBitmap;
use super::parameters;
use super::schema::Field;
use super::views::RdataError;
use crate::codec::Reader;
use crate::wire::Name;

/// Where the gateway or relay of a record is, as IPSECKEY and AMTRELAY number the kinds
/// (RFC 4025 section 2.3, RFC 8777 section 4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    None,
    Ipv4,
    Ipv6,
    Name,
    Unknown,
}

impl Host {
    pub(super) const fn of_kind(kind: u8) -> Self {
        match kind {
            0 => Self::None,
            1 => Self::Ipv4,
            2 => Self::Ipv6,
            3 => Self::Name,
            _ => Self::Unknown,
        }
    }

    fn take(self, reader: &mut Reader<'_>) -> Result<(), RdataError> {
        match self {
            Self::None => {}
            Self::Ipv4 => drop(reader.take(4)?),
            Self::Ipv6 => drop(reader.take(16)?),
            Self::Name => take_name(reader)?,
            Self::Unknown => drop(reader.rest()),
        }
        Ok(())
    }
}

impl Field {
    /// Takes the field's octets off the front.
    ///
    /// # Errors
    /// Where they are too few or not what the field may hold.
    pub(super) fn take<'a>(self, reader: &mut Reader<'a>) -> Result<&'a [u8], RdataError> {
        let from = reader.clone();
        self.skip(reader)?;
        let length = reader.position() - from.position();
        Ok(from.clone().take(length)?)
    }

    fn skip(self, reader: &mut Reader<'_>) -> Result<(), RdataError> {
        match self {
            Self::Name(_) => take_name(reader)?,
            Self::Names => {
                while !reader.is_empty() {
                    take_name(reader)?;
                }
            }
            Self::U8 | Self::Algorithm => drop(reader.take(1)?),
            Self::U16 | Self::Type | Self::CertificateType => drop(reader.take(2)?),
            Self::U32 | Self::Period | Self::Time | Self::Ipv4 => drop(reader.take(4)?),
            Self::Eui48 => drop(reader.take(6)?),
            Self::Eui64 | Self::Locator => drop(reader.take(8)?),
            Self::Ipv6 => drop(reader.take(16)?),
            Self::Text | Self::Salt => drop(reader.prefixed()?),
            Self::OptionalText if reader.is_empty() => {}
            Self::OptionalText => drop(reader.prefixed()?),
            Self::Texts => skip_texts(reader)?,
            Self::LongText | Self::Hex | Self::Base64 | Self::Nsap => drop(some(reader.rest())?),
            Self::OptionalLongText | Self::OptionalBase64 | Self::Opaque => drop(reader.rest()),
            Self::Hash => drop(some(reader.prefixed()?)?),
            Self::Tag => check_tag(reader.prefixed()?)?,
            Self::Bitmap => check_bitmap(reader.rest())?,
            Self::Services => check_services(reader)?,
            Self::Location => check_location(reader)?,
            Self::Prefixes => check_prefixes(reader)?,
            Self::Gateway => {
                let kind = Host::of_kind(reader.u8()?);
                reader.u8()?;
                kind.take(reader)?;
            }
            Self::Relay => Host::of_kind(reader.u8()? & 0x7f).take(reader)?,
            Self::HostIdentity => skip_host_identity(reader)?,
            Self::Parameters => parameters::check(reader.rest())?,
        }
        Ok(())
    }
}

fn take_name(reader: &mut Reader<'_>) -> Result<(), RdataError> {
    let length = Name::wire_length(reader.clone().rest())?;
    reader.take(length)?;
    Ok(())
}

fn some(octets: &[u8]) -> Result<&[u8], RdataError> {
    if octets.is_empty() { Err(RdataError::Invalid("empty field")) } else { Ok(octets) }
}

fn skip_texts(reader: &mut Reader<'_>) -> Result<(), RdataError> {
    reader.prefixed()?;
    while !reader.is_empty() {
        reader.prefixed()?;
    }
    Ok(())
}

fn check_tag(tag: &[u8]) -> Result<(), RdataError> {
    if tag.is_empty() || !tag.iter().all(u8::is_ascii_alphanumeric) {
        return Err(RdataError::Invalid("a tag is letters and digits"));
    }
    Ok(())
}

/// Zero octets at the end of a window are to be left out (RFC 4034 section 4.1.2).
fn check_bitmap(octets: &[u8]) -> Result<(), RdataError> {
    if TypeBitmap::parse(octets)?.to_octets() != octets {
        return Err(RdataError::Invalid("zero octets at the end of a window in a type bitmap"));
    }
    Ok(())
}

fn check_services(reader: &mut Reader<'_>) -> Result<(), RdataError> {
    reader.u8()?;
    if reader.rest().len() > 65_536 / 8 {
        return Err(RdataError::Invalid("more than 65536 ports"));
    }
    Ok(())
}

/// Checks what version 0 says; the layout of other versions is not known (RFC 1876 section 2).
fn check_location(reader: &mut Reader<'_>) -> Result<(), RdataError> {
    const POLE: u32 = 90 * 3_600_000;
    const EQUATOR: u32 = 1 << 31;
    if reader.u8()? != 0 {
        reader.rest();
        return Ok(());
    }
    for length in reader.array::<3>()? {
        let (digit, power) = (length >> 4, length & 0x0f);
        if digit > 9 || power > 9 || (digit == 0 && power != 0) {
            return Err(RdataError::Invalid("bad size or precision of a location"));
        }
    }
    let (latitude, longitude) = (reader.u32()?, reader.u32()?);
    if latitude.abs_diff(EQUATOR) > POLE || longitude.abs_diff(EQUATOR) > 2 * POLE {
        return Err(RdataError::Invalid("a location outside the globe"));
    }
    reader.u32()?;
    Ok(())
}

fn check_prefixes(reader: &mut Reader<'_>) -> Result<(), RdataError> {
    while !reader.is_empty() {
        let (family, prefix) = (reader.u16()?, reader.u8()?);
        let length = usize::from(reader.u8()? & 0x7f);
        let address = reader.take(length)?;
        let bits = match family {
            1 => 32,
            2 => 128,
            _ => u8::MAX,
        };
        if prefix > bits || length > usize::from(bits / 8) {
            return Err(RdataError::Invalid("a prefix longer than its address"));
        }
        if address.last() == Some(&0) {
            return Err(RdataError::Invalid("zero octets at the end of a prefix"));
        }
    }
    Ok(())
}

fn skip_host_identity(reader: &mut Reader<'_>) -> Result<(), RdataError> {
    let tag = usize::from(reader.u8()?);
    reader.u8()?;
    let key = usize::from(reader.u16()?);
    some(reader.take(tag)?)?;
    some(reader.take(key)?)?;
    Ok(())
}
