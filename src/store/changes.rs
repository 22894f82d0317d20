//! The changes of a store, taken some at a time, over what is damaged.

use std::ops::Bound;

use super::error::guarded;
use super::{Entry, Sequence, Snapshot, StoreError};

/// Some changes of a store, in order.
#[derive(Debug, Default)]
pub struct Changes {
    /// What is held for each name whose last change is one of them.
    pub entries: Vec<Entry>,
    /// The numbers of those that are damaged: nobody can tell what they say.
    pub skipped: Vec<Sequence>,
    /// The number of the last of all these.
    pub last: Sequence,
    /// Whether there may be more.
    pub is_full: bool,
}

impl Snapshot {
    /// The next changes behind `last`, at most so many.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn next_since(&self, last: Sequence, most: usize) -> Result<Changes, StoreError> {
        let mut changes = Changes { last, ..Changes::default() };
        while changes.len() < most {
            let mut is_damaged = false;
            for entry in self.since(changes.last)?.take(most - changes.len()) {
                match entry {
                    Ok(entry) => {
                        changes.last = entry.sequence;
                        changes.entries.push(entry);
                    }
                    Err(StoreError::Damaged(_)) => is_damaged = true,
                    Err(error) => return Err(error),
                }
            }
            if !is_damaged {
                break;
            }
            // Where not even its number can be read there is no way on.
            let Some(number) = self.number_after(changes.last)? else { break };
            changes.skipped.push(number);
            changes.last = number;
        }
        changes.is_full = changes.len() == most;
        Ok(changes)
    }

    /// The number of the first change behind `last`, whether or not it can be read.
    fn number_after(&self, last: Sequence) -> Result<Option<Sequence>, StoreError> {
        let bounds = (Bound::Excluded(last.0), Bound::Unbounded);
        guarded(|| {
            let next = self.changes.range::<u64>(bounds)?.next().transpose()?;
            Ok(next.map(|(number, _)| Sequence(number.value())))
        })
    }
}

impl Changes {
    fn len(&self) -> usize {
        self.entries.len() + self.skipped.len()
    }
}
