//! Asking homeservers: whose token this is, who signed this request, and telling them of their users
//! (Matrix specification, Server-Server API).
//!
//! A homeserver is asked at the place that its name leads to ("Resolving server names"):
//!
//! | its name | the place |
//! |---|---|
//! | has an address, or a port | there; 8448 is the port where none is told |
//! | else, where `https://<name>/.well-known/matrix/server` names another | what that leads to by this row and the next |
//! | else, where it has SRV records: `_matrix-fed._tcp`, then `_matrix._tcp` | as they tell |
//! | else | at port 8448 |
//!
//! Whoever answers there proves to be the one by the certificate of the name itself, or of the one that
//! `.well-known` names. Anybody may name a homeserver, so requests go where [`Reach`] lets them, and all
//! that is read, kept and waited for has its bound in [`Limits`]. One that does not answer holds up those who
//! name it: who else asks, and whom, goes on.

mod keys;
mod limits;
mod locate;
mod memory;
mod names;
mod passes;
#[cfg(test)]
mod tests;
mod well_known;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use thiserror::Error;
use tokio::time::timeout;

use crate::association::Mxid;
use crate::clock::Clock;
use crate::codec::{self, Url, percent};
use crate::signed::{
    Authorization, KeyName, Limits as JsonLimits, Object, ServerName, SignedError, SignedRequest,
};
use crate::telemetry::Telemetry;
use crate::transport::http::{
    Fetch, FetchError, Incoming, Outgoing, Reach, Request, StatusCode, header,
};

pub use limits::Limits;
pub use names::{Names, PublicNames};

use keys::ServerKeys;
use memory::Memory;
use passes::{By, Passes};
use well_known::Delegation;

/// What is not known of a homeserver, or not done by it. What it says itself is for strangers, too; why it cannot
/// be reached is for the log alone, as it may tell of networks that are ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// Too many are being asked now.
    #[error("too many homeservers are being asked now")]
    Busy,
    /// It cannot be found, or does not answer.
    #[error("the homeserver {0} cannot be asked now")]
    Unreachable(ServerName),
    /// It answers with a status of failure.
    #[error("the homeserver {server} answered {status}")]
    Failed {
        /// Who.
        server: ServerName,
        /// With what.
        status: StatusCode,
    },
    /// It answers something else than it should.
    #[error("the homeserver {server} did not answer with {expected}")]
    Unusable {
        /// Who.
        server: ServerName,
        /// What was expected.
        expected: &'static str,
    },
    /// The OpenID token is nobody's there.
    #[error("the homeserver {0} does not know the token")]
    Token(ServerName),
    /// The homeserver says that the token is of somebody who is no user of it.
    #[error("the homeserver {0} speaks for users of another one")]
    Foreign(ServerName),
    /// No homeserver signed the request.
    #[error("no X-Matrix authorization")]
    Unsigned,
    /// The authorization or the content is malformed, or the signature does not verify.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The homeserver has no such key for requests.
    #[error("there is no key {0}")]
    Key(KeyName),
}

impl Refused {
    /// Whether it may be otherwise later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Busy | Self::Unreachable(_) => true,
            Self::Failed { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => false,
        }
    }
}

/// Asks homeservers, and remembers where they are and what their keys are.
pub struct Homeservers<F> {
    fetch: F,
    names: Box<dyn Names>,
    reach: Reach,
    clock: Arc<dyn Clock>,
    limits: Limits,
    passes: Passes,
    /// By host, in lower case.
    delegations: Memory<String, Delegation>,
    keys: Memory<ServerName, ServerKeys>,
}

