//! EDNS (RFC 6891) and extended errors (RFC 8914).

use std::fmt;

use bytes::Bytes;

use super::MessageError;
use crate::codec::{ReadError, Reader};
use crate::wire::{EdeCode, EdnsCode};

/// What the OPT record carries, but for the upper bits of the response code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP message its sender takes, in octets.
    pub udp_size: u16,
    /// The version; only 0 is defined.
    pub version: u8,
    /// DO: the asker wants DNSSEC records (RFC 3225).
    pub dnssec_ok: bool,
    /// CO: the asker takes NXDOMAIN with a compact denial (RFC 9824 section 5.1).
    pub compact_ok: bool,
    /// The options, in order.
    pub options: Vec<EdnsOption>,
}

/// One EDNS option (RFC 6891 section 6.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdnsOption {
    /// The option.
    pub code: EdnsCode,
    /// Its data.
    pub data: Bytes,
}

/// More about an error than its response code says (RFC 8914).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExtendedError {
    /// The error.
    pub code: EdeCode,
    /// Words for people; may be empty.
    pub text: String,
}

impl fmt::Display for ExtendedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_str() {
            "" => write!(f, "{}", self.code),
            text => write!(f, "{}: {text}", self.code),
        }
    }
}

impl Edns {
    /// The UDP size that passes every path unfragmented (DNS Flag Day 2020, RFC 9715).
    pub const UDP_SIZE: u16 = 1232;
    /// The most options that are read, of a query or a response: 32. There are about twenty kinds, of
    /// which few go together; each costs memory of its own.
    pub const MOST_OPTIONS: usize = 32;
    /// The most octets of options that are read: 4096. Padding takes 468 (RFC 8467), an extended error
    /// as much as it has words.
    pub const MOST_OCTETS: usize = 4096;
    /// The DO bit of the flags.
    pub(in crate::wire) const DNSSEC_OK: u16 = 0x8000;
    /// The CO bit of the flags.
    pub(in crate::wire) const COMPACT_OK: u16 = 0x4000;

    /// The first option of this kind.
    pub fn option(&self, code: EdnsCode) -> Option<&Bytes> {
        self.options.iter().find(|option| option.code == code).map(|option| &option.data)
    }

    /// The extended errors among the options. One too short for its code is left out.
    pub fn extended_errors(&self) -> impl Iterator<Item = ExtendedError> {
        let errors = self.options.iter().filter(|option| option.code == EdnsCode::EDE);
        errors.filter_map(|option| {
            let (code, text) = option.data.split_first_chunk()?;
            // Some senders end the text with a NUL (RFC 8914 section 2).
            let text = text.strip_suffix(b"\0").unwrap_or(text);
            Some(ExtendedError {
                code: EdeCode(u16::from_be_bytes(*code)),
                text: String::from_utf8_lossy(text).into_owned(),
            })
        })
    }

    /// Adds an extended error.
    pub fn push_extended_error(&mut self, error: &ExtendedError) {
        let data = [&error.code.0.to_be_bytes(), error.text.as_bytes()].concat();
        self.options.push(EdnsOption { code: EdnsCode::EDE, data: data.into() });
    }

    /// The flags as they stand in the OPT record's TTL.
    pub(super) fn flags(&self) -> u16 {
        let dnssec_ok = if self.dnssec_ok { Self::DNSSEC_OK } else { 0 };
        let compact_ok = if self.compact_ok { Self::COMPACT_OK } else { 0 };
        dnssec_ok | compact_ok
    }
}

/// No options, DO and CO clear, [`Edns::UDP_SIZE`].
impl Default for Edns {
    fn default() -> Self {
        Self {
            udp_size: Self::UDP_SIZE,
            version: 0,
            dnssec_ok: false,
            compact_ok: false,
            options: Vec::new(),
        }
    }
}

/// Whether the data of an OPT record is no more than anyone needs.
pub(in crate::wire) fn is_modest(octets: &[u8]) -> bool {
    octets.len() <= Edns::MOST_OCTETS
        && options(octets).take(Edns::MOST_OPTIONS + 1).count() <= Edns::MOST_OPTIONS
}

/// Reads the data of an OPT record.
pub(super) fn decode_options(octets: &[u8]) -> Result<Vec<EdnsOption>, MessageError> {
    if !is_modest(octets) {
        return Err(MessageError::TooManyOptions);
    }
    options(octets)
        .map(|option| {
            let (code, data) = option.map_err(|_| MessageError::BadOptions)?;
            Ok(EdnsOption { code, data: Bytes::copy_from_slice(data) })
        })
        .collect()
}

/// The options in the data of an OPT record, without copying. Ends after the first error.
pub(in crate::wire) fn options(
    octets: &[u8],
) -> impl Iterator<Item = Result<(EdnsCode, &[u8]), ReadError>> + Clone {
    let mut reader = Reader::new(octets);
    std::iter::from_fn(move || {
        let next = next_option(&mut reader).transpose()?;
        if next.is_err() {
            reader.rest();
        }
        Some(next)
    })
}

fn next_option<'a>(reader: &mut Reader<'a>) -> Result<Option<(EdnsCode, &'a [u8])>, ReadError> {
    if reader.is_empty() {
        return Ok(None);
    }
    let code = EdnsCode(reader.u16()?);
    let length = reader.u16()?;
    Ok(Some((code, reader.take(length.into())?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_errors_go_both_ways() {
        let error = ExtendedError { code: EdeCode::DNSSEC_BOGUS, text: "naïve".into() };
        let bare = ExtendedError { code: EdeCode(4711), text: String::new() };
        let mut edns = Edns::default();
        edns.push_extended_error(&error);
        edns.push_extended_error(&bare);
        assert!(edns.extended_errors().eq([error.clone(), bare.clone()]));
        assert_eq!(error.to_string(), "DNSSEC Bogus: naïve");
        assert_eq!(bare.to_string(), "EDE4711");
    }

    #[test]
    fn extended_errors_of_others() {
        let option = |data: &'static [u8]| EdnsOption {
            code: EdnsCode::EDE,
            data: Bytes::from_static(data),
        };
        let options = vec![option(b"\0"), option(b"\0\x06no\xff\0")];
        let edns = Edns { options, ..Edns::default() };
        let error = ExtendedError { code: EdeCode::DNSSEC_BOGUS, text: "no\u{fffd}".into() };
        assert!(edns.extended_errors().eq([error]));
    }

    #[test]
    fn options_fill_the_record() {
        assert_eq!(decode_options(&[0, 3, 0, 1]), Err(MessageError::BadOptions));
        assert_eq!(decode_options(&[0, 3, 0]), Err(MessageError::BadOptions));
        let nsid = EdnsOption { code: EdnsCode::NSID, data: Bytes::from_static(b"x") };
        assert_eq!(decode_options(&[0, 3, 0, 1, b'x']), Ok(vec![nsid]));
    }

    #[test]
    fn options_have_bounds() {
        let count =
            |options: usize| decode_options(&[0, 3, 0, 0].repeat(options)).map(|all| all.len());
        assert_eq!(count(32), Ok(32));
        assert_eq!(count(33), Err(MessageError::TooManyOptions));
        let padding = |length: u16| {
            let octets = [&[0, 12][..], &length.to_be_bytes(), &vec![0; length.into()]].concat();
            decode_options(&octets).map(|all| all.len())
        };
        assert_eq!(padding(4092), Ok(1));
        assert_eq!(padding(4093), Err(MessageError::TooManyOptions));
    }
}
