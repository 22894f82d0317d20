//! A zone as servers of others serve it: signed, and what is absent denied in any of the ways there are.

use std::collections::{BTreeMap, BTreeSet};

use threepid::clock::Timestamp;
use threepid::codec::base32hex;
use threepid::crypto::sha1;
use threepid::dnssec::{Validity, ZoneKey, sign};
use threepid::wire::rdata::{Nsec, Nsec3, TypeBitmap, name_target};
use threepid::wire::{Message, Name, Question, Rcode, Rdata, Record, Rrset, Rtype, Ttl};
use threepid::zone::master::{self, Text};

use super::net::{Server, name, scripted};
use super::tree;

/// How a zone denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A chain of names.
    Nsec,
    /// NSEC that cover next to nothing ("white lies", RFC 4470).
    MinimalNsec,
    /// Every name exists, without the type ("black lies").
    BlackLies,
    /// RFC 9824.
    Compact,
    /// A chain of hashes.
    Nsec3,
    /// One that leaves out unsigned delegations.
    OptOut,
    /// One of a hash that is iterated more often than anyone follows.
    Iterated,
    /// NSEC3 that cover next to nothing (RFC 7129 appendix B).
    Narrow,
}

impl Way {
    pub(crate) const ALL: [Self; 8] = [
        Self::Nsec,
        Self::MinimalNsec,
        Self::BlackLies,
        Self::Compact,
        Self::Nsec3,
        Self::OptOut,
        Self::Iterated,
        Self::Narrow,
    ];

    fn is_hashed(self) -> bool {
        matches!(self, Self::Nsec3 | Self::OptOut | Self::Iterated | Self::Narrow)
    }

    /// Whether a record is made for each name that is asked for, and speaks of that name alone.
    fn is_compact(self) -> bool {
        matches!(self, Self::BlackLies | Self::Compact)
    }

    fn iterations(self) -> u16 {
        if self == Self::Iterated { 51 } else { 0 }
    }
}

/// A zone.
#[derive(Clone)]
pub(crate) struct Classic {
    apex: Name,
    way: Way,
    key: ZoneKey,
    sets: BTreeMap<Name, Vec<Rrset>>,
}

const TTL: Ttl = Ttl::from_secs(300);

fn single(owner: &Name, rtype: Rtype, rdata: Rdata) -> Rrset {
    Rrset::single(owner.clone(), rtype, TTL, rdata)
}

impl Classic {
    /// The zone at `apex`, whose server has the address that ends in `server`, with these records.
    pub(crate) fn new(apex: &str, server: &str, way: Way, records: &str) -> Self {
        let text = format!("$TTL 300\n@ SOA ns h 1 1h 10m 2w 1m\n@ NS ns\nns A 192.0.2.{server}\n");
        let text = text + &records.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        let (limits, key, apex) = (master::Limits::default(), tree::key(apex), name(apex));
        let read = master::read("zone", Some(&apex), &Text(text.as_bytes()), &limits);
        assert!(read.mistakes.is_empty(), "{:?}", read.mistakes);
        let mut sets: BTreeMap<Name, Vec<Rrset>> = BTreeMap::new();
        for set in Rrset::group(read.records.into_iter().map(|(record, _)| record)) {
            sets.entry(set.name.clone()).or_default().push(set);
        }
        let dnskey = single(&apex, Rtype::DNSKEY, key.dnskey().to_rdata());
        sets.get_mut(&apex).unwrap().push(dnskey);
        Self { apex, way, key, sets }
    }

    /// Its server.
    pub(crate) fn server(self) -> Server {
        scripted(move |incoming, message| {
            self.answer(incoming.query.question.as_ref().unwrap(), message, incoming.now);
        })
    }

