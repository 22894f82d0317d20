//! The store: what is held for each name, durably, in one file.
//!
//! # What it holds
//!
//! For each name of the tree one [`Entry`], of one of these:
//! - a statement (an association or a withdrawal): its record data with its signatures, the SHA-256 of its
//!   signed octets, and the RRSIGs over it, so that a restart reuses them;
//! - a mark ([`Held::Mark`]): when the last statement was made, for good. That statement was a
//!   withdrawal, and was dropped [400 days](Policy::keep_withdrawals) after it was made.
//!
//! One store is for a whole server, whatever zones it serves: which zone a name is in can change, and a
//! hundred zones share one writer and one flush to disk. Names stand in full, so a store may hold
//! several trees. It knows nothing of keys, and keeps for zones only what those who serve them must not
//! forget ([`ZoneState`]); of delegations, what they handed over to others ([`Border`]).
//!
//! A statement is kept without the address that it is about. Names of phone numbers tell theirs; other
//! addresses are kept only where [`Policy::keep_addresses`] asks for it, as hashed lookup in Matrix's
//! identity API needs it, and only as long as there is an association.
//!
//! # How it changes
//!
//! A [`Change`] is a statement or a mark. [`Outcome`] says what came of it, by the rules that hold
//! everywhere: the later wins; at the same time a withdrawal; then the greater SHA-256 of the signed
//! octets. The same with other signatures is [merged](crate::association::Statement::merge), in
//! whatever order they come with the same result, and refused where none of them has room; the older is
//! refused. A mark counts as the
//! withdrawal that it stands for. What is more than [5 minutes](Policy::ahead) ahead of the clock is
//! refused. Who signed is not checked here: that is for whoever accepts a publication.
//!
//! One thread writes. It takes all changes that wait, at most [`Policy::batch`] of them, decides
//! about one after the other, and commits them in one transaction, which is one flush to disk for all.
//! Only then does anyone hear what came of them. Those who have much to publish thus wait for a few
//! flushes, not for one each.
//!
//! # How it is read
//!
//! A [`Snapshot`] shows the store of one moment. It waits for no writer and no writer for it, in this
//! process or another: backups and exports of a store that is being written are whole and consistent.
//!
//! Each accepted change has a [`Sequence`] number, greater than all before. [`Snapshot::since`] reads
//! the changes after any number, in order; of several to one name it has the last. [`Store::watch`]
//! tells when there are more. Whoever follows the feed from 0 or from where they stopped ends up with
//! what the store has. New RRSIGs are no change, and what is noted of zones is none.
//! [`Snapshot::scan`] goes through all names without taking anything apart.
//!
//! # What is sure
//!
//! - What was answered with an [`Outcome`] is on disk. After `kill -9` or a power failure at any moment it is
//!   there, and the store opens without a look at all of it.
//! - A change is made whole or not at all, with its number, marks and addresses.
//! - Errors of the disk are told to whoever waits for the change, and nothing of the batch is made.
//!   The file is then opened again and the batch tried once more, so a disk that had been full and has
//!   room again needs no restart.
//! - One process writes. For another the store is [`StoreError::InUse`].
//! - Damage is told as [`StoreError::Damaged`] where it is met; [`check`] looks for it everywhere, by the
//!   checksums of all pages and by what the tables say of each other.
//!
//! # Layout
//!
//! A redb file with these tables. Keys sort as names do in canonical order, so that a zone, or what lies
//! below a cut, is one range: read in one go, handed over, signed anew.
//!
//! | table | key | value |
//! |---|---|---|
//! | `names` | labels from the root, lower case, each ended by 0 | version, number, statement, hash, RRSIGs; or a mark |
//! | `changes` | number | key of the name; only the last change of each |
//! | `withdrawals` | ts, key of the name | nothing; what is to be dropped some day |
//! | `addresses` | key of the name | medium, 0, address |
//! | `zones` | key of a zone's apex | what is known of it: [`ZoneState`] |
//! | `borders` | key of a name | who answers there, and up to which change it was handed over: [`Border`] |
//! | `meta` | `format`, `addresses`, `copy` | 3; whether addresses are kept; whether it is a backup |
//!
//! # Limits
//!
//! A million numbers with 180 octets of record data and one RRSIG each, come in no order, take 560 MiB on
//! disk, and up to twice that while they are written. Memory is about [`Policy::cache`], whatever is
//! stored. File locks and hard links have to work: no NFS, no FAT.
//!
//! What a snapshot shows stays in the file as long as the snapshot is there. Whoever goes through all of a
//! store and writes meanwhile takes a new one now and then: signing a million names anew under one made
//! the file grow to 6 GiB, with one for each 10,000 it stayed at 1.
//!
//! # Example
//!
//! ```
//! use threepid::association::{Claim, Statement, Ts, Withdrawal};
//! use threepid::clock::Timestamp;
//! use threepid::crypto::SigningKey;
//! use threepid::signed::KeyName;
//! use threepid::store::{Change, Outcome, Policy, Sequence, Store};
//! use threepid::threepid::Threepid;
//!
//! let alice = Threepid::parse_any("alice@example.com", None)?;
//! let claim = Claim::from(Withdrawal { ts: Ts::from_millis(1_700_000_000_000)? });
//! let name = KeyName::new("verify.example".parse()?, "ed25519:0".parse()?);
//! let statement = Statement::sign(claim, &alice, name, &SigningKey::from_seed(&[7; 32]))?;
//!
//! let directory = tempfile::tempdir()?;
//! let store = Store::open(&directory.path().join("a.store"), Policy::default())?;
//! let change = Change::publish(&"3pid.example.".parse()?, alice, statement)?;
//! let now = Timestamp::from_secs(1_700_000_000);
//! let outcomes = store.submit(vec![change.clone()], now)?.wait()?;
//! assert_eq!(outcomes, [Outcome::Stored(Sequence(1))]);
//! assert!(store.snapshot()?.find(change.name())?.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backup;
mod border;
mod change;
mod changes;
mod check;
mod error;
mod file;
mod key;
pub mod ledger;
mod lines;
mod record;
mod scan;
mod snapshot;
mod tables;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod writer;
mod zone;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

