//! Hex, base64 and base32hex in their strict forms.

use data_encoding::{
    BASE32HEX_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, DecodeError, DecodeKind, HEXLOWER,
};
use thiserror::Error;

/// Text that is not a strict encoding of octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// A character outside the alphabet, or padding out of place.
    #[error("unexpected character at position {at}")]
    Character {
        /// Position of the character, from 0.
        at: usize,
    },
    /// No octets have an encoding of this length.
    #[error("wrong length")]
    Length,
    /// The last character carries bits that stand for nothing.
    #[error("non-zero bits after the last octet at position {at}")]
    TrailingBits {
        /// Position of the character, from 0.
        at: usize,
    },
}

impl From<DecodeError> for TextError {
    fn from(error: DecodeError) -> Self {
        match error.kind {
            DecodeKind::Length => Self::Length,
            DecodeKind::Trailing => Self::TrailingBits { at: error.position },
            DecodeKind::Symbol | DecodeKind::Padding => Self::Character { at: error.position },
        }
    }
}

/// Lower-case hexadecimal.
pub fn hex(octets: &[u8]) -> String {
    HEXLOWER.encode(octets)
}

/// Octets from hexadecimal of either case.
pub fn from_hex(text: &str) -> Result<Vec<u8>, TextError> {
    Ok(data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes())?)
}

/// Standard base64 with padding (RFC 4648 section 4), as DNS uses it.
pub fn base64(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

/// Octets from [`base64`].
pub fn from_base64(text: &str) -> Result<Vec<u8>, TextError> {
    Ok(BASE64.decode(text.as_bytes())?)
}

/// Standard base64 without padding, as Matrix signs with.
pub fn base64_unpadded(octets: &[u8]) -> String {
    BASE64_NOPAD.encode(octets)
}

/// Octets from [`base64_unpadded`].
pub fn from_base64_unpadded(text: &str) -> Result<Vec<u8>, TextError> {
    Ok(BASE64_NOPAD.decode(text.as_bytes())?)
}

/// So many octets from URL-safe base64 without padding (RFC 4648 section 5).
pub fn from_base64url_unpadded<const N: usize>(text: &str) -> Result<[u8; N], TextError> {
    let mut octets = [0; N];
    if BASE64URL_NOPAD.decode_len(text.len())? != N {
        return Err(TextError::Length);
    }
    match BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut octets) {
        Ok(_) => Ok(octets),
        Err(partial) => Err(partial.error.into()),
    }
}

/// Base32 with the extended hex alphabet, upper case, no padding (RFC 5155 section 3.3).
pub fn base32hex(octets: &[u8]) -> String {
    BASE32HEX_NOPAD.encode(octets)
}

/// Octets from [`base32hex`] of either case.
pub fn from_base32hex(text: &str) -> Result<Vec<u8>, TextError> {
    Ok(BASE32HEX_NOPAD.decode(text.to_ascii_uppercase().as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_value_has_one_text() {
        assert_eq!(from_base64_unpadded("AB"), Err(TextError::TrailingBits { at: 1 }));
        assert_eq!(from_base64_unpadded("AA=="), Err(TextError::Character { at: 2 }));
        assert_eq!(from_base64("AA"), Err(TextError::Length));
        assert_eq!(from_base64_unpadded("A A"), Err(TextError::Character { at: 1 }));
        assert_eq!(from_base64_unpadded("A-_A"), Err(TextError::Character { at: 1 }));
        assert_eq!(from_hex("0g"), Err(TextError::Character { at: 1 }));
    }

    #[test]
    fn so_many_octets_are_read() {
        assert_eq!(from_base64url_unpadded("-_-_"), Ok([0xfb, 0xff, 0xbf]));
        assert_eq!(from_base64url_unpadded::<2>("-_-_"), Err(TextError::Length));
        assert_eq!(from_base64url_unpadded::<3>("+_-_"), Err(TextError::Character { at: 0 }));
        assert_eq!(from_base64url_unpadded::<2>("-_-"), Err(TextError::TrailingBits { at: 2 }));
        assert_eq!(from_base64url_unpadded::<1>("-_=="), Err(TextError::Length));
    }

    proptest! {
        #[test]
        fn round_trips(octets: Vec<u8>) {
            prop_assert_eq!(&from_hex(&hex(&octets)).unwrap(), &octets);
            prop_assert_eq!(&from_base64(&base64(&octets)).unwrap(), &octets);
            prop_assert_eq!(&from_base64_unpadded(&base64_unpadded(&octets)).unwrap(), &octets);
            prop_assert_eq!(&from_base32hex(&base32hex(&octets).to_lowercase()).unwrap(), &octets);
        }
    }
}
