//! The directory: whose the addresses are that this server answers for, found by their hashes.
//!
//! A [`Directory`] keeps a [`Table`](crate::hashes::Table) for the pepper of the time. It is made from the
//! store and follows its changes. When the pepper has been in use for [long enough](Policy::period), a table for the next one is
//! made beside it, and takes its place when it is complete; whoever still asks with the pepper before is
//! answered for [a while](Policy::grace). Peppers are noted in the ledger: a restart changes none.
//!
//! An address is listed where the store keeps it ([`keep_addresses`](crate::store::Policy::keep_addresses); of
//! phone numbers the name tells), and this server answers for its name: what was handed over, or lies below a
//! delegation, is not. Where several trees have a statement about it, the newest counts, whatever it says.
//!
//! [`Directory::run`] does all of this, and has to be run for as long as anyone asks. Before a first
//! table is complete, nobody is found by hash ([`Generation::look`]).

mod generation;
mod news;
mod peppers;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::time::sleep;

pub use generation::Generation;

use crate::clock::{Clock, Timestamp};
use crate::crypto::Random;
use crate::hashes::Pepper;
use crate::store::ledger::Ledger;
use crate::store::{Store, StoreError};
use crate::wire::Name;
use peppers::{Peppers, Previous};

/// How long to wait after the store or the ledger could not be read or written.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How often the clock is looked at while it is waited for: it may be set.
const GLANCE: Duration = Duration::from_secs(60);

/// How long peppers are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long a pepper is told to clients: 1 day. Tables of all phone numbers, made by an attacker for one
    /// pepper, are of no use with the next.
    pub period: Duration,
    /// How long it is answered after that: 1 hour, so that a client that has just asked for it, or
    /// goes through a large address book, need not begin again.
    pub grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { period: Duration::from_secs(86_400), grace: Duration::from_secs(3600) }
    }
}

/// Whether this server answers for a name now.
pub type Answers = Arc<dyn Fn(&Name) -> bool + Send + Sync>;

/// What a directory is made of.
pub struct Sources {
    /// Where associations are.
    pub store: Store,
    /// The trees that they are in.
    pub apexes: Vec<Name>,
    /// For which names this server answers.
    pub answers: Answers,
    /// Where peppers are noted.
    pub ledger: Arc<Ledger>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What peppers are drawn from.
    pub random: Box<dyn Random>,
}

/// Finds people by hashes. Copies share it.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    trees: news::Trees,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    random: Mutex<Box<dyn Random>>,
    policy: Policy,
    generations: ArcSwap<Generations>,
    /// How often [`Directory::renew`] was called.
    renewals: watch::Sender<u64>,
}

/// The peppers that are answered, and their tables.
struct Generations {
    current: Arc<Generation>,
    since: Timestamp,
    /// The one before, and until when it is answered.
    previous: Option<(Arc<Generation>, Timestamp)>,
    /// How often it was to be made anew before it was.
    renewals: u64,
}

impl Directory {
    /// A directory that is empty still, with the peppers that are noted. It waits for the disk.
    ///
    /// # Errors
    /// Where the ledger cannot be read or written.
    pub fn open(sources: Sources, policy: Policy) -> Result<Self, StoreError> {
        let Sources { store, apexes, answers, ledger, clock, mut random } = sources;
        let now = clock.now();
        let peppers = Peppers::open(&ledger, &mut *random, now)?;
        let previous = peppers.previous.filter(|previous| now < previous.until);
        let generations = Generations {
            current: Generation::new(peppers.current),
            since: peppers.since,
            previous: previous.map(|previous| (Generation::new(previous.pepper), previous.until)),
            renewals: 0,
        };
        Ok(Self(Arc::new(Inner {
            trees: news::Trees::new(store, apexes, answers, clock.clone()),
            ledger,
            clock,
            random: Mutex::new(random),
            policy,
            generations: ArcSwap::from_pointee(generations),
            renewals: watch::Sender::new(0),
        })))
    }

    /// The pepper of the time, for clients that ask.
    pub fn pepper(&self) -> Pepper {
        self.0.generations.load().current.pepper().clone()
    }

