//! Service parameters of SVCB and HTTPS records (RFC 9460 section 2.2).

use super::views::RdataError;
use crate::codec::Reader;

/// Keys that must be understood.
pub(super) const MANDATORY: u16 = 0;
/// Application protocols.
pub(super) const ALPN: u16 = 1;
/// The scheme's own protocol is not offered.
pub(super) const NO_DEFAULT_ALPN: u16 = 2;
/// The port.
pub(super) const PORT: u16 = 3;
/// IPv4 addresses.
pub(super) const IPV4HINT: u16 = 4;
/// Encrypted ClientHello.
pub(super) const ECH: u16 = 5;
/// IPv6 addresses.
pub(super) const IPV6HINT: u16 = 6;
/// Path of DNS over HTTPS (RFC 9461).
pub(super) const DOHPATH: u16 = 7;
/// Oblivious HTTP (RFC 9540).
pub(super) const OHTTP: u16 = 8;

/// The parameters up to the end of `octets`, each a key with its value.
pub(super) fn parameters(octets: &[u8]) -> impl Iterator<Item = Result<(u16, &[u8]), RdataError>> {
    let mut reader = Reader::new(octets);
    std::iter::from_fn(move || {
        if reader.is_empty() {
            return None;
        }
        let parameter = take(&mut reader);
        if parameter.is_err() {
            reader.rest();
        }
        Some(parameter)
    })
}

fn take<'a>(reader: &mut Reader<'a>) -> Result<(u16, &'a [u8]), RdataError> {
    let (key, length) = (reader.u16()?, reader.u16()?);
    Ok((key, reader.take(length.into())?))
}

/// Checks parameters up to the end of `octets`: keys in strictly ascending order, values as their
/// keys say, mandatory keys there.
pub(super) fn check(octets: &[u8]) -> Result<(), RdataError> {
    let parameters = parameters(octets).collect::<Result<Vec<_>, _>>()?;
    if !parameters.is_sorted_by(|(a, _), (b, _)| a < b) {
        return Err(RdataError::Invalid("service parameters out of order"));
    }
    let has = |key| parameters.binary_search_by_key(&key, |(key, _)| *key).is_ok();
    for &(key, value) in &parameters {
        if !is_value(key, value) {
            return Err(RdataError::Invalid("bad value of a service parameter"));
        }
        if key == MANDATORY && !numbers(value).all(has) {
            return Err(RdataError::Invalid("a mandatory service parameter is missing"));
        }
    }
    if has(NO_DEFAULT_ALPN) && !has(ALPN) {
        return Err(RdataError::Invalid("no-default-alpn needs alpn"));
    }
    Ok(())
}

fn is_value(key: u16, value: &[u8]) -> bool {
    let several = |size| !value.is_empty() && value.len().is_multiple_of(size);
    match key {
        MANDATORY => {
            let ascending = || numbers(value).is_sorted_by(|a, b| a < b);
            several(2) && ascending() && !numbers(value).any(|key| key == MANDATORY)
        }
        ALPN => is_protocols(value),
        NO_DEFAULT_ALPN | OHTTP => value.is_empty(),
        PORT => value.len() == 2,
        IPV4HINT => several(4),
        IPV6HINT => several(16),
        ECH | DOHPATH => !value.is_empty(),
        _ => true,
    }
}

/// The numbers of two octets that `value` is made of.
pub(super) fn numbers(value: &[u8]) -> impl Iterator<Item = u16> {
    value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

fn is_protocols(value: &[u8]) -> bool {
    let mut reader = Reader::new(value);
    let mut all = !reader.is_empty();
    while all && !reader.is_empty() {
        all = reader.prefixed().is_ok_and(|protocol| !protocol.is_empty());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_their_keys() {
        let good: [&[u8]; 6] = [
            b"",
            b"\0\x01\0\x03\x02h2",
            b"\0\0\0\x02\0\x03\0\x03\0\x02\x01\xbb",
            b"\0\x01\0\x03\x02h2\0\x02\0\0",
            b"\0\x04\0\x04\x7f\0\0\x01",
            b"\xff\xfe\0\0",
        ];
        let bad: [&[u8]; 9] = [
            b"\0",
            b"\0\x01\0\x02\x02h",
            b"\0\x01\0\x01\0",
            b"\0\x02\0\0",
            b"\0\x03\0\x01\0",
            b"\0\x04\0\x03\x7f\0\0",
            b"\0\0\0\x02\0\x03",
            b"\0\0\0\x02\0\0",
            b"\0\x09\0\0\0\x09\0\0",
        ];
        assert!(good.iter().all(|octets| check(octets).is_ok()));
        assert!(bad.iter().all(|octets| check(octets).is_err()));
    }
}
