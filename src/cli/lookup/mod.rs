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
    let is_trusted = answer.is_trusted() || !show::is_judged(answer);
    match answer.outcome {
        Outcome::Unknown => Exit::Error,
        _ if !answer.proved || !is_trusted => Exit::Unproved,
        Outcome::User(_) => Exit::Success,
        Outcome::NotInForce(_) | Outcome::Withdrawn | Outcome::Nobody => Exit::NotFound,
    }
}
