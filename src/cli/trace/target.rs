//! What is looked for: a person, or a name.

use std::fmt;

use crate::threepid::{Country, Threepid, ThreepidError};
use crate::wire::{Name, NameError};

/// What is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The statement about an identifier, in every root.
    Identifier(Threepid),
    /// Records of a name.
    Name(Name),
}

/// Why something can be neither.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TargetError {
    Identifier(ThreepidError),
    Name(NameError),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identifier(error) => error.fmt(f),
            Self::Name(error) => write!(f, "no domain name: {error}"),
        }
    }
}

impl Target {
    /// Reads what someone typed. What may be an identifier is one, and all is where a country is
    /// given.
    pub(super) fn read(text: &str, country: Option<Country>) -> Result<Self, TargetError> {
        if country.is_some() || is_identifier(text) {
            let threepid = Threepid::parse_any(text, country);
            return threepid.map(Self::Identifier).map_err(TargetError::Identifier);
        }
        text.parse().map(Self::Name).map_err(TargetError::Name)
    }
}

/// Whether it looks like an identifier rather than a name.
fn is_identifier(text: &str) -> bool {
    let of_numbers = |c: char| c.is_ascii_digit() || " +-/()".contains(c);
    text.is_empty() || text.contains(['@', ':']) || text.chars().all(of_numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Target, TargetError> {
        Target::read(text, None)
    }

    #[test]
    fn names_and_identifiers_are_told_apart() {
        for identifier in
            ["+44 7700 900123", "alice@example.com", "msisdn:447700900123", "+44 (7700) 900-123"]
        {
            assert!(matches!(read(identifier), Ok(Target::Identifier(_))), "{identifier}");
        }
        for name in ["example.com", ".", "3.2.1.4.4.msisdn.3pid.example.", "_at.x", "44.x"] {
            assert_eq!(read(name), Ok(Target::Name(name.parse().unwrap())));
        }
        let national = Target::read("07700 900123", Some("GB".parse().unwrap()));
        assert!(matches!(national, Ok(Target::Identifier(_))));
    }

    #[test]
    fn what_is_neither_is_told() {
        let told = |text| read(text).unwrap_err().to_string();
        assert_eq!(
            read("07700 900123"),
            Err(TargetError::Identifier(ThreepidError::CountryNeeded))
        );
        assert_eq!(told("a..b"), "no domain name: empty label");
        assert!(told("").starts_with("empty"), "{}", told(""));
    }
}
