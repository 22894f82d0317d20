//! Where a zone says that it takes statements (RFC 2782).

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

use super::PATH;
use crate::codec::{Host, Url, UrlError, percent};
use crate::crypto::Random;
use crate::stub::{Client, LookupError, Proof};
use crate::transport::Exchange;
use crate::wire::rdata::{Srv, address};
use crate::wire::{Name, Rdata, Rtype};

/// Of how many SRV records the first are looked at.
const MAX_RECORDS: usize = 16;

/// A server that takes statements for a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The host, in the DNS.
    pub target: Name,
    /// The port.
    pub port: u16,
}

/// Why it is not known where to publish.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServiceError {
    /// It cannot be looked up now.
    #[error("where to publish for {zone} cannot be looked up: {error}")]
    Lookup {
        /// For which zone.
        zone: Name,
        /// Why not.
        error: Box<LookupError>,
    },
    /// A server's addresses, which its name in a tree has, cannot be looked up now.
    #[error("the addresses of {host} cannot be looked up: {error}")]
    Addresses {
        /// Of which server.
        host: String,
        /// Why not.
        error: Box<LookupError>,
    },
    /// It was found, and is not proved.
    #[error("where to publish for {zone} is {proof}")]
    Unproved {
        /// For which zone.
        zone: Name,
        /// What there is in place of a proof.
        proof: Proof,
    },
    /// There is no service, as is proved.
    #[error(
        "{0} has no service to publish at: there is no SRV record at _threepid-publish._tcp.{0}"
    )]
    None(Name),
    /// It cannot be written as a URL.
    #[error("where to publish for {zone} is no URL: {error}")]
    Url {
        /// For which zone.
        zone: Name,
        /// In what.
        error: UrlError,
    },
    /// The tree is none of those that are configured.
    #[error("{0} is no root of the configuration any more")]
    Unknown(Name),
}

impl Service {
    /// What an SRV record says; none where it names no host, or says that there is no service.
    fn read(rdata: &Rdata) -> Option<(Srv, Self)> {
        let srv = Srv::parse(rdata).ok().filter(|srv| srv.port != 0 && !srv.target.is_root())?;
        let service = Self { target: srv.target.clone(), port: srv.port };
        Some((srv, service))
    }

    /// The services that these records name, in an order to try them in: by priority, and there by
    /// chance, as the weights say.
    pub fn in_order(records: &[Rdata], random: &mut dyn Random) -> Vec<Self> {
        let read = records.iter().take(MAX_RECORDS).filter_map(Self::read);
        let mut left: Vec<(Srv, Self)> = read.collect();
        // RFC 2782: those of weight 0 come first, so that they have a small chance.
        left.sort_by_key(|(srv, _)| (srv.priority, srv.weight));
        let mut ordered = Vec::with_capacity(left.len());
        while let Some((first, _)) = left.first() {
            let priority = first.priority;
            let same = left.iter().take_while(|(srv, _)| srv.priority == priority);
            let weights: Vec<u64> = same.map(|(srv, _)| srv.weight.into()).collect();
            let mut drawn = random.below(weights.iter().sum::<u64>() + 1);
            let chosen = weights.iter().position(|weight| {
                let is_it = drawn <= *weight;
                drawn = drawn.saturating_sub(*weight);
                is_it
            });
            ordered.push(left.remove(chosen.unwrap_or(0)).1);
        }
        ordered
    }

    /// Where it takes statements for the tree at `apex`.
    ///
    /// # Errors
    /// Where its host is no name of one.
    pub fn location(&self, apex: &Name) -> Result<Url, UrlError> {
        location(&Url::https(&self.target.to_string(), self.port, "/")?, apex)
    }
}

/// Where the server of a URL takes statements for the tree at `apex`.
///
/// # Errors
/// Where the name is too long for that: none is.
pub fn location(server: &Url, apex: &Name) -> Result<Url, UrlError> {
    server.with_target(&format!("{PATH}?root={}", percent(&apex.to_string())))
}

