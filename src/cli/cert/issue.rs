//! `threepid cert issue`.

use std::time::Duration;

use crate::certificate::{Certificate, MAX_LIFE, Scope, Terms, owner};
use crate::cli::arguments::CertIssue;
use crate::cli::{Exit, output};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::daemon::signing_keys;
use crate::signed::{KeyName, ServerName};
use crate::wire::{Class, Name, Record, Rtype, Ttl};
use crate::zone::master::{self, Form};

use super::refuse;

/// How far the clock of whoever checks a new certificate may be behind.
const SKEW: Duration = Duration::from_secs(60 * 60);

/// How long a certificate may be remembered: revocation takes as long.
const TTL: Ttl = Ttl::from_secs(60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Signs a certificate, and prints it.
pub(super) fn issue(arguments: CertIssue) -> Result<Exit, Exit> {
    let key = signing_keys::load(&arguments.key).map_err(|error| refuse(&error))?;
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

fn terms(arguments: CertIssue, now: Timestamp) -> Terms {
    let not_before = now.saturating_sub(SKEW);
    let latest = not_before.saturating_add(MAX_LIFE);
    let days = now.saturating_add(DAY.saturating_mul(u32::try_from(arguments.days).unwrap_or(90)));
    Terms {
        issuer: arguments.issuer,
        subject: KeyName::new(arguments.subject, arguments.key_id),
        public_key: arguments.public_key,
        scope: Scope::new(arguments.scope),
        max_path: arguments.max_path,
        not_before,
        not_after: arguments.not_after.unwrap_or(days.min(latest)),
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
