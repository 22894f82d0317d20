//! From the records of a zone file to a zone, or to everything that is wrong with it.

use super::check::{Checker, Fate, Staged};
use super::master::Place;
use super::tree::{Tree, to_u32};
use super::{
    Address, Delegation, DelegationId, Finding, Kind, NodeId, SearchName, SetId, Severity, Zone,
};
use crate::wire::rdata::Soa;
use crate::wire::{Name, Record, Rrset, Rtype};

/// A zone that can be served, and what else its file held.
#[derive(Debug)]
pub struct Built {
    /// The zone.
    pub zone: Zone,
    /// Its associations, one record each.
    pub associations: Vec<Rrset>,
    /// What the operator should look at.
    pub warnings: Vec<Finding>,
}

impl Zone {
    /// Makes the zone at `apex` of its records, each with its place.
    ///
    /// # Errors
    /// Everything that is wrong, warnings too, in order of place, where at least one finding is
    /// an error.
    pub fn build(
        apex: &Name,
        records: impl IntoIterator<Item = (Record, Place)>,
    ) -> Result<Built, Vec<Finding>> {
        let (records, places): (Vec<Record>, Vec<Place>) = records.into_iter().unzip();
        let checked = Checker::check(apex, records);
        let findings: Vec<Finding> =
            checked.findings.into_iter().map(|found| found.at(&places)).collect();
        if findings.iter().any(|found| found.problem.severity() == Severity::Error) {
            return Err(findings);
        }
        let (zone, associations) = assemble(apex, checked.sets);
        Ok(Built { zone, associations, warnings: findings })
    }

    /// Puts sets at the apex, each in place of what is there of its type; one without records takes it
    /// away, which must not be a set that the zone needs. Sets change their places.
    pub fn put_at_apex(&mut self, sets: Vec<Rrset>) {
        let old: Vec<Rrset> = self.sets.drain(..self.apex_set_count()).collect();
        let types: Vec<Rtype> = old.iter().map(|set| set.rtype).collect();
        let mut new: Vec<Rrset> = sets;
        let kept = old.into_iter().filter(|set| new.iter().all(|put| put.rtype != set.rtype));
        let kept: Vec<Rrset> = kept.collect();
        new.extend(kept);
        new.retain(|set| !set.rdata.is_empty());
        new.sort_by_key(|set| set.rtype);
        let place = |id: SetId| match types.get(id.index()) {
            Some(rtype) => {
                let place = new.iter().position(|set| set.rtype == *rtype);
                SetId(to_u32(place.expect("a set that something refers to is not taken away")))
            }
            None => SetId(to_u32(id.index() - types.len() + new.len())),
        };
        self.move_sets(place);
        self.tree.node_mut(NodeId::APEX).first = 0;
        self.tree.node_mut(NodeId::APEX).count = to_u32(new.len());
        self.sets.splice(..0, new);
        self.soa = parse_soa(self.soa_set());
    }

    fn apex_set_count(&self) -> usize {
        self.tree.node(NodeId::APEX).count as usize
    }

    /// Follows sets to their new places.
    fn move_sets(&mut self, place: impl Fn(SetId) -> SetId) {
        for node in self.tree.nodes_mut() {
            if node.count > 0 {
                node.first = place(SetId(node.first)).0;
            }
            if let Kind::Dname(set) = &mut node.kind {
                *set = place(*set);
            }
        }
        for delegation in &mut self.delegations {
            delegation.ns = place(delegation.ns);
            delegation.ds = delegation.ds.map(&place);
        }
        let delegated = self.delegations.iter_mut().flat_map(|cut| &mut cut.addresses);
        for address in delegated.chain(&mut self.apex_addresses) {
            address.set = place(address.set);
        }
    }
}

fn parse_soa(set: &Rrset) -> Soa {
    let rdata = set.rdata.first().expect("a set has a record");
    Soa::parse(rdata).expect("the data of a checked zone is well-formed")
}

