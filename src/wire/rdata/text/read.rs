//! Text to RDATA.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::token::{Fault, SyntaxError, Token, Tokens};
use super::{Lexer, location, parameters, parts, prefixes, time};
use crate::codec::{from_base64, from_hex};
use crate::wire::rdata::schema::{Field, fields};
use crate::wire::rdata::walk::validate;
use crate::wire::{Name, Rdata, Rtype};

/// Reads all tokens that are left as the data of a record: in the form of its type, or in the generic
/// one (RFC 3597 section 5), which goes for every type. Relative names are continued with `origin`.
///
/// # Errors
/// What is wrong first, and where.
pub fn from_text(
    rtype: Rtype,
    tokens: &mut Tokens<'_, '_>,
    origin: Option<&Name>,
) -> Result<Rdata, SyntaxError> {
    let at = tokens.position();
    let mut octets = Vec::new();
    if tokens.take_if(Token::starts_generic).is_some() {
        generic(tokens, &mut octets)?;
    } else {
        for &field in fields(rtype) {
            read(field, tokens, origin, &mut octets)?;
        }
        tokens.finish()?;
    }
    validate(rtype, &octets).map_err(|error| Fault::Data(error).at(at))?;
    Rdata::new(octets).map_err(|error| Fault::Data(error.into()).at(at))
}

/// Reads data from text of its own, names in it taken as absolute.
///
/// # Errors
/// As for [`from_text`].
pub fn parse(rtype: Rtype, text: &str) -> Result<Rdata, SyntaxError> {
    let mut lexer = Lexer::new(text.as_bytes());
    let entry = lexer.next().transpose()?;
    let tokens = entry.map_or_else(Vec::new, |entry| entry.tokens);
    let end = lexer.here();
    let rdata = from_text(rtype, &mut Tokens::new(&tokens, end), Some(&Name::root()))?;
    match lexer.next() {
        None => Ok(rdata),
        Some(_) => Err(Fault::Trailing("a second line".to_owned()).at(end)),
    }
}

fn generic(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    let at = tokens.position();
    let stated = tokens.number::<u16>("the length of the data in octets")?;
    *out = parts::rest(tokens, "data in hex", from_hex)?;
    if out.len() != usize::from(stated) {
        return Err(Fault::GenericLength { stated, found: out.len() }.at(at));
    }
    Ok(())
}

/// Reads a field and puts its octets behind `out`.
fn read(
    field: Field,
    tokens: &mut Tokens<'_, '_>,
    origin: Option<&Name>,
    out: &mut Vec<u8>,
) -> Result<(), SyntaxError> {
    match field {
        Field::Name(_) => out.extend_from_slice(tokens.name(origin)?.as_wire()),
        Field::Names => {
            while !tokens.is_empty() {
                out.extend_from_slice(tokens.name(origin)?.as_wire());
            }
        }
        Field::U8 => out.push(tokens.number("a number up to 255")?),
        Field::U16 => out.extend(tokens.number::<u16>("a number up to 65535")?.to_be_bytes()),
        Field::U32 => out.extend(tokens.number::<u32>("a number of 32 bits")?.to_be_bytes()),
        Field::Period => out.extend(tokens.period("seconds, or a time like 1h30m")?.to_be_bytes()),
        Field::Time => out.extend(time::read(tokens)?.0.to_be_bytes()),
        Field::Type => out.extend(tokens.parse::<Rtype>("a record type")?.0.to_be_bytes()),
        Field::Algorithm => out.push(parts::algorithm(tokens)?),
        Field::CertificateType => out.extend(parts::certificate_type(tokens)?.to_be_bytes()),
        Field::Ipv4 => out.extend(tokens.parse::<Ipv4Addr>("an IPv4 address")?.octets()),
        Field::Ipv6 => out.extend(tokens.parse::<Ipv6Addr>("an IPv6 address")?.octets()),
        Field::OptionalText if tokens.is_empty() => {}
        Field::Text | Field::OptionalText => parts::text(tokens, out)?,
        Field::Texts => {
            parts::text(tokens, out)?;
            while !tokens.is_empty() {
                parts::text(tokens, out)?;
            }
        }
        Field::LongText | Field::OptionalLongText => {
            out.extend(tokens.take("a quoted string")?.octets()?);
        }
        Field::Tag => parts::tag(tokens, out)?,
        Field::Hex => out.extend(parts::some(tokens, "data in hex", from_hex)?),
        Field::Base64 => out.extend(parts::some(tokens, "data in base64", from_base64)?),
        Field::OptionalBase64 => out.extend(parts::rest(tokens, "data in base64", from_base64)?),
        Field::Salt => parts::salt(tokens, out)?,
        Field::Hash => parts::hash(tokens, out)?,
        Field::Bitmap => parts::bitmap(tokens, out)?,
        Field::Services => parts::services(tokens, out)?,
        Field::Location => location::Location::parse(tokens)?.write(out),
        Field::Prefixes => prefixes::read(tokens, out)?,
        Field::Nsap => parts::nsap(tokens, out)?,
        Field::Eui48 => parts::groups(tokens, &parts::EUI48, out)?,
        Field::Eui64 => parts::groups(tokens, &parts::EUI64, out)?,
        Field::Locator => parts::groups(tokens, &parts::LOCATOR, out)?,
        Field::Gateway => parts::gateway(tokens, origin, out)?,
        Field::Relay => parts::relay(tokens, origin, out)?,
        Field::HostIdentity => parts::host_identity(tokens, out)?,
        Field::Parameters => parameters::read(tokens, out)?,
        Field::Opaque => return Err(tokens.unexpected("data in the generic form (\\# LENGTH HEX)")),
    }
    Ok(())
}
