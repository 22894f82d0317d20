//! The file of a store: made, opened, shared between processes.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadableTable,
    WriteTransaction,
};

use super::border::Handed;
use super::error::guarded;
use super::snapshot::damaged;
use super::tables::{META, META_ADDRESSES, META_COPY, META_FORMAT, Tables, ZONES};
use super::{FORMAT, Policy, Sequence, StoreError, ZoneState, key};

/// What a store's file is opened with: one process writes, others read beside it.
pub(super) fn builder(policy: &Policy) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(policy.cache).set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}

/// Opens the store at `path` to be written; makes it where there is none.
///
/// Tells whether it is a copy that nobody has written to before.
pub(super) fn open_or_make(path: &Path, policy: &Policy) -> Result<(Database, bool), StoreError> {
    if !path.try_exists()? {
        match make(path, |partial| make_store(partial, policy)) {
            // Another process has just made it.
            Ok(()) | Err(StoreError::Exists) => {}
            Err(error) => return Err(error),
        }
    }
    let database = open(path, policy)?;
    let is_restored = guarded(|| ready(&database, policy))?;
    Ok((database, is_restored))
}

/// Makes a store that holds nothing of an empty file.
fn make_store(path: &Path, policy: &Policy) -> Result<(), StoreError> {
    let database = builder(policy).create(path)?;
    let transaction = begin(&database)?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_FORMAT, FORMAT)?;
        meta.insert(META_ADDRESSES, 0)?;
    }
    drop(Tables::open(&transaction, false)?);
    transaction.commit()?;
    Ok(database.close()?)
}

/// Sees that this is a store, and has it keep addresses where `policy` wants that. Makes a store of a copy:
/// tells whether it was one.
fn ready(database: &Database, policy: &Policy) -> Result<bool, StoreError> {
    let transaction = begin(database)?;
    let mut meta = transaction.open_table(META)?;
    let format = meta.get(META_FORMAT)?.ok_or(StoreError::NotAStore)?.value();
    check_format(format)?;
    let was_copy = meta.remove(META_COPY)?.is_some();
    if policy.keep_addresses {
        meta.insert(META_ADDRESSES, 1)?;
    }
    drop(meta);
    if was_copy {
        move_serials(&transaction)?;
    }
    if was_copy || policy.keep_addresses {
        transaction.commit()?;
    }
    Ok(was_copy)
}

/// Moves the serials of all zones ahead of those that were served since the copy was made.
fn move_serials(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut zones = transaction.open_table(ZONES)?;
    let mut moved = Vec::new();
    for entry in zones.iter()? {
        let (key, state) = entry?;
        let apex = key::name(key.value()).ok_or_else(|| damaged("a zone without a name"))?;
        moved.push(ZoneState::from_octets(&apex, state.value())?.moved_ahead());
    }
    for state in moved {
        zones.insert(&*key::key(&state.apex), &*state.to_octets())?;
    }
    Ok(())
}

/// Has `fill` write a new file, for the eyes of its owner alone. It appears at `path` when it is whole and on
/// disk.
///
/// # Errors
/// [`StoreError::Exists`] where there is a file at `path`.
pub(super) fn make(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let partial = partial(path);
    // One that was broken off may be there, of a process with the same number.
    let _ = fs::remove_file(&partial);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    let made = guarded(|| fill(&partial)).and_then(|()| match fs::hard_link(&partial, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(StoreError::Exists),
        linked => Ok(linked?),
    });
    let removed = fs::remove_file(&partial);
    made?;
    removed?;
    Ok(File::open(directory(path))?.sync_all()?)
}

/// Where a file is written until it is whole.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    name.into()
}

fn directory(of: &Path) -> &Path {
    of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens the store at `path` to be written.
pub(super) fn open(path: &Path, policy: &Policy) -> Result<Database, StoreError> {
    guarded(|| Ok(builder(policy).open(path)?))
}

/// Opens the store at `path` to be read.
pub(super) fn open_to_read(path: &Path, policy: &Policy) -> Result<ReadOnlyDatabase, StoreError> {
    guarded(|| match builder(policy).open_read_only(path) {
        // The process that wrote it last was killed. Whoever opens it to write puts it in order.
        Err(DatabaseError::RepairAborted) => {
            match builder(policy).open(path) {
                Err(DatabaseError::DatabaseAlreadyOpen) => {}
                opened => opened?.close()?,
            }
            Ok(builder(policy).open_read_only(path)?)
        }
        opened => Ok(opened?),
    })
}

/// Starts to write. Whatever is committed is on disk, and whoever is killed leaves a store that opens
/// without a look at all of it.
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// Errs unless this is the format that this version reads.
pub(super) fn check_format(format: u64) -> Result<(), StoreError> {
    if format == FORMAT { Ok(()) } else { Err(StoreError::Format(format)) }
}

/// The number of the last change on disk.
pub(super) fn last(database: &Database) -> Result<Sequence, StoreError> {
    guarded(|| Ok(Tables::open(&begin(database)?, false)?.last()))
}

/// Up to which changes names were handed over, by what is on disk.
pub(super) fn handed(database: &Database) -> Result<Handed, StoreError> {
    guarded(|| Tables::open(&begin(database)?, false)?.handed())
}
