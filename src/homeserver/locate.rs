//! Where a homeserver is ("Resolving server names").

use std::net::SocketAddr;

use super::{Homeservers, Refused, unreachable};
use crate::codec::{Url, UrlError};
use crate::signed::{Host, ServerName};
use crate::stub::publish::Service;
use crate::transport::http::Fetch;
use crate::wire::Name;

/// Where homeservers are that do not tell.
const PORT: u16 = 8448;

/// Where to send requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Whose certificate is expected, and who is asked for: the field `Host`.
    pub(super) authority: String,
    /// Where to connect to; without, wherever that leads.
    pub(super) addresses: Option<Vec<SocketAddr>>,
}

impl Place {
    /// The URL of a target there.
    pub(super) fn url(&self, target: &str) -> Result<Url, UrlError> {
        format!("https://{}{target}", self.authority).parse()
    }
}

impl<F: Fetch> Homeservers<F> {
    /// The place that a server's name leads to.
    pub(super) async fn locate(&self, server: &ServerName) -> Result<Place, Refused> {
        if let Some(place) = told(server) {
            return Ok(place);
        }
        let Some(delegated) = self.delegated(server.as_str()).await? else {
            return self.looked_up(server, server.as_str()).await;
        };
        match told(&delegated) {
            Some(place) => Ok(place),
            None => self.looked_up(server, delegated.as_str()).await,
        }
    }

    /// The place that the DNS tells for a host, which is `server` or who acts for it.
    async fn looked_up(&self, server: &ServerName, host: &str) -> Result<Place, Refused> {
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for (target, port) in self.targets(server, host).await? {
            match self.names.addresses(target).await {
                Ok(found) => {
                    addresses.extend(found.into_iter().map(|ip| SocketAddr::new(ip, port)))
                }
                Err(why) => tracing::debug!(%server, %why, "a host of it has no addresses"),
            }
        }
        Ok(Place { authority: host.to_owned(), addresses: Some(addresses) })
    }

    /// The hosts and ports that the SRV records of a host name; where there are none, itself.
    async fn targets(
        &self,
        server: &ServerName,
        host: &str,
    ) -> Result<Vec<(String, u16)>, Refused> {
        for service in ["_matrix-fed", "_matrix"] {
            let name = format!("{service}._tcp.{host}").parse::<Name>();
            let name = name.map_err(|why| unreachable(server, &why))?;
            let found = self.names.services(name).await;
            let found = found.map_err(|why| unreachable(server, &why))?;
            if !found.is_empty() {
                let target = |service: Service| (service.target.to_string(), service.port);
                return Ok(found.into_iter().take(self.limits.services).map(target).collect());
            }
        }
        Ok(vec![(host.to_owned(), PORT)])
    }
}

/// The place that a name with an address or a port tells by itself.
fn told(server: &ServerName) -> Option<Place> {
    let addresses = match (server.host(), server.port()) {
        (Host::Ip(address), None) => Some(vec![(address, PORT).into()]),
        (_, Some(_)) => None,
        (Host::Dns(_), None) => return None,
    };
    Some(Place { authority: server.to_string(), addresses })
}
