//! The part of the process that proves addresses, and answers Matrix clients.

mod certified;
mod homeservers;
mod looking;
mod open;
mod publishing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::authority::Place;
use crate::clock::{Clock, Timestamp};
use crate::config::{self, Config, Lookup, Mistake};
use crate::crypto::OsRandom;
use crate::directory::{self, Directory, Sources};
use crate::homeserver::{self, Homeservers, PublicNames};
use crate::services::cosign;
use crate::services::matrix::{self, IdentityApi, Lookups, People};
use crate::store::ledger::Ledger;
use crate::stub::Client;
use crate::stub::publish::{self, Outbox, Publisher, Runner};
use crate::telemetry::Telemetry;
use crate::transport::http::{HttpClient, Reach};
use crate::transport::{self, Network};
use crate::verifier::{self, Delegate, Verifier};
use crate::wire::Name;

use super::admin::Status;
use super::list_expiry::Reader;
use super::web::WebServer;
use super::{Hosting, LoadError, StartError, aside};

use certified::Certified;
use homeservers::Told;
use looking::Looking;
use publishing::Publishing;

pub use open::Opened;
pub(super) use open::open;

/// How long the end waits for what is being written.
const CLOSING: Duration = Duration::from_secs(5);
/// How often it is looked whether it is.
const GLANCE: Duration = Duration::from_millis(10);

/// Proves addresses, and answers Matrix clients, until it is stopped.
pub(super) struct IdentityPart {
    pub(super) web: WebServer,
    verifier: Arc<Verifier>,
    client: Client,
    looking: Arc<Looking>,
    publishing: Publishing,
    directory: Option<Directory>,
    ledger: Weak<Ledger>,
    /// Ends what goes on beside by being dropped.
    stop: watch::Sender<()>,
    tasks: JoinSet<()>,
}

/// The sections that it is made of.
#[derive(Clone, Copy)]
pub(super) struct Plan<'p> {
    path: &'p Path,
    verification: &'p config::Verification,
    api: &'p config::IdentityApi,
    client: &'p config::Client,
}

impl<'p> Plan<'p> {
    /// Those of `config`, where it has them.
    pub(super) fn of(config: &'p Config) -> Option<Self> {
        let Config { path, verification, identity_api, client, .. } = config;
        let (verification, api) = (verification.as_ref()?, identity_api.as_ref()?);
        Some(Self { path, verification, api, client: client.as_ref()? })
    }
}

impl IdentityPart {
    /// Starts to answer as `plan` says; hashed lookups from what is in `hosting`.
    pub(super) async fn start(
        plan: Plan<'_>,
        opened: Opened,
        hosting: Option<&Hosting>,
        clock: &Arc<dyn Clock>,
        status: &Arc<Status>,
    ) -> Result<Self, StartError> {
        let (ledger, outbox) = (plan.ledger().await?, plan.outbox()?);
        let held = Arc::downgrade(&ledger);
        let client = plan.trees(clock);
        let looking = Arc::new(Looking::new(&client, &plan.client.verifiers, &opened.keys));
        let homeservers = Arc::new(plan.homeservers(opened.homeservers, clock, &status.telemetry));
        let means = verifier::Means {
            ledger: Arc::clone(&ledger),
            outbox: outbox.clone(),
            tree: looking.clone(),
            couriers: opened.couriers,
            web: Arc::new(opened.web.clone()),
            homeservers: Arc::new(Told(Arc::clone(&homeservers))),
            clock: Arc::clone(clock),
        };
        let settings = plan.settings(opened.delegates);
        let verifier = Arc::new(Verifier::new(opened.keys, settings, means, &status.telemetry));
        let directory = plan.directory(hosting, &client, &ledger, clock)?;
        let api = IdentityApi::new(
            plan.api_settings(),
            matrix::Means {
                ledger,
                verifier: Arc::clone(&verifier),
                homeservers,
                clock: Arc::clone(clock),
                lookups: plan.lookups(&looking, directory.as_ref()),
            },
            &status.telemetry,
        );
        let router = cosign::on(api.router(), &verifier);
        let web = WebServer::start(&plan.api.web, plan.path, opened.tls, Arc::new(router))?;

        let finder = plan.client.finder(client.clone());
        let publisher = Publisher::new(opened.web, finder, publish::Limits::default())
            .following_to(plan.client.follow_to.clone());
        let runner = Runner::new(publisher, outbox);
        let shows = plan.api.log_addresses;
        let publishing = Publishing::start(runner, Arc::clone(clock), Arc::clone(status), shows);
        let mut part = Self {
            web,
            verifier,
            client,
            looking,
            publishing,
            directory,
            ledger: held,
            stop: watch::Sender::new(()),
            tasks: JoinSet::new(),
        };
        part.go_on(api);
        part.watch_certificates(plan, clock, status);
        Ok(part)
    }

    /// Begins what goes on beside.
    fn go_on(&mut self, api: Arc<IdentityApi>) {
        let (verifier, mut stopped) = (Arc::clone(&self.verifier), self.stop.subscribe());
        self.tasks.spawn(async move {
            let stopped = async move {
                let _ = stopped.changed().await;
            };
            verifier.run(stopped).await;
        });
        self.tasks.spawn(async move { api.tend().await });
        if let Some(directory) = self.directory.clone() {
            self.tasks.spawn(directory.run());
        }
    }

    /// Looks whether this server is certified for what it signs.
    fn watch_certificates(&mut self, plan: Plan<'_>, clock: &Arc<dyn Clock>, status: &Arc<Status>) {
        let certified = Certified {
            client: self.client.clone(),
            verifier: Arc::clone(&self.verifier),
            scope: plan.verification.policy.scope.clone(),
            clock: Arc::clone(clock),
            status: Arc::clone(status),
        };
        self.tasks.spawn(certified.watch());
    }

