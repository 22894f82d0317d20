//! The readable forms of this system's own types.
//!
//! ```text
//! … ASSOC TS NOT_BEFORE NOT_AFTER "MXID"    EXTRA SERVER KEY-ID SIGNATURE [SERVER KEY-ID SIGNATURE]…
//! … ASSOC TS -          -         WITHDRAWN -     SERVER KEY-ID SIGNATURE…
//! … VCERT "JSON"
//! ```
//! Times are in milliseconds; `-` stands for what an association says when it says nothing: from
//! its `ts`, for 100 years, nothing signed beside. Signatures are in unpadded base64, as in JSON.

use std::fmt::Write as _;

use super::{MasterError, Wrong};
use crate::association::{Association, Claim, Extra, Statement, Ts, Withdrawal};
use crate::certificate::Certificate;
use crate::codec::{base64_unpadded, from_base64_unpadded};
use crate::crypto::Signature;
use crate::signed::{KeyId, KeyName, ServerName, Signatures};
use crate::wire::rdata::{self, Quoted, SyntaxError, Token, Tokens};
use crate::wire::{Name, Rdata, Rtype};

/// What stands in place of a mxid in a withdrawal.
const WITHDRAWN: &str = "WITHDRAWN";

/// Reads the data of a record of any type from all tokens that are left.
pub(super) fn read(
    rtype: Rtype,
    tokens: &mut Tokens<'_, '_>,
    origin: Option<&Name>,
) -> Result<Rdata, Wrong> {
    let at = tokens.position();
    let generic = tokens.next_is(Token::starts_generic);
    let rdata = match rtype {
        Rtype::ASSOC if !generic => read_statement(tokens)?.to_rdata(),
        Rtype::VCERT if !generic => read_certificate(tokens)?.to_rdata(),
        _ => rdata::from_text(rtype, tokens, origin)?,
    };
    tokens.finish()?;
    check(rtype, rdata.octets()).map_err(|problem| problem.at(at))?;
    Ok(rdata)
}

fn check(rtype: Rtype, octets: &[u8]) -> Result<(), MasterError> {
    match rtype {
        Rtype::ASSOC => drop(Statement::from_rdata(octets)?),
        Rtype::VCERT => drop(Certificate::from_rdata(octets)?),
        _ => {}
    }
    Ok(())
}

/// Writes the data of a record of any type.
pub(super) fn write(rtype: Rtype, rdata: &Rdata) -> String {
    let octets = rdata.octets();
    let readable = match rtype {
        Rtype::ASSOC => Statement::from_rdata(octets).ok().as_ref().map(write_statement),
        Rtype::VCERT => Certificate::from_rdata(octets).ok().map(|_| Quoted(octets).to_string()),
        _ => None,
    };
    readable.unwrap_or_else(|| rdata::to_text(rtype, rdata))
}

fn read_certificate(tokens: &mut Tokens<'_, '_>) -> Result<Certificate, Wrong> {
    let token = tokens.take("a certificate in JSON, in quotes")?;
    Certificate::from_json(&token.octets()?).map_err(|error| MasterError::from(error).at(token.at))
}

fn read_statement(tokens: &mut Tokens<'_, '_>) -> Result<Statement, Wrong> {
    let at = tokens.position();
    let claim = read_claim(tokens)?;
    let mut signatures = Signatures::default();
    while signatures.is_empty() || !tokens.is_empty() {
        let start = tokens.clone();
        let (key, signature) = read_signature(tokens)?;
        if signatures.insert(key, signature).is_some() {
            return Err(start.unexpected("a key that has not signed yet").into());
        }
    }
    Statement::new(claim, signatures).map_err(|error| MasterError::from(error).at(at))
}

fn read_claim(tokens: &mut Tokens<'_, '_>) -> Result<Claim, Wrong> {
    const DASH: &str = "- in a withdrawal";
    const MXID: &str = "a mxid in quotes, or WITHDRAWN";
    let at = tokens.position();
    let ts = read_ts(tokens.take("the ts of an association in milliseconds")?)?;
    let (not_before, not_after) =
        (tokens.take("a not_before, or -")?, tokens.take("a not_after, or -")?);
    let mxid = tokens.take(MXID)?;
    let extra = tokens.take("a JSON object in quotes, or -")?;
    if !mxid.quoted && mxid.raw.eq_ignore_ascii_case(WITHDRAWN.as_bytes()) {
        let other = [not_before, not_after, extra].into_iter().find(|token| !is_dash(token));
        return match other {
            Some(token) => Err(token.unexpected(DASH).into()),
            None => Ok(Withdrawal { ts }.into()),
        };
    }
    let or = |token: Token<'_>, default| if is_dash(&token) { default } else { read_ts(token) };
    let default_end = ts.default_end().map_err(|error| MasterError::from(error).at(at));
    Ok(Claim::from(Association {
        mxid: text(&mxid, MXID)?
            .parse()
            .map_err(|error| MasterError::Association(error).at(mxid.at))?,
        ts,
        not_before: or(not_before, Ok(ts))?,
        not_after: or(not_after, default_end)?,
        extra: read_extra(&extra)?,
    }))
}

