//! The root list of a resolver, followed as long as it runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::clock::{Clock, Timestamp};
use crate::codec::Url;
use crate::config::{self, Config, Mistake};
use crate::recursor::Recursor;
use crate::stub::roots::{Limits, RootListFile, RootListFileError, walk};
use crate::transport::Exchange;
use crate::transport::http::{ClientLimits, HttpClient, TlsError, TrustStore};
use crate::trust::root_list::{MAX_OCTETS, RootList};

use super::admin::Status;
use super::{LoadError, aside, list_expiry};

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

/// Looks whether mirrors of root lists can be asked.
///
/// # Errors
/// With each file of authorities that is none.
pub(super) fn check(config: &Config) -> Result<(), LoadError> {
    let resolver = config.resolver.iter().filter_map(|part| part.root_list.as_ref());
    let lists = config.client.iter().filter_map(|part| part.root_list.as_ref()).chain(resolver);
    let wrong = lists.filter_map(|plan| {
        let position = plan.ca_file.as_ref()?.position;
        Some(Mistake { position, message: client(plan).err()?.to_string() })
    });
    let mut wrong: Vec<Mistake> = wrong.collect();
    wrong.dedup();
    if wrong.is_empty() { Ok(()) } else { Err(LoadError::of_mistakes(&config.path, wrong)) }
}

/// Looks for newer lists, at mirrors and in the file that others may write, too.
#[derive(Debug)]
pub(super) struct ListWatch {
    task: JoinHandle<()>,
    newer: Arc<Notify>,
}

impl ListWatch {
    /// Starts to look for what is newer than the list that was read with the configuration. When that
    /// expires, `recursor` answers for its trees no more.
    pub(super) fn start<E: Exchange + 'static>(
        plan: &config::RootList,
        recursor: Recursor<E>,
        clock: Arc<dyn Clock>,
        status: Arc<Status>,
    ) -> Self {
        let newer = Arc::new(Notify::new());
        let (plan, told) = (plan.clone(), Arc::clone(&newer));
        let task = tokio::spawn(async move {
            let expiry = list_expiry::watch(&plan, &recursor, clock.as_ref(), &status);
            tokio::join!(follow(&plan, clock.as_ref(), &told), expiry);
        });
        Self { task, newer }
    }

    /// Ends, and what it told of the list is told no more.
    pub(super) async fn stop(mut self) {
        self.task.abort();
        // It ends as cancelled.
        let _ = (&mut self.task).await;
    }

    /// Waits until a newer list is in the file.
    pub(super) async fn newer(&self) {
        self.newer.notified().await;
    }
}

impl Drop for ListWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(plan: &config::RootList, clock: &dyn Clock, newer: &Notify) {
    let used = plan.held.as_ref().map_or(0, RootList::version);
    loop {
        match look(plan, clock).await {
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
async fn look(plan: &config::RootList, clock: &dyn Clock) -> Result<u32, RootListFileError> {
    let path = plan.file.value.clone();
    let held = aside(move || RootListFile::new(&path).load()).await?;
    let version = held.version();
    if plan.mirrors.is_empty() {
        return Ok(version);
    }
    match walk_from(plan, held, clock).await {
        Some(list) if list.version() > version => save(&plan.file.value, list).await,
        _ => Ok(version),
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
