//! `threepid cert show`.

use std::path::Path;

use crate::certificate::{Certificate, Rule};
use crate::cli::moment::in_full;
use crate::cli::{Exit, output};
use crate::clock::{Clock, SystemClock, Timestamp};

use super::read;

const DAY: u64 = 24 * 60 * 60;

/// Says what the certificates in a file say.
pub(super) fn show(path: &Path) -> Result<Exit, Exit> {
    let certificates = read::certificates(path, Exit::Flawed)?;
    let now = SystemClock.now();
    let texts: Vec<String> = certificates.iter().map(|it| in_words(it, now)).collect();
    output::print(texts.join("\n"));
    Ok(Exit::Success)
}

fn in_words(certificate: &Certificate, now: Timestamp) -> String {
    let terms = certificate.terms();
    let rules: Vec<&str> = terms.scope.rules().iter().map(Rule::as_str).collect();
    let signers: Vec<String> =
        certificate.signatures().iter().map(|(name, _)| name.to_string()).collect();
    format!(
        "{} verifies, by the word of {}\n  \
         public key  {}\n  scope       {}\n  below it    {}\n  from        {}\n  \
         until       {}: {}\n  signed by   {} (not checked here)\n",
        terms.subject,
        terms.issuer,
        terms.public_key,
        rules.join(", "),
        below(terms.max_path),
        in_full(terms.not_before),
        in_full(terms.not_after),
        left(certificate, now),
        signers.join(" and "),
    )
}

fn below(max_path: u32) -> String {
    match max_path {
        0 => "no certificate".to_owned(),
        1 => "1 certificate at most".to_owned(),
        more => format!("{more} certificates at most"),
    }
}

fn left(certificate: &Certificate, now: Timestamp) -> String {
    let terms = certificate.terms();
    if now < terms.not_before {
        return "not begun".to_owned();
    }
    if now > terms.not_after {
        return "ended".to_owned();
    }
    match terms.not_after.since(now).as_secs() / DAY {
        0 => "less than a day left".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}
