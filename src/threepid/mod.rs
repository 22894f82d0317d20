//! Third-party identifiers: what they are, their normal form, and their name in the tree.
//!
//! An identifier is a [`Medium`] and an address in it. The address is normalised before anything
//! else, by the Matrix specification's appendix on 3PIDs, and in no other form is it signed, stored
//! or looked up: that is what lets anyone who knows an address rebuild the octets that were signed.
//!
//! Names in the tree are built so that they can be delegated: a phone number's digits one by one
//! from the country down, as in ENUM (RFC 6116), an email address by its domain, with the local part
//! hashed as in RFC 7929.
//!
//! ```
//! use threepid::threepid::Threepid;
//! let apex = "3pid.example.".parse()?;
//!
//! let phone = Threepid::parse_any("+44 7700 900123", None)?;
//! assert_eq!(phone.address(), "447700900123");
//! assert_eq!(phone.owner(&apex)?, "3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.".parse()?);
//!
//! let email = Threepid::parse_any("Strauß@Example.com", None)?;
//! assert_eq!(email.address(), "strauss@example.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod branch;
mod email;
mod error;
pub mod labels;
mod medium;
mod phone;

use std::fmt;

pub use branch::Branch;
pub use error::ThreepidError;
pub use medium::{Medium, MediumName};
pub use phone::{Country, MAX_DIGITS};

use crate::codec::hex;
use crate::crypto::sha256;
use crate::wire::Name;

/// The longest text that is read as an address, in octets.
pub const MAX_ADDRESS: usize = 512;

/// A third-party identifier, its address in the normal form of its medium.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threepid {
    medium: Medium,
    address: Box<str>,
}

impl Threepid {
    /// Reads an address as people write it, and normalises it. A phone number in national format
    /// is read in `country`.
    ///
    /// # Errors
    /// Where the text is no address of this medium.
    pub fn parse(
        medium: Medium,
        text: &str,
        country: Option<Country>,
    ) -> Result<Self, ThreepidError> {
        medium::within("address", text.len(), MAX_ADDRESS)?;
        let address = match &medium {
            Medium::Email => email::normalise(text)?,
            Medium::Msisdn => phone::normalise(text, country)?,
            Medium::Other(_) if text.is_empty() => return Err(ThreepidError::Empty("address")),
            Medium::Other(_) => text.to_owned(),
        };
        Ok(Self { medium, address: address.into() })
    }

    /// Takes an address that is in normal form already, as it stands in signed JSON.
    ///
    /// # Errors
    /// [`ThreepidError::NotNormal`] where it is in another form, or what [`Threepid::parse`] says.
    pub fn from_normal(medium: Medium, address: &str) -> Result<Self, ThreepidError> {
        let written = match medium {
            Medium::Msisdn => format!("+{address}"),
            _ => address.to_owned(),
        };
        let normal = Self::parse(medium, &written, None)?;
        if normal.address() == address {
            return Ok(normal);
        }
        Err(ThreepidError::NotNormal { normal: normal.address.into() })
    }

    /// Reads what someone typed: an email address, a phone number, or `medium:address`. After
    /// `msisdn:`, digits alone are the normal form unless a country is given.
    ///
    /// # Errors
    /// Where the text is nothing of this, or no address of its medium.
    pub fn parse_any(text: &str, country: Option<Country>) -> Result<Self, ThreepidError> {
        if let Some((medium, address)) = text.split_once(':') {
            return Self::parse_with_medium(medium, address, country);
        }
        let medium = match text.chars().next() {
            None => return Err(ThreepidError::Empty("identifier")),
            _ if text.contains('@') => Medium::Email,
            Some('+' | '(' | '0'..='9') => Medium::Msisdn,
            Some(_) => return Err(ThreepidError::Unrecognised),
        };
        Self::parse(medium, text, country)
    }

    fn parse_with_medium(
        medium: &str,
        address: &str,
        country: Option<Country>,
    ) -> Result<Self, ThreepidError> {
        match medium.parse()? {
            Medium::Other(name) if !name.is_namespaced() => {
                Err(ThreepidError::UnknownMedium(medium.to_owned()))
            }
            Medium::Msisdn if country.is_none() && !address.starts_with('+') => {
                Self::from_normal(Medium::Msisdn, address)
            }
            known => Self::parse(known, address, country),
        }
    }

    /// The medium.
    pub fn medium(&self) -> &Medium {
        &self.medium
    }

    /// The address in its normal form.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The domain of an email address, in lower-case U-labels.
    pub fn domain(&self) -> Option<&str> {
        match self.medium {
            Medium::Email => self.address.split_once('@').map(|(_, domain)| domain),
            _ => None,
        }
    }

