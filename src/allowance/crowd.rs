//! How many may be there at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts who is there, for all that each counts for. Remembers nothing of those who are not.
#[derive(Debug)]
pub struct Crowd<K>(Mutex<HashMap<K, usize>>);

/// Somebody who is there, until dropped.
#[derive(Debug)]
pub struct Presence<K: Hash + Eq> {
    crowd: Arc<Crowd<K>>,
    keys: Vec<K>,
}

impl<K: Hash + Eq> Crowd<K> {
    /// Nobody is there.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// Lets somebody in who counts for each of these keys, of which there may be so many; or for none of them.
    ///
    /// # Errors
    /// With the first key of which there are as many already.
    pub fn enter(self: &Arc<Self>, keys: Vec<(K, usize)>) -> Result<Presence<K>, K>
    where
        K: Clone,
    {
        let mut there = self.there();
        let is_full = |(key, most): &(K, usize)| there.get(key).copied().unwrap_or(0) >= *most;
        match keys.iter().position(is_full) {
            Some(full) => Err(keys[full].0.clone()),
            None => {
                let keys: Vec<K> = keys.into_iter().map(|(key, _)| key).collect();
                keys.iter().for_each(|key| *there.entry(key.clone()).or_default() += 1);
                Ok(Presence { crowd: self.clone(), keys })
            }
        }
    }

    fn there(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Drop for Presence<K> {
    fn drop(&mut self) {
        let mut there = self.crowd.there();
        for key in &self.keys {
            match there.get_mut(key) {
                Some(count) if *count > 1 => *count -= 1,
                _ => {
                    there.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_counts_for_all_keys_or_none_and_is_forgotten() {
        let crowd = Crowd::new();
        let enter = |keys: [&'static str; 2]| crowd.enter(keys.map(|key| (key, 2)).into());
        let first = enter(["a", "b"]).unwrap();
        let second = enter(["a", "c"]).unwrap();
        assert_eq!(enter(["d", "a"]).unwrap_err(), "a");
        let _others = [enter(["d", "b"]).unwrap(), enter(["d", "c"]).unwrap()];
        drop(first);
        assert_eq!(enter(["d", "a"]).unwrap_err(), "d");
        let third = enter(["a", "e"]).unwrap();
        drop((second, third));
        let mut there: Vec<_> = crowd.there().clone().into_iter().collect();
        there.sort();
        assert_eq!(there, [("b", 1), ("c", 1), ("d", 2)]);
    }
}
