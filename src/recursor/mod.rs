//! A resolver at work: runs the [`resolver`](crate::resolver) machine over an [`Exchange`], with a
//! cache, for many clients at once.
//!
//! Clients that ask the same thing at the same time wait for one resolution, and resolutions that ask
//! a server the same share one packet. Each resolution has a deadline, and there is a limit on how many
//! are under way for each root, where the oldest gives way to the next; [`Limits`] has the bounds. What
//! the cache knows is told whatever is under way; where it will not know it for much longer, it is looked
//! for anew, and what it knew once may be told where nothing else is to be had.

mod coalesce;
mod flight;
mod limits;
mod memory;
mod places;
mod prefetch;
mod spans;
mod stale;
mod tally;
mod tenure;

use std::io::ErrorKind;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::clock::Clock;
use crate::crypto::OsRandom;
use crate::resolver::{
    Cause, Checking, Input, Note, Obstacle, Outgoing, Policy, Resolution, Response, Step,
};
use crate::telemetry::Telemetry;
use crate::transport::{Exchange, ExchangeError};
use crate::wire::rdata::Ds;
use crate::wire::{Name, Question};

use coalesce::{Exchanges, Outcome};
pub use flight::Follower;
use flight::{Leader, RequestKey, Resolutions};
pub use limits::Limits;
pub use memory::Memory;
use places::{Occasion, Places};
use tally::{Ending, Handling, Tally};
use tenure::Tenure;

/// Answers questions. Clones share everything.
///
/// ```no_run
/// # async fn ask(exchange: impl threepid::transport::Exchange + 'static)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use threepid::clock::SystemClock;
/// use threepid::recursor::{Limits, Recursor};
/// use threepid::resolver::{Checking, Policy, Root};
/// use threepid::wire::{Class, Question, Rtype};
///
/// let apex = "3pid.example.".parse()?;
/// let root = Root { apex, servers: vec!["192.0.2.1".parse()?], anchors: Vec::new() };
/// let policy = Policy { roots: vec![root], ..Policy::default() };
/// let recursor = Recursor::new(policy, exchange, Arc::new(SystemClock), Limits::default());
/// let name = "example.com.email.3pid.example.".parse()?;
/// let question = Question { name, rtype: Rtype::SOA, class: Class::IN };
/// let response = recursor.resolve(question, Checking::Enabled).await;
/// println!("{:?}", response.security);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Recursor<E> {
    shared: Arc<Shared<E>>,
}

impl<E> Clone for Recursor<E> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

struct Shared<E> {
    policy: ArcSwap<Policy>,
    exchange: E,
    clock: Arc<dyn Clock>,
    memory: Memory,
    resolutions: Resolutions,
    exchanges: Exchanges,
    tally: Arc<Tally>,
    places: Places,
    limits: Limits,
}

