//! A small authority for tests.

use crate::authority::{Associated, Authority, Policy, ServedZone};
use crate::clock::Timestamp;
use crate::crypto::Random;
use crate::dnssec::ZoneKey;

use super::zone_file;

const ZONE: &str = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";

/// The signed zone `a.example.`.
pub(super) fn authority(now: Timestamp, random: &mut dyn Random) -> Authority {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let path = directory.path().join("a.zone");
    std::fs::write(&path, ZONE).expect("the directory can be written");
    let apex = "a.example.".parse().expect("a name");
    let built = zone_file::read(&path, &apex).expect("the zone is good");
    let key = ZoneKey::generate(apex, ZoneKey::KSK, random);
    let associations = Associated::File(built.associations);
    let zone = ServedZone::new(built.zone, associations, vec![key], Policy::default(), now);
    Authority::new(vec![zone.expect("the key is the zone's")]).expect("one zone")
}
