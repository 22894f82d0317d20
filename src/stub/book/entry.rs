//! What stands in an address book, read as an identifier.

use thiserror::Error;

use crate::codec::from_percent;
use crate::threepid::{Country, Medium, Threepid, ThreepidError};

/// Fewest digits of a number in national format, where nothing says that it is one: house numbers and
/// years have less.
const NATIONAL_DIGITS: usize = 7;

/// Why what stands in an address book is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EntryError {
    /// It is no address of its medium.
    #[error(transparent)]
    Threepid(#[from] ThreepidError),
    /// What is dialled after the number: whoever answers there shares the number with others, and no
    /// association can tell them apart.
    #[error("an extension ({0}) follows the number: an identifier is a number alone")]
    Extension(String),
    /// A `tel:` URI of a number that is known in some place only, as inside a company. Its digits and
    /// those of the place together need not be a number (RFC 3966 section 5.1.5).
    #[error("a number that is known within {0:?} only: expected one in international format")]
    Local(String),
    /// It is not in UTF-8.
    #[error("not in UTF-8")]
    Encoding,
    /// It is something else than text, such as a picture.
    #[error("not text")]
    NotText,
    /// It is longer than anything that is read.
    #[error("more than {0} octets")]
    TooLong(usize),
}

/// What a field of an address book says it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Email,
    Phone,
    /// It says nothing.
    Any,
}

impl Field {
    /// Reads what stands in the field. Nothing, where it is empty, or where nobody said and nothing
    /// shows that it is an identifier.
    pub(super) fn read(
        self,
        text: &str,
        country: Option<Country>,
    ) -> Option<Result<Threepid, EntryError>> {
        let text = trimmed(text);
        if text.is_empty() {
            return None;
        }
        match self {
            Self::Email => Some(email(text)),
            Self::Phone => Some(phone(text, country)),
            Self::Any => unsaid(text, country),
        }
    }
}

