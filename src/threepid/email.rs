//! Email addresses: local part case-folded, domain by UTS 46.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::ThreepidError;
use super::medium::within;

/// The longest local part, in octets of its normal form (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// Characters that stand in no local part without quotes (RFC 5322 section 3.2.3); quotes are not
/// taken. `@` ends the local part.
const SPECIALS: &str = "()<>[]:;,\\\"";

/// The normal form of an email address (Matrix specification, appendix on 3PIDs): the local part
/// in full Unicode case folding and otherwise untouched, the domain in lower-case U-labels.
pub(super) fn normalise(text: &str) -> Result<String, ThreepidError> {
    if text.is_empty() {
        return Err(ThreepidError::Empty("address"));
    }
    let (local, domain) = text.split_once('@').ok_or(ThreepidError::NoAt)?;
    check_local(local)?;
    let local = caseless::default_case_fold_str(local);
    within("local part", local.len(), MAX_LOCAL)?;
    let domain_at = text.chars().take_while(|&found| found != '@').count() + 2;
    let domain = normalise_domain(domain, domain_at)?;
    Ok(format!("{local}@{domain}"))
}

fn check_local(local: &str) -> Result<(), ThreepidError> {
    if local.is_empty() {
        return Err(ThreepidError::Empty("local part"));
    }
    let stray =
        |found: char| found.is_control() || found.is_whitespace() || SPECIALS.contains(found);
    match local.chars().enumerate().find(|&(_, found)| stray(found)) {
        None => Ok(()),
        Some((at, found)) => {
            let expected = "a local part without spaces, quotes and brackets";
            Err(ThreepidError::Unexpected { found, at: at + 1, expected })
        }
    }
}

/// A domain in lower-case U-labels, by UTS 46 without transitional processing. `at` is where the
/// domain starts in what the error speaks of.
pub(super) fn normalise_domain(domain: &str, at: usize) -> Result<String, ThreepidError> {
    if domain.is_empty() {
        return Err(ThreepidError::Empty("domain"));
    }
    let ascii = ascii_domain(domain).ok_or_else(|| blame(domain, at))?;
    match Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast) {
        (unicode, Ok(())) => Ok(unicode.into_owned()),
        (_, Err(_)) => Err(blame(domain, at)),
    }
}

/// A domain in A-label form; none where it is no domain, or too long for the DNS.
pub(super) fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    Some(ascii.ok()?.into_owned())
}

/// Finds the label for which UTS 46 refused a domain.
fn blame(domain: &str, mut at: usize) -> ThreepidError {
    // UTS 46 section 2.3 maps three more characters to the full stop.
    for label in domain.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']) {
        if ascii_domain(label).is_none() {
            return ThreepidError::DomainLabel { label: label.to_owned(), at };
        }
        at += label.chars().count() + 1;
    }
    ThreepidError::Domain(domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of the folding table moves addresses to other names: it must be noticed.
    #[test]
    fn the_folding_table_is_the_one_of_unicode_16() {
        assert_eq!(caseless::UNICODE_VERSION, (16, 0, 0));
        let fold = caseless::default_case_fold_str;
        assert_eq!(fold("ẞßſK"), "sssssk");
        assert_eq!(fold("ΑΣΣς"), "ασσσ");
        assert_eq!(fold("İŉᾳ"), "i\u{307}\u{2bc}nαι");
        assert_eq!(fold("\u{13a0}\u{ab70}"), "\u{13a0}\u{13a0}");
    }

    #[test]
    fn only_case_is_folded_in_the_local_part() {
        assert_eq!(normalise("Ｊose\u{301}@a.example").unwrap(), "ｊose\u{301}@a.example");
        assert_eq!(normalise("A..B.+x@a.example").unwrap(), "a..b.+x@a.example");
    }

    #[test]
    fn domains() {
        let domain = |text: &str| normalise_domain(text, 1);
        assert_eq!(domain("STRAẞE.example").unwrap(), "straße.example");
        assert_eq!(domain("XN--STRAE-OQA.example").unwrap(), "straße.example");
        assert_eq!(domain("例え。テスト").unwrap(), "例え.テスト");
        for bad in ["a.", ".a", "a..b", "xn--a", "_at.a", "[127.0.0.1]", "a-.b", "\u{200d}.a"] {
            assert!(domain(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn errors_say_where() {
        let label = |label: &str, at| ThreepidError::DomainLabel { label: label.into(), at };
        assert_eq!(normalise("é@b.exa mple"), Err(label("exa mple", 5)));
        assert_eq!(normalise("a@b@"), Err(label("b@", 3)));
        assert_eq!(normalise("a@b."), Err(label("", 5)));
        let found = normalise("é b@example").unwrap_err().to_string();
        assert!(found.starts_with("unexpected ' ' at character 2"), "{found}");
        let long = vec!["a".repeat(63); 4].join(".");
        assert_eq!(normalise(&format!("a@{long}")), Err(ThreepidError::Domain(long)));
        let local = "ŉ".repeat(32);
        assert!(matches!(
            normalise(&format!("{local}@a.example")),
            Err(ThreepidError::TooLong { length: 96, limit: 64, .. })
        ));
    }
}
