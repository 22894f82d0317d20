//! Keeping trust anchors as their zones roll them over (RFC 5011).

mod file;
mod served;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::dnssec::rollover::{Ledger, Observed, State, TrustPoint, Unproved};
use crate::recursor::Recursor;
use crate::resolver::{Checking, Policy, Response};
use crate::transport::Exchange;
use crate::wire::rdata::Rrsig;
use crate::wire::{Class, Name, Question, Rrset, Rtype};

pub use file::{AnchorsError, path};
pub(super) use served::doubtful;

/// The longest time without a look at the clock: it may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The trust points of a configuration, as their files say; none where anchors are not kept. Trees of a
/// root list are none: what the list says overrides what is in their files.
///
/// # Errors
/// With each file that cannot be read.
pub(super) fn load(config: &config::Resolver) -> Result<Vec<TrustPoint>, Vec<AnchorsError>> {
    let Some(directory) = &config.anchor_dir else { return Ok(Vec::new()) };
    let (mut points, mut errors) = (Vec::new(), Vec::new());
    let listed = |apex: &Name| config.root_list.as_ref().is_some_and(|list| list.has(apex));
    for root in config.policy.roots.iter().filter(|root| !listed(&root.apex)) {
        match file::read(&directory.value, &root.apex) {
            Ok(ledger) => {
                let (anchors, algorithms) = (root.anchors.clone(), config.policy.algorithms);
                points.push(TrustPoint::new(ledger, anchors, algorithms));
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(points) } else { Err(errors) }
}

/// How a resolver resolves now: by the anchors that are kept, where they are.
///
/// # Errors
/// With the first file that cannot be read.
pub fn policy(config: &config::Resolver) -> Result<Policy, AnchorsError> {
    let points = load(config).map_err(|mut errors| errors.swap_remove(0))?;
    let mut policy = config.policy.clone();
    for root in &mut policy.roots {
        let point = points.iter().find(|point| *point.zone() == root.apex);
        root.anchors = point.map_or_else(|| root.anchors.clone(), TrustPoint::anchors);
    }
    Ok(policy)
}

/// The trust points of a resolver.
#[derive(Debug)]
struct Points {
    directory: PathBuf,
    list: watch::Sender<Vec<TrustPoint>>,
    /// Held as long as a file is written, even where nobody waits for it any more.
    writing: Arc<tokio::sync::Mutex<()>>,
}

/// Asks for the keys of trust points when it is time to, and has a recursor go by what they say.
#[derive(Debug)]
pub(super) struct Keeper {
    points: Arc<Points>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Starts to keep the anchors of `recursor`.
    pub(super) fn start<E: Exchange + 'static>(
        directory: PathBuf,
        points: Vec<TrustPoint>,
        recursor: Recursor<E>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        for point in &points {
            recursor.trust(point.zone(), &point.anchors());
        }
        let points = Arc::new(Points::new(directory, points));
        let task = tokio::spawn(Arc::clone(&points).follow(recursor, clock));
        Self { points, task }
    }

    /// Ends. What is being written is written then, and nothing is any more.
    pub(super) async fn stop(&mut self) {
        self.task.abort();
        // It ends as cancelled.
        let _ = (&mut self.task).await;
        drop(self.points.writing.lock().await);
    }

    /// The points, for others that go by them.
    pub(super) fn points(&self) -> watch::Receiver<Vec<TrustPoint>> {
        self.points.list.subscribe()
    }

    /// These points, with what is known here in place of what their files said when they were read:
    /// perhaps they could not be written.
    pub(super) fn update(&self, directory: &Path, points: Vec<TrustPoint>) -> Vec<TrustPoint> {
        if *directory != self.points.directory {
            return points;
        }
        let own = self.points.list.borrow();
        let update = |point: TrustPoint| {
            let known = own.iter().find(|known| known.zone() == point.zone());
            match known {
                Some(known) => point.with_ledger(known.ledger().clone()),
                None => point,
            }
        };
        points.into_iter().map(update).collect()
    }
}

impl Points {
    fn new(directory: PathBuf, list: Vec<TrustPoint>) -> Self {
        Self { directory, list: watch::Sender::new(list), writing: Arc::default() }
    }

    /// Looks at the keys whenever it is time to, for good.
    async fn follow<E: Exchange + 'static>(
        self: Arc<Self>,
        recursor: Recursor<E>,
        clock: Arc<dyn Clock>,
    ) {
        loop {
            while let Some(zone) = self.due(clock.as_ref()) {
                self.look(&zone, &recursor, clock.as_ref()).await;
            }
            tokio::time::sleep(LONGEST_SLEEP).await;
        }
    }

    fn change<T>(&self, zone: &Name, change: impl FnOnce(&mut TrustPoint) -> T) -> Option<T> {
        let mut changed = None;
        self.list.send_modify(|points| {
            changed = points.iter_mut().find(|point| point.zone() == zone).map(change);
        });
        changed
    }

    fn find(&self, zone: &Name) -> Option<TrustPoint> {
        self.list.borrow().iter().find(|point| point.zone() == zone).cloned()
    }

    /// A zone whose keys have to be asked for.
    fn due(&self, clock: &dyn Clock) -> Option<Name> {
        let now = clock.now();
        let points = self.list.borrow();
        let is_due = |point: &&TrustPoint| point.next_query(now).is_some_and(|next| next <= now);
        points.iter().find(is_due).map(|point| point.zone().clone())
    }

    /// Asks for the keys of a zone, and goes by them. The trust point judges what comes first: it sees a
    /// key that revokes itself where nothing else proves the set. If that is no good, servers are asked
    /// until one has what is proved.
    async fn look<E: Exchange + 'static>(
        &self,
        zone: &Name,
        recursor: &Recursor<E>,
        clock: &dyn Clock,
    ) {
        for checking in [Checking::Disabled, Checking::Enabled] {
            let question = Question { name: zone.clone(), rtype: Rtype::DNSKEY, class: Class::IN };
            let response = recursor.refresh(question, checking).await;
            if self.take_in(zone, &response, clock.now()) {
                break;
            }
        }
        let Some(point) = self.find(zone) else { return };
        recursor.trust(zone, &point.anchors());
        self.write(point.ledger().clone()).await;
    }

    /// Takes in what came of a question for the keys of a zone. Whether there is nothing more to ask.
    fn take_in(&self, zone: &Name, response: &Response, now: Timestamp) -> bool {
        let taken = self.change(zone, |point| match keys(zone, response) {
            Some((dnskeys, rrsigs)) => {
                let observed = point.observe(dnskeys, &rrsigs, now);
                announce(zone, &observed);
                matches!(observed.proved, Ok(()) | Err(Unproved::Deleted))
            }
            None => {
                point.missed(now);
                tracing::warn!(%zone, "the keys of a trust anchor's zone cannot be had");
                false
            }
        });
        taken.unwrap_or(true)
    }

    async fn write(&self, ledger: Ledger) {
        let (directory, writing) = (self.directory.clone(), Arc::clone(&self.writing));
        let writing = writing.lock_owned().await;
        let written = tokio::task::spawn_blocking(move || {
            let _writing = writing;
            file::write(&directory, &ledger)
        });
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("trust anchors are not kept: {error}"),
            Err(error) => tracing::error!("trust anchors are not kept: {error}"),
        }
    }
}

/// The keys in a response, and the signatures over them.
fn keys<'r>(zone: &Name, response: &'r Response) -> Option<(&'r Rrset, Vec<Rrsig>)> {
    let is_it = |set: &&Rrset| set.rtype == Rtype::DNSKEY && set.name == *zone;
    let set = response.answer.iter().find(|set| is_it(&&set.rrset))?;
    let rrsigs = set.signatures.iter().filter_map(|rdata| Rrsig::parse(rdata).ok());
    Some((&set.rrset, rrsigs.collect()))
}

/// Tells what became of a zone's keys.
fn announce(zone: &Name, observed: &Observed) {
    for change in &observed.changes {
        match change.to {
            State::Missing | State::Revoked => tracing::warn!(%zone, "{change}"),
            _ => tracing::info!(%zone, "{change}"),
        }
    }
    match &observed.proved {
        Ok(()) => tracing::debug!(%zone, "the keys are proved"),
        Err(error @ Unproved::Deleted) => {
            tracing::error!(%zone, "{error}: nothing of the zone is proved without a new one");
        }
        Err(error) => tracing::warn!(%zone, "{error}"),
    }
}

#[cfg(test)]
mod tests;
