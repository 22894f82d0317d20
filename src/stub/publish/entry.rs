//! What waits in an outbox: a statement, and how far it is at each root.

use std::fmt;

use thiserror::Error;

use super::{Attempt, Limits};
use crate::association::{AssociationError, Statement};
use crate::clock::Timestamp;
use crate::crypto::Random;
use crate::signed::{self, Json, Object, SignedError};
use crate::threepid::Threepid;
use crate::wire::{Name, NameError};

/// The form of the files. Another form has another number.
const VERSION: u64 = 1;

/// A statement on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whom it is about.
    pub threepid: Threepid,
    /// The statement.
    pub statement: Statement,
    /// When it was put in.
    pub added: Timestamp,
    /// How far it is at each root.
    pub deliveries: Vec<Delivery>,
}

/// How far a statement is at one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The root.
    pub apex: Name,
    /// How far.
    pub state: State,
}

/// How far a statement is at a root.
///
/// ```text
///             +--- it fails, for now ---+
///             v                         |
/// put in -> Waiting ---- an attempt ----+--> Done
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It has to be tried.
    Waiting {
        /// How often it was, when it was due.
        attempts: u32,
        /// When it is tried next.
        next: Timestamp,
        /// What stood in the way the last time.
        reason: Option<String>,
    },
    /// Nothing is left to do.
    Done(Done),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The root holds it.
    Stored,
    /// The root held it, and took in further signatures.
    Merged,
    /// The root held it, with all signatures.
    Unchanged,
    /// The root holds a newer one.
    Superseded,
    /// The root does not take it.
    Refused {
        /// Its reason, for programs.
        errcode: String,
        /// Its reason, for people.
        error: String,
    },
}

/// Why a file is no entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EntryError {
    /// It is not JSON of this form.
    #[error(transparent)]
    Json(#[from] SignedError),
    /// Its statement is none.
    #[error(transparent)]
    Statement(#[from] AssociationError),
    /// A root's name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// It has another form.
    #[error("the form of version {0}: this program knows {VERSION}")]
    Version(u64),
}

impl Done {
    /// Whether the root holds the statement now.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Stored | Self::Merged | Self::Unchanged)
    }

    /// In one word, for programs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Merged => "merged",
            Self::Unchanged => "unchanged",
            Self::Superseded => "superseded",
            Self::Refused { .. } => "refused",
        }
    }
}

/// In words, for people.
impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored => f.write_str("stored"),
            Self::Merged => f.write_str("merged: signatures were added"),
            Self::Unchanged => f.write_str("unchanged: it was there"),
            Self::Superseded => f.write_str("superseded: the root holds a newer statement"),
            Self::Refused { errcode, error } => write!(f, "refused: {error} ({errcode})"),
        }
    }
}

impl State {
    /// Whether it is to be tried at `now`. What is far ahead was written before the clock was set back.
    pub(super) fn is_due(&self, now: Timestamp, limits: &Limits) -> bool {
        match self {
            Self::Waiting { next, .. } => *next <= now || next.since(now) > limits.asked_wait,
            Self::Done(_) => false,
        }
    }
}

impl Entry {
    /// A statement that goes to these roots, each once.
    pub(super) fn new(
        threepid: Threepid,
        statement: Statement,
        apexes: &[Name],
        now: Timestamp,
    ) -> Self {
        let mut entry = Self { threepid, statement, added: now, deliveries: Vec::new() };
        entry.send_to(apexes, now);
        entry
    }

    /// Has it sent to these roots, too, and again to those that refused it.
    pub(super) fn send_to(&mut self, apexes: &[Name], now: Timestamp) {
        let state = State::Waiting { attempts: 0, next: now, reason: None };
        for apex in apexes {
            match self.deliveries.iter_mut().find(|delivery| delivery.apex == *apex) {
                None => {
                    let (apex, state) = (apex.clone(), state.clone());
                    self.deliveries.push(Delivery { apex, state });
                }
                Some(Delivery { state: old, .. }) => {
                    if matches!(old, State::Done(Done::Refused { .. })) {
                        old.clone_from(&state);
                    }
                }
            }
        }
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.deliveries.iter().all(|delivery| matches!(delivery.state, State::Done(_)))
    }

    /// When it is to be tried next, at any root.
    pub fn next(&self) -> Option<Timestamp> {
        let next = |delivery: &Delivery| match delivery.state {
            State::Waiting { next, .. } => Some(next),
            State::Done(_) => None,
        };
        self.deliveries.iter().filter_map(next).min()
    }

