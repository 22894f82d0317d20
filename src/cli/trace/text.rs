//! The steps of a walk in lines for people.
//!
//! ```text
//! ZONE at SERVER (ADDRESS)
//!   NAME TYPE
//!     0.41 ms  what came of it
//!      proved  NAME TYPE, by key TAG ALGORITHM of ZONE
//! ```

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::cli::text::printable;
use crate::config::DNS_PORT;
use crate::dnssec::Verified;
use crate::resolver::{Cause, Kind, Meaning, Response, Root, Special, Trusted};
use crate::wire::rdata::{Dnskey, Ds, to_text};
use crate::wire::{Message, Name, Question, Rtype, Transport};

use super::delegation::Delegation;
use super::teller::{Asked, Heard, Server, Totals};

/// Columns of a line, where words allow.
const WIDTH: usize = 80;

/// Columns of the label before what a line tells: a time, or a verdict.
const LABEL: usize = 11;

/// A line that is told, with a label; its parts are put on lines of their own where they do not fit.
fn told(label: &str, parts: &[String]) -> String {
    let mut text = format!("{label:>LABEL$} ");
    let mut column = LABEL + 1;
    for (index, part) in parts.iter().enumerate() {
        if index > 0 && column + 1 + part.chars().count() > WIDTH {
            text.push_str(&format!("\n{:LABEL$} ", ""));
            column = LABEL + 1;
        }
        text.push(' ');
        text.push_str(&printable(part));
        column += 1 + part.chars().count();
    }
    text.push('\n');
    text
}

/// A walk begins. It is the first, or there were others.
pub(super) fn walk(question: &Question, root: Option<&Root>, first: bool) -> String {
    let gap = if first { "" } else { "\n\n" };
    let mut text = format!("{gap}{} {}\n", question.name, question.rtype);
    if let Some(Root { apex, anchors, .. }) = root {
        let keys: Vec<String> = anchors.iter().map(ds_key).collect();
        let anchors = match keys.as_slice() {
            [] => "nothing: it counts as unsigned".to_owned(),
            keys => keys.join(" and "),
        };
        text.push_str(&told("anchor", &[apex.to_string(), anchors]));
    }
    text
}

/// Whom the next questions go to.
pub(super) fn heading(asked: &Asked) -> String {
    let Asked { zone, server: Server { address, name }, via, forward, .. } = asked;
    let address = at(*address);
    let over = if *via == Transport::Tcp { ", over TCP" } else { "" };
    let server = match name {
        Some(name) => format!("at {name} ({address}){over}"),
        None if *forward => format!("by the resolver {address}{over}"),
        None => format!("at {address}{over}"),
    };
    let zone = zone.to_string();
    let between = if zone.len() + 1 + server.len() > WIDTH { "\n" } else { " " };
    format!("\n{zone}{between}{server}\n")
}

/// An address; with the port where that is not the usual one.
fn at(address: SocketAddr) -> String {
    match address.port() {
        DNS_PORT => address.ip().to_string(),
        _ => address.to_string(),
    }
}

pub(super) fn question(question: &Question) -> String {
    format!("  {} {}\n", question.name, question.rtype)
}

/// What came of a question.
pub(super) fn heard(heard: &Heard) -> String {
    let mut lines = told(&milliseconds(heard.after), &outcome(heard));
    if let (Some(delegation), Meaning::Referral(_)) = (&heard.delegation, &heard.meaning) {
        lines.push_str(&signed(delegation));
    }
    lines.extend(heard.delegation.iter().map(servers));
    lines
}

fn outcome(heard: &Heard) -> Vec<String> {
    let sentence = match &heard.meaning {
        Meaning::Servers(zone) => format!("the servers of {zone}, by its own word"),
        Meaning::Referral(zone) => format!("referral to {zone}"),
        Meaning::NoCut { exists: true } => "no zone starts there".to_owned(),
        Meaning::NoCut { exists: false } => "no such name".to_owned(),
        Meaning::Answer(Kind::Data) => return data(heard.message.as_deref()),
        Meaning::Answer(kind) => denial(kind),
        Meaning::AliasTooLong => "redirection to a name that is too long".to_owned(),
        Meaning::Fault(fault) => return faulty(fault.to_string(), heard.message.as_deref()),
        Meaning::Truncated => "truncated: asking again over TCP".to_owned(),
        Meaning::NoEdns => "no EDNS: asking again without".to_owned(),
        Meaning::Guesses => "wrong ids, or a garbled reply: asking again over TCP".to_owned(),
        Meaning::OtherCase => "question spelt otherwise: asking again over TCP".to_owned(),
        Meaning::Silence => "no reply in time".to_owned(),
        Meaning::Unreachable(obstacle) => format!("no reply: {obstacle}"),
        Meaning::NotSent => "not sent: too many questions are on their way".to_owned(),
    };
    vec![sentence]
}

