//! The steps of a walk as JSON objects for programs.

use std::fmt::Display;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::dnssec::{Security, Verified};
use crate::resolver::{Cause, Kind, Meaning, Response, Root, Special, Trusted};
use crate::wire::rdata::{Ds, to_text};
use crate::wire::{Edns, Name, Question, Rtype, Transport};

use super::teller::{Asked, Heard, Totals};

/// What is in the objects, as the help of `trace` tells it.
pub(in crate::cli) const TRACE_JSON: &str = "\
Write one JSON object for each step, as it is taken

Its member event says what it is, and which others there are:

walk        a walk begins: name, type; apex, servers and anchors of
            its root
question    one was asked: zone, server, server_name (or null),
            forward (whether that is a resolver), transport (udp or
            tcp), name, type, milliseconds, rcode and extended_errors
            where there is a reply, and outcome with its details
special     nobody is asked: name, type, zone, rfc
proved      a signature proves a record set: name, type, signer,
            key_tag, algorithm, wildcard behind the name (or null)
trust       how a zone's data is judged: zone, and state: signed
            (key_tags), insecure (reason, or null), no_cut, or error
            (error)
rejected    an answer is bogus: error
answer      what a walk for a name found: name, type, outcome (data,
            alias, alias_too_long, nodata, nxdomain, nxname or error),
            security (secure, insecure, bogus, indeterminate), proved
            (whether it is secure), reason why it is not (or null),
            records (each with name, ttl, type, data), error (or null)
identifier  what all trees say of an identifier: as `lookup --json`
error       there is nothing to walk to: target, error
end         the totals: questions, servers, proved, milliseconds

An anchor, and each of ds, has key_tag, algorithm and digest_type.
The outcome of a question is one of:

servers         the zone's own word on its servers: servers (each with
                name and addresses)
referral        the name lies in a zone below: to, servers, ds,
                ds_denied (whether a denial of ds came along)
no_cut          no zone starts there: exists (whether the name does)
data            records of the type
alias           another name to go on with: target
alias_too_long  a redirection to a name that is too long
nodata          the name has no records of the type
nxdomain        there is no such name
nxname          the same, in the words of RFC 9824
fault           the server is of no use: error
truncated       too long for a datagram: asked again over TCP
no_edns         no EDNS: asked again without
wrong_ids       wrong ids, or a garbled reply: asked again over TCP
other_case      the question spelt otherwise: asked again over TCP
timeout         no reply came in time
unreachable     no reply will come: error
not_sent        too many questions are on their way already";

/// The object of this event, with the members of `members`.
pub(super) fn event(event: &str, mut members: Value) -> Value {
    members["event"] = event.into();
    members
}

/// Adds the members of `more` to an object.
fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

pub(super) fn walk(question: &Question, root: Option<&Root>) -> Value {
    let mut walk = json!({
        "name": question.name.to_string(),
        "type": question.rtype.to_string(),
    });
    if let Some(root) = root {
        let anchors: Vec<Value> = root.anchors.iter().map(ds).collect();
        let apex = root.apex.to_string();
        extend(&mut walk, json!({ "apex": apex, "servers": root.servers, "anchors": anchors }));
    }
    event("walk", walk)
}

pub(super) fn question(asked: &Asked, heard: &Heard) -> Value {
    let Asked { zone, question, server, via, forward } = asked;
    let mut object = json!({
        "zone": zone.to_string(),
        "server": server.address.to_string(),
        "server_name": server.name.as_ref().map(Name::to_string),
        "forward": forward,
        "transport": if *via == Transport::Tcp { "tcp" } else { "udp" },
        "name": question.name.to_string(),
        "type": question.rtype.to_string(),
        "milliseconds": milliseconds(heard.after),
    });
    if let Some(message) = &heard.message {
        object["rcode"] = message.rcode.to_string().into();
        let errors = message.edns.iter().flat_map(Edns::extended_errors);
        object["extended_errors"] = errors.map(|error| error.to_string()).collect();
    }
    extend(&mut object, outcome(heard));
    event("question", object)
}

fn outcome(heard: &Heard) -> Value {
    match &heard.meaning {
        Meaning::Servers(_) => json!({ "outcome": "servers", "servers": servers(heard) }),
        Meaning::Referral(zone) => referral(zone, heard),
        Meaning::NoCut { exists } => json!({ "outcome": "no_cut", "exists": exists }),
        Meaning::Answer(Kind::Alias(target)) => {
            json!({ "outcome": "alias", "target": target.to_string() })
        }
        Meaning::Answer(kind) => json!({ "outcome": word(kind) }),
        Meaning::AliasTooLong => json!({ "outcome": "alias_too_long" }),
        Meaning::Fault(fault) => json!({ "outcome": "fault", "error": fault.to_string() }),
        Meaning::Truncated => json!({ "outcome": "truncated" }),
        Meaning::NoEdns => json!({ "outcome": "no_edns" }),
        Meaning::Guesses => json!({ "outcome": "wrong_ids" }),
        Meaning::OtherCase => json!({ "outcome": "other_case" }),
        Meaning::Silence => json!({ "outcome": "timeout" }),
        Meaning::Unreachable(obstacle) => {
            json!({ "outcome": "unreachable", "error": obstacle.to_string() })
        }
        Meaning::NotSent => json!({ "outcome": "not_sent" }),
    }
}

fn referral(zone: &Name, heard: &Heard) -> Value {
    let ds: Vec<Value> = heard.delegation.iter().flat_map(|cut| &cut.ds).map(ds).collect();
    let servers = servers(heard);
    let denied = heard.delegation.as_ref().is_some_and(|cut| cut.denied);
    json!({
        "outcome": "referral",
        "to": zone.to_string(),
        "servers": servers,
        "ds": ds,
        "ds_denied": denied,
    })
}

