//! Where the service of a delegated zone is.

use super::{Answer, Publisher, Refusal, RefusalKind, Shelf, Spot, request};
use crate::crypto::{OsRandom, Random};
use crate::signed::{Host, ServerName};
use crate::stub::Proof;
use crate::transport::Exchange;
use crate::transport::http::Fetch;
use crate::wire::rdata::Srv;
use crate::wire::{Class, Name, Question, Rdata, Rtype};

/// Of how many SRV records one is chosen.
const MAX_SERVICES: usize = 16;

/// The port of HTTPS (RFC 9110 section 4.2.2).
const HTTPS: u16 = 443;

/// Where something can be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    /// The host, a name in the DNS.
    pub(super) host: String,
    /// The same as a name.
    pub(super) target: Name,
    /// The port.
    pub(super) port: u16,
}

impl Service {
    /// What an SRV record says; none where it names no host, or that there is no service.
    fn of(rdata: &Rdata) -> Option<(Srv, Self)> {
        let srv = Srv::parse(rdata).ok().filter(|srv| srv.port != 0)?;
        let host = srv.target.to_string().to_ascii_lowercase();
        let host: ServerName = host.strip_suffix('.')?.parse().ok()?;
        let Host::Dns(host) = host.host() else { return None };
        let service = Self { host: host.to_owned(), target: srv.target.clone(), port: srv.port };
        Some((srv, service))
    }

    /// Where to publish to the tree at `apex`.
    pub(super) fn location(&self, apex: &Name) -> String {
        let Self { host, port, .. } = self;
        let port = if *port == HTTPS { String::new() } else { format!(":{port}") };
        let (path, root) = (super::PATH, request::escape(&apex.to_string()));
        format!("https://{host}{port}{path}?root={root}")
    }
}

/// Chooses among SRV records: the least priority, and there by chance, as the weights say (RFC 2782).
fn choose(records: &[Rdata], random: &mut dyn Random) -> Option<Service> {
    let services = records.iter().take(MAX_SERVICES).filter_map(Service::of);
    let mut services: Vec<(Srv, Service)> = services.collect();
    let least = services.iter().map(|(srv, _)| srv.priority).min()?;
    services.retain(|(srv, _)| srv.priority == least);
    // One more for each, so that one of weight 0 has a small chance, too.
    let share = |srv: &Srv| u64::from(srv.weight) + 1;
    let mut drawn = random.below(services.iter().map(|(srv, _)| share(srv)).sum());
    for (srv, service) in services {
        match drawn.checked_sub(share(&srv)) {
            Some(rest) => drawn = rest,
            None => return Some(service),
        }
    }
    None
}

impl<E: Exchange + 'static, F: Fetch, S: Shelf> Publisher<E, F, S> {
    /// Tells where to send it.
    pub(super) async fn refer(&self, spot: &Spot, cut: &Name) -> Result<Answer, Refusal> {
        let location = self.service(cut).await?.location(&spot.apex);
        Ok(Answer::Delegated { zone: cut.clone(), location })
    }

    /// The service of the zone `cut`, as DNSSEC proves it. What is found, or not, is remembered by the
    /// client that asks.
    pub(super) async fn service(&self, cut: &Name) -> Result<Service, Refusal> {
        let wait = self.rules.limits.retry_after;
        let labels = [&b"_threepid-publish"[..], b"_tcp"].into_iter().chain(cut.labels());
        let Ok(name) = Name::from_labels(labels) else {
            return Err(RefusalKind::NoService.with(format!("{cut} is too long to have a service")));
        };
        let question = Question { name: name.clone(), rtype: Rtype::SRV, class: Class::IN };
        let found = self.client.resolve(question).await.map_err(|error| {
            let why = format!("where to publish for {cut} cannot be looked up now: {error}");
            RefusalKind::Undetermined.retry(why, wait)
        })?;
        if found.proof != Proof::Proved {
            let why = format!("where to publish for {cut} is {}: {name} SRV", found.proof);
            return Err(RefusalKind::NoService.retry(why, wait));
        }
        choose(found.data(), &mut OsRandom).ok_or_else(|| {
            let why = format!("{cut} has no service to publish at: there is none at {name} SRV");
            RefusalKind::NoService.retry(why, wait)
        })
    }
}
