//! What frames are told, what they work with and what they do next.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::note::Journal;
use super::task::Task;
use super::{
    Answer, AnswerKey, Cache, Cause, Limits, Obstacle, Policy, Response, Spent, Stored, Trusted,
};
use crate::clock::Timestamp;
use crate::crypto::Random;
use crate::wire::Transport;

/// What a frame is told.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// It is on top for the first time.
    Enter,
    /// A packet came for the question that it sent.
    Reply(&'a [u8]),
    /// No usable packet came for it; with what was in the way, where that is known.
    NoReply(Option<Obstacle>),
    /// So many came that are none that someone seems to be guessing the message id.
    Besieged,
    /// It was not sent.
    NotSent,
    /// It was not sent: the same of another resolution stands for it.
    Joined,
    /// What the Lookup that it waited for found.
    Found(Found),
    /// What the Trust that it waited for found.
    Trusted(Result<Trusted, Cause>),
}

/// What a Lookup finds.
pub(super) type Found = Result<Arc<Stored<Answer>>, Cause>;

/// What a frame does next.
#[derive(Debug)]
pub(super) enum Move {
    /// Waits for another frame to find this out.
    Push(Task),
    /// Sends a question.
    Send(Outgoing),
    /// Goes on waiting for the reply to it.
    Wait,
    /// Is done: a Lookup.
    Found(Found),
    /// Is done: a Trust.
    Trusted(Result<Trusted, Cause>),
    /// Is done: a Follow.
    Answered(Box<Response>),
    /// Ends the request: there is no budget for another way.
    Abort(Cause),
}

/// A question to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// To whom.
    pub server: SocketAddr,
    /// How.
    pub via: Transport,
    /// The message.
    pub packet: Vec<u8>,
    /// How long to wait for the reply.
    pub timeout: Duration,
}

/// What frames work with.
pub(super) struct Env<'a> {
    pub(super) policy: &'a Policy,
    pub(super) cache: &'a dyn Cache,
    pub(super) now: Timestamp,
    pub(super) random: &'a mut dyn Random,
    pub(super) budget: &'a mut Spent,
    pub(super) journal: &'a mut Journal,
    /// Whether one of the frames that wait is a Lookup of this.
    pub(super) waiting: &'a dyn Fn(&AnswerKey) -> bool,
}

impl<'a> Env<'a> {
    pub(super) fn limits(&self) -> &'a Limits {
        &self.policy.limits
    }

    /// Whether a Lookup of this is under way below.
    pub(super) fn is_waited_for(&self, key: &AnswerKey) -> bool {
        (self.waiting)(key)
    }
}
