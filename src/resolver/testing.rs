//! A cache for tests.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::Span;
use super::cache::{Key, Spans, Stored, Table};
use crate::wire::Name;

type Slot = Arc<dyn Any + Send + Sync>;

/// Keeps everything for ever.
#[derive(Default)]
pub(crate) struct MapCache(Mutex<Vec<Box<dyn Any + Send>>>);

impl MapCache {
    fn with<K: Key, T>(&self, use_map: impl FnOnce(&mut HashMap<K, Slot>) -> T) -> T {
        let mut maps = self.0.lock().unwrap();
        if !maps.iter().any(|map| map.is::<HashMap<K, Slot>>()) {
            maps.push(Box::new(HashMap::<K, Slot>::new()));
        }
        let mut maps = maps.iter_mut();
        use_map(maps.find_map(|map| map.downcast_mut::<HashMap<K, Slot>>()).unwrap())
    }
}

/// Nothing.
impl Spans for MapCache {
    fn insert(&self, _: Arc<Stored<Span>>) {}

    fn at_or_before(&self, _: &Name, _: &Name) -> Option<Arc<Stored<Span>>> {
        None
    }
}

impl<K: Key> Table<K> for MapCache {
    fn get(&self, key: &K) -> Option<Arc<Stored<K::Value>>> {
        let slot = self.with(|map: &mut HashMap<K, Slot>| map.get(key).cloned())?;
        Some(slot.downcast().unwrap())
    }

    fn put(&self, key: K, entry: Arc<Stored<K::Value>>) {
        self.with(|map: &mut HashMap<K, Slot>| map.insert(key, entry));
    }
}