pub use border::{Border, Borders, Settled, Stand};
pub use change::{Change, Outcome, Signed};
pub use changes::Changes;
pub use check::{Report, check};
pub use error::{Refusal, StoreError};
pub use lines::{LineError, MAX_LINE};
pub use record::{Held, Kept, Rrsigs, Sequence};
pub use scan::{OwnerBuffer, Position, Row, Rows, Scan};
pub use snapshot::{Entry, Snapshot, Tally};
pub use zone::{AHEAD, RESTORED, ZoneState};

use crate::clock::Timestamp;
use writer::{Answer, Command, Shared, Work};

/// The format that is written and read.
const FORMAT: u64 = 3;

/// How a store is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Memory for pages of the file, in octets: 32 MiB. The pages above the leaves of 10 million names
    /// fit; more of it makes changes to names in no order cheaper.
    pub cache: usize,
    /// How many requests may wait for the writer: 1024. Who comes later waits to be let in.
    pub queue: usize,
    /// How many changes go into one transaction, about: 2048. At 20,000 a second those who wait for it
    /// wait a tenth of a second.
    pub batch: usize,
    /// How far ahead of the clock a statement's time may be: 5 minutes.
    pub ahead: Duration,
    /// How long withdrawals are kept after they were made: 400 days.
    pub keep_withdrawals: Duration,
    /// Keep the addresses that names do not tell. A store that once kept them goes on.
    pub keep_addresses: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            cache: 32 << 20,
            queue: 1024,
            batch: 2048,
            ahead: Duration::from_secs(300),
            keep_withdrawals: Duration::from_secs(400 * 86_400),
            keep_addresses: false,
        }
    }
}

