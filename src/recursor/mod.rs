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
mod run;
mod spans;
mod stale;
mod tally;
mod tenure;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::clock::Clock;
use crate::resolver::{Cause, Checking, Input, Note, Outgoing, Policy, Resolution, Response};
use crate::telemetry::Telemetry;
use crate::transport::Exchange;
use crate::wire::rdata::Ds;
use crate::wire::{Name, Question};

use coalesce::Exchanges;
pub use flight::Follower;
use flight::{Leader, Part, RequestKey, Resolutions};
pub use limits::Limits;
pub use memory::Memory;
use places::{Occasion, Places};
use run::{Turn, log};
use tally::{Handling, Tally};
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
    /// was known; where it cannot be found, nothing is forgotten. No client asks this: it is not
    /// counted as a request.
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

    /// Answers nothing in the trees at these apexes from here on, from memory neither; in all others, it
    /// answers again.
    pub fn suspend(&self, apexes: &[Name]) {
        self.shared.policy.rcu(|policy| {
            let mut policy = Policy::clone(policy);
            policy.suspended = apexes.to_vec();
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
            Part::Follow(follower) => (Handling::Joined, Begun::Awaited(follower)),
            Part::Full => (Handling::Busy, Begun::busy()),
            Part::Lead(leader, follower) => {
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
