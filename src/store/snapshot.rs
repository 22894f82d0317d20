//! A store as it is at one moment.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use redb::{
    Range, ReadOnlyDatabase, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata,
};

use super::border::{Border, Handed};
use super::change::{Verdict, decide};
use super::error::guarded;
use super::record::Record;
use super::tables::{
    self, ADDRESSES, BORDERS, CHANGES, META, META_FORMAT, NAMES, WITHDRAWALS, ZONES,
};
use super::{Change, Held, Policy, Refusal, Sequence, StoreError, ZoneState, file, key};
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
    pub(super) borders: ReadOnlyTable<&'static [u8], (u8, u64)>,
    pub(super) meta: ReadOnlyTable<&'static str, u64>,
    pub(super) handed: Arc<Handed>,
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
    /// Whether it was handed over, and is not served here any more.
    pub is_away: bool,
    /// Record data of the RRSIGs over it, as far as they were kept.
    pub rrsigs: Vec<Rdata>,
}

/// How much is held somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many names have a statement.
    pub statements: u64,
    /// How many have a mark.
    pub marks: u64,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, entry: &Entry) {
        match entry.held {
            Held::Statement(_) => self.statements += 1,
            Held::Mark(_) => self.marks += 1,
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} statements and {} marks", self.statements, self.marks)
    }
}

impl Entry {
    pub(super) fn new(key: &[u8], record: Record, handed: &Handed) -> Result<Self, StoreError> {
        let name = key::name(key).ok_or_else(|| damaged("a name that is none"))?;
        let Record { sequence, held, rrsigs } = record;
        let is_away = handed.has(key, sequence);
        Ok(Self { name, sequence, held, is_away, rrsigs })
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
        let mut snapshot = Self::new(&transaction, Arc::default())?;
        snapshot.handed = Arc::new(Handed::read(snapshot.borders()?)?);
        Ok(Self { _file: Some(database), ..snapshot })
    }

    pub(super) fn new(
        transaction: &ReadTransaction,
        handed: Arc<Handed>,
    ) -> Result<Self, StoreError> {
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
                borders: transaction.open_table(BORDERS)?,
                meta,
                handed,
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

    /// The zones of which something was noted.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn zones(&self) -> Result<Vec<Name>, StoreError> {
        let range = guarded(|| Ok(self.zones.range::<&[u8]>(..)?))?;
        let apex = |key: &[u8]| key::name(key).ok_or_else(|| damaged("a name that is none"));
        walk(range, |key, _| apex(key)).collect()
    }

    /// What stands nearest at or above a name.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn border(&self, name: &Name) -> Result<Border, StoreError> {
        let key = key::key(name);
        guarded(|| {
            for above in key::upwards(&key) {
                if let Some(border) = self.borders.get(above)? {
                    return Border::from_numbers(border.value());
                }
            }
            Ok(Border::default())
        })
    }

    pub(super) fn borders(
        &self,
    ) -> Result<impl Iterator<Item = Result<(Vec<u8>, Border), StoreError>> + use<>, StoreError>
    {
        let range = guarded(|| Ok(self.borders.range::<&[u8]>(..)?))?;
        Ok(walk(range, |key, border| Ok((key.to_vec(), Border::from_numbers(border)?))))
    }

    /// What is held for a name.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn find(&self, name: &Name) -> Result<Option<Entry>, StoreError> {
        let key = key::key(name);
        guarded(|| {
            let Some(value) = self.names.get(&*key)? else { return Ok(None) };
            Entry::new(&key, Record::from_octets(value.value())?, &self.handed).map(Some)
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
        let handed = Arc::clone(&self.handed);
        Ok(walk(range, move |key, value| Entry::new(key, Record::from_octets(value)?, &handed)))
    }

    /// How much is held at a name and below it, of what is like this.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn tally(&self, name: &Name, is_it: impl Fn(&Entry) -> bool) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        for entry in self.at_or_below(name)? {
            let entry = entry?;
            if is_it(&entry) {
                tally.add(&entry);
            }
        }
        Ok(tally)
    }

    /// Whether it holds and serves what a change says, or something later.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn has(&self, change: &Change) -> Result<bool, StoreError> {
        let Some(entry) = self.find(&change.name)?.filter(|entry| !entry.is_away) else {
            return Ok(false);
        };
        let verdict = decide(Some(entry.held.read()?), change.said.clone());
        Ok(matches!(verdict, Verdict::Leave | Verdict::Refuse(Refusal::Older | Refusal::NoRoom)))
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
            Entry::new(key, record, &self.handed)
        }))
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
