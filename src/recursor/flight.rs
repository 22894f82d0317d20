//! Who asks the same at the same time waits for the same resolution: one leads it, all follow. The
//! questions of resolutions to servers are shared likewise in [`coalesce`](super::coalesce).

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::stale::Spare;
use crate::resolver::{Cause, Checking, Policy, Resolution, Response};
use crate::wire::Question;

/// What makes two requests the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RequestKey {
    pub(super) question: Question,
    /// Whether the answer is judged.
    pub(super) checking: Checking,
    /// Whether it is looked for though it may be known.
    pub(super) anew: bool,
}

impl RequestKey {
    /// The resolution that finds the answer.
    pub(super) fn resolution(&self, policy: Arc<Policy>) -> Resolution {
        let (question, checking) = (self.question.clone(), self.checking);
        match self.anew {
            false => Resolution::new(policy, question, checking),
            true => Resolution::anew(policy, question, checking),
        }
    }
}

type Outcome = watch::Receiver<Option<Arc<Response>>>;

type InFlight = Arc<Mutex<HashMap<RequestKey, Shared>>>;

/// A resolution in flight.
#[derive(Debug)]
struct Shared {
    outcome: Outcome,
    begun: Instant,
    /// How many have ever joined.
    followers: usize,
}

/// The resolutions in flight.
#[derive(Debug)]
pub(super) struct Resolutions {
    in_flight: InFlight,
    /// How many may follow one.
    most_followers: NonZeroUsize,
}

/// How a request takes part in a resolution.
pub(super) enum Part {
    /// It is for this one to begin.
    Lead(Leader, Follower),
    /// It is in flight.
    Follow(Follower),
    /// Too many follow already.
    Full,
}

/// Brings the response. Where it is dropped before, those who wait are told that it was
/// broken off.
pub(super) struct Leader {
    in_flight: InFlight,
    key: RequestKey,
    outcome: watch::Sender<Option<Arc<Response>>>,
}

/// Waits for the response to a question that is in flight.
#[derive(Debug)]
pub struct Follower {
    outcome: Outcome,
    /// When the resolution began.
    begun: Instant,
    /// What is told where the response does not come, or not in time.
    spare: Option<Spare>,
}

impl Resolutions {
    /// None are in flight. So many may follow each.
    pub(super) fn new(most_followers: NonZeroUsize) -> Self {
        Self { in_flight: InFlight::default(), most_followers }
    }

    pub(super) fn is_in_flight(&self, key: &RequestKey) -> bool {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// Follows the resolution of this request, or leads a new one. Who does not need the answer anew
    /// follows also who does.
    pub(super) fn join(&self, key: RequestKey) -> Part {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let anew = RequestKey { anew: true, ..key.clone() };
        let joined = if in_flight.contains_key(&anew) { &anew } else { &key };
        if let Some(shared) = in_flight.get_mut(joined) {
            if shared.followers >= self.most_followers.get() {
                return Part::Full;
            }
            shared.followers += 1;
            return Part::Follow(shared.follower());
        }
        let (leading, outcome) = watch::channel(None);
        let shared = Shared { outcome, begun: Instant::now(), followers: 1 };
        let follower = shared.follower();
        in_flight.insert(key.clone(), shared);
        let leader = Leader { in_flight: self.in_flight.clone(), key, outcome: leading };
        Part::Lead(leader, follower)
    }
}

impl Shared {
    fn follower(&self) -> Follower {
        Follower { outcome: self.outcome.clone(), begun: self.begun, spare: None }
    }
}

impl Leader {
    pub(super) fn key(&self) -> &RequestKey {
        &self.key
    }

    /// Whether anyone waits for the response.
    pub(super) fn is_followed(&self) -> bool {
        // Who follows has a receiver, and so has the entry that further ones copy.
        self.outcome.receiver_count() > 1
    }

    /// Tells all who follow.
    pub(super) fn tell(self, response: Response) {
        self.outcome.send_replace(Some(Arc::new(response)));
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Follower {
    /// Waits for the response; where a stale one does, no longer than for it to be in time.
    pub async fn response(self) -> Arc<Response> {
        let arrival = arrival(self.outcome);
        match self.spare {
            None => arrival.await,
            Some(spare) => spare.unless(arrival).await,
        }
    }

    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// The same, with something to be told where nothing comes in time.
    pub(super) fn spared(self, spare: Option<Spare>) -> Self {
        Self { spare, ..self }
    }
}

async fn arrival(mut outcome: Outcome) -> Arc<Response> {
    match outcome.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(response)) => response.clone(),
        _ => Arc::new(Response::failure(Cause::BrokenOff)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Class, Name, Rtype};

    #[tokio::test]
    async fn who_follows_is_told_of_a_lost_leader() {
        let resolutions = Resolutions::new(NonZeroUsize::MIN);
        let question = Question { name: Name::root(), rtype: Rtype::NS, class: Class::IN };
        let checking = Checking::Enabled;
        let join =
            |anew| resolutions.join(RequestKey { question: question.clone(), checking, anew });
        let Part::Lead(leader, follower) = join(true) else { panic!("nobody leads yet") };
        assert!(matches!(join(false), Part::Full));
        drop(leader);
        assert_eq!(follower.response().await.failure, Some(Cause::BrokenOff));
        assert!(matches!(join(true), Part::Lead(..)), "the next one leads anew");
    }
}
