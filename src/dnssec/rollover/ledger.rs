//! What is written down of a trust point: its keys, and when they were asked for. As text, lines of
//! words as in a master file, with comments for whoever reads it.
//!
//! ```text
//! zone 3pid.example.
//! queried 20261123170000
//! next 20261123180000
//! retry 3600
//! Valid 20261101000000 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=
//! AddPend 20261123170000 20261223170000 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=
//! ```

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::time::Duration;

use thiserror::Error;

use super::pace::UNKNOWN;
use super::{Change, Sight, State};
use crate::clock::Timestamp;
use crate::codec::{date, from_date};
use crate::wire::rdata::{
    Dnskey, Entry, Fault, Lexer, Position, SyntaxError, Tokens, from_text, to_text,
};
use crate::wire::{Name, Rtype};

/// A key of a trust point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorKey {
    /// The key, without the REVOKE bit.
    pub dnskey: Dnskey,
    /// What it is.
    pub state: State,
    /// From when on. A revoked key is seen again and again: when it was seen last.
    pub since: Timestamp,
    /// When its hold-down time is over; the same as `since` in states that have none.
    pub until: Timestamp,
}

impl AnchorKey {
    /// A key that is this from now on, with no hold-down time.
    pub(super) fn new(dnskey: Dnskey, state: State, now: Timestamp) -> Self {
        Self { dnskey, state, since: now, until: now }
    }

    /// Whether `dnskey` is the same key, with whatever flags: the REVOKE bit changes even the tag.
    pub(super) fn is(&self, dnskey: &Dnskey) -> bool {
        self.dnskey.algorithm == dnskey.algorithm && self.dnskey.public_key == dnskey.public_key
    }

    /// Makes a hold-down time that started in the future start now: the clock was set back, and
    /// nobody knows how much of it has passed.
    pub(super) fn obey(&mut self, now: Timestamp) {
        if now < self.since {
            self.until = now.saturating_add(self.until.since(self.since));
            self.since = now;
        }
    }

    /// Takes the step of the table. A state with a hold-down time begins with `wait`.
    pub(super) fn turn(&mut self, sight: Sight, wait: Duration, now: Timestamp) -> Option<Change> {
        let next = self.state.next(sight, now >= self.until);
        let is_seen_again = next == State::Revoked && sight != Sight::Absent;
        if next == self.state && !is_seen_again {
            return None;
        }
        let from = std::mem::replace(&mut self.state, next);
        self.since = now;
        self.until = if next.waits() { now.saturating_add(wait) } else { now };
        (from != next).then(|| self.change(from))
    }

    /// Makes it an anchor at once, because the configuration says so.
    pub(super) fn become_anchor(&mut self, now: Timestamp) -> Option<Change> {
        let from = self.state;
        *self = Self::new(self.dnskey.clone(), State::Valid, now);
        Some(self.change(from))
    }

    fn change(&self, from: State) -> Change {
        Change {
            key_tag: self.dnskey.key_tag(),
            algorithm: self.dnskey.algorithm,
            from,
            to: self.state,
            until: self.state.waits().then_some(self.until),
        }
    }
}

/// What is kept of a trust point. Times are kept to the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The zone.
    pub zone: Name,
    /// When its keys were last asked for.
    pub queried: Timestamp,
    /// When they are to be asked for next.
    pub next: Timestamp,
    /// How long to wait where they cannot be had.
    pub retry: Duration,
    /// The keys, each once.
    pub keys: Vec<AnchorKey>,
}

/// What is wrong with the text of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// A line is not what it should be: `line:column: what`.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A line is there twice.
    #[error("{at}: a second {what}")]
    Repeated {
        /// Where the second one is.
        at: Position,
        /// What it is.
        what: &'static str,
    },
    /// It is of another zone.
    #[error("{at}: this is the state of {found}, that of {expected} expected")]
    Foreign {
        /// Where it says so.
        at: Position,
        /// Whose it is.
        found: Name,
        /// Whose it should be.
        expected: Name,
    },
    /// A line is missing.
    #[error("1:1: the line `{0} …` is missing")]
    Missing(&'static str),
}

impl Ledger {
    /// Nothing is known of `zone` yet.
    pub fn new(zone: Name) -> Self {
        let never = Timestamp::default();
        Self { zone, queried: never, next: never, retry: UNKNOWN.retry, keys: Vec::new() }
    }

