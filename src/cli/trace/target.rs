//! What is looked for: a person, or a name.

use std::fmt;
use std::net::IpAddr;

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
    /// It is an address. Names of addresses have names of their own.
    Address(IpAddr),
    /// It holds a character that a name in the DNS has only by its number.
    Character(char),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identifier(error) => error.fmt(f),
            Self::Name(error) => write!(f, "no domain name: {error}"),
            Self::Address(address) => write!(
                f,
                "an address, no domain name: its names are at {}, type PTR",
                reverse(*address)
            ),
            Self::Character(character) => write!(
                f,
                "no domain name: {character:?} is in it; names in other scripts are asked for as \
                 A-labels (xn--...), other octets by their numbers (\\032)"
            ),
        }
    }
}

impl Target {
    /// Reads what someone typed. What may be an identifier is one, and all is where a country is
    /// given.
    pub(super) fn read(text: &str, country: Option<Country>) -> Result<Self, TargetError> {
        if let Ok(address) = text.parse() {
            return Err(TargetError::Address(address));
        }
        if country.is_some() || is_identifier(text) {
            let threepid = Threepid::parse_any(text, country);
            return threepid.map(Self::Identifier).map_err(TargetError::Identifier);
        }
        if let Some(character) = text.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(TargetError::Character(character));
        }
        text.parse().map(Self::Name).map_err(TargetError::Name)
    }
}

/// The name where the names of an address are (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn reverse(address: IpAddr) -> String {
    let (labels, end): (Vec<String>, _) = match address {
        IpAddr::V4(address) => {
            (address.octets().iter().rev().map(u8::to_string).collect(), "in-addr")
        }
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
            (nibbles.rev().map(|nibble| format!("{nibble:x}")).collect(), "ip6")
        }
    };
    format!("{}.{end}.arpa.", labels.join("."))
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
        assert_eq!(
            told("192.0.2.1"),
            "an address, no domain name: its names are at 1.2.0.192.in-addr.arpa., type PTR"
        );
        let zeros = "0.".repeat(22);
        let reversed = format!("at 4.3.{zeros}8.b.d.0.1.0.0.2.ip6.arpa., type PTR");
        assert!(told("2001:db8::34").ends_with(&reversed), "{}", told("2001:db8::34"));
        for (text, character) in [("b\u{fc}cher.example", '\u{fc}'), ("x y.example", ' ')] {
            assert_eq!(read(text), Err(TargetError::Character(character)));
        }
        assert!(told("b\u{fc}cher.example").contains("'\u{fc}' is in it"));
    }
}
