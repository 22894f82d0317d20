//! The machine: a stack of frames and the budget they share.

use std::sync::Arc;

use super::cache::fresh;
use super::env::{Env, Event, Move, Outgoing};
use super::follow::Follow;
use super::frame::Frame;
use super::note::Journal;
use super::{
    AnswerKey, Cache, Cause, Checking, FailureKey, Note, Obstacle, Policy, Response, Spent, Stored,
    Work,
};
use crate::clock::Timestamp;
use crate::crypto::Random;
use crate::wire::{Question, Rtype};

/// What happened since the last step.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// The resolution begins.
    Start,
    /// This packet came from the server that was asked.
    Reply(&'a [u8]),
    /// No reply came in time.
    NoReply,
    /// No reply will come: the server cannot be reached.
    Unreachable(Obstacle),
    /// So many packets came that are no reply that someone seems to be guessing the message id; or
    /// one that cannot be read, and no other in time.
    Besieged,
    /// The request has taken as long as it may: it ends.
    TooLate,
    /// The question was not sent: too many others are on their way.
    NotSent,
    /// The question was not sent: another resolution's, which is the same, is on its way, and the reply
    /// to that will come as one to this. What it tells of the server is learned over there.
    Joined,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send this, and step on with the reply. Packets that come for older questions are dropped.
    Send(Outgoing),
    /// The packet was no reply to the question: go on waiting for one, as long as was left.
    Wait,
    /// Done.
    Done(Box<Response>),
    /// Done, in vain.
    Fail(Cause),
}

/// One client request on its way to an answer.
#[derive(Debug)]
pub struct Resolution {
    policy: Arc<Policy>,
    /// Where it is kept that it was in vain.
    failure: FailureKey,
    stack: Vec<Frame>,
    budget: Spent,
    journal: Journal,
}

impl Resolution {
    /// Begins to answer `question`, of class IN.
    pub fn new(policy: Arc<Policy>, question: Question, checking: Checking) -> Self {
        Self::begin(policy, question, checking, false)
    }

    /// The same, and nothing that is remembered of the answer counts, though what is remembered of the
    /// way there does. What it finds is remembered in its place; where it fails, nothing is forgotten.
    pub fn anew(policy: Arc<Policy>, question: Question, checking: Checking) -> Self {
        Self::begin(policy, question, checking, true)
    }

    fn begin(policy: Arc<Policy>, question: Question, checking: Checking, anew: bool) -> Self {
        let failure = FailureKey::Request { question: question.clone(), checking, anew };
        let stack = vec![Frame::Follow(Follow::new(question, checking, anew))];
        let (budget, journal) = (Spent::default(), Journal::default());
        Self { policy, failure, stack, budget, journal }
    }

    /// The same, and it gives an account of itself.
    #[must_use]
    pub fn watched(self) -> Self {
        Self { journal: Journal::kept(), ..self }
    }

    /// What it did since the last time; nothing where it is not watched.
    pub fn notes(&mut self) -> Vec<Note> {
        self.journal.take()
    }

    /// What it has cost so far.
    pub fn spent(&self) -> Spent {
        self.budget
    }

    /// Goes on as far as possible without the network. After [`Step::Done`] and [`Step::Fail`]
    /// there is nothing more to do.
    pub fn step(
        &mut self,
        input: Input<'_>,
        now: Timestamp,
        cache: &dyn Cache,
        random: &mut dyn Random,
    ) -> Step {
        let mut event = match input {
            Input::Start => match fresh(cache, &self.failure, now) {
                Some(known) => return self.end(Step::Fail(known.value.clone())),
                None => Event::Enter,
            },
            Input::Reply(octets) => Event::Reply(octets),
            Input::NoReply => Event::NoReply(None),
            Input::Unreachable(obstacle) => Event::NoReply(Some(obstacle)),
            Input::Besieged => Event::Besieged,
            Input::TooLate => return self.fail(Cause::TooLate, now, cache),
            Input::NotSent => Event::NotSent,
            Input::Joined => Event::Joined,
        };
        let policy = self.policy.clone();
        while let Some(mut frame) = self.stack.pop() {
            let (budget, journal) = (&mut self.budget, &mut self.journal);
            let stack = &self.stack;
            let waiting = &|key: &AnswerKey| stack.iter().any(|frame| frame.is_lookup_of(key));
            let mut env = Env { policy: &policy, cache, now, random, budget, journal, waiting };
            event = match frame.handle(event, &mut env) {
                Move::Push(task) => {
                    self.stack.push(frame);
                    if let Err(work) = self.push(Frame::new(task)) {
                        return self.fail(Cause::Exhausted(work), now, cache);
                    }
                    Event::Enter
                }
                Move::Send(send) => {
                    self.stack.push(frame);
                    return Step::Send(send);
                }
                Move::Wait => {
                    self.stack.push(frame);
                    return Step::Wait;
                }
                Move::Found(found) => Event::Found(found),
                Move::Trusted(trusted) => Event::Trusted(trusted),
                Move::Answered(response) => return self.end(Step::Done(response)),
                Move::Abort(cause) => return self.fail(cause, now, cache),
            };
        }
        Step::Wait
    }

    fn push(&mut self, frame: Frame) -> Result<(), Work> {
        let limits = &self.policy.limits;
        self.budget.frame(limits)?;
        if self.stack.len() >= limits.depth {
            return Err(Work::Depth);
        }
        debug_assert!(!self.goes_round(&frame), "a zone vouches for its own DS set: {frame:?}");
        self.stack.push(frame);
        Ok(())
    }

    /// Whether a frame is to find the DS set that another one below it waits to have judged.
    fn goes_round(&self, frame: &Frame) -> bool {
        let is_below = |key: &AnswerKey| self.stack.iter().any(|other| other.is_lookup_of(key));
        frame.looks_up().is_some_and(|key| key.rtype == Rtype::DS && is_below(key))
    }

    /// Ends in vain. Where that cost much, it is kept for a while: who asks again at once is told the
    /// same (RFC 9520 section 3.2).
    fn fail(&mut self, cause: Cause, now: Timestamp, cache: &dyn Cache) -> Step {
        if cause.is_costly() {
            let entry = Stored::new(cause.clone(), now, self.policy.limits.failure_ttl);
            cache.put(self.failure.clone(), Arc::new(entry));
        }
        self.end(Step::Fail(cause))
    }

    fn end(&mut self, step: Step) -> Step {
        self.stack.clear();
        step
    }
}
