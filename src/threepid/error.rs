//! Why something is not a third-party identifier.

use thiserror::Error;

use crate::wire::NameError;

/// Why text is not a third-party identifier, or has no name in the tree.
///
/// Positions count the characters of the address from 1; a `medium:` before it is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ThreepidError {
    /// A part that must not be empty is.
    #[error("empty {0}")]
    Empty(&'static str),
    /// A part is longer than it may be.
    #[error("{part} of {length} {unit}, at most {limit} fit")]
    TooLong {
        /// Which part.
        part: &'static str,
        /// How long it is.
        length: usize,
        /// The longest it may be.
        limit: usize,
        /// What both count.
        unit: &'static str,
    },
    /// A character that cannot stand where it does.
    #[error("unexpected {found:?} at character {at}: expected {expected}")]
    Unexpected {
        /// The character.
        found: char,
        /// Its position.
        at: usize,
        /// What could stand there.
        expected: &'static str,
    },
    /// An email address without its `@`.
    #[error("no \"@\": expected local-part@domain")]
    NoAt,
    /// A label of an email address's domain is none in UTS 46.
    #[error(
        "bad domain label {label:?} at character {at}: expected letters, digits and inner \
         hyphens, at most 63 octets in its A-label form"
    )]
    DomainLabel {
        /// The label.
        label: String,
        /// Position of its first character.
        at: usize,
    },
    /// Each label of a domain could stand, the whole cannot: it is too long, or mixes writing
    /// directions in a way that IDNA forbids.
    #[error("bad domain {0:?}: too long, or its labels may not stand together (UTS 46)")]
    Domain(String),
    /// A phone number in national format, and no country to read it in.
    #[error(
        "a phone number in national format needs a country; in international format it starts \
         with \"+\""
    )]
    CountryNeeded,
    /// Not the code of a country with phone numbers.
    #[error("unknown country {0:?}: expected a two-letter code such as GB (ISO 3166-1)")]
    Country(String),
    /// The digits are no phone number.
    #[error("not a phone number: {0}")]
    Phone(&'static str),
    /// An address that must be in normal form is not.
    #[error("address not in normal form: expected {normal:?}")]
    NotNormal {
        /// The normal form of the same address.
        normal: String,
    },
    /// A medium that is neither known nor namespaced.
    #[error(
        "unknown medium {0:?}: expected email, msisdn or a namespaced one such as \
         org.example.badge"
    )]
    UnknownMedium(String),
    /// Nothing tells what kind of identifier the text is.
    #[error(
        "neither an email address, nor a phone number, nor medium:address (as in \
         alice@example.com, +44 7700 900123, org.example.badge:17)"
    )]
    Unrecognised,
    /// The identifier's name does not fit below the apex.
    #[error("no name in the tree: {0}")]
    Name(#[from] NameError),
}
