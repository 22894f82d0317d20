//! What was found, for people and for programs.

use std::fmt::Write;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::association::{Statement, Ts};
use crate::clock::Timestamp;
use crate::codec::date;
use crate::stub::{Finding, Found};
use crate::threepid::{Threepid, ThreepidError};

use super::verdict::{State, Verdict, is_proved};

/// What the roots say of an identifier, in lines for people. A `resolver` may have been asked.
pub(in crate::cli) fn lines(
    threepid: &Threepid,
    verdict: &Verdict<'_>,
    findings: &[Finding],
    resolver: Option<SocketAddr>,
    now: Timestamp,
) -> String {
    let sum = match (verdict.state, resolver) {
        (State::Unknown, Some(resolver)) => format!("cannot be told by the resolver at {resolver}"),
        (State::Unknown, None) => "cannot be told".to_owned(),
        (state, _) => format!("{}, {}", in_words(state, now), proof(verdict)),
    };
    let mut text = format!("{}: {sum}\n", printable(&threepid.to_string()));
    for finding in findings {
        let line = match &finding.outcome {
            Ok(found) => found_line(found, now),
            Err(error) => format!("error: {error}"),
        };
        writeln!(text, "  {} {}", finding.apex, printable(&line))
            .expect("a string takes all that is written");
    }
    text
}

fn found_line(found: &Found, now: Timestamp) -> String {
    let Some(statement) = &found.statement else {
        return format!("{}, {}", in_words(State::Absent, now), found.proof);
    };
    let state = in_words(State::of(statement.claim(), now), now);
    let signers: Vec<String> =
        statement.signatures().iter().map(|(name, _)| name.to_string()).collect();
    let signers = signers.join(" and ");
    format!("{state}, {}; signed by {signers} (not checked here)", found.proof)
}

fn in_words(state: State<'_>, now: Timestamp) -> String {
    match state {
        State::Held(association) => association.mxid.as_str().to_owned(),
        State::NotInForce(association) if now < association.not_before.into() => {
            let (mxid, from) = (association.mxid.as_str(), day(association.not_before));
            format!("nobody, and {mxid} from {from} on")
        }
        State::NotInForce(association) => {
            let (mxid, until) = (association.mxid.as_str(), day(association.not_after));
            format!("nobody, but {mxid} until {until}")
        }
        State::Withdrawn => "nobody any more".to_owned(),
        State::Absent => "nobody".to_owned(),
        State::Unknown => "unknown".to_owned(),
    }
}

fn proof(verdict: &Verdict<'_>) -> &'static str {
    match (verdict.proved, verdict.complete) {
        (true, _) => "proved",
        (false, true) => "not proved",
        (false, false) => "not proved: a root gave no answer, and may know better",
    }
}

/// The day of a moment: `2026-11-23`.
fn day(ts: Ts) -> String {
    let date = date(Timestamp::from(ts).as_secs());
    let (year, rest) = date.split_at(date.len() - 10);
    format!("{year}-{}-{}", &rest[..2], &rest[2..4])
}

/// The text with what would act on a terminal, or turn text around, written out: user ids may have
/// any character.
pub(in crate::cli) fn printable(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if acts(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// The same as an object for programs.
pub(in crate::cli) fn object(
    identifier: &str,
    threepid: &Threepid,
    verdict: &Verdict<'_>,
    findings: &[Finding],
) -> Value {
    let mxid = match verdict.state {
        State::Held(association) => Some(association.mxid.as_str()),
        _ => None,
    };
    let roots: Vec<Value> = findings.iter().map(|finding| root(threepid, finding)).collect();
    json!({
        "identifier": identifier,
        "medium": threepid.medium().as_str(),
        "address": threepid.address(),
        "outcome": verdict.state.word(),
        "proved": verdict.proved,
        "complete": verdict.complete,
        "mxid": mxid,
        "roots": roots,
    })
}

/// That what was given is no identifier, as an object for programs.
pub(super) fn error_object(identifier: &str, error: &ThreepidError) -> Value {
    json!({ "identifier": identifier, "outcome": "error", "error": error.to_string() })
}

fn root(threepid: &Threepid, finding: &Finding) -> Value {
    let apex = finding.apex.to_string();
    match &finding.outcome {
        Ok(found) => json!({
            "apex": apex,
            "name": found.owner.to_string(),
            "proved": is_proved(found),
            "ttl": found.ttl.as_secs(),
            "statement": found.statement.as_ref().map(|statement| signed(threepid, statement)),
        }),
        Err(error) => json!({ "apex": apex, "error": error.to_string() }),
    }
}

/// The association as its signers signed it.
fn signed(threepid: &Threepid, statement: &Statement) -> Value {
    serde_json::from_slice(&statement.to_json(threepid)).expect("canonical JSON is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_do_not_act_on_terminals() {
        assert_eq!(printable("@a\u{1b}[2J\u{202e}é:m"), "@a\\u{1b}[2J\\u{202e}é:m");
    }

    #[test]
    fn days_are_written_as_people_do() {
        assert_eq!(day(Ts::from_millis(1_790_000_000_000).unwrap()), "2026-09-21");
    }
}
