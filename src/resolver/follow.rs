//! The frame that answers a client's question, through aliases (RFC 1034 section 3.6.2).

use std::sync::Arc;

use super::env::{Env, Event, Found, Move};
use super::task::{Check, Recall, Task, Wanted};
use super::{Answer, AnswerKey, Cause, Checking, Kind, Response, Stored, Work};
use crate::wire::{Class, Name, Question, Rtype};

/// See [`Frame`](super::frame::Frame) for its states.
#[derive(Debug)]
pub(super) struct Follow {
    question: Question,
    check: Check,
    /// What is remembered of the answer does not count.
    anew: bool,
    recall: Recall,
    /// The links of the chain so far.
    links: Vec<Arc<Stored<Answer>>>,
}

impl Follow {
    pub(super) fn new(question: Question, checking: Checking, anew: bool) -> Self {
        let check = Check::of(checking);
        Self { question, check, anew, recall: Recall::All, links: Vec::new() }
    }

    pub(super) fn handle(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Move {
        match event {
            Event::Enter => match refusal(&self.question) {
                Some(cause) => Move::Abort(cause),
                None => self.enter(env),
            },
            Event::Found(found) => self.found(found, env),
            // A packet for nobody.
            Event::Reply(_)
            | Event::NoReply(_)
            | Event::Besieged
            | Event::NotSent
            | Event::Joined
            | Event::Trusted(_) => Move::Wait,
        }
    }

    fn enter(&mut self, env: &Env<'_>) -> Move {
        if self.anew {
            self.recall = Recall::After(env.now);
        }
        self.look_up(self.question.name.clone(), env)
    }

    fn look_up(&self, name: Name, env: &Env<'_>) -> Move {
        if let Some(apex) = env.policy.suspended_at(&name, self.question.rtype) {
            return Move::Abort(Cause::Suspended(apex.clone()));
        }
        let key = AnswerKey { name, rtype: self.question.rtype };
        Move::Push(Task::Lookup(Wanted::for_client(key, self.check.clone(), self.recall)))
    }

    fn found(&mut self, found: Found, env: &mut Env<'_>) -> Move {
        let entry = match found {
            Ok(entry) => entry,
            Err(cause) => return Move::Abort(self.lost(cause)),
        };
        let next = match &entry.value.kind {
            Kind::Alias(target) if self.question.rtype != Rtype::CNAME => Some(target.clone()),
            Kind::AliasTooLong => {
                let cause = Cause::AliasTooLong(self.name().clone());
                self.links.push(entry);
                return Move::Answered(Box::new(Response::broken(
                    &self.links,
                    cause,
                    env.now,
                    env.limits(),
                )));
            }
            _ => None,
        };
        self.links.push(entry);
        match next {
            None => Move::Answered(Box::new(Response::new(&self.links, env.now, env.limits()))),
            Some(_) if self.links.len() > env.limits().aliases => {
                Move::Abort(Cause::Exhausted(Work::Aliases))
            }
            Some(target) => self.look_up(target, env),
        }
    }

    /// The name that is looked up: where the links lead.
    fn name(&self) -> &Name {
        match self.links.last().map(|link| &link.value.kind) {
            Some(Kind::Alias(target)) => target,
            _ => &self.question.name,
        }
    }

    /// A name outside all roots is no business of ours when a client asks for it, but an answer that
    /// cannot be completed when an alias leads there.
    fn lost(&self, cause: Cause) -> Cause {
        match cause {
            Cause::OutsideRoots(name) if !self.links.is_empty() => Cause::AliasOutsideRoots(name),
            cause => cause,
        }
    }
}

/// Why a question is not one to resolve.
fn refusal(question: &Question) -> Option<Cause> {
    if question.class != Class::IN {
        return Some(Cause::Class(question.class));
    }
    question.rtype.unaskable().map(|why| Cause::Unaskable(question.rtype, why))
}
