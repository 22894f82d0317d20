//! How the records of a zone stand in its files.

use std::sync::Arc;

use crate::wire::rdata::{Position, Token, Tokens};
use crate::wire::{Name, Rtype, Ttl};
use crate::zone::master::{Seen, states_ttl};

/// An entry of a file: a record or a directive, on lines of its own.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) file: Arc<str>,
    /// Where its first line is.
    pub(super) start: Position,
    /// Where its last line is.
    pub(super) end: Position,
    /// Where its TTL would stand.
    pub(super) head: Position,
    pub(super) states_owner: bool,
    pub(super) states_ttl: bool,
    /// Which record it is; none where it is a directive.
    pub(super) record: Option<usize>,
    /// Where the serial of a SOA stands, and how long it is.
    pub(super) serial: Option<(Position, usize)>,
    /// What relative names are continued with.
    pub(super) origin: Option<Name>,
    /// The TTL that records without one have.
    pub(super) default_ttl: Option<Ttl>,
}

impl Item {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let entry = seen.entry;
        let owner = usize::from(!entry.indented);
        let behind = entry.tokens.get(owner..).unwrap_or_default();
        Self {
            file: Arc::clone(seen.file),
            start: entry.start,
            end: entry.end,
            head: behind.first().map_or(entry.end, |token| token.at),
            states_owner: !entry.indented,
            states_ttl: states_ttl(Tokens::new(behind, entry.end)),
            record: seen.record,
            serial: serial(&entry.tokens),
            origin: seen.origin.cloned(),
            default_ttl: seen.default_ttl,
        }
    }
}

/// The serial of a SOA in its readable form: the fifth word from the end, of seven.
fn serial(tokens: &[Token<'_>]) -> Option<(Position, usize)> {
    let (head, data) = tokens.split_at_checked(tokens.len().checked_sub(7)?)?;
    let is_soa = |word: &str| word.parse::<Rtype>().is_ok_and(|rtype| rtype == Rtype::SOA);
    let is_soa = head.last()?.word().is_some_and(is_soa);
    let readable = !data.iter().any(Token::starts_generic);
    (is_soa && readable).then(|| (data[2].at, data[2].raw.len()))
}