    /// Takes note of what came of an attempt at one root that ended at `now`. A root that was done
    /// meanwhile, by another process, stays so. One that was not due yet is due when it would have been, or
    /// later where the root asks for that.
    pub(super) fn note(
        &mut self,
        apex: &Name,
        attempt: &Attempt,
        now: Timestamp,
        limits: &Limits,
        random: &mut dyn Random,
    ) {
        let delivery = self.deliveries.iter_mut().find(|delivery| delivery.apex == *apex);
        let Some(Delivery { state, .. }) = delivery else { return };
        let is_due = state.is_due(now, limits);
        let State::Waiting { attempts, next, .. } = *state else { return };
        *state = match attempt {
            Attempt::Done(done) => State::Done(done.clone()),
            Attempt::Later { reason, wait } => {
                let reason = limits.clean(reason);
                let (attempts, next) = match is_due {
                    true => {
                        let attempts = attempts.saturating_add(1);
                        (attempts, now.saturating_add(limits.wait(attempts, *wait, random)))
                    }
                    false => (attempts, next.max(now.saturating_add(limits.asked(*wait)))),
                };
                State::Waiting { attempts, next, reason: Some(reason) }
            }
        };
    }

    /// How it is at one root, for programs: what [`describe`] tells, when it was put in, and `apex` and
    /// `state` with what belongs to that.
    pub fn describe(&self, delivery: &Delivery) -> Object {
        let mut object = describe(&self.threepid, &self.statement);
        object.insert("added", Json::saturating(self.added.as_millis()));
        for (name, value) in delivery.to_object().iter() {
            object.insert(name, value.clone());
        }
        object
    }

    /// The content of its file: canonical JSON.
    pub fn to_octets(&self) -> Vec<u8> {
        let statement = self.statement.to_json(&self.threepid);
        let statement = Object::parse(&statement, &signed::Limits::default());
        let deliveries = self.deliveries.iter().map(|it| it.to_object().into()).collect();
        Object::from_iter([
            ("version", Json::saturating(VERSION)),
            ("added", Json::saturating(self.added.as_millis())),
            ("statement", statement.expect("a statement's own JSON can be read").into()),
            ("roots", Json::Array(deliveries)),
        ])
        .to_octets()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where it is none, or of another version.
    pub fn read(octets: &[u8], limits: &Limits) -> Result<Self, EntryError> {
        let bounds = signed::Limits { octets: limits.entry_octets, depth: 18 };
        let mut object = Object::parse(octets, &bounds)?;
        match object.take_unsigned("version")? {
            VERSION => {}
            other => return Err(EntryError::Version(other)),
        }
        let added = Timestamp::from_millis(object.take_unsigned("added")?);
        let Json::Object(statement) = object.take("statement")? else {
            return Err(member("statement", "an object"));
        };
        let (threepid, statement) = Statement::from_json(&statement.to_octets())?;
        let Json::Array(roots) = object.take("roots")? else {
            return Err(member("roots", "an array"));
        };
        object.finish()?;
        let deliveries = roots.into_iter().map(Delivery::read).collect::<Result<_, _>>()?;
        Ok(Self { threepid, statement, added, deliveries })
    }
}

impl Delivery {
    fn to_object(&self) -> Object {
        let mut object = Object::from_iter([("apex", self.apex.to_string())]);
        match &self.state {
            State::Waiting { attempts, next, reason } => {
                object.insert("state", "waiting");
                object.insert("attempts", Json::saturating((*attempts).into()));
                object.insert("next", Json::saturating(next.as_millis()));
                if let Some(reason) = reason {
                    object.insert("reason", reason.as_str());
                }
            }
            State::Done(done) => {
                object.insert("state", done.as_str());
                if let Done::Refused { errcode, error } = done {
                    object.insert("errcode", errcode.as_str());
                    object.insert("error", error.as_str());
                }
            }
        }
        object
    }

    fn read(json: Json) -> Result<Self, EntryError> {
        let Json::Object(mut object) = json else { return Err(member("roots", "objects")) };
        let apex = object.take_string("apex")?.parse()?;
        let state = match object.take_string("state")?.as_str() {
            "waiting" => State::Waiting {
                attempts: object.take_unsigned("attempts")?.try_into().unwrap_or(u32::MAX),
                next: Timestamp::from_millis(object.take_unsigned("next")?),
                reason: match object.get("reason") {
                    Some(_) => Some(object.take_string("reason")?),
                    None => None,
                },
            },
            "stored" => State::Done(Done::Stored),
            "merged" => State::Done(Done::Merged),
            "unchanged" => State::Done(Done::Unchanged),
            "superseded" => State::Done(Done::Superseded),
            "refused" => {
                let (errcode, error) =
                    (object.take_string("errcode")?, object.take_string("error")?);
                State::Done(Done::Refused { errcode, error })
            }
            _ => return Err(member("state", "a state that is known")),
        };
        object.finish()?;
        Ok(Self { apex, state })
    }
}

/// Which statement it is, for programs: medium, address and ts.
pub fn describe(threepid: &Threepid, statement: &Statement) -> Object {
    Object::from_iter([
        ("medium", threepid.medium().as_str().into()),
        ("address", threepid.address().into()),
        ("ts", Json::saturating(statement.claim().ts().as_millis())),
    ])
}

fn member(name: &str, expected: &'static str) -> EntryError {
    SignedError::Member { name: name.to_owned(), expected }.into()
}
