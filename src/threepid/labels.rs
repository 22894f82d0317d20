//! The labels that names in the tree are made of.

use crate::wire::Name;

/// Above this label stand the digits of phone numbers.
pub const MSISDN: &str = "msisdn";
/// Above this label stand the domains of email addresses.
pub const EMAIL: &str = "email";
/// Above this label stand the people of the email domain below it.
pub const AT: &str = "_at";
/// Above this label stand the people of the medium below it, which is any other.
pub const ID: &str = "_id";
/// Above this label stand verification servers.
pub const VERIFIER: &str = "_verifier";

/// How much of a SHA-256 hash names a person, in octets (RFC 7929 section 3).
pub(super) const HASH_OCTETS: usize = 28;
/// How many characters of hexadecimal that is.
pub const PERSON: usize = 2 * HASH_OCTETS;

/// The apex of the tree that a zone of this name is part of, as far as the name tells: what follows
/// its last label `msisdn` or `email`, or else the zone itself.
pub fn apex_of(zone: &Name) -> Name {
    let is_medium = |name: &Name| {
        let first = name.labels().next();
        first.is_some_and(|first| {
            [MSISDN, EMAIL].iter().any(|medium| first.eq_ignore_ascii_case(medium.as_bytes()))
        })
    };
    let apex = zone.ancestors().filter(is_medium).last().and_then(|medium| medium.parent());
    apex.unwrap_or_else(|| zone.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_tree() {
        for (zone, apex) in [
            ("3pid.example.", "3pid.example."),
            ("4.4.msisdn.3pid.example.", "3pid.example."),
            ("example.com.EMAIL.3pid.example.", "3pid.example."),
            ("msisdn.3pid.example.", "3pid.example."),
            ("email.example.email.3pid.example.", "3pid.example."),
            (".", "."),
        ] {
            assert_eq!(apex_of(&zone.parse().unwrap()), apex.parse().unwrap(), "{zone}");
        }
    }
}