    /// Writes what it has to say (RFC 1034 section 4.3.2).
    fn answer(&self, question: &Question, message: &mut Message, now: Timestamp) {
        let Question { name, rtype, .. } = question;
        let signed = |set: &Rrset| self.signed(set, &set.name, now);
        if let Some(cut) = self.cut_above(name, *rtype) {
            message.flags.authoritative = false;
            let ns = self.set(&cut, Rtype::NS).unwrap();
            let hosts = ns.rdata.iter().map(|rdata| name_target(rdata).unwrap());
            let glue = hosts.flat_map(|host| self.set(&host, Rtype::A).cloned());
            message.additional = glue.flat_map(|set| set.records().collect::<Vec<_>>()).collect();
            message.authority = ns.records().collect();
            match self.set(&cut, Rtype::DS) {
                Some(ds) => message.authority.extend(signed(ds)),
                None => message.authority.extend(self.matched(&cut).iter().flat_map(signed)),
            }
            return;
        }
        let encloser = name.ancestors().find(|at| self.exists(at)).unwrap();
        let wildcard = encloser.wildcard().unwrap();
        let node = if encloser == *name { name } else { &wildcard };
        let found = self
            .set(node, *rtype)
            .or_else(|| self.set(node, Rtype::CNAME))
            .map(|set| Rrset { name: name.clone(), ..set.clone() });
        let proofs = match &found {
            Some(set) => {
                let signer = if self.way.is_compact() { name } else { node };
                message.answer = self.signed(set, signer, now);
                if node == name { Vec::new() } else { self.covered(name, &encloser) }
            }
            None => {
                message.authority = signed(self.set(&self.apex, Rtype::SOA).unwrap());
                self.denial(name, &encloser, message)
            }
        };
        message.authority.extend(proofs.iter().flat_map(signed));
    }

    /// What denies the type at `name`, or the name.
    fn denial(&self, name: &Name, encloser: &Name, message: &mut Message) -> Vec<Rrset> {
        let wildcard = encloser.wildcard().unwrap();
        let has_wildcard = self.exists(&wildcard);
        if name == encloser {
            return self.matched(name);
        }
        if self.way.is_compact() {
            let types: Vec<Rtype> = match self.way {
                _ if has_wildcard => self.types(&wildcard),
                Way::Compact => vec![Rtype::NXNAME],
                _ => Vec::new(),
            };
            return vec![self.nsec(name, &name.prepend(b"\0").unwrap(), types)];
        }
        if !has_wildcard {
            message.rcode = Rcode::NXDOMAIN;
        }
        let mut proofs = self.covered(name, encloser);
        proofs.extend(if self.way.is_hashed() { self.matched(encloser) } else { Vec::new() });
        proofs.extend(match has_wildcard {
            true => self.matched(&wildcard),
            false => self.covered(&wildcard, encloser),
        });
        let mut seen = BTreeSet::new();
        proofs.retain(|proof| seen.insert(proof.name.clone()));
        proofs
    }

    fn set(&self, owner: &Name, rtype: Rtype) -> Option<&Rrset> {
        self.sets.get(owner)?.iter().find(|set| set.rtype == rtype)
    }

    /// Whether the name has records, or one below it has.
    fn exists(&self, name: &Name) -> bool {
        self.sets.keys().any(|owner| owner.is_at_or_below(name))
    }

    /// The delegation that leads further to `name`.
    fn cut_above(&self, name: &Name, rtype: Rtype) -> Option<Name> {
        let below = name.ancestors().take_while(|at| at.is_below(&self.apex));
        let mut cuts = below.filter(|at| self.set(at, Rtype::NS).is_some());
        cuts.find(|cut| rtype != Rtype::DS || cut != name)
    }

    fn types(&self, owner: &Name) -> Vec<Rtype> {
        self.sets.get(owner).into_iter().flatten().map(|set| set.rtype).collect()
    }

    /// The names that a chain holds: not those below delegations.
    fn chained(&self) -> impl Iterator<Item = &Name> {
        self.sets.keys().filter(|owner| self.cut_above(owner, Rtype::DS).is_none())
    }

    /// What says which types are at `name`, which exists.
    pub(crate) fn matched(&self, name: &Name) -> Vec<Rrset> {
        if self.way.is_hashed() {
            let left_out = self.way == Way::OptOut
                && self.set(name, Rtype::NS).is_some()
                && self.set(name, Rtype::DS).is_none()
                && *name != self.apex;
            let hash = self.hash(name);
            if left_out {
                let encloser = name.parent().unwrap();
                return [self.matched(&encloser), self.covered(name, &encloser)].concat();
            }
            return vec![self.nsec3(&hash, &self.next_hash(&hash), self.types(name))];
        }
        let types = self.types(name);
        match self.way {
            Way::Nsec if types.is_empty() => self.covered(name, &name.parent().unwrap()),
            Way::Nsec => vec![self.link(name)],
            _ => vec![self.nsec(name, &name.prepend(b"\0").unwrap(), types)],
        }
    }

