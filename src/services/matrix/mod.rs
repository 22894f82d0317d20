//! The Matrix Identity Service API, version 2 (Matrix specification, "Identity Service API"), below
//! `/_matrix/identity`: what Matrix clients and homeservers know an identity server by.
//!
//! Each endpoint has a file: what is asked, what is answered, and its tests.

mod account;
mod limits;
mod logout;
mod parameters;
mod pubkey_ephemeral;
mod refusal;
mod terms;
#[cfg(test)]
mod testing;
mod token;
mod versions;

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::allowance::Rates;
use crate::association::Mxid;
use crate::clock::Clock;
use crate::codec::Url;
use crate::signed::{Json, Object};
use crate::store::StoreError;
use crate::store::ledger::Ledger;
use crate::transport;
use crate::transport::http::{Handler, Request, Response, Router, StatusCode, endpoint};

use limits::CONTENT;

pub use limits::Limits;
pub use refusal::Refusal;
pub use terms::{Policy, Terms, Text};

/// How the service presents itself, and whom it serves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where clients reach it: `https://id.example.com`.
    pub base_url: Url,
    /// What users have to agree to.
    pub terms: Terms,
    /// What may be taken.
    pub limits: Limits,
}

/// What the service acts with.
#[derive(Clone)]
pub struct Means {
    /// Where accounts are kept.
    pub ledger: Arc<Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The state of all endpoints.
pub struct IdentityApi {
    settings: Settings,
    means: Means,
    /// How often each network came.
    networks: Rates,
    /// How often each user came.
    users: Rates,
}

impl IdentityApi {
    /// An identity service.
    pub fn new(settings: Settings, means: Means) -> Self {
        let networks = Rates::new(settings.limits.per_network);
        let users = Rates::new(settings.limits.per_user);
        Self { settings, means, networks, users }
    }

    /// The endpoints, for pages of any origin.
    pub fn router(self) -> Router {
        let api = &Arc::new(self);
        let endpoints = [account::on, logout::on, pubkey_ephemeral::on, terms::on, versions::on];
        endpoints.iter().fold(Router::new(), |router, on| on(router, api)).with_cors()
    }

    /// Lets the network that a request comes from come once more.
    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let network = transport::client(request.peer.ip());
        self.networks.admit(network, self.means.clock.now()).map_err(Refusal::too_often)
    }

    /// Reads or writes what is kept. It waits for the disk on a thread of its own.
    async fn kept<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Ledger) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let ledger = self.means.ledger.clone();
        let done = spawn_blocking(move || work(&ledger)).await;
        done.map_err(|_| Refusal::failed())?.map_err(Refusal::from)
    }
}

/// Who asks, by the access token of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Whose the token is.
    pub(crate) mxid: Mxid,
    /// Where the request comes from.
    pub(crate) network: IpAddr,
}

/// An endpoint for everybody, who may send so much content.
fn open<A>(
    api: &Arc<IdentityApi>,
    octets: usize,
    answer: impl Fn(Arc<IdentityApi>, Request) -> A + Copy + Send + Sync + 'static,
) -> impl Handler
where
    A: Future<Output = Result<Response, Refusal>> + Send + 'static,
{
    let guarded = move |api: Arc<IdentityApi>, request: Request| async move {
        api.admit(&request)?;
        answer(api, request).await
    };
    endpoint(api, guarded).taking(octets)
}

/// An endpoint for those with an access token who agreed to the terms.
fn for_users<A>(
    api: &Arc<IdentityApi>,
    octets: usize,
    answer: impl Fn(Arc<IdentityApi>, User, Request) -> A + Copy + Send + Sync + 'static,
) -> impl Handler
where
    A: Future<Output = Result<Response, Refusal>> + Send + 'static,
{
    open(api, octets, move |api, request| async move {
        let user = token::user(&api, &request).await?;
        answer(api, user, request).await
    })
}

/// The response to what needs no other than that it is done.
fn done() -> Response {
    Response::object(StatusCode::OK, &Object::default())
}

/// The response that tells whether a key is valid.
fn validity(is_valid: bool) -> Response {
    Response::object(StatusCode::OK, &Object::from_iter([("valid", Json::Bool(is_valid))]))
}