impl<F> fmt::Debug for Homeservers<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Homeservers").field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl<F: Fetch> Homeservers<F> {
    /// Asks by `fetch`, within `reach`. It counts in `telemetry` whom it turns away.
    pub fn new(
        fetch: F,
        names: impl Names,
        reach: Reach,
        clock: Arc<dyn Clock>,
        limits: Limits,
        telemetry: &Telemetry,
    ) -> Self {
        Self {
            fetch,
            names: Box::new(names),
            reach,
            clock,
            passes: Passes::new(telemetry),
            delegations: Memory::new(limits.remembered),
            keys: Memory::new(limits.remembered),
            limits,
        }
    }

    /// The user of `server` whose OpenID token this is, as a client at `client` tells.
    ///
    /// # Errors
    /// [`Refused::Token`] where it is nobody's, [`Refused::Foreign`] where the server names somebody
    /// who is not its own; and where it cannot be asked.
    pub async fn owner(
        &self,
        server: &ServerName,
        openid_token: &str,
        client: IpAddr,
    ) -> Result<Mxid, Refused> {
        let refused = || Refused::Token(server.clone());
        if openid_token.len() > self.limits.token_octets {
            return Err(refused());
        }
        let token = percent(openid_token);
        let target = format!("/_matrix/federation/v1/openid/userinfo?access_token={token}");
        let answer = self.ask(server, By::Client(client), &target, Outgoing::get).await?;
        if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status) {
            return Err(refused());
        }
        let sub = object(server, &answer)?.string("sub").and_then(|sub| sub.parse::<Mxid>().ok());
        let unusable = || Refused::Unusable { server: server.clone(), expected: "a user in `sub`" };
        let mxid = sub.ok_or_else(unusable)?;
        match mxid.server() == *server {
            true => Ok(mxid),
            false => Err(Refused::Foreign(server.clone())),
        }
    }

    /// The homeserver that signed a request to us, who are one of `destinations` to it: it signs the name that it was
    /// given, as it was given. The signature is over the method, the target and the content.
    ///
    /// # Errors
    /// [`Refused::Unsigned`], [`Refused::Signed`] or [`Refused::Key`] where nobody signed it; and where the
    /// one who may have cannot be asked for his keys.
    pub async fn authenticate(
        &self,
        request: &Request,
        destinations: &[String],
    ) -> Result<ServerName, Refused> {
        let content = match request.body.is_empty() {
            true => None,
            false => Some(Object::parse(&request.body, &JsonLimits::default())?),
        };
        let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let (method, uri) = (request.method.as_str(), &format!("{}{query}", request.path));
        let value = request.headers.get(header::AUTHORIZATION).ok_or(Refused::Unsigned)?;
        let authorization: Authorization =
            value.to_str().map_err(|_| Refused::Unsigned)?.parse()?;
        let public = self.key(&authorization.key, request.peer.ip()).await?;
        let verified = destinations.iter().map(|destination| {
            let content = content.as_ref();
            SignedRequest { method, uri, destination, content }.verify(&authorization, &public)
        });
        verified.reduce(Result::or).ok_or(Refused::Unsigned)??;
        Ok(authorization.key.server)
    }

    /// Tells a homeserver that an identifier belongs to one of its users now, and of the invitations that
    /// wait for him.
    ///
    /// # Errors
    /// Where it does not take it, or cannot be asked.
    pub async fn onbind(&self, server: &ServerName, content: &Object) -> Result<(), Refused> {
        let body = content.to_octets();
        let post = |url| Outgoing::post_json(url, body);
        let answer = self.ask(server, By::Us, "/_matrix/federation/v1/3pid/onbind", post).await?;
        succeeded(server, &answer)
    }

    /// Sends a request to where the server's name leads, within the time there is.
    async fn ask(
        &self,
        server: &ServerName,
        by: By,
        target: &str,
        request: impl FnOnce(Url) -> Outgoing,
    ) -> Result<Incoming, Refused> {
        let _pass = self.passes.ask(server, by, &self.limits)?;
        let asked = async {
            let place = self.locate(server).await?;
            let url = place.url(target).map_err(|error| unreachable(server, &error))?;
            let request = Outgoing { addresses: place.addresses, ..request(url) };
            self.send(request).await?.map_err(|error| unreachable(server, &error))
        };
        let late = |_| Err(unreachable(server, &"it takes too long"));
        timeout(self.limits.time, asked).await.unwrap_or_else(late)
    }

    /// Sends a request to the first of its addresses that can be connected to, one of a few to its network.
    async fn send(&self, request: Outgoing) -> Result<Result<Incoming, FetchError>, Refused> {
        let addresses = match self.addresses(&request).await {
            Ok(addresses) => addresses,
            Err(error) => return Ok(Err(error)),
        };
        let mut failure = FetchError::NoAddress(request.url.host().to_string());
        for address in addresses.into_iter().take(self.limits.addresses) {
            let _pass = self.passes.send(address.ip(), &self.limits)?;
            let (addresses, reach) = (Some(vec![address]), self.reach.clone());
            let there = Outgoing { addresses, reach, ..request.clone() };
            match self.fetch.fetch(there).await {
                Err(error @ (FetchError::Connect { .. } | FetchError::OutOfReach(_))) => {
                    failure = error;
                }
                answer => return Ok(answer),
            }
        }
        Ok(Err(failure))
    }

    /// Where a request goes: where it is told to, or wherever its URL leads.
    async fn addresses(&self, request: &Outgoing) -> Result<Vec<SocketAddr>, FetchError> {
        let port = request.url.port();
        match (&request.addresses, request.url.host()) {
            (Some(addresses), _) => Ok(addresses.clone()),
            (None, codec::Host::Address(address)) => Ok(vec![(*address, port).into()]),
            (None, codec::Host::Name(name)) => {
                let found = self.names.addresses(name.clone()).await;
                let found =
                    found.map_err(|error| FetchError::Resolve { host: name.clone(), error });
                Ok(found?.into_iter().map(|address| (address, port).into()).collect())
            }
        }
    }
}

/// Tells the log why.
fn unreachable(server: &ServerName, why: &dyn fmt::Display) -> Refused {
    tracing::debug!(%server, %why, "a homeserver cannot be asked");
    Refused::Unreachable(server.clone())
}

fn succeeded(server: &ServerName, answer: &Incoming) -> Result<(), Refused> {
    match answer.status {
        StatusCode::OK => Ok(()),
        status => Err(Refused::Failed { server: server.clone(), status }),
    }
}

/// The object that a server answered.
fn object(server: &ServerName, answer: &Incoming) -> Result<Object, Refused> {
    succeeded(server, answer)?;
    let unusable = |_| Refused::Unusable { server: server.clone(), expected: "canonical JSON" };
    Object::parse(&answer.body, &JsonLimits::default()).map_err(unusable)
}
