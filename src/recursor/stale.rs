//! Answers whose time is over, told where no other is to be had, or not in time (RFC 8767).
//!
//! They never keep an answer from being looked for; but what could not be had is left alone for a
//! while, so that servers in trouble are not asked for each request (RFC 8767 section 5).

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::flight::RequestKey;
use super::tally::{Need, Tally};
use super::{Begun, Shared};
use crate::resolver::{Cause, FailureKey, Response, Staleness, Stored, Table};

/// A stale answer in place of one that is on its way.
#[derive(Debug)]
pub(super) struct Spare {
    response: Arc<Response>,
    /// When it is told at the latest.
    due: Instant,
    tally: Arc<Tally>,
}

impl Spare {
    /// The response that arrives, where it does in time and is none that leaves something to be
    /// wanted; or else this.
    pub(super) async fn unless(
        self,
        arrival: impl Future<Output = Arc<Response>>,
    ) -> Arc<Response> {
        let need = match timeout_at(self.due, arrival).await {
            Ok(response) if !permits_stale(&response) => return response,
            Ok(_) => Need::Failed,
            Err(_) => Need::Late,
        };
        self.tally.stale(need);
        self.response
    }
}

fn permits_stale(response: &Response) -> bool {
    response.failure.as_ref().is_some_and(Cause::permits_stale)
}

impl<E> Shared<E> {
    /// What is told to who asked, where there is a stale answer for it.
    pub(super) fn spared(&self, key: &RequestKey, begun: Begun) -> Begun {
        match begun {
            Begun::Known(response) if permits_stale(&response) => match self.stale(key) {
                Some(stale) => {
                    self.tally.stale(Need::Failed);
                    Begun::Known(stale)
                }
                None => Begun::Known(response),
            },
            Begun::Known(response) => Begun::Known(response),
            Begun::Awaited(follower) => {
                let due = follower.begun() + self.limits.patience;
                let tally = self.tally.clone();
                let spare = self.stale(key).map(|response| Spare { response, due, tally });
                Begun::Awaited(follower.spared(spare))
            }
        }
    }

    /// Leaves alone for a while what could not be had, where there is a stale answer for it.
    pub(super) fn rest(&self, key: RequestKey, response: &Response) {
        let Some(cause) = response.failure.clone().filter(Cause::permits_stale) else { return };
        let is_ours = matches!(cause, Cause::Busy | Cause::BrokenOff);
        if !is_ours && !key.anew && self.stale(&key).is_some() {
            let RequestKey { question, checking, anew } = key;
            let entry = Stored::new(cause, self.clock.now(), self.limits.recheck);
            self.memory.put(FailureKey::Request { question, checking, anew }, Arc::new(entry));
        }
    }

    fn stale(&self, key: &RequestKey) -> Option<Arc<Response>> {
        let (most, now, policy) = (self.limits.stale?, self.clock.now(), self.policy.load());
        let staleness = Staleness { most, limits: &policy.limits, now };
        staleness.response(&key.question, key.checking, &self.memory).map(Arc::new)
    }
}
