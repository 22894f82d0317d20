//! What is remembered between requests, bounded by memory.

use std::sync::Arc;
use std::time::Duration;

use super::Limits;
use super::spans::Gaps;
use crate::resolver::{
    AnswerKey, CutKey, FailureKey, Key, ServerKey, Span, Spans, StandingKey, Stored, Table,
};
use crate::wire::Name;

/// Octets that the cache spends on an entry beside what it holds.
const OVERHEAD: usize = 400;

/// When memory of an entry is freed at the latest. Whether an entry counts is not decided here: see
/// [`Stored::is_fresh`]. A week for a TTL, the most that operators can have, and a day for what
/// is told past its end.
const LONGEST: Duration = Duration::from_secs(8 * 86_400);

/// A cache of bounded size for each kind of memory: a flood of one kind leaves the others alone.
#[derive(Debug)]
pub struct Memory {
    answers: Shelf<AnswerKey>,
    failures: Shelf<FailureKey>,
    cuts: Shelf<CutKey>,
    servers: Shelf<ServerKey>,
    standings: Shelf<StandingKey>,
    spans: Gaps,
}

#[derive(Debug)]
struct Shelf<K: Key>(moka::sync::Cache<K, Arc<Stored<K::Value>>>);

impl<K: Key> Shelf<K> {
    fn new(octets: u64) -> Self {
        let weigh = |key: &K, entry: &Arc<Stored<K::Value>>| {
            u32::try_from(OVERHEAD + key.weight(&entry.value)).unwrap_or(u32::MAX)
        };
        let cache = moka::sync::Cache::builder().weigher(weigh).max_capacity(octets);
        Self(cache.time_to_live(LONGEST).build())
    }
}

impl Memory {
    /// Nothing is remembered yet; about as many octets will be used as the limits say. Most of it is for
    /// answers.
    pub fn new(limits: &Limits) -> Self {
        let octets = limits.cache_octets;
        Self {
            answers: Shelf::new(octets / 10 * 7),
            failures: Shelf::new(octets / 20),
            cuts: Shelf::new(octets / 10),
            servers: Shelf::new(octets / 20),
            standings: Shelf::new(octets / 20),
            spans: Gaps::new(octets / 20, limits.gap_zones),
        }
    }
}

impl Spans for Memory {
    fn insert(&self, span: Arc<Stored<Span>>) {
        self.spans.insert(span);
    }

    fn at_or_before(&self, zone: &Name, name: &Name) -> Option<Arc<Stored<Span>>> {
        self.spans.at_or_before(zone, name)
    }
}

macro_rules! table {
    ($($key:ty, $shelf:ident;)*) => {
        $(impl Table<$key> for Memory {
            fn get(&self, key: &$key) -> Option<Arc<Stored<<$key as Key>::Value>>> {
                self.$shelf.0.get(key)
            }

            fn put(&self, key: $key, entry: Arc<Stored<<$key as Key>::Value>>) {
                self.$shelf.0.insert(key, entry);
            }
        })*
    };
}

table! {
    AnswerKey, answers;
    FailureKey, failures;
    CutKey, cuts;
    ServerKey, servers;
    StandingKey, standings;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::resolver::Cause;
    use crate::wire::{Rtype, Ttl};

    #[test]
    fn memory_is_bounded() {
        let memory = Memory::new(&Limits { cache_octets: 1 << 20, ..Limits::default() });
        let entry = Stored::new(Cause::Busy, Timestamp::default(), Ttl::from_secs(60));
        let entry = Arc::new(entry);
        for number in 0..1000 {
            let name = format!("{number}.example.").parse().unwrap();
            memory.put(FailureKey::Set(AnswerKey { name, rtype: Rtype::A }), entry.clone());
        }
        memory.failures.0.run_pending_tasks();
        assert!(memory.failures.0.weighted_size() <= (1 << 20) / 20);
        assert!(memory.failures.0.entry_count() > 10);
    }
}