/// The text without space around it, and without what turns its direction: phone books put both
/// around numbers.
pub(super) fn trimmed(text: &str) -> &str {
    let is_around = |c: char| {
        c.is_whitespace()
            || matches!(c, '\0' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.trim_matches(is_around)
}

fn email(text: &str) -> Result<Threepid, EntryError> {
    let address = match without_scheme(text, "mailto:") {
        Some(rest) => &percent_decoded(rest.split('?').next().unwrap_or_default()),
        None => text,
    };
    Ok(Threepid::parse(Medium::Email, address, None)?)
}

fn phone(text: &str, country: Option<Country>) -> Result<Threepid, EntryError> {
    match without_scheme(text, "tel:") {
        Some(uri) => tel(uri, country),
        None => Ok(Threepid::parse(Medium::Msisdn, text, country)?),
    }
}

/// Reads a `tel:` URI (RFC 3966) from behind its scheme.
fn tel(uri: &str, country: Option<Country>) -> Result<Threepid, EntryError> {
    let mut parts = uri.split(';');
    let number = percent_decoded(parts.next().unwrap_or_default());
    let mut country = country;
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let is = |known: &str| name.trim().eq_ignore_ascii_case(known);
        if is("ext") || is("isub") || is("postd") {
            return Err(EntryError::Extension(percent_decoded(value)));
        }
        if is("phone-context") && !number.starts_with('+') {
            country = Some(context(&percent_decoded(value))?);
        }
    }
    Ok(Threepid::parse(Medium::Msisdn, &number, country)?)
}

/// The country whose national numbers are meant, where the place that a number is known in is one.
fn context(place: &str) -> Result<Country, EntryError> {
    let code = place.trim().strip_prefix('+').filter(|code| !code.starts_with('+'));
    let code = code.and_then(|code| code.parse().ok());
    code.and_then(Country::of_calling_code).ok_or_else(|| EntryError::Local(place.to_owned()))
}

/// Reads what may be anything, such as a cell of a table whose columns have no names.
fn unsaid(text: &str, country: Option<Country>) -> Option<Result<Threepid, EntryError>> {
    let has_scheme = |scheme| without_scheme(text, scheme).is_some();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if has_scheme("tel:") || text.starts_with('+') {
        Some(phone(text, country))
    } else if has_scheme("mailto:") || (text.contains('@') && !text.contains(char::is_whitespace)) {
        Some(email(text))
    } else if text.contains(':') {
        Threepid::parse_any(text, country).ok().map(Ok)
    } else if country.is_some() && digits >= NATIONAL_DIGITS {
        phone(text, country).ok().map(Ok)
    } else {
        None
    }
}

/// What stands behind a scheme, in any case.
fn without_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The text with `%XX` read, where all of it can be; else as it is.
fn percent_decoded(text: &str) -> String {
    from_percent(text).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(field: Field, text: &str, country: Option<&str>) -> Option<Result<String, EntryError>> {
        let country = country.map(|country| country.parse().unwrap());
        field.read(text, country).map(|read| read.map(|threepid| threepid.to_string()))
    }

    fn phone(text: &str) -> Result<String, EntryError> {
        read(Field::Phone, text, None).unwrap()
    }

    #[test]
    fn numbers_as_text_and_as_uris() {
        for text in [
            "+44 7700 900123",
            "\u{202a}+44\u{a0}7700\u{a0}900123\u{202c}",
            "tel:+44-7700-900123",
            "TEL:%2B44(7700)900123;x-mine=1",
            "tel:+44-7700-900123;phone-context=example.com",
            "tel:07700-900123;phone-context=+44",
            "tel:7700-900123;Phone-Context=%2B44",
        ] {
            assert_eq!(phone(text), Ok("+447700900123".to_owned()), "{text}");
        }
        let gb = read(Field::Phone, "07700 900123", Some("GB"));
        assert_eq!(gb, Some(Ok("+447700900123".to_owned())));
        assert_eq!(phone("07700 900123"), Err(ThreepidError::CountryNeeded.into()));
        assert_eq!(read(Field::Phone, " \u{feff}", None), None);
    }

    #[test]
    fn part_of_a_number_is_none() {
        for (text, extension) in
            [("tel:+1-201-555-0123;ext=17", "17"), ("tel:+12015550123;ISUB=%31", "1")]
        {
            assert_eq!(phone(text), Err(EntryError::Extension(extension.to_owned())));
        }
        for (text, place) in [
            ("tel:7042;phone-context=example.com", "example.com"),
            ("tel:863-1234;phone-context=+1-914-555", "+1-914-555"),
            ("tel:863;phone-context=+9999999999", "+9999999999"),
            ("tel:863;phone-context=", ""),
        ] {
            assert_eq!(phone(text), Err(EntryError::Local(place.to_owned())));
        }
        for text in ["+44 7700 900123 x4", "+44 7700 900123,,4", "tel:", "sip:a@b.example"] {
            assert!(matches!(phone(text), Err(EntryError::Threepid(_))), "{text}");
        }
    }

    #[test]
    fn email_as_text_and_as_uri() {
        for text in [
            "Alice@Example.com",
            " mailto:alice@example.com?subject=a",
            "MAILTO:%61lice@example.com",
        ] {
            let alice = Ok("alice@example.com".to_owned());
            assert_eq!(read(Field::Email, text, None), Some(alice), "{text}");
        }
        assert!(matches!(
            read(Field::Email, "alice", None),
            Some(Err(EntryError::Threepid(ThreepidError::NoAt)))
        ));
    }

    #[test]
    fn what_may_be_anything_has_to_look_like_an_identifier() {
        let any = |text, country| read(Field::Any, text, country);
        for (text, expected) in [
            ("+447700900123", "+447700900123"),
            ("a@example.com", "a@example.com"),
            ("org.example.badge:17", "org.example.badge:17"),
        ] {
            assert_eq!(any(text, None), Some(Ok(expected.to_owned())));
        }
        for text in
            ["Alice", "12", "07700900123", "https://example.com", "10:30", "mail a@b.example"]
        {
            assert_eq!(any(text, None), None, "{text}");
        }
        assert_eq!(any("07700900123", Some("GB")), Some(Ok("+447700900123".to_owned())));
        assert_eq!(any("123456", Some("GB")), None);
        for text in ["+44x", "@example.com", "tel:1"] {
            assert!(matches!(any(text, None), Some(Err(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(tel:|mailto:|)[\\PC%;=+ ]{0,40}", country: bool) {
            let country = country.then(|| "GB".parse().unwrap());
            for field in [Field::Email, Field::Phone, Field::Any] {
                let _ = field.read(&text, country);
            }
        }

        #[test]
        fn percent_encoding_is_undone(text in "\\PC{0,20}") {
            let encoded: String = text.bytes().map(|octet| format!("%{octet:02X}")).collect();
            prop_assert_eq!(percent_decoded(&encoded), text);
        }
    }
}
