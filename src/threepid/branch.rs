//! Branches of the tree, as people call them: `+44`, `example.com`.

use std::fmt;

use super::labels::{EMAIL, MSISDN, apex_of};
use super::{MAX_DIGITS, ThreepidError, email, normalise_domain};
use crate::wire::Name;

/// The part of a tree that is about phone numbers with some first digits, or about an email domain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Branch {
    /// The numbers that start with these digits, the calling code first.
    Prefix(String),
    /// The addresses of this domain, in lower-case U-labels, and the domains below it.
    Domain(String),
}

impl Branch {
    /// The branch of a prefix, digits without `+`.
    ///
    /// # Errors
    /// Where these are not 1 to 15 digits, or start with 0.
    pub fn prefix(digits: &str) -> Result<Self, ThreepidError> {
        let all = digits.bytes().all(|octet| octet.is_ascii_digit());
        if !all || !(1..=MAX_DIGITS).contains(&digits.len()) {
            return Err(ThreepidError::Phone("a prefix is 1 to 15 digits"));
        }
        if digits.starts_with('0') {
            return Err(ThreepidError::Phone("no country calling code starts with 0"));
        }
        Ok(Self::Prefix(digits.to_owned()))
    }

    /// The branch of an email domain.
    ///
    /// # Errors
    /// Where the text is no domain.
    pub fn domain(text: &str) -> Result<Self, ThreepidError> {
        normalise_domain(text).map(Self::Domain)
    }

    /// The branch that a name stands for, in whatever tree; none where it stands for no branch.
    pub fn told_by(name: &Name) -> Option<Self> {
        let own = name.label_count() - apex_of(name).label_count();
        let labels: Vec<&[u8]> = name.labels().take(own).collect();
        let (medium, path) = labels.split_last()?;
        let told = if medium.eq_ignore_ascii_case(MSISDN.as_bytes()) {
            let digits = path.iter().rev().map(|label| match label {
                [digit @ b'0'..=b'9'] => Some(char::from(*digit)),
                _ => None,
            });
            Self::prefix(&digits.collect::<Option<String>>()?)
        } else {
            Self::domain(std::str::from_utf8(&path.join(&b'.')).ok()?)
        };
        // What a name could have been written as, it has to be written as.
        told.ok().filter(|branch| branch.owner(&apex_of(name)).is_ok_and(|owner| owner == *name))
    }

    /// Its name in the tree below `apex`.
    ///
    /// # Errors
    /// [`ThreepidError::Name`] where it would have more than 255 octets.
    pub fn owner(&self, apex: &Name) -> Result<Name, ThreepidError> {
        let own: Vec<String> = match self {
            Self::Prefix(digits) => {
                let digits = digits.chars().rev().map(String::from);
                digits.chain([MSISDN.to_owned()]).collect()
            }
            Self::Domain(domain) => {
                let ascii =
                    email::ascii_domain(domain).expect("a normal domain has an A-label form");
                let labels = ascii.split('.').map(str::to_owned);
                labels.chain([EMAIL.to_owned()]).collect()
            }
        };
        Ok(Name::from_labels(own.iter().map(String::as_bytes).chain(apex.labels()))?)
    }
}

/// As people write it: `+44`, `example.com`.
impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(digits) => f.pad(&format!("+{digits}")),
            Self::Domain(domain) => f.pad(domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn names_tell_their_branch() {
        for (text, told) in [
            ("4.4.msisdn.3pid.example.", Some("+44")),
            ("7.7.4.4.MSISDN.3pid.example.", Some("+4477")),
            ("example.com.email.3pid.example.", Some("example.com")),
            ("xn--bcher-kva.example.email.3pid.example.", Some("bücher.example")),
            ("com.email.3pid.example.", Some("com")),
            ("msisdn.3pid.example.", None),
            ("email.3pid.example.", None),
            ("44.msisdn.3pid.example.", None),
            ("0.msisdn.3pid.example.", None),
            ("_at.example.com.email.3pid.example.", None),
            ("ns.4.4.msisdn.3pid.example.", None),
            ("3pid.example.", None),
            (".", None),
        ] {
            let branch = Branch::told_by(&name(text)).map(|branch| branch.to_string());
            assert_eq!(branch.as_deref(), told, "{text}");
        }
        assert!(Branch::prefix("1234567890123456").is_err() && Branch::prefix("").is_err());
        assert!(Branch::prefix("044").is_err() && Branch::prefix("4 4").is_err());
    }

    proptest! {
        #[test]
        fn branches_have_their_names(text in r"[1-9][0-9]{0,14}|([a-z]{1,9}\.){0,4}[a-zé]{1,9}") {
            let branch = Branch::prefix(&text).or_else(|_| Branch::domain(&text)).unwrap();
            let owner = branch.owner(&name("3pid.example.")).unwrap();
            prop_assert_eq!(Branch::told_by(&owner), Some(branch));
        }
    }
}
