//! The rules that the records of a zone have to follow.

use std::collections::BTreeSet;
use std::ops::Range;

use super::master::Place;
use super::{Finding, Problem, SearchName};
use crate::dnssec::digest_fits;
use crate::threepid::labels::apex_of;
use crate::wire::rdata::{Ds, name_target, validate};
use crate::wire::{Class, Name, Record, Rrset, Rtype};

/// What becomes of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is data of the zone, or a delegation.
    Zone,
    /// It is the address of a name server at or below a delegation.
    Glue,
    /// It is hidden by a delegation.
    Occluded,
}

/// A set on its way into the zone.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) set: Rrset,
    pub(super) fate: Fate,
    /// Which record was its first.
    record: usize,
}

/// Something wrong, and with which record.
pub(super) struct Found {
    record: Option<usize>,
    name: Name,
    problem: Problem,
}

impl Found {
    /// The same with the place of the record, of all records' places.
    pub(super) fn at(self, places: &[Place]) -> Finding {
        let place = self.record.map(|record| places[record].clone());
        Finding { place, name: self.name, problem: self.problem }
    }
}

/// The outcome: sets in canonical order, and findings in order of records.
pub(super) struct Checked {
    pub(super) sets: Vec<Staged>,
    pub(super) findings: Vec<Found>,
}

/// The name servers of an NS set.
pub(super) fn targets(ns: &Rrset) -> impl Iterator<Item = Name> {
    ns.rdata.iter().map(|rdata| name_target(rdata).expect("the data of NS records was checked"))
}

pub(super) struct Checker<'a> {
    apex: &'a Name,
    sets: Vec<Staged>,
    cuts: BTreeSet<Name>,
    findings: Vec<Found>,
}

impl<'a> Checker<'a> {
    pub(super) fn check(apex: &'a Name, records: Vec<Record>) -> Checked {
        let mut checker =
            Self { apex, sets: Vec::new(), cuts: BTreeSet::new(), findings: Vec::new() };
        let admitted = checker.admit(records);
        checker.stage(admitted);
        checker.check_apex();
        checker.check_names();
        checker.check_servers();
        checker.report_occluded();
        checker.findings.sort_by_key(|found| found.record);
        Checked { sets: checker.sets, findings: checker.findings }
    }

    fn find(&mut self, record: usize, name: &Name, problem: Problem) {
        self.findings.push(Found { record: Some(record), name: name.clone(), problem });
    }

    /// About set number `at`.
    fn find_at(&mut self, at: usize, problem: Problem) {
        let staged = &self.sets[at];
        let (record, name) = (staged.record, staged.set.name.clone());
        self.find(record, &name, problem);
    }

    /// Each record for itself. Leaves out what cannot be looked at further.
    fn admit(&mut self, records: Vec<Record>) -> Vec<(usize, Record)> {
        let mut server_made = BTreeSet::new();
        let mut admitted = Vec::with_capacity(records.len());
        for (number, record) in records.into_iter().enumerate() {
            let rtype = record.rtype;
            let problem = match rtype {
                _ if record.class != Class::IN => Some(Problem::WrongClass(record.class)),
                _ if !record.name.is_at_or_below(self.apex) => {
                    Some(Problem::OutOfZone(self.apex.clone()))
                }
                _ if rtype.is_meta() => Some(Problem::MetaType(rtype)),
                Rtype::RRSIG | Rtype::NSEC | Rtype::NSEC3 | Rtype::NSEC3PARAM => {
                    // A signed zone has thousands: one finding of a type is enough.
                    if !server_made.insert(rtype) {
                        continue;
                    }
                    Some(Problem::ServerMade(rtype))
                }
                _ => validate(rtype, record.rdata.octets())
                    .err()
                    .map(|error| Problem::BadRdata(rtype, error)),
            };
            match problem {
                Some(problem) => self.find(number, &record.name, problem),
                None => admitted.push((number, record)),
            }
        }
        admitted
    }