fn servers(heard: &Heard) -> Value {
    let server = |(name, addresses): &(Name, Vec<IpAddr>)| {
        let name = name.to_string();
        json!({ "name": name, "addresses": addresses })
    };
    heard.delegation.iter().flat_map(|cut| &cut.servers).map(server).collect()
}

fn ds(ds: &Ds) -> Value {
    json!({
        "key_tag": ds.key_tag,
        "algorithm": ds.algorithm.to_string(),
        "digest_type": ds.digest_type.to_string(),
    })
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Data => "data",
        Kind::Alias(_) => "alias",
        Kind::AliasTooLong => "alias_too_long",
        Kind::NoData => "nodata",
        Kind::NameError => "nxdomain",
        Kind::CompactNameError => "nxname",
    }
}

pub(super) fn special(name: &Name, rtype: Rtype, zone: &Special) -> Value {
    let special = json!({
        "name": name.to_string(),
        "type": rtype.to_string(),
        "zone": zone.apex.to_string(),
        "rfc": zone.rfc,
    });
    event("special", special)
}

pub(super) fn proved(name: &Name, rtype: Rtype, by: &Verified) -> Value {
    let proved = json!({
        "name": name.to_string(),
        "type": rtype.to_string(),
        "signer": by.signer.to_string(),
        "key_tag": by.key_tag,
        "algorithm": by.algorithm.to_string(),
        "wildcard": by.wildcard.as_ref().map(Name::to_string),
    });
    event("proved", proved)
}

pub(super) fn trust(zone: &Name, trusted: &Result<Trusted, Cause>, reason: Option<&str>) -> Value {
    let mut object = match trusted {
        Ok(Trusted::Keys(keys)) => {
            let tags: Vec<u16> = keys.keys().map(|(tag, _)| tag).collect();
            json!({ "state": "signed", "key_tags": tags })
        }
        Ok(Trusted::Insecure(_)) => json!({ "state": "insecure", "reason": reason }),
        Ok(Trusted::NotACut) => json!({ "state": "no_cut" }),
        Err(cause) => json!({ "state": "error", "error": cause.to_string() }),
    };
    object["zone"] = zone.to_string().into();
    event("trust", object)
}

pub(super) fn rejected(cause: &Cause) -> Value {
    event("rejected", json!({ "error": cause.to_string() }))
}

pub(super) fn answer(question: &Question, response: &Response, unproved: Option<&str>) -> Value {
    let records = response.answer.iter().flat_map(|set| set.rrset.records());
    let records: Vec<Value> = records
        .map(|record| {
            json!({
                "name": record.name.to_string(),
                "ttl": record.ttl.as_secs(),
                "type": record.rtype.to_string(),
                "data": to_text(record.rtype, &record.rdata),
            })
        })
        .collect();
    let answer = json!({
        "name": question.name.to_string(),
        "type": question.rtype.to_string(),
        "outcome": response.kind.as_ref().map_or("error", word),
        "security": security(response.security),
        "proved": response.security == Security::Secure,
        "reason": unproved,
        "records": records,
        "error": response.failure.as_ref().map(Cause::to_string),
    });
    event("answer", answer)
}

fn security(security: Security) -> &'static str {
    match security {
        Security::Secure => "secure",
        Security::Insecure => "insecure",
        Security::Bogus => "bogus",
        Security::Indeterminate => "indeterminate",
    }
}

pub(super) fn error(what: &str, error: impl Display) -> Value {
    event("error", json!({ "target": what, "error": error.to_string() }))
}

pub(super) fn end(totals: &Totals) -> Value {
    let end = json!({
        "questions": totals.questions,
        "servers": totals.servers,
        "proved": totals.proved,
        "milliseconds": milliseconds(totals.time),
    });
    event("end", end)
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    f64::from(u32::try_from(time.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::TRACE_JSON;

    /// The words that stand in quotes in the code of this file, outside of the help and of the tests,
    /// and the event that another file makes.
    fn written() -> BTreeSet<&'static str> {
        let (_, code) =
            include_str!("object.rs").split_once(TRACE_JSON.lines().last().unwrap()).unwrap();
        let (code, _) = code.split_once("#[cfg(test)]").unwrap();
        let quoted = code.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
        let is_word = |text: &&str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        quoted.filter(is_word).filter(|text| !text.is_empty()).chain(["identifier"]).collect()
    }

    #[test]
    fn the_help_tells_each_word_and_no_other() {
        let written = written();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let told: BTreeSet<&str> = TRACE_JSON.split(|c| !is_part(c)).collect();
        assert!(written.len() > 40, "{written:?}");
        let missing: Vec<_> = written.difference(&told).collect();
        assert!(missing.is_empty(), "in no line of the help: {missing:?}");
        // The word that a line of a table begins with.
        let entries = TRACE_JSON.lines().filter_map(|line| line.split_once("  "));
        let entries: BTreeSet<&str> =
            entries.map(|(word, _)| word).filter(|word| !word.is_empty()).collect();
        assert_eq!(entries.len(), 27, "{entries:?}");
        let vain: Vec<_> = entries.difference(&written).collect();
        assert!(vain.is_empty(), "told, and in no object: {vain:?}");
    }

    #[test]
    fn the_help_fits_a_terminal() {
        // Eighty columns, of which ten are the margin of an option.
        let long: Vec<_> = TRACE_JSON.lines().filter(|line| line.chars().count() > 70).collect();
        assert_eq!(long, [""; 0]);
    }
}
