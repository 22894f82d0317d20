//! Service parameters: `alpn="h2,h3" port=853` (RFC 9460 section 2.1 and appendix A).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::token::{SyntaxError, Token, Tokens};
use super::write::{Line, Quoted};
use crate::codec::{Reader, base64, from_base64};
use crate::wire::rdata::parameters::{
    ALPN, DOHPATH, ECH, IPV4HINT, IPV6HINT, MANDATORY, NO_DEFAULT_ALPN, OHTTP, PORT, numbers,
    parameters,
};

/// The names of the keys that have one (RFC 9460 section 14.3.2).
const NAMES: [(u16, &str); 9] = [
    (MANDATORY, "mandatory"),
    (ALPN, "alpn"),
    (NO_DEFAULT_ALPN, "no-default-alpn"),
    (PORT, "port"),
    (IPV4HINT, "ipv4hint"),
    (ECH, "ech"),
    (IPV6HINT, "ipv6hint"),
    (DOHPATH, "dohpath"),
    (OHTTP, "ohttp"),
];

fn key_name(key: u16) -> String {
    let known = NAMES.iter().find(|(number, _)| *number == key);
    known.map_or_else(|| format!("key{key}"), |(_, name)| (*name).to_owned())
}

fn key_number(name: &str) -> Option<u16> {
    let known = NAMES.iter().find(|(_, known)| *known == name);
    known.map(|(number, _)| *number).or_else(|| generic_number(name))
}

/// The number in `key123`; leading zeros are not allowed.
fn generic_number(name: &str) -> Option<u16> {
    let number = name.strip_prefix("key")?.parse::<u16>().ok()?;
    (format!("key{number}") == name).then_some(number)
}

/// Writes parameters; none where they are malformed.
pub(super) fn write(octets: &[u8], line: &mut Line) -> Option<()> {
    for parameter in parameters(octets) {
        let (key, value) = parameter.ok()?;
        let name = key_name(key);
        match key {
            _ if value.is_empty() => line.word(name),
            MANDATORY => line.word(format_args!("{name}={}", list(numbers(value).map(key_name)))),
            ALPN => line.word(format_args!("{name}={}", Quoted(&protocols(value)?))),
            PORT => line.word(format_args!("{name}={}", numbers(value).next()?)),
            IPV4HINT => line.word(format_args!("{name}={}", list(addresses::<4, Ipv4Addr>(value)))),
            IPV6HINT => {
                line.word(format_args!("{name}={}", list(addresses::<16, Ipv6Addr>(value))));
            }
            ECH => line.word(format_args!("{name}={}", base64(value))),
            _ => line.word(format_args!("{name}={}", Quoted(value))),
        }
    }
    Some(())
}

fn list(items: impl Iterator<Item = impl Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(",")
}

fn addresses<const SIZE: usize, A: From<[u8; SIZE]>>(value: &[u8]) -> impl Iterator<Item = A> {
    value.as_chunks::<SIZE>().0.iter().map(|octets| A::from(*octets))
}

/// The protocols with commas between, and a backslash before commas and backslashes in them.
fn protocols(value: &[u8]) -> Option<Vec<u8>> {
    let (mut reader, mut text) = (Reader::new(value), Vec::new());
    while !reader.is_empty() {
        if !text.is_empty() {
            text.push(b',');
        }
        for &octet in reader.prefixed().ok()? {
            if matches!(octet, b',' | b'\\') {
                text.push(b'\\');
            }
            text.push(octet);
        }
    }
    Some(text)
}

