//! `threepid cert issue`.

use std::time::Duration;

use thiserror::Error;

use crate::certificate::{Certificate, MAX_LIFE, Rule, SKEW, Scope, Terms, owner};
use crate::cli::arguments::CertIssue;
use crate::cli::moment::{NoDay, day, end_of_day};
use crate::cli::{Exit, output};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::daemon::{self, signing_keys};
use crate::signed::{KeyName, NamedKey, ServerName};
use crate::wire::{Class, Name, Record, Rtype, Ttl};
use crate::zone::master::{self, Form};

use super::refuse;

/// How long a certificate may be remembered: revocation takes as long.
const TTL: Ttl = Ttl::from_secs(60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Text that is no day for a certificate to end.
#[derive(Debug, Error)]
pub(in crate::cli) enum BadEnd {
    #[error(transparent)]
    NoDay(#[from] NoDay),
    #[error("it is in the past")]
    Past,
    #[error("a certificate lives 90 days at most: {0} is the last day that can be")]
    Late(String),
}

/// The end of a day that a certificate issued now can end on, given as `2026-12-24`.
pub(in crate::cli) fn end(text: &str) -> Result<Timestamp, BadEnd> {
    let (end, now) = (end_of_day(text)?, SystemClock.now());
    if end < now {
        return Err(BadEnd::Past);
    }
    if end > latest(now) {
        return Err(BadEnd::Late(day(latest(now).saturating_sub(DAY))));
    }
    Ok(end)
}

/// When a certificate begins that is issued now.
fn start(now: Timestamp) -> Timestamp {
    now.saturating_sub(SKEW)
}

/// When it ends at the latest.
fn latest(now: Timestamp) -> Timestamp {
    start(now).saturating_add(MAX_LIFE)
}

/// Signs a certificate, and prints it.
pub(super) fn issue(arguments: CertIssue) -> Result<Exit, Exit> {
    let key = signing_keys::load(&arguments.key).map_err(|error| refuse(&error))?;
    check(&arguments, &key)?;
    let signer = KeyName::new(arguments.issuer.clone(), key.id);
    let zone = arguments.zone.clone();
    let terms = terms(arguments, SystemClock.now());
    let subject = terms.subject.server.clone();
    let certificate = Certificate::sign(terms, signer, &key.key).map_err(output::fail)?;
    match zone {
        Some(apex) => {
            let record = record(&certificate, &subject, &apex)?;
            output::print(format_args!("{}\n", master::line(&record, Form::Readable)));
        }
        None => {
            let json = certificate.to_octets();
            output::print(format_args!("{}\n", String::from_utf8_lossy(&json)));
        }
    }
    Ok(Exit::Success)
}

/// Refuses what would be a certificate, and of no use.
fn check(arguments: &CertIssue, key: &NamedKey) -> Result<(), Exit> {
    if arguments.scope.iter().all(Rule::excludes) {
        return Err(output::fail(
            "the scope only excludes: say what is verified, too, as --scope 'msisdn:*'",
        ));
    }
    if key.key.public() == arguments.public_key {
        let file = arguments.key.display();
        return Err(output::fail(format_args!(
            "{file} is the key that is to be certified: sign with the issuer's"
        )));
    }
    check_purposes(arguments, key)
}

/// Refuses keys that are for something else by the configuration.
fn check_purposes(arguments: &CertIssue, key: &NamedKey) -> Result<(), Exit> {
    let Some(path) = &arguments.config else { return Ok(()) };
    let (_, loaded) = daemon::read(path, SystemClock.now()).map_err(output::mistakes)?;
    let mut purposes = (*loaded.purposes).clone();
    let subject = KeyName::new(arguments.subject.clone(), arguments.key_id.clone());
    purposes.verifier(&subject, &arguments.public_key);
    let issuer = KeyName::new(arguments.issuer.clone(), key.id.clone());
    purposes.verifier(&issuer, &key.key.public());
    purposes.shared().first().map_or(Ok(()), |shared| Err(output::fail(shared)))
}

fn terms(arguments: CertIssue, now: Timestamp) -> Terms {
    let days = now.saturating_add(DAY.saturating_mul(u32::try_from(arguments.days).unwrap_or(90)));
    Terms {
        issuer: arguments.issuer,
        subject: KeyName::new(arguments.subject, arguments.key_id),
        public_key: arguments.public_key,
        scope: Scope::new(arguments.scope),
        max_path: arguments.max_path,
        not_before: start(now),
        not_after: arguments.not_after.unwrap_or(days.min(latest(now))),
    }
}

fn record(certificate: &Certificate, subject: &ServerName, apex: &Name) -> Result<Record, Exit> {
    let name = owner(subject, apex).map_err(output::fail)?.ok_or_else(|| {
        output::fail(format_args!(
            "{subject} is named by an address: certificates of such a server have no name in the tree"
        ))
    })?;
    let rdata = certificate.to_rdata();
    Ok(Record { name, rtype: Rtype::VCERT, class: Class::IN, ttl: TTL, rdata })
}
