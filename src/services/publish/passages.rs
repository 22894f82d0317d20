//! How many statements are being passed on at the same time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Limits;
use crate::wire::Name;

/// Counts the statements that are being passed on, to each delegated zone. Those alone are remembered to
/// which there is one.
#[derive(Debug, Default)]
pub struct Passages(Mutex<BTreeMap<Name, usize>>);

/// A statement that is being passed on, until this is dropped.
#[derive(Debug)]
pub(super) struct Passage<'a> {
    passages: &'a Passages,
    child: Name,
}

impl Passages {
    /// Has one more go to the zone `child`, or deeper; none where there are as many as there may be.
    pub(super) fn enter(&self, child: &Name, limits: &Limits) -> Option<Passage<'_>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let to_child = counts.get(child).copied().unwrap_or(0);
        if counts.values().sum::<usize>() >= limits.passages || to_child >= limits.passages_to_child
        {
            return None;
        }
        counts.insert(child.clone(), to_child + 1);
        Some(Passage { passages: self, child: child.clone() })
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        let mut counts = self.passages.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.child) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.child);
            }
        }
    }
}
