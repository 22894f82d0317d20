//! Proved gaps between names, by zone and in canonical order, bounded by memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use crate::resolver::{Span, Spans, Stored};
use crate::wire::Name;

/// Octets that an entry takes beside what it holds.
const OVERHEAD: usize = 400;

/// What is proved of the gaps between names. Where it is full, the oldest of the zone that has most is
/// forgotten: a zone that makes up ever new gaps takes nothing from the others.
#[derive(Debug)]
pub(super) struct Gaps(RwLock<Zones>);

#[derive(Debug)]
struct Zones {
    zones: HashMap<Name, Zone>,
    octets: usize,
    /// How many octets they may take.
    most_octets: usize,
    /// How many zones there may be.
    most_zones: usize,
    /// How many spans were ever taken in.
    count: u64,
}

#[derive(Debug, Default)]
struct Zone {
    /// By owner; each with its number in the order they came.
    spans: BTreeMap<Name, (u64, Arc<Stored<Span>>)>,
    /// The owners in the order they came.
    order: BTreeMap<u64, Name>,
    octets: usize,
}

impl Gaps {
    /// Nothing is known yet; about `octets` will be used, for so many `zones`.
    pub(super) fn new(octets: u64, zones: usize) -> Self {
        let most_octets = usize::try_from(octets).unwrap_or(usize::MAX);
        let (most_zones, zones) = (zones, HashMap::new());
        Self(RwLock::new(Zones { zones, octets: 0, most_octets, most_zones, count: 0 }))
    }
}

impl Spans for Gaps {
    fn insert(&self, span: Arc<Stored<Span>>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(span);
    }

    fn at_or_before(&self, zone: &Name, name: &Name) -> Option<Arc<Stored<Span>>> {
        let zones = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (_, (_, span)) = zones.zones.get(zone)?.spans.range(..=name).next_back()?;
        Some(span.clone())
    }
}

impl Zones {
    fn insert(&mut self, span: Arc<Stored<Span>>) {
        self.count += 1;
        let zone = self.zones.entry(span.value.zone().clone()).or_default();
        self.octets = self.octets - zone.octets + zone.insert(self.count, span);
        while self.zones.len() > self.most_zones {
            self.forget_zone();
        }
        while self.octets > self.most_octets {
            self.forget_span();
        }
    }

    /// Forgets the zone that has had nothing new for longest.
    fn forget_zone(&mut self) {
        let newest = |zone: &Zone| zone.order.last_key_value().map(|(number, _)| *number);
        let oldest = self.zones.iter().min_by_key(|(_, zone)| newest(zone));
        let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
        self.octets -= self.zones.remove(&name).map_or(0, |zone| zone.octets);
    }

    /// Forgets the oldest of the zone that has most.
    fn forget_span(&mut self) {
        let Some(zone) = self.zones.values_mut().max_by_key(|zone| zone.octets) else { return };
        self.octets = self.octets - zone.octets + zone.forget_oldest();
    }
}

impl Zone {
    /// Takes in a span, in place of the one with the same owner. Gives the octets now taken.
    fn insert(&mut self, number: u64, span: Arc<Stored<Span>>) -> usize {
        let owner = span.value.owner().clone();
        self.octets += weight(&span);
        self.order.insert(number, owner.clone());
        if let Some((number, replaced)) = self.spans.insert(owner, (number, span)) {
            self.octets -= weight(&replaced);
            self.order.remove(&number);
        }
        self.octets
    }

    /// Gives the octets now taken.
    fn forget_oldest(&mut self) -> usize {
        let oldest = self.order.pop_first();
        let forgotten = oldest.and_then(|(_, owner)| self.spans.remove(&owner));
        self.octets -= forgotten.map_or(0, |(_, span)| weight(&span));
        self.octets
    }
}

fn weight(span: &Stored<Span>) -> usize {
    OVERHEAD + span.value.weight()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::dnssec::Verified;
    use crate::resolver::SignedRrset;
    use crate::wire::rdata::Nsec;
    use crate::wire::{Algorithm, Rrset, Rtype, Ttl};

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn span(zone: &str, owner: &str) -> Arc<Stored<Span>> {
        let (ttl, next) = (Ttl::from_secs(60), name(zone));
        let rdata = Nsec { next, types: [Rtype::A].into_iter().collect() }.to_rdata();
        let rrset = Rrset::single(name(owner), Rtype::NSEC, ttl, rdata);
        let (key_tag, algorithm) = (1, Algorithm::ED25519);
        let verified = Verified { signer: name(zone), key_tag, algorithm, ttl, wildcard: None };
        let span = Span::new(&SignedRrset { rrset, signatures: Vec::new() }, &verified).unwrap();
        Arc::new(Stored::new(span, Timestamp::default(), ttl))
    }

    fn found(gaps: &Gaps, zone: &str, owner: &str) -> Option<String> {
        let found = gaps.at_or_before(&name(zone), &name(owner));
        found.map(|span| span.value.owner().to_string())
    }

    #[test]
    fn gaps_are_found_in_canonical_order() {
        let gaps = Gaps::new(1 << 20, 9);
        ["z", "a.z", "b.a.z", "c.z"].into_iter().for_each(|owner| gaps.insert(span("z", owner)));
        for (owner, expected) in
            [("z", "z."), ("Z.z", "c.z."), ("0.z", "z."), ("a.a.z", "a.z."), ("b.z", "b.a.z.")]
        {
            assert_eq!(found(&gaps, "z", owner).as_deref(), Some(expected), "{owner}");
        }
        assert_eq!(found(&gaps, "a.z", "b.a.z"), None, "another zone");
    }

    #[test]
    fn memory_is_bounded_and_shared_out() {
        let gaps = Gaps::new(100_000, 9);
        gaps.insert(span("other", "a.other"));
        for number in 0..1000 {
            gaps.insert(span("z", &format!("{number:04}.z")));
        }
        assert_eq!(found(&gaps, "z", "0000.z"), None);
        assert_eq!(found(&gaps, "z", "zz.z").as_deref(), Some("0999.z."));
        assert!(found(&gaps, "other", "b.other").is_some());
        let zones = gaps.0.read().unwrap();
        let weights = zones.zones.values().flat_map(|zone| zone.spans.values());
        let octets = weights.map(|(_, span)| weight(span)).sum::<usize>();
        assert_eq!(zones.octets, octets);
        assert!((50_000..=100_000).contains(&octets), "{octets}");
    }

    #[test]
    fn what_comes_again_takes_the_place() {
        let gaps = Gaps::new(1 << 20, 9);
        (0..1000).for_each(|_| gaps.insert(span("z", "a.z")));
        let zones = gaps.0.read().unwrap();
        let zone = &zones.zones[&name("z")];
        assert_eq!((zone.spans.len(), zone.order.len()), (1, 1));
        assert_eq!(zones.octets, weight(&span("z", "a.z")));
    }

    #[test]
    fn zones_are_counted() {
        let gaps = Gaps::new(1 << 20, 9);
        gaps.insert(span("first", "first"));
        for number in 0..9 {
            gaps.insert(span(&format!("{number}.z"), &format!("{number}.z")));
        }
        assert_eq!(found(&gaps, "first", "first"), None);
        assert!(found(&gaps, "0.z", "0.z").is_some());
    }
}