/// A store that is open to be written. Copies share it; it closes with the last one, when what was sent is
/// on disk.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    /// Both are there until the end.
    queue: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the store at `path`; makes it where there is none, for its owner's eyes alone.
    ///
    /// # Errors
    /// Where another process writes it, it is something else or damaged, or the disk errs.
    pub fn open(path: &Path, policy: Policy) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(policy.queue.max(1));
        let shared = Arc::new(Shared::open(path.to_owned(), policy)?);
        let writer = {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name("store".to_owned());
            thread.spawn(move || writer::run(&shared, waiting))?
        };
        Ok(Self(Arc::new(Inner { shared, queue: Some(queue), writer: Some(writer) })))
    }

    /// Makes changes, and tells of each what came of it when that is on disk.
    ///
    /// # Errors
    /// Where the disk errs or the store is damaged: then none is made, as far as is known.
    pub async fn apply(&self, changes: Vec<Change>, now: Timestamp) -> Answer {
        self.send(Work::Apply { changes, now }).await
    }

    /// The same outside of asynchronous code: returns as soon as the changes wait in line.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    ///
    /// # Panics
    /// On a thread that runs asynchronous code, which must not block.
    pub fn submit(&self, changes: Vec<Change>, now: Timestamp) -> Result<Pending, StoreError> {
        self.queue_up(Work::Apply { changes, now })
    }

    /// Keeps RRSIGs with the statements they sign, and notes what is known of zones in place of what was
    /// known before, together. Tells how many statements were still the same.
    ///
    /// # Errors
    /// As for [`Store::apply`].
    pub async fn keep(
        &self,
        signed: Vec<Signed>,
        zones: Vec<ZoneState>,
    ) -> Result<usize, StoreError> {
        let outcomes = self.send(Work::Keep { signed, zones }).await?;
        Ok(outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Stored(_))).count())
    }

    /// Keeps RRSIGs, outside of asynchronous code: returns as soon as they wait in line.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    ///
    /// # Panics
    /// As for [`Store::submit`].
    pub fn submit_signed(&self, signed: Vec<Signed>) -> Result<Pending, StoreError> {
        self.queue_up(Work::Keep { signed, zones: Vec::new() })
    }

    /// Drops withdrawals that were kept long enough; their marks stay. Tells how many, at most
    /// [`Policy::batch`]: whoever sees as many asks again.
    ///
    /// # Errors
    /// As for [`Store::apply`].
    pub async fn expire(&self, now: Timestamp) -> Result<usize, StoreError> {
        Ok(self.send(Work::Expire { now }).await?.len())
    }

    /// Puts borders in place of those that stand; from then on nothing changes in what is held or away.
    /// Tells of each cut what came of it. Where `must_be_held` and one was not, all stays as it is.
    ///
    /// # Errors
    /// As for [`Store::apply`].
    pub async fn settle(
        &self,
        borders: Borders,
        must_be_held: bool,
    ) -> Result<Vec<Settled>, StoreError> {
        let outcomes = self.send(Work::Settle { borders, must_be_held }).await?;
        Ok(outcomes.into_iter().map(Settled::from).collect())
    }

    /// The store as it is now.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let handed = self.0.shared.handed();
        Snapshot::new(&self.0.shared.begin_read()?, handed)
    }

    /// Whether it was a copy made by [`Snapshot::backup`] until it was opened: what was changed after that was
    /// made is not in it, and zones begin [ahead](AHEAD) of their serials.
    pub fn is_restored(&self) -> bool {
        self.0.shared.is_restored()
    }

    /// Shows the number of the last change on disk, and tells when there are more.
    pub fn watch(&self) -> watch::Receiver<Sequence> {
        self.0.shared.watch()
    }

    async fn send(&self, work: Work) -> Answer {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue().send(Command { work, reply }).await;
        sent.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    fn queue_up(&self, work: Work) -> Result<Pending, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue().blocking_send(Command { work, reply });
        sent.map_err(|_| StoreError::Closed)?;
        Ok(Pending(answer))
    }

    fn queue(&self) -> &mpsc::Sender<Command> {
        self.0.queue.as_ref().expect("the queue is there until the store is dropped")
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // It has panicked outside of what it watches over, or ended: either way it is gone.
            let _ = writer.join();
        }
    }
}

/// Changes that are on their way to disk.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Answer>);

impl Pending {
    /// Blocks until they are on disk, and tells of each what came of it.
    ///
    /// # Errors
    /// As for [`Store::apply`].
    ///
    /// # Panics
    /// As for [`Store::submit`].
    pub fn wait(self) -> Result<Vec<Outcome>, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}
