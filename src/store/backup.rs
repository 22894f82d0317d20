//! A copy of a store in a file of its own.

use std::fs;
use std::path::Path;

use redb::{ReadOnlyTable, ReadableTable, TableDefinition, WriteTransaction};

use super::tables::{ADDRESSES, BORDERS, CHANGES, META, META_COPY, NAMES, WITHDRAWALS, ZONES};
use super::{Policy, Snapshot, StoreError, check, file};

impl Snapshot {
    /// Writes all that it shows into a new store at `to`, which appears there when it is whole, on disk, and
    /// [checked](check). Calls `copied` for every name.
    ///
    /// The copy is marked as one. The first who opens it to write finds that what was changed since is not
    /// in it ([`Store::is_restored`](super::Store::is_restored)), and the serials of zones
    /// [moved ahead](super::AHEAD).
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is a file at `to`, [`StoreError::Damaged`] where what is copied is
    /// damaged, and where reading or writing fails.
    pub fn backup(
        &self,
        to: &Path,
        policy: &Policy,
        mut copied: impl FnMut(),
    ) -> Result<(), StoreError> {
        if fs::symlink_metadata(to).is_ok() {
            return Err(StoreError::Exists);
        }
        file::make(to, |partial| {
            self.write_to(partial, policy, &mut copied)?;
            match check(partial, policy, || {})?.problems.into_iter().next() {
                Some(problem) => Err(StoreError::Damaged(problem)),
                None => Ok(()),
            }
        })
    }

    fn write_to(
        &self,
        path: &Path,
        policy: &Policy,
        copied: &mut impl FnMut(),
    ) -> Result<(), StoreError> {
        let database = file::builder(policy).create(path)?;
        let transaction = file::begin(&database)?;
        copy(&self.meta, &transaction, META, &mut || {})?;
        transaction.open_table(META)?.insert(META_COPY, 1)?;
        copy(&self.names, &transaction, NAMES, copied)?;
        copy(&self.changes, &transaction, CHANGES, &mut || {})?;
        copy(&self.withdrawals, &transaction, WITHDRAWALS, &mut || {})?;
        copy(&self.addresses, &transaction, ADDRESSES, &mut || {})?;
        copy(&self.zones, &transaction, ZONES, &mut || {})?;
        copy(&self.borders, &transaction, BORDERS, &mut || {})?;
        transaction.commit()?;
        Ok(database.close()?)
    }
}

fn copy<K: redb::Key + 'static, V: redb::Value + 'static>(
    from: &ReadOnlyTable<K, V>,
    transaction: &WriteTransaction,
    definition: TableDefinition<'_, K, V>,
    copied: &mut impl FnMut(),
) -> Result<(), StoreError> {
    let mut to = transaction.open_table(definition)?;
    for entry in from.iter()? {
        let (key, value) = entry?;
        to.insert(key.value(), value.value())?;
        copied();
    }
    Ok(())
}
