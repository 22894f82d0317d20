//! A pepper and its table, kept up with the store.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::time::sleep;

use super::AFTER_ERROR;
use super::news::{News, Trees};
use crate::hashes::{NoRoom, Pepper, Table};
use crate::store::{Sequence, StoreError};

/// How many changes are taken from the store at once, under one snapshot.
const STEP: usize = 2048;
/// How many are put into the table while nobody reads it: some microseconds long.
const TOGETHER: usize = 64;

/// Whose addresses are, by the hashes with one pepper.
#[derive(Debug)]
pub struct Generation {
    pepper: Pepper,
    table: RwLock<Table>,
    /// Up to which change of the store all is in the table. Held by whoever writes to that.
    last: Mutex<Sequence>,
    /// Whether all is in that was in the store when it was begun.
    is_complete: AtomicBool,
}

impl Generation {
    /// One of nobody.
    pub(super) fn new(pepper: Pepper) -> Arc<Self> {
        let table = RwLock::new(Table::with_room(0));
        Arc::new(Self {
            pepper,
            table,
            last: Mutex::default(),
            is_complete: AtomicBool::new(false),
        })
    }

    /// The pepper.
    pub fn pepper(&self) -> &Pepper {
        &self.pepper
    }

    /// Has a look at the table; at none before it is complete. Who writes to it waits for that: a
    /// look is for as many addresses as are found in a millisecond.
    pub fn look<T>(&self, look: impl FnOnce(&Table) -> T) -> Option<T> {
        self.is_complete.load(Ordering::Acquire).then(|| look(&self.read()))
    }

    /// How many people are listed.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the table takes in memory, in octets.
    pub fn octets(&self) -> usize {
        self.read().octets()
    }

    /// Keeps the table up with the store, for good. It can be broken off and called again.
    pub(super) async fn keep(self: &Arc<Self>, trees: &Trees) -> Infallible {
        let mut last = trees.watch();
        loop {
            last.borrow_and_update();
            self.fill(trees).await;
            if last.changed().await.is_err() {
                // The store is closed: the process ends.
                return std::future::pending().await;
            }
        }
    }

    /// Brings in all that is in the store.
    pub(super) async fn fill(self: &Arc<Self>, trees: &Trees) {
        loop {
            let (one, trees) = (Arc::clone(self), trees.clone());
            match aside(move || one.step(&trees)).await {
                Ok(true) => {}
                Ok(false) => return self.is_complete.store(true, Ordering::Release),
                Err(error) => {
                    tracing::error!(%error, "changes of the store cannot be followed for lookups");
                    sleep(AFTER_ERROR).await;
                }
            }
        }
    }

    /// Brings in the next changes. Tells whether there may be more.
    fn step(&self, trees: &Trees) -> Result<bool, StoreError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = trees.snapshot()?;
        if *last == Sequence::default() {
            let count = usize::try_from(snapshot.count()?).unwrap_or(usize::MAX);
            *self.write() = Table::with_room(count + count / 8);
        }
        let changes = snapshot.next_since(*last, STEP)?;
        let mut news = Vec::with_capacity(changes.entries.len());
        for entry in &changes.entries {
            match trees.news(&snapshot, entry, &self.pepper) {
                Ok(one) => news.push(one),
                Err(StoreError::Damaged(error)) => tell_damage(entry.sequence, &error),
                Err(error) => return Err(error),
            }
        }
        drop(snapshot);
        for some in news.chunks(TOGETHER) {
            if self.bring_in(some).is_err() {
                tracing::error!("not everybody is found by lookups: there is no room for more");
            }
        }
        *last = changes.last;
        Ok(changes.is_full)
    }

    fn bring_in(&self, news: &[News]) -> Result<(), NoRoom> {
        if self.read().is_tight(news.len()) {
            // It is read on meanwhile, and nobody else writes to it.
            let roomier = self.read().roomier();
            let old = std::mem::replace(&mut *self.write(), roomier);
            drop(old);
        }
        let mut table = self.write();
        news.iter().map(|one| one.bring_into(&mut table)).fold(Ok(()), Result::and)
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell_damage(change: Sequence, error: &str) {
    tracing::error!(%change, error, "what a change of the store says is not found by lookups");
}

/// Does what waits for the disk where that holds nobody up.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // It is not aborted, so that it ends without a value in a panic alone.
    let working = tokio::task::spawn_blocking(work);
    working.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
