//! Asking one server: what goes out to it, and what comes of its reply or of its silence.

use std::net::SocketAddr;

use super::{Lookup, State};
use crate::resolver::asking::{Asking, Doubt, Manner, Opened, Purpose};
use crate::resolver::env::{Env, Move};
use crate::resolver::reply::{Asked, Reading};
use crate::resolver::server::{Experience, Post};
use crate::resolver::spelling::agree;
use crate::resolver::walk::Walk;
use crate::resolver::{Cause, Cut, Fault, Meaning, Note, Obstacle, Work, priming};
use crate::wire::{Message, Name, Question, Rcode, Transport, Ttl};

impl Lookup {
    pub(super) fn ask(
        &mut self,
        server: SocketAddr,
        question: Question,
        env: &mut Env<'_>,
    ) -> Move {
        let minimised = self.walk.as_mut().is_some_and(|walk| walk.count(&question));
        let purpose = if minimised { Purpose::Minimised } else { Purpose::Full };
        self.put(server, question, purpose, env)
    }

    /// Asks for the servers of a tree.
    pub(super) fn prime(
        &mut self,
        server: SocketAddr,
        question: Question,
        env: &mut Env<'_>,
    ) -> Move {
        self.put(server, question, Purpose::Priming, env)
    }

    fn put(
        &mut self,
        server: SocketAddr,
        question: Question,
        purpose: Purpose,
        env: &mut Env<'_>,
    ) -> Move {
        let Some(walk) = &self.walk else { return Move::Wait };
        let (zone, forwarded) = (walk.zone().clone(), walk.is_forwarded());
        let state = Post { server, zone: &zone }.repute(env.cache, env.now).state;
        let manner = Manner {
            purpose,
            plain: state.is_plain(env.now) && self.may_go_without_edns(env),
            forwarded,
            mixed: env.policy.mixed_case && !forwarded && state.keeps_case(env.now),
        };
        self.send(Asking::new(server, zone, question, manner, env), env)
    }

    /// Without EDNS there are no signatures, and whoever forges one error could turn it off: only in
    /// a tree that has none.
    fn may_go_without_edns(&self, env: &Env<'_>) -> bool {
        let root = self.walk.as_ref().and_then(|walk| env.policy.root_of(walk.zone()));
        root.is_none_or(|root| root.anchors.is_empty())
    }

    fn send(&mut self, asking: Asking, env: &mut Env<'_>) -> Move {
        if let Err(work) = env.budget.question(env.limits()) {
            return Move::Abort(Cause::Exhausted(work));
        }
        self.asked += 1;
        if self.asked > env.limits().questions_per_fetch {
            let cause = self.too_many();
            return self.fail(cause, env);
        }
        self.note_asking(&asking, env);
        let send = asking.packet(env);
        self.state = State::Asking(asking);
        Move::Send(send)
    }

    /// What it means that no more may be asked. Where nobody of the zone replied, that is the reason.
    fn too_many(&mut self) -> Cause {
        let zone = self.walk.as_ref().map(Walk::zone);
        let is_silent =
            |cause: &Cause| matches!(cause, Cause::Unreachable(silent) if Some(silent) == zone);
        self.failure.take().filter(is_silent).unwrap_or(Cause::Exhausted(Work::Fetch))
    }

    fn note_asking(&self, asking: &Asking, env: &mut Env<'_>) {
        let Some(walk) = &self.walk else { return };
        env.journal.note(|| Note::Asks {
            zone: walk.zone().clone(),
            question: asking.question.clone(),
            server: asking.server,
            via: asking.via,
        });
    }

    pub(super) fn silence(
        &mut self,
        mut asking: Asking,
        why: Option<Obstacle>,
        env: &mut Env<'_>,
    ) -> Move {
        match (asking.doubt.take(), asking.via) {
            (Some(Doubt::Garbled), Transport::Udp) => return self.besieged(asking, env),
            (doubt @ Some(Doubt::OtherCase(_)), Transport::Udp) => {
                asking.doubt = doubt;
                return self.other_case(asking, env);
            }
            (Some(Doubt::OtherCase(earlier)), Transport::Tcp) => {
                return self.unconfirmed(asking, earlier, env);
            }
            _ => {}
        }
        env.journal.hear(why.map_or(Meaning::Silence, Meaning::Unreachable));
        match asking.via {
            // It had time enough, and replies to others by UDP all the same.
            Transport::Tcp => {}
            // A resolver is silent for a while about zones whose servers are.
            Transport::Udp if asking.manner.forwarded => learn(&asking, Experience::Patience, env),
            Transport::Udp => learn(&asking, Experience::Silence, env),
        }
        if let Some(walk) = &mut self.walk {
            // It will still be in the way a moment later.
            if why.is_some() || asking.via == Transport::Tcp {
                walk.bar(asking.server);
            }
        }
        self.note(Cause::Unreachable(asking.zone));
        self.advance(env)
    }

    /// The question did not leave, which says nothing about the server. Others may be better now.
    pub(super) fn not_sent(&mut self, env: &mut Env<'_>) -> Move {
        env.journal.hear(Meaning::NotSent);
        self.note(Cause::Busy);
        self.advance(env)
    }

    /// Someone forges replies, or the server makes bad ones: nobody can forge one on a connection by
    /// guessing ids (RFC 5452 section 9.3).
    pub(super) fn besieged(&mut self, asking: Asking, env: &mut Env<'_>) -> Move {
        env.journal.hear(Meaning::Guesses);
        self.send(asking.over_tcp(env), env)
    }

    /// A reply does not repeat the case of the question. It may be forged, or the server never does.
    fn other_case(&mut self, asking: Asking, env: &mut Env<'_>) -> Move {
        env.journal.hear(Meaning::OtherCase);
        self.send(asking.over_tcp(env), env)
    }

