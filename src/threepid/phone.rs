//! Phone numbers: E.164 digits.

use std::fmt;
use std::str::FromStr;

use super::ThreepidError;

/// The longest number, in digits (E.164).
pub const MAX_DIGITS: usize = 15;

/// Characters that people write between digits.
const SEPARATORS: &str = " -./()\u{a0}\u{2011}";

/// Calling codes under which a number of [`PLAIN_LENGTHS`] loses nothing that does not start with
/// 0. Such numbers need no look into the metadata (80 ms and 6 MiB on first use).
const PLAIN_CODES: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "56", "58", "60", "62", "63", "64", "65", "66", "84", "90", "91",
    "92", "93", "94", "95", "98",
];

/// How many digits the number then has, calling code included. Shorter ones may be local to an
/// island under +44, longer ones may start with Britain's text relay prefix 180020.
const PLAIN_LENGTHS: std::ops::RangeInclusive<usize> = 10..=13;

/// A country whose national format a number is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country(phonenumber::country::Id);

impl Country {
    /// The country that a calling code leads to: 44 to GB. Where several share it, the one that the
    /// plan is named after: 1 to US.
    pub fn of_calling_code(code: u16) -> Option<Self> {
        let countries = phonenumber::metadata::DATABASE.by_code(&code)?;
        countries.first()?.id().parse().ok()
    }
}

/// Reads a two-letter code (ISO 3166-1) in either case.
impl FromStr for Country {
    type Err = ThreepidError;

    fn from_str(text: &str) -> Result<Self, ThreepidError> {
        let id = text.to_ascii_uppercase().parse();
        id.map(Self).map_err(|_| ThreepidError::Country(text.to_owned()))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref())
    }
}

/// The normal form of a phone number: its E.164 digits without `+`.
pub(super) fn normalise(text: &str, country: Option<Country>) -> Result<String, ThreepidError> {
    match text.strip_prefix('+') {
        Some(rest) => international(digits(rest, 2)?),
        None => {
            let digits = digits(text, 1)?;
            let country = country.ok_or(ThreepidError::CountryNeeded)?;
            international(parse(Some(country), &digits)?)
        }
    }
}

/// Takes the separators out. `at` is the position of the first character.
fn digits(text: &str, at: usize) -> Result<String, ThreepidError> {
    let mut digits = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, found) in text.chars().enumerate() {
        if found.is_ascii_digit() {
            digits.push(found);
        } else if !SEPARATORS.contains(found) || index == last {
            let expected = "a phone number: digits, with spaces, \"-\", \".\", \"/\" and \
                            brackets between them";
            return Err(ThreepidError::Unexpected { found, at: at + index, expected });
        }
    }
    if digits.is_empty() { Err(ThreepidError::Empty("phone number")) } else { Ok(digits) }
}

/// Brings the digits after a `+` to their normal form: without the digits that people dial only
/// inside the country, as in `+44 (0)20 …`.
fn international(digits: String) -> Result<String, ThreepidError> {
    if digits.starts_with('0') {
        return Err(ThreepidError::Phone("no country calling code starts with 0"));
    }
    if is_plain(&digits) {
        return Ok(digits);
    }
    let settled = parse(None, &format!("+{digits}"))?;
    if settled.len() > MAX_DIGITS {
        let (length, limit) = (settled.len(), MAX_DIGITS);
        return Err(ThreepidError::TooLong { part: "phone number", length, limit, unit: "digits" });
    }
    // One round takes one prefix off. What could lose another has no one normal form.
    if parse(None, &format!("+{settled}"))? != settled {
        return Err(ThreepidError::Phone("more than one national prefix after the calling code"));
    }
    Ok(settled)
}

/// Whether these are a number's E.164 digits beyond doubt.
fn is_plain(digits: &str) -> bool {
    let Some((code, rest)) = digits.split_at_checked(2) else { return false };
    PLAIN_CODES.contains(&code) && !rest.starts_with('0') && PLAIN_LENGTHS.contains(&digits.len())
}

/// Has the metadata tell the calling code and the national number apart.
fn parse(country: Option<Country>, digits: &str) -> Result<String, ThreepidError> {
    use phonenumber::ParseError;
    let number = phonenumber::parse(country.map(|country| country.0), digits);
    let number = number.map_err(|error| {
        ThreepidError::Phone(match error {
            ParseError::InvalidCountryCode => "no country has this calling code",
            ParseError::TooShortAfterIdd | ParseError::TooShortNsn => "too few digits",
            ParseError::TooLong => "too many digits",
            ParseError::NoNumber | ParseError::MalformedInteger(_) => "no number in these digits",
        })
    })?;
    let (code, national) = (number.country().code(), number.national().to_string());
    let settled = format!("{code}{national}");
    // The library leaves the prefix on numbers that it takes for unassigned.
    let untouched = digits == national || digits.strip_prefix('+') == Some(&settled);
    match national.strip_prefix('0').filter(|_| untouched && dials_zero(code)) {
        Some(national) => Ok(format!("{code}{national}")),
        None => Ok(settled),
    }
}

