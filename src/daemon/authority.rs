//! The part of the process that answers for zones.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::authority::Authority;
use crate::clock::Clock;
use crate::config;
use crate::services::dns::{DnsService, Served};
use crate::telemetry::Telemetry;
use crate::transport::{self, Listener, Parts, Server, Service};
use crate::wire::EdnsPolicy;

use super::renewal::{Current, keep_fresh};

/// Answers for zones until it is stopped.
#[derive(Debug)]
pub(super) struct AuthorityPart {
    pub(super) addresses: Vec<SocketAddr>,
    current: Arc<Current>,
    server: Server,
    /// Ends when dropped.
    renewal: JoinSet<()>,
}

/// What clients may take, as the configuration says.
pub(super) fn limits(config: &config::Authority) -> transport::Limits {
    let default = transport::Limits::default();
    match config.threads {
        0 => default,
        threads => transport::Limits { udp_threads: threads, ..default },
    }
}

/// What is answered.
pub(super) fn served(config: &config::Authority, authority: Authority) -> Served {
    let nsid = config.nsid.clone().map(String::into_bytes).unwrap_or_default();
    Served { authority, recursion: None, edns: EdnsPolicy { nsid, ..EdnsPolicy::default() } }
}

impl AuthorityPart {
    /// Starts to answer at the `listeners`.
    pub(super) fn start(
        served: Served,
        listeners: Vec<Listener>,
        limits: &transport::Limits,
        clock: Arc<dyn Clock>,
        telemetry: &Telemetry,
    ) -> std::io::Result<Self> {
        let addresses = listeners.iter().map(Listener::local).collect();
        let current = Arc::new(Current::new(served));
        let service = |_: SocketAddr| -> Box<dyn Service> {
            Box::new(DnsService::new(Arc::clone(current.served()), Arc::clone(&clock), telemetry))
        };
        // Nothing is put off: an authority has its answers at hand.
        let (later, _) = transport::queue(limits);
        let server =
            Server::start(listeners, &Parts { services: &service, later, limits, telemetry })?;
        let mut renewal = JoinSet::new();
        renewal.spawn(keep_fresh(Arc::clone(&current), clock));
        Ok(Self { addresses, current, server, renewal })
    }

    /// Answers from something else from here on.
    pub(super) async fn replace(&self, served: Served) {
        self.current.replace(served).await;
    }

    /// Answers what is asked already, and ends.
    pub(super) async fn stop(self) {
        drop(self.renewal);
        self.server.stop().await;
    }
}