    /// The server cannot be asked by TCP whether it never repeats the case of a question. It is asked
    /// as if it did not, and has to say the same again: who wants to forge that has to guess two ids and
    /// ports.
    fn unconfirmed(&mut self, asking: Asking, earlier: Box<Message>, env: &mut Env<'_>) -> Move {
        env.journal.hear(Meaning::Silence);
        self.send(asking.in_lower_case(earlier, env), env)
    }

    /// It does not say the same again: one of the two replies may be forged.
    fn contradicted(&mut self, env: &mut Env<'_>) -> Move {
        let fault = Fault::Malformed("it contradicts another");
        env.journal.hear(Meaning::Fault(fault));
        if let Some(walk) = &self.walk {
            let zone = walk.zone().clone();
            self.note(Cause::Faulty { zone, fault });
        }
        self.advance(env)
    }

    pub(super) fn reply(&mut self, mut asking: Asking, octets: &[u8], env: &mut Env<'_>) -> Move {
        if let Err(work) = env.budget.octets(octets.len(), env.limits()) {
            return Move::Abort(Cause::Exhausted(work));
        }
        match asking.open(octets) {
            Opened::Reply(message, repeats) => {
                let confirms = asking.earlier.as_ref().map(|earlier| agree(earlier, &message));
                if confirms == Some(false) {
                    return self.contradicted(env);
                }
                if confirms.is_some() || (asking.manner.mixed && !repeats) {
                    learn(&asking, Experience::OtherCase, env);
                }
                self.opened(asking, *message, env)
            }
            Opened::Truncated => {
                asking.doubt = None;
                learn(&asking, Experience::Replied(asking.round_trip(env.now)), env);
                env.journal.hear(Meaning::Truncated);
                self.send(asking.over_tcp(env), env)
            }
            Opened::Doubtful(doubt) if asking.via == Transport::Udp => {
                asking.doubt = Some(doubt);
                self.state = State::Asking(asking);
                Move::Wait
            }
            Opened::Doubtful(_) => {
                let fault = Fault::Malformed("it cannot be read");
                env.journal.hear(Meaning::Fault(fault));
                self.fault(&asking, fault, env)
            }
            Opened::Stranger => {
                self.state = State::Asking(asking);
                Move::Wait
            }
        }
    }

    fn opened(&mut self, asking: Asking, message: Message, env: &mut Env<'_>) -> Move {
        learn(&asking, Experience::Replied(asking.round_trip(env.now)), env);
        // RFC 6891 section 7: FORMERR without OPT is what a server without EDNS says, and nothing
        // else is. Silence is silence.
        let refuses_edns = message.rcode == Rcode::FORMERR && message.edns.is_none();
        if refuses_edns && !asking.manner.plain && self.may_go_without_edns(env) {
            learn(&asking, Experience::NoEdns, env);
            env.journal.hear(Meaning::NoEdns);
            return self.send(asking.without_edns(env), env);
        }
        let reading = self.read(&asking, &message, env);
        env.journal.note(|| {
            let meaning = reading.meaning(asking.manner.purpose == Purpose::Minimised);
            Note::Heard { message: Some(Box::new(message)), meaning }
        });
        match reading {
            Reading::Fault(fault) => self.fault(&asking, fault, env),
            Reading::Servers(cut, ttl) => self.primed(cut, ttl, env),
            Reading::Referral(referral) => self.refer(*referral, env),
            Reading::Answer(answer) => match asking.manner.purpose {
                Purpose::Full => self.judge(*answer, Some(asking.server), env),
                Purpose::Minimised => self.step(&asking, *answer, env),
                Purpose::Priming => self.advance(env),
            },
        }
    }

    /// Goes on at the servers that the zone of the root names.
    fn primed(&mut self, cut: Cut, ttl: Ttl, env: &mut Env<'_>) -> Move {
        if let Some(walk) = &mut self.walk {
            walk.prime(&cut, env);
        }
        priming::keep(cut, ttl, env);
        self.advance(env)
    }

    fn read(&self, asking: &Asking, message: &Message, env: &Env<'_>) -> Reading {
        let Some(walk) = &self.walk else { return Reading::Fault(Fault::Lame) };
        let root = env.policy.root_of(walk.zone());
        let (tree, top) = (root.map(|root| &root.apex), Name::root());
        let asked = Asked {
            question: &asking.question,
            zone: walk.zone(),
            bailiwick: match asking.manner.forwarded {
                true => tree.unwrap_or(&top),
                false => walk.zone(),
            },
            forwarded: asking.manner.forwarded,
            priming: asking.manner.purpose == Purpose::Priming,
            limits: env.limits(),
            may_ask: &|address| root.is_some_and(|root| env.policy.may_ask(root, address)),
        };
        asked.read(message)
    }

    /// A server failed: asks others. What it says to the question itself counts, not to that before it.
    fn fault(&mut self, asking: &Asking, fault: Fault, env: &mut Env<'_>) -> Move {
        if asking.manner.purpose == Purpose::Priming {
            return self.advance(env);
        }
        if let Some(walk) = &mut self.walk {
            walk.bar(asking.server);
        }
        if fault.is_lameness() {
            asking.post().learn(Experience::Lame, env.limits(), env.cache, env.now);
        }
        self.note(Cause::Faulty { zone: asking.zone.clone(), fault });
        self.advance(env)
    }
}

/// Remembers an experience with the server that was asked. One with another resolution's question is
/// not made twice: and since when that one is out is not known here.
fn learn(asking: &Asking, experience: Experience, env: &Env<'_>) {
    if !asking.joined {
        asking.post().learn(experience, env.limits(), env.cache, env.now);
    }
}
