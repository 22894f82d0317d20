//! The media of identifiers.

use std::fmt;
use std::str::FromStr;

use super::ThreepidError;
use crate::wire::MAX_LABEL;

/// The longest medium, in octets (Matrix specification, Common Namespaced Identifier Grammar).
const MAX_MEDIUM: usize = 255;

/// What kind of identifier it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Medium {
    /// An email address.
    Email,
    /// A phone number.
    Msisdn,
    /// Anything else, addressed by text that is taken as it stands.
    Other(MediumName),
}

/// The name of a medium that is neither `email` nor `msisdn`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediumName(Box<str>);

impl MediumName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has a namespace (`org.example.badge`). Names without one are the Matrix
    /// specification's to give.
    pub fn is_namespaced(&self) -> bool {
        self.0.contains('.')
    }
}

impl Medium {
    /// The medium as it stands in JSON.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email => "email",
            Self::Msisdn => "msisdn",
            Self::Other(name) => name.as_str(),
        }
    }
}

/// Reads a medium by the Common Namespaced Identifier Grammar of the Matrix specification: `a-z`,
/// then `a-z`, `0-9`, `-`, `_` and `.`. What stands between the dots must also be a label of a
/// domain name.
impl FromStr for Medium {
    type Err = ThreepidError;

    fn from_str(text: &str) -> Result<Self, ThreepidError> {
        match text {
            "" => return Err(ThreepidError::Empty("medium")),
            "email" => return Ok(Self::Email),
            "msisdn" => return Ok(Self::Msisdn),
            _ => {}
        }
        let stray = |(at, found): (usize, char)| match found {
            'a'..='z' => false,
            '0'..='9' | '-' | '_' | '.' => at == 0,
            _ => true,
        };
        if let Some((at, found)) = text.chars().enumerate().find(|&found| stray(found)) {
            let expected = "a medium: a-z first, then a-z, 0-9, \"-\", \"_\" and \".\"";
            return Err(ThreepidError::Unexpected { found, at: at + 1, expected });
        }
        within("medium", text.len(), MAX_MEDIUM)?;
        for label in text.split('.') {
            if label.is_empty() {
                return Err(ThreepidError::Empty("label of the medium"));
            }
            within("label of the medium", label.len(), MAX_LABEL)?;
        }
        Ok(Self::Other(MediumName(text.into())))
    }
}

/// Errs where a part has more octets than `limit`.
pub(super) fn within(part: &'static str, length: usize, limit: usize) -> Result<(), ThreepidError> {
    if length > limit {
        return Err(ThreepidError::TooLong { part, length, limit, unit: "octets" });
    }
    Ok(())
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar() {
        let read = |text: &str| text.parse::<Medium>();
        assert_eq!(read("email"), Ok(Medium::Email));
        assert_eq!(read("msisdn"), Ok(Medium::Msisdn));
        for fine in ["a", "org.example.badge", "x-1_2"] {
            assert_eq!(read(fine).unwrap().to_string(), fine);
        }
        for bad in ["", "Email", "1a", "_a", "a b", "é", "a..b", "a."] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read(&"a".repeat(64)).is_err());
        assert!(read(&vec!["a".repeat(63); 4].join(".")).is_ok());
        assert!(read(&vec!["a".repeat(63); 5].join(".")).is_err());
    }
}
