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
    /// Of the zone at `zone`.
    pub(super) fn read(zone: &Name, message: &Message) -> Self {
        let at = |rtype| {
            let records = message.authority.iter();
            records.filter(move |record| record.rtype == rtype && record.name == *zone)
        };
        let named = at(Rtype::NS).filter_map(|record| name_target(&record.rdata).ok());
        let servers = named.map(|name| {
            let addresses = addresses(&message.additional, &name).collect();
            (name, addresses)
        });
        let is_denial = |record: &Record| matches!(record.rtype, Rtype::NSEC | Rtype::NSEC3);
        Self {
            servers: servers.collect(),
            ds: at(Rtype::DS).filter_map(|record| Ds::parse(&record.rdata).ok()).collect(),
            denied: message.authority.iter().any(is_denial),
        }
    }
}

/// The addresses of `name` among records.
fn addresses(records: &[Record], name: &Name) -> impl Iterator<Item = IpAddr> {
    let own = records.iter().filter(move |record| record.name == *name);
    own.filter_map(|record| address(record.rtype, &record.rdata).ok())
}
