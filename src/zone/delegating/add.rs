//! A delegation made, or changed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Refusal, Swallowed, View, ds_of};
use crate::clock::Timestamp;
use crate::dnssec::{Algorithms, SupportedDs, digest_fits};
use crate::wire::rdata::{Ds, address, name_target};
use crate::wire::{Class, Name, Rdata, Record, Rtype, Ttl};
use crate::zone::edit::{Addition, Change, raise};
use crate::zone::master::Master;

/// A name server, and the addresses that a zone tells for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub name: Name,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// What is done with a delegation that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// There must be none.
    New,
    /// What is given is added to it.
    Merge,
    /// Of name servers and DS records, those that are given take the place of the old ones.
    Replace,
}

/// A wish for a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The child zone.
    pub child: Name,
    /// Its name servers.
    pub servers: Vec<Server>,
    /// What stands for its keys: nothing where it is not signed. None says nothing about it.
    pub ds: Option<Vec<Ds>>,
    /// What is done with what is there.
    pub how: How,
    /// The TTL of new record sets; that of the zone's own NS where it is not given.
    pub ttl: Option<Ttl>,
    /// Hides what is below.
    pub hide: bool,
    /// Takes DS records that nobody here can use.
    pub unsupported_ds: bool,
}

/// Makes a delegation in a zone, or changes one.
///
/// # Errors
/// Where it would not work, would hide data, or is not what it says it is.
pub fn add(master: &Master, order: &Order, now: Timestamp) -> Result<Change, Refusal> {
    let view = View::new(master)?;
    check_child(&view, order)?;
    check_ds(order)?;
    let mut draft = Draft { view: &view, order, removed: BTreeSet::new(), added: Vec::new() };
    draft.name_servers();
    draft.signers();
    for server in &order.servers {
        draft.addresses(server)?;
    }
    if draft.removed.is_empty() && draft.added.is_empty() {
        return Err(Refusal::Unchanged(order.child.clone()));
    }
    let Draft { removed, added, .. } = draft;
    let own = view.last_own(&order.child);
    let after = own.or_else(|| view.last_of_neighbour(&order.child));
    let serial = raise(view.soa.serial, now);
    let added = vec![Addition { records: added, after, is_group: own.is_none() }];
    Ok(Change { removed, added, serial })
}

fn check_child(view: &View<'_>, order: &Order) -> Result<(), Refusal> {
    let child = &order.child;
    if !child.is_below(view.apex) || child.is_wildcard() {
        return Err(Refusal::NotBelow(child.clone(), view.apex.clone()));
    }
    if let Some(cut) = child.ancestors().skip(1).find(|above| view.cuts.contains(above)) {
        let place = view.of(&cut, Rtype::NS).map(|(number, _)| view.place(number)).next();
        let place = place.expect("a cut has a NS record");
        return Err(Refusal::BelowCut { child: child.clone(), cut, place });
    }
    let there = view.of(child, Rtype::NS).next();
    match (order.how, there) {
        (How::New, Some((number, _))) => {
            return Err(Refusal::Exists { child: child.clone(), place: view.place(number) });
        }
        (How::Merge | How::Replace, None) => return Err(Refusal::NotDelegated(child.clone())),
        (How::New, None) if order.servers.is_empty() => {
            return Err(Refusal::NoServers(child.clone()));
        }
        (How::New, None) if !order.hide => {
            let servers = order.servers.iter().map(|server| server.name.clone()).collect();
            let records = view.hidden(child, &servers);
            if !records.is_empty() {
                return Err(Refusal::Swallows(Swallowed { child: child.clone(), records }));
            }
        }
        _ => {}
    }
    Ok(())
}

fn check_ds(order: &Order) -> Result<(), Refusal> {
    let Some(ds) = order.ds.as_deref().filter(|ds| !ds.is_empty()) else { return Ok(()) };
    if let Some(wrong) = ds.iter().find(|ds| !digest_fits(ds)) {
        return Err(Refusal::DigestLength(wrong.key_tag));
    }
    match SupportedDs::select(ds, Algorithms::default()) {
        Err(unsupported) if !order.unsupported_ds => Err(Refusal::Unsupported(unsupported)),
        _ => Ok(()),
    }
}

struct Draft<'a> {
    view: &'a View<'a>,
    order: &'a Order,
    removed: BTreeSet<usize>,
    added: Vec<Record>,
}

