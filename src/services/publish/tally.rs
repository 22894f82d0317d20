//! What is counted of publications: what came of them, and nothing of what they say.

use std::sync::{Mutex, PoisonError};

use super::{Answer, RefusalKind};
use crate::telemetry::{Labels, Shard, Telemetry};

const TAKEN: [&str; 4] = ["stored", "merged", "unchanged", "delegated"];

/// Counts what came of publications.
#[derive(Debug)]
pub struct Tally(Mutex<Shard>);

impl Tally {
    /// The counters of publications in `telemetry`.
    pub fn new(telemetry: &Telemetry) -> Self {
        let outcomes = TAKEN.into_iter().chain(RefusalKind::ALL.map(RefusalKind::label));
        let series = outcomes.map(|outcome| Labels::from([("outcome", outcome)]));
        let help = "Publications, by what came of them, here or where they were passed on to";
        let counters = telemetry.counters("publications", help, series.collect());
        Self(Mutex::new(counters.shard()))
    }

    pub(super) fn count(&self, answer: &Answer) {
        let place = match answer {
            Answer::Stored => 0,
            Answer::Merged => 1,
            Answer::Unchanged => 2,
            Answer::Delegated { .. } => 3,
            Answer::Refused(refusal) => {
                let place = RefusalKind::ALL.iter().position(|kind| *kind == refusal.kind);
                TAKEN.len() + place.expect("all kinds are listed")
            }
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).count(place);
    }
}
