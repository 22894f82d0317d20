//! Tasks that have to go on for as long as the process does: one that panics is begun again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::telemetry::{Counters, Labels, Telemetry};

/// How long to wait before a task is begun again.
const PAUSE: Duration = Duration::from_secs(1);

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
}

/// The labels of tasks, in their order.
const LABELS: [&str; 6] = ["signing", "keys", "feed", "renewal", "expiry", "saving"];

/// Watches tasks, and counts those that are begun again.
#[derive(Debug, Clone)]
pub(super) struct Watch(Arc<Counters>);

impl Watch {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let series = LABELS.map(|task| Labels::from([("task", task)]));
        let help = "Tasks that were ended by a fault of the program and begun again";
        Self(telemetry.counters("task_restarts", help, series.into()))
    }

    /// Does what `begin` begins, again after each panic, until it ends by itself. It ends too when this
    /// is dropped.
    pub(super) async fn over<W>(self, task: Task, begin: impl Fn() -> W + Send + 'static)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        loop {
            let mut one = JoinSet::new();
            one.spawn(begin());
            match one.join_next().await {
                Some(Err(error)) if error.is_panic() => {}
                _ => return,
            }
            tracing::error!(?task, "ended by a fault of the program, and is begun again");
            self.0.shard().count(task as usize);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_panics_is_begun_again_and_counted() {
        let telemetry = Telemetry::new("t");
        let begun = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&begun);
        let begin = move || {
            let nth = counted.fetch_add(1, Ordering::Relaxed);
            async move { assert!(nth >= 2, "a fault") }
        };
        Watch::new(&telemetry).over(Task::Feed, begin).await;
        assert_eq!(begun.load(Ordering::Relaxed), 3);
        let told = telemetry.render();
        assert!(told.contains("t_task_restarts_total{task=\"feed\"} 2\n"), "{told}");
    }

    #[tokio::test]
    async fn what_is_watched_ends_with_its_watch() {
        let telemetry = Telemetry::new("t");
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
        tasks.spawn(Watch::new(&telemetry).over(Task::Keys, begin));
        tokio::task::yield_now().await;
        tasks.shutdown().await;
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
