//! One attempt to publish a statement at one root.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::timeout;

use super::{Done, Limits, Referral, Reply, ServiceError};
use crate::association::Statement;
use crate::codec::Url;
use crate::threepid::Threepid;
use crate::transport::http::{Bytes, Fetch, FetchError, Incoming, Outgoing, Reach, StatusCode};
use crate::wire::{Name, Prefix};

/// Knows where statements are published, and where that is.
pub trait Places: Send + Sync {
    /// Where the root at `apex` takes statements, in an order to try them in.
    ///
    /// # Errors
    /// Where that is not known.
    fn start(&self, apex: &Name) -> impl Future<Output = Result<Vec<Url>, ServiceError>> + Send;

    /// The addresses of a URL's host, with its port, where they are found in the trees; none where the
    /// system should find them.
    ///
    /// # Errors
    /// Where they cannot be looked up.
    fn addresses(
        &self,
        url: &Url,
    ) -> impl Future<Output = Result<Option<Vec<SocketAddr>>, ServiceError>> + Send;
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

    /// The same, where the root had referred to this zone.
    fn referred_to(self, zone: &Name) -> Self {
        match self {
            Self::Later { reason, wait } => {
                Self::Later { reason: format!("referred to {zone}: {reason}"), wait }
            }
            done @ Self::Done(_) => done,
        }
    }
}

/// Where a statement may go.
struct Way {
    reach: Reach,
    /// Whether it goes to the root's own servers. Those may be anywhere, and others, too, where those are not on the
    /// internet.
    at_root: bool,
}

/// Publishes statements.
#[derive(Debug)]
pub struct Publisher<F, P> {
    fetch: F,
    places: P,
    /// Networks besides the internet that referrals may lead to.
    allowed: Vec<Prefix>,
    pub(super) limits: Limits,
}

impl<F: Fetch, P: Places> Publisher<F, P> {
    /// One that sends by `fetch` to where `places` says.
    pub fn new(fetch: F, places: P, limits: Limits) -> Self {
        Self { fetch, places, allowed: Vec::new(), limits }
    }

    /// Follows referrals into these networks, too. Where a root's own servers are on no address of the
    /// [internet](crate::wire::is_global), it follows them anywhere: all of the tree is inside then.
    #[must_use]
    pub fn following_to(self, allowed: Vec<Prefix>) -> Self {
        Self { allowed, ..self }
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
        let reach = Reach::Internet { and: self.allowed.clone() };
        let mut way = Way { reach, at_root: true };
        for _ in 0..=self.limits.hops {
            let referral = match self.send(&urls, &body, &mut way).await {
                Ok(response) => self.follow(&response, &zone, owner, apex),
                Err(attempt) => Err(attempt),
            };
            match referral {
                Ok(referral) => (zone, urls) = (referral.zone, vec![referral.url]),
                Err(attempt) if way.at_root => return attempt,
                Err(attempt) => return attempt.referred_to(&zone),
            }
            way.at_root = false;
        }
        Attempt::later(format!("more than {} referrals", self.limits.hops))
    }

    /// Sends it to the first server that answers.
    async fn send(&self, urls: &[Url], body: &Bytes, way: &mut Way) -> Result<Incoming, Attempt> {
        let mut failure = Attempt::later("there is no server to publish at");
        for url in urls.iter().take(self.limits.services) {
            match self.ask(url, body, way).await {
                Ok(response) => return Ok(response),
                Err(attempt) => failure = attempt,
            }
        }
        Err(failure)
    }

    async fn ask(&self, url: &Url, body: &Bytes, way: &mut Way) -> Result<Incoming, Attempt> {
        let addresses = self.places.addresses(url).await.map_err(Attempt::later)?;
        let request = Outgoing::post_json(url.clone(), body.clone());
        let request = Outgoing { addresses, reach: way.reach.clone(), ..request };
        match self.fetch.fetch(request.clone()).await {
            Err(FetchError::OutOfReach(_)) if way.at_root => {
                way.reach = Reach::Anywhere;
                self.fetch.fetch(Outgoing { reach: Reach::Anywhere, ..request }).await
            }
            answer => answer,
        }
        .map_err(Attempt::later)
    }

    /// Where a server of the zone `from` refers to; or else what came of it all.
    fn follow(
        &self,
        response: &Incoming,
        from: &Name,
        owner: &Name,
        apex: &Name,
    ) -> Result<Referral, Attempt> {
        match Reply::read(response, &self.limits) {
            Reply::Stored => Err(Attempt::Done(Done::Stored)),
            Reply::Merged => Err(Attempt::Done(Done::Merged)),
            Reply::Unchanged => Err(Attempt::Done(Done::Unchanged)),
            Reply::Referred { zone } => {
                Referral::read(response, zone, from, owner, apex).map_err(Attempt::later)
            }
            Reply::Refused { status, errcode, error, wait } => Err(match status {
                _ if !is_final(status, &errcode) => {
                    let reason = format!("the server answers {status}: {error}");
                    Attempt::Later { reason, wait }
                }
                StatusCode::CONFLICT => Attempt::Done(Done::Superseded),
                _ => Attempt::Done(Done::Refused { errcode, error }),
            }),
            Reply::Unreadable { status, wait } => {
                let reason =
                    format!("the server answers {status}, and not as one to publish at does");
                Err(Attempt::Later { reason, wait })
            }
        }
    }
}

/// Whether the server has judged the statement: it would say the same the next time. That there is no
/// such service, or that the body broke off, is nothing about the statement.
fn is_final(status: StatusCode, errcode: &str) -> bool {
    let may_pass = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    let judges_nothing = ["M_UNRECOGNIZED", "M_UNKNOWN"].contains(&errcode);
    status.is_client_error() && !may_pass.contains(&status) && !judges_nothing
}
