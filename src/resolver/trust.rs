//! The frame that finds out how data of a zone is to be judged (RFC 4035 section 5).

use super::env::{Env, Event, Found, Move};
use super::task::{Check, Task, Wanted};
use super::{Answer, AnswerKey, Kind, Note, Trusted};
use crate::clock::Timestamp;
use crate::dnssec::{Security, SupportedDs};
use crate::wire::rdata::Ds;
use crate::wire::{Name, Rtype};

/// See [`Frame`](super::frame::Frame) for its states.
#[derive(Debug)]
pub(super) struct Trust {
    zone: Name,
    /// Keys that were learned a while ago lead to nothing.
    anew: bool,
    /// When the DS set was learned, once it is known.
    ds_learned: Option<Timestamp>,
}

impl Trust {
    /// Of data signed by, or lying in, the zone that may start at this name.
    pub(super) fn new(zone: Name) -> Self {
        Self { zone, anew: false, ds_learned: None }
    }

    /// The same, where the keys known so far do not do.
    pub(super) fn anew(zone: Name) -> Self {
        Self { anew: true, ..Self::new(zone) }
    }

    pub(super) fn handle(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Move {
        let step = match event {
            Event::Enter => self.enter(env),
            Event::Found(found) => self.found(found, env),
            // A packet for nobody.
            Event::Reply(_)
            | Event::NoReply(_)
            | Event::Besieged
            | Event::NotSent
            | Event::Joined
            | Event::Trusted(_) => Move::Wait,
        };
        if let Move::Trusted(trusted) = &step {
            let zone = &self.zone;
            let note = || Note::Trusts { zone: zone.clone(), trusted: trusted.clone() };
            env.journal.note(note);
        }
        step
    }

    fn enter(&self, env: &Env<'_>) -> Move {
        if env.policy.distrusts(&self.zone) {
            return Move::Trusted(Ok(Trusted::Insecure(None)));
        }
        match env.policy.root_of(&self.zone) {
            // Some resolver is asked about it, and nothing proves what that says.
            None => Move::Trusted(Ok(Trusted::Insecure(None))),
            Some(root) if root.apex != self.zone => self.look_up(Rtype::DS, Check::Chain),
            Some(root) if root.anchors.is_empty() => Move::Trusted(Ok(Trusted::Insecure(None))),
            Some(root) => self.keys_by(&root.anchors, env),
        }
    }

    /// Asks for the DNSKEY set that these DS records stand for.
    fn keys_by(&self, ds: &[Ds], env: &Env<'_>) -> Move {
        match SupportedDs::select(ds, env.policy.algorithms) {
            Ok(ds) => self.look_up(Rtype::DNSKEY, Check::Keys(ds)),
            Err(unsupported) => Move::Trusted(Ok(Trusted::Insecure(Some(unsupported)))),
        }
    }

    fn look_up(&self, rtype: Rtype, check: Check) -> Move {
        let key = AnswerKey { name: self.zone.clone(), rtype };
        let wanted = if self.anew { Wanted::anew(key, check) } else { Wanted::new(key, check) };
        Move::Push(Task::Lookup(wanted))
    }

    fn found(&mut self, found: Found, env: &Env<'_>) -> Move {
        let entry = match found {
            Ok(entry) => entry,
            Err(cause) if cause.is_bogus() && self.doubts_ds(env) => {
                (self.anew, self.ds_learned) = (true, None);
                return self.look_up(Rtype::DS, Check::Chain);
            }
            Err(cause) => return Move::Trusted(Err(cause)),
        };
        let Answer { trusted, security, kind, answer, .. } = &entry.value;
        match (trusted, security, kind) {
            (Some(trusted), ..) => Move::Trusted(Ok(trusted.clone())),
            (None, Security::Secure, Kind::Data) => {
                self.ds_learned = Some(entry.stored);
                let rdata = answer.iter().flat_map(|set| &set.rrset.rdata);
                let ds: Vec<Ds> = rdata.filter_map(|rdata| Ds::parse(rdata).ok()).collect();
                self.keys_by(&ds, env)
            }
            (None, Security::Insecure, _) => Move::Trusted(Ok(Trusted::Insecure(None))),
            _ => Move::Trusted(Ok(Trusted::NotACut)),
        }
    }

    /// Whether the zone may have another DS set by now.
    fn doubts_ds(&self, env: &Env<'_>) -> bool {
        self.ds_learned.is_some_and(|learned| env.now.since(learned) >= env.limits().mistrust_after)
    }
}
