//! What came of attempts, for people and for programs.

use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use crate::association::Statement;
use crate::clock::Timestamp;
use crate::signed::Object;
use crate::stub::publish::{Delivery, Done, Entry, EntryId, State, describe};
use crate::threepid::Threepid;
use crate::wire::Name;

use super::super::moment::span;
use super::super::text::printable;
use super::super::{Exit, output};

/// Why a statement is not sent now.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unsent {
    /// It shall wait in the outbox.
    Queued,
    /// A newer one is there.
    Older,
    /// It is taken out of it.
    Dropped,
}

/// Tells how statements are at their roots, and remembers it.
pub(super) struct Teller {
    json: bool,
    /// What the program would end with for the statements that are not sent.
    unsent: Exit,
    /// What the program would end with for each statement at each root, as it was told last.
    exits: HashMap<(EntryId, Name), Exit>,
}

impl Teller {
    pub(super) fn new(json: bool) -> Self {
        Self { json, unsent: Exit::Success, exits: HashMap::new() }
    }

    /// What the program ends with.
    pub(super) fn exit(&self) -> Exit {
        self.exits.values().copied().fold(self.unsent, Exit::max)
    }

    /// Tells how a statement is at one root, or at all.
    pub(super) fn tell(&mut self, entry: &Entry, apex: Option<&Name>, now: Timestamp) {
        let is_it = |delivery: &&Delivery| apex.is_none_or(|apex| delivery.apex == *apex);
        for delivery in entry.deliveries.iter().filter(is_it) {
            let key = (EntryId::of(&entry.threepid), delivery.apex.clone());
            self.exits.insert(key, exit(&delivery.state));
            match self.json {
                true => self.object(&entry.describe(delivery)),
                false => {
                    let (threepid, apex) = (&entry.threepid, &delivery.apex);
                    let state = in_words(&delivery.state, now);
                    self.line(format_args!("{threepid} at {apex}: {state}"));
                }
            }
        }
    }

    /// Tells why a statement is not sent now.
    pub(super) fn unsent(&mut self, threepid: &Threepid, statement: &Statement, why: Unsent) {
        let (word, words, exit) = match why {
            Unsent::Queued => ("queued", "in the outbox", Exit::Success),
            Unsent::Older => {
                ("dropped", "dropped: a newer statement is in the outbox", Exit::Flawed)
            }
            Unsent::Dropped => ("dropped", "dropped", Exit::Success),
        };
        self.unsent = self.unsent.max(exit);
        if self.json {
            let mut object = describe(threepid, statement);
            object.insert("state", word);
            return self.object(&object);
        }
        self.line(format_args!("{threepid}: {words}"));
    }

    fn line(&self, line: impl Display) {
        output::print(format_args!("{}\n", printable(&line.to_string())));
    }

    fn object(&self, object: &Object) {
        output::print(format_args!("{}\n", String::from_utf8_lossy(&object.to_octets())));
    }
}

/// What the program ends with for this.
fn exit(state: &State) -> Exit {
    match state {
        State::Waiting { .. } => Exit::Waiting,
        State::Done(done) if done.is_held() => Exit::Success,
        State::Done(_) => Exit::Flawed,
    }
}

fn in_words(state: &State, now: Timestamp) -> String {
    let (next, reason) = match state {
        State::Done(Done::Stored) => {
            return "stored (resolvers may tell what was before for up to 1 h)".to_owned();
        }
        State::Done(done) => return done.to_string(),
        State::Waiting { next, reason, .. } => (next, reason),
    };
    let next = match next.since(now) {
        Duration::ZERO => "is due".to_owned(),
        wait => format!("next try in {}", span(wait)),
    };
    match reason {
        Some(reason) => format!("waits, {next}: {reason}"),
        None => format!("waits, {next}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_in_words() {
        let now = Timestamp::from_secs(1000);
        let waits = |secs, reason: Option<&str>| State::Waiting {
            attempts: 1,
            next: Timestamp::from_secs(secs),
            reason: reason.map(str::to_owned),
        };
        let told = |state: &State| in_words(state, now);
        assert_eq!(told(&waits(1000, None)), "waits, is due");
        assert_eq!(told(&waits(1030, Some("it is down"))), "waits, next try in 30 s: it is down");
        assert_eq!(told(&waits(1600, None)), "waits, next try in 10 min");
        assert_eq!(told(&waits(22_600, None)), "waits, next try in 6 h");
        let stored = "stored (resolvers may tell what was before for up to 1 h)";
        assert_eq!(told(&State::Done(Done::Stored)), stored);
        assert_eq!(told(&State::Done(Done::Merged)), Done::Merged.to_string());
        assert_eq!(exit(&State::Done(Done::Unchanged)).code(), 0);
        assert_eq!(exit(&State::Done(Done::Superseded)).code(), 1);
        assert_eq!(exit(&waits(1, None)).code(), 2);
    }
}