    /// The identifier's name in the tree below `apex`.
    ///
    /// # Errors
    /// [`ThreepidError::Name`] where it would have more than 255 octets.
    pub fn owner(&self, apex: &Name) -> Result<Name, ThreepidError> {
        let own: Vec<String> = match &self.medium {
            Medium::Email => self.email_labels(),
            Medium::Msisdn => {
                let digits = self.address().chars().rev().map(String::from);
                digits.chain([labels::MSISDN.to_owned()]).collect()
            }
            Medium::Other(name) => {
                let person = [hash_label(self.address()), labels::ID.to_owned()];
                person.into_iter().chain(name.as_str().split('.').map(str::to_owned)).collect()
            }
        };
        Ok(Name::from_labels(own.iter().map(String::as_bytes).chain(apex.labels()))?)
    }

    /// The identifier that a name in some tree tells: digits above a label `msisdn` are a phone
    /// number. Other names are hashes, and tell none.
    pub fn told_by(owner: &Name) -> Option<Self> {
        let mut digits = String::new();
        for label in owner.labels() {
            match label {
                [digit @ b'0'..=b'9'] if digits.len() < MAX_DIGITS => {
                    digits.push(char::from(*digit));
                }
                _ if label.eq_ignore_ascii_case(labels::MSISDN.as_bytes()) => break,
                _ => return None,
            }
        }
        let address: String = digits.chars().rev().collect();
        // A number has one name: what another number becomes when normalised is not told by this one.
        let told = Self::from_normal(Medium::Msisdn, &address).ok()?;
        owner.labels().nth(digits.len()).map(|_| told)
    }

    fn email_labels(&self) -> Vec<String> {
        let (local, domain) = self.address().split_once('@').expect("a normal address has its @");
        let domain = email::ascii_domain(domain).expect("a normal domain has an A-label form");
        let mut found = vec![hash_label(local), labels::AT.to_owned()];
        found.extend(domain.split('.').map(str::to_owned));
        found.push(labels::EMAIL.to_owned());
        found
    }
}

/// The normal form of an email domain: lower-case U-labels, by UTS 46.
///
/// # Errors
/// Where the text is no domain, or too long for the DNS.
pub fn normalise_domain(text: &str) -> Result<String, ThreepidError> {
    medium::within("domain", text.len(), MAX_ADDRESS)?;
    email::normalise_domain(text, 1)
}

/// The label that stands for text which may have any length and characters.
fn hash_label(text: &str) -> String {
    hex(&sha256(text.as_bytes())[..labels::HASH_OCTETS])
}

