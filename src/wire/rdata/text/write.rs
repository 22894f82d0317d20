//! RDATA to text.

use std::fmt::{self, Display, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{location, parameters, prefixes, time};
use crate::codec::{Reader, base32hex, base64, hex};
use crate::wire::rdata::TypeBitmap;
use crate::wire::rdata::schema::Field;
use crate::wire::rdata::take::Host;
use crate::wire::rdata::walk::{Fields, validate};
use crate::wire::{Name, Rdata, Rtype};

/// The presentation form: names in full, strings in quotes, numbers without units. It is the generic
/// one where the type is not known or the data is not what its type says.
///
/// ```
/// use threepid::wire::{Rtype, rdata};
/// let mail = rdata::parse(Rtype::MX, "10 mail.example.")?;
/// assert_eq!(mail.octets(), b"\x00\x0a\x04mail\x07example\x00");
/// assert_eq!(rdata::to_text(Rtype::MX, &mail), "10 mail.example.");
/// # Ok::<(), rdata::SyntaxError>(())
/// ```
pub fn to_text(rtype: Rtype, rdata: &Rdata) -> String {
    specific(rtype, rdata.octets()).unwrap_or_else(|| generic(rdata))
}

/// The generic form (RFC 3597 section 5): `\# 4 7f000001`.
pub fn generic(rdata: &Rdata) -> String {
    match rdata.length() {
        0 => "\\# 0".to_owned(),
        length => format!("\\# {length} {}", hex(rdata.octets())),
    }
}

/// The type's own form, where the data has one.
fn specific(rtype: Rtype, octets: &[u8]) -> Option<String> {
    validate(rtype, octets).ok()?;
    let mut line = Line::default();
    for field in Fields::of(rtype, octets) {
        let (field, octets) = field.ok()?;
        write(field, octets, &mut line)?;
    }
    Some(line.0)
}

/// Words with a space between them.
#[derive(Debug, Default)]
pub(super) struct Line(String);

impl Line {
    /// Puts a word behind what is there.
    pub(super) fn word(&mut self, word: impl Display) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        write!(self.0, "{word}").expect("a string takes what is written");
    }
}

/// Writes the octets of a field; none where they have no text.
fn write(field: Field, octets: &[u8], line: &mut Line) -> Option<()> {
    let mut reader = Reader::new(octets);
    match field {
        Field::Name(_) => line.word(name(octets)?),
        Field::Names => {
            while !reader.is_empty() {
                let name = name(reader.clone().rest())?;
                reader.take(name.as_wire().len()).ok()?;
                line.word(name);
            }
        }
        Field::U8 | Field::Algorithm => line.word(reader.u8().ok()?),
        Field::U16 | Field::CertificateType => line.word(reader.u16().ok()?),
        Field::U32 | Field::Period => line.word(reader.u32().ok()?),
        Field::Time => line.word(time::Moment(reader.u32().ok()?)),
        Field::Type => line.word(Rtype(reader.u16().ok()?)),
        Field::Ipv4 => line.word(Ipv4Addr::from(reader.array::<4>().ok()?)),
        Field::Ipv6 => line.word(Ipv6Addr::from(reader.array::<16>().ok()?)),
        Field::Text | Field::OptionalText | Field::Texts => {
            while !reader.is_empty() {
                line.word(Quoted(reader.prefixed().ok()?));
            }
        }
        Field::LongText | Field::OptionalLongText => line.word(Quoted(octets)),
        Field::Tag => line.word(String::from_utf8_lossy(reader.prefixed().ok()?)),
        Field::Hex => line.word(hex(octets)),
        Field::Base64 => line.word(base64(octets)),
        Field::OptionalBase64 if octets.is_empty() => {}
        Field::OptionalBase64 => line.word(base64(octets)),
        Field::Salt => match reader.prefixed().ok()? {
            [] => line.word("-"),
            salt => line.word(hex(salt)),
        },
        Field::Hash => line.word(base32hex(reader.prefixed().ok()?)),
        Field::Bitmap => TypeBitmap::parse(octets).ok()?.iter().for_each(|rtype| line.word(rtype)),
        Field::Services => services(octets, line)?,
        Field::Location => line.word(location::Location::read(octets)?),
        Field::Prefixes => prefixes::write(octets, line)?,
        Field::Nsap => line.word(format_args!("0x{}", hex(octets))),
        Field::Eui48 | Field::Eui64 => line.word(groups(octets, 1, "-")),
        Field::Locator => line.word(groups(octets, 2, ":")),
        Field::Gateway => gateway(octets, line)?,
        Field::Relay => relay(octets, line)?,
        Field::HostIdentity => host_identity(octets, line)?,
        Field::Parameters => parameters::write(octets, line)?,
        Field::Opaque => return None,
    }
    Some(())
}

fn name(octets: &[u8]) -> Option<Name> {
    Name::from_wire(octets).ok().map(|(name, _)| name)
}

/// Octets in hex, `size` of them between separators.
fn groups(octets: &[u8], size: usize, separator: &str) -> String {
    octets.chunks(size).map(hex).collect::<Vec<_>>().join(separator)
}

/// Protocol and ports. Zero octets at the end of the bitmap have no text.
fn services(octets: &[u8], line: &mut Line) -> Option<()> {
    let (protocol, bitmap) = octets.split_first()?;
    if bitmap.last() == Some(&0) {
        return None;
    }
    line.word(protocol);
    let set = |port: usize| bitmap[port / 8] & (0x80 >> (port % 8)) != 0;
    (0..bitmap.len() * 8).filter(|&port| set(port)).for_each(|port| line.word(port));
    Some(())
}

fn gateway(octets: &[u8], line: &mut Line) -> Option<()> {
    let [kind, algorithm, host @ ..] = octets else { return None };
    line.word(kind);
    line.word(algorithm);
    write_host(*kind, host, line)
}

fn relay(octets: &[u8], line: &mut Line) -> Option<()> {
    let (first, host) = octets.split_first()?;
    line.word(first >> 7);
    line.word(first & 0x7f);
    write_host(first & 0x7f, host, line)
}

fn write_host(kind: u8, octets: &[u8], line: &mut Line) -> Option<()> {
    match Host::of_kind(kind) {
        Host::None => line.word("."),
        Host::Ipv4 => write(Field::Ipv4, octets, line)?,
        Host::Ipv6 => write(Field::Ipv6, octets, line)?,
        Host::Name => line.word(name(octets)?),
        Host::Unknown => return None,
    }
    Some(())
}

fn host_identity(octets: &[u8], line: &mut Line) -> Option<()> {
    let mut reader = Reader::new(octets);
    let (tag, algorithm, _) = (reader.u8().ok()?, reader.u8().ok()?, reader.u16().ok()?);
    line.word(algorithm);
    line.word(hex(reader.take(tag.into()).ok()?));
    line.word(base64(reader.rest()));
    Some(())
}

/// Octets as a quoted string (RFC 1035 section 5.1).
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(
    /// The octets.
    pub &'a [u8],
);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for &octet in self.0 {
            match octet {
                b'"' | b'\\' => write!(f, "\\{}", char::from(octet))?,
                0x20..=0x7e => f.write_char(char::from(octet))?,
                _ => write!(f, "\\{octet:03}")?,
            }
        }
        f.write_char('"')
    }
}
