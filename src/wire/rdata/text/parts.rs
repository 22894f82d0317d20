//! The smaller fields, from tokens to octets.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::token::{Fault, SyntaxError, Token, Tokens};
use crate::codec::{self, from_base32hex, from_base64, from_hex};
use crate::wire::rdata::TypeBitmap;
use crate::wire::rdata::take::Host;
use crate::wire::{Algorithm, Name, Rtype};

type Decode = fn(&str) -> Result<Vec<u8>, codec::TextError>;

fn decode(token: &Token<'_>, expected: &'static str, by: Decode) -> Result<Vec<u8>, SyntaxError> {
    let word = token.word().ok_or_else(|| token.unexpected(expected))?;
    by(word).map_err(|error| Fault::Encoding { expected, error }.at(token.at))
}

/// Puts octets behind their length in one octet.
fn prefix(
    octets: &[u8],
    token: &Token<'_>,
    expected: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), SyntaxError> {
    out.push(u8::try_from(octets.len()).map_err(|_| token.unexpected(expected))?);
    out.extend_from_slice(octets);
    Ok(())
}

/// Octets in hex or base64 over all tokens that are left.
pub(super) fn rest(
    tokens: &mut Tokens<'_, '_>,
    expected: &'static str,
    by: Decode,
) -> Result<Vec<u8>, SyntaxError> {
    let at = tokens.position();
    let mut text = String::new();
    while !tokens.is_empty() {
        let token = tokens.take(expected)?;
        text.push_str(token.word().ok_or_else(|| token.unexpected(expected))?);
    }
    by(&text).map_err(|error| Fault::Encoding { expected, error }.at(at))
}

/// The same, at least one octet.
pub(super) fn some(
    tokens: &mut Tokens<'_, '_>,
    expected: &'static str,
    by: Decode,
) -> Result<Vec<u8>, SyntaxError> {
    if tokens.is_empty() { Err(tokens.unexpected(expected)) } else { rest(tokens, expected, by) }
}

pub(super) fn text(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    const TEXT: &str = "a string of at most 255 octets";
    let token = tokens.take(TEXT)?;
    prefix(&token.octets()?, &token, TEXT, out)
}

pub(super) fn tag(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    const TAG: &str = "a tag of letters and digits";
    let token = tokens.take(TAG)?;
    let alphanumeric = |word: &&str| word.bytes().all(|octet| octet.is_ascii_alphanumeric());
    let word = token.word().filter(alphanumeric).ok_or_else(|| token.unexpected(TAG))?;
    prefix(word.as_bytes(), &token, TAG, out)
}

/// Hex after its length (RFC 5155 section 3.3).
pub(super) fn salt(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    const SALT: &str = "a salt in hex, or -";
    let token = tokens.take(SALT)?;
    let salt = if token.raw == b"-" { Vec::new() } else { decode(&token, SALT, from_hex)? };
    prefix(&salt, &token, SALT, out)
}

pub(super) fn hash(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    const HASH: &str = "a hash in base32hex";
    let token = tokens.take(HASH)?;
    prefix(&decode(&token, HASH, from_base32hex)?, &token, HASH, out)
}

pub(super) fn algorithm(tokens: &mut Tokens<'_, '_>) -> Result<u8, SyntaxError> {
    const ALGORITHM: &str = "a DNSSEC algorithm";
    let token = tokens.take(ALGORITHM)?;
    token.number(ALGORITHM).or_else(|_| token.parse::<Algorithm>(ALGORITHM).map(|named| named.0))
}

/// A number or a name of RFC 4398 section 2.1.
pub(super) fn certificate_type(tokens: &mut Tokens<'_, '_>) -> Result<u16, SyntaxError> {
    const TYPE: &str = "a certificate type";
    const NAMED: [(&str, u16); 10] = [
        ("PKIX", 1),
        ("SPKI", 2),
        ("PGP", 3),
        ("IPKIX", 4),
        ("ISPKI", 5),
        ("IPGP", 6),
        ("ACPKIX", 7),
        ("IACPKIX", 8),
        ("URI", 253),
        ("OID", 254),
    ];
    let token = tokens.take(TYPE)?;
    let named = |word: &str| NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    match token.word().and_then(named) {
        Some((_, number)) => Ok(*number),
        None => token.number(TYPE),
    }
}

pub(super) fn bitmap(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    let mut types = Vec::new();
    while !tokens.is_empty() {
        types.push(tokens.parse::<Rtype>("a record type")?);
    }
    out.extend(types.into_iter().collect::<TypeBitmap>().to_octets());
    Ok(())
}

/// A protocol by number or name, and ports by number (RFC 1035 section 3.4.2).
pub(super) fn services(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    const PROTOCOL: &str = "TCP, UDP or the number of a protocol";
    let token = tokens.take(PROTOCOL)?;
    out.push(match token.word().map(str::to_ascii_uppercase).as_deref() {
        Some("TCP") => 6,
        Some("UDP") => 17,
        _ => token.number(PROTOCOL)?,
    });
    let mut bitmap = Vec::new();
    while !tokens.is_empty() {
        let port = usize::from(tokens.number::<u16>("the number of a port")?);
        bitmap.resize(bitmap.len().max(port / 8 + 1), 0);
        bitmap[port / 8] |= 0x80 >> (port % 8);
    }
    out.extend(bitmap);
    Ok(())
}

