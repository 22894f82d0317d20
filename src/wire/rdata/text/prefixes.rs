//! Address prefixes: `1:192.0.2.0/24 !2:2001:db8::/32` (RFC 3123 section 5).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::token::{SyntaxError, Token, Tokens};
use super::write::Line;
use crate::codec::Reader;

/// The bit that says "not", beside the length.
const NEGATED: u8 = 0x80;

/// Writes prefixes; none where one is of neither family.
pub(super) fn write(octets: &[u8], line: &mut Line) -> Option<()> {
    let mut reader = Reader::new(octets);
    while !reader.is_empty() {
        let (family, prefix, length) = (reader.u16().ok()?, reader.u8().ok()?, reader.u8().ok()?);
        let start = reader.take((length & !NEGATED).into()).ok()?;
        let mut address = [0; 16];
        address.get_mut(..start.len())?.copy_from_slice(start);
        let not = if length & NEGATED == 0 { "" } else { "!" };
        match family {
            1 => {
                let [a, b, c, d, ..] = address;
                line.word(format_args!("{not}1:{}/{prefix}", Ipv4Addr::from([a, b, c, d])));
            }
            2 => line.word(format_args!("{not}2:{}/{prefix}", Ipv6Addr::from(address))),
            _ => return None,
        }
    }
    Some(())
}

/// Reads prefixes from all tokens that are left.
pub(super) fn read(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    const PREFIX: &str = "an address prefix like 1:192.0.2.0/24 or !2:2001:db8::/32";
    while !tokens.is_empty() {
        let token = tokens.take(PREFIX)?;
        out.extend(prefix(&token).ok_or_else(|| token.unexpected(PREFIX))?);
    }
    Ok(())
}

fn prefix(token: &Token<'_>) -> Option<Vec<u8>> {
    let word = token.word()?;
    let (negated, word) = match word.strip_prefix('!') {
        Some(rest) => (NEGATED, rest),
        None => (0, word),
    };
    let (family, rest) = word.split_once(':')?;
    let (address, prefix) = rest.split_once('/')?;
    let (family, address) = match family {
        "1" => (1, address.parse::<Ipv4Addr>().ok()?.octets().to_vec()),
        "2" => (2, address.parse::<Ipv6Addr>().ok()?.octets().to_vec()),
        _ => return None,
    };
    let digits = prefix.bytes().all(|octet| octet.is_ascii_digit());
    let prefix: u8 = digits.then_some(prefix)?.parse().ok()?;
    let length = address.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
    let first = negated | u8::try_from(length).expect("an address has at most 16 octets");
    Some([&[0, family, prefix, first], &address[..length]].concat())
}