/// What an answer is that has no records of the type.
fn denial(kind: &Kind) -> String {
    match kind {
        Kind::Data => "data".to_owned(),
        Kind::Alias(target) => format!("alias of {target}"),
        Kind::AliasTooLong => "redirection to a name that is too long".to_owned(),
        Kind::NoData => "no such record (NODATA)".to_owned(),
        Kind::NameError => "no such name (NXDOMAIN)".to_owned(),
        Kind::CompactNameError => "no such name (NXNAME)".to_owned(),
    }
}

fn data(message: Option<&Message>) -> Vec<String> {
    let records = message.map_or(&[][..], |message| &message.answer);
    let signatures = records.iter().filter(|record| record.rtype == Rtype::RRSIG).count();
    let others = records.len() - signatures;
    vec![format!(
        "answer: {}, {}",
        count(others, "record"),
        if signatures == 0 { "not signed".to_owned() } else { count(signatures, "signature") }
    )]
}

/// A fault, and the server's own words where it has some.
fn faulty(fault: String, message: Option<&Message>) -> Vec<String> {
    let edns = message.and_then(|message| message.edns.as_ref());
    let words = edns.into_iter().flat_map(|edns| edns.extended_errors());
    let words = words.map(|error| format!("({error})"));
    std::iter::once(format!("of no use: {fault}")).chain(words).collect()
}

/// What a delegation says of keys.
fn signed(delegation: &Delegation) -> String {
    let keys: Vec<String> = delegation.ds.iter().map(ds_key).collect();
    let signed = match (keys.as_slice(), delegation.denied) {
        ([], true) => "without DS: a denial of it comes along".to_owned(),
        ([], false) => "without DS, and without a denial of it".to_owned(),
        (keys, _) => format!("DS for {}", keys.join(" and ")),
    };
    told("", &[signed])
}

fn servers(delegation: &Delegation) -> String {
    let servers = delegation.servers.iter().map(|(name, addresses)| {
        let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        match addresses.as_slice() {
            [] => told("", &[format!("{name}"), "without an address".to_owned()]),
            addresses => told("", &[name.to_string(), addresses.join(" ")]),
        }
    });
    servers.collect()
}

fn ds_key(ds: &Ds) -> String {
    format!("key {} {} ({})", ds.key_tag, ds.algorithm, ds.digest_type)
}

/// A name that nobody is asked about.
pub(super) fn special(name: &Name, rtype: Rtype, zone: &Special) -> String {
    let why = format!("nobody is asked below {} (RFC {})", zone.apex, zone.rfc);
    told("known", &[format!("{name} {rtype}:"), why])
}

pub(super) fn proved(name: &Name, rtype: Rtype, by: &Verified) -> String {
    let key = format!("by key {} {} of {}", by.key_tag, by.algorithm, by.signer);
    let mut parts = vec![format!("{name} {rtype}"), key];
    parts.extend(by.wildcard.iter().map(|wildcard| format!("(expanded from {wildcard})")));
    told("proved", &parts)
}

/// How a zone's data is judged. What vouches for its keys is the anchor, or else its DS set. Data of an
/// insecure zone may have a reason to be taken as it is.
pub(super) fn trust(
    zone: &Name,
    trusted: &Result<Trusted, Cause>,
    anchored: bool,
    reason: Option<&str>,
) -> String {
    let zone = zone.to_string();
    match trusted {
        Ok(Trusted::Keys(keys)) => {
            let entry = keys.verified().key_tag;
            let voucher = if anchored { " (as the anchor says)" } else { " (as the DS says)" };
            let vouched = |tag| if tag == entry { voucher } else { "" };
            let keys = keys.keys().map(|(tag, key)| zone_key(tag, key) + vouched(tag));
            told("signed", &[zone, format!("with {}", keys.collect::<Vec<_>>().join(" and "))])
        }
        Ok(Trusted::Insecure(_)) => match reason {
            None => told("insecure", &[zone, "is not signed".to_owned()]),
            Some(why) => {
                told("insecure", &[zone, "counts as not signed:".to_owned(), why.to_owned()])
            }
        },
        Ok(Trusted::NotACut) => told("unsigned", &[zone, "is not where a zone starts".to_owned()]),
        // What is wrong with it has been told.
        Err(Cause::Bogus { name, rtype, .. }) => {
            told("bogus", &[zone, format!("is not trusted, as {name} {rtype} is bogus")])
        }
        Err(cause) => told("unknown", &[zone, format!("cannot be judged: {cause}")]),
    }
}