fn is_dash(token: &Token<'_>) -> bool {
    !token.quoted && token.raw == b"-"
}

fn read_ts(token: Token<'_>) -> Result<Ts, Wrong> {
    let millis = token.number("a time in milliseconds since 1970")?;
    Ts::from_millis(millis).map_err(|error| MasterError::from(error).at(token.at))
}

fn read_extra(token: &Token<'_>) -> Result<Extra, Wrong> {
    if is_dash(token) {
        return Ok(Extra::default());
    }
    Extra::parse(&token.octets()?).map_err(|error| MasterError::from(error).at(token.at))
}

fn text(token: &Token<'_>, expected: &'static str) -> Result<String, SyntaxError> {
    String::from_utf8(token.octets()?).map_err(|_| token.unexpected(expected))
}

fn read_signature(tokens: &mut Tokens<'_, '_>) -> Result<(KeyName, Signature), Wrong> {
    const SERVER: &str = "the name of a server that signed";
    const KEY: &str = "the id of its key, with ed25519: before it";
    const SIGNATURE: &str = "a signature of 64 octets in unpadded base64";
    let token = tokens.take(SERVER)?;
    let server =
        text(&token, SERVER)?.parse::<ServerName>().map_err(|_| token.unexpected(SERVER))?;
    let token = tokens.take(KEY)?;
    let id = text(&token, KEY)?.parse::<KeyId>().map_err(|_| token.unexpected(KEY))?;
    let token = tokens.take(SIGNATURE)?;
    let octets = token.word().and_then(|word| from_base64_unpadded(word).ok());
    let signature = octets.and_then(|octets| octets.try_into().ok());
    let signature = signature.ok_or_else(|| token.unexpected(SIGNATURE))?;
    Ok((KeyName::new(server, id), signature))
}

fn write_statement(statement: &Statement) -> String {
    let mut line = match statement.claim() {
        Claim::Withdrawal(withdrawal) => format!("{} - - {WITHDRAWN} -", withdrawal.ts),
        Claim::Association(association) => write_association(association),
    };
    for (key, signature) in statement.signatures().iter() {
        let (server, id, signature) =
            (&key.server, write_key_id(&key.id), base64_unpadded(signature));
        write!(line, " {server} {id} {signature}").expect("a string takes what is written");
    }
    line
}

/// A key id, in quotes where it has what would end a word.
fn write_key_id(id: &KeyId) -> String {
    let id = id.to_string();
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b":_-.+/=".contains(&octet);
    if id.bytes().all(plain) { id } else { Quoted(id.as_bytes()).to_string() }
}

