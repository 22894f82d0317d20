//! What was found, for people.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;

use crate::association::Claim;
use crate::cli::moment::{day, in_full};
use crate::cli::text::printable;
use crate::clock::Timestamp;
use crate::signed::{KeyName, ServerName};
use crate::stub::{Answer, Finding, Found, Outcome};
use crate::threepid::Threepid;
use crate::trust::{Judgement, Verdict, Vouching};

/// What the roots say of an identifier, in lines for people. A `resolver` may have been asked.
pub(in crate::cli) fn lines(
    threepid: &Threepid,
    answer: &Answer,
    resolver: Option<SocketAddr>,
    now: Timestamp,
) -> String {
    let sum = match (&answer.outcome, resolver) {
        (Outcome::Unanswered, Some(resolver)) => {
            format!("unanswered by the resolver at {resolver}")
        }
        (Outcome::Unanswered, None) => "unanswered".to_owned(),
        (outcome, _) => {
            format!("{}, {}{}", in_words(outcome, now), proof(answer), trust(answer))
        }
    };
    let mut text = String::new();
    line(&mut text, &format!("{threepid}: {sum}"));
    for finding in &answer.findings {
        root(&mut text, finding, answer.conflict, now);
    }
    if answer.conflict {
        let counts = match answer.is_trusted() {
            _ if !is_judged(answer) => "the newest proved statement counts",
            true => "the newest trusted statement counts",
            false => "none of the statements is trusted",
        };
        line(&mut text, &format!("  The roots differ: {counts}."));
    }
    text
}

fn line(text: &mut String, content: &str) {
    writeln!(text, "{}", printable(content)).expect("a string takes all that is written");
}

/// A root's line, and one for each signature.
fn root(text: &mut String, finding: &Finding, conflict: bool, now: Timestamp) {
    let apex = &finding.apex;
    let found = match &finding.outcome {
        Ok(found) => found,
        Err(error) => return line(text, &format!("  {apex} error: {error}")),
    };
    let said = said(found, conflict, now);
    match &finding.vouching {
        Some(vouching) => {
            line(text, &format!("  {apex} {said}"));
            signatures(text, vouching);
        }
        None => line(text, &format!("  {apex} {said}{}", signers(found))),
    }
}

fn said(found: &Found, conflict: bool, now: Timestamp) -> String {
    let Some(statement) = &found.statement else {
        return format!("{}, {}", in_words(&Outcome::Unknown, now), found.proof);
    };
    let claim: &Claim = statement.claim();
    let made = match conflict {
        true => format!(" (signed {})", in_full(claim.ts().into())),
        false => String::new(),
    };
    format!("{}{made}, {}", in_words(&Outcome::of(claim, now), now), found.proof)
}

/// Who signed a statement that nobody was asked to judge.
fn signers(found: &Found) -> String {
    let Some(statement) = &found.statement else { return String::new() };
    let names: Vec<String> =
        statement.signatures().iter().map(|(name, _)| name.to_string()).collect();
    format!("; signed by {} (not checked here)", names.join(" and "))
}

fn signatures(text: &mut String, vouching: &Vouching) {
    for (key, judgement) in &vouching.signatures {
        line(text, &format!("    {key}: {}", judged(key, judgement)));
    }
}

/// What a signature is worth, and why.
fn judged(signer: &KeyName, judgement: &Judgement) -> String {
    if judgement.verdict == Verdict::Valid {
        let chains: Vec<String> = judgement
            .chains
            .iter()
            .map(|chain| match chain.keys() {
                [_] => "trusted here".to_owned(),
                [_, root] => format!("{} vouches for it", root.server),
                [_, between @ .., root] => {
                    let between: Vec<&str> =
                        between.iter().map(|key| key.server.as_str()).collect();
                    format!("{} vouches for it through {}", root.server, between.join(" and "))
                }
                [] => String::new(),
            })
            .collect();
        return chains.join("; ");
    }
    let reason = match judgement.reason() {
        Some(link) => link.to_string(),
        None => format!("nobody is trusted here who could vouch for {}", signer.server),
    };
    format!("{}: {reason}", judgement.verdict.as_str().replace('_', " "))
}

pub(in crate::cli) fn in_words(outcome: &Outcome, now: Timestamp) -> String {
    match outcome {
        Outcome::User(association) => association.mxid.as_str().to_owned(),
        Outcome::NotInForce(association) if now < association.not_before.into() => {
            let (mxid, from) = (association.mxid.as_str(), day(association.not_before.into()));
            format!("not in force: {mxid} from {from} on")
        }
        Outcome::NotInForce(association) => {
            let (mxid, until) = (association.mxid.as_str(), day(association.not_after.into()));
            format!("not in force: {mxid} until {until}")
        }
        Outcome::Withdrawn => "withdrawn".to_owned(),
        Outcome::Unknown => "unknown".to_owned(),
        Outcome::Unanswered => "unanswered".to_owned(),
    }
}

pub(super) fn proof(answer: &Answer) -> &'static str {
    match (answer.proved, answer.complete) {
        (true, _) => "proved",
        (false, true) => "not proved",
        (false, false) => "not proved: a root gave no answer, and may know better",
    }
}

/// Whether anybody was asked to vouch for a statement.
pub(in crate::cli) fn is_judged(answer: &Answer) -> bool {
    answer.findings.iter().any(|finding| finding.vouching.is_some())
}

/// The other verdict; nothing where it does not matter.
pub(super) fn trust(answer: &Answer) -> String {
    let trust = &answer.trust;
    if answer.outcome == Outcome::Unknown || !is_judged(answer) {
        return String::new();
    }
    if answer.is_trusted() {
        return ", trusted".to_owned();
    }
    let (vouch, others) = (names(&trust.vouch), names(&trust.others));
    let why = match (trust.vouch.len(), trust.needed) {
        (0, _) if others.is_empty() => "no verification server is trusted here".to_owned(),
        (0, 1) if trust.others.len() == 1 => format!("{others} does not vouch for it"),
        (0, 1) => format!("none of {others} vouches for it"),
        (0, needed) => format!("{needed} have to vouch for it, but none of {others} does"),
        (_, needed) => {
            format!("{needed} have to vouch for it, but only {vouch} does, not {others}")
        }
    };
    format!(", not trusted: {why}")
}

fn names(servers: &BTreeSet<ServerName>) -> String {
    servers.iter().map(ServerName::as_str).collect::<Vec<_>>().join(" and ")
}
