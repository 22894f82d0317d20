//! What the DNS tells of homeservers.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::lookup_host;

use crate::clock::Clock;
use crate::crypto::OsRandom;
use crate::stub::publish::Service;
use crate::stub::{Client, Limits, LookupError};
use crate::transport::http::BoxFuture;
use crate::transport::{Exchange, Network};
use crate::wire::{Name, Rtype};

/// Looks names up.
pub trait Names: Send + Sync + 'static {
    /// What the SRV records at `name` tell, in an order to try it in (RFC 2782); nothing where there are
    /// none.
    fn services(&self, name: Name) -> BoxFuture<'_, Result<Vec<Service>, LookupError>>;

    /// The addresses of a host.
    fn addresses(&self, host: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>>;
}

/// The public DNS: a resolver tells the SRV records, and the system the addresses of hosts, as it does for
/// all others that are connected to. Nothing of it has to be proved: homeservers prove who they are by
/// their certificates.
#[derive(Debug)]
pub struct PublicNames<E = Network> {
    client: Client<E>,
}

impl<E: Exchange + 'static> PublicNames<E> {
    /// Asks `resolver`.
    pub fn new(exchange: E, clock: Arc<dyn Clock>, resolver: SocketAddr) -> Self {
        Self { client: Client::without_trees(exchange, clock, resolver, Limits::default()) }
    }
}

impl<E: Exchange + 'static> Names for PublicNames<E> {
    fn services(&self, name: Name) -> BoxFuture<'_, Result<Vec<Service>, LookupError>> {
        Box::pin(async move {
            let found = self.client.resolve(&name, Rtype::SRV).await?;
            Ok(Service::in_order(found.data(), &mut OsRandom))
        })
    }

    fn addresses(&self, host: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
