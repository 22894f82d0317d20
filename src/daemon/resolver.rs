//! The part of the process that resolves names for clients.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::{self, Mistake};
use crate::dnssec::rollover::TrustPoint;
use crate::recursor::{self, Recursor};
use crate::resolver::Policy;
use crate::services::dns::{self, Access, DnsService, Role, Served, recurse};
use crate::telemetry::Telemetry;
use crate::transport::{self, Listener, Network, Parts, Server, Service, Sources};

use super::admin::Status;
use super::anchors::Keeper;
use super::error::advice;
use super::list_expiry::Reader;
use super::listen::bind;
use super::{LoadError, StartError};

/// Resolves names until it is stopped.
pub(super) struct ResolverPart {
    pub(super) addresses: Vec<SocketAddr>,
    /// What the recursor was made of: its cache is kept as long as this stays.
    plan: Plan,
    served: Arc<ArcSwap<Served>>,
    recursor: Arc<ArcSwap<Recursor<Network>>>,
    /// Keeps the recursor's anchors, where they are kept.
    keeper: Option<Keeper>,
    clock: Arc<dyn Clock>,
    status: Arc<Status>,
    server: Server,
    recursion: JoinHandle<()>,
}

/// What a recursor is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    policy: Policy,
    sources: Sources,
    limits: recursor::Limits,
}

impl Plan {
    fn of(config: &config::Resolver) -> Self {
        let limits = recursor::Limits { cache_octets: config.cache_size, ..Default::default() };
        let limits = config.caching.limits(limits);
        let sources = config.sources.iter().map(|source| source.value).collect();
        // What is suspended comes and goes, and the cache stays.
        let policy = Policy { suspended: Vec::new(), ..config.policy.clone() };
        Self { policy, sources: Sources::new(sources), limits }
    }

    fn recursor(&self, clock: &Arc<dyn Clock>, telemetry: &Telemetry) -> Recursor<Network> {
        let resolvers = self.policy.forwards.iter().flat_map(|forward| &forward.resolvers);
        let exchange = Network::new(&transport::Limits::default())
            .from(self.sources.clone())
            .towards(resolvers.copied());
        let (policy, limits) = (self.policy.clone(), self.limits.clone());
        Recursor::counted(policy, exchange, Arc::clone(clock), limits, telemetry)
    }

    /// Has a recursor go by the anchors of the configuration.
    fn trust_configured(&self, recursor: &Recursor<Network>) {
        for root in &self.policy.roots {
            recursor.trust(&root.apex, &root.anchors);
        }
    }
}

/// Keeps the anchors of `recursor`, where `config` says so.
fn keep(
    config: &config::Resolver,
    points: Vec<TrustPoint>,
    recursor: &Recursor<Network>,
    clock: &Arc<dyn Clock>,
) -> Option<Keeper> {
    let directory = config.anchor_dir.as_ref()?.value.clone();
    Some(Keeper::start(directory, points, recursor.clone(), Arc::clone(clock)))
}

/// Looks whether questions can go out from the addresses that `config` names, which stands in the file
/// `path`.
///
/// # Errors
/// With each that they cannot go out from.
pub(super) fn try_sources(config: &config::Resolver, path: &Path) -> Result<(), LoadError> {
    let refused = config.sources.iter().filter_map(|source| {
        let error = Sources::try_out(source.value).err()?;
        let (address, advice) = (source.value, advice(&error));
        let message = format!("questions cannot go out from {address}: {error}{advice}");
        Some(Mistake { position: source.position, message })
    });
    let refused: Vec<Mistake> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(LoadError::of_mistakes(path, refused)) }
}

fn served(config: &config::Resolver) -> Served {
    let role = Role::Resolver(Access::new(&config.allow));
    Served { client: config.client.clone(), ..Served::new(role) }
}

impl ResolverPart {
    /// Starts to resolve as `config` says, which stands in the file `path`, and to keep the anchors of
    /// these trust points.
    pub(super) fn start(
        config: &config::Resolver,
        path: &Path,
        points: Vec<TrustPoint>,
        clock: &Arc<dyn Clock>,
        status: &Arc<Status>,
    ) -> Result<Self, StartError> {
        let (limits, telemetry) = (transport::Limits::default(), &status.telemetry);
        try_sources(config, path)?;
        let listeners = bind(path, &config.listen, &limits)?;
        let addresses = listeners.iter().map(Listener::local).collect();
        let plan = Plan::of(config);
        let served = Arc::new(ArcSwap::from_pointee(served(config)));
        let recursor = plan.recursor(clock, telemetry);
        recursor.suspend(&config.policy.suspended);
        let keeper = keep(config, points, &recursor, clock);
        let recursor = Arc::new(ArcSwap::from_pointee(recursor));
        let service = |_: SocketAddr| -> Box<dyn Service> {
            Box::new(DnsService::new(Arc::clone(&served), Arc::clone(clock), telemetry))
        };
        let (later, questions) = transport::queue(&limits);
        let parts = Parts { services: &service, later, limits: &limits, telemetry };
        let server = Server::start(listeners, &parts).map_err(StartError::System)?;
        drop(parts);
        let (asked, said, counting) =
            (Arc::clone(&recursor), Arc::clone(&served), Arc::clone(status));
        let recursion = tokio::spawn(async move {
            recurse(questions, said, asked, dns::Limits::default(), &counting.telemetry).await;
        });
        let (clock, status) = (Arc::clone(clock), Arc::clone(status));
        Ok(Self { addresses, plan, served, recursor, keeper, clock, status, server, recursion })
    }

    /// Resolves as `config` says from here on.
    pub(super) async fn replace(&mut self, config: &config::Resolver, mut points: Vec<TrustPoint>) {
        self.served.store(Arc::new(served(config)));
        let plan = Plan::of(config);
        let recursor = match plan == self.plan {
            true => Recursor::clone(&self.recursor.load()),
            false => {
                tracing::info!("the resolver starts with an empty cache: its settings changed");
                plan.recursor(&self.clock, &self.status.telemetry)
            }
        };
        recursor.suspend(&config.policy.suspended);
        if let Some(mut keeper) = self.keeper.take() {
            keeper.stop().await;
            match &config.anchor_dir {
                Some(directory) => points = keeper.update(&directory.value, points),
                None => plan.trust_configured(&recursor),
            }
        }
        self.keeper = keep(config, points, &recursor, &self.clock);
        self.recursor.store(Arc::new(recursor));
        self.plan = plan;
    }

    /// What goes by the root list of `config`, where there is one.
    pub(super) fn reader(&self, config: &config::Resolver) -> Option<Reader> {
        let plan = config.root_list.clone()?;
        let recursor = Recursor::clone(&self.recursor.load());
        let suspend = Box::new(move |trees: &[_]| recursor.suspend(trees));
        Some(Reader { plan, loss: "nothing is answered in", suspend })
    }

    /// What is known of the keys of trees, where that is kept.
    pub(super) fn points(&self) -> Option<watch::Receiver<Vec<TrustPoint>>> {
        self.keeper.as_ref().map(Keeper::points)
    }

    /// Answers what is asked already, and ends.
    pub(super) async fn stop(self) {
        if let Some(mut keeper) = self.keeper {
            keeper.stop().await;
        }
        self.server.stop().await;
        // Without the server nobody can ask any more: recursion ends with the last answer.
        if let Err(error) = self.recursion.await {
            tracing::error!(%error, "recursion ended badly");
        }
    }
}