fn write_association(association: &Association) -> String {
    let Association { mxid, ts, not_before, not_after, extra } = association;
    let or_dash = |time: &Ts, default| {
        if default == Some(*time) { "-".to_owned() } else { time.to_string() }
    };
    let not_before = or_dash(not_before, Some(*ts));
    let not_after = or_dash(not_after, ts.default_end().ok());
    let mxid = Quoted(mxid.as_str().as_bytes());
    let extra = if extra.is_empty() {
        "-".to_owned()
    } else {
        Quoted(&extra.members().to_octets()).to_string()
    };
    format!("{ts} {not_before} {not_after} {mxid} {extra}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{from_hex, hex};
    use crate::signed::Json;
    use crate::wire::rdata::{Lexer, generic};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value;

    const SIGNED: &str = "a.example ed25519:1 \
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn read_text(rtype: Rtype, text: &str) -> Result<Rdata, String> {
        let entry = Lexer::new(text.as_bytes()).next().unwrap().unwrap();
        let rdata = read(rtype, &mut Tokens::new(&entry.tokens, entry.end), None);
        rdata.map_err(|wrong| format!("{}: {}", wrong.at, wrong.problem))
    }

    fn round_trips(rtype: Rtype, rdata: &Rdata) {
        let text = write(rtype, rdata);
        assert_eq!(read_text(rtype, &text).as_ref(), Ok(rdata), "{text}");
        assert_eq!(read_text(rtype, &generic(rdata)).as_ref(), Ok(rdata));
    }

    #[test]
    fn every_vector_round_trips() {
        let text = include_str!("../../../tests/vectors/interchange.json");
        let vectors: Value = serde_json::from_str(text).unwrap();
        let octets = |case: &Value| {
            Rdata::new(from_hex(case["rdata_hex"].as_str().unwrap()).unwrap()).unwrap()
        };
        let associations = vectors["associations"].as_array().unwrap();
        for case in associations.iter().chain([&vectors["withdrawal"]]) {
            round_trips(Rtype::ASSOC, &octets(case));
        }
        for case in vectors["certificates"].as_array().unwrap() {
            round_trips(Rtype::VCERT, &octets(case));
        }
        for case in vectors["malformed_rdata"].as_array().unwrap() {
            let rdata = octets(case);
            assert_eq!(write(Rtype::ASSOC, &rdata), generic(&rdata));
            let told = read_text(Rtype::ASSOC, &generic(&rdata)).unwrap_err();
            assert!(told.starts_with("1:1: bad association: "), "{told}");
        }
    }

    #[test]
    fn what_goes_without_saying_is_a_dash() {
        let said = format!("5 5 3153600000005 @a:b {{}} {SIGNED}");
        let rdata = read_text(Rtype::ASSOC, &said).unwrap();
        let text = write(Rtype::ASSOC, &rdata);
        assert!(text.starts_with("5 - - \"@a:b\" - a.example ed25519:1 AAAA"), "{text}");
        let withdrawn = read_text(Rtype::ASSOC, &format!("5 - - withdrawn - {SIGNED}")).unwrap();
        assert_eq!(hex(&withdrawn.octets()[..10]), "01080000000000050001");
        let certificate = read_text(Rtype::VCERT, "\"{}\"").unwrap_err();
        assert_eq!(certificate, "1:1: bad certificate: member \"signatures\" is missing");
    }

    #[test]
    fn mistakes_are_told_where_they_are() {
        let cases = [
            ("x - - @a:b -", "1:1: a time in milliseconds since 1970 expected, found \"x\""),
            ("5", "1:2: a not_before, or - expected, the entry ends here"),
            ("5 6 - WITHDRAWN -", "1:3: - in a withdrawal expected, found \"6\""),
            ("5 - - a:b -", "1:7: bad association: bad mxid \"a:b\""),
            ("281474976710656 - - @a:b -", "1:1: bad association: 281474976710656 ms is out"),
            ("5 - - @a:b {\\\"ts\\\":1}", "1:12: bad association: member \"ts\" may not"),
            ("5 - - @a:b -", "1:13: the name of a server that signed expected, the entry ends"),
            ("5 - - @a:b - a_b", "1:14: the name of a server that signed expected, found"),
            ("5 - - @a:b - a 1", "1:16: the id of its key, with ed25519: before it expected"),
            ("5 - - @a:b - a ed25519:1 AAAA", "1:26: a signature of 64 octets in unpadded"),
        ];
        for (text, told) in cases {
            let error = read_text(Rtype::ASSOC, text).unwrap_err();
            assert!(error.starts_with(told), "{text}: {error}");
        }
        let twice = read_text(Rtype::ASSOC, &format!("5 - - @a:b - {SIGNED} {SIGNED}"));
        assert!(twice.unwrap_err().contains("a key that has not signed yet expected"));
    }

    fn claim() -> impl Strategy<Value = Claim> {
        let times = (0u64..1 << 40, proptest::option::of(0u64..1 << 48), any::<bool>());
        (times, "@[^:\0]{0,40}:b", proptest::option::of(".{0,20}")).prop_map(
            |((ts, not_before, long), mxid, extra)| {
                let ts = Ts::from_millis(ts).unwrap();
                let member = extra.map(|text| ("x", Json::from(text)));
                Claim::from(Association {
                    mxid: mxid.parse().unwrap(),
                    ts,
                    not_before: not_before.map_or(ts, |millis| Ts::from_millis(millis).unwrap()),
                    not_after: if long { ts.default_end().unwrap() } else { ts },
                    extra: Extra::new(member.into_iter().collect()).unwrap(),
                })
            },
        )
    }

    proptest! {
        #[test]
        fn every_statement_round_trips(claim in claim(), ids in vec("[!-~]{1,20}", 1..=3)) {
            let mut signatures = Signatures::default();
            for id in ids {
                let key = KeyName::new("a.example:1".parse().unwrap(), KeyId::from_version(&id).unwrap());
                signatures.insert(key, [7; 64]);
            }
            round_trips(Rtype::ASSOC, &Statement::new(claim, signatures).unwrap().to_rdata());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-z0-9@:\\\\\" {}-]{1,60}", certificate: bool) {
            let rtype = if certificate { Rtype::VCERT } else { Rtype::ASSOC };
            if let Some(Ok(entry)) = Lexer::new(text.as_bytes()).next() {
                let _ = read(rtype, &mut Tokens::new(&entry.tokens, entry.end), None);
            }
        }
    }
}
