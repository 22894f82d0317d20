//! What an operator calls a child zone.

use thiserror::Error;

use crate::threepid::labels::{MSISDN, apex_of};
use crate::threepid::{Branch, ThreepidError};
use crate::wire::{Name, NameError};

/// Text that names no child of a zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChildError {
    /// It can be meant in two ways.
    #[error(
        "{text:?} can be the name {name} or the email domain whose name is {domain}: write {name} or @{text}"
    )]
    Ambiguous {
        /// What was given.
        text: String,
        /// One reading.
        name: Name,
        /// The other.
        domain: Name,
    },
    /// It is nothing.
    #[error(
        "{0:?} names no part of {1}: write a phone prefix as +44, an email domain as @example.com, a \
         name with a dot at its end"
    )]
    Unknown(String, Name),
    /// It is no name.
    #[error("{0:?} is no domain name: {1}")]
    Name(String, NameError),
    /// It is no prefix and no domain.
    #[error("{0:?}: {1}")]
    Branch(String, ThreepidError),
    /// It is somewhere else.
    #[error("{name} is not below the zone {zone}")]
    Outside {
        /// What is meant.
        name: Name,
        /// The zone.
        zone: Name,
    },
}

/// The name below `zone` that an operator means by `text`, as for [`part`].
///
/// # Errors
/// Where it is none, or can be meant in two ways.
pub fn child(text: &str, zone: &Name) -> Result<Name, ChildError> {
    let name = part(text, zone)?;
    match name == *zone {
        false => Ok(name),
        true => Err(ChildError::Outside { name, zone: zone.clone() }),
    }
}

/// The name in `zone` that an operator means by `text`: a phone prefix as `+44`, an email domain as
/// `@example.com` or `example.com`, or a name, as `4.4.msisdn`, `4.4.msisdn.3pid.example` or with a dot
/// at its end.
///
/// # Errors
/// Where it is none, or can be meant in two ways.
pub fn part(text: &str, zone: &Name) -> Result<Name, ChildError> {
    let tree = apex_of(zone);
    let of_branch = |branch: Result<Branch, ThreepidError>| {
        branch
            .and_then(|branch| branch.owner(&tree))
            .map_err(|error| ChildError::Branch(text.to_owned(), error))
    };
    let name = if let Some(digits) = text.strip_prefix('+') {
        of_branch(Branch::prefix(digits))?
    } else if let Some(domain) = text.strip_prefix('@') {
        of_branch(Branch::domain(domain))?
    } else if text.ends_with('.') {
        text.parse().map_err(|error| ChildError::Name(text.to_owned(), error))?
    } else {
        guess(text, zone, &tree)?
    };
    match name.is_at_or_below(zone) {
        true => Ok(name),
        false => Err(ChildError::Outside { name, zone: zone.clone() }),
    }
}

/// What a text without a mark can mean.
fn guess(text: &str, zone: &Name, tree: &Name) -> Result<Name, ChildError> {
    let is_branch = |name: &Name| apex_of(name) == *tree && Branch::told_by(name).is_some();
    let whole = text.parse::<Name>().ok().filter(|name| name.is_at_or_below(zone));
    if let Some(whole) = whole.as_ref().filter(|name| is_branch(name)) {
        return Ok(whole.clone());
    }
    let domain = domain(text, tree).filter(|name| name.is_at_or_below(zone));
    // Within the email domains, a domain is meant where there is one.
    let may_be_relative = zone == tree || domain.is_none();
    let relative = Name::from_text(text.as_bytes(), Some(zone)).ok().filter(is_branch);
    match (whole.or(relative.filter(|_| may_be_relative)), domain) {
        (Some(name), Some(domain)) if name != domain => {
            Err(ChildError::Ambiguous { text: text.to_owned(), name, domain })
        }
        (Some(name), _) | (None, Some(name)) => Ok(name),
        (None, None) => Err(ChildError::Unknown(text.to_owned(), zone.clone())),
    }
}

/// The name of an email domain. The last label of one is no number, and `msisdn` is none.
fn domain(text: &str, tree: &Name) -> Option<Name> {
    let last = text.rsplit('.').next()?;
    let numeric = last.bytes().all(|octet| octet.is_ascii_digit());
    if numeric || last.eq_ignore_ascii_case(MSISDN) {
        return None;
    }
    Branch::domain(text).ok()?.owner(tree).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: &str) -> Result<String, String> {
        let name = child(text, &zone.parse().unwrap());
        name.map(|name| name.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn operators_say_it_in_their_ways() {
        let root = "3pid.example.";
        for (text, zone, name) in [
            ("+44", root, "4.4.msisdn.3pid.example."),
            ("+4477", "4.4.msisdn.3pid.example.", "7.7.4.4.msisdn.3pid.example."),
            ("4.4.msisdn", root, "4.4.msisdn.3pid.example."),
            ("7.7", "4.4.msisdn.3pid.example.", "7.7.4.4.msisdn.3pid.example."),
            ("4.4.msisdn.3pid.example", root, "4.4.msisdn.3pid.example."),
            ("mail.3pid.example.", root, "mail.3pid.example."),
            ("@mail.3pid.example", root, "mail.3pid.example.email.3pid.example."),
            ("@Example.COM", root, "example.com.email.3pid.example."),
            ("example.com", root, "example.com.email.3pid.example."),
            ("bücher.example", root, "xn--bcher-kva.example.email.3pid.example."),
            ("example.com", "com.email.3pid.example.", "example.com.email.3pid.example."),
            ("example", "com.email.3pid.example.", "example.com.email.3pid.example."),
        ] {
            assert_eq!(read(text, zone).as_deref(), Ok(name), "{text}");
        }
    }

    #[test]
    fn a_zone_is_a_part_of_itself() {
        let zone: Name = "7.7.4.4.msisdn.3pid.example.".parse().unwrap();
        for text in ["+4477", "7.7.4.4.msisdn.3pid.example", "7.7.4.4.msisdn.3pid.example."] {
            assert_eq!(part(text, &zone), Ok(zone.clone()), "{text}");
            assert!(matches!(child(text, &zone), Err(ChildError::Outside { .. })), "{text}");
        }
        assert!(part("+447", &zone).is_err());
    }

    #[test]
    fn what_can_be_meant_in_two_ways_is_refused_with_both() {
        assert_eq!(
            read("mail.3pid.example", "3pid.example.").unwrap_err(),
            "\"mail.3pid.example\" can be the name mail.3pid.example. or the email domain whose name \
             is mail.3pid.example.email.3pid.example.: write mail.3pid.example. or @mail.3pid.example"
        );
        let told = read("example.email", "3pid.example.").unwrap_err();
        assert!(told.contains("example.email.3pid.example. or @example.email"), "{told}");
    }

    #[test]
    fn what_is_no_child_is_told() {
        for (text, told) in [
            ("44", "\"44\" names no part of 3pid.example.: write a phone prefix as +44"),
            ("", "names no part"),
            ("+4x", "\"+4x\": "),
            ("+", "1 to 15 digits"),
            ("@a b", "\"@a b\": "),
            ("a..", "\"a..\" is no domain name: empty label"),
            ("3pid.example.", "3pid.example. is not below the zone 3pid.example."),
            ("other.example.", "other.example. is not below"),
        ] {
            let error = read(text, "3pid.example.").unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        let told = read("+49", "4.4.msisdn.3pid.example.").unwrap_err();
        assert!(told.contains("9.4.msisdn.3pid.example. is not below"), "{told}");
    }
}
