//! The directory of what waits: a file for each identifier.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::Notify;

use super::{Attempt, Entry, EntryError, Limits};
use crate::association::Statement;
use crate::clock::Timestamp;
use crate::codec::hex;
use crate::crypto::{Random, sha256};
use crate::disk::{DRAFT, replace_privately};
use crate::threepid::Threepid;
use crate::wire::Name;

/// How the names of entries end.
const ENDING: &str = ".json";
/// What is locked by whoever writes.
const LOCK: &str = "lock";

/// Why an outbox cannot be used.
#[derive(Debug, Error)]
pub enum OutboxError {
    /// A file or the directory cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file is no entry.
    #[error("{}: {error}; it is left as it is", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: EntryError,
    },
    /// There are as many entries as there may be.
    #[error("{}: {most} statements wait already, and more do not fit", path.display())]
    Full {
        /// The outbox.
        path: PathBuf,
        /// How many there may be.
        most: usize,
    },
    /// It would go to more roots than there may be.
    #[error("{roots} roots: at most {most} can be published to")]
    Roots {
        /// How many there are.
        roots: usize,
        /// How many there may be.
        most: usize,
    },
}

/// The file of an entry, by the identifier: SHA-256 of its medium and its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(String);

impl EntryId {
    /// The one of this identifier.
    pub fn of(threepid: &Threepid) -> Self {
        let text = [threepid.medium().as_str(), "\0", threepid.address()].concat();
        Self(hex(&sha256(text.as_bytes())))
    }

