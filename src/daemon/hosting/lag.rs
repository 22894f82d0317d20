//! How far what is served is behind the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::store::Sequence;

use super::super::admin::Status;

/// How often that is looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a change may wait to be served before `/health` tells: 5 s.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells in `status` how far what is `applied` is behind the `last` change of the store, for good.
pub(super) async fn tell(
    last: watch::Receiver<Sequence>,
    applied: watch::Receiver<Sequence>,
    status: Arc<Status>,
) {
    let gauge =
        status.telemetry.gauge("feed_behind", "Changes of the store that are not served yet");
    // The change that is waited for, and since when it is there.
    let (mut awaited, mut since, mut failure) = (Sequence::default(), Instant::now(), None);
    loop {
        let (last, applied) = (*last.borrow(), *applied.borrow());
        gauge.set(i64::try_from(last.0.saturating_sub(applied.0)).unwrap_or(i64::MAX));
        if applied >= awaited {
            (awaited, since, failure) = (last, Instant::now(), None);
        } else if failure.is_none() && since.elapsed() >= PATIENCE {
            let told = format!("changes of the store are not served for more than {PATIENCE:?}");
            tracing::error!(%last, %applied, "{told}");
            failure = Some(status.failure(&told));
        }
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::admin::{Health, Pages};

    #[tokio::test(start_paused = true)]
    async fn health_tells_of_changes_that_wait() {
        let status = Arc::new(Status::new());
        status.set(Health::Ready);
        let (last, applied) = (watch::Sender::new(Sequence(3)), watch::Sender::new(Sequence(3)));
        tokio::spawn(tell(last.subscribe(), applied.subscribe(), Arc::clone(&status)));
        let told = |status: &Arc<Status>, health, behind| {
            assert_eq!(status.health(), health);
            let line = format!("threepid_feed_behind {behind}\n");
            assert!(status.metrics().contains(&line), "{}", status.metrics());
        };
        // There are always more, and each is served in time.
        for number in 4..20 {
            sleep(PAUSE).await;
            last.send_replace(Sequence(number));
            applied.send_replace(Sequence(number - 1));
        }
        sleep(PAUSE / 2).await;
        told(&status, Health::Ready, 1);
        sleep(PATIENCE + PAUSE).await;
        told(&status, Health::Failing, 1);
        applied.send_replace(Sequence(19));
        sleep(PAUSE).await;
        told(&status, Health::Ready, 0);
        assert!(status.troubles().is_empty());
    }
}
