//! The part of the process that answers for zones.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::authority::Authority;
use crate::clock::Clock;
use crate::config;
use crate::services::dns::{DnsService, Role, Served};
use crate::transport::{self, Listener, Parts, Server, Service};
use crate::trust::Purposes;
use crate::wire::EdnsPolicy;

use super::StartError;
use super::admin::Status;
use super::hosting::{self, HostingPart, OpenStore, is_counted};
use super::key_watch::{KeyWatch, follow};
use super::listen::bind;
use super::renewal::{Current, keep_fresh};
use super::watched::{Task, Watch};

/// Answers for zones until it is stopped.
pub(super) struct AuthorityPart {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) hosting: Option<HostingPart>,
    current: Arc<Current>,
    keys: Arc<KeyWatch>,
    server: Server,
    /// Ends when dropped.
    renewal: JoinSet<()>,
}

impl AuthorityPart {
    /// Starts to answer for `zones` as `plan` says, which stands in the file `path`, for people from
    /// the store that was opened.
    pub(super) fn start(
        plan: &config::Authority,
        path: &Path,
        (zones, purposes): (Authority, &Arc<Purposes>),
        opened: Option<OpenStore>,
        clock: &Arc<dyn Clock>,
        status: &Arc<Status>,
    ) -> Result<Self, StartError> {
        let (limits, telemetry) = (limits(plan), &status.telemetry);
        let listeners = bind(path, &plan.listen, &limits)?;
        let addresses = listeners.iter().map(Listener::local).collect();
        let current = Arc::new(Current::new(served(plan, zones)));
        let service = |_: SocketAddr| -> Box<dyn Service> {
            Box::new(DnsService::new(Arc::clone(current.served()), Arc::clone(clock), telemetry))
        };
        // Nothing is put off: an authority has its answers at hand.
        let (later, _) = transport::queue(&limits);
        let parts = Parts { services: &service, later, limits: &limits, telemetry };
        let server = Server::start(listeners, &parts).map_err(StartError::System)?;
        let mut renewal = JoinSet::new();
        let watch = Watch::new(status);
        let (served, time, told) = (Arc::clone(&current), Arc::clone(clock), Arc::clone(status));
        let begin = move || keep_fresh(Arc::clone(&served), Arc::clone(&time), Arc::clone(&told));
        renewal.spawn(watch.clone().over(Task::Signing, begin));
        let keys = Arc::<KeyWatch>::default();
        keys.watch(plan, purposes);
        let (files, served, time) = (Arc::clone(&keys), Arc::clone(&current), Arc::clone(clock));
        let begin = move || follow(Arc::clone(&files), Arc::clone(&served), Arc::clone(&time));
        renewal.spawn(watch.over(Task::Keys, begin));
        let hosting = opened.map(|opened| HostingPart::start(opened, &current, clock, status));
        Ok(Self { addresses, hosting, current, keys, server, renewal })
    }

    /// Tells of zones whose serial went back: who copies a zone keeps the greater one (RFC 1982).
    pub(super) fn warn_of_old_serials(&self, zones: &Authority) {
        let served = self.current.served().load();
        let Role::Authority(served) = &served.role else { return };
        for zone in zones.zones().filter(|zone| !zone.has_store()) {
            let old = served.zones().find(|old| old.apex() == zone.apex());
            // With a store, serials go on from what is served.
            let old = old.filter(|old| !is_counted(old));
            let Some(old) = old.map(|old| old.zone().soa().serial) else { continue };
            let new = zone.zone().soa().serial;
            if new < old {
                tracing::warn!(zone = %zone.apex(), %old, %new, "the serial goes back");
            }
        }
    }

    /// Answers for `zones` as `plan` says from here on.
    pub(super) async fn replace(
        &self,
        plan: &config::Authority,
        (zones, purposes): (Authority, &Arc<Purposes>),
        prepared: Option<hosting::Prepared>,
    ) {
        match (&self.hosting, prepared) {
            (Some(hosting), Some(prepared)) => {
                hosting.go_over(zones, prepared, |zones| served(plan, zones)).await;
            }
            _ => self.current.replace(served(plan, zones)).await,
        }
        self.keys.watch(plan, purposes);
    }

    /// Answers what is asked already, and ends.
    pub(super) async fn stop(self) {
        drop(self.renewal);
        self.server.stop().await;
        if let Some(hosting) = self.hosting {
            hosting.stop().await;
        }
    }
}

/// What clients may take.
fn limits(plan: &config::Authority) -> transport::Limits {
    let default = transport::Limits::default();
    match NonZeroUsize::new(plan.threads.value) {
        None => default,
        Some(udp_threads) => transport::Limits { udp_threads, ..default },
    }
}

/// What is answered.
fn served(plan: &config::Authority, authority: Authority) -> Served {
    let nsid = plan.nsid.clone().map(String::into_bytes).unwrap_or_default();
    let edns = EdnsPolicy { nsid, ..EdnsPolicy::default() };
    Served { edns, ..Served::new(Role::Authority(authority)) }
}
