//! Root lists, followed as long as parts of the process go by them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::clock::{Clock, Timestamp};
use crate::codec::Url;
use crate::config::{self, Config, Mistake};
use crate::stub::roots::{Limits, RootListFile, RootListFileError, walk};
use crate::telemetry::Gauge;
use crate::transport::http::{ClientLimits, HttpClient, TlsError, TrustStore};
use crate::trust::Purposes;
use crate::trust::root_list::{MAX_OCTETS, RootList};

use super::admin::Status;
use super::list_expiry::{self, Reader};
use super::{LoadError, aside};

/// The time from one look to the next. Lists last for weeks; a key that has to go at once is gone from
/// resolvers in an hour.
const PAUSE: Duration = Duration::from_secs(3600);

/// The same where the list has expired, and nothing in its trees is answered.
const EXPIRED_PAUSE: Duration = Duration::from_secs(300);

/// Asks who the plan names.
///
/// # Errors
/// Where it is not known whom to trust.
pub fn client(plan: &config::RootList) -> Result<HttpClient, TlsError> {
    let store = TrustStore::of(plan.ca_file.as_ref().map(|file| file.value.as_path()));
    let limits = ClientLimits { body_octets: MAX_OCTETS, ..ClientLimits::default() };
    HttpClient::new(&store, limits)
}

/// Looks whether servers of HTTPS can be checked by the authorities that the configuration names.
///
/// # Errors
/// With each file of authorities that is none.
pub(super) fn check(config: &Config) -> Result<(), LoadError> {
    let client = config.client.as_ref().and_then(|part| part.ca_file.as_ref());
    let publish = config.publish.as_ref().and_then(|part| part.ca_file.as_ref());
    let resolver = config.resolver.as_ref().and_then(|part| part.root_list.as_ref());
    let resolver = resolver.and_then(|list| list.ca_file.as_ref());
    let wrong = client.into_iter().chain(publish).chain(resolver).filter_map(|file| {
        let store = TrustStore::File(file.value.clone());
        let error = HttpClient::new(&store, ClientLimits::default()).err()?;
        Some(Mistake { position: file.position, message: error.to_string() })
    });
    let wrong: Vec<Mistake> = wrong.collect();
    if wrong.is_empty() { Ok(()) } else { Err(LoadError::of_mistakes(&config.path, wrong)) }
}

/// Looks for newer lists, at mirrors and in the files that others may write, too.
#[derive(Debug)]
pub(super) struct ListWatch {
    tasks: JoinSet<()>,
    newer: Arc<Notify>,
    /// Told as long as it is followed.
    _expiry: Option<Arc<Gauge>>,
}

impl ListWatch {
    /// Starts to look for what is newer than the lists that were read with the configuration. When one
    /// expires, who goes by it does no more in its trees.
    pub(super) fn start(
        readers: Vec<Reader>,
        purposes: &Arc<Purposes>,
        clock: &Arc<dyn Clock>,
        status: &Arc<Status>,
    ) -> Self {
        let (newer, mut tasks) = (Arc::new(Notify::new()), JoinSet::new());
        for plan in followed(&readers) {
            let (clock, newer) = (Arc::clone(clock), Arc::clone(&newer));
            let purposes = Arc::clone(purposes);
            tasks.spawn(async move { follow(&plan, &purposes, clock.as_ref(), &newer).await });
        }
        let expiry = list_expiry::tell(&readers, status);
        for reader in readers {
            tasks.spawn(reader.watch(Arc::clone(clock), Arc::clone(status)));
        }
        Self { tasks, newer, _expiry: expiry }
    }

    /// Ends, and what it told of the list is told no more.
    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Waits until a newer list is in a file.
    pub(super) async fn newer(&self) {
        self.newer.notified().await;
    }
}

/// What has to be followed, once where several go by one file in the same way.
fn followed(readers: &[Reader]) -> Vec<config::RootList> {
    let mut plans: Vec<config::RootList> = Vec::new();
    for plan in readers.iter().map(|reader| &reader.plan) {
        let is_it = |other: &config::RootList| {
            other.file.value == plan.file.value && other.mirrors == plan.mirrors
        };
        if !plans.iter().any(is_it) {
            plans.push(plan.clone());
        }
    }
    plans
}

async fn follow(plan: &config::RootList, purposes: &Purposes, clock: &dyn Clock, newer: &Notify) {
    let used = plan.held.as_ref().map_or(0, RootList::version);
    loop {
        match look(plan, purposes, clock).await {
            Ok(version) if version > used => {
                tracing::info!(version, "there is a newer root list");
                newer.notify_one();
            }
            Ok(_) => {}
            Err(error) => tracing::error!("the root list is not followed: {error}"),
        }
        tokio::time::sleep(pause(plan.held.as_ref(), clock.now())).await;
    }
}

/// How long it is until the next look, where this list is held. There is one when it expires.
fn pause(held: Option<&RootList>, now: Timestamp) -> Duration {
    match held.map(|list| (list.in_date(now), list.terms().expires.since(now))) {
        Some((Ok(()), left)) => PAUSE.min(left + Duration::from_millis(1)),
        Some((Err(_), _)) => EXPIRED_PAUSE,
        None => PAUSE,
    }
}

/// Looks once. Gives the version in the file then.
async fn look(
    plan: &config::RootList,
    purposes: &Purposes,
    clock: &dyn Clock,
) -> Result<u32, RootListFileError> {
    let path = plan.file.value.clone();
    let held = aside(move || RootListFile::new(&path).load()).await?;
    let version = held.version();
    if plan.mirrors.is_empty() {
        return Ok(version);
    }
    let walked = walk_from(plan, held, clock).await;
    let Some(list) = walked.filter(|list| list.version() > version) else { return Ok(version) };
    match purposes.with_list(&list) {
        Ok(_) => save(&plan.file.value, list).await,
        Err(shared) => {
            tracing::error!(version = list.version(), "a root list is not taken: {shared}");
            Ok(version)
        }
    }
}

/// The newest list that mirrors lead to; what they do wrong is told.
async fn walk_from(plan: &config::RootList, held: RootList, clock: &dyn Clock) -> Option<RootList> {
    let asked = plan.clone();
    let fetch = aside(move || client(&asked)).await;
    let fetch =
        fetch.inspect_err(|error| tracing::error!("no mirror can be asked: {error}")).ok()?;
    let mirrors: &[Url] = &plan.mirrors;
    let walked = walk(held, mirrors, &fetch, clock.now(), &Limits::default()).await;
    walked.complaints.iter().for_each(|complaint| tracing::warn!("{complaint}"));
    if let Err(stuck) = walked.end {
        tracing::error!("{stuck}");
    }
    Some(walked.list)
}

async fn save(path: &Path, list: RootList) -> Result<u32, RootListFileError> {
    let path = path.to_owned();
    aside(move || RootListFile::new(&path).save(list)).await.map(|held| held.version())
}
