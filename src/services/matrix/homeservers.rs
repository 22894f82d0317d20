//! What homeservers are asked for their users.

use std::net::IpAddr;

use crate::association::Mxid;
use crate::homeserver::{self, Refused};
use crate::signed::ServerName;
use crate::transport::http::{BoxFuture, Fetch, Request};

/// Homeservers, who say whose a token is and what they have signed. Tests play them.
pub trait Homeservers: Send + Sync {
    /// The user of `server` whose OpenID token this is, as a client at `client` tells.
    fn owner<'a>(
        &'a self,
        server: &'a ServerName,
        openid_token: &'a str,
        client: IpAddr,
    ) -> BoxFuture<'a, Result<Mxid, Refused>>;

    /// The homeserver that signed a request to one of `destinations`.
    fn authenticate<'a>(
        &'a self,
        request: &'a Request,
        destinations: &'a [String],
    ) -> BoxFuture<'a, Result<ServerName, Refused>>;
}

impl<F: Fetch> Homeservers for homeserver::Homeservers<F> {
    fn owner<'a>(
        &'a self,
        server: &'a ServerName,
        openid_token: &'a str,
        client: IpAddr,
    ) -> BoxFuture<'a, Result<Mxid, Refused>> {
        Box::pin(self.owner(server, openid_token, client))
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a Request,
        destinations: &'a [String],
    ) -> BoxFuture<'a, Result<ServerName, Refused>> {
        Box::pin(self.authenticate(request, destinations))
    }
}