/// Writes the identifier so that [`Threepid::parse_any`] reads it again.
impl fmt::Display for Threepid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.medium {
            Medium::Email => f.write_str(self.address()),
            Medium::Msisdn => write!(f, "+{}", self.address()),
            Medium::Other(name) => write!(f, "{}:{}", name.as_str(), self.address()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{MAX_NAME, NameError};
    use proptest::prelude::*;
    use serde_json::Value;

    const VECTORS: &str = include_str!("../../tests/vectors/interchange.json");

    fn vectors(section: &str) -> Vec<Value> {
        let all: Value = serde_json::from_str(VECTORS).unwrap();
        all[section].as_array().unwrap().clone()
    }

    fn read(case: &Value) -> Result<Threepid, ThreepidError> {
        let medium = case["medium"].as_str().unwrap().parse().unwrap();
        let country = case["country"].as_str().map(|code| code.parse().unwrap());
        Threepid::parse(medium, case["given"].as_str().unwrap(), country)
    }

    fn apex() -> Name {
        "3pid.example.".parse().unwrap()
    }

    #[test]
    fn every_normalise_vector() {
        let cases = vectors("normalise");
        assert_eq!(cases.len(), 7);
        for case in cases {
            let threepid = read(&case).unwrap();
            assert_eq!(threepid.address(), case["address"].as_str().unwrap());
            let owner = threepid.owner(&apex()).unwrap();
            assert_eq!(owner.to_string(), case["owner"].as_str().unwrap());
        }
    }

    #[test]
    fn every_normalise_refused_vector() {
        let cases = vectors("normalise_refused");
        assert_eq!(cases.len(), 18);
        for case in cases {
            assert!(read(&case).is_err(), "{case}");
        }
    }

    #[test]
    fn what_someone_types() {
        let any = |text: &str| Threepid::parse_any(text, None).map(|found| found.to_string());
        assert_eq!(any("Alice@Example.COM").unwrap(), "alice@example.com");
        assert_eq!(any("email:Alice@Example.COM").unwrap(), "alice@example.com");
        assert_eq!(any("+44 7700 900123").unwrap(), "+447700900123");
        assert_eq!(any("msisdn:447700900123").unwrap(), "+447700900123");
        assert_eq!(any("org.example.badge:Badge 17").unwrap(), "org.example.badge:Badge 17");
        assert_eq!(any("07700 900123"), Err(ThreepidError::CountryNeeded));
        let mailto = ThreepidError::UnknownMedium("mailto".to_owned());
        assert_eq!(any("mailto:alice@example.com"), Err(mailto));
        assert_eq!(any("alice"), Err(ThreepidError::Unrecognised));
        assert!(any("").is_err() && any(":").is_err() && any("Medium:x").is_err());
        let national = Threepid::parse_any("msisdn:07700900123", Some("GB".parse().unwrap()));
        assert_eq!(national.unwrap().address(), "447700900123");
    }

    #[test]
    fn only_the_normal_form_is_taken_as_normal() {
        let normal =
            |medium: &str, address| Threepid::from_normal(medium.parse().unwrap(), address);
        assert!(normal("msisdn", "447700900123").is_ok());
        assert!(normal("email", "info@bücher.example").is_ok());
        let not = |normal: &str| Err(ThreepidError::NotNormal { normal: normal.to_owned() });
        assert_eq!(normal("msisdn", "4402079460000"), not("442079460000"));
        assert_eq!(normal("email", "A@example.com"), not("a@example.com"));
        assert_eq!(normal("email", "info@xn--bcher-kva.example"), not("info@bücher.example"));
        assert!(normal("msisdn", "+447700900123").is_err());
    }

    #[test]
    fn names_of_numbers_tell_them() {
        let told = |name: &str| Threepid::told_by(&name.parse().unwrap());
        let number = Threepid::parse_any("+447700900123", None).unwrap();
        assert_eq!(told("3.2.1.0.0.9.0.0.7.7.4.4.MSISDN.3pid.example."), Some(number));
        let mail = Threepid::parse_any("alice@example.com", None).unwrap();
        assert_eq!(Threepid::told_by(&mail.owner(&apex()).unwrap()), None);
        for none in [
            "msisdn.3pid.example.",
            "3.2.1.0.0.9.0.0.7.7.4.4.",
            "a.3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.",
            "1.1.1.1.3.2.1.0.0.9.0.0.7.7.4.4.msisdn.",
            "0.0.0.0.6.4.9.7.0.2.0.4.4.msisdn.",
        ] {
            assert_eq!(told(none), None, "{none}");
        }
    }

    #[test]
    fn a_name_that_does_not_fit_says_so() {
        let domain = vec!["a".repeat(60); 3].join(".");
        let long = Threepid::parse(Medium::Email, &format!("a@{domain}"), None).unwrap();
        let refused = ThreepidError::Name(NameError::NameTooLong(264));
        assert_eq!(long.owner(&apex()), Err(refused.clone()));
        assert!(refused.to_string().contains("264 octets, at most 255"), "{refused}");
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(text: String, medium in ".{0,12}") {
            let _ = Threepid::parse_any(&text, Some("GB".parse().unwrap()));
            if let Ok(medium) = medium.parse::<Medium>() {
                let _ = Threepid::parse(medium, &text, None);
            }
        }

        #[test]
        fn normalising_again_changes_nothing(local in "[^@]{1,12}", domain in "[\\PC]{1,12}") {
            if let Ok(once) = Threepid::parse(Medium::Email, &format!("{local}@{domain}"), None) {
                prop_assert_eq!(Threepid::from_normal(Medium::Email, once.address()), Ok(once));
            }
        }

        #[test]
        fn names_keep_to_their_limits(
            text in r"[a-zé.]{1,70}@([a-zé]{1,40}\.){1,6}[a-z]{2}",
            apex in r"([a-z]{1,30}\.){0,4}[a-z]{1,9}",
        ) {
            let apex: Name = apex.parse().unwrap();
            if let Ok(threepid) = Threepid::parse_any(&text, None) {
                match threepid.owner(&apex) {
                    Ok(owner) => prop_assert!(owner.is_below(&apex)),
                    Err(ThreepidError::Name(NameError::NameTooLong(length))) => {
                        prop_assert!(length > MAX_NAME);
                    }
                    Err(other) => prop_assert!(false, "{}", other),
                }
            }
        }

        #[test]
        fn what_is_shown_reads_back(text in r"(\+44[1-9][0-9]{9}|[a-zA-Z]{1,9}@[a-zA-Z]{1,9}|a\.b:.{1,9})") {
            let threepid = Threepid::parse_any(&text, None).unwrap();
            prop_assert_eq!(Threepid::parse_any(&threepid.to_string(), None), Ok(threepid));
        }
    }
}
