//! The store of an authority, and what the rest of the process may do with it.

use std::path::Path;
use std::sync::Arc;

use crate::authority::{Authority, Place};
use crate::config::{self, Located, Mistake};
use crate::services::dns::Role;
use crate::store::{Policy, Store};
use crate::wire::Name;

use super::renewal::Current;
use super::{LoadError, aside};

/// The zones that are served now and the store of their associations. Copies share both.
#[derive(Debug, Clone)]
pub struct Hosting {
    current: Arc<Current>,
    store: Store,
}

impl Hosting {
    pub(super) fn new(current: Arc<Current>, store: Store) -> Self {
        Self { current, store }
    }

    /// The store. What is accepted there is answered at once.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where a name lies by the zones that are served now.
    pub fn locate(&self, name: &Name) -> Place {
        self.with_authority(|authority| authority.locate(name)).unwrap_or(Place::Elsewhere)
    }

    /// Asks the zones that are served now.
    fn with_authority<T>(&self, ask: impl FnOnce(&Authority) -> T) -> Option<T> {
        match &self.current.served().load().role {
            Role::Authority(authority) => Some(ask(authority)),
            Role::Resolver(_) => None,
        }
    }
}

/// Opens the store that `plan` names, where it does; `config` is the file it stands in.
pub(super) async fn open(
    plan: &config::Authority,
    config: &Path,
) -> Result<Option<Store>, LoadError> {
    let Some(Located { value: path, position }) = plan.store.clone() else { return Ok(None) };
    let shown = path.display().to_string();
    let opened = aside(move || Store::open(&path, Policy::default())).await;
    opened.map(Some).map_err(|error| {
        let message = format!("the store {shown}: {error}");
        LoadError::of_mistake(config, Mistake { position, message })
    })
}
