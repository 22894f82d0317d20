//! The part of the process that tells about it: `/metrics` and `/health`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::{Config, Located};
use crate::services::admin::{self, Health, Pages};
use crate::telemetry::{Counters, Labels, Telemetry};
use crate::transport::http::{PlainHttpError, serve};
use crate::transport::{ListenError, Transport};

use super::{Refused, StartError};

/// The counters of a process, and where it stands.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) telemetry: Telemetry,
    health: Mutex<Health>,
    troubles: Mutex<Vec<Weak<str>>>,
    /// Shared by all [`Failure`]s.
    failing: Arc<()>,
    /// Reloads: those that were done, and those that were refused.
    reloads: Arc<Counters>,
}

/// Has `/health` say that the process fails, as long as it is there.
#[derive(Debug)]
pub(super) struct Failure {
    _told: Arc<str>,
    _failing: Arc<()>,
}

impl Status {
    /// A process that starts.
    pub(super) fn new() -> Self {
        let telemetry = Telemetry::new("threepid");
        let outcomes = ["done", "refused"].map(|outcome| Labels::from([("outcome", outcome)]));
        let help = "Reloads of the configuration, by what came of them";
        let reloads = telemetry.counters("reloads", help, outcomes.into());
        let (health, troubles) = (Mutex::new(Health::Starting), Mutex::default());
        Self { telemetry, health, troubles, failing: Arc::default(), reloads }
    }

    pub(super) fn count_reload(&self, done: bool) {
        self.reloads.shard().count(usize::from(!done));
    }

    pub(super) fn set(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    /// Has `/health` tell what cannot be done, as long as what this gives is there.
    pub(super) fn trouble(&self, what: &str) -> Arc<str> {
        let trouble: Arc<str> = what.into();
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.retain(|trouble| trouble.strong_count() > 0);
        troubles.push(Arc::downgrade(&trouble));
        trouble
    }

    /// The same, of what nothing else makes up for: as long as it is there, the process fails.
    pub(super) fn failure(&self, what: &str) -> Failure {
        Failure { _told: self.trouble(what), _failing: Arc::clone(&self.failing) }
    }
}

impl Pages for Status {
    fn metrics(&self) -> String {
        self.telemetry.render()
    }

    fn health(&self) -> Health {
        match *self.health.lock().unwrap_or_else(PoisonError::into_inner) {
            Health::Ready if Arc::strong_count(&self.failing) > 1 => Health::Failing,
            health => health,
        }
    }

    fn troubles(&self) -> Vec<Arc<str>> {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.iter().filter_map(Weak::upgrade).collect()
    }
}

/// Tells about the process until it is stopped or dropped.
pub(super) struct AdminPart {
    pub(super) address: SocketAddr,
    /// Ends the server by being dropped.
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), PlainHttpError>>,
}

impl AdminPart {
    /// Starts to answer at `listen`, an address in the file of `config`.
    pub(super) async fn start(
        config: &Config,
        listen: &Located<SocketAddr>,
        status: &Arc<Status>,
    ) -> Result<Self, StartError> {
        let refused = |error| {
            let cause = ListenError { address: listen.value, transport: Transport::Tcp, error };
            let (config, position) = (config.path.clone(), listen.position);
            StartError::Listen(vec![Refused { config, position, cause }])
        };
        let listener = TcpListener::bind(listen.value).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = oneshot::channel();
        let stopped = async move {
            let _ = stopped.await;
        };
        let pages = Arc::new(admin::router(status));
        let server = tokio::spawn(serve(listener, None, pages, admin::limits(), stopped));
        Ok(Self { address, stop, server })
    }

    /// Ends.
    pub(super) async fn stop(self) {
        drop(self.stop);
        match self.server.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the admin server did not start"),
            Err(error) => tracing::error!(%error, "the admin server ended badly"),
        }
    }
}
