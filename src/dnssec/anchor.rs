//! Trust anchors: DS or DNSKEY records in text, as `threepid key ds`, `dig` and key files have them.

use thiserror::Error;

use super::sha256_ds;
use crate::wire::rdata::{
    self, Dnskey, Ds, Entry, Lexer, Position, RdataError, SyntaxError, Tokens, from_text,
};
use crate::wire::{Class, Name, Rtype};

/// Something wrong in the text of anchors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{at}: {fault}")]
pub struct AnchorError {
    /// Where in the text.
    pub at: Position,
    /// What.
    pub fault: AnchorFault,
}

/// What can be wrong with an anchor.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnchorFault {
    /// It is no record.
    #[error(transparent)]
    Syntax(rdata::Fault),
    /// It is another zone's.
    #[error("a record of {found}, one of {expected} expected")]
    Owner {
        /// Whose.
        found: Name,
        /// Whose it should be.
        expected: Name,
    },
    /// It is of another type.
    #[error("{0} found, DS or DNSKEY expected")]
    Type(Rtype),
    /// It holds something else.
    #[error(transparent)]
    Data(RdataError),
    /// There is none.
    #[error("no DS or DNSKEY record of {0} is here")]
    None(Name),
}

impl From<SyntaxError> for AnchorError {
    fn from(error: SyntaxError) -> Self {
        AnchorFault::Syntax(error.fault).at(error.at)
    }
}

impl AnchorFault {
    fn at(self, at: Position) -> AnchorError {
        AnchorError { at, fault: self }
    }
}

/// The anchors of `apex` that `text` holds, one at least.
///
/// # Errors
/// With everything that is wrong, each with its place in the text.
pub fn read(text: &str, apex: &Name) -> Result<Vec<Ds>, Vec<AnchorError>> {
    let (mut anchors, mut errors) = (Vec::new(), Vec::new());
    for entry in Lexer::new(text.as_bytes()) {
        match entry.map_err(AnchorError::from).and_then(|entry| record(&entry, apex)) {
            Ok(ds) => anchors.push(ds),
            Err(error) => errors.push(error),
        }
    }
    if anchors.is_empty() && errors.is_empty() {
        errors.push(AnchorFault::None(apex.clone()).at(Position { line: 1, column: 1 }));
    }
    if errors.is_empty() { Ok(anchors) } else { Err(errors) }
}

/// `<apex> [<ttl>] [IN] DS <data>`, or DNSKEY.
fn record(entry: &Entry<'_>, apex: &Name) -> Result<Ds, AnchorError> {
    let mut tokens = Tokens::new(&entry.tokens, entry.end);
    let at = tokens.position();
    let owner = tokens.name(Some(&Name::root()))?;
    tokens.take_if(|token| token.period("a TTL").is_ok());
    tokens.take_if(|token| token.parse::<Class>("a class") == Ok(Class::IN));
    let rtype = tokens.parse("DS or DNSKEY")?;
    let rdata = from_text(rtype, &mut tokens, Some(&Name::root()))?;
    let ds = match rtype {
        _ if owner != *apex => {
            let expected = apex.clone();
            return Err(AnchorFault::Owner { found: owner, expected }.at(at));
        }
        Rtype::DS => Ds::parse(&rdata),
        Rtype::DNSKEY => Dnskey::parse(&rdata).map(|key| sha256_ds(&owner, &key)),
        _ => return Err(AnchorFault::Type(rtype).at(at)),
    };
    ds.map_err(|error| AnchorFault::Data(error).at(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use crate::dnssec::{ZoneKey, keyfile};

    fn apex() -> Name {
        "3pid.example.".parse().unwrap()
    }

    #[test]
    fn a_key_and_its_digest_are_the_same_anchor() {
        let key = ZoneKey::generate(apex(), ZoneKey::KSK, &mut SeededRandom::new(1));
        let expected = vec![key.sha256_ds()];
        let public = keyfile::write(&key).public;
        assert_eq!(read(&public, &apex()), Ok(expected.clone()));
        let digest = crate::codec::hex(&expected[0].digest);
        let line = format!("3PID.example 3600 IN DS {} 15 2 (\n {digest} )\n", key.key_tag());
        assert_eq!(read(&line, &apex()), Ok(expected));
    }

    #[test]
    fn everything_wrong_is_told() {
        let told = |text: &str| -> Vec<String> {
            read(text, &apex()).unwrap_err().iter().map(ToString::to_string).collect()
        };
        assert_eq!(told("; nothing\n"), ["1:1: no DS or DNSKEY record of 3pid.example. is here"]);
        let errors =
            told("other.example. DS 1 15 2 00\n3pid.example. A 192.0.2.1\n3pid.example. DS x\n");
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert_eq!(errors[1], "2:1: A found, DS or DNSKEY expected");
    }
}
