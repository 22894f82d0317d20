//! The store of an authority: what is served of it, and what the rest of the process may do with it.
//!
//! At the start, and before a reload, [`fill`](mod@fill) makes ready all that the store holds for the zones. From
//! then on a [`keeper::Keeper`] follows the changes of the store and serves each as it comes, signed;
//! has kept what was signed, so that the next start finds it; renews signatures; and drops old
//! withdrawals.
//!
//! A zone's serial goes up by one with each group of changes, and with each change of the zone itself. It
//! is noted in the store, with the number of the last change that it counts, a second later at most: after
//! a crash, it goes on beyond all that may have been served since.

mod borders;
mod feed;
mod fill;
mod import;
mod keeper;
mod lag;
mod renew;
mod serial;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

pub use import::FromFile;

use crate::authority::{Authority, Place};
use crate::clock::Clock;
use crate::config::{self, Located, Mistake};
use crate::services::dns::{Role, Served};
use crate::store::{Policy, RESTORED, Sequence, Store, StoreError};
use crate::wire::Name;

use super::admin::Status;
use super::renewal::Current;
use super::{LoadError, aside};
use borders::Unsettled;
use fill::{Filled, fill};
use keeper::Keeper;
pub(super) use serial::is_counted;

/// The zones that are served now and the store of their associations. Copies share both.
#[derive(Debug, Clone)]
pub struct Hosting {
    current: Arc<Current>,
    store: Store,
    /// How far changes of the store are served.
    applied: watch::Receiver<Sequence>,
}

impl Hosting {
    /// The store. What is accepted there is answered at once: [`Hosting::served`] tells when.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Waits until all that the store has now is served.
    pub async fn served(&self) {
        let last = *self.store.watch().borrow();
        // Where nobody serves it any more, the process ends.
        let _ = self.applied.clone().wait_for(|applied| *applied >= last).await;
    }

    /// Where a name lies by the zones that are served now.
    pub fn locate(&self, name: &Name) -> Place {
        match &self.current.served().load().role {
            Role::Authority(authority) => authority.locate(name),
            Role::Resolver(_) => Place::Elsewhere,
        }
    }
}

/// A store, and that all it holds is ready.
pub(super) struct OpenStore {
    store: Store,
    filled: Filled,
}

impl OpenStore {
    /// Opens the store that `plan` names, where it does; `config` is the file it stands in. Takes what
    /// stands in zone files into it, and makes ready for `zones` what it holds.
    pub(super) async fn of(
        plan: &config::Authority,
        config: &Path,
        zones: &mut Authority,
        files: Vec<FromFile>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, LoadError> {
        let Some(located) = &plan.store else { return Ok(None) };
        let opened = Self::open(located.value.clone(), plan, zones, files, clock).await;
        opened.map(Some).map_err(|error| mistake(config, located, &error))
    }

    async fn open(
        path: PathBuf,
        plan: &config::Authority,
        zones: &mut Authority,
        files: Vec<FromFile>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let policy = policy(plan);
        let store = aside(move || Store::open(&path, policy)).await?;
        if store.is_restored() {
            tracing::warn!("the store is restored from a backup: {RESTORED}");
        }
        borders::begin(&store, zones, plan).await?;
        import::import(&store, files, clock.now()).await?;
        let filled = make_ready(&store, zones, clock).await?;
        serial::begin(zones, &filled, clock.now());
        Ok(Self { store, filled })
    }
}

/// How the store is kept.
fn policy(plan: &config::Authority) -> Policy {
    Policy {
        keep_withdrawals: plan.keep_withdrawals.value,
        keep_addresses: plan.keep_addresses,
        ..Policy::default()
    }
}

/// Makes ready for `zones` what a store holds.
async fn make_ready(
    store: &Store,
    zones: &Authority,
    clock: &Arc<dyn Clock>,
) -> Result<Filled, StoreError> {
    let (store, zones, begun) = (store.clone(), zones.clone(), clock.now());
    let filled = aside(move || fill(&store, &zones, begun)).await?;
    let Filled { names, signed, damaged, stray, last, .. } = filled;
    let took = clock.now().since(begun);
    tracing::info!(names, signed, %last, ?took, "associations are ready");
    if stray > 0 {
        tracing::warn!(
            stray,
            "names of the store lie in none of the zones: nobody answers for them"
        );
    }
    if damaged > 0 {
        tracing::error!(damaged, "records of the store are not served: threepid store check");
    }
    Ok(filled)
}

/// What is wrong with a store is told where the configuration names it.
fn mistake(config: &Path, store: &Located<PathBuf>, error: &StoreError) -> LoadError {
    let message = format!("the store {}: {error}", store.value.display());
    LoadError::of_mistake(config, Mistake { position: store.position, message })
}

/// The store at work.
pub(super) struct HostingPart {
    pub(super) handle: Hosting,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
}

/// What the second half of a reload needs.
pub(super) struct Prepared {
    filled: Filled,
    files: Vec<FromFile>,
}

impl HostingPart {
    /// Serves from a store what changes from here on.
    pub(super) fn start(
        opened: OpenStore,
        current: &Arc<Current>,
        clock: &Arc<dyn Clock>,
        status: &Arc<Status>,
    ) -> Self {
        let (store, current, clock) = (opened.store, Arc::clone(current), Arc::clone(clock));
        let (served, filled) = (Arc::clone(&current), opened.filled);
        let keeper = Keeper::start(store.clone(), served, Arc::clone(&clock), &filled, status);
        let handle = Hosting { current, store, applied: keeper.applied() };
        Self { handle, keeper, clock }
    }

    /// Makes ready for the zones of `plan`, which stands in the file `config`, what the store holds, which
    /// is named at `located`. From here on nothing is taken below delegations that are new.
    pub(super) async fn prepare(
        &self,
        config: &Path,
        (plan, located): (&config::Authority, &Located<PathBuf>),
        zones: &mut Authority,
        files: Vec<FromFile>,
    ) -> Result<Prepared, LoadError> {
        zones.share(&self.handle.current.authority());
        let filled = make_ready(&self.handle.store, zones, &self.clock).await;
        let filled = filled.map_err(|error| mistake(config, located, &error))?;
        let settled = borders::go_over(&self.handle.store, zones, plan, config).await;
        settled.map_err(|unsettled| match unsettled {
            Unsettled::Store(error) => mistake(config, located, &error),
            Unsettled::Unheld(error) => error,
        })?;
        Ok(Prepared { filled, files })
    }

    /// Serves these zones from here on.
    pub(super) async fn go_over(
        &self,
        zones: Authority,
        prepared: Prepared,
        serve: impl FnOnce(Authority) -> Served,
    ) {
        self.keeper.go_over(zones, &prepared.filled, prepared.files, serve).await;
    }

    /// Ends, when all that was signed is kept.
    pub(super) async fn stop(self) {
        self.keeper.stop().await;
    }
}
