//! A store as it is at one moment.

use std::ops::Bound;
use std::path::Path;

use redb::{
    Range, ReadOnlyDatabase, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata,
};

use super::error::guarded;
use super::record::Record;
use super::tables::{self, ADDRESSES, CHANGES, META, META_FORMAT, NAMES, WITHDRAWALS, ZONES};
use super::{Held, Policy, Sequence, StoreError, ZoneState, file, key};
use crate::threepid::Threepid;
use crate::wire::{Name, Rdata};

/// A table of octets by octets.
pub(super) type Octets = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// A store as it is when this is made: what is written later is not in it. It waits for no writer, and
/// no writer for it. While it is there, the file keeps what it shows, and grows by what is written.
pub struct Snapshot {
    pub(super) names: Octets,
    pub(super) changes: ReadOnlyTable<u64, &'static [u8]>,
    pub(super) withdrawals: ReadOnlyTable<&'static [u8], ()>,
    pub(super) addresses: Octets,
    pub(super) zones: Octets,
    pub(super) meta: ReadOnlyTable<&'static str, u64>,
    /// The file, where this alone holds it open.
    _file: Option<ReadOnlyDatabase>,
}

/// What a store has for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, in lower case.
    pub name: Name,
    /// The number of the change that made it what it is.
    pub sequence: Sequence,
    /// What is held.
    pub held: Held,
    /// Record data of the RRSIGs over it, as far as they were kept.
    pub rrsigs: Vec<Rdata>,
}

impl Entry {
    pub(super) fn new(key: &[u8], record: Record) -> Result<Self, StoreError> {
        let name = key::name(key).ok_or_else(|| damaged("a name that is none"))?;
        let Record { sequence, held, rrsigs } = record;
        Ok(Self { name, sequence, held, rrsigs })
    }
}

impl Snapshot {
    /// Reads the store at `path`, which another process may be writing.
    ///
    /// # Errors
    /// Where there is no store, or it cannot be read.
    pub fn of_file(path: &Path, policy: &Policy) -> Result<Self, StoreError> {
        let database = file::open_to_read(path, policy)?;
        let transaction = guarded(|| Ok(database.begin_read()?))?;
        Ok(Self { _file: Some(database), ..Self::new(&transaction)? })
    }

    pub(super) fn new(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        guarded(|| {
            let meta = transaction.open_table(META)?;
            let format = meta.get(META_FORMAT)?.ok_or(StoreError::NotAStore)?.value();
            file::check_format(format)?;
            Ok(Self {
                names: transaction.open_table(NAMES)?,
                changes: transaction.open_table(CHANGES)?,
                withdrawals: transaction.open_table(WITHDRAWALS)?,
                addresses: transaction.open_table(ADDRESSES)?,
                zones: transaction.open_table(ZONES)?,
                meta,
                _file: None,
            })
        })
    }

    /// How many names hold something, marks counted.
    ///
    /// # Errors
    /// Where the store is damaged.
    pub fn count(&self) -> Result<u64, StoreError> {
        guarded(|| Ok(self.names.len()?))
    }

    /// The number of the last change.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn last(&self) -> Result<Sequence, StoreError> {
        guarded(|| {
            Ok(self.changes.last()?.map_or(Sequence(0), |(number, _)| Sequence(number.value())))
        })
    }

    /// What was noted of the zone at `apex`.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn zone(&self, apex: &Name) -> Result<Option<ZoneState>, StoreError> {
        let key = key::key(apex);
        guarded(|| {
            let noted = self.zones.get(&*key)?;
            noted.map(|octets| ZoneState::from_octets(apex, octets.value())).transpose()
        })
    }

    /// What is held for a name.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn find(&self, name: &Name) -> Result<Option<Entry>, StoreError> {
        let key = key::key(name);
        guarded(|| {
            let Some(value) = self.names.get(&*key)? else { return Ok(None) };
            Entry::new(&key, Record::from_octets(value.value())?).map(Some)
        })
    }

    /// What is held at a name and below it, in canonical order (RFC 4034 section 6.1). Ends at the
    /// first error.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged; so do the entries.
    pub fn at_or_below(
        &self,
        name: &Name,
    ) -> Result<impl Iterator<Item = Result<Entry, StoreError>> + use<>, StoreError> {
        let (first, after) = key::at_or_below(name);
        let bounds = (slice(&first), slice(&after));
        let range = guarded(|| Ok(self.names.range::<&[u8]>(bounds)?))?;
        Ok(walk(range, |key, value| Entry::new(key, Record::from_octets(value)?)))
    }

    /// The changes with greater numbers than `last`, in order: what is held for each name whose last
    /// change is one of them. Ends at the first error.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged; so do the entries.
    pub fn since(
        &self,
        last: Sequence,
    ) -> Result<impl Iterator<Item = Result<Entry, StoreError>> + use<'_>, StoreError> {
        let bounds = (Bound::Excluded(last.0), Bound::Unbounded);
        let range = guarded(|| Ok(self.changes.range::<u64>(bounds)?))?;
        Ok(walk(range, |number, key| {
            let value = self.names.get(key)?;
            let value = value.ok_or_else(|| damaged("a change of a name that holds nothing"))?;
            let record = Record::from_octets(value.value())?;
            if record.sequence != Sequence(number) {
                return Err(damaged("a change that is not the last one of its name"));
            }
            Entry::new(key, record)
        }))
    }

    /// The number of the first change behind `last`, whether or not it can be read.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn number_after(&self, last: Sequence) -> Result<Option<Sequence>, StoreError> {
        let bounds = (Bound::Excluded(last.0), Bound::Unbounded);
        guarded(|| {
            let next = self.changes.range::<u64>(bounds)?.next().transpose()?;
            Ok(next.map(|(number, _)| Sequence(number.value())))
        })
    }

    /// The identifier that a name stands for, where the name tells it or the store keeps it.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn identifier(&self, name: &Name) -> Result<Option<Threepid>, StoreError> {
        if let Some(told) = Threepid::told_by(name) {
            return Ok(Some(told));
        }
        let key = key::key(name);
        guarded(|| {
            let kept = self.addresses.get(&*key)?;
            kept.map(|octets| tables::read_address(octets.value())).transpose()
        })
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

fn slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

/// Reads the entries of a table one by one, up to the first error.
pub(super) fn walk<K, V, T>(
    range: Range<'static, K, V>,
    read: impl Fn(K::SelfType<'_>, V::SelfType<'_>) -> Result<T, StoreError>,
) -> impl Iterator<Item = Result<T, StoreError>>
where
    K: redb::Key + 'static,
    V: redb::Value + 'static,
{
    let mut range = Some(range);
    std::iter::from_fn(move || {
        let next = guarded(|| {
            let Some(entry) = range.as_mut().and_then(Iterator::next) else { return Ok(None) };
            let (key, value) = entry?;
            read(key.value(), value.value()).map(Some)
        });
        if !matches!(next, Ok(Some(_))) {
            range = None;
        }
        next.transpose()
    })
}
