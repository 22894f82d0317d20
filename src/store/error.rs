//! What goes wrong with a store, and why a change is refused.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;

use super::FORMAT;

/// Why a store cannot be opened, read or written. The text does not name the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Another process writes to it.
    #[error("in use by another process that writes to it")]
    InUse,
    /// The file holds something else.
    #[error("not a store")]
    NotAStore,
    /// A store of another version of this program.
    #[error("a store of format {0}, expected format {FORMAT}")]
    Format(u64),
    /// What is in it is not what was written to it.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The system refused to read or write.
    #[error("{0}")]
    Disk(String),
    /// A file is where a backup should go.
    #[error("there is a file already")]
    Exists,
    /// The writer has ended.
    #[error("closed")]
    Closed,
}

/// Why a change is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The store has a later statement for the name.
    #[error("older than what the store has for this name")]
    Older,
    /// It is made later than the clock allows.
    #[error("its time is too far ahead of the clock")]
    Ahead,
    /// It has the hash of what the store has, and says something else: the hash is not its own.
    #[error("has the hash of another statement")]
    OtherHash,
    /// The store has the same, with as many signatures as there may be, by names that come first.
    #[error("held already, with as many signatures as fit: there is no room for these")]
    NoRoom,
    /// It is held until others have it.
    #[error("about to be handed over to other servers: nothing changes there")]
    Held,
    /// It was handed over.
    #[error("delegated to other servers")]
    Away,
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        use std::io::ErrorKind;
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::InUse,
            redb::Error::Io(error) if error.kind() == ErrorKind::InvalidData => Self::NotAStore,
            redb::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Self::Damaged("the file ends early".to_owned())
            }
            redb::Error::Io(error) => Self::Disk(error.to_string()),
            redb::Error::UpgradeRequired(_)
            | redb::Error::TableDoesNotExist(_)
            | redb::Error::TableTypeMismatch { .. } => Self::NotAStore,
            redb::Error::DatabaseClosed => Self::Closed,
            redb::Error::PreviousIo => Self::Disk("an earlier error of the disk".to_owned()),
            other => Self::Damaged(other.to_string()),
        }
    }
}

macro_rules! through_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}

through_redb!(CommitError, DatabaseError, StorageError, TableError, TransactionError);

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}

/// Does `work` on a file that may be damaged. The database below finds some damage by panicking.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // What `work` changes is a transaction, which is dropped, or a reader, which is not used again.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(found(panic.as_ref())))
}

fn found(panic: &(dyn Any + Send)) -> StoreError {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    StoreError::Damaged(text.unwrap_or("what is on a page makes no sense").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_damage() {
        let damaged = guarded::<()>(|| panic!("page {}", 7));
        assert_eq!(damaged, Err(StoreError::Damaged("page 7".to_owned())));
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
