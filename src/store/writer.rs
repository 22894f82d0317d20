//! The one thread that writes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, ReadTransaction, ReadableDatabase};
use tokio::sync::{mpsc, oneshot, watch};

use super::border::{Borders, Handed};
use super::error::guarded;
use super::tables::Tables;
use super::{Change, Outcome, Policy, Sequence, Signed, StoreError, ZoneState, file};
use crate::clock::Timestamp;

/// What came of a command, once it is on disk.
pub(super) type Answer = Result<Vec<Outcome>, StoreError>;

/// Something for the writer to do.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Answer>,
}

#[derive(Debug)]
pub(super) enum Work {
    Apply { changes: Vec<Change>, now: Timestamp },
    Keep { signed: Vec<Signed>, zones: Vec<ZoneState> },
    Expire { now: Timestamp },
    Settle { borders: Borders, must_be_held: bool },
}

impl Work {
    /// How many names it is about, about.
    fn weight(&self, policy: &Policy) -> usize {
        match self {
            Self::Apply { changes, .. } => changes.len(),
            Self::Keep { signed, zones } => signed.len() + zones.len(),
            // What comes behind new borders is decided by them.
            Self::Expire { .. } | Self::Settle { .. } => policy.batch,
        }
    }

    fn run(&self, tables: &mut Tables<'_>, policy: &Policy) -> Answer {
        match self {
            Self::Apply { changes, now } => {
                changes.iter().map(|change| tables.apply(change, *now, policy)).collect()
            }
            Self::Keep { signed, zones } => {
                zones.iter().try_for_each(|zone| tables.note(zone))?;
                signed.iter().map(|signed| tables.sign(signed)).collect()
            }
            Self::Expire { now } => {
                tables.expire(now.saturating_sub(policy.keep_withdrawals), policy.batch)
            }
            Self::Settle { borders, must_be_held } => tables.settle(borders, *must_be_held),
        }
    }
}

/// What the writer and those who read have in common.
pub(super) struct Shared {
    path: PathBuf,
    policy: Policy,
    /// The store, or why it is closed. Only to open it again it is locked for writing.
    database: RwLock<Result<Database, StoreError>>,
    last: watch::Sender<Sequence>,
    is_restored: bool,
    /// Whether somebody has said what is held and what is away: that is left as it is from then on.
    is_closed: AtomicBool,
    handed: RwLock<Arc<Handed>>,
}

impl Shared {
    pub(super) fn open(path: PathBuf, policy: Policy) -> Result<Self, StoreError> {
        let (database, is_restored) = file::open_or_make(&path, &policy)?;
        let last = watch::Sender::new(file::last(&database)?);
        let handed = RwLock::new(Arc::new(file::handed(&database)?));
        let is_closed = AtomicBool::new(false);
        let database = RwLock::new(Ok(database));
        Ok(Self { path, policy, database, last, is_restored, is_closed, handed })
    }

    pub(super) fn is_restored(&self) -> bool {
        self.is_restored
    }

