//! `threepid cert verify`; and how chains are judged, for others too.

use std::fmt::Write;
use std::path::PathBuf;

use crate::association::Statement;
use crate::cli::arguments::{CertVerify, Judging};
use crate::cli::client::client_config;
use crate::cli::{Exit, output, runtime};
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::signed::{KeyName, ServerName};
use crate::threepid::Threepid;
use crate::trust::{Judge, Judgement, Step, Vouching, settle};

use super::read;

/// Tells whether a server's key may verify an identifier, and each link on the way.
pub(super) fn verify(arguments: &CertVerify) -> Result<Exit, Exit> {
    let threepid = Threepid::parse_any(&arguments.identifier, None)
        .map_err(|error| output::fail(format_args!("{:?}: {error}", arguments.identifier)))?;
    let key = KeyName::new(arguments.signer.clone(), arguments.key_id.clone());
    judge(&arguments.by, &threepid, &Case::Key(&key))
}

/// What is judged.
pub(in crate::cli) enum Case<'a> {
    /// A server's key.
    Key(&'a KeyName),
    /// The signatures of a statement.
    Statement(&'a Statement),
}

impl Case<'_> {
    fn judge(&self, judge: &Judge<'_>) -> Step<Vouching> {
        match self {
            Self::Statement(statement) => judge.statement(statement),
            Self::Key(key) => match judge.chain(key, |_| true) {
                Step::Need(servers) => Step::Need(servers),
                Step::Done(judgement) => Step::Done(of_key(key, judgement)),
            },
        }
    }
}

fn of_key(key: &KeyName, judgement: Judgement) -> Vouching {
    Vouching { signatures: vec![(key.clone(), judgement)] }
}

/// Tells who vouches for it, and each link on the way.
pub(in crate::cli) fn judge(
    by: &Judging,
    threepid: &Threepid,
    case: &Case<'_>,
) -> Result<Exit, Exit> {
    let config = client_config(by.config.as_deref())?;
    let judged = match by.with.as_slice() {
        [] => through_the_trees(&config, threepid, case)?,
        files => vec![("in these files".to_owned(), by_files(files, &config, threepid, case)?)],
    };
    let needed = config.verifiers.vouchers.max(1);
    for (place, vouching) in &judged {
        output::print(in_words(threepid, place, vouching, needed));
    }
    let is_trusted = judged.iter().any(|(_, vouching)| vouching.is_trusted(needed));
    Ok(if is_trusted { Exit::Success } else { Exit::Unproved })
}

/// By the certificates in each tree, for itself.
fn through_the_trees(
    config: &config::Client,
    threepid: &Threepid,
    case: &Case<'_>,
) -> Result<Vec<(String, Vouching)>, Exit> {
    let client = config.client();
    let anchors = &config.verifiers.anchors;
    runtime::short(async {
        let mut judged = Vec::new();
        for root in &config.roots {
            let apex = &root.apex.value;
            let vouching = match case {
                Case::Statement(statement) => {
                    client.vouch(threepid, statement, apex, anchors).await
                }
                Case::Key(key) => {
                    of_key(key, client.vouch_for_key(threepid, key, apex, anchors).await)
                }
            };
            judged.push((format!("in {apex}"), vouching));
        }
        judged
    })
}

/// By the certificates in these files; there are no others.
fn by_files(
    files: &[PathBuf],
    config: &config::Client,
    threepid: &Threepid,
    case: &Case<'_>,
) -> Result<Vouching, Exit> {
    let mut certificates = Vec::new();
    for file in files {
        certificates.append(&mut read::certificates(file, Exit::Error)?);
    }
    let (now, anchors) = (SystemClock.now(), &config.verifiers.anchors);
    Ok(settle(certificates, |collected| case.judge(&Judge { threepid, now, anchors, collected })))
}

fn in_words(threepid: &Threepid, place: &str, vouching: &Vouching, needed: usize) -> String {
    let mut text = String::new();
    for (key, judgement) in &vouching.signatures {
        let verdict = judgement.verdict.as_str().replace('_', " ");
        line(&mut text, &format!("{key} for {threepid}, by certificates {place}: {verdict}"));
        for link in &judgement.links {
            line(&mut text, &format!("  {link}"));
        }
        if judgement.links.is_empty() {
            line(&mut text, "  no verification server is trusted here");
        }
    }
    let roots: Vec<&str> = vouching.roots().into_iter().map(ServerName::as_str).collect();
    let sum = match (vouching.is_trusted(needed), roots.len()) {
        (true, _) => format!("trusted: {} vouches", roots.join(" and ")),
        (false, 0) => "not trusted".to_owned(),
        (false, some) => format!("not trusted: {some} of {needed} vouch: {}", roots.join(" and ")),
    };
    line(&mut text, &sum);
    text
}

fn line(text: &mut String, content: &str) {
    writeln!(text, "{content}").expect("a string takes all that is written");
}