impl<E> std::fmt::Debug for Shared<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl<E: Exchange + 'static> Recursor<E> {
    /// A resolver that remembers nothing yet.
    pub fn new(policy: Policy, exchange: E, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        Self::counted(policy, exchange, clock, limits, &Telemetry::new("recursor"))
    }

    /// The same, and what it does is counted in `telemetry`.
    pub fn counted(
        policy: Policy,
        exchange: E,
        clock: Arc<dyn Clock>,
        limits: Limits,
        telemetry: &Telemetry,
    ) -> Self {
        let shared = Shared {
            places: Places::new(&policy, &limits),
            policy: ArcSwap::from_pointee(policy),
            exchange,
            clock,
            memory: Memory::new(&limits),
            resolutions: Resolutions::new(limits.followers),
            exchanges: Exchanges::default(),
            tally: Arc::new(Tally::new(telemetry)),
            limits,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Finds the answer to `question`.
    pub async fn resolve(&self, question: Question, checking: Checking) -> Arc<Response> {
        match self.begin(question, checking) {
            Begun::Known(response) => response,
            Begun::Awaited(follower) => follower.response().await,
        }
    }

    /// Begins to find the answer to `question`. What takes no network is known at once, however much
    /// is under way. Where [`Limits::stale`] allows it, a stale answer is told rather than none. Has to be
    /// called from within a tokio runtime.
    pub fn begin(&self, question: Question, checking: Checking) -> Begun {
        self.begin_if(question, checking, || true)
    }

    /// The same, but where it takes the network, `admit` is asked first whether it may: where not,
    /// there are too many requests.
    pub fn begin_if(
        &self,
        question: Question,
        checking: Checking,
        admit: impl FnOnce() -> bool,
    ) -> Begun {
        let key = RequestKey { question, checking, anew: false };
        let (handling, begun) = self.start(key.clone(), Occasion::Request, admit);
        self.shared.tally.request(handling);
        self.prefetch(&key.question, &begun);
        self.shared.spared(&key, begun)
    }

    /// Finds the answer to `question` whether it is known or not. It is remembered in place of what
    /// was known; where it cannot be found, nothing is forgotten. No client asks this: it is not counted as
    /// a request.
    pub async fn refresh(&self, question: Question, checking: Checking) -> Arc<Response> {
        let key = RequestKey { question, checking, anew: true };
        let (_, begun) = self.start(key, Occasion::Refresh, || true);
        match begun {
            Begun::Known(response) => response,
            Begun::Awaited(follower) => follower.response().await,
        }
    }

    /// Judges the tree at `apex` by these anchors from here on. What is remembered is kept: keys are
    /// proved again, by the new anchors, and what they proved before counts as long as it lives.
    pub fn trust(&self, apex: &Name, anchors: &[Ds]) {
        self.shared.policy.rcu(|policy| {
            let mut policy = Policy::clone(policy);
            let roots = policy.roots.iter_mut().filter(|root| root.apex == *apex);
            roots.for_each(|root| root.anchors = anchors.to_vec());
            policy
        });
    }

    /// Answers from memory; or else follows a resolution, or begins one.
    fn start(
        &self,
        key: RequestKey,
        occasion: Occasion,
        admit: impl FnOnce() -> bool,
    ) -> (Handling, Begun) {
        let mut resolution = key.resolution(self.shared.policy.load_full());
        let first = match self.shared.step(&mut resolution, Input::Start) {
            Turn::Send(send) => send,
            Turn::End(response) => return (Handling::Known, Begun::Known(Arc::new(response))),
        };
        if !admit() {
            return (Handling::Busy, Begun::busy());
        }
        match self.shared.resolutions.join(key) {
            flight::Part::Follow(follower) => (Handling::Joined, Begun::Awaited(follower)),
            flight::Part::Full => (Handling::Busy, Begun::busy()),
            flight::Part::Lead(leader, follower) => {
                let Some(place) = self.shared.place(&leader, occasion) else {
                    // Others may follow by now.
                    leader.tell(Response::failure(Cause::Busy));
                    return (Handling::Busy, Begun::busy());
                };
                self.launch(leader, place, occasion, resolution, first);
                (Handling::Begun, Begun::Awaited(follower))
            }
        }
    }

    /// Lets a resolution find its answer on its own, so that it goes on for those who follow where
    /// the client that it was begun for leaves.
    fn launch(
        &self,
        leader: Leader,
        place: Tenure,
        occasion: Occasion,
        resolution: Resolution,
        first: Outgoing,
    ) {
        let shared = self.shared.clone();
        tokio::spawn(async move {
            let response = tokio::select! {
                response = shared.run(resolution, first, |_| ()) => response,
                () = shared.out_of_place(&leader, place, occasion) => shared.displaced(),
            };
            log(&leader.key().question, &response);
            shared.rest(leader.key().clone(), &response);
            leader.tell(response);
        });
    }

    /// Finds the answer as [`Recursor::resolve`] does, but alone: nobody else waits for it. Tells of
    /// everything it does, as it does it.
    pub async fn watch(
        &self,
        question: Question,
        checking: Checking,
        mut tell: impl FnMut(Note),
    ) -> Response {
        let policy = self.shared.policy.load_full();
        let mut resolution = Resolution::new(policy, question, checking).watched();
        let turn = self.shared.step(&mut resolution, Input::Start);
        resolution.notes().into_iter().for_each(&mut tell);
        match turn {
            Turn::Send(first) => self.shared.run(resolution, first, tell).await,
            Turn::End(response) => response,
        }
    }
}

/// How far an answer is.
#[derive(Debug)]
pub enum Begun {
    /// It is there.
    Known(Arc<Response>),
    /// It is on its way, and stays so where nobody waits.
    Awaited(Follower),
}

impl Begun {
    fn busy() -> Self {
        Self::Known(Arc::new(Response::failure(Cause::Busy)))
    }
}

/// What a resolution comes to without the network.
enum Turn {
    Send(Outgoing),
    End(Response),
}

impl<E: Exchange + 'static> Shared<E> {
    fn place(&self, leader: &Leader, occasion: Occasion) -> Option<Tenure> {
        self.places.take(&self.policy.load(), &leader.key().question.name, occasion)
    }

    /// Returns once the place is lost to another, and there is none instead.
    async fn out_of_place(&self, leader: &Leader, mut place: Tenure, occasion: Occasion) {
        place.lost().await;
        // Somebody may wait by now for what was begun for nobody.
        if occasion == Occasion::Prefetch
            && leader.is_followed()
            && let Some(mut place) = self.place(leader, Occasion::Request)
        {
            place.lost().await;
        }
    }

    /// What becomes of a resolution that loses its place.
    fn displaced(&self) -> Response {
        let response = Response::failure(Cause::Busy);
        self.tally.resolution(&response);
        response
    }

    /// Drives a resolution to its end, or to the deadline.
    async fn run(
        self: &Arc<Self>,
        mut resolution: Resolution,
        first: Outgoing,
        tell: impl FnMut(Note),
    ) -> Response {
        let driven = self.drive(&mut resolution, first, tell);
        let response = match tokio::time::timeout(self.limits.deadline, driven).await {
            Ok(response) => response,
            Err(_) => {
                self.step_once(&mut resolution, Input::TooLate);
                Response::failure(Cause::TooLate)
            }
        };
        self.tally.resolution(&response);
        response
    }

    async fn drive(
        self: &Arc<Self>,
        resolution: &mut Resolution,
        mut send: Outgoing,
        mut tell: impl FnMut(Note),
    ) -> Response {
        loop {
            let reply = self.exchange(resolution, send).await;
            let input = match &reply {
                Ok(octets) => Input::Reply(octets),
                Err(ExchangeError::Besieged) => Input::Besieged,
                Err(ExchangeError::NotSent) => Input::NotSent,
                Err(ExchangeError::Io(error)) => Input::Unreachable(obstacle(error.kind())),
                Err(ExchangeError::Timeout | ExchangeError::Mismatch) => Input::NoReply,
            };
            let turn = self.step(resolution, input);
            resolution.notes().into_iter().for_each(&mut tell);
            match turn {
                Turn::Send(next) => send = next,
                Turn::End(response) => return response,
            }
        }
    }

    /// Asks a server, or waits with whoever asks it the same.
    async fn exchange(self: &Arc<Self>, resolution: &mut Resolution, send: Outgoing) -> Outcome {
        match self.exchanges.join(&send) {
            coalesce::Part::Lead(leader, follower) => {
                let (shared, packet) = (self.clone(), send.packet.clone());
                // On its own, so that it goes on for others where this resolution ends.
                tokio::spawn(async move {
                    let Outgoing { server, via, packet, timeout } = send;
                    let exchange = shared.exchange.exchange(server, via, &packet, timeout);
                    let outcome = leader.carry_out(exchange).await;
                    shared.tally.exchange(Ending::of(outcome.as_deref()));
                });
                follower.outcome(&packet).await
            }
            coalesce::Part::Follow(follower) => {
                self.tally.exchange(Ending::Joined);
                self.step_once(resolution, Input::Joined);
                let outcome = follower.outcome(&send.packet);
                let outcome = tokio::time::timeout(send.timeout, outcome).await;
                outcome.unwrap_or(Err(ExchangeError::NotSent))
            }
        }
    }

    fn step(&self, resolution: &mut Resolution, input: Input<'_>) -> Turn {
        let mut step = self.step_once(resolution, input);
        if matches!(step, Step::Wait) {
            // The exchange has waited on already (see `transport::network`): nothing more will come.
            step = self.step_once(resolution, Input::NoReply);
        }
        match step {
            Step::Send(send) => Turn::Send(send),
            Step::Done(response) => Turn::End(*response),
            Step::Fail(cause) => Turn::End(Response::failure(cause)),
            // It waits only for a question that is out, which it was just told is not.
            Step::Wait => Turn::End(Response::failure(Cause::TooLate)),
        }
    }

    fn step_once(&self, resolution: &mut Resolution, input: Input<'_>) -> Step {
        resolution.step(input, self.clock.now(), &self.memory, &mut OsRandom)
    }
}

