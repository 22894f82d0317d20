//! Records to a master file that says the same each time.

use std::fmt::Write as _;

use super::ours;
use crate::wire::rdata::{canonical, generic, to_text};
use crate::wire::{Rdata, Record, Rtype};

/// The types whose own form Knot 3.2, NSD 4.6 and BIND 9.18 all read.
const READ_EVERYWHERE: [Rtype; 46] = [
    Rtype::A,
    Rtype::NS,
    Rtype::CNAME,
    Rtype::SOA,
    Rtype::PTR,
    Rtype::HINFO,
    Rtype::MINFO,
    Rtype::MX,
    Rtype::TXT,
    Rtype::RP,
    Rtype::AFSDB,
    Rtype::RT,
    Rtype::KEY,
    Rtype::AAAA,
    Rtype::LOC,
    Rtype::SRV,
    Rtype::NAPTR,
    Rtype::KX,
    Rtype::CERT,
    Rtype::DNAME,
    Rtype::APL,
    Rtype::DS,
    Rtype::SSHFP,
    Rtype::IPSECKEY,
    Rtype::RRSIG,
    Rtype::NSEC,
    Rtype::DNSKEY,
    Rtype::DHCID,
    Rtype::NSEC3,
    Rtype::NSEC3PARAM,
    Rtype::TLSA,
    Rtype::SMIMEA,
    Rtype::CDS,
    Rtype::CDNSKEY,
    Rtype::OPENPGPKEY,
    Rtype::CSYNC,
    Rtype::ZONEMD,
    Rtype::SPF,
    Rtype::NID,
    Rtype::L32,
    Rtype::L64,
    Rtype::LP,
    Rtype::EUI48,
    Rtype::EUI64,
    Rtype::URI,
    Rtype::CAA,
];

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Every type in its readable form.
    Readable,
    /// What other servers may not read in the generic form of RFC 3597.
    Generic,
}

/// Writes one record in one line, names in full, without line end: `a. 3600 IN A 192.0.2.1`.
pub fn line(record: &Record, form: Form) -> String {
    let Record { name, rtype, class, ttl, rdata } = record;
    let (rtype, rdata) = type_and_data(*rtype, rdata, form);
    format!("{name} {ttl} {class} {rtype} {rdata}").trim_end().to_owned()
}

fn type_and_data(rtype: Rtype, rdata: &Rdata, form: Form) -> (String, String) {
    match form {
        Form::Readable => (rtype.to_string(), ours::write(rtype, rdata)),
        Form::Generic if READ_EVERYWHERE.contains(&rtype) => {
            (rtype.to_string(), to_text(rtype, rdata))
        }
        Form::Generic => (format!("TYPE{}", rtype.0), generic(rdata)),
    }
}

/// Writes records one a line in canonical order (RFC 4034 section 6), the SOA first. Duplicates are
/// left out, and the records of a set have one TTL, their lowest.
pub fn print(records: impl IntoIterator<Item = Record>, form: Form) -> String {
    let mut records: Vec<Record> = records.into_iter().collect();
    let data = |record: &Record| canonical(record.rtype, &record.rdata);
    records.sort_by_cached_key(|record| {
        (record.rtype != Rtype::SOA, record.name.clone(), record.rtype, data(record), record.ttl)
    });
    let mut text = String::new();
    for set in records.chunk_by_mut(|a, b| a.rtype == b.rtype && a.name == b.name) {
        let ttl = set.iter().map(|record| record.ttl).min().unwrap_or_default();
        for same in set.chunk_by_mut(|a, b| data(a) == data(b)) {
            same[0].ttl = ttl;
            writeln!(text, "{}", line(&same[0], form)).expect("a string takes what is written");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rdata::parse;
    use crate::wire::{Class, Ttl};

    fn record(name: &str, ttl: u32, rtype: Rtype, data: &str) -> Record {
        let rdata = parse(rtype, data).unwrap();
        Record {
            name: name.parse().unwrap(),
            rtype,
            class: Class::IN,
            ttl: Ttl::from_secs(ttl),
            rdata,
        }
    }

    #[test]
    fn canonical_order_with_the_soa_first() {
        let records = [
            record("b.a.", 5, Rtype::MX, "20 x."),
            record("a.", 9, Rtype::NS, "ns.a."),
            record("B.a.", 3, Rtype::MX, "10 y."),
            record("b.a.", 7, Rtype::MX, "10 Y."),
            record("a.", 9, Rtype::A, "192.0.2.1"),
            record("a.", 9, Rtype::SOA, "a. b. 1 2 3 4 5"),
        ];
        assert_eq!(
            print(records, Form::Readable),
            "a. 9 IN SOA a. b. 1 2 3 4 5\n\
             a. 9 IN A 192.0.2.1\n\
             a. 9 IN NS ns.a.\n\
             B.a. 3 IN MX 10 y.\n\
             b.a. 3 IN MX 20 x.\n"
        );
    }

    #[test]
    fn what_others_may_not_read_is_generic_for_them() {
        let relay = record("a.", 1, Rtype::AMTRELAY, "10 0 1 192.0.2.1");
        assert_eq!(line(&relay, Form::Readable), "a. 1 IN AMTRELAY 10 0 1 192.0.2.1");
        assert_eq!(line(&relay, Form::Generic), "a. 1 IN TYPE260 \\# 6 0a01c0000201");
        assert_eq!(line(&record("a.", 1, Rtype::APL, ""), Form::Generic), "a. 1 IN APL");
    }
}
