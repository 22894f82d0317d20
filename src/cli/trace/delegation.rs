//! What a referral says of the zone below, in so many words.

use std::net::IpAddr;

use crate::wire::rdata::{Ds, address, name_target};
use crate::wire::{Message, Name, Record, Rtype};

/// A delegation as a reply gives it. What of it is believed is up to the resolver.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Delegation {
    /// The servers, and the addresses that came along.
    pub(super) servers: Vec<(Name, Vec<IpAddr>)>,
    /// The DS set; without it the zone is unsigned if that is proved.
    pub(super) ds: Vec<Ds>,
    /// Whether a denial came along, which could prove that there is no DS set.
    pub(super) denied: bool,
}

impl Delegation {
    /// Of the zone at `zone`, by its parent.
    pub(super) fn read(zone: &Name, message: &Message) -> Self {
        let is_denial = |record: &Record| matches!(record.rtype, Rtype::NSEC | Rtype::NSEC3);
        let ds = at(zone, Rtype::DS, &message.authority);
        Self {
            servers: servers(zone, &message.authority, &message.additional),
            ds: ds.filter_map(|record| Ds::parse(&record.rdata).ok()).collect(),
            denied: message.authority.iter().any(is_denial),
        }
    }

    /// Of the zone at `zone`, by its own servers.
    pub(super) fn own(zone: &Name, message: &Message) -> Self {
        let servers = servers(zone, &message.answer, &message.additional);
        Self { servers, ds: Vec::new(), denied: false }
    }
}

fn at<'r>(zone: &Name, rtype: Rtype, records: &'r [Record]) -> impl Iterator<Item = &'r Record> {
    records.iter().filter(move |record| record.rtype == rtype && record.name == *zone)
}

/// The servers that an NS set names, with their addresses as far as they came along.
fn servers(zone: &Name, records: &[Record], additional: &[Record]) -> Vec<(Name, Vec<IpAddr>)> {
    let named = at(zone, Rtype::NS, records).filter_map(|record| name_target(&record.rdata).ok());
    let with_addresses = named.map(|name| {
        let addresses = addresses(additional, &name).collect();
        (name, addresses)
    });
    with_addresses.collect()
}

/// The addresses of `name` among records.
fn addresses(records: &[Record], name: &Name) -> impl Iterator<Item = IpAddr> {
    let own = records.iter().filter(move |record| record.name == *name);
    own.filter_map(|record| address(record.rtype, &record.rdata).ok())
}