    /// Starts to read what is there now.
    pub(super) fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        Ok(database.as_ref().map_err(StoreError::clone)?.begin_read()?)
    }

    /// Up to which changes names were handed over.
    pub(super) fn handed(&self) -> Arc<Handed> {
        Arc::clone(&self.handed.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells the number of the last change that is on disk, again after each commit.
    pub(super) fn watch(&self) -> watch::Receiver<Sequence> {
        self.last.subscribe()
    }

    /// Does a group of commands in one transaction.
    fn write(&self, group: &[Command]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().map_err(StoreError::clone)?;
        guarded(|| {
            let transaction = file::begin(database)?;
            let is_closed = self.is_closed.load(Ordering::Acquire);
            let mut tables = Tables::open(&transaction, is_closed)?;
            let done = group.iter().map(|command| command.work.run(&mut tables, &self.policy));
            let done = done.collect::<Result<_, _>>()?;
            let (last, is_changed) = (tables.last(), tables.is_changed());
            let settles = |command: &Command| matches!(command.work, Work::Settle { .. });
            let handed = group.iter().any(settles).then(|| tables.handed()).transpose()?;
            drop(tables);
            // What is refused, or here already, costs no flush.
            if is_changed {
                transaction.commit()?;
                self.last.send_replace(last);
            }
            if let Some(handed) = handed {
                *self.handed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(handed);
                self.is_closed.store(true, Ordering::Release);
            }
            Ok(done)
        })
    }

    /// Does a group of commands, if need be at the second try.
    fn write_or_reopen(&self, group: &[Command]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        self.write(group).or_else(|_| {
            self.reopen();
            // After another error it is opened once more for those who read.
            self.write(group).inspect_err(|_| self.reopen())
        })
    }

    /// Closes the file and opens it again: after an error it is read and written no more. What has
    /// begun to read errs, what begins later does not. Tells what is on disk: a commit that erred may
    /// be there all the same.
    fn reopen(&self) {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *database = Err(StoreError::Closed);
        *database = file::open(&self.path, &self.policy);
        if let Ok(Ok(last)) = database.as_ref().map(file::last) {
            self.last.send_replace(last);
        }
    }
}

/// Writes what comes through `queue` until nobody can send any more.
pub(super) fn run(shared: &Arc<Shared>, mut queue: mpsc::Receiver<Command>) {
    while let Some(first) = queue.blocking_recv() {
        let group = gather(first, &mut queue, &shared.policy);
        let done = shared.write_or_reopen(&group);
        reply(done, group);
    }
}

/// The first command and those that wait behind it, as many as go into one transaction.
fn gather(first: Command, queue: &mut mpsc::Receiver<Command>, policy: &Policy) -> Vec<Command> {
    let mut weight = first.work.weight(policy);
    let mut group = vec![first];
    while weight < policy.batch {
        let Ok(next) = queue.try_recv() else { break };
        weight += next.work.weight(policy);
        group.push(next);
    }
    group
}

/// Tells those who sent the commands what came of them. One may not wait for it.
fn reply(done: Result<Vec<Vec<Outcome>>, StoreError>, group: Vec<Command>) {
    match done {
        Ok(done) => {
            for (command, outcomes) in group.into_iter().zip(done) {
                let _ = command.reply.send(Ok(outcomes));
            }
        }
        Err(error) => {
            for command in group {
                let _ = command.reply.send(Err(error.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::association::{Claim, Statement, Ts, Withdrawal};
    use crate::crypto::SigningKey;
    use crate::signed::KeyName;
    use crate::threepid::Threepid;

    #[test]
    fn what_a_commit_that_erred_left_on_disk_is_told() {
        let place = tempfile::tempdir().unwrap();
        let shared = Shared::open(place.path().join("a.store"), Policy::default()).unwrap();
        let threepid = Threepid::parse_any("+447700900123", None).unwrap();
        let claim = Claim::from(Withdrawal { ts: Ts::from_millis(5).unwrap() });
        let signer = KeyName::new("a.example".parse().unwrap(), "ed25519:0".parse().unwrap());
        let signed = Statement::sign(claim, &threepid, signer, &SigningKey::from_seed(&[7; 32]));
        let apex = "a.example.".parse().unwrap();
        let change = Change::publish(&apex, threepid, signed.unwrap()).unwrap();
        let (reply, _answer) = oneshot::channel();
        let work = Work::Apply { changes: vec![change], now: Timestamp::from_millis(9) };
        let group = [Command { work, reply }];
        shared.write(&group).unwrap();
        // As if the commit had erred after it was done.
        shared.last.send_replace(Sequence(0));
        *shared.database.write().unwrap() = Err(StoreError::Closed);
        assert_eq!(shared.write_or_reopen(&group).unwrap(), [[Outcome::Unchanged]]);
        assert_eq!(*shared.watch().borrow(), Sequence(1));
    }
}
