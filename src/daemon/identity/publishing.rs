//! What a verification server has signed, on its way to every root.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::crypto::OsRandom;
use crate::daemon::admin::Status;
use crate::stub::publish::{Done, Entry, EntryId, Finder, Runner, State};
use crate::telemetry::{Labels, Shard};
use crate::transport::http::HttpClient;
use crate::wire::Name;

/// How long to wait after the disk erred.
const AFTER_ERROR: Duration = Duration::from_secs(30);

/// What became of a statement at a root, as it is counted.
const OUTCOMES: [&str; 6] = ["stored", "merged", "unchanged", "superseded", "refused", "later"];

/// Sends what is in an outbox until it is stopped.
pub(super) struct Publishing {
    task: JoinHandle<()>,
    /// Ends it by being dropped.
    stop: watch::Sender<()>,
}

impl Publishing {
    /// Starts to send. The log calls identifiers by the SHA-256 of medium and address, unless `shows_addresses`.
    pub(super) fn start(
        runner: Runner<HttpClient, Finder>,
        clock: Arc<dyn Clock>,
        status: Arc<Status>,
        shows_addresses: bool,
    ) -> Self {
        let (stop, stopped) = watch::channel(());
        let teller = Teller { tally: tally(&status), shows_addresses };
        let runtime = Handle::current();
        // It waits for the disk: that holds up a thread of its own alone.
        let task = tokio::task::spawn_blocking(move || {
            runtime.block_on(send(runner, clock, status, teller, stopped));
        });
        Self { task, stop }
    }

    /// Ends; what is on its way is tried again at the next start.
    pub(super) async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "publishing ended badly");
        }
    }
}

async fn send(
    runner: Runner<HttpClient, Finder>,
    clock: Arc<dyn Clock>,
    status: Arc<Status>,
    mut teller: Teller,
    mut stopped: watch::Receiver<()>,
) {
    let mut tell = |entry: &Entry, apex: Option<&Name>| teller.tell(entry, apex);
    loop {
        let mut until = stopped.clone();
        let until = async move {
            let _ = until.changed().await;
        };
        let Err(error) = runner.serve(clock.as_ref(), &mut OsRandom, &mut tell, until).await else {
            return;
        };
        let told = format!("nothing is published: the outbox: {error}");
        let _trouble = status.trouble(&told);
        tracing::error!("{told}");
        tokio::select! {
            () = sleep(AFTER_ERROR) => {}
            _ = stopped.changed() => return,
        }
    }
}

fn tally(status: &Status) -> Shard {
    let series = OUTCOMES.map(|outcome| Labels::from([("outcome", outcome)]));
    let help = "Attempts to publish what was signed here at a root, by what came of them";
    status.telemetry.counters("publishing_attempts", help, series.into()).shard()
}

/// Tells of attempts.
struct Teller {
    tally: Shard,
    shows_addresses: bool,
}

impl Teller {
    fn tell(&mut self, entry: &Entry, apex: Option<&Name>) {
        let Some(apex) = apex else { return };
        let Some(delivery) = entry.deliveries.iter().find(|delivery| delivery.apex == *apex) else {
            return;
        };
        let identifier = match self.shows_addresses {
            true => entry.threepid.to_string(),
            false => EntryId::of(&entry.threepid).to_string(),
        };
        let place = match &delivery.state {
            State::Done(Done::Stored) => 0,
            State::Done(Done::Merged) => 1,
            State::Done(Done::Unchanged) => 2,
            State::Done(Done::Superseded) => 3,
            State::Done(Done::Refused { errcode, error }) => {
                tracing::warn!(%identifier, %apex, errcode, error, "refused by a root");
                4
            }
            State::Waiting { reason, attempts, .. } => {
                let reason = reason.as_deref().unwrap_or_default();
                tracing::warn!(%identifier, %apex, attempts, reason, "not published yet");
                5
            }
        };
        tracing::debug!(%identifier, %apex, outcome = OUTCOMES[place], "an attempt to publish");
        self.tally.count(place);
    }
}
