//! The frame that finds one RRset, or that there is none, and whether it is proved.

mod exchange;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::dnssec::Security;
use crate::resolver::aggressive::synthesise;
use crate::resolver::asking::Asking;
use crate::resolver::cache::{CutKey, FailureKey, Stored, fresh, stored};
use crate::resolver::env::{Env, Event, Found, Move};
use crate::resolver::judge::{Judgement, Verdict};
use crate::resolver::reply::Referral;
use crate::resolver::task::{Check, Recall, Task, Wanted};
use crate::resolver::walk::{Next, Walk};
use crate::resolver::{Answer, AnswerKey, Cause, Note, Trusted, special};
use crate::wire::{Question, Rtype};

/// See [`Frame`](crate::resolver::frame::Frame) for its states.
#[derive(Debug)]
pub(super) struct Lookup {
    wanted: Wanted,
    state: State,
    walk: Option<Walk>,
    asked: u32,
    bogus: u32,
    /// The most telling failure so far.
    failure: Option<Cause>,
}

#[derive(Debug)]
enum State {
    Walking,
    Asking(Asking),
    Addressing,
    Judging(Judgement, Source),
}

/// Where an answer that is being judged comes from.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// Who gave it; none where it was in the cache.
    server: Option<SocketAddr>,
    /// From when on its TTLs count, however long judging takes.
    learned: Timestamp,
}

impl Lookup {
    pub(super) fn new(wanted: Wanted) -> Self {
        let (state, walk, failure) = (State::Walking, None, None);
        Self { wanted, state, walk, asked: 0, bogus: 0, failure }
    }

    pub(super) fn key(&self) -> &AnswerKey {
        &self.wanted.key
    }