    /// Reads the text of the ledger of `zone`.
    ///
    /// # Errors
    /// At the first thing that is not as [`Ledger`]'s `Display` writes it.
    pub fn parse(text: &str, zone: &Name) -> Result<Self, LedgerError> {
        let mut draft = Draft::default();
        for entry in Lexer::new(text.as_bytes()) {
            draft.read(&entry?, zone)?;
        }
        Ok(Self {
            zone: draft.zone.ok_or(LedgerError::Missing("zone"))?,
            queried: draft.queried.ok_or(LedgerError::Missing("queried"))?,
            next: draft.next.ok_or(LedgerError::Missing("next"))?,
            retry: draft.retry.ok_or(LedgerError::Missing("retry"))?,
            keys: draft.keys,
        })
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { zone, queried, next, retry, keys } = self;
        let date = |moment: &Timestamp| date(moment.as_secs());
        writeln!(f, "; The keys of {zone} as trust anchors (RFC 5011), kept by threepid.")?;
        writeln!(f, "; Without this file, those that the configuration names are trusted anew.")?;
        writeln!(f, "zone {zone}")?;
        writeln!(f, "queried {}\nnext {}", date(queried), date(next))?;
        writeln!(f, "retry {}", retry.as_secs())?;
        writeln!(f, "; state, since when, until when it has to wait, and the DNSKEY")?;
        for key in keys {
            let mut times = date(&key.since);
            if key.state.waits() {
                write!(times, " {}", date(&key.until))?;
            }
            let dnskey = to_text(Rtype::DNSKEY, &key.dnskey.to_rdata());
            let tag = key.dnskey.key_tag();
            writeln!(f, "{} {times} {dnskey} ; key tag {tag}", key.state)?;
        }
        Ok(())
    }
}

/// A ledger as far as it is read.
#[derive(Default)]
struct Draft {
    zone: Option<Name>,
    queried: Option<Timestamp>,
    next: Option<Timestamp>,
    retry: Option<Duration>,
    keys: Vec<AnchorKey>,
    known: BTreeSet<(u8, Vec<u8>)>,
}

impl Draft {
    fn read(&mut self, entry: &Entry<'_>, zone: &Name) -> Result<(), LedgerError> {
        const FIRST: &str = "zone, queried, next, retry, or the state of a key";
        let mut tokens = Tokens::new(&entry.tokens, entry.end);
        let first = tokens.take(FIRST)?;
        match first.word() {
            Some("zone") => {
                let at = tokens.position();
                let found = tokens.name(None)?;
                if found != *zone {
                    return Err(LedgerError::Foreign { at, found, expected: zone.clone() });
                }
                once(first.at, "zone", &mut self.zone, found)?;
            }
            Some("queried") => {
                once(first.at, "queried", &mut self.queried, moment(&mut tokens)?)?;
            }
            Some("next") => once(first.at, "next", &mut self.next, moment(&mut tokens)?)?,
            Some("retry") => {
                let secs: u32 = tokens.number("a number of seconds")?;
                once(first.at, "retry", &mut self.retry, Duration::from_secs(secs.into()))?;
            }
            _ => {
                let state = first.parse(FIRST)?;
                self.key(state, first.at, &mut tokens)?;
            }
        }
        Ok(tokens.finish()?)
    }

    fn key(
        &mut self,
        state: State,
        at: Position,
        tokens: &mut Tokens<'_, '_>,
    ) -> Result<(), LedgerError> {
        let since = moment(tokens)?;
        let until_at = tokens.position();
        let until = if state.waits() { moment(tokens)? } else { since };
        if until < since {
            let found = date(until.as_secs());
            let expected = "a time that is not before the one in front of it";
            return Err(Fault::Unexpected { expected, found }.at(until_at).into());
        }
        let key_at = tokens.position();
        let rdata = from_text(Rtype::DNSKEY, tokens, None)?;
        let dnskey = Dnskey::parse(&rdata).map_err(|error| Fault::Data(error).at(key_at))?;
        if dnskey.is_revoked() {
            let (expected, found) = ("flags without the REVOKE bit", dnskey.flags.to_string());
            return Err(Fault::Unexpected { expected, found }.at(key_at).into());
        }
        if !self.known.insert((dnskey.algorithm.0, dnskey.public_key.clone())) {
            return Err(LedgerError::Repeated { at, what: "line for this key" });
        }
        self.keys.push(AnchorKey { dnskey, state, since, until });
        Ok(())
    }
}

fn once<T>(
    at: Position,
    what: &'static str,
    place: &mut Option<T>,
    value: T,
) -> Result<(), LedgerError> {
    match place.replace(value) {
        Some(_) => Err(LedgerError::Repeated { at, what }),
        None => Ok(()),
    }
}

fn moment(tokens: &mut Tokens<'_, '_>) -> Result<Timestamp, SyntaxError> {
    const MOMENT: &str = "a time (YYYYMMDDHHmmSS)";
    let token = tokens.take(MOMENT)?;
    let secs = token.word().and_then(|word| from_date(word).ok());
    secs.map(Timestamp::from_secs).ok_or_else(|| token.unexpected(MOMENT))
}
