//! Finding where to publish through the trees themselves.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::{Places, ServiceError, location};
use crate::codec::Url;
use crate::crypto::OsRandom;
use crate::stub::Client;
use crate::transport::{Exchange, Network};
use crate::wire::Name;

/// Finds where to publish to the roots of a client: the SRV records of their zones tell, where DNSSEC proves
/// them. Hosts with a name in one of the trees are looked up there.
#[derive(Debug)]
pub struct Finder<E = Network> {
    client: Client<E>,
    given: BTreeMap<Name, Url>,
}

impl<E: Exchange + 'static> Finder<E> {
    /// One that asks through `client`.
    pub fn new(client: Client<E>) -> Self {
        Self { client, given: BTreeMap::new() }
    }

    /// The same, and for the root at `apex` this server is asked, whatever its zone tells.
    #[must_use]
    pub fn publishing_to(mut self, apex: Name, server: Url) -> Self {
        self.given.insert(apex, server);
        self
    }
}

impl<E: Exchange + 'static> Places for Finder<E> {
    async fn start(&self, apex: &Name) -> Result<Vec<Url>, ServiceError> {
        let url = |url: Result<Url, _>| {
            url.map_err(|error| ServiceError::Url { zone: apex.clone(), error })
        };
        if !self.client.apexes().contains(apex) {
            return Err(ServiceError::Unknown(apex.clone()));
        }
        if let Some(server) = self.given.get(apex) {
            return Ok(vec![url(location(server, apex))?]);
        }
        let services = self.client.services(apex, &mut OsRandom).await?;
        services.iter().map(|service| url(service.location(apex))).collect()
    }

    async fn addresses(&self, place: &Url) -> Result<Option<Vec<SocketAddr>>, ServiceError> {
        self.client.addresses(place).await
    }
}