    /// Signs with the keys of `opened` from here on, and goes by what proves the trees of `plan` now.
    pub(super) fn replace(&self, plan: Plan<'_>, opened: Opened, now: Timestamp) {
        self.web.follow_certificate();
        self.looking.believe(&plan.client.verifiers, &opened.keys);
        self.verifier.sign_with(opened.keys);
        plan.client.renew(&self.client, now);
        if let Some(directory) = &self.directory {
            directory.renew();
        }
    }

    /// What goes by the root list of `plan`.
    pub(super) fn reader(&self, plan: Plan<'_>) -> Option<Reader> {
        let (list, client) = (plan.client.root_list.clone()?, self.client.clone());
        let suspend = Box::new(move |trees: &[Name]| client.suspend(trees));
        Some(Reader { plan: list, loss: "nobody is found or bound in", suspend })
    }

    /// Answers what is asked already, and ends.
    pub(super) async fn stop(self) {
        let Self { web, verifier, publishing, directory, stop, mut tasks, ledger, .. } = self;
        web.stop("[identity_api]").await;
        drop(stop);
        publishing.stop().await;
        tasks.shutdown().await;
        drop((verifier, directory));
        closed(&ledger).await;
    }
}

/// Waits until nobody has the ledger any more: what was begun is done to its end, though nobody waits for it.
async fn closed(ledger: &Weak<Ledger>) {
    let all = async {
        while ledger.strong_count() > 0 {
            sleep(GLANCE).await;
        }
    };
    if timeout(CLOSING, all).await.is_err() {
        tracing::warn!("what is being written to the ledger is not waited for");
    }
}

impl Plan<'_> {
    /// What makes a start impossible, at the place of the ledger in the configuration.
    fn mistake(&self, message: String) -> StartError {
        let position = self.verification.ledger.position;
        LoadError::of_mistake(self.path, Mistake { position, message }).into()
    }

    async fn ledger(&self) -> Result<Arc<Ledger>, StartError> {
        let path = self.verification.ledger.value.clone();
        let told = format!("the ledger {}", path.display());
        let ledger = aside(move || Ledger::open(&path)).await;
        ledger.map(Arc::new).map_err(|error| self.mistake(format!("{told}: {error}")))
    }

    fn outbox(&self) -> Result<Outbox, StartError> {
        let path = self.client.outbox.as_deref().unwrap_or(Path::new(""));
        let outbox = Outbox::open(path, publish::Limits::default());
        outbox.map_err(|error| self.mistake(format!("the outbox {error}")))
    }

    /// What looks through the trees.
    fn trees(&self, clock: &Arc<dyn Clock>) -> Client {
        let client = self.client.client();
        self.client.suspend(&client, clock.now());
        client
    }

    fn homeservers(
        &self,
        fetch: HttpClient,
        clock: &Arc<dyn Clock>,
        telemetry: &Telemetry,
    ) -> Homeservers<HttpClient> {
        let resolver = self.client.resolver;
        let network = Network::new(&transport::Limits::default()).towards([resolver]);
        let names = PublicNames::new(network, Arc::clone(clock), resolver);
        let reach = Reach::Internet { and: self.api.homeservers_in.clone() };
        let limits = homeserver::Limits::default();
        Homeservers::new(fetch, names, reach, Arc::clone(clock), limits, telemetry)
    }

    fn settings(&self, delegates: Vec<Delegate>) -> verifier::Settings {
        let plan = self.verification;
        verifier::Settings {
            bounds: plan.bounds.clone(),
            delegates,
            cosigners: plan.cosigners.clone(),
            askers: plan.askers.clone(),
            log_addresses: self.api.log_addresses,
            ..verifier::Settings::new(plan.policy.clone(), plan.links.clone())
        }
    }

    fn api_settings(&self) -> matrix::Settings {
        matrix::Settings {
            terms: self.api.terms.clone(),
            next_links: self.api.next_links.clone(),
            confirm_links: self.api.confirm_links,
            version1: self.api.version1,
            limits: matrix::Limits { bounds: self.api.bounds.clone(), ..matrix::Limits::default() },
            ..matrix::Settings::new(self.verification.links.base.clone())
        }
    }

    /// What finds people by hashes of their addresses, where that is offered.
    fn directory(
        &self,
        hosting: Option<&Hosting>,
        client: &Client,
        ledger: &Arc<Ledger>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Directory>, StartError> {
        let Some(hosting) = hosting.filter(|_| self.api.lookups.contains(&Lookup::Sha256)) else {
            return Ok(None);
        };
        let zones = hosting.clone();
        let sources = Sources {
            store: hosting.store().clone(),
            apexes: client.apexes().to_vec(),
            answers: Arc::new(move |name| matches!(zones.locate(name), Place::Hosted { .. })),
            ledger: Arc::clone(ledger),
            clock: Arc::clone(clock),
            random: Box::new(OsRandom),
        };
        let directory = Directory::open(sources, directory::Policy::default());
        directory.map(Some).map_err(|error| self.mistake(format!("the ledger: {error}")))
    }

    fn lookups(&self, looking: &Arc<Looking>, directory: Option<&Directory>) -> Lookups {
        let through_the_trees = self.api.lookups.contains(&Lookup::None);
        let people: Arc<dyn People> = looking.clone();
        Lookups { people: through_the_trees.then_some(people), directory: directory.cloned() }
    }
}