/// Hex behind `0x`, with dots anywhere (RFC 1706 section 5).
pub(super) fn nsap(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    const NSAP: &str = "an NSAP address (0x and hex)";
    let token = tokens.take(NSAP)?;
    let digits = token.word().and_then(|word| {
        word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).filter(|hex| !hex.is_empty())
    });
    let digits = digits.ok_or_else(|| token.unexpected(NSAP))?.replace('.', "");
    let octets = from_hex(&digits);
    out.extend(octets.map_err(|error| Fault::Encoding { expected: NSAP, error }.at(token.at))?);
    Ok(())
}

/// Numbers in hex with something between.
pub(super) struct Groups {
    expected: &'static str,
    separator: char,
    count: usize,
    digits: usize,
}

pub(super) const EUI48: Groups =
    Groups { expected: "six octets in hex with - between", separator: '-', count: 6, digits: 2 };
pub(super) const EUI64: Groups =
    Groups { expected: "eight octets in hex with - between", separator: '-', count: 8, digits: 2 };
pub(super) const LOCATOR: Groups = Groups {
    expected: "four groups of four hex digits with : between",
    separator: ':',
    count: 4,
    digits: 4,
};

pub(super) fn groups(
    tokens: &mut Tokens<'_, '_>,
    form: &Groups,
    out: &mut Vec<u8>,
) -> Result<(), SyntaxError> {
    let token = tokens.take(form.expected)?;
    let wrong = || token.unexpected(form.expected);
    let groups: Vec<&str> = token.word().ok_or_else(wrong)?.split(form.separator).collect();
    let whole = |group: &&str| (1..=form.digits).contains(&group.len());
    if groups.len() != form.count || !groups.iter().all(whole) {
        return Err(wrong());
    }
    for group in groups {
        let padded = format!("{group:0>width$}", width = form.digits);
        out.extend(from_hex(&padded).map_err(|_| wrong())?);
    }
    Ok(())
}

/// Kind of the gateway, algorithm, gateway (RFC 4025 section 3.1).
pub(super) fn gateway(
    tokens: &mut Tokens<'_, '_>,
    origin: Option<&Name>,
    out: &mut Vec<u8>,
) -> Result<(), SyntaxError> {
    let kind = host_kind(tokens)?;
    out.extend([kind, tokens.number("the algorithm of the key")?]);
    host(kind, tokens, origin, out)
}

/// Discovery bit, kind of the relay, relay (RFC 8777 section 4.3.1).
pub(super) fn relay(
    tokens: &mut Tokens<'_, '_>,
    origin: Option<&Name>,
    out: &mut Vec<u8>,
) -> Result<(), SyntaxError> {
    let token = tokens.take("0 or 1")?;
    let discovery: u8 = token.number("0 or 1")?;
    if discovery > 1 {
        return Err(token.unexpected("0 or 1"));
    }
    let kind = host_kind(tokens)?;
    out.push(discovery << 7 | kind);
    host(kind, tokens, origin, out)
}

fn host_kind(tokens: &mut Tokens<'_, '_>) -> Result<u8, SyntaxError> {
    const KIND: &str = "0 (none), 1 (IPv4), 2 (IPv6) or 3 (name)";
    let token = tokens.take(KIND)?;
    let kind = token.number(KIND)?;
    if Host::of_kind(kind) == Host::Unknown { Err(token.unexpected(KIND)) } else { Ok(kind) }
}

fn host(
    kind: u8,
    tokens: &mut Tokens<'_, '_>,
    origin: Option<&Name>,
    out: &mut Vec<u8>,
) -> Result<(), SyntaxError> {
    match Host::of_kind(kind) {
        Host::None | Host::Unknown => {
            let token = tokens.take(".")?;
            if token.raw != b"." {
                return Err(token.unexpected("."));
            }
        }
        Host::Ipv4 => out.extend(tokens.parse::<Ipv4Addr>("an IPv4 address")?.octets()),
        Host::Ipv6 => out.extend(tokens.parse::<Ipv6Addr>("an IPv6 address")?.octets()),
        Host::Name => out.extend_from_slice(tokens.name(origin)?.as_wire()),
    }
    Ok(())
}

/// Algorithm, tag and key (RFC 8005 section 6).
pub(super) fn host_identity(
    tokens: &mut Tokens<'_, '_>,
    out: &mut Vec<u8>,
) -> Result<(), SyntaxError> {
    const TAG: &str = "a host identity tag in hex";
    const KEY: &str = "a public key in base64";
    let algorithm = tokens.number("the algorithm of the key")?;
    let tag = tokens.take(TAG)?;
    let tag_octets = decode(&tag, TAG, from_hex)?;
    let key = tokens.take(KEY)?;
    let key_octets = decode(&key, KEY, from_base64)?;
    out.push(u8::try_from(tag_octets.len()).map_err(|_| tag.unexpected(TAG))?);
    out.push(algorithm);
    let length = u16::try_from(key_octets.len()).map_err(|_| key.unexpected(KEY))?;
    out.extend(length.to_be_bytes());
    out.extend(tag_octets);
    out.extend(key_octets);
    Ok(())
}
