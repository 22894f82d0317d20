//! The ledger: what a verification server and an identity service must not forget, durably, in one file.
//!
//! | table | key | value |
//! |---|---|---|
//! | `sessions` | id of a [`Session`](crate::verification::Session) | the session |
//! | `openers` | SHA-256 of identifier and client secret | id of the session that they opened last |
//! | `ends` | end of a session, its id | nothing |
//! | `unsent` | id of a session | nothing: its message is due |
//! | `signed` | medium, address | the statement that was [signed](Ledger::sign) last |
//! | `forgotten` | when, medium, address | nothing: the statement may be forgotten then |
//! | `chores` | medium, address, whom it is for | a [`Chore`] |
//! | `accounts` | SHA-256 of an access token | whose it is: [`Account`] |
//! | `holders` | user id, 0, SHA-256 of an access token | nothing: it is the user's |
//! | `idle` | when a token was used, at the earliest; its SHA-256 | nothing |
//! | `agreements` | user id | addresses of the terms that the user agreed to |
//! | `invitations` | medium, address, token | an [`Invitation`] |
//! | `invited` | token of an invitation | its key in `invitations` |
//! | `ephemeral` | a public key | nothing: it was made for an invitation |
//! | `untold` | token of an invitation | nothing: its message is due |
//! | `left` | when an invitation was left, its token | nothing |
//! | `made` | when a key was made for an invitation, the key | nothing |
//! | `meta` | name | a number or text of the service's own |
//!
//! Values are JSON, so that what one version writes another reads. Access tokens stand there as hashes
//! alone: who reads the file cannot use them. Addresses and tokens of sessions stand there as they are,
//! since messages are sent again; the file is for the eyes of its owner.
//!
//! Accounts that were used last are in memory, too: [`Ledger::account_at_hand`].
//!
//! One process has the ledger open. What a call has written is on disk when it returns: calls wait for the
//! disk, and are not for asynchronous threads. After `kill -9` what was answered is there.

mod accounts;
mod chores;
mod invitations;
mod recent;
mod sessions;
mod signed;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::guarded;
use super::file;
use super::{Policy, StoreError};
use crate::association::Statement;
use crate::threepid::Threepid;

pub use accounts::{AccessToken, Account};
pub use chores::{Chore, Work};
pub use invitations::{Invitation, InvitationLimits, InvitationMessage};
use recent::Recent;

/// Octets by octets: every table is one.
type Octets = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// What the service notes about itself.
const META: Octets = TableDefinition::new("meta");
/// In [`META`]: the form of the tables.
const META_FORMAT: &[u8] = b"format";
/// The form that this version writes.
const FORMAT: u64 = 1;

/// Every table, so that each is there from the beginning.
const TABLES: [Octets; 18] = [
    META,
    sessions::SESSIONS,
    sessions::OPENERS,
    sessions::ENDS,
    sessions::UNSENT,
    signed::SIGNED,
    signed::FORGOTTEN,
    chores::CHORES,
    accounts::ACCOUNTS,
    accounts::HOLDERS,
    accounts::IDLE,
    accounts::AGREEMENTS,
    invitations::INVITATIONS,
    invitations::INVITED,
    invitations::EPHEMERAL,
    invitations::UNTOLD,
    invitations::LEFT,
    invitations::MADE,
];

/// Memory for pages of the file, in octets: what is in use fits.
const CACHE: usize = 8 << 20;

