//! Trying what waits.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::at_work::{AtWork, Job};
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
        let mut at_work = AtWork::new();
        at_work.add(self.jobs(selection, clock.now(), tell)?);
        while let Some((job, attempt)) = at_work.next(&self.publisher, clock).await {
            self.note(&job, &attempt, clock.now(), random, tell)?;
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

    /// Goes on until `stop` ends, as a server does: what is put in is tried at once, whatever is being tried
    /// already, and the rest when it is due.
    ///
    /// # Errors
    /// As [`Self::round`].
    pub async fn serve(
        &self,
        clock: &dyn Clock,
        random: &mut dyn Random,
        tell: &mut (dyn FnMut(&Entry, Option<&Name>) + Send),
        stop: impl Future<Output = ()>,
    ) -> Result<(), OutboxError> {
        let mut stop = std::pin::pin!(stop);
        let mut at_work = AtWork::new();
        loop {
            at_work.add(self.jobs(&Selection::Due, clock.now(), tell)?);
            let look = tokio::time::sleep(self.until_next(clock.now())?);
            let mut look = std::pin::pin!(look);
            loop {
                tokio::select! {
                    Some((job, attempt)) = at_work.next(&self.publisher, clock) => {
                        self.note(&job, &attempt, clock.now(), random, tell)?;
                        if at_work.is_empty() {
                            break;
                        }
                    }
                    () = self.outbox.added() => break,
                    () = &mut look => break,
                    () = &mut stop => return Ok(()),
                }
            }
        }
    }

    /// How long it is until something is due that is not yet.
    fn until_next(&self, now: Timestamp) -> Result<Duration, OutboxError> {
        let entries = self.readable()?;
        let deliveries = entries.iter().flat_map(|entry| &entry.deliveries);
        let next = deliveries.filter_map(|delivery| match delivery.state {
            State::Waiting { next, .. } if next > now => Some(next.since(now)),
            _ => None,
        });
        Ok(next.min().unwrap_or(Duration::MAX).min(self.publisher.limits.look))
    }

    /// Keeps what came of an attempt.
    fn note(
        &self,
        job: &Job,
        attempt: &Attempt,
        now: Timestamp,
        random: &mut dyn Random,
        tell: &mut (dyn FnMut(&Entry, Option<&Name>) + Send),
    ) -> Result<(), OutboxError> {
        if let Some(entry) = self.outbox.note(&job.entry, &job.apex, attempt, now, random)? {
            tell(&entry, Some(&job.apex));
            self.finish(&entry)?;
        }
        Ok(())
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
