//! Attempts that are being made.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};

use super::{Attempt, Entry, EntryId, Limits, Places, Publisher};
use crate::clock::{Clock, Timestamp};
use crate::transport::http::Fetch;
use crate::wire::Name;

/// One attempt that is to be made.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) entry: Arc<Entry>,
    pub(super) apex: Name,
}

/// What tells one attempt from another: the entry, its root, and when it was put in.
type Key = (EntryId, Name, Timestamp);

impl Job {
    fn key(&self) -> Key {
        (EntryId::of(&self.entry.threepid), self.apex.clone(), self.entry.added)
    }
}

/// Attempts that are being made, and those that wait for their turn.
#[derive(Debug)]
pub(super) struct AtWork {
    waiting: VecDeque<Job>,
    running: JoinSet<Attempt>,
    begun: HashMap<Id, Job>,
    /// Of both.
    known: HashSet<Key>,
    failures: Failures,
}

/// How often in a row each root failed, and how and when the last time.
#[derive(Debug, Default)]
struct Failures(HashMap<Name, (usize, String, Timestamp)>);

impl Failures {
    fn note(&mut self, apex: &Name, attempt: &Attempt, counts: Duration, now: Timestamp) {
        match attempt {
            Attempt::Done(_) => {
                self.0.remove(apex);
            }
            Attempt::Later { reason, .. } => {
                let (count, last, at) =
                    self.0.entry(apex.clone()).or_insert_with(|| (0, String::new(), now));
                *count = if now.since(*at) > counts { 1 } else { *count + 1 };
                (*last, *at) = (reason.clone(), now);
            }
        }
    }

    /// What to say of a root in place of trying it once more, where it failed this often.
    fn verdict(&self, apex: &Name, limits: &Limits, now: Timestamp) -> Option<Attempt> {
        let (count, reason, at) = self.0.get(apex)?;
        let most = limits.failures;
        if *count < most || now.since(*at) > limits.failing {
            return None;
        }
        let reason = format!("not tried, as {most} others failed: {reason}");
        Some(Attempt::Later { reason, wait: None })
    }
}

impl AtWork {
    pub(super) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            running: JoinSet::new(),
            begun: HashMap::new(),
            known: HashSet::new(),
            failures: Failures::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Has these made, too, but those that are made already.
    pub(super) fn add(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            if self.known.insert(job.key()) {
                self.waiting.push_back(job);
            }
        }
    }

    /// What came of the next one that ends; none where there are none. Nothing is lost where it is not
    /// waited for to the end.
    pub(super) async fn next<F: Fetch + 'static, P: Places + 'static>(
        &mut self,
        publisher: &Arc<Publisher<F, P>>,
        clock: &dyn Clock,
    ) -> Option<(Job, Attempt)> {
        loop {
            self.begin(publisher, clock.now());
            let joined = self.running.join_next_with_id().await?;
            let (id, attempt) = joined.unwrap_or_else(|error| (error.id(), broken(&error)));
            let Some(job) = self.begun.remove(&id) else { continue };
            self.known.remove(&job.key());
            self.failures.note(&job.apex, &attempt, publisher.limits.failing, clock.now());
            return Some((job, attempt));
        }
    }

    /// Begins as many as may be made at the same time.
    fn begin<F: Fetch + 'static, P: Places + 'static>(
        &mut self,
        publisher: &Arc<Publisher<F, P>>,
        now: Timestamp,
    ) {
        while self.running.len() < publisher.limits.together
            && let Some(job) = self.waiting.pop_front()
        {
            let verdict = self.failures.verdict(&job.apex, &publisher.limits, now);
            let attempt = publisher.clone().attempt(job.clone(), verdict);
            self.begun.insert(self.running.spawn(attempt).id(), job);
        }
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
