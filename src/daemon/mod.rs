//! The process: what the configuration says, brought up, kept going and brought down.
//!
//! A [`Daemon`] is one process' worth of service; several can run in one process, as in the [`demo`].

mod admin;
pub mod anchors;
mod authority;
pub mod demo;
mod error;
mod hosting;
mod identity;
mod key_watch;
pub mod keys;
mod list_expiry;
pub mod list_watch;
mod listen;
mod load;
mod publish;
pub mod purposes;
mod renewal;
mod resolver;
mod restart;
mod signals;
pub mod signing_keys;
#[cfg(test)]
mod tests;
mod watched;
mod web;
pub mod zone_edit;
pub mod zone_file;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Mistake};
use crate::services::admin::Health;

use admin::{AdminPart, Status};
use authority::AuthorityPart;
pub use error::{Refused, StartError};
use hosting::OpenStore;
pub use hosting::{FromFile, Hosting};
pub use identity::Opened as OpenedIdentity;
use identity::{IdentityPart, Plan};
use list_expiry::Reader;
use list_watch::ListWatch;
pub use load::{LoadError, LoadFault, Loaded, check, load, read};
pub use publish::Opened;
use publish::PublishPart;
use resolver::ResolverPart;
pub use signals::{Order, Signals};

/// What a [`Daemon`] can go over to: its configuration and zones, read again, and without mistakes.
pub struct Prepared {
    config: Config,
    loaded: Loaded,
    hosting: Option<hosting::Prepared>,
}

/// Everything a configuration asks for, at work.
pub struct Daemon {
    /// What it was started with.
    config: Config,
    clock: Arc<dyn Clock>,
    status: Arc<Status>,
    authority: Option<AuthorityPart>,
    publish: Option<PublishPart>,
    resolver: Option<ResolverPart>,
    identity: Option<IdentityPart>,
    /// Follows the root lists of the parts.
    lists: ListWatch,
    admin: Option<AdminPart>,
}

