//! What every errand of a verification server needs.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use tokio::sync::{Mutex, MutexGuard};

use super::{Refused, Verifier};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::ledger::Ledger;
use crate::stub::publish::EntryId;
use crate::threepid::Threepid;
use crate::verification::{CourierError, Message};

/// How many identifiers can be changed at the same time, where chance keeps them apart.
const TURNS: usize = 64;

/// One after the other for each identifier, so that who looks and then writes finds what he saw.
#[derive(Debug)]
pub(super) struct Turns {
    key: RandomState,
    turns: [Mutex<()>; TURNS],
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { key: RandomState::new(), turns: std::array::from_fn(|_| Mutex::new(())) }
    }

    pub(super) async fn of(&self, threepid: &Threepid) -> MutexGuard<'_, ()> {
        let turn = self.key.hash_one(threepid) % TURNS as u64;
        self.turns[usize::try_from(turn).expect("it is below a usize")].lock().await
    }
}

/// Works to the end, even where whoever asked goes away meanwhile.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refused>> + Send + 'static,
) -> Result<T, Refused> {
    tokio::spawn(work).await.unwrap_or(Err(Refused::Unavailable))
}

impl Verifier {
    pub(super) fn now(&self) -> Timestamp {
        self.means.clock.now()
    }

    /// Reads or writes the ledger, on a thread that may wait for the disk.
    pub(super) async fn ledger<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let ledger = self.means.ledger.clone();
        blocking(move || Ok(work(&ledger)?)).await
    }

    /// Whether it verifies this identifier at all.
    pub(super) fn permitted(&self, threepid: &Threepid) -> Result<(), Refused> {
        let is_in_scope = self.settings.policy.permits(threepid);
        if is_in_scope { Ok(()) } else { Err(Refused::OutOfScope) }
    }

    /// Sends a message.
    pub(super) async fn send(&self, message: &Message) -> Result<(), Refused> {
        let courier = self.means.couriers.get(message.to.medium()).ok_or(Refused::OutOfScope)?;
        courier.send(message).await.map_err(|error| {
            tracing::warn!(to = self.shown(&message.to), %error, "a message was not sent");
            match error {
                CourierError::Refused(_) => Refused::Undeliverable,
                CourierError::Failed(_) => Refused::NotSent,
            }
        })
    }

    /// An identifier as it is logged: the start of a hash, unless the operator wants to see it.
    pub(super) fn shown(&self, threepid: &Threepid) -> String {
        match self.settings.log_addresses {
            true => threepid.to_string(),
            false => EntryId::of(threepid).to_string()[..16].to_owned(),
        }
    }
}

/// Does what waits for a disk, on a thread for that.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Refused::Unavailable))
}