    /// The one that a file's name tells.
    fn of_file(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(ENDING)?;
        let is_hash = stem.len() == 64 && stem.bytes().all(|octet| octet.is_ascii_hexdigit());
        is_hash.then(|| Self(stem.to_owned()))
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a statement that was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It waits.
    New,
    /// It waits in place of an older one about the identifier.
    Replaced,
    /// It was there; its signatures are together now, or had been.
    Merged,
    /// A newer one about the identifier waits; this one was dropped.
    Older,
}

/// Statements on their way, kept through crashes. Several processes may have it at the same time: each
/// change is made under a lock, to what is there then. Clones are one outbox: who sends what is in it
/// hears at once of what another puts in.
#[derive(Debug, Clone)]
pub struct Outbox {
    path: Arc<Path>,
    limits: Limits,
    added: Arc<Notify>,
}

impl Outbox {
    /// The outbox in the directory at `path`, which is made where it is missing, for its owner alone.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, OutboxError> {
        let refused = |error| OutboxError::File { path: path.into(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(refused)?;
        let outbox = Self { path: path.into(), limits, added: Arc::default() };
        // That tells now whether it can be written, not when something has to be kept.
        let lock = outbox.lock()?;
        outbox.remove_drafts().map_err(refused)?;
        drop(lock);
        Ok(outbox)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until something is put in, by this outbox or a clone of it. What was put in since this was last
    /// waited for counts.
    pub(super) async fn added(&self) {
        self.added.notified().await;
    }

    /// Puts a statement in, to go to these roots. Once this returns, it is on disk.
    ///
    /// # Errors
    /// Where there is no room, or the disk errs: then nothing has changed.
    pub fn add(
        &self,
        threepid: Threepid,
        statement: Statement,
        apexes: &[Name],
        now: Timestamp,
    ) -> Result<Added, OutboxError> {
        let (roots, most) = (apexes.len(), self.limits.roots);
        if roots > most {
            return Err(OutboxError::Roots { roots, most });
        }
        let _lock = self.lock()?;
        let id = EntryId::of(&threepid);
        let Some(mut held) = self.read(&id)? else {
            self.make_room()?;
            self.write(&id, &Entry::new(threepid, statement, apexes, now))?;
            self.added.notify_one();
            return Ok(Added::New);
        };
        let order = statement.precedence(&threepid).cmp(&held.statement.precedence(&threepid));
        let (entry, added) = match order {
            std::cmp::Ordering::Less => return Ok(Added::Older),
            std::cmp::Ordering::Greater => {
                (Entry::new(threepid, statement, apexes, now), Added::Replaced)
            }
            std::cmp::Ordering::Equal if held.statement.merge(&statement) == Ok(true) => {
                (Entry::new(threepid, held.statement, apexes, now), Added::Merged)
            }
            std::cmp::Ordering::Equal => {
                held.send_to(apexes, now);
                (Entry { added: now, ..held }, Added::Merged)
            }
        };
        self.write(&id, &entry)?;
        self.added.notify_one();
        Ok(added)
    }

    /// What waits, in no order, and what cannot be read of it.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub fn entries(&self) -> Result<Vec<Result<Entry, OutboxError>>, OutboxError> {
        let ids = self.ids()?;
        Ok(ids.iter().filter_map(|id| self.read(id).transpose()).collect())
    }

    /// The entry of an identifier, where there is one.
    ///
    /// # Errors
    /// Where its file cannot be read.
    pub fn find(&self, id: &EntryId) -> Result<Option<Entry>, OutboxError> {
        self.read(id)
    }

    /// Takes note of what came of an attempt for `tried` at one root, and returns the entry as it is
    /// then; none where another statement has taken its place, or it is gone.
    ///
    /// # Errors
    /// Where the disk errs: then it is tried again.
    pub(super) fn note(
        &self,
        tried: &Entry,
        apex: &Name,
        attempt: &Attempt,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Option<Entry>, OutboxError> {
        let _lock = self.lock()?;
        let id = EntryId::of(&tried.threepid);
        let Some(mut entry) = self.read(&id)?.filter(|held| held.statement == tried.statement)
        else {
            return Ok(None);
        };
        entry.note(apex, attempt, now, &self.limits, random);
        self.write(&id, &entry)?;
        Ok(Some(entry))
    }

    /// Removes the entry of an identifier, wherever it still waits, and returns it; none where there is
    /// none.
    ///
    /// # Errors
    /// Where the disk errs.
    pub fn take(&self, id: &EntryId) -> Result<Option<Entry>, OutboxError> {
        let _lock = self.lock()?;
        let Some(entry) = self.read(id)? else { return Ok(None) };
        let path = self.file(id);
        fs::remove_file(&path).map_err(|error| OutboxError::File { path, error })?;
        Ok(Some(entry))
    }

    /// Removes an entry with which nothing is left to do, where it is still the same.
    ///
    /// # Errors
    /// Where the disk errs.
    pub(super) fn remove(&self, done: &Entry) -> Result<(), OutboxError> {
        let _lock = self.lock()?;
        let id = EntryId::of(&done.threepid);
        match self.read(&id)? {
            Some(held) if held == *done && held.is_done() => {
                let path = self.file(&id);
                // Where a crash brings it back, it is told and removed again.
                fs::remove_file(&path).map_err(|error| OutboxError::File { path, error })
            }
            _ => Ok(()),
        }
    }

    fn file(&self, id: &EntryId) -> PathBuf {
        self.path.join(format!("{id}{ENDING}"))
    }

    fn lock(&self) -> Result<File, OutboxError> {
        let path = self.path.join(LOCK);
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        let locked = file.and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| OutboxError::File { path, error })
    }

    fn ids(&self) -> Result<Vec<EntryId>, OutboxError> {
        let refused = |error| OutboxError::File { path: self.path.to_path_buf(), error };
        let files = fs::read_dir(&self.path).map_err(refused)?;
        let id = |file: io::Result<fs::DirEntry>| match file {
            Ok(file) => file.file_name().to_str().and_then(EntryId::of_file).map(Ok),
            Err(error) => Some(Err(refused(error))),
        };
        files.filter_map(id).collect()
    }

    fn make_room(&self) -> Result<(), OutboxError> {
        let most = self.limits.entries;
        match self.ids()?.len() < most {
            true => Ok(()),
            false => Err(OutboxError::Full { path: self.path.to_path_buf(), most }),
        }
    }

    fn read(&self, id: &EntryId) -> Result<Option<Entry>, OutboxError> {
        let path = self.file(id);
        let mut octets = Vec::new();
        let most = self.limits.entry_octets as u64 + 1;
        let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut octets));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OutboxError::File { path, error }),
            Ok(_) => {}
        }
        let entry = Entry::read(&octets, &self.limits);
        entry.map(Some).map_err(|error| OutboxError::Malformed { path, error })
    }

    /// Writes an entry in place of what was there: for the owner alone, as it says who has which address.
    fn write(&self, id: &EntryId, entry: &Entry) -> Result<(), OutboxError> {
        let path = self.file(id);
        let written = replace_privately(&path, &entry.to_octets());
        written.map_err(|error| OutboxError::File { path, error })
    }

    /// Removes what a crash left half written: it was never there.
    fn remove_drafts(&self) -> io::Result<()> {
        for file in fs::read_dir(&self.path)? {
            let path = file?.path();
            if path.to_string_lossy().ends_with(DRAFT) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}
