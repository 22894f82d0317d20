//! What is counted of requests, of resolutions and of the servers asked for them.

use std::sync::{Mutex, PoisonError};

use crate::dnssec::Security;
use crate::resolver::{Cause, Response};
use crate::telemetry::{Labels, Shard, Telemetry};
use crate::transport::ExchangeError;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// The cache had the answer, or there was nothing to look for.
    Known,
    /// Its answer is looked for.
    Begun,
    /// Its answer was looked for already.
    Joined,
    /// There were too many.
    Busy,
}

/// Why a stale answer was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// No other could be had.
    Failed,
    /// No other came in time.
    Late,
}

const NEEDS: [&str; 2] = ["failed", "late"];
const COURSES: [&str; 4] = ["known", "begun", "joined", "busy"];
const VERDICTS: [&str; 6] = ["secure", "insecure", "indeterminate", "bogus", "busy", "failed"];
const OUTCOMES: [&str; 8] = [
    "answered",
    "timeout",
    "not_sent",
    "wrong_ids",
    "mismatch",
    "failed",
    // Nobody waited for it any more.
    "abandoned",
    JOINED,
];
/// The same question was on its way already.
const JOINED: &str = "joined";

/// Counts for all threads. What is counted takes much longer than to count it.
#[derive(Debug)]
pub(super) struct Tally(Mutex<Shards>);

#[derive(Debug)]
struct Shards {
    requests: Shard,
    resolutions: Shard,
    exchanges: Shard,
    stale: Shard,
    prefetches: Shard,
}

impl Tally {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let shard = |name, help, label, values: &[&'static str]| {
            let series = values.iter().map(|&value| Labels::from([(label, value)])).collect();
            telemetry.counters(name, help, series).shard()
        };
        let requests = "Requests to the resolver, by what became of them";
        let resolutions = "Resolutions that needed the network, by what they came to";
        let exchanges = "Questions to other servers, by what came of them";
        let prefetches = "Answers looked for before their end, by what became of it";
        let stale = "Answers told past their end, by why no other was";
        Self(Mutex::new(Shards {
            requests: shard("resolver_requests", requests, "course", &COURSES),
            resolutions: shard("resolver_resolutions", resolutions, "verdict", &VERDICTS),
            exchanges: shard("resolver_exchanges", exchanges, "outcome", &OUTCOMES),
            prefetches: shard("resolver_prefetches", prefetches, "course", &COURSES),
            stale: shard("resolver_stale_answers", stale, "need", &NEEDS),
        }))
    }

    fn count(&self, count: impl FnOnce(&mut Shards)) {
        count(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn request(&self, course: Course) {
        self.count(|shards| shards.requests.count(course as usize));
    }

    pub(super) fn resolution(&self, response: &Response) {
        self.count(|shards| shards.resolutions.count(verdict(response)));
    }

    pub(super) fn prefetch(&self, course: Course) {
        self.count(|shards| shards.prefetches.count(course as usize));
    }

    pub(super) fn stale(&self, need: Need) {
        self.count(|shards| shards.stale.count(need as usize));
    }

    /// Counts an exchange; without outcome, one that was broken off.
    pub(super) fn exchange(&self, outcome: Option<&Result<Vec<u8>, ExchangeError>>) {
        self.count(|shards| shards.exchanges.count(place(outcome)));
    }

    pub(super) fn joined_exchange(&self) {
        self.count(|shards| shards.exchanges.count(OUTCOMES.len() - 1));
    }
}

/// The place in [`VERDICTS`].
fn verdict(response: &Response) -> usize {
    match (&response.failure, response.security) {
        (Some(Cause::Busy), _) => 4,
        (Some(cause), _) if cause.is_bogus() => 3,
        (Some(_), _) => 5,
        (None, Security::Secure) => 0,
        (None, Security::Insecure) => 1,
        (None, Security::Indeterminate) => 2,
        (None, Security::Bogus) => 3,
    }
}

/// The place in [`OUTCOMES`].
fn place(outcome: Option<&Result<Vec<u8>, ExchangeError>>) -> usize {
    let Some(outcome) = outcome else { return 6 };
    match outcome {
        Ok(_) => 0,
        Err(ExchangeError::Timeout) => 1,
        Err(ExchangeError::NotSent) => 2,
        Err(ExchangeError::Besieged) => 3,
        Err(ExchangeError::Mismatch) => 4,
        Err(ExchangeError::Io(_)) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_at_their_labels() {
        let telemetry = Telemetry::new("t");
        let tally = Tally::new(&telemetry);
        tally.request(Course::Joined);
        tally.resolution(&Response::failure(Cause::Busy));
        tally.resolution(&Response::failure(Cause::TooLate));
        tally.exchange(Some(&Ok(Vec::new())));
        tally.exchange(Some(&Err(ExchangeError::Besieged)));
        tally.exchange(Some(&Err(ExchangeError::NotSent)));
        tally.exchange(None);
        tally.joined_exchange();
        let text = telemetry.render();
        let ones: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix(" 1")).collect();
        assert_eq!(
            ones,
            [
                r#"t_resolver_exchanges_total{outcome="answered"}"#,
                r#"t_resolver_exchanges_total{outcome="not_sent"}"#,
                r#"t_resolver_exchanges_total{outcome="wrong_ids"}"#,
                r#"t_resolver_exchanges_total{outcome="abandoned"}"#,
                r#"t_resolver_exchanges_total{outcome="joined"}"#,
                r#"t_resolver_requests_total{course="joined"}"#,
                r#"t_resolver_resolutions_total{verdict="busy"}"#,
                r#"t_resolver_resolutions_total{verdict="failed"}"#,
            ]
        );
    }
}
