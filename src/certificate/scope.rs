//! Which identifiers a certificate is for.

use std::str::FromStr;

use super::CertificateError;
use crate::threepid::{MAX_DIGITS, Medium, Threepid, normalise_domain};

/// One rule of a scope. A leading `!` excludes what the rest names:
///
/// | rule | names |
/// |---|---|
/// | `email:*`, `msisdn:*`, `<medium>:*` | all of the medium |
/// | `email:example.com` | addresses of that domain |
/// | `email:*.example.com` | addresses of domains below it |
/// | `msisdn:44` | phone numbers that start with these digits |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    text: Box<str>,
    excludes: bool,
    medium: Medium,
    names: Names,
}

/// What a rule names of its medium.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Names {
    All,
    Domain(String),
    BelowDomain(String),
    Prefix(String),
}

impl Rule {
    /// The rule as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it excludes what it names.
    pub fn excludes(&self) -> bool {
        self.excludes
    }

    fn names(&self, threepid: &Threepid) -> bool {
        let domain = threepid.domain().unwrap_or_default();
        *threepid.medium() == self.medium
            && match &self.names {
                Names::All => true,
                Names::Domain(name) => domain == name,
                Names::BelowDomain(name) => {
                    domain.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'))
                }
                Names::Prefix(digits) => threepid.address().starts_with(digits),
            }
    }
}

/// Reads a rule. Domains are in normal form only (lower-case U-labels), so that every reader
/// understands a rule alike; what is unknown is refused, not passed over, since it may exclude.
impl FromStr for Rule {
    type Err = CertificateError;

    fn from_str(text: &str) -> Result<Self, CertificateError> {
        let unknown = || CertificateError::Rule(text.to_owned());
        let (excludes, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (medium, names) = rest.split_once(':').ok_or_else(unknown)?;
        let medium: Medium = medium.parse().map_err(|_| unknown())?;
        let names = read_names(&medium, names).ok_or_else(unknown)?;
        Ok(Self { text: text.into(), excludes, medium, names })
    }
}

fn read_names(medium: &Medium, text: &str) -> Option<Names> {
    match medium {
        _ if text == "*" => Some(Names::All),
        Medium::Email => match text.strip_prefix("*.") {
            Some(domain) => normal_domain(domain).map(Names::BelowDomain),
            None => normal_domain(text).map(Names::Domain),
        },
        Medium::Msisdn => {
            let digits = (1..=MAX_DIGITS).contains(&text.len())
                && text.bytes().all(|octet| octet.is_ascii_digit())
                && !text.starts_with('0');
            digits.then(|| Names::Prefix(text.to_owned()))
        }
        Medium::Other(_) => None,
    }
}

fn normal_domain(text: &str) -> Option<String> {
    normalise_domain(text).ok().filter(|normal| normal == text)
}

/// The rules of a certificate, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope(Vec<Rule>);

impl Scope {
    /// The scope of these rules.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.0
    }

    /// Whether the identifier is in scope: some rule permits it, and none excludes it.
    pub fn permits(&self, threepid: &Threepid) -> bool {
        let mut naming = self.0.iter().filter(|rule| rule.names(threepid)).peekable();
        naming.peek().is_some() && naming.all(|rule| !rule.excludes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(rules: &[&str], threepid: &str) -> bool {
        let scope = Scope::new(rules.iter().map(|rule| rule.parse().unwrap()).collect());
        scope.permits(&Threepid::parse_any(threepid, None).unwrap())
    }

    #[test]
    fn what_rules_name() {
        assert!(permits(&["email:*"], "a@example.com"));
        assert!(permits(&["email:example.com"], "a@example.com"));
        assert!(!permits(&["email:example.com"], "a@mail.example.com"));
        assert!(permits(&["email:*.example.com"], "a@mail.example.com"));
        assert!(!permits(&["email:*.example.com"], "a@example.com"));
        assert!(!permits(&["email:*.example.com"], "a@notexample.com"));
        assert!(permits(&["email:bücher.example"], "a@xn--bcher-kva.example"));
        assert!(permits(&["msisdn:4477"], "+447700900123"));
        assert!(!permits(&["msisdn:4478"], "+447700900123"));
        assert!(permits(&["org.example.badge:*"], "org.example.badge:x"));
        assert!(!permits(&["email:*", "org.example:*"], "+447700900123"));
        assert!(!permits(&[], "a@example.com"));
    }

    #[test]
    fn one_exclusion_is_enough() {
        assert!(!permits(&["!msisdn:447700", "msisdn:*"], "+447700900123"));
        assert!(!permits(&["msisdn:*", "!msisdn:447700"], "+447700900123"));
        assert!(permits(&["msisdn:*", "!msisdn:447799"], "+447700900123"));
        assert!(!permits(&["!msisdn:447799"], "+447700900123"), "nothing permits it");
        assert!(!permits(&["email:*", "!email:example.com"], "a@example.com"));
    }

    #[test]
    fn unknown_rules() {
        for bad in [
            "",
            "*",
            "email",
            "email:",
            "email:Example.com",
            "email:xn--bcher-kva.example",
            "email:*.",
            "email:*example.com",
            "email:a@example.com",
            "msisdn:",
            "msisdn:+44",
            "msisdn:044",
            "msisdn:1234567890123456",
            "msisdn:4*",
            "carrier:virtual",
            "!!email:*",
            "carrier:",
            "Email:*",
            " email:*",
        ] {
            assert_eq!(bad.parse::<Rule>(), Err(CertificateError::Rule(bad.to_owned())));
        }
    }
}
