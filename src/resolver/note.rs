//! The account that a resolution gives of itself to whoever watches it.

use std::net::SocketAddr;

use thiserror::Error;

use super::{Cause, Fault, Kind, Special, Trusted};
use crate::dnssec::Verified;
use crate::wire::{Message, Name, Question, Rtype, Transport};

/// Something that a resolution did. What it finds in the cache is not told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It asks. [`Note::Heard`] follows, before anything else is asked.
    Asks {
        /// The zone that the server is an authority for.
        zone: Name,
        /// What is asked.
        question: Question,
        /// Who.
        server: SocketAddr,
        /// How.
        via: Transport,
    },
    /// What came of it.
    Heard {
        /// The reply, where it can be read in full.
        message: Option<Box<Message>>,
        /// What it means.
        meaning: Meaning,
    },
    /// A question is answered here: nobody is asked about names of this zone.
    Special {
        /// The name.
        name: Name,
        /// The type.
        rtype: Rtype,
        /// The zone.
        zone: &'static Special,
    },
    /// A signature proves an RRset.
    Proved {
        /// The set's owner.
        name: Name,
        /// The set's type.
        rtype: Rtype,
        /// By which key, and how far.
        by: Verified,
    },
    /// How data of the zone at this name is judged from here on, or why that cannot be told. It is
    /// told each time that it matters.
    Trusts {
        /// The name.
        zone: Name,
        /// How.
        trusted: Result<Trusted, Cause>,
    },
    /// What an answer says is not proved although it should be. Another server may be asked.
    Rejects(Cause),
}

/// What a reply means to a resolution, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The servers of this zone, a tree's topmost, as it names them itself.
    Servers(Name),
    /// The name lies in this zone below.
    Referral(Name),
    /// The name is only a part of what is looked for, and no zone starts there.
    NoCut {
        /// Whether the name exists.
        exists: bool,
    },
    /// Data, an alias, or a denial.
    Answer(Kind),
    /// A redirection to a name that is too long.
    AliasTooLong,
    /// The server is of no use.
    Fault(Fault),
    /// The reply does not fit a datagram: the server is asked again, over TCP.
    Truncated,
    /// The server does not know EDNS: it is asked again, without.
    NoEdns,
    /// So many packets with wrong ids came that someone seems to be guessing, or one that cannot be
    /// read and nothing else: the server is asked again, over TCP.
    Guesses,
    /// A reply does not repeat the question as it was spelt, and no other came: the server is asked
    /// again, over TCP.
    OtherCase,
    /// No reply came in time.
    Silence,
    /// No reply will come: the server cannot be reached.
    Unreachable(Obstacle),
    /// The question was not sent after all: too many others are on their way.
    NotSent,
}

/// Why a server cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Obstacle {
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// No way leads there, as far as this machine or a router knows.
    #[error("no route to it")]
    NoRoute,
    /// It broke the connection off.
    #[error("connection broken off")]
    BrokenOff,
    /// The system has another reason.
    #[error("network failure")]
    Failure,
}

/// Where notes are kept until they are read; without a reader none is taken.
#[derive(Debug, Default)]
pub(super) struct Journal(Option<Vec<Note>>);

impl Journal {
    /// One that is read.
    pub(super) fn kept() -> Self {
        Self(Some(Vec::new()))
    }

    pub(super) fn note(&mut self, note: impl FnOnce() -> Note) {
        if let Some(notes) = &mut self.0 {
            notes.push(note());
        }
    }

    /// Notes what came of a question but a reply that can be read.
    pub(super) fn hear(&mut self, meaning: Meaning) {
        self.note(|| Note::Heard { message: None, meaning });
    }

    /// The notes since the last time.
    pub(super) fn take(&mut self) -> Vec<Note> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
