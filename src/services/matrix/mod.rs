//! The Matrix Identity Service API, version 2 (Matrix specification, "Identity Service API"), below
//! `/_matrix/identity`: what Matrix clients and homeservers know an identity server by.
//!
//! Each endpoint has a file: what is asked, what is answered, and its tests. What is behind it is the
//! [`Verifier`]'s, or the ledger's.
//!
//! | path | who may ask | |
//! |---|---|---|
//! | `/versions`, `/v2` | all | which versions are spoken, that somebody is there |
//! | `/v2/account/register` | a user, by an OpenID token of his homeserver | an access token |
//! | `/v2/account`, `/v2/account/logout` | its holder | whose it is, and its end |
//! | `/v2/terms` | all; its holder | what is to be agreed to; agreeing |
//! | `/v2/validate/{email,msisdn}/requestToken` | users | a message with a token goes out |
//! | `/v2/validate/{email,msisdn}/submitToken` | users | the token comes back |
//! | the same by GET, and `/confirm` below it | who has the link | a page with a button; who presses it brings the token back |
//! | `/v2/3pid/getValidated3pid` | users | what a session has proved |
//! | `/v2/3pid/bind` | the user himself | the address is his, signed and published |
//! | `/v2/3pid/unbind` | who proved it his, or his homeserver | it is his no more |
//! | `/v2/pubkey/{keyId}`, `/v2/pubkey/isvalid`, `/v2/pubkey/ephemeral/isvalid` | all | keys |
//! | `/v2/store-invite` | the user who invites | an invitation waits, and a message tells of it |
//! | `/v2/sign-ed25519` | users | an invitation is signed, for who cannot sign |
//!
//! Users are those with an access token who agreed to the terms. Nobody is told more of a session than he
//! proves to know of it, and nobody whether an address has an account anywhere. Version 1 of the API is in
//! `v1`, as much of it as [`Version1`] says.
//!
//! Neither the log nor an error has an address, a token or a secret in it.

mod account;
mod bind;
mod email_request_token;
mod get_validated_3pid;
mod hash_details;
mod homeservers;
mod limits;
mod logout;
mod lookup;
mod msisdn_request_token;
mod next_link;
mod page;
mod parameters;
mod pubkey;
mod pubkey_ephemeral;
mod pubkey_is_valid;
mod refusal;
mod register;
mod sign_ed25519;
mod store_invite;
mod submit_token;
mod terms;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod token;
mod unbind;
mod v1;
mod versions;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::allowance::Gates;
use crate::clock::Clock;
use crate::codec::Url;
use crate::signed::{Json, Object};
use crate::store::StoreError;
use crate::store::ledger::Ledger;
use crate::telemetry::Telemetry;
use crate::transport::http::{Handler, Request, Response, Router, StatusCode, endpoint};
use crate::verifier::{Caller, Verifier};

use limits::CONTENT;

pub use homeservers::Homeservers;
pub use limits::{Bound, Bounds, Limits};
pub use lookup::{LookupLimits, Lookups, People};
pub use next_link::NextLinks;
pub use refusal::Refusal;
pub use terms::{Policy, Terms, Text};
pub use v1::Version1;

/// The port where `id_server` tells none.
const HTTPS: u16 = 443;
/// How often it is looked for access tokens that nobody uses.
const LOOK: Duration = Duration::from_secs(600);
/// How many are looked at in one piece of work.
const LOOKED_AT: usize = 1000;

/// How the service presents itself, and whom it serves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where clients reach it, of which scheme, host and port count: `https://id.example.com`. Host and port
    /// are what homeservers know it by.
    pub base_url: Url,
    /// What users have to agree to.
    pub terms: Terms,
    /// Where people may be sent on to.
    pub next_links: NextLinks,
    /// Whether who follows a link is asked to press a button.
    pub confirm_links: bool,
    /// How much of version 1 there is.
    pub version1: Version1,
    /// What may be taken.
    pub limits: Limits,
}

impl Settings {
    /// A service that clients reach at `base_url`, and all else as it is unless one says otherwise.
    pub fn new(base_url: Url) -> Self {
        Self {
            base_url,
            terms: Terms::default(),
            next_links: NextLinks::default(),
            confirm_links: true,
            version1: Version1::default(),
            limits: Limits::default(),
        }
    }