impl Daemon {
    /// Brings up what `config` says. It answers from when this returns.
    ///
    /// # Errors
    /// Where zones or keys have mistakes, or addresses cannot be served on. Then nothing is left
    /// running.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let status = Arc::new(Status::new());
        let admin = match &config.admin.listen {
            Some(listen) => Some(AdminPart::start(&config, listen, &status).await?),
            None => None,
        };
        let (authority, publish, resolver, identity) = (None, None, None, None);
        let lists = ListWatch::start(Vec::new(), &Arc::default(), &clock, &status);
        let mut daemon =
            Self { config, clock, status, authority, publish, resolver, identity, lists, admin };
        match daemon.start_parts().await {
            Ok(()) => {
                daemon.status.set(Health::Ready);
                Ok(daemon)
            }
            Err(error) => {
                daemon.stop().await;
                Err(error)
            }
        }
    }

    async fn start_parts(&mut self) -> Result<(), StartError> {
        let (config, clock) = (self.config.clone(), Arc::clone(&self.clock));
        let loaded = aside(move || load(&config, clock.now())).await?;
        announce(&loaded);
        let Self { config, clock, status, .. } = self;
        if let Some(plan) = &config.authority {
            let (path, mut zones, files) = (&config.path, loaded.authority, loaded.files);
            let opened = OpenStore::of(plan, path, &mut zones, files, clock).await?;
            self.authority = Some(AuthorityPart::start(
                plan,
                path,
                (zones, &loaded.purposes),
                opened,
                clock,
                status,
            )?);
        }
        if let Some(plan) = &config.resolver {
            let points = loaded.points;
            self.resolver = Some(ResolverPart::start(plan, &config.path, points, clock, status)?);
        }
        let hosting = self.authority.as_ref().and_then(|part| part.hosting.as_ref());
        if let (Some(plan), Some(opened), Some(hosting)) =
            (&config.publish, loaded.publish, hosting.map(|part| &part.handle))
        {
            let points = self.resolver.as_ref().and_then(ResolverPart::points);
            let (path, status) = (&config.path, &**status);
            let part = PublishPart::start(plan, path, opened, points, hosting, clock, status)?;
            self.publish = Some(part);
        }
        if let (Some(plan), Some(opened)) = (Plan::of(config), loaded.identity) {
            let hosting = hosting.map(|part| &part.handle);
            self.identity = Some(IdentityPart::start(plan, opened, hosting, clock, status).await?);
        }
        let readers = self.readers(&self.config);
        self.lists = ListWatch::start(readers, &loaded.purposes, &self.clock, &self.status);
        Ok(())
    }

    /// Waits until there is reason to [`Daemon::reload`] that nobody has told: a newer root list.
    pub async fn outdated(&self) {
        self.lists.newer().await;
    }

    /// The parts that go by a root list, with those that `config` names.
    fn readers(&self, config: &Config) -> Vec<Reader> {
        let resolver = self.resolver.as_ref().zip(config.resolver.as_ref());
        let publish = self.publish.as_ref().zip(config.publish.as_ref());
        let resolver = resolver.and_then(|(part, plan)| part.reader(plan));
        let identity = self.identity.as_ref().zip(Plan::of(config));
        let publish = publish.and_then(|(part, plan)| part.reader(plan));
        let identity = identity.and_then(|(part, plan)| part.reader(plan));
        resolver.into_iter().chain(publish).chain(identity).collect()
    }

    /// Reads the configuration's file again, with its zones and keys, and goes over to what they say.
    /// Addresses, the paths of certificates, threads and logs stay as they are until the next start: it is
    /// told of each that would change.
    ///
    /// # Errors
    /// With every mistake. Then everything stays as it was.
    pub async fn reload(&mut self) -> Result<(), LoadError> {
        let outcome = self.try_reload().await;
        self.status.count_reload(outcome.is_ok());
        outcome
    }

    async fn try_reload(&mut self) -> Result<(), LoadError> {
        let prepared = self.prepare().await?;
        self.go_over(prepared).await;
        Ok(())
    }

    /// The first half of a reload: reads everything. Nothing is served otherwise, but the store takes nothing
    /// any more for what is delegated from now on.
    ///
    /// # Errors
    /// With every mistake.
    pub async fn prepare(&self) -> Result<Prepared, LoadError> {
        let (path, clock) = (self.config.path.clone(), Arc::clone(&self.clock));
        let (config, mut loaded) = aside(move || read(&path, clock.now())).await?;
        if let Some(plan) = &config.resolver {
            resolver::try_sources(plan, &config.path)?;
        }
        let hosting = self.prepare_hosting(&config, &mut loaded).await?;
        announce(&loaded);
        Ok(Prepared { config, loaded, hosting })
    }

    /// Makes ready what the store holds for other zones, where they have one.
    async fn prepare_hosting(
        &self,
        config: &Config,
        loaded: &mut Loaded,
    ) -> Result<Option<hosting::Prepared>, LoadError> {
        let store = |config: &Config| config.authority.as_ref().and_then(|plan| plan.store.clone());
        let Some((plan, located)) = config.authority.as_ref().zip(store(config)) else {
            return Ok(None);
        };
        let part = self.authority.as_ref().and_then(|part| part.hosting.as_ref());
        let opened = store(&self.config).filter(|opened| opened.value == located.value);
        let Some(part) = part.filter(|_| opened.is_some()) else {
            let message = "another store is opened at the next start only".to_owned();
            let mistake = Mistake { position: located.position, message };
            return Err(LoadError::of_mistake(&config.path, mistake));
        };
        let files = std::mem::take(&mut loaded.files);
        let places = (plan, &located);
        part.prepare(&config.path, places, &mut loaded.authority, files).await.map(Some)
    }

    /// The second half of a reload, which cannot fail.
    pub async fn go_over(&mut self, prepared: Prepared) {
        let Prepared { config, loaded, hosting } = prepared;
        let Loaded { authority: zones, points, publish, identity, purposes, .. } = loaded;
        if let (Some(part), Some(plan)) = (&self.authority, &config.authority) {
            part.warn_of_old_serials(&zones);
            part.replace(plan, (zones, &purposes), hosting).await;
        }
        self.lists.stop().await;
        if let (Some(part), Some(plan)) = (&mut self.resolver, &config.resolver) {
            part.replace(plan, points).await;
        }
        if let (Some(part), Some(plan), Some(opened)) = (&self.publish, &config.publish, publish) {
            let points = self.resolver.as_ref().and_then(ResolverPart::points);
            part.replace(plan, opened, points, &self.status);
        }
        if let (Some(part), Some(plan), Some(opened)) =
            (&self.identity, Plan::of(&config), identity)
        {
            part.replace(plan, opened, self.clock.now());
        }
        self.lists = ListWatch::start(self.readers(&config), &purposes, &self.clock, &self.status);
        for setting in restart::put_off(&self.config, &config) {
            tracing::warn!("{setting}");
        }
    }

    /// Answers what is asked already, and ends.
    pub async fn stop(self) {
        self.status.set(Health::Stopping);
        if let Some(identity) = self.identity {
            identity.stop().await;
        }
        if let Some(publish) = self.publish {
            publish.stop().await;
        }
        if let Some(authority) = self.authority {
            authority.stop().await;
        }
        if let Some(resolver) = self.resolver {
            resolver.stop().await;
        }
        if let Some(admin) = self.admin {
            admin.stop().await;
        }
    }

    /// Where zones are answered for.
    pub fn authority_addresses(&self) -> &[SocketAddr] {
        self.authority.as_ref().map_or(&[], |part| &part.addresses)
    }

    /// The store of the authority and its zones; none where it has no store.
    pub fn hosting(&self) -> Option<&Hosting> {
        self.authority.as_ref().and_then(|part| Some(&part.hosting.as_ref()?.handle))
    }

    /// Where statements are taken.
    pub fn publish_addresses(&self) -> &[SocketAddr] {
        self.publish.as_ref().map_or(&[], |part| &part.web.addresses)
    }

    /// Where Matrix clients and homeservers are answered.
    pub fn identity_addresses(&self) -> &[SocketAddr] {
        self.identity.as_ref().map_or(&[], |part| &part.web.addresses)
    }

    /// Where names are resolved.
    pub fn resolver_addresses(&self) -> &[SocketAddr] {
        self.resolver.as_ref().map_or(&[], |part| &part.addresses)
    }

    /// Where `/metrics` and `/health` are.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|part| part.address)
    }
}

/// Reads on a thread where signing holds nobody up.
async fn aside<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    // It is not aborted, so that it ends without a value in a panic alone.
    let reading = tokio::task::spawn_blocking(read);
    reading.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Tells what there is to tell of what was read.
fn announce(loaded: &Loaded) {
    loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    for zone in loaded.authority.zones() {
        let (serial, keys) = (zone.zone().soa().serial, zone.keys().len());
        tracing::debug!(zone = %zone.apex(), %serial, keys, "loaded");
    }
}
