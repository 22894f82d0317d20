//! Tasks that have to go on for as long as the process does: one that panics is begun again, later each
//! time, and where it does so again and again, the process says that it fails.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::admin::Status;
use crate::telemetry::{Counters, Labels};

/// How long to wait before a task is begun again; each further time in a row it is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A task that goes on for so long is well again: whatever it does, it has done by then.
const WELL: Duration = Duration::from_secs(300);
/// How many panics in a row are told in `/health`.
const MANY: u32 = 3;

/// What goes on for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Signs zones again.
    Signing,
    /// Follows key files.
    Keys,
    /// Follows the changes of the store.
    Feed,
    /// Renews signatures over associations.
    Renewal,
    /// Drops old withdrawals.
    Expiry,
    /// Keeps signatures and serials.
    Saving,
    /// Tells how far the feed is behind.
    Lag,
}

/// The labels of tasks, in their order.
const LABELS: [&str; 7] = ["signing", "keys", "feed", "renewal", "expiry", "saving", "lag"];

/// Watches tasks, and counts those that are begun again.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    status: Arc<Status>,
    restarts: Arc<Counters>,
}

impl Watch {
    pub(super) fn new(status: &Arc<Status>) -> Self {
        let series = LABELS.map(|task| Labels::from([("task", task)]));
        let help = "Tasks that were ended by a fault of the program and begun again";
        let restarts = status.telemetry.counters("task_restarts", help, series.into());
        Self { status: Arc::clone(status), restarts }
    }

    /// Does what `begin` begins, again after each panic, until it ends by itself. It ends too when this
    /// is dropped.
    pub(super) async fn over<W>(self, task: Task, begin: impl Fn() -> W + Send + 'static)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let (mut faults, mut failure) = (0, None);
        loop {
            let mut one = JoinSet::new();
            one.spawn(begin());
            let ended = match timeout(WELL, one.join_next()).await {
                Ok(ended) => ended,
                Err(_) => {
                    (faults, failure) = (0, None);
                    one.join_next().await
                }
            };
            if !ended.is_some_and(|ended| ended.is_err_and(|error| error.is_panic())) {
                return;
            }
            faults += 1;
            tracing::error!(?task, faults, "ended by a fault of the program, and is begun again");
            self.restarts.shard().count(task as usize);
            if faults >= MANY && failure.is_none() {
                let name = LABELS[task as usize];
                let told = format!("the task `{name}` ends again and again: see the log");
                failure = Some(self.status.failure(&told));
            }
            sleep(pause(faults)).await;
        }
    }
}

/// How long to wait after so many panics in a row.
fn pause(faults: u32) -> Duration {
    PAUSE.saturating_mul(1 << (faults - 1).min(16)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::services::admin::{Health, Pages};

    #[tokio::test(start_paused = true)]
    async fn what_panics_is_begun_again_and_counted() {
        let status = Arc::new(Status::new());
        let begun = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&begun);
        let begin = move || {
            let nth = counted.fetch_add(1, Ordering::Relaxed);
            async move { assert!(nth >= 2, "a fault") }
        };
        Watch::new(&status).over(Task::Feed, begin).await;
        assert_eq!(begun.load(Ordering::Relaxed), 3);
        let told = status.metrics();
        assert!(told.contains("threepid_task_restarts_total{task=\"feed\"} 2\n"), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_panics_again_and_again_is_told() {
        let status = Arc::new(Status::new());
        status.set(Health::Ready);
        let begun = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&begun);
        let begin = move || {
            let nth = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                assert!(nth >= 10, "a fault");
                std::future::pending().await
            }
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(Watch::new(&status).over(Task::Renewal, begin));
        // Begun after 0, 1, 3, 7, 15, 31, 63, 123 seconds.
        for (after, times, health) in [
            (Duration::from_millis(500), 1, Health::Ready),
            (Duration::from_secs(2), 2, Health::Ready),
            (Duration::from_secs(2), 3, Health::Failing),
            (Duration::from_secs(120), 8, Health::Failing),
            (Duration::from_secs(180), 11, Health::Failing),
            (WELL, 11, Health::Ready),
        ] {
            sleep(after).await;
            assert_eq!((begun.load(Ordering::Relaxed), status.health()), (times, health));
        }
    }

    #[tokio::test]
    async fn what_is_watched_ends_with_its_watch() {
        let status = Arc::new(Status::new());
        let held = Arc::new(());
        let holder = Arc::clone(&held);
        let begin = move || {
            let held = Arc::clone(&holder);
            async move {
                std::future::pending::<()>().await;
                drop(held);
            }
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(Watch::new(&status).over(Task::Keys, begin));
        tokio::task::yield_now().await;
        tasks.shutdown().await;
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