    /// The table for a pepper, where it is answered.
    pub fn generation(&self, pepper: &str) -> Option<Arc<Generation>> {
        let generations = self.0.generations.load();
        let previous = generations.previous.as_ref();
        let previous = previous.filter(|(_, until)| self.0.clock.now() < *until);
        let mut all =
            [Some(&generations.current), previous.map(|(previous, _)| previous)].into_iter();
        let found = all.find_map(|one| one.filter(|one| one.pepper().as_str() == pepper));
        found.cloned()
    }

    /// Makes all tables anew: this server answers for other names now. What is there serves until then.
    pub fn renew(&self) {
        self.0.renewals.send_modify(|renewals| *renewals += 1);
    }

    /// Keeps the directory, for good.
    pub async fn run(self) {
        loop {
            let generations = self.0.generations.load_full();
            let changed = tokio::select! {
                never = generations.current.keep(&self.0.trees) => match never {},
                never = generations.keep_previous(&self.0.trees) => match never {},
                changed = self.0.rotated(&generations) => changed,
                changed = self.0.renewed(&generations) => changed,
                changed = self.0.after_grace(&generations) => changed,
            };
            self.0.generations.store(Arc::new(changed));
        }
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").finish_non_exhaustive()
    }
}

impl Generations {
    async fn keep_previous(&self, trees: &news::Trees) -> std::convert::Infallible {
        match &self.previous {
            Some((previous, _)) => previous.keep(trees).await,
            None => std::future::pending().await,
        }
    }
}

impl Inner {
    /// When the pepper has been in use for long enough: the next one, whose table is complete.
    async fn rotated(&self, old: &Generations) -> Generations {
        self.until(old.since.saturating_add(self.policy.period)).await;
        let pepper = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            Pepper::draw(&mut **random)
        };
        let current = Generation::new(pepper);
        current.fill(&self.trees).await;
        let since = self.clock.now();
        let until = since.saturating_add(self.policy.grace);
        let peppers = Peppers {
            current: current.pepper().clone(),
            since,
            previous: Some(Previous { pepper: old.current.pepper().clone(), until }),
        };
        while let Err(error) = self.note(&peppers).await {
            tracing::error!(%error, "a new pepper for lookups cannot be noted");
            sleep(AFTER_ERROR).await;
        }
        tracing::info!(
            people = current.len(),
            octets = current.octets(),
            "a new pepper for lookups"
        );
        let previous = Some((Arc::clone(&old.current), until));
        Generations { current, since, previous, renewals: old.renewals }
    }

    async fn note(&self, peppers: &Peppers) -> Result<(), StoreError> {
        let (ledger, peppers) = (Arc::clone(&self.ledger), peppers.clone());
        generation::aside(move || peppers.note(&ledger)).await
    }

    /// When it is to be made anew: the same peppers with tables that are.
    async fn renewed(&self, old: &Generations) -> Generations {
        let mut renewals = self.renewals.subscribe();
        // Where nobody can ask for it any more, the directory is gone.
        let _ = renewals.wait_for(|renewals| *renewals != old.renewals).await;
        let renewals = *renewals.borrow();
        let anew = async |old: &Generation| {
            let anew = Generation::new(old.pepper().clone());
            anew.fill(&self.trees).await;
            anew
        };
        let current = anew(&old.current).await;
        let previous = match &old.previous {
            Some((previous, until)) => Some((anew(previous).await, *until)),
            None => None,
        };
        Generations { current, since: old.since, previous, renewals }
    }

    /// When nobody is answered any more who asks with the pepper before: without that.
    async fn after_grace(&self, old: &Generations) -> Generations {
        match &old.previous {
            Some((_, until)) => self.until(*until).await,
            None => std::future::pending().await,
        }
        let (current, since, renewals) = (Arc::clone(&old.current), old.since, old.renewals);
        Generations { current, since, previous: None, renewals }
    }

    async fn until(&self, moment: Timestamp) {
        loop {
            let left = moment.since(self.clock.now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(GLANCE)).await;
        }
    }
}
