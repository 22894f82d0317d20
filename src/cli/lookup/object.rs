//! What was found, for programs.

use serde_json::{Value, json};

use crate::association::Statement;
use crate::signed::KeyName;
use crate::stub::{Answer, Finding, Found, Outcome};
use crate::threepid::{Threepid, ThreepidError};
use crate::trust::{Chain, Judgement, Verdict};

use super::REFUSED;
use super::show::is_judged;

/// What the roots say of an identifier.
pub(in crate::cli) fn object(identifier: &str, threepid: &Threepid, answer: &Answer) -> Value {
    let mxid = match &answer.outcome {
        Outcome::User(association) => Some(association.mxid.as_str()),
        _ => None,
    };
    let roots: Vec<Value> = answer.findings.iter().map(|finding| root(threepid, finding)).collect();
    let mut object = json!({
        "identifier": identifier,
        "medium": threepid.medium().as_str(),
        "address": threepid.address(),
        "outcome": answer.outcome.as_str(),
        "proved": answer.proved,
        "complete": answer.complete,
        "conflict": answer.conflict,
        "mxid": mxid,
        "roots": roots,
    });
    if is_judged(answer) {
        let names = |names: &std::collections::BTreeSet<_>| -> Value {
            names.iter().map(ToString::to_string).collect::<Vec<String>>().into()
        };
        let trust = &answer.trust;
        object["trusted"] = answer.is_trusted().into();
        object["vouchers"] = trust.needed.into();
        object["vouch"] = names(&trust.vouch);
        object["others"] = names(&trust.others);
    }
    object
}

/// That what was given is no identifier.
pub(super) fn error(identifier: &str, error: &ThreepidError) -> Value {
    json!({ "identifier": identifier, "outcome": REFUSED, "error": error.to_string() })
}

fn root(threepid: &Threepid, finding: &Finding) -> Value {
    let apex = finding.apex.to_string();
    let found = match &finding.outcome {
        Ok(found) => found,
        Err(error) => return json!({ "apex": apex, "error": error.to_string() }),
    };
    let mut object = said(threepid, apex, found);
    if let Some(vouching) = &finding.vouching {
        let judged = vouching.signatures.iter().map(|(key, judgement)| signature(key, judgement));
        object["signatures"] = judged.collect::<Vec<_>>().into();
    }
    object
}

fn said(threepid: &Threepid, apex: String, found: &Found) -> Value {
    json!({
        "apex": apex,
        "name": found.owner.to_string(),
        "proved": found.is_proved(),
        "ttl": found.ttl.as_secs(),
        "statement": found.statement.as_ref().map(|statement| signed(threepid, statement)),
    })
}

/// The association as its signers signed it.
fn signed(threepid: &Threepid, statement: &Statement) -> Value {
    serde_json::from_slice(&statement.to_json(threepid)).expect("canonical JSON is JSON")
}

fn signature(key: &KeyName, judgement: &Judgement) -> Value {
    let chain = |chain: &Chain| chain.keys().iter().map(key_object).collect::<Vec<_>>();
    let mut object = key_object(key);
    object["verdict"] = judgement.verdict.as_str().into();
    if judgement.verdict == Verdict::Valid {
        object["chains"] = judgement.chains.iter().map(chain).collect::<Vec<_>>().into();
    } else {
        object["reason"] = judgement.reason().map(ToString::to_string).into();
    }
    object
}

fn key_object(key: &KeyName) -> Value {
    json!({ "server": key.server.as_str(), "key_id": key.id.to_string() })
}