/// An open ledger.
pub struct Ledger {
    database: Database,
    recent: Recent,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger at `path`; makes it where there is none.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another process has it open, [`StoreError::NotAStore`] where the file is
    /// something else, and what the system says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let policy = Policy { cache: CACHE, ..Policy::default() };
        if !path.try_exists()? {
            match file::make(path, |partial| Ok(make(partial, &policy)?.close()?)) {
                Ok(()) | Err(StoreError::Exists) => {}
                Err(error) => return Err(error),
            }
        }
        let ledger = Self { database: file::open(path, &policy)?, recent: Recent::default() };
        match ledger.noted::<u64>(META_FORMAT)? {
            Some(FORMAT) => Ok(ledger),
            Some(other) => Err(StoreError::Format(other)),
            None => Err(StoreError::NotAStore),
        }
    }

    /// What the service noted about itself under `name`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn noted<T: DeserializeOwned>(&self, name: &[u8]) -> Result<Option<T>, StoreError> {
        self.get(META, name)
    }

    /// Notes something about the service itself.
    ///
    /// # Errors
    /// What the disk says.
    pub fn note<T: Serialize>(&self, name: &[u8], value: &T) -> Result<(), StoreError> {
        self.write(|pages| pages.put(META, name, value))
    }

    /// Reads one value.
    fn get<T: DeserializeOwned>(&self, table: Octets, key: &[u8]) -> Result<Option<T>, StoreError> {
        guarded(|| {
            let table = self.database.begin_read()?.open_table(table)?;
            table.get(key)?.map(|value| read(value.value())).transpose()
        })
    }

    /// Reads the keys and values from `start` on, at most `most`, as long as keys begin with it.
    fn below<T: DeserializeOwned>(
        &self,
        table: Octets,
        start: &[u8],
        most: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, StoreError> {
        guarded(|| {
            let table = self.database.begin_read()?.open_table(table)?;
            let mut found = Vec::new();
            for entry in table.range::<&[u8]>(start..)?.take(most) {
                let (key, value) = entry?;
                if !key.value().starts_with(start) {
                    break;
                }
                found.push((key.value().to_vec(), read(value.value())?));
            }
            Ok(found)
        })
    }

    /// Does `work` in one transaction, which is on disk when this returns, or not made at all.
    fn write<T>(
        &self,
        work: impl FnOnce(&Pages<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        guarded(|| {
            let transaction = file::begin(&self.database)?;
            let done = work(&Pages(&transaction))?;
            transaction.commit()?;
            Ok(done)
        })
    }
}

fn make(path: &Path, policy: &Policy) -> Result<Database, StoreError> {
    let database = file::builder(policy).create(path)?;
    let transaction = file::begin(&database)?;
    for table in TABLES {
        drop(transaction.open_table(table)?);
    }
    Pages(&transaction).put(META, META_FORMAT, &FORMAT)?;
    transaction.commit()?;
    Ok(database)
}

/// The tables, open to be changed together.
struct Pages<'t>(&'t WriteTransaction);

impl Pages<'_> {
    fn get<T: DeserializeOwned>(&self, table: Octets, key: &[u8]) -> Result<Option<T>, StoreError> {
        let table = self.0.open_table(table)?;
        let value = table.get(key)?;
        value.map(|value| read(value.value())).transpose()
    }

    fn put<T: Serialize>(&self, table: Octets, key: &[u8], value: &T) -> Result<(), StoreError> {
        let octets = serde_json::to_vec(value).expect("rows have nothing that JSON has not");
        self.0.open_table(table)?.insert(key, &*octets)?;
        Ok(())
    }

    fn remove(&self, table: Octets, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.0.open_table(table)?.remove(key)?.is_some())
    }

    /// The keys that begin with `start`.
    fn keys_below(&self, table: Octets, start: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let table = self.0.open_table(table)?;
        let mut found = Vec::new();
        for entry in table.range::<&[u8]>(start..)? {
            let key = entry?.0.value().to_vec();
            if !key.starts_with(start) {
                break;
            }
            found.push(key);
        }
        Ok(found)
    }

    /// The first keys below `end`, at most `most`.
    fn keys_before(
        &self,
        table: Octets,
        end: &[u8],
        most: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let table = self.0.open_table(table)?;
        let keys = table.range::<&[u8]>(..end)?.take(most);
        keys.map(|entry| Ok(entry?.0.value().to_vec())).collect()
    }
}

fn read<T: DeserializeOwned>(octets: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(octets).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// What the keys of an identifier begin with, where they are in its order. Neither part has an octet 0.
fn prefix(threepid: &Threepid) -> Vec<u8> {
    [threepid.medium().as_str().as_bytes(), b"\0", threepid.address().as_bytes(), b"\0"].concat()
}

/// The identifier that a key begins with.
fn threepid_of(key: &[u8]) -> Result<Threepid, StoreError> {
    let mut parts = key.split(|octet| *octet == 0).map(std::str::from_utf8);
    match (parts.next(), parts.next()) {
        (Some(Ok(medium)), Some(Ok(address))) => threepid(medium, address),
        _ => Err(StoreError::Damaged("a key of no identifier".to_owned())),
    }
}

/// The identifier of this medium and address.
fn threepid(medium: &str, address: &str) -> Result<Threepid, StoreError> {
    let damaged = || StoreError::Damaged("an identifier that is none".to_owned());
    let medium = medium.parse().map_err(|_| damaged())?;
    Threepid::from_normal(medium, address).map_err(|_| damaged())
}

/// A statement as it is kept: as JSON, which is text.
fn written(statement: &Statement, threepid: &Threepid) -> String {
    String::from_utf8(statement.to_json(threepid)).expect("JSON is UTF-8")
}
