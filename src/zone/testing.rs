//! Zones for tests, in a short form of their text.

use super::{Built, Finding, Zone};
use crate::wire::rdata::Soa;
use crate::wire::{Class, Name, Rdata, Record, Rtype, Serial, Ttl};

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// The record of a line `owner [ttl] type data`; addresses and names as data, text for the rest.
pub(crate) fn record(line: &str) -> Record {
    let mut words = line.split_whitespace().peekable();
    let owner = name(words.next().unwrap());
    let ttl = words.next_if(|word| word.parse::<u32>().is_ok()).map(|ttl| ttl.parse().unwrap());
    let rtype: Rtype = words.next().unwrap().parse().unwrap();
    let data = words.next().unwrap_or_default();
    let octets = match rtype {
        Rtype::A => data.parse::<std::net::Ipv4Addr>().unwrap().octets().to_vec(),
        Rtype::AAAA => data.parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec(),
        Rtype::NS | Rtype::CNAME | Rtype::DNAME => name(data).as_wire().to_vec(),
        Rtype::TXT => [&[u8::try_from(data.len()).unwrap()], data.as_bytes()].concat(),
        Rtype::SOA => soa(&owner).to_rdata().octets().to_vec(),
        Rtype::DS => [&[0, 1, 15, 2][..], &[7; 32]].concat(),
        Rtype::DNSKEY => [&[1, 1, 3, 15][..], &[7; 32]].concat(),
        _ => data.as_bytes().to_vec(),
    };
    Record {
        name: owner,
        rtype,
        class: Class::IN,
        ttl: Ttl::from_secs(ttl.unwrap_or(3600)),
        rdata: Rdata::new(octets).unwrap(),
    }
}

fn soa(owner: &Name) -> Soa {
    Soa {
        mname: name("ns.example.org."),
        rname: name("hostmaster.example.org."),
        serial: Serial(1),
        refresh: 7200,
        retry: 900,
        expire: 1_209_600,
        minimum: u32::try_from(owner.label_count()).unwrap() + 297,
    }
}

/// Builds the zone of these lines, empty ones left out; positions are numbers of lines.
pub(crate) fn build(apex: &str, lines: &str) -> Result<Built<usize>, Vec<Finding<usize>>> {
    let lines = lines.lines().map(str::trim).enumerate();
    let records = lines.filter(|(_, line)| !line.is_empty());
    Zone::build(&name(apex), records.map(|(number, line)| (record(line), number)))
}