fn zone_key(tag: u16, key: &Dnskey) -> String {
    let role = if key.flags & Dnskey::SEP == 0 { "ZSK" } else { "KSK" };
    format!("{role} {tag} {}", key.algorithm)
}

pub(super) fn rejected(cause: &Cause) -> String {
    told("bogus", &[cause.to_string()])
}

/// What a walk for a name came to, and why it is not proved where it is not.
pub(super) fn answer(question: &Question, response: &Response, unproved: Option<&str>) -> String {
    let proof = proof(unproved);
    let sum = match (&response.kind, &response.failure) {
        (_, Some(cause)) if cause.is_bogus() => format!("bogus: {cause}"),
        (_, Some(cause)) => format!("cannot be told: {cause}"),
        (Some(Kind::Data | Kind::Alias(_)) | None, _) => format!("found, {proof}"),
        (Some(kind), _) => format!("{}, {proof}", denial(kind)),
    };
    let mut text = format!("\n{} {}: {}\n", question.name, question.rtype, printable(&sum));
    for record in response.answer.iter().flat_map(|set| set.rrset.records()) {
        let (ttl, data) = (record.ttl.as_secs(), to_text(record.rtype, &record.rdata));
        text.push_str(&printable(&format!("  {} {ttl} {} {data}", record.name, record.rtype)));
        text.push('\n');
    }
    text
}

fn proof(unproved: Option<&str>) -> String {
    unproved.map_or_else(|| "proved".to_owned(), |why| format!("not proved: {why}"))
}

pub(super) fn end(totals: &Totals) -> String {
    format!(
        "\n{} to {}, {} proved, {}\n",
        count(totals.questions as usize, "question"),
        count(totals.servers, "server"),
        count(totals.proved as usize, "record set"),
        milliseconds(totals.time)
    )
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A time with two or three digits that matter.
fn milliseconds(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    match millis {
        ..10.0 => format!("{millis:.2} ms"),
        ..100.0 => format!("{millis:.1} ms"),
        _ => format!("{millis:.0} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolver::Fault;
    use crate::wire::{Class, EdeCode, Edns, ExtendedError};

    #[test]
    fn parts_that_do_not_fit_go_below_each_other() {
        let part = |length| "x".repeat(length);
        let lines = |parts: &[String]| told("1.00 ms", parts).lines().count();
        // The label, three spaces, and what is left.
        assert_eq!(lines(&[part(30), part(WIDTH - LABEL - 3 - 30)]), 1);
        assert_eq!(lines(&[part(30), part(WIDTH - LABEL - 3 - 29)]), 2);
        assert_eq!(lines(&[part(200)]), 1, "nothing is cut");
        assert_eq!(told("proved", &["a".into(), "b".into()]), "     proved  a b\n");
    }

    #[test]
    fn times_have_the_digits_that_matter() {
        let shown = |micros| milliseconds(Duration::from_micros(micros));
        assert_eq!(
            [0, 412, 9_994, 42_000].map(shown),
            ["0.00 ms", "0.41 ms", "9.99 ms", "42.0 ms"]
        );
        assert_eq!(shown(400_400), "400 ms");
    }

    #[test]
    fn servers_own_words_do_not_act_on_terminals() {
        let name = "a.example.".parse().unwrap();
        let mut reply = Message::query(1, Question { name, rtype: Rtype::A, class: Class::IN });
        let text = "\u{1b}[2Jno".to_owned();
        let mut edns = Edns::default();
        edns.push_extended_error(&ExtendedError { code: EdeCode::NOT_READY, text });
        reply.edns = Some(edns);
        let told = heard(&Heard {
            after: Duration::from_millis(1),
            meaning: Meaning::Fault(Fault::Lame),
            message: Some(Box::new(reply)),
            delegation: None,
        });
        let expected = "of no use: lame delegation (Not Ready: \\u{1b}[2Jno)\n";
        assert!(told.ends_with(expected), "{told:?}");
    }
}
