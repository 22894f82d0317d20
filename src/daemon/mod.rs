//! The process: what the configuration says, brought up, kept going and brought down.
//!
//! A [`Daemon`] is one process' worth of service; several can run in one process, as in the [`demo`].

mod authority;
pub mod demo;
mod error;
pub mod keys;
mod listen;
mod load;
mod renewal;
mod resolver;
mod signals;
mod status;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod zone_file;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::authority::Authority;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Located};
use crate::services::admin::{self, Health};

use authority::AuthorityPart;
pub use error::StartError;
pub use load::{LoadError, Loaded, load};
use resolver::ResolverPart;
pub use signals::{Order, Signals};
use status::Status;

/// Everything a configuration asks for, at work.
pub struct Daemon {
    /// What it was started with.
    config: Config,
    clock: Arc<dyn Clock>,
    status: Arc<Status>,
    authority: Option<AuthorityPart>,
    resolver: Option<ResolverPart>,
    admin: Option<AdminPart>,
}

/// `/metrics` and `/health` at work.
struct AdminPart {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
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
            Some(listen) => Some(start_admin(&config, listen, &status).await?),
            None => None,
        };
        let mut daemon = Self { config, clock, status, authority: None, resolver: None, admin };
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

    /// Opens all sockets before anything is answered.
    async fn start_parts(&mut self) -> Result<(), StartError> {
        let zones = load_aside(self.config.clone(), Arc::clone(&self.clock)).await?;
        let Self { config, clock, status, .. } = self;
        let telemetry = &status.telemetry;
        let authority = match &config.authority {
            Some(authority) => {
                let limits = authority::limits(authority);
                Some((authority, listen::bind(&config.path, &authority.listen, &limits)?, limits))
            }
            None => None,
        };
        let resolver = match &config.resolver {
            Some(resolver) => {
                let limits = crate::transport::Limits::default();
                Some((resolver, listen::bind(&config.path, &resolver.listen, &limits)?))
            }
            None => None,
        };
        let refused = |cause| StartError::System { what: "cannot serve DNS", cause };
        if let Some((plan, listeners, limits)) = authority {
            let served = authority::served(plan, zones);
            let part = AuthorityPart::start(served, listeners, &limits, clock.clone(), telemetry);
            self.authority = Some(part.map_err(refused)?);
        }
        if let Some((plan, listeners)) = resolver {
            let part = ResolverPart::start(plan, listeners, clock.clone(), telemetry);
            self.resolver = Some(part.map_err(refused)?);
        }
        Ok(())
    }

    /// Reads the configuration's file again, with its zones and keys, and goes over to what they say.
    /// Addresses, threads and logs stay as they are until the next start.
    ///
    /// # Errors
    /// With every mistake. Then everything stays as it was.
    pub async fn reload(&mut self) -> Result<(), LoadError> {
        let config = Config::load(&self.config.path)?;
        let zones = load_aside(config.clone(), Arc::clone(&self.clock)).await?;
        if let (Some(part), Some(plan)) = (&self.authority, &config.authority) {
            part.replace(authority::served(plan, zones)).await;
        }
        if let (Some(part), Some(plan)) = (&mut self.resolver, &config.resolver) {
            part.replace(plan);
        }
        if needs_restart(&self.config, &config) {
            tracing::warn!("sections, addresses, threads and logs change at the next start only");
        }
        Ok(())
    }

    /// Answers what is asked already, and ends.
    pub async fn stop(self) {
        self.status.set(Health::Stopping);
        if let Some(authority) = self.authority {
            authority.stop().await;
        }
        if let Some(resolver) = self.resolver {
            resolver.stop().await;
        }
        if let Some(admin) = self.admin {
            let _ = admin.stop.send(());
            let _ = admin.server.await;
        }
    }

    /// Where zones are answered for.
    pub fn authority_addresses(&self) -> &[SocketAddr] {
        self.authority.as_ref().map_or(&[], |part| &part.addresses)
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

/// Whether a change can only be followed by starting again.
fn needs_restart(old: &Config, new: &Config) -> bool {
    let authority =
        |config: &Config| config.authority.as_ref().map(|part| (part.listen.clone(), part.threads));
    let resolver = |config: &Config| config.resolver.as_ref().map(|part| part.listen.clone());
    authority(old) != authority(new)
        || resolver(old) != resolver(new)
        || (&old.admin, &old.log) != (&new.admin, &new.log)
}

/// Loads the zones on a thread where signing holds nobody up.
async fn load_aside(config: Config, clock: Arc<dyn Clock>) -> Result<Authority, LoadError> {
    // It is not aborted, so that it ends without a value in a panic alone.
    let loading = tokio::task::spawn_blocking(move || load(&config, clock.now()));
    let loaded =
        loading.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
    loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(loaded.authority)
}

async fn start_admin(
    config: &Config,
    listen: &Located<SocketAddr>,
    status: &Arc<Status>,
) -> Result<AdminPart, StartError> {
    let refused = |error| StartError::Listen {
        place: format!("{}:{}", config.path.display(), listen.position),
        cause: crate::transport::ListenError {
            address: listen.value,
            transport: crate::transport::Transport::Tcp,
            error,
        },
    };
    let listener = TcpListener::bind(listen.value).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let (stop, stopped) = oneshot::channel();
    let stopped = async move {
        let _ = stopped.await;
    };
    let (pages, limits) = (Arc::clone(status), admin::Limits::default());
    let server = tokio::spawn(admin::serve(listener, pages, limits, stopped));
    Ok(AdminPart { address, stop, server })
}