    /// Sorts into sets.
    fn stage(&mut self, mut records: Vec<(usize, Record)>) {
        records.sort_by(|(_, a), (_, b)| (&a.name, a.rtype).cmp(&(&b.name, b.rtype)));
        for (number, record) in records {
            let Record { name, rtype, ttl, rdata, .. } = record;
            let last = self
                .sets
                .last_mut()
                .filter(|last| last.set.rtype == rtype && last.set.name == name);
            let Some(last) = last else {
                let set = Rrset::single(name, rtype, ttl, rdata);
                self.sets.push(Staged { set, fate: Fate::Zone, record: number });
                continue;
            };
            let differ = last.set.ttl != ttl;
            last.set.ttl = last.set.ttl.min(ttl);
            if !last.set.rdata.contains(&rdata) {
                last.set.rdata.push(rdata);
            }
            if differ {
                self.find(number, &name, Problem::TtlsDiffer(rtype));
            }
        }
    }

    /// What a zone must have (RFC 1035 section 5.2).
    fn check_apex(&mut self) {
        let apex = self.apex;
        let mut needs = |rtype, problem| {
            if self.find_set(apex, rtype).is_none() {
                self.findings.push(Found { record: None, name: apex.clone(), problem });
            }
        };
        needs(Rtype::SOA, Problem::NoSoa);
        needs(Rtype::NS, Problem::NoNs);
    }

    /// The sets at `name`.
    fn sets_at(&self, name: &Name) -> Range<usize> {
        let start = self.sets.partition_point(|staged| staged.set.name < *name);
        let count = self.sets[start..].iter().take_while(|staged| staged.set.name == *name).count();
        start..start + count
    }

    fn find_set(&self, name: &Name, rtype: Rtype) -> Option<usize> {
        self.sets_at(name).find(|&at| self.sets[at].set.rtype == rtype)
    }

    /// Each name, in canonical order: what is below a delegation or a DNAME comes directly behind it.
    fn check_names(&mut self) {
        let mut cut: Option<Name> = None;
        let mut dname: Option<Name> = None;
        let mut next = 0;
        while next < self.sets.len() {
            let name = self.sets[next].set.name.clone();
            let sets = self.sets_at(&name);
            next = sets.end;
            if cut.as_ref().is_some_and(|cut| name.is_below(cut)) {
                self.sets[sets].iter_mut().for_each(|staged| staged.fate = Fate::Occluded);
                continue;
            }
            if let Some(dname) = dname.as_ref().filter(|dname| name.is_below(dname)) {
                self.find_at(sets.start, Problem::BelowDname(dname.clone()));
            }
            let has = |rtype| self.sets[sets.clone()].iter().any(|one| one.set.rtype == rtype);
            let (delegated, redirected) = (name != *self.apex && has(Rtype::NS), has(Rtype::DNAME));
            self.check_name(&name, sets.clone(), delegated);
            if delegated {
                self.cuts.insert(name.clone());
                cut = Some(name.clone());
            }
            if redirected {
                dname = Some(name);
            }
        }
    }

    fn check_name(&mut self, name: &Name, sets: Range<usize>, delegated: bool) {
        let search = SearchName::of(name);
        let at_apex = *name == *self.apex;
        for at in sets.clone() {
            let rtype = self.sets[at].set.rtype;
            let beside = sets.clone().find(|&other| other != at);
            self.check_type(at, at_apex, delegated);
            if rtype == Rtype::DS {
                self.check_digests(at);
            }
            if rtype == Rtype::CNAME
                && let Some(other) = beside
            {
                self.find_at(other, Problem::CnameAndOtherData(self.sets[other].set.rtype));
            }
            if delegated {
                self.check_at_cut(at);
            } else if rtype == Rtype::ASSOC {
                if !search.can_hold_association() {
                    self.find_at(at, Problem::NoAssociationHere);
                }
            } else if !at_apex && search.is_unwalkable() && rtype != Rtype::DS {
                self.find_at(at, Problem::OnlyAssociations(rtype));
            }
            if rtype == Rtype::VCERT && !search.can_hold_certificate() {
                self.find_at(at, Problem::NoCertificateHere);
            }
        }
    }