impl<E: Exchange + 'static> Client<E> {
    /// The services that take statements for `zone`, as DNSSEC proves it, in an order to try them in.
    ///
    /// # Errors
    /// Where there is none, or that cannot be told.
    pub async fn services(
        &self,
        zone: &Name,
        random: &mut dyn Random,
    ) -> Result<Vec<Service>, ServiceError> {
        let none = || ServiceError::None(zone.clone());
        let labels = [&b"_threepid-publish"[..], b"_tcp"].into_iter().chain(zone.labels());
        let name = Name::from_labels(labels).map_err(|_| none())?;
        let found = self.resolve(&name, Rtype::SRV).await.map_err(|error| {
            let (zone, error) = (zone.clone(), Box::new(error));
            ServiceError::Lookup { zone, error }
        })?;
        let unproved = |proof| ServiceError::Unproved { zone: zone.clone(), proof };
        let found = found.proved().map_err(unproved)?;
        let services = Service::in_order(found.data(), random);
        if services.is_empty() { Err(none()) } else { Ok(services) }
    }

    /// The addresses of a URL's host, with its port, where it has a name in one of the trees; none where
    /// the system should find them.
    ///
    /// # Errors
    /// Where they cannot be looked up.
    pub async fn addresses(&self, url: &Url) -> Result<Option<Vec<SocketAddr>>, ServiceError> {
        let Host::Name(host) = url.host() else { return Ok(None) };
        let Ok(name) = host.parse::<Name>() else { return Ok(None) };
        if !self.apexes().iter().any(|apex| name.is_at_or_below(apex)) {
            return Ok(None);
        }
        let (six, four) =
            tokio::join!(self.addresses_of(&name, Rtype::AAAA), self.addresses_of(&name, Rtype::A));
        let (mut found, mut failure) = (Vec::new(), None);
        for looked_up in [six, four] {
            match looked_up {
                Ok(addresses) => found.extend(addresses),
                Err(error) => failure = Some(Box::new(error)),
            }
        }
        match failure.filter(|_| found.is_empty()) {
            Some(error) => Err(ServiceError::Addresses { host: host.clone(), error }),
            None => Ok(Some(found.into_iter().map(|found| (found, url.port()).into()).collect())),
        }
    }

    async fn addresses_of(&self, name: &Name, rtype: Rtype) -> Result<Vec<IpAddr>, LookupError> {
        let found = self.resolve(name, rtype).await?;
        Ok(found.data().iter().filter_map(|rdata| address(rtype, rdata).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Rdata {
        let numbers = [priority, weight, port].map(u16::to_be_bytes).concat();
        let target: Name = target.parse().unwrap();
        Rdata::new([&numbers[..], target.as_wire()].concat()).unwrap()
    }

    #[test]
    fn the_least_priority_is_first_and_weights_are_shares() {
        let records = [
            srv(2, 9, 1, "last.example."),
            srv(1, 30, 2, "often.example."),
            srv(1, 10, 3, "seldom.example."),
            srv(1, 0, 4, "hardly.example."),
            srv(0, 0, 0, "nothing.example."),
            srv(0, 0, 5, "."),
            Rdata::new(vec![1]).unwrap(),
        ];
        let mut random = SeededRandom::new(7);
        let mut first = [0; 5];
        for _ in 0..4000 {
            let ports: Vec<u16> =
                Service::in_order(&records, &mut random).iter().map(|it| it.port).collect();
            assert_eq!((ports.len(), ports[3]), (4, 1));
            first[usize::from(ports[0])] += 1;
        }
        assert_eq!((first[0], first[1]), (0, 0));
        assert!((2700..3100).contains(&first[2]) && (800..1100).contains(&first[3]), "{first:?}");
        assert!((40..180).contains(&first[4]), "{first:?}");
    }

    #[test]
    fn locations_name_the_tree() {
        let apex: Name = "3pid.example.".parse().unwrap();
        let service = |port, target: &str| Service { target: target.parse().unwrap(), port };
        let url = service(443, "Publish.example.").location(&apex).unwrap().to_string();
        assert_eq!(url, "https://publish.example/_threepid/v1/associations?root=3pid.example.");
        let url = service(8448, "publish.example.").location(&Name::root()).unwrap().to_string();
        assert!(url.ends_with(".example:8448/_threepid/v1/associations?root=."), "{url}");
        assert!(service(1, "a\\032b.example.").location(&apex).is_err());
    }
}