/// Puts checked sets, which are in canonical order, into a tree.
fn assemble(apex: &Name, staged: Vec<Staged>) -> (Zone, Vec<Rrset>) {
    let mut associations = Vec::new();
    let mut assembly = Assembly::new(apex);
    for one in staged {
        match one.fate {
            Fate::Occluded => {}
            Fate::Glue => assembly.sets.push(one.set),
            Fate::Zone if one.set.rtype == Rtype::ASSOC => {
                assembly.make_way_to_association(&one.set.name);
                associations.push(one.set);
            }
            Fate::Zone => assembly.add(one.set),
        }
    }
    (assembly.finish(apex), associations)
}

struct Assembly {
    tree: Tree,
    sets: Vec<Rrset>,
    delegations: Vec<Delegation>,
}

impl Assembly {
    fn new(apex: &Name) -> Self {
        Self { tree: Tree::new(apex.label_count()), sets: Vec::new(), delegations: Vec::new() }
    }

    /// An association's owner does not show, but what is above it exists.
    fn make_way_to_association(&mut self, owner: &Name) {
        let name = SearchName::of(owner);
        let shown = (0..name.label_count()).find(|&skipped| !name.always_exists(skipped));
        self.tree.insert(&name, name.label_count() - shown.unwrap_or(name.label_count()));
    }

    fn add(&mut self, set: Rrset) {
        let name = SearchName::of(&set.name);
        let id = SetId(to_u32(self.sets.len()));
        let at_apex = name.label_count() == self.tree.apex_labels();
        let node = self.tree.insert(&name, name.label_count());
        let node = self.tree.node_mut(node);
        if node.count == 0 {
            node.first = id.0;
        }
        node.count = id.0 + 1 - node.first;
        match set.rtype {
            Rtype::NS if !at_apex => {
                node.kind = Kind::Delegation(DelegationId(to_u32(self.delegations.len())));
                self.delegations.push(Delegation { ns: id, ds: None, addresses: Vec::new() });
            }
            Rtype::DS => {
                let cut = self.delegations.last_mut().expect("DS sorts behind the NS it needs");
                cut.ds = Some(id);
            }
            Rtype::DNAME => node.kind = Kind::Dname(id),
            _ => {}
        }
        self.sets.push(set);
    }

    fn finish(self, apex: &Name) -> Zone {
        let soa = self.sets.iter().find(|set| set.rtype == Rtype::SOA);
        let mut zone = Zone {
            apex: apex.clone(),
            soa: parse_soa(soa.expect("a checked zone has a SOA record")),
            tree: self.tree,
            sets: self.sets,
            delegations: self.delegations,
            apex_addresses: Vec::new(),
            apex_unwalkable: SearchName::of(apex).is_unwalkable(),
        };
        let apex_ns = zone.set_at(NodeId::APEX, Rtype::NS);
        let apex_ns = apex_ns.expect("a checked zone has NS records at its apex");
        zone.apex_addresses = addresses(&zone, apex_ns, None);
        for number in 0..zone.delegations.len() {
            let ns = zone.delegations[number].ns;
            let cut = zone.set(ns).name.clone();
            zone.delegations[number].addresses = addresses(&zone, ns, Some(&cut));
        }
        zone
    }
}

/// The address sets of the servers that `ns` names, those first that a referral must have.
fn addresses(zone: &Zone, ns: SetId, cut: Option<&Name>) -> Vec<Address> {
    let mut found = Vec::new();
    for target in super::check::targets(zone.set(ns)) {
        let required = cut.is_some_and(|cut| target.is_at_or_below(cut));
        let authoritative = zone.holds(&target);
        let start = zone.sets.partition_point(|set| set.name < target);
        let there = zone.sets.iter().enumerate().skip(start);
        for (at, set) in there.take_while(|(_, set)| set.name == target) {
            if matches!(set.rtype, Rtype::A | Rtype::AAAA) {
                let set = SetId(to_u32(at));
                found.push(Address { set, required, authoritative });
            }
        }
    }
    found.sort_by_key(|address| !address.required);
    found
}
