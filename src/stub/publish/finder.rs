//! Finding where to publish through the trees themselves.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::{Places, ServiceError, location};
use crate::codec::Url;
use crate::crypto::OsRandom;
use crate::stub::Client;
use crate::transport::Exchange;
use crate::wire::Name;

/// Knows the roots, with the server to publish to each; without, the SRV record of its zone tells, where DNSSEC
/// proves it. Hosts with a name in one of the trees are looked up there.
#[derive(Debug)]
pub struct Finder<E> {
    client: Client<E>,
    roots: BTreeMap<Name, Option<Url>>,
}

impl<E: Exchange + 'static> Finder<E> {
    /// One that asks through `client`, whose roots these are.
    pub fn new(client: Client<E>, roots: impl IntoIterator<Item = (Name, Option<Url>)>) -> Self {
        Self { client, roots: roots.into_iter().collect() }
    }
}

impl<E: Exchange + 'static> Places for Finder<E> {
    async fn start(&self, apex: &Name) -> Result<Vec<Url>, ServiceError> {
        let url = |url: Result<Url, _>| {
            url.map_err(|error| ServiceError::Url { zone: apex.clone(), error })
        };
        match self.roots.get(apex) {
            None => Err(ServiceError::Unknown(apex.clone())),
            Some(Some(server)) => Ok(vec![url(location(server, apex))?]),
            Some(None) => {
                let services = self.client.services(apex, &mut OsRandom).await?;
                services.iter().map(|service| url(service.location(apex))).collect()
            }
        }
    }

    async fn addresses(&self, place: &Url) -> Result<Option<Vec<SocketAddr>>, ServiceError> {
        self.client.addresses(place).await
    }
}
