//! `threepid lookup`: whose an identifier is, and what proves it.

mod ask;
mod counts;
mod gather;
pub(super) mod object;
mod sheet;
pub(super) mod show;
mod table;
mod writer;

use crate::stub::{Answer, Outcome};

use super::Exit;
use super::arguments::Lookup;
use super::client::client_config;
use super::runtime;

use gather::Gathered;
use writer::Writer;

/// The outcome of what is no identifier, beside those of [`Outcome`].
const REFUSED: &str = "refused";

/// Looks up each identifier, and ends with the gravest of their outcomes.
pub(super) fn lookup(arguments: &Lookup) -> Exit {
    let mut config = match client_config(arguments.config.as_deref()) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    config.resolver = arguments.resolver.unwrap_or(config.resolver);
    let gathered = match Gathered::of(arguments) {
        Ok(gathered) => gathered,
        Err(exit) => return exit,
    };
    let writer = Writer::new(arguments.format(), config.resolver, arguments.has_books());
    runtime::short(ask::ask(&config.client(), gathered, writer)).unwrap_or_else(|exit| exit)
}

/// What the program ends with.
pub(super) fn exit(answer: &Answer) -> Exit {
    match answer.outcome {
        Outcome::Unanswered => Exit::Error,
        _ if !answer.proved || is_mistrusted(answer) => Exit::Unproved,
        Outcome::User(_) => Exit::Success,
        Outcome::NotInForce(_) | Outcome::Withdrawn | Outcome::Unknown => Exit::NotFound,
    }
}

/// Whether too few vouch for what is said, where anybody was asked.
fn is_mistrusted(answer: &Answer) -> bool {
    show::is_judged(answer) && !answer.is_trusted()
}