    /// What a type demands of where it stands, and how many of it there are.
    fn check_type(&mut self, at: usize, at_apex: bool, delegated: bool) {
        let Staged { set, .. } = &self.sets[at];
        let (rtype, count, wildcard) = (set.rtype, set.rdata.len(), set.name.is_wildcard());
        let problem = match rtype {
            Rtype::SOA | Rtype::DNSKEY | Rtype::CDS | Rtype::CDNSKEY if !at_apex => {
                Some(Problem::NotAtApex(rtype))
            }
            Rtype::SOA if count > 1 => Some(Problem::SeveralSoas),
            Rtype::CNAME | Rtype::DNAME | Rtype::ASSOC if count > 1 => {
                Some(Problem::Several(rtype))
            }
            Rtype::DNAME if delegated => Some(Problem::DnameAndNs),
            Rtype::NS | Rtype::DNAME if wildcard => Some(Problem::AtWildcard(rtype)),
            Rtype::DS if at_apex => Some(Problem::AtApex(rtype)),
            Rtype::DS if !delegated => Some(Problem::DsWithoutNs),
            _ => None,
        };
        if let Some(problem) = problem {
            self.find_at(at, problem);
        }
    }

    fn check_digests(&mut self, at: usize) {
        let ds = self.sets[at].set.rdata.iter().filter_map(|rdata| Ds::parse(rdata).ok());
        let wrong: Vec<u16> = ds.filter(|ds| !digest_fits(ds)).map(|ds| ds.key_tag).collect();
        for tag in wrong {
            self.find_at(at, Problem::DigestLength(tag));
        }
    }

    /// Only NS and DS are the parent's at a delegation.
    fn check_at_cut(&mut self, at: usize) {
        let staged = &mut self.sets[at];
        if !matches!(staged.set.rtype, Rtype::NS | Rtype::DS | Rtype::CNAME | Rtype::DNAME) {
            staged.fate = Fate::Occluded;
        }
    }

    /// The names and addresses of name servers. Those of a tree's apex may have any name: resolvers are
    /// told their addresses.
    fn check_servers(&mut self) {
        let tree = apex_of(self.apex);
        let mut names: Vec<(Name, bool)> =
            self.cuts.iter().map(|cut| (cut.clone(), true)).collect();
        names.push((self.apex.clone(), false));
        for (name, delegated) in names {
            let Some(at) = self.find_set(&name, Rtype::NS) else { continue };
            let servers: Vec<Name> = targets(&self.sets[at].set).collect();
            for server in servers {
                if name != tree && !server.is_at_or_below(&tree) {
                    self.find_at(at, Problem::ServerOutside(server.clone(), tree.clone()));
                }
                if !server.is_at_or_below(self.apex) || self.mark_addresses(&server) {
                    continue;
                }
                if delegated && server.is_at_or_below(&name) {
                    self.find_at(at, Problem::MissingGlue(server));
                } else if !self.is_delegated(&server) && !self.has_wildcard(&server) {
                    self.find_at(at, Problem::NoAddress(server));
                }
            }
        }
    }

    /// Keeps the addresses of `server`; whether there are any.
    fn mark_addresses(&mut self, server: &Name) -> bool {
        let mut any = false;
        for at in self.sets_at(server) {
            let staged = &mut self.sets[at];
            if matches!(staged.set.rtype, Rtype::A | Rtype::AAAA) {
                any = true;
                if staged.fate == Fate::Occluded {
                    staged.fate = Fate::Glue;
                }
            }
        }
        any
    }

    fn is_delegated(&self, name: &Name) -> bool {
        name.ancestors().any(|name| self.cuts.contains(&name))
    }

    /// Whether some wildcard above `name` may answer for it.
    fn has_wildcard(&self, name: &Name) -> bool {
        let wildcards = name.ancestors().skip(1).filter_map(|name| name.wildcard().ok());
        wildcards.into_iter().any(|wildcard| !self.sets_at(&wildcard).is_empty())
    }

    fn report_occluded(&mut self) {
        for at in 0..self.sets.len() {
            let Staged { set, fate, .. } = &self.sets[at];
            if *fate == Fate::Occluded {
                let cut = set.name.ancestors().find(|name| self.cuts.contains(name));
                let cut = cut.expect("a delegation is what hides a set");
                let problem = Problem::Occluded(set.rtype, cut);
                self.find_at(at, problem);
            }
        }
    }
}
