//! What is remembered of servers for a while.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;

/// Values that count until a moment, each its own; so many at most.
#[derive(Debug)]
pub(super) struct Memory<K, V> {
    most: usize,
    held: Mutex<HashMap<K, Held<V>>>,
}

/// A value, and until when it counts.
#[derive(Debug, Clone)]
struct Held<V> {
    value: V,
    until: Timestamp,
}

impl<K: Hash + Eq + Clone, V: Clone> Memory<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Mutex::default() }
    }

    /// What is remembered of `key`, though it may not count any more.
    pub(super) fn last<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(key).map(|held| held.value.clone())
    }

    /// What counts for `key` now.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q, now: Timestamp) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(key).filter(|held| now < held.until).map(|held| held.value.clone())
    }

    /// Remembers a value. Where there is no room, what ends first is forgotten.
    pub(super) fn insert(&self, key: K, value: V, until: Timestamp) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= self.most && !held.contains_key(&key) {
            let first = held.iter().min_by_key(|(_, held)| held.until);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                held.remove(&first);
            }
        }
        held.insert(key, Held { value, until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_first_makes_room() {
        let at = Timestamp::from_secs;
        let memory: Memory<String, u8> = Memory::new(2);
        for (key, value, until) in [("a", 1, 30), ("b", 2, 20), ("a", 3, 40), ("c", 4, 30)] {
            memory.insert(key.to_owned(), value, at(until));
        }
        let held = ["a", "b", "c"].map(|key| memory.get(key, at(10)));
        assert_eq!(held, [Some(3), None, Some(4)]);
        assert_eq!((memory.get("c", at(30)), memory.last("c")), (None, Some(4)));
    }
}
