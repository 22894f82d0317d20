//! The sample zones: whole, in agreement with each other, and their statements really signed.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use threepid::association::Statement;
use threepid::certificate::{self, Certificate};
use threepid::codec::from_base64_unpadded;
use threepid::crypto::PublicKey;
use threepid::daemon::zone_file::Files;
use threepid::signed::KeyName;
use threepid::threepid::Threepid;
use threepid::wire::rdata::{address, name_target};
use threepid::wire::{Name, Rrset, Rtype};
use threepid::zone::Built;
use threepid::zone::master::{self, Limits, Master};

/// The apexes of the two trees.
const APEXES: [&str; 2] = ["3pid.example.", "3pid.example.net."];

/// Everyone in the sample zones.
const PEOPLE: [&str; 14] = [
    "+44 7700 900123",
    "+44 7700 900124",
    "+44 7700 900125",
    "+44 7700 900126",
    "+44 7700 900999",
    "+44 20 7946 0000",
    "+49 171 3920042",
    "+49 30 2312501",
    "+49 30 23125012",
    "Strauß@Example.com",
    "alice@example.com",
    "bob@example.com",
    "carol@example.net",
    "carol@mail.example.net",
];

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/zones"))
}

/// Every file's zone, by the name that the file has.
fn masters() -> BTreeMap<Name, Master> {
    let files = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let apex = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let master = master::read(path.to_str().unwrap(), None, &Files, &Limits::default());
        (apex, master)
    };
    files.map(read).collect()
}

fn zones() -> BTreeMap<Name, Built> {
    let build = |(apex, master): (Name, Master)| {
        let built = master.into_zone(None).unwrap_or_else(|flaws| panic!("{flaws}"));
        assert_eq!(*built.zone.apex(), apex);
        assert!(built.warnings.is_empty(), "{:?}", built.warnings);
        (apex, built)
    };
    masters().into_iter().map(build).collect()
}

/// The keys of the interchange vectors, which signed everything here.
fn keys() -> BTreeMap<KeyName, PublicKey> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/interchange.json")).unwrap();
    let key = |key: &Value| {
        let text = |member: &str| key[member].as_str().unwrap();
        let name =
            KeyName::new(text("server_name").parse().unwrap(), text("key_id").parse().unwrap());
        let octets = from_base64_unpadded(text("public_key")).unwrap();
        (name, PublicKey::from_octets(&octets.try_into().unwrap()).unwrap())
    };
    vectors["keys"].as_array().unwrap().iter().map(key).collect()
}

#[test]
fn every_association_is_signed_and_at_its_owner_s_name() {
    let (zones, keys) = (zones(), keys());
    let people: Vec<_> =
        PEOPLE.iter().map(|text| Threepid::parse_any(text, None).unwrap()).collect();
    let mut names = BTreeMap::new();
    for apex in APEXES {
        for person in &people {
            names.insert(person.owner(&apex.parse().unwrap()).unwrap(), person);
        }
    }
    let mut found = BTreeSet::new();
    for set in zones.values().flat_map(|built| &built.associations) {
        let person = names.get(&set.name).unwrap_or_else(|| panic!("who is at {}?", set.name));
        let statement = Statement::from_rdata(set.rdata[0].octets()).unwrap();
        for (name, _) in statement.signatures().iter() {
            assert_eq!(statement.verify(person, name, &keys[name]), Ok(()), "{person}");
        }
        assert!(set.ttl.as_secs() <= 3600, "{person}");
        found.insert(*person);
    }
    assert_eq!(found.len(), people.len(), "everyone is somewhere");
}

#[test]
fn every_certificate_is_signed_and_at_its_subject_s_name() {
    let (zones, keys) = (zones(), keys());
    let mut count = 0;
    for (apex, built) in &zones {
        for set in built.zone.sets().iter().filter(|set| set.rtype == Rtype::VCERT) {
            for rdata in &set.rdata {
                let certificate = Certificate::from_rdata(rdata.octets()).unwrap();
                let subject = &certificate.terms().subject.server;
                assert_eq!(certificate::owner(subject, apex).unwrap().unwrap(), set.name);
                for (name, _) in certificate.signatures().iter() {
                    assert_eq!(certificate.verify(name, &keys[name]), Ok(()));
                }
                count += 1;
            }
        }
    }
    assert_eq!(count, 3);
}

fn set<'a>(built: &'a Built, name: &Name, rtype: Rtype) -> Option<&'a Rrset> {
    built.zone.sets().iter().find(|set| set.name == *name && set.rtype == rtype)
}

/// Delegations say what the child says, and every zone but the roots is delegated.
#[test]
fn parents_and_children_agree() {
    let zones = zones();
    let mut children: BTreeSet<&Name> = zones.keys().collect();
    for apex in APEXES {
        assert!(children.remove(&apex.parse::<Name>().unwrap()), "{apex}");
    }
    for parent in zones.values() {
        for delegation in parent.zone.delegations() {
            let ns = parent.zone.set(delegation.ns);
            let child = &zones[&ns.name];
            assert!(children.remove(&ns.name), "{} is delegated twice", ns.name);
            assert_eq!(Some(ns), set(child, &ns.name, Rtype::NS));
            let server = name_target(&ns.rdata[0]).unwrap();
            let glue = set(parent, &server, Rtype::A).expect("glue");
            assert_eq!(Some(glue), set(child, &server, Rtype::A));
        }
    }
    assert!(children.is_empty(), "nobody delegates {children:?}");
}

#[test]
fn every_server_has_an_address_of_its_own() {
    let mut addresses = BTreeSet::new();
    for (apex, built) in &zones() {
        let ns = set(built, apex, Rtype::NS).unwrap();
        let server = set(built, &name_target(&ns.rdata[0]).unwrap(), Rtype::A).unwrap();
        let ip = address(Rtype::A, &server.rdata[0]).unwrap();
        assert!(ip.is_loopback() && addresses.insert(ip), "{apex} {ip}");
    }
    assert_eq!(addresses.len(), 9);
}
