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

    /// Whether it names all that `other` names. Of two rules one does, or they name nothing in common.
    fn encloses(&self, other: &Self) -> bool {
        let is_below = |name: &str, above: &str| {
            name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
        };
        self.medium == other.medium
            && match (&self.names, &other.names) {
                (Names::All, _) => true,
                (Names::Domain(name), Names::Domain(other)) => name == other,
                (Names::BelowDomain(name), Names::Domain(other)) => is_below(other, name),
                (Names::BelowDomain(name), Names::BelowDomain(other)) => {
                    name == other || is_below(other, name)
                }
                (Names::Prefix(digits), Names::Prefix(other)) => other.starts_with(digits),
                _ => false,
            }
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

    /// The first rule by which it permits what `other` does not.
    ///
    /// What several rules of one cover together, as `msisdn:440` to `msisdn:449` do `msisdn:44`, is not seen.
    pub fn beyond(&self, other: &Self) -> Option<&Rule> {
        let excluded = |rule: &Rule| self.of_kind(true).any(|own| own.encloses(rule));
        let is_permitted = |rule: &Rule| {
            other.of_kind(false).any(|theirs| theirs.encloses(rule))
                && other.of_kind(true).all(|theirs| match rule.encloses(theirs) {
                    true => excluded(theirs),
                    false => !theirs.encloses(rule),
                })
        };
        self.of_kind(false).find(|rule| !excluded(rule) && !is_permitted(rule))
    }

    /// The rules that exclude, or those that permit.
    fn of_kind(&self, excludes: bool) -> impl Iterator<Item = &Rule> {
        self.0.iter().filter(move |rule| rule.excludes == excludes)
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
    fn what_goes_beyond_another() {
        let scope = |rules: &str| {
            Scope::new(rules.split_whitespace().map(|rule| rule.parse().unwrap()).collect())
        };
        for (own, other, beyond) in [
            ("email:*", "email:*", None),
            ("email:* msisdn:*", "email:*", Some("msisdn:*")),
            ("email:a.example", "email:*", None),
            ("email:*", "email:a.example", Some("email:*")),
            ("email:b.a.example email:*.b.a.example", "email:*.a.example", None),
            ("email:*.a.example", "email:*.a.example", None),
            ("email:a.example", "email:*.a.example", Some("email:a.example")),
            ("email:*.a.example", "email:a.example", Some("email:*.a.example")),
            ("email:ba.example", "email:*.a.example", Some("email:ba.example")),
            ("msisdn:447", "msisdn:44", None),
            ("msisdn:44", "msisdn:447", Some("msisdn:44")),
            ("msisdn:44", "msisdn:* !msisdn:49", None),
            ("msisdn:44", "msisdn:* !msisdn:447", Some("msisdn:44")),
            ("msisdn:44 !msisdn:447", "msisdn:* !msisdn:447", None),
            ("msisdn:44 !msisdn:44", "email:*", None),
            ("msisdn:447", "msisdn:* !msisdn:44", Some("msisdn:447")),
        ] {
            let (own, other) = (scope(own), scope(other));
            let found = own.beyond(&other).map(Rule::as_str);
            assert_eq!(found, beyond, "{own:?} beyond {other:?}");
        }
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
