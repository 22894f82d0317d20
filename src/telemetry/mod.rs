//! Counters: named, labelled, cheap to count with from many threads, told in Prometheus' text form; and
//! gauges.
//!
//! Each thread counts in a [`Shard`] of its own, without contention; a scrape adds the shards up.
//! Nothing here knows who counts what.
//!
//! ```
//! use threepid::telemetry::{Labels, Telemetry};
//! let telemetry = Telemetry::new("demo");
//! let kinds = vec![Labels::from([("kind", "good")]), Labels::from([("kind", "bad")])];
//! let mut shard = telemetry.counters("things", "Things seen", kinds).shard();
//! shard.count(1);
//! assert!(telemetry.render().contains("demo_things_total{kind=\"bad\"} 1\n"));
//! ```

mod counters;
mod gauge;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

pub use counters::{Counters, Labels, Shard};
pub use gauge::Gauge;

/// All counters and gauges of a process.
#[derive(Debug)]
pub struct Telemetry {
    prefix: &'static str,
    families: Mutex<BTreeMap<&'static str, Arc<Counters>>>,
    gauges: Mutex<BTreeMap<&'static str, Weak<Gauge>>>,
}

impl Telemetry {
    /// Nothing yet. The names of all will start with `prefix` and an underscore.
    pub fn new(prefix: &'static str) -> Self {
        Self { prefix, families: Mutex::default(), gauges: Mutex::default() }
    }

    /// The counters called `name`, one for each set of labels; exactly one without labels where
    /// `series` is empty. They are made on the first call; later ones, as after a reload, get the
    /// same.
    pub fn counters(
        &self,
        name: &'static str,
        help: &'static str,
        series: Vec<Labels>,
    ) -> Arc<Counters> {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Counters::new(name, help, series));
        families.entry(name).or_insert_with(new).clone()
    }

    /// The gauge called `name`: the one that somebody has, or else a new one, at 0.
    pub fn gauge(&self, name: &'static str, help: &'static str) -> Arc<Gauge> {
        let mut gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        let had = gauges.get(name).and_then(Weak::upgrade);
        let gauge = had.unwrap_or_else(|| Arc::new(Gauge::new(name, help)));
        gauges.insert(name, Arc::downgrade(&gauge));
        gauge
    }

    /// All of them in the OpenMetrics text format.
    pub fn render(&self) -> String {
        let mut registry = Registry::with_prefix(self.prefix);
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        for family in families.values() {
            registry.register_collector(Box::new(family.clone()));
        }
        let gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        for gauge in gauges.values().filter_map(Weak::upgrade) {
            registry.register_collector(Box::new(gauge));
        }
        let mut out = String::new();
        text::encode(&mut out, &registry).expect("a string takes all that is written");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_all_families() {
        let telemetry = Telemetry::new("t");
        let mut plain = telemetry.counters("b", "Plain", Vec::new()).shard();
        let labels = vec![Labels::from([("x", "1"), ("y", "\"")]), Labels::from([("x", "2")])];
        let mut labelled = telemetry.counters("a", "Labelled", labels).shard();
        plain.count(0);
        labelled.add(0, 7);
        let expected = "# HELP t_a Labelled\n\
                        # TYPE t_a counter\n\
                        t_a_total{x=\"1\",y=\"\\\"\"} 7\n\
                        t_a_total{x=\"2\"} 0\n\
                        # HELP t_b Plain\n\
                        # TYPE t_b counter\n\
                        t_b_total 1\n\
                        # EOF\n";
        assert_eq!(telemetry.render(), expected);
    }

    #[test]
    fn a_gauge_is_told_as_long_as_somebody_has_it() {
        let telemetry = Telemetry::new("t");
        let gauge = telemetry.gauge("a", "A level");
        telemetry.gauge("a", "The same").set(-7);
        let told = "# HELP t_a A level\n# TYPE t_a gauge\nt_a -7\n# EOF\n";
        assert_eq!(telemetry.render(), told);
        drop(gauge);
        assert_eq!(telemetry.render(), "# EOF\n");
    }

    #[test]
    fn a_name_means_the_same_counters() {
        let telemetry = Telemetry::new("t");
        telemetry.counters("a", "First", Vec::new()).shard().count(0);
        telemetry.counters("a", "Again", Vec::new()).shard().count(0);
        assert!(telemetry.render().contains("First\n"));
        assert!(telemetry.render().contains("t_a_total 2\n"));
    }
}