/// Says why there is no answer, where there is none.
fn log(question: &Question, response: &Response) {
    if let Some(cause) = &response.failure {
        tracing::debug!(%question, %cause, "not resolved");
    }
}

/// Why a server cannot be reached. It counts as broken off where a connection stood, and was ended
/// early.
fn obstacle(error: ErrorKind) -> Obstacle {
    match error {
        ErrorKind::ConnectionRefused => Obstacle::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Obstacle::NoRoute,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Obstacle::BrokenOff,
        _ => Obstacle::Failure,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_not_resolved_is_logged() {
        let made = Lines::default();
        let lines = made.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .without_time()
            .with_ansi(false)
            .with_writer(move || lines.clone())
            .finish();
        let name = "a.example.".parse().unwrap();
        let question =
            Question { name, rtype: crate::wire::Rtype::A, class: crate::wire::Class::IN };
        tracing::subscriber::with_default(subscriber, || {
            log(&question, &Response::failure(Cause::TooLate));
        });
        let text = String::from_utf8(made.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("not resolved question=a.example. IN A cause="), "{text}");
    }

    #[test]
    fn what_is_in_the_way_is_told() {
        for (error, expected) in [
            (ErrorKind::ConnectionRefused, Obstacle::Refused),
            (ErrorKind::NetworkUnreachable, Obstacle::NoRoute),
            (ErrorKind::UnexpectedEof, Obstacle::BrokenOff),
            (ErrorKind::PermissionDenied, Obstacle::Failure),
        ] {
            assert_eq!(obstacle(error), expected, "{error}");
        }
    }
}
