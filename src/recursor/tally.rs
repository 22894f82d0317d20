//! What is counted of requests, of resolutions and of the servers asked for them.

use std::sync::{Mutex, PoisonError};

use crate::dnssec::Security;
use crate::resolver::{Cause, Response};
use crate::telemetry::{Labels, Shard, Telemetry};
use crate::transport::ExchangeError;

/// How a request was handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handling {
    /// The cache had the answer, or there was nothing to look for.
    Known,
    /// Its answer is looked for.
    Begun,
    /// Its answer was looked for already.
    Joined,
    /// There were too many.
    Busy,
}

const HANDLINGS: [&str; 4] = ["known", "begun", "joined", "busy"];

/// Why a stale answer was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// No other could be had.
    Failed,
    /// No other came in time.
    Late,
}

const NEEDS: [&str; 2] = ["failed", "late"];

/// What a resolution came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Secure,
    Insecure,
    Indeterminate,
    Bogus,
    Busy,
    Failed,
}

const VERDICTS: [&str; 6] = ["secure", "insecure", "indeterminate", "bogus", "busy", "failed"];

/// What came of a question to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Answered,
    Timeout,
    NotSent,
    /// Too much came that is no response: someone may guess at ids.
    WrongIds,
    Mismatch,
    Failed,
    /// Nobody waited for it any more.
    Abandoned,
    /// The same question was in flight already.
    Joined,
}

const ENDINGS: [&str; 8] =
    ["answered", "timeout", "not_sent", "wrong_ids", "mismatch", "failed", "abandoned", "joined"];

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
        let requests = "Requests to the resolver: answered without the network, begun to be looked \
                        for, joined to others that ask the same, or busy as too many are under way";
        let resolutions = "Resolutions that needed the network, by what they came to; \
                           indeterminate where nobody judged";
        let exchanges = "Questions to other servers: answered, whatever the answer; not sent as too \
                         many are out; ended by too many wrong ids; abandoned as nobody waited \
                         any more; joined to the same that was out";
        let prefetches = "Answers looked for before their end: begun, or busy as too many are";
        let stale = "Answers told past their end, as the search for others failed or is late";
        Self(Mutex::new(Shards {
            requests: shard("resolver_requests", requests, "course", &HANDLINGS),
            resolutions: shard("resolver_resolutions", resolutions, "verdict", &VERDICTS),
            exchanges: shard("resolver_exchanges", exchanges, "outcome", &ENDINGS),
            prefetches: shard("resolver_prefetches", prefetches, "course", &HANDLINGS),
            stale: shard("resolver_stale_answers", stale, "need", &NEEDS),
        }))
    }

    fn count(&self, count: impl FnOnce(&mut Shards)) {
        count(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn request(&self, handling: Handling) {
        self.count(|shards| shards.requests.count(handling as usize));
    }

    pub(super) fn resolution(&self, response: &Response) {
        self.count(|shards| shards.resolutions.count(Verdict::of(response) as usize));
    }

    pub(super) fn prefetch(&self, handling: Handling) {
        self.count(|shards| shards.prefetches.count(handling as usize));
    }

    pub(super) fn stale(&self, need: Need) {
        self.count(|shards| shards.stale.count(need as usize));
    }

    pub(super) fn exchange(&self, ending: Ending) {
        self.count(|shards| shards.exchanges.count(ending as usize));
    }
}

impl Verdict {
    fn of(response: &Response) -> Self {
        match (&response.failure, response.security) {
            (Some(Cause::Busy), _) => Self::Busy,
            (Some(cause), _) if cause.is_bogus() => Self::Bogus,
            (Some(_), _) => Self::Failed,
            (None, Security::Secure) => Self::Secure,
            (None, Security::Insecure) => Self::Insecure,
            (None, Security::Indeterminate) => Self::Indeterminate,
            (None, Security::Bogus) => Self::Bogus,
        }
    }
}

impl Ending {
    /// What an exchange with this outcome came to; without outcome, one that was broken off.
    pub(super) fn of(outcome: Option<&Result<Vec<u8>, ExchangeError>>) -> Self {
        match outcome {
            None => Self::Abandoned,
            Some(Ok(_)) => Self::Answered,
            Some(Err(ExchangeError::Timeout)) => Self::Timeout,
            Some(Err(ExchangeError::NotSent)) => Self::NotSent,
            Some(Err(ExchangeError::Besieged)) => Self::WrongIds,
            Some(Err(ExchangeError::Mismatch)) => Self::Mismatch,
            Some(Err(ExchangeError::Io(_))) => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_at_their_labels() {
        let telemetry = Telemetry::new("t");
        let tally = Tally::new(&telemetry);
        tally.request(Handling::Joined);
        tally.resolution(&Response::failure(Cause::Busy));
        tally.resolution(&Response::failure(Cause::TooLate));
        tally.exchange(Ending::of(Some(&Ok(Vec::new()))));
        tally.exchange(Ending::of(Some(&Err(ExchangeError::Besieged))));
        tally.exchange(Ending::of(Some(&Err(ExchangeError::NotSent))));
        tally.exchange(Ending::of(None));
        tally.exchange(Ending::Joined);
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