    /// What says that nothing is where `name` is, below `encloser`.
    pub(crate) fn covered(&self, name: &Name, encloser: &Name) -> Vec<Rrset> {
        let next_closer = name.suffix(encloser.label_count() + 1);
        match self.way {
            Way::BlackLies | Way::Compact => Vec::new(),
            Way::Nsec => {
                let before = self.chained().filter(|owner| *owner < name).max();
                vec![self.link(before.unwrap())]
            }
            Way::MinimalNsec => {
                let label = next_closer.labels().next().unwrap();
                let (last, head) = label.split_last().unwrap();
                let around = [[head, &[last - 1, b'~']].concat(), [label, b"-"].concat()];
                let [before, after] =
                    around.map(|label| next_closer.parent().unwrap().prepend(&label).unwrap());
                vec![self.nsec(&before, &after, Vec::new())]
            }
            _ => vec![self.gap(&self.hash(&next_closer))],
        }
    }

    /// The link of the chain at `owner`.
    fn link(&self, owner: &Name) -> Rrset {
        let next = self.chained().filter(|other| *other > owner).min().unwrap_or(&self.apex);
        self.nsec(owner, next, self.types(owner))
    }

    fn nsec(&self, owner: &Name, next: &Name, types: Vec<Rtype>) -> Rrset {
        let types: TypeBitmap = types.into_iter().chain([Rtype::RRSIG, Rtype::NSEC]).collect();
        let next = next.clone();
        single(owner, Rtype::NSEC, Nsec { next, types }.to_rdata())
    }

    fn hash(&self, name: &Name) -> Vec<u8> {
        let first = sha1(name.to_lowercase().as_wire());
        (0..self.way.iterations()).fold(first, |hash, _| sha1(&hash)).to_vec()
    }

    /// The hashes of all names, empty ones included, and what is there.
    fn hashes(&self) -> BTreeMap<Vec<u8>, Vec<Rtype>> {
        let left_out = |owner: &Name| {
            let types = self.types(owner);
            let delegation = types.contains(&Rtype::NS) && !types.contains(&Rtype::SOA);
            self.way == Way::OptOut && delegation && !types.contains(&Rtype::DS)
        };
        let owners = self.chained().filter(|owner| !left_out(owner));
        let names = owners.flat_map(Name::ancestors).filter(|at| at.is_at_or_below(&self.apex));
        names.map(|name| (self.hash(&name), self.types(&name))).collect()
    }

    fn next_hash(&self, hash: &[u8]) -> Vec<u8> {
        if self.way == Way::Narrow {
            return step(hash, 1);
        }
        let hashes = self.hashes();
        let next = hashes.keys().find(|other| other.as_slice() > hash);
        next.or(hashes.keys().next()).unwrap().clone()
    }

    /// The record whose gap holds `hash`.
    fn gap(&self, hash: &[u8]) -> Rrset {
        if self.way == Way::Narrow {
            return self.nsec3(&step(hash, -1), &step(hash, 1), Vec::new());
        }
        let hashes = self.hashes();
        let before = hashes.iter().rev().find(|(other, _)| other.as_slice() < hash);
        let (owner, types) = before.or(hashes.iter().next_back()).unwrap();
        self.nsec3(owner, &self.next_hash(owner), types.clone())
    }

    fn nsec3(&self, owner: &[u8], next: &[u8], mut types: Vec<Rtype>) -> Rrset {
        if !types.is_empty() {
            types.push(Rtype::RRSIG);
        }
        let types: TypeBitmap = types.into_iter().collect();
        let flags = if self.way == Way::OptOut { Nsec3::OPT_OUT } else { 0 };
        let [high, low] = self.way.iterations().to_be_bytes();
        let rdata = [&[1, flags, high, low, 0, 20], next, &types.to_octets()].concat();
        let owner = self.apex.prepend(base32hex(owner).as_bytes()).unwrap();
        single(&owner, Rtype::NSEC3, Rdata::new(rdata).unwrap())
    }

    /// The records of a set and its signature, as if it stood at `owner`.
    pub(crate) fn signed(&self, set: &Rrset, owner: &Name, now: Timestamp) -> Vec<Record> {
        let hour = std::time::Duration::from_secs(3600);
        let validity =
            Validity { inception: now.saturating_sub(hour), expiration: now.saturating_add(hour) };
        let there = Rrset { name: owner.clone(), ..set.clone() };
        let rrsig = single(&set.name, Rtype::RRSIG, sign(&there, &self.key, validity).to_rdata());
        set.records().chain(rrsig.records()).collect()
    }
}

/// The hash `by` further, in its last octet alone: enough to be near.
fn step(hash: &[u8], by: i8) -> Vec<u8> {
    let mut hash = hash.to_vec();
    let last = hash.last_mut().unwrap();
    *last = last.checked_add_signed(by).unwrap();
    hash
}
