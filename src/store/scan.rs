//! All of a store in one go, without taking it apart.

use std::ops::Bound;
use std::sync::Arc;

use redb::Range;

use super::border::Handed;
use super::error::guarded;
use super::record::{HeldRef, RecordRef};
use super::snapshot::damaged;
use super::{Rrsigs, Sequence, Snapshot, StoreError, key};
use crate::wire::MAX_NAME;

/// Goes through the names of a store, in canonical order.
pub struct Scan {
    range: Range<'static, &'static [u8], &'static [u8]>,
    handed: Arc<Handed>,
}

/// Some names of a store with what is held, copied as they stand there.
#[derive(Debug, Default)]
pub struct Rows {
    octets: Vec<u8>,
    /// Where each key and its record end.
    ends: Vec<(usize, usize)>,
    handed: Arc<Handed>,
}

/// A name, and what is held.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    key: &'a [u8],
    record: &'a [u8],
    handed: &'a Handed,
}

/// Where somebody stopped who goes through all names: the start by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position(Option<Vec<u8>>);

/// Room for a name in wire form.
#[derive(Debug, Clone)]
pub struct OwnerBuffer([u8; MAX_NAME]);

impl Default for OwnerBuffer {
    fn default() -> Self {
        Self([0; MAX_NAME])
    }
}

impl Snapshot {
    /// Goes through the names behind `position`.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn scan(&self, position: &Position) -> Result<Scan, StoreError> {
        let last = position.0.as_deref();
        let start = last.map_or(Bound::Unbounded, Bound::Excluded);
        let handed = Arc::clone(&self.handed);
        guarded(|| {
            let range = self.names.range::<&[u8]>((start, Bound::Unbounded))?;
            Ok(Scan { range, handed })
        })
    }
}

impl Scan {
    /// Puts the next names into `rows`, at most so many, in place of what is there. There are none where
    /// it is at the end.
    ///
    /// # Errors
    /// Where the store cannot be read or is damaged.
    pub fn next(&mut self, most: usize, rows: &mut Rows) -> Result<(), StoreError> {
        rows.clear();
        rows.handed = Arc::clone(&self.handed);
        guarded(|| {
            for entry in self.range.by_ref().take(most) {
                let (key, record) = entry?;
                rows.push(key.value(), record.value());
            }
            Ok(())
        })
    }
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").finish_non_exhaustive()
    }
}

impl Rows {
    fn clear(&mut self) {
        self.octets.clear();
        self.ends.clear();
    }

    fn push(&mut self, key: &[u8], record: &[u8]) {
        self.octets.extend_from_slice(key);
        let middle = self.octets.len();
        self.octets.extend_from_slice(record);
        self.ends.push((middle, self.octets.len()));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Behind the last; nothing where there is none.
    pub fn end(&self) -> Option<Position> {
        self.iter().next_back().map(|row| Position(Some(row.key.to_vec())))
    }

    /// One after the other.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Row<'_>> {
        (0..self.ends.len()).map(|at| {
            let start = at.checked_sub(1).map_or(0, |before| self.ends[before].1);
            let (middle, end) = self.ends[at];
            let (key, record) = (&self.octets[start..middle], &self.octets[middle..end]);
            Row { key, record, handed: &self.handed }
        })
    }
}

impl<'a> Row<'a> {
    /// The name in lower-case wire form.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it is none.
    pub fn owner<'b>(&self, buffer: &'b mut OwnerBuffer) -> Result<&'b [u8], StoreError> {
        let start = key::write_wire(self.key, &mut buffer.0);
        start.map(|start| &buffer.0[start..]).ok_or_else(|| damaged("a name that is none"))
    }

    /// The number of the change that made it; the statement's record data and its RRSIGs, or nothing
    /// where there is a mark, or it was handed over.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it is no record.
    #[expect(clippy::type_complexity, reason = "three things that are used at once")]
    pub fn held(&self) -> Result<(Sequence, Option<(&'a [u8], Rrsigs<'a>)>), StoreError> {
        let record = RecordRef::read(self.record)?;
        Ok((
            record.sequence,
            match record.held {
                _ if self.handed.has(self.key, record.sequence) => None,
                HeldRef::Mark(_) => None,
                HeldRef::Statement { rdata, rrsigs, .. } => Some((rdata, rrsigs)),
            },
        ))
    }
}
