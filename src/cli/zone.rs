//! `threepid zone`: zone files checked, and written in one form.

use std::collections::BTreeMap;

use crate::certificate::Certificate;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::daemon::zone_file;
use crate::signed::KeyName;
use crate::trust::MAX_CERTIFICATES;
use crate::wire::{Record, Rtype};
use crate::zone::Built;
use crate::zone::master::{self, Form};

use super::Exit;
use super::arguments::{ZoneFile, ZonePrint};
use super::output;

/// Tells every mistake of a zone file, or what zone it holds.
pub(super) fn check(arguments: &ZoneFile) -> Exit {
    let (built, records) = match read(arguments) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    for warning in crowded(&records, SystemClock.now()) {
        output::tell(format_args!("{}: warning: {warning}", arguments.file.display()));
    }
    let (apex, serial) = (built.zone.apex(), built.zone.soa().serial);
    output::print(format_args!("{apex} is good: serial {serial}, {} records\n", records.len()));
    Exit::Success
}

/// Warnings of keys with more certificates in date than clients look at.
fn crowded(records: &[Record], now: Timestamp) -> Vec<String> {
    let mut counts: BTreeMap<KeyName, usize> = BTreeMap::new();
    let certificates = records.iter().filter(|record| record.rtype == Rtype::VCERT);
    for record in certificates {
        // What cannot be read was refused with the zone.
        let Ok(certificate) = Certificate::from_rdata(record.rdata.octets()) else { continue };
        let terms = certificate.terms();
        if now <= terms.not_after {
            *counts.entry(terms.subject.clone()).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count > MAX_CERTIFICATES);
    let told = |(key, count)| {
        format!("{count} certificates for {key}: of one key {MAX_CERTIFICATES} are looked at")
    };
    counts.into_iter().map(told).collect()
}

/// Writes the records of a zone file.
pub(super) fn print(arguments: &ZonePrint) -> Exit {
    let (_, records) = match read(&arguments.zone) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let form = if arguments.generic { Form::Generic } else { Form::Readable };
    output::print(master::print(records, form));
    Exit::Success
}

/// The zone of a file and its records, its warnings told; or, what is wrong told, how to end.
fn read(arguments: &ZoneFile) -> Result<(Built, Vec<Record>), Exit> {
    let origin = arguments.origin.as_ref();
    let master = zone_file::open(&arguments.file, origin).map_err(output::fail)?;
    let records = master.records.iter().map(|(record, _)| record.clone()).collect();
    match master.into_zone(origin) {
        Ok(built) => {
            built.warnings.iter().for_each(output::tell);
            Ok((built, records))
        }
        Err(flaws) => {
            output::tell(flaws);
            Err(Exit::Flawed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Scope, Terms};
    use crate::crypto::SigningKey;
    use crate::wire::{Class, Ttl};

    #[test]
    fn more_certificates_than_are_looked_at_are_told_of() {
        let key = SigningKey::from_seed(&[1; 32]);
        let name =
            |server: &str| KeyName::new(server.parse().unwrap(), "ed25519:1".parse().unwrap());
        let now = Timestamp::from_secs(1_800_000_000);
        let certificate = |not_after| {
            let terms = Terms {
                issuer: name("v.example").server,
                subject: name("t.example"),
                public_key: key.public(),
                scope: Scope::new(vec!["email:*".parse().unwrap()]),
                max_path: 0,
                not_before: Timestamp::from_secs(1_799_990_000),
                not_after,
            };
            Certificate::sign(terms, name("v.example"), &key).unwrap()
        };
        let record = |not_after| Record {
            name: "t.example._verifier.a.".parse().unwrap(),
            rtype: Rtype::VCERT,
            class: Class::IN,
            ttl: Ttl::from_secs(60),
            rdata: certificate(not_after).to_rdata(),
        };
        let mut records = vec![record(now); MAX_CERTIFICATES];
        records.push(record(Timestamp::from_secs(1_799_999_999)));
        assert_eq!(crowded(&records, now), [""; 0]);
        records.push(record(now));
        let told = "9 certificates for t.example ed25519:1: of one key 8 are looked at";
        assert_eq!(crowded(&records, now), [told]);
    }
}