    pub(super) fn handle(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Move {
        let state = std::mem::replace(&mut self.state, State::Walking);
        match (state, event) {
            (State::Walking, Event::Enter) => self.enter(env),
            (State::Asking(asking), Event::Reply(octets)) => self.reply(asking, octets, env),
            (State::Asking(asking), Event::NoReply(why)) => self.silence(asking, why, env),
            (State::Asking(asking), Event::Besieged) => self.besieged(asking, env),
            (State::Asking(_), Event::NotSent) => self.not_sent(env),
            (State::Asking(mut asking), Event::Joined) => {
                asking.joined = true;
                self.state = State::Asking(asking);
                Move::Wait
            }
            (State::Addressing, Event::Found(found)) => self.address(found, env),
            (State::Judging(judgement, source), Event::Trusted(trusted)) => {
                self.judged(judgement, source, trusted, env)
            }
            // Nothing was asked for: a reply that comes twice.
            (state, _) => {
                self.state = state;
                Move::Wait
            }
        }
    }

    fn enter(&mut self, env: &mut Env<'_>) -> Move {
        let cached = self.cached(env);
        match (&cached, self.known_failure(env)) {
            (Some(entry), _) if self.wanted.check.is_met_by(&entry.value) => {
                return Move::Found(Ok(entry.clone()));
            }
            (_, Some(cause)) => return Move::Found(Err(cause)),
            _ => {}
        }
        if let Some(entry) = cached {
            return self.judge(entry.aged(env.now), None, env);
        }
        match self.special(env) {
            Some(entry) => Move::Found(Ok(entry)),
            None => self.advance(env),
        }
    }

    /// The answer about a name that nobody is asked about. It takes less to make than to remember.
    fn special(&self, env: &mut Env<'_>) -> Option<Arc<Stored<Answer>>> {
        let AnswerKey { name, rtype } = &self.wanted.key;
        let zone = env.policy.special(name, *rtype)?;
        env.journal.note(|| Note::Special { name: name.clone(), rtype: *rtype, zone });
        let answer = zone.answer(&self.wanted.key);
        Some(Arc::new(Stored::new(answer, env.now, special::TTL)))
    }

    fn known_failure(&self, env: &Env<'_>) -> Option<Cause> {
        let entry = fresh(env.cache, &FailureKey::Set(self.wanted.key.clone()), env.now)?;
        let counts = !entry.value.is_bogus() || !matches!(self.wanted.check, Check::Skip);
        (counts && self.wanted.recall != Recall::Recent).then(|| entry.value.clone())
    }

    /// What the cache holds for the question.
    fn cached(&self, env: &Env<'_>) -> Option<Arc<Stored<Answer>>> {
        let (Wanted { key, whole, recall, .. }, doubt) =
            (&self.wanted, env.limits().mistrust_after);
        stored(env.cache, key).find(|entry| {
            let answer = &entry.value;
            entry.is_fresh(env.now)
                && recall.covers(entry.stored, env.now, doubt)
                && (!whole || answer.is_positive() || answer.soa().is_some())
        })
    }

    /// Begins to walk.
    fn set_out(&mut self, env: &mut Env<'_>) -> Move {
        match Walk::begin(&self.wanted.key, None, env) {
            Ok(walk) => {
                self.walk = Some(walk);
                self.arrive(env)
            }
            Err(cause) => Move::Found(Err(cause)),
        }
    }

    /// Goes on from a zone just come to, where it has not said enough before.
    fn arrive(&mut self, env: &mut Env<'_>) -> Move {
        match self.synthesised(env) {
            Some(entry) => Move::Found(Ok(entry)),
            None => self.advance(env),
        }
    }

    /// The answer by what the zone just come to, or one below it, proved before. Whether a zone that has
    /// signed is one is asked itself: it may be newer than a proof that nothing was there.
    fn synthesised(&self, env: &Env<'_>) -> Option<Arc<Stored<Answer>>> {
        let Wanted { key, check, whole, recall } = &self.wanted;
        let walk = self.walk.as_ref().filter(|_| *recall == Recall::All)?;
        let is_of_trust = matches!(check, Check::Keys(_)) || (key.rtype == Rtype::DS && !whole);
        (!is_of_trust).then(|| synthesise(key, walk.zone(), env)).flatten()
    }

    /// Takes the next step on the way.
    fn advance(&mut self, env: &mut Env<'_>) -> Move {
        let Some(walk) = &mut self.walk else { return self.set_out(env) };
        match walk.next(env) {
            Next::Ask(server, question) => self.ask(server, question, env),
            Next::Prime(server, question) => self.prime(server, question, env),
            Next::Find(key) => {
                self.state = State::Addressing;
                Move::Push(Task::Lookup(Wanted::new(key, Check::Skip)))
            }
            Next::Stuck => self.stuck(env),
        }
    }

    fn stuck(&mut self, env: &mut Env<'_>) -> Move {
        let misunderstood = self.is_misunderstood();
        let Some(walk) = &mut self.walk else { return Move::Wait };
        if misunderstood && walk.show_full_name() {
            return self.advance(env);
        }
        let zone = walk.zone().clone();
        let cause = self.failure.take().unwrap_or(Cause::Unreachable(zone));
        self.give_up(cause, env)
    }

    /// The servers of this zone are of no use. Where the delegation to them may be out of date, its
    /// parent is asked for it again.
    fn give_up(&mut self, cause: Cause, env: &mut Env<'_>) -> Move {
        let doubted = self.walk.as_ref().filter(|walk| self.doubts(walk, &cause, env));
        let above = doubted.map(|walk| walk.zone().clone());
        match above.and_then(|zone| Walk::begin(&self.wanted.key, Some(&zone), env).ok()) {
            None => self.fail(cause, env),
            Some(above) => {
                self.walk = Some(above);
                self.bogus = 0;
                self.advance(env)
            }
        }
    }

    /// Whether a delegation may be the reason, or the servers that a root's zone names. Where the
    /// servers of a delegation have other keys than the parent says, it is doubted however young it is:
    /// the parent's word of the keys may be younger.
    fn doubts(&self, walk: &Walk, cause: &Cause, env: &Env<'_>) -> bool {
        let other_keys = cause.is_bogus() && matches!(self.wanted.check, Check::Keys(_));
        walk.is_primed()
            || walk.age().is_some_and(|age| other_keys || age >= env.limits().mistrust_after)
    }

    /// Whether servers reply, but with errors: perhaps they stumble over a part of a name.
    fn is_misunderstood(&self) -> bool {
        matches!(self.failure, Some(Cause::Faulty { .. }))
    }

    fn note(&mut self, cause: Cause) {
        if self.failure.as_ref().is_none_or(|known| known.rank() <= cause.rank()) {
            self.failure = Some(cause);
        }
    }

    /// Goes one zone further.
    fn refer(&mut self, referral: Referral, env: &mut Env<'_>) -> Move {
        if let Err(work) = env.budget.referral(env.limits()) {
            return Move::Abort(Cause::Exhausted(work));
        }
        let Referral { cut, ttl, ds } = referral;
        if let Some(ds) = ds {
            let key = AnswerKey { name: cut.zone.clone(), rtype: Rtype::DS };
            store(key, ds, env.now, env);
        }
        let mut entry = Stored::new(cut, env.now, ttl);
        if let Some(walk) = &mut self.walk {
            entry.expires = walk.bound(entry.expires);
            walk.descend(&entry, env);
        }
        env.cache.put(CutKey(entry.value.zone.clone()), Arc::new(entry));
        self.failure = None;
        self.arrive(env)
    }

    /// Goes some labels further.
    fn step(&mut self, asking: &Asking, answer: Answer, env: &mut Env<'_>) -> Move {
        let Question { name, rtype, .. } = asking.question.clone();
        if let Some(walk) = &mut self.walk {
            walk.step(&name, answer.shows_name());
        }
        store(AnswerKey { name, rtype }, answer, env.now, env);
        self.advance(env)
    }

    /// Takes in the address of a server, or that there is none to be had.
    fn address(&mut self, found: Found, env: &mut Env<'_>) -> Move {
        match (&mut self.walk, found) {
            (Some(walk), Ok(entry)) => walk.learn(&entry.value, env),
            (Some(walk), Err(Cause::OutsideRoots(server))) => {
                let zone = walk.zone().clone();
                self.note(Cause::ServerOutsideRoots { zone, server });
            }
            (Some(walk), Err(cause)) if cause.is_lasting() => walk.miss(false, env),
            _ => {}
        }
        self.advance(env)
    }

    fn judge(&mut self, answer: Answer, server: Option<SocketAddr>, env: &mut Env<'_>) -> Move {
        let source = Source { server, learned: env.now };
        let verdict = self.wanted.check.begin(&self.wanted.key, answer, env);
        self.rule(verdict, source, env)
    }

    fn judged(
        &mut self,
        judgement: Judgement,
        source: Source,
        trusted: Result<Trusted, Cause>,
        env: &mut Env<'_>,
    ) -> Move {
        match trusted {
            Ok(trusted) => {
                let verdict = judgement.settle(&self.wanted.key, trusted, env);
                self.rule(verdict, source, env)
            }
            Err(cause) => self.reject(cause, source, env),
        }
    }

    fn rule(&mut self, verdict: Verdict, source: Source, env: &mut Env<'_>) -> Move {
        match verdict {
            Verdict::Done(answer) => {
                let entry = store(self.wanted.key.clone(), *answer, source.learned, env);
                if self.wanted.recall != Recall::All {
                    supersede(self.wanted.key.clone(), &entry, env);
                }
                Move::Found(Ok(entry))
            }
            Verdict::Needs(zone, judgement) => {
                self.state = State::Judging(*judgement, source);
                Move::Push(Task::Trust(zone))
            }
            Verdict::Doubts(zone, judgement) => {
                self.state = State::Judging(*judgement, source);
                Move::Push(Task::TrustAnew(zone))
            }
            Verdict::TooMuch(work) => Move::Abort(Cause::Exhausted(work)),
            Verdict::Bogus(flaw) => {
                let AnswerKey { name, rtype } = self.wanted.key.clone();
                let cause = Cause::Bogus { name, rtype, flaw };
                env.journal.note(|| Note::Rejects(cause.clone()));
                self.reject(cause, source, env)
            }
        }
    }

    /// An answer is worth nothing. If a server gave it, another one may do better: it may be the
    /// only one that is out of step, or in someone's hands.
    fn reject(&mut self, cause: Cause, source: Source, env: &mut Env<'_>) -> Move {
        if let (Some(server), Some(walk)) = (source.server, &mut self.walk) {
            walk.bar(server);
            self.bogus += 1;
        }
        self.note(cause);
        if self.bogus > env.limits().bogus_retries {
            let cause = self.failure.take().expect("a cause was just noted");
            return self.give_up(cause, env);
        }
        self.advance(env)
    }

    fn fail(&mut self, cause: Cause, env: &mut Env<'_>) -> Move {
        if cause.is_lasting() {
            let entry = Stored::new(cause.clone(), env.now, env.limits().failure_ttl);
            env.cache.put(FailureKey::Set(self.wanted.key.clone()), Arc::new(entry));
        }
        Move::Found(Err(cause))
    }
}

/// Keeps what was found for `key`, as long as it may be kept from when it was learned.
fn store(key: AnswerKey, answer: Answer, learned: Timestamp, env: &Env<'_>) -> Arc<Stored<Answer>> {
    let AnswerKey { name, rtype } = key;
    let ttl = answer.ttl(env.limits());
    let key = AnswerKey { name, rtype: answer.cached_as(rtype) };
    let entry = Arc::new(Stored::new(answer, learned, ttl));
    if entry.is_fresh(env.now) && !is_better_known(&key, &entry.value, env) {
        env.cache.put(key, entry.clone());
    }
    entry
}

/// Has what was found anew for `key` found first from here on, whatever else is known of the name.
fn supersede(key: AnswerKey, entry: &Arc<Stored<Answer>>, env: &Env<'_>) {
    if !is_better_known(&key, &entry.value, env) {
        env.cache.put(key, entry.clone());
    }
}

/// Whether the cache holds the same thing judged while this is not: then the judged one stays, lest
/// who does not check overwrite what was checked.
fn is_better_known(key: &AnswerKey, answer: &Answer, env: &Env<'_>) -> bool {
    answer.security == Security::Indeterminate
        && fresh(env.cache, key, env.now)
            .is_some_and(|entry| entry.value.security != Security::Indeterminate)
}
