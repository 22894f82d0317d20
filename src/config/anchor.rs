//! Trust anchors: DS or DNSKEY records in text, as `threepid key ds`, `dig` and key files have them.

use std::path::Path;

use crate::dnssec::ds_of;
use crate::wire::rdata::{Dnskey, Ds, Entry, Lexer, SyntaxError, Tokens, from_text};
use crate::wire::{Class, DigestType, Name, Rtype};

/// The anchors of `apex` that `text` holds, one at least.
///
/// # Errors
/// With everything that is wrong, each with its place in the text.
pub(super) fn read(text: &str, apex: &Name) -> Result<Vec<Ds>, Vec<String>> {
    let (mut anchors, mut errors) = (Vec::new(), Vec::new());
    for entry in Lexer::new(text.as_bytes()) {
        match entry.and_then(|entry| record(&entry, apex)) {
            Ok(Ok(ds)) => anchors.push(ds),
            Ok(Err(error)) => errors.push(error),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if anchors.is_empty() && errors.is_empty() {
        errors.push(format!("no DS or DNSKEY record of {apex} is here"));
    }
    if errors.is_empty() { Ok(anchors) } else { Err(errors) }
}

/// The anchors in a file.
///
/// # Errors
/// Where it cannot be read, or as for [`read`].
pub(super) fn read_file(path: &Path, apex: &Name) -> Result<Vec<Ds>, Vec<String>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| vec![format!("cannot read {shown}: {error}")])?;
    read(&text, apex)
        .map_err(|errors| errors.into_iter().map(|error| format!("{shown}:{error}")).collect())
}

/// `<apex> [<ttl>] [IN] DS <data>`, or DNSKEY. The inner error is about what the record says.
fn record(entry: &Entry<'_>, apex: &Name) -> Result<Result<Ds, String>, SyntaxError> {
    let mut tokens = Tokens::new(&entry.tokens, entry.end);
    let at = tokens.position();
    let owner = tokens.name(Some(&Name::root()))?;
    tokens.take_if(|token| token.period("a TTL").is_ok());
    tokens.take_if(|token| token.parse::<Class>("a class") == Ok(Class::IN));
    let rtype = tokens.parse("DS or DNSKEY")?;
    let rdata = from_text(rtype, &mut tokens, Some(&Name::root()))?;
    let ds = match rtype {
        _ if owner != *apex => {
            return Ok(Err(format!("{at}: a record of {owner}, one of {apex} expected")));
        }
        Rtype::DS => Ds::parse(&rdata),
        Rtype::DNSKEY => Dnskey::parse(&rdata)
            .map(|key| ds_of(&owner, &key, DigestType::SHA256).expect("SHA-256 is computed here")),
        _ => return Ok(Err(format!("{at}: {rtype} found, DS or DNSKEY expected"))),
    };
    Ok(ds.map_err(|error| format!("{at}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::crypto::SeededRandom;
    use crate::dnssec::{ZoneKey, keyfile};

    fn apex() -> Name {
        "3pid.example.".parse().unwrap()
    }

    #[test]
    fn a_key_and_its_digest_are_the_same_anchor() {
        let key = ZoneKey::generate(apex(), ZoneKey::KSK, &mut SeededRandom::new(1));
        let expected = vec![key.ds(DigestType::SHA256).unwrap()];
        let public = keyfile::write(&key, Timestamp::default()).public;
        assert_eq!(read(&public, &apex()), Ok(expected.clone()));
        let digest = crate::codec::hex(&expected[0].digest);
        let line = format!("3PID.example 3600 IN DS {} 15 2 (\n {digest} )\n", key.key_tag());
        assert_eq!(read(&line, &apex()), Ok(expected));
    }

    #[test]
    fn everything_wrong_is_told() {
        let told = |text: &str| read(text, &apex()).unwrap_err();
        assert_eq!(told("; nothing\n"), ["no DS or DNSKEY record of 3pid.example. is here"]);
        let errors =
            told("other.example. DS 1 15 2 00\n3pid.example. A 192.0.2.1\n3pid.example. DS x\n");
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert_eq!(errors[1], "2:1: A found, DS or DNSKEY expected");
        let file = read_file(Path::new("/nonexistent/root.anchor"), &apex()).unwrap_err();
        assert!(file[0].starts_with("cannot read /nonexistent/root.anchor: "), "{file:?}");
    }
}
