//! What is counted of publications: what came of them, and nothing of what they say.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Answer, RefusalKind};
use crate::clock::Timestamp;
use crate::telemetry::{Labels, Shard, Telemetry};

const TAKEN: [&str; 4] = ["stored", "merged", "unchanged", "delegated"];

/// All that can come of a publication.
fn labels() -> impl Iterator<Item = &'static str> {
    TAKEN.into_iter().chain(RefusalKind::ALL.map(RefusalKind::label))
}

/// Counts what came of publications.
#[derive(Debug)]
pub struct Tally {
    counted: Mutex<Shard>,
    /// When it was last warned of what cannot be judged.
    warned: Mutex<Option<Timestamp>>,
}

impl Tally {
    /// The counters of publications in `telemetry`.
    pub fn new(telemetry: &Telemetry) -> Self {
        let series = labels().map(|outcome| Labels::from([("outcome", outcome)]));
        let help = "Publications, by what came of them, here or where they were passed on to";
        let counters = telemetry.counters("publications", help, series.collect());
        Self { counted: Mutex::new(counters.shard()), warned: Mutex::default() }
    }

    pub(super) fn count(&self, answer: &Answer) {
        let place = labels().position(|label| label == answer.label());
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.count(place.expect("all labels are listed"));
    }

    /// Whether the last warning was so long ago; then this is the last.
    pub(super) fn may_warn(&self, now: Timestamp, pause: Duration) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = warned.is_none_or(|last| now.since(last) >= pause);
        if is_due {
            *warned = Some(now);
        }
        is_due
    }
}
