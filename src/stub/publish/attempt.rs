//! One attempt to publish a statement at one root.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::timeout;

use super::answer::Answer;
use super::{Done, Limits, Referral, ServiceError};
use crate::association::Statement;
use crate::codec::Url;
use crate::threepid::Threepid;
use crate::transport::http::{Bytes, Fetch, Incoming, Outgoing};
use crate::wire::Name;

/// Knows where statements are published, and where that is.
pub trait Places: Send + Sync {
    /// Where the root at `apex` takes statements, in an order to try them in.
    ///
    /// # Errors
    /// Where that is not known.
    fn start(&self, apex: &Name) -> impl Future<Output = Result<Vec<Url>, ServiceError>> + Send;

    /// The addresses of a URL's host, with its port, where they are found in the trees; none where the
    /// system should find them.
    fn addresses(&self, url: &Url) -> impl Future<Output = Option<Vec<SocketAddr>>> + Send;
}

/// What came of one attempt at one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It need not be tried again.
    Done(Done),
    /// It may be otherwise another time.
    Later {
        /// What stood in the way.
        reason: String,
        /// How long the root asks to wait.
        wait: Option<Duration>,
    },
}

impl Attempt {
    /// Something stands in the way.
    fn later(reason: impl ToString) -> Self {
        Self::Later { reason: reason.to_string(), wait: None }
    }
}

/// Publishes statements.
#[derive(Debug)]
pub struct Publisher<F, P> {
    fetch: F,
    places: P,
    pub(super) limits: Limits,
}

impl<F: Fetch, P: Places> Publisher<F, P> {
    /// One that sends by `fetch` to where `places` says.
    pub fn new(fetch: F, places: P, limits: Limits) -> Self {
        Self { fetch, places, limits }
    }

    /// Tries once to publish a statement about `threepid` at the root at `apex`.
    pub async fn publish(
        &self,
        apex: &Name,
        threepid: &Threepid,
        statement: &Statement,
    ) -> Attempt {
        let body = Bytes::from(statement.to_json(threepid));
        let owner = match threepid.owner(apex) {
            Ok(owner) => owner,
            Err(error) => {
                let errcode = "M_INVALID_PARAM".to_owned();
                return Attempt::Done(Done::Refused { errcode, error: error.to_string() });
            }
        };
        let time = self.limits.attempt;
        let attempt = timeout(time, self.descend(apex, &owner, body)).await;
        attempt.unwrap_or_else(|_| Attempt::later(format!("no answer in {} s", time.as_secs())))
    }

    /// Asks the root, and from there on whoever is referred to.
    async fn descend(&self, apex: &Name, owner: &Name, body: Bytes) -> Attempt {
        let mut urls = match self.places.start(apex).await {
            Ok(urls) => urls,
            Err(error) => return Attempt::later(error),
        };
        let mut zone = apex.clone();
        for _ in 0..=self.limits.hops {
            let response = match self.send(&urls, &body).await {
                Ok(response) => response,
                Err(attempt) => return attempt,
            };
            let object = match Answer::read(&response, &self.limits) {
                Answer::Attempt(attempt) => return attempt,
                Answer::Referral(object) => object,
            };
            match Referral::read(&response, &object, &zone, owner, apex) {
                Ok(referral) => (zone, urls) = (referral.zone, vec![referral.url]),
                Err(error) => return Attempt::later(error),
            }
        }
        Attempt::later(format!("more than {} referrals", self.limits.hops))
    }

    /// Sends it to the first server that answers.
    async fn send(&self, urls: &[Url], body: &Bytes) -> Result<Incoming, Attempt> {
        let mut failure = Attempt::later("there is no server to publish at");
        for url in urls.iter().take(self.limits.services) {
            let addresses = self.places.addresses(url).await;
            let request = Outgoing { addresses, ..Outgoing::post_json(url.clone(), body.clone()) };
            match self.fetch.fetch(request).await {
                Ok(response) => return Ok(response),
                Err(error) => failure = Attempt::later(error),
            }
        }
        Err(failure)
    }
}