/// Whether 0 is dialled before numbers inside every country of this calling code, and is no part of
/// them (as it is in Italy).
fn dials_zero(code: u16) -> bool {
    let countries = phonenumber::metadata::DATABASE.by_code(&code);
    countries.is_some_and(|countries| {
        countries.iter().all(|country| country.national_prefix() == Some("0"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use phonenumber::metadata::DATABASE;
    use proptest::prelude::*;

    fn read(text: &str, country: &str) -> Result<String, ThreepidError> {
        normalise(text, Some(country.parse().unwrap()))
    }

    #[test]
    fn international_format() {
        for written in ["+44 (0)20 7946-0000", "+44/20.7946.0000", "+44\u{a0}20 7946 0000"] {
            assert_eq!(normalise(written, None).unwrap(), "442079460000", "{written:?}");
        }
        assert_eq!(normalise("+39 06 698 12345", None).unwrap(), "390669812345");
        // Set aside for drama: nobody has them, and the metadata say so.
        for written in ["+44 (0)7700 900123", "+44 07700 900123", "+447700900123"] {
            assert_eq!(normalise(written, None).unwrap(), "447700900123", "{written:?}");
        }
        assert_eq!(normalise("+44 (0)1632 960001", None).unwrap(), "441632960001");
    }

    #[test]
    fn national_format_needs_a_country() {
        assert_eq!(normalise("020 7946 0000", None), Err(ThreepidError::CountryNeeded));
        assert_eq!(read("020 7946 0000", "gb").unwrap(), "442079460000");
        assert_eq!(read("07700 900123", "gb").unwrap(), "447700900123");
        assert_eq!(read("00 49 30 123456", "GB").unwrap(), "4930123456");
        assert_eq!(read("+49 30 123456", "GB").unwrap(), "4930123456");
        for unknown in ["", "G", "XX", "GBR", "4"] {
            assert_eq!(unknown.parse::<Country>(), Err(ThreepidError::Country(unknown.to_owned())));
        }
    }

    #[test]
    fn calling_codes_lead_to_countries() {
        let country = |code| Country::of_calling_code(code).map(|country| country.to_string());
        for (code, expected) in [(44, "GB"), (1, "US"), (7, "RU"), (39, "IT"), (49, "DE")] {
            assert_eq!(country(code).as_deref(), Some(expected));
        }
        for none in [0, 2, 800, 999, 65_535] {
            assert_eq!(country(none), None);
        }
    }

    #[test]
    fn errors_say_where() {
        let found = normalise("+44 7700 90012x", None).unwrap_err().to_string();
        assert!(found.starts_with("unexpected 'x' at character 15"), "{found}");
        for bad in [
            "＋447700900123",
            "+４47700900123",
            "+44 7700 900123;ext=4",
            "+44+7700900123",
            "+447700900123 ",
            "+(",
        ] {
            let found = read(bad, "GB").unwrap_err();
            assert!(matches!(found, ThreepidError::Unexpected { .. }), "{bad:?}: {found}");
        }
        for bad in ["+999 1234567", "+44", "+1", "+", "+44 000 20 7946 0000", "+440000000000"] {
            assert!(normalise(bad, None).is_err(), "{bad:?}");
        }
        assert!(matches!(
            normalise("+43 1234567890123456", None),
            Err(ThreepidError::TooLong { length: 18, limit: 15, .. })
        ));
    }

    /// The quick way out holds as long as the metadata have no more to say about these codes.
    #[test]
    fn the_metadata_take_nothing_but_zeros_under_plain_codes() {
        for country in DATABASE.iter() {
            if !PLAIN_CODES.contains(&country.country_code().to_string().as_str()) {
                continue;
            }
            let id = country.id();
            assert!(country.national_prefix().is_none_or(|prefix| prefix.starts_with('0')), "{id}");
            let rule = country.national_prefix_for_parsing().map(|rule| rule.as_str());
            let islands = r"d{5})$|0|180020";
            assert!(
                rule.is_none_or(|rule| rule == "0|180020" || rule.ends_with(islands)),
                "{id}: {rule:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_agrees_with_the_metadata(
            code in proptest::sample::select(PLAIN_CODES),
            rest in "[1-9][0-9]{7,10}",
        ) {
            let digits = format!("{code}{rest}");
            prop_assert!(is_plain(&digits));
            prop_assert_eq!(parse(None, &format!("+{digits}")), Ok(digits));
        }

        #[test]
        fn the_normal_form_is_a_fixed_point(
            text in r"\+?[0-9 ()-]{0,20}",
            country in proptest::sample::select(vec!["GB", "US", "BR", "IT", "AR", "CN", "RU"]),
        ) {
            if let Ok(digits) = read(&text, country) {
                prop_assert_eq!(normalise(&format!("+{digits}"), None), Ok(digits.clone()));
                prop_assert!(digits.len() <= MAX_DIGITS && !digits.starts_with('0'));
            }
        }
    }
}