impl Draft<'_> {
    fn put(&mut self, name: &Name, rtype: Rtype, rdata: Rdata) {
        let ttl = self.view.ttl(name, rtype, self.order.ttl);
        let record = Record { name: name.clone(), rtype, class: Class::IN, ttl, rdata };
        if !self.added.contains(&record) {
            self.added.push(record);
        }
    }

    /// The NS records: what is named already stays as it stands.
    fn name_servers(&mut self) {
        let child = &self.order.child;
        let wanted: BTreeSet<&Name> =
            self.order.servers.iter().map(|server| &server.name).collect();
        let mut there = BTreeSet::new();
        for (number, record) in self.view.of(child, Rtype::NS) {
            let Ok(target) = name_target(&record.rdata) else { continue };
            if self.order.how == How::Replace && !wanted.is_empty() && !wanted.contains(&target) {
                self.removed.insert(number);
                self.removed.extend(self.view.own_glue(&target, child));
            }
            there.insert(target);
        }
        for server in &self.order.servers {
            if there.insert(server.name.clone()) {
                let rdata = Rdata::new(server.name.as_wire().to_vec());
                self.put(child, Rtype::NS, rdata.expect("a name fits a record"));
            }
        }
    }

    /// The DS records.
    fn signers(&mut self) {
        let Some(wanted) = &self.order.ds else { return };
        let child = &self.order.child;
        let there = ds_of(self.view.of(child, Rtype::DS));
        if self.order.how == How::Replace {
            let gone = there.iter().filter(|(_, ds)| !wanted.contains(ds));
            self.removed.extend(gone.map(|(number, _)| *number));
        }
        for ds in wanted.iter().filter(|ds| there.iter().all(|(_, old)| old != *ds)) {
            self.put(child, Rtype::DS, ds.to_rdata());
        }
    }

    /// The addresses of a name server.
    fn addresses(&mut self, server: &Server) -> Result<(), Refusal> {
        let (view, child, name) = (self.view, &self.order.child, &server.name);
        let there: Vec<(usize, IpAddr)> = view
            .addresses(name)
            .filter_map(|(number, one)| Some((number, address(one.rtype, &one.rdata).ok()?)))
            .collect();
        if server.addresses.is_empty() {
            return match name.is_at_or_below(child) && there.is_empty() {
                true => Err(Refusal::MissingGlue(name.clone())),
                false => Ok(()),
            };
        }
        if !name.is_at_or_below(view.apex) {
            return Err(Refusal::OutsideAddress(name.clone(), view.apex.clone()));
        }
        let mut others = there.iter().filter(|(_, old)| !server.addresses.contains(old));
        let own = self.view.own_glue(name, child);
        match (self.order.how, others.clone().next()) {
            (How::Replace, Some((number, _))) if own.contains(number) => {
                self.removed.extend(others.by_ref().map(|(number, _)| *number));
            }
            (How::New | How::Replace, Some((number, _))) => {
                let user = view.other_user(name, child);
                let place = view.place(*number);
                return Err(Refusal::OtherAddresses { server: name.clone(), place, user });
            }
            _ => {}
        }
        for address in &server.addresses {
            if there.iter().all(|(_, old)| old != address) {
                let (rtype, rdata) = to_record(*address);
                self.put(name, rtype, rdata);
            }
        }
        Ok(())
    }
}

fn to_record(address: IpAddr) -> (Rtype, Rdata) {
    let (rtype, octets) = match address {
        IpAddr::V4(address) => (Rtype::A, address.octets().to_vec()),
        IpAddr::V6(address) => (Rtype::AAAA, address.octets().to_vec()),
    };
    (rtype, Rdata::new(octets).expect("an address fits a record"))
}

impl View<'_> {
    /// The last NS or DS record of a delegation.
    fn last_own(&self, child: &Name) -> Option<usize> {
        let own = self.of(child, Rtype::NS).chain(self.of(child, Rtype::DS));
        own.map(|(number, _)| number).max()
    }

    /// The last record of that delegation which a new one belongs beside: of those nearest in the tree
    /// the last in the files, with what is below it directly behind it.
    fn last_of_neighbour(&self, child: &Name) -> Option<usize> {
        let nearest =
            self.cuts.iter().map(|cut| (cut.common_labels(child), self.last_own(cut), cut));
        let (common, last, cut) = nearest.max_by_key(|(common, last, _)| (*common, *last))?;
        let last = last.filter(|_| common > self.apex.label_count())?;
        let behind = self.records.get(last + 1..).unwrap_or_default();
        let file = &self.records[last].1.file;
        let belongs = behind
            .iter()
            .take_while(|(record, place)| record.name.is_at_or_below(cut) && place.file == *file);
        Some(last + belongs.count())
    }
}