/// Reads parameters, in any order, from all tokens that are left.
pub(super) fn read(tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<(), SyntaxError> {
    const PARAMETER: &str = "a service parameter like alpn=h2 or key123=value";
    let mut found = BTreeMap::new();
    while !tokens.is_empty() {
        let token = tokens.take(PARAMETER)?;
        let (key, value) = parameter(&token, PARAMETER)?;
        if found.insert(key, value).is_some() {
            return Err(token.unexpected("another service parameter than before"));
        }
    }
    for (key, value) in found {
        out.extend(key.to_be_bytes());
        // An entry is short of 65,536 octets or refused as a whole.
        let length = u16::try_from(value.len()).map_err(|_| tokens.unexpected(PARAMETER))?;
        out.extend(length.to_be_bytes());
        out.extend(value);
    }
    Ok(())
}

fn parameter(token: &Token<'_>, expected: &'static str) -> Result<(u16, Vec<u8>), SyntaxError> {
    let equals = token.raw.iter().position(|&octet| octet == b'=');
    let (name, raw) = match equals {
        Some(at) => (&token.raw[..at], &token.raw[at + 1..]),
        None => (token.raw, &b""[..]),
    };
    let name = std::str::from_utf8(name).ok().filter(|_| !token.quoted);
    let name = name.ok_or_else(|| token.unexpected(expected))?;
    let key = key_number(name).ok_or_else(|| token.unexpected(expected))?;
    let raw = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")).unwrap_or(raw);
    let text = Token { raw, ..*token }.octets()?;
    if generic_number(name).is_some() {
        return Ok((key, text));
    }
    let (expected, value) = value(key, &text);
    Ok((key, value.ok_or_else(|| token.unexpected(expected))?))
}

/// The octets of a known key's value, and how it is to be written.
fn value(key: u16, text: &[u8]) -> (&'static str, Option<Vec<u8>>) {
    let word = std::str::from_utf8(text).ok();
    match key {
        MANDATORY => ("mandatory=KEY,KEY…", word.and_then(mandatory)),
        ALPN => ("alpn=PROTOCOL,PROTOCOL…", read_protocols(text)),
        NO_DEFAULT_ALPN | OHTTP => ("no value", text.is_empty().then(Vec::new)),
        PORT => {
            let digits = word.filter(|word| word.bytes().all(|octet| octet.is_ascii_digit()));
            let port = digits.and_then(|digits| digits.parse::<u16>().ok());
            ("port=NUMBER", port.map(|port| port.to_be_bytes().to_vec()))
        }
        IPV4HINT => {
            let octets = |word| read_list(word, |address: Ipv4Addr| address.octets().to_vec());
            ("ipv4hint=ADDRESS,ADDRESS…", word.and_then(octets))
        }
        IPV6HINT => {
            let octets = |word| read_list(word, |address: Ipv6Addr| address.octets().to_vec());
            ("ipv6hint=ADDRESS,ADDRESS…", word.and_then(octets))
        }
        ECH => ("ech=BASE64", word.and_then(|word| from_base64(word).ok())),
        _ => ("a value", Some(text.to_vec())),
    }
}

fn mandatory(word: &str) -> Option<Vec<u8>> {
    let mut keys = word.split(',').map(key_number).collect::<Option<Vec<_>>>()?;
    keys.sort_unstable();
    Some(keys.into_iter().flat_map(u16::to_be_bytes).collect())
}

fn read_list<A: FromStr>(word: &str, octets: impl Fn(A) -> Vec<u8>) -> Option<Vec<u8>> {
    let addresses = word.split(',').map(|item| item.parse().ok().map(&octets));
    addresses.collect::<Option<Vec<_>>>().map(|addresses| addresses.concat())
}

/// Splits at commas without a backslash before them (RFC 9460 appendix A.1).
fn read_protocols(text: &[u8]) -> Option<Vec<u8>> {
    let mut items = vec![Vec::new()];
    let mut octets = text.iter();
    while let Some(&octet) = octets.next() {
        let item = items.last_mut().expect("there is always an item being read");
        match octet {
            b',' => items.push(Vec::new()),
            b'\\' => item.push(*octets.next()?),
            octet => item.push(octet),
        }
    }
    let mut value = Vec::new();
    for item in items {
        value.push(u8::try_from(item.len()).ok()?);
        value.extend(item);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use crate::wire::rdata::{SyntaxError, parse, to_text};
    use crate::wire::{Rdata, Rtype};

    fn read(text: &str) -> Result<Rdata, SyntaxError> {
        parse(Rtype::SVCB, text)
    }

    /// Test vectors of RFC 9460 appendix D.2.
    #[test]
    fn vectors_of_the_standard() {
        let vectors: [(&str, &[u8]); 8] = [
            ("0 foo.example.com.", b"\0\0\x03foo\x07example\x03com\0"),
            ("1 .", b"\0\x01\0"),
            ("16 . port=53", b"\0\x10\0\0\x03\0\x02\0\x35"),
            ("1 . key667=hello", b"\0\x01\0\x02\x9b\0\x05hello"),
            ("1 . key667=\"hello\\210qoo\"", b"\0\x01\0\x02\x9b\0\x09hello\xd2qoo"),
            (
                "1 . ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
                b"\0\x01\0\0\x06\0\x20\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\
                \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\x53\0\x01",
            ),
            (
                "16 . alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
                b"\0\x10\0\0\0\0\x04\0\x01\0\x04\0\x01\0\x09\x02h2\x05h3-19\0\x04\0\x04\xc0\0\x02\x01",
            ),
            (
                "16 . alpn=f\\\\\\092oo\\092,bar,h2",
                b"\0\x10\0\0\x01\0\x0c\x08f\\oo,bar\x02h2",
            ),
        ];
        for (text, octets) in vectors {
            let rdata = read(text).unwrap();
            assert_eq!(rdata.octets(), octets, "{text}");
            assert_eq!(read(&to_text(Rtype::SVCB, &rdata)), Ok(rdata));
        }
        assert_eq!(read("16 . alpn=\"f\\\\\\\\oo\\\\,bar,h2\""), read(vectors[7].0));
    }

    /// RFC 9460 appendix D.3.
    #[test]
    fn failures_of_the_standard() {
        let bad = [
            "1 . key123=abc key123=def",
            "1 . mandatory",
            "1 . alpn",
            "1 . port",
            "1 . ipv4hint",
            "1 . ipv6hint",
            "1 . no-default-alpn=abc",
            "1 . mandatory=key123",
            "1 . mandatory=mandatory",
            "1 . mandatory=key123,key123 key123=abc",
            "1 . key065=x",
            "1 . \"alpn=h2\"",
        ];
        for text in bad {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