    /// What homeservers may know it by: the `id_server` of their clients, with the port of HTTPS or without.
    fn destinations(&self) -> Vec<String> {
        let authority = self.base_url.authority();
        let explicit = format!("{}:{HTTPS}", self.base_url.host());
        match self.base_url.port() {
            HTTPS => vec![authority, explicit],
            _ => vec![authority],
        }
    }

    /// A path of this service, as others reach it.
    fn url(&self, path: &str) -> String {
        let scheme = if self.base_url.is_secure() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.base_url.authority())
    }
}

/// What the service acts with.
#[derive(Clone)]
pub struct Means {
    /// Where accounts are kept: the verifier's ledger.
    pub ledger: Arc<Ledger>,
    /// Who proves, signs and publishes.
    pub verifier: Arc<Verifier>,
    /// Who says whose a token is, and what a homeserver has signed.
    pub homeservers: Arc<dyn Homeservers>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who finds people.
    pub lookups: Lookups,
}

/// An identity service: the state of all endpoints.
pub struct IdentityApi {
    settings: Settings,
    means: Means,
    gates: Gates<Bound>,
    /// Requests to look up addresses that are answered now.
    lookups: Semaphore,
}

impl fmt::Debug for IdentityApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityApi").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl IdentityApi {
    /// An identity service, which counts in `telemetry` whom it turns away.
    pub fn new(settings: Settings, means: Means, telemetry: &Telemetry) -> Arc<Self> {
        let gates = Gates::new(&settings.limits.bounds, telemetry, "identity_api_turned_away");
        let lookups = Semaphore::new(settings.limits.lookups.requests);
        Arc::new(Self { settings, means, gates, lookups })
    }

    /// The endpoints, for pages of any origin.
    pub fn router(self: &Arc<Self>) -> Router {
        let endpoints = [
            account::on,
            bind::on,
            email_request_token::on,
            get_validated_3pid::on,
            hash_details::on,
            logout::on,
            lookup::on,
            msisdn_request_token::on,
            pubkey::on,
            pubkey_ephemeral::on,
            pubkey_is_valid::on,
            register::on,
            sign_ed25519::on,
            store_invite::on,
            submit_token::on,
            terms::on,
            unbind::on,
            v1::on,
            versions::on,
        ];
        endpoints.iter().fold(Router::new(), |router, on| on(router, self)).with_cors()
    }

    /// Forgets access tokens that nobody uses, for good.
    pub async fn tend(self: &Arc<Self>) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let (now, idle) = (self.means.clock.now(), self.settings.limits.idle);
            let forget = move |ledger: &Ledger| ledger.expire_accounts(idle, now, LOOKED_AT);
            while self.kept(forget).await.is_ok_and(|looked_at| looked_at == LOOKED_AT) {}
        }
    }

    /// Lets the network that a request comes from come once more.
    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let errand =
            self.gates.errand().by_networks(Bound::RequestsPerNetwork, request.peer.ip(), ());
        Ok(errand.admit(self.means.clock.now())?)
    }

    /// Lets the network of a caller have a homeserver asked once more.
    fn admit_asking(&self, caller: &Caller) -> Result<(), Refusal> {
        let errand =
            self.gates.errand().by_networks(Bound::HomeserversPerNetwork, caller.network, ());
        Ok(errand.admit(self.means.clock.now())?)
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

/// An endpoint for everybody, who may send so much content.
fn open<A>(
    api: &Arc<IdentityApi>,
    octets: usize,
    answer: impl Fn(Arc<IdentityApi>, Caller, Request) -> A + Copy + Send + Sync + 'static,
) -> impl Handler
where
    A: Future<Output = Result<Response, Refusal>> + Send + 'static,
{
    let guarded = move |api: Arc<IdentityApi>, request: Request| async move {
        api.admit(&request)?;
        let caller = Caller { network: request.peer.ip(), mxid: None };
        answer(api, caller, request).await
    };
    endpoint(api, guarded).taking(octets)
}

/// An endpoint for users: those with an access token who agreed to the terms.
fn for_users<A>(
    api: &Arc<IdentityApi>,
    octets: usize,
    answer: impl Fn(Arc<IdentityApi>, Caller, Request) -> A + Copy + Send + Sync + 'static,
) -> impl Handler
where
    A: Future<Output = Result<Response, Refusal>> + Send + 'static,
{
    open(api, octets, move |api, caller, request| async move {
        let mxid = Some(token::user(&api, &request).await?);
        answer(api, Caller { mxid, ..caller }, request).await
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
