//! Trying what waits.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use super::{Attempt, Entry, EntryId, Outbox, OutboxError, Places, Publisher, State};
use crate::clock::{Clock, Timestamp};
use crate::crypto::Random;
use crate::transport::http::Fetch;
use crate::wire::Name;

/// Which of what waits is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// What is due.
    Due,
    /// All, due or not.
    All,
    /// These, due or not.
    These(BTreeSet<EntryId>),
}

/// Sends what is in an outbox. The files are read and written, and waited for, on the thread that goes on with
/// it: where others may not be held up by a disk, give it a thread of its own.
#[derive(Debug)]
pub struct Runner<F, P> {
    publisher: Arc<Publisher<F, P>>,
    outbox: Outbox,
}

/// One attempt that is to be made.
#[derive(Debug, Clone)]
struct Job {
    entry: Arc<Entry>,
    apex: Name,
}

/// How often in a row each root failed, and how the last time.
#[derive(Debug, Default)]
struct Failures(HashMap<Name, (usize, String)>);

impl Failures {
    fn note(&mut self, apex: &Name, attempt: &Attempt) {
        match attempt {
            Attempt::Done(_) => {
                self.0.remove(apex);
            }
            Attempt::Later { reason, .. } => {
                let (count, last) = self.0.entry(apex.clone()).or_default();
                *count += 1;
                last.clone_from(reason);
            }
        }
    }

    /// What to say of a root in place of trying it once more, where it failed this often.
    fn verdict(&self, apex: &Name, most: usize) -> Option<Attempt> {
        let (_, reason) = self.0.get(apex).filter(|(count, _)| *count >= most)?;
        let reason = format!("not tried, as {most} others failed: {reason}");
        Some(Attempt::Later { reason, wait: None })
    }
}

impl<F: Fetch + 'static, P: Places + 'static> Runner<F, P> {
    /// Sends what is in `outbox` by `publisher`.
    pub fn new(publisher: Publisher<F, P>, outbox: Outbox) -> Self {
        Self { publisher: Arc::new(publisher), outbox }
    }

    /// Makes one attempt for each statement at each root where it waits, and is selected. After each,
    /// once it is on disk, `tell` is told of the entry as it is then, and at which root. What is done at
    /// all roots is told, and then removed. Returns when the next is due; none where nothing waits.
    ///
    /// # Errors
    /// Where the disk errs. Files that are no entries are logged, and left.
    pub async fn round(
        &self,
        selection: &Selection,
        clock: &dyn Clock,
        random: &mut dyn Random,
        tell: &mut (dyn FnMut(&Entry, Option<&Name>) + Send),
    ) -> Result<Option<Timestamp>, OutboxError> {
        let mut jobs = self.jobs(selection, clock.now(), tell)?.into_iter();
        let (mut running, mut failures) = (JoinSet::new(), Failures::default());
        let mut begun = HashMap::new();
        loop {
            while running.len() < self.publisher.limits.together
                && let Some(job) = jobs.next()
            {
                let verdict = failures.verdict(&job.apex, self.publisher.limits.failures);
                let attempt = self.publisher.clone().attempt(job.clone(), verdict);
                begun.insert(running.spawn(attempt).id(), job);
            }
            let Some(joined) = running.join_next_with_id().await else { break };
            let (id, attempt) = joined.unwrap_or_else(|error| (error.id(), broken(&error)));
            let Some(job) = begun.remove(&id) else { continue };
            failures.note(&job.apex, &attempt);
            let now = clock.now();
            let noted = self.outbox.note(&job.entry, &job.apex, &attempt, now, random)?;
            if let Some(entry) = noted {
                tell(&entry, Some(&job.apex));
                self.finish(&entry)?;
            }
        }
        self.next()
    }

    /// Goes on until nothing waits any more, or `stop` ends: what is due is tried, and what others put
    /// in meanwhile.
    ///
    /// # Errors
    /// As [`Self::round`].
    pub async fn run(
        &self,
        clock: &dyn Clock,
        random: &mut dyn Random,
        tell: &mut (dyn FnMut(&Entry, Option<&Name>) + Send),
        stop: impl Future<Output = ()>,
    ) -> Result<(), OutboxError> {
        let all = async {
            while let Some(next) = self.round(&Selection::Due, clock, random, tell).await? {
                let wait = next.since(clock.now()).min(self.publisher.limits.look);
                tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
            }
            Ok(())
        };
        tokio::select! {
            ended = all => ended,
            () = stop => Ok(()),
        }
    }

    /// What is to be tried at `now`, the statements that wait the longest first. What a crash left done
    /// is told and removed.
    fn jobs(
        &self,
        selection: &Selection,
        now: Timestamp,
        tell: &mut (dyn FnMut(&Entry, Option<&Name>) + Send),
    ) -> Result<Vec<Job>, OutboxError> {
        let mut jobs = Vec::new();
        for entry in self.readable()? {
            if entry.is_done() {
                tell(&entry, None);
                self.finish(&entry)?;
                continue;
            }
            let entry = Arc::new(entry);
            let is_chosen = |delivery: &&super::Delivery| match (&delivery.state, selection) {
                (State::Done(_), _) => false,
                (state, Selection::Due) => state.is_due(now, &self.publisher.limits),
                (_, Selection::All) => true,
                (_, Selection::These(ids)) => ids.contains(&EntryId::of(&entry.threepid)),
            };
            for delivery in entry.deliveries.iter().filter(is_chosen) {
                jobs.push(Job { entry: entry.clone(), apex: delivery.apex.clone() });
            }
        }
        jobs.sort_by_key(|job| job.entry.next());
        Ok(jobs)
    }

    fn finish(&self, entry: &Entry) -> Result<(), OutboxError> {
        if entry.is_done() { self.outbox.remove(entry) } else { Ok(()) }
    }

    fn next(&self) -> Result<Option<Timestamp>, OutboxError> {
        Ok(self.readable()?.iter().filter_map(Entry::next).min())
    }

    /// The entries; those that cannot be read are logged, and do not hold the others up.
    fn readable(&self) -> Result<Vec<Entry>, OutboxError> {
        let read = |entry: Result<Entry, OutboxError>| {
            entry.inspect_err(|error| tracing::warn!(%error, "not published")).ok()
        };
        Ok(self.outbox.entries()?.into_iter().filter_map(read).collect())
    }
}

impl<F: Fetch, P: Places> Publisher<F, P> {
    /// Makes the attempt, unless the verdict is known.
    async fn attempt(self: Arc<Self>, job: Job, verdict: Option<Attempt>) -> Attempt {
        match verdict {
            Some(attempt) => attempt,
            None => self.publish(&job.apex, &job.entry.threepid, &job.entry.statement).await,
        }
    }
}

/// An attempt that met a mistake in this program. It waits as any other that failed.
fn broken(error: &JoinError) -> Attempt {
    Attempt::Later { reason: format!("the attempt broke off: {error}"), wait: None }
}
