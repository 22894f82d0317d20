//! One family of counters, and the shards it is counted in.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// The labels of one counter: pairs of name and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(Vec<(&'static str, &'static str)>);

impl<const N: usize> From<[(&'static str, &'static str); N]> for Labels {
    fn from(pairs: [(&'static str, &'static str); N]) -> Self {
        Self(pairs.into())
    }
}

/// Counters of one name, told apart by their labels.
#[derive(Debug)]
pub struct Counters {
    name: &'static str,
    help: &'static str,
    series: Vec<Labels>,
    shards: Mutex<Shards>,
}

#[derive(Debug)]
struct Shards {
    live: Vec<Arc<Cells>>,
    /// What the shards that are gone have counted.
    retired: Vec<u64>,
}

/// As much as processors move at once between caches, in pairs of lines: two shards in one would
/// slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line([AtomicU64; 16]);

#[derive(Debug)]
struct Cells(Vec<Line>);

impl Cells {
    fn of(count: usize) -> Self {
        Self((0..count.div_ceil(16)).map(|_| Line::default()).collect())
    }

    fn iter(&self) -> impl Iterator<Item = &AtomicU64> {
        self.0.iter().flat_map(|line| &line.0)
    }
}

impl Counters {
    pub(super) fn new(name: &'static str, help: &'static str, series: Vec<Labels>) -> Self {
        let retired = vec![0; series.len().max(1)];
        let shards = Mutex::new(Shards { live: Vec::new(), retired });
        Self { name, help, series, shards }
    }

    /// A shard to count in, for one thread or one lock.
    pub fn shard(self: &Arc<Self>) -> Shard {
        let cells = Arc::new(Cells::of(self.series.len().max(1)));
        self.lock().live.push(cells.clone());
        Shard { cells, family: self.clone() }
    }

    /// The counters' values, in the order of their labels.
    pub fn totals(&self) -> Vec<u64> {
        let shards = self.lock();
        let mut totals = shards.retired.clone();
        for cells in &shards.live {
            add_up(&mut totals, cells);
        }
        totals
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shards> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add_up(totals: &mut [u64], cells: &Cells) {
    for (total, cell) in totals.iter_mut().zip(cells.iter()) {
        *total += cell.load(Ordering::Relaxed);
    }
}

impl Collector for Counters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut metric =
            encoder.encode_descriptor(self.name, self.help, None, MetricType::Counter)?;
        let totals = self.totals();
        if self.series.is_empty() {
            return encode(metric, totals[0]);
        }
        for (labels, total) in self.series.iter().zip(totals) {
            encode(metric.encode_family(&labels.0)?, total)?;
        }
        Ok(())
    }
}

fn encode(mut metric: MetricEncoder<'_>, total: u64) -> Result<(), fmt::Error> {
    metric.encode_counter::<NoLabelSet, u64, u64>(&total, None)
}

/// One thread's part of a family of counters. Counters are named by the place of their labels in
/// the list the family was made with; one that is not there is not counted.
#[derive(Debug)]
pub struct Shard {
    cells: Arc<Cells>,
    family: Arc<Counters>,
}

impl Shard {
    /// Adds 1 to a counter.
    pub fn count(&mut self, counter: usize) {
        self.add(counter, 1);
    }

    /// Adds to a counter.
    pub fn add(&mut self, counter: usize, more: u64) {
        let line = self.cells.0.get(counter / 16);
        debug_assert!(line.is_some(), "the family has a counter {counter}");
        if let Some(line) = line {
            let cell = &line.0[counter % 16];
            // Nobody else writes: this needs no locked instruction.
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        let mut shards = self.family.lock();
        shards.live.retain(|cells| !Arc::ptr_eq(cells, &self.cells));
        add_up(&mut shards.retired, &self.cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_added_up_and_outlived() {
        let series = (0..20).map(|_| Labels::from([])).collect();
        let family = Arc::new(Counters::new("a", "", series));
        let (mut one, mut two) = (family.shard(), family.shard());
        one.count(0);
        one.add(17, 3);
        two.add(17, 4);
        drop(one);
        assert_eq!((family.totals()[0], family.totals()[17]), (1, 7));
        drop(two);
        assert_eq!((family.totals().len(), family.totals()[17]), (20, 7));
        assert!(family.lock().live.is_empty());
    }

    #[test]
    fn threads_count_apart() {
        let family = Arc::new(Counters::new("a", "", Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mut shard = family.shard();
                scope.spawn(move || (0..1000).for_each(|_| shard.count(0)));
            }
        });
        assert_eq!(family.totals(), [4000]);
    }
}
