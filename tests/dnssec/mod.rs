//! Zones that BIND 9.18 signed, with keys that it made (`tests/vectors/dnssec`): what it signed
//! verifies here, what is signed here is what it signed, and its denials prove what they should.
//!
//! Made by `dnssec-keygen -a ED25519` and `dnssec-signzone -P -S -s 20240101000000 -e 20240131000000
//! -o signed.example unsigned.zone`, the second zone with `-3 abcd`.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

pub(crate) mod algorithms;
mod proofs;
mod rollover;

use threepid::clock::Timestamp;
use threepid::dnssec::proof::Denials;
use threepid::dnssec::{
    Algorithms, Effort, SupportedDs, TrustedKeys, Validity, ZoneKey, keyfile, sign, signers,
};
use threepid::wire::rdata::{Ds, Rrsig};
use threepid::wire::{DigestType, Name, Rdata, Record, Rrset, Rtype};
use threepid::zone::master::{self, Source, SourceFile};

/// 2024-01-15.
const NOW: Timestamp = Timestamp::from_secs(1_705_276_800);

/// Reads `tests/vectors/dnssec`.
struct Vectors;

impl Source for Vectors {
    fn read(&self, file: &str, _: Option<&str>, _: usize) -> Result<SourceFile, String> {
        Ok(SourceFile { name: file.to_owned(), octets: text(file).into_bytes() })
    }
}

fn text(file: &str) -> String {
    let path = format!("{}/tests/vectors/dnssec/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// The key-signing and the zone-signing key.
fn keys() -> [ZoneKey; 2] {
    ["Ksigned.example.+015+09137", "Ksigned.example.+015+07318"].map(|stem| {
        keyfile::read(&text(&format!("{stem}.key")), &text(&format!("{stem}.private"))).unwrap()
    })
}

/// A signed zone.
pub(crate) struct Signed {
    /// All sets but the signatures.
    pub(crate) sets: Vec<Rrset>,
    signatures: Vec<(Name, Rrsig)>,
}

impl Signed {
    fn read(file: &str) -> Self {
        let master = master::read(file, None, &Vectors, &master::Limits::default());
        assert!(master.mistakes.is_empty(), "{:?}", master.mistakes);
        let records = master.records.into_iter().map(|(record, _)| record);
        let (signatures, records): (Vec<_>, Vec<_>) =
            records.partition(|record| record.rtype == Rtype::RRSIG);
        let parsed = |record: Record| (record.name, Rrsig::parse(&record.rdata).unwrap());
        let signatures = signatures.into_iter().map(parsed).collect();
        Self { sets: Rrset::group(records), signatures }
    }

    fn set(&self, owner: &str, rtype: Rtype) -> &Rrset {
        let owner = name(owner);
        self.sets.iter().find(|set| set.name == owner && set.rtype == rtype).unwrap()
    }

    pub(crate) fn over(&self, set: &Rrset) -> Vec<Rrsig> {
        let over =
            |(owner, rrsig): &&(Name, Rrsig)| *owner == set.name && rrsig.type_covered == set.rtype;
        self.signatures.iter().filter(over).map(|(_, rrsig)| rrsig.clone()).collect()
    }

    fn trusted(&self) -> TrustedKeys {
        let ds = SupportedDs::select(
            &[keys()[0].ds(DigestType::SHA256).unwrap()],
            Algorithms::default(),
        )
        .unwrap();
        let dnskeys = self.set("signed.example", Rtype::DNSKEY);
        let mut effort = Effort::default();
        TrustedKeys::establish(&ds, dnskeys, &self.over(dnskeys), NOW, &mut effort).unwrap()
    }

    /// All denials of the zone.
    fn denials(&self) -> Denials {
        let keys = self.trusted();
        let mut denials = Denials::new(keys.zone().clone());
        for set in self.sets.iter().filter(|set| [Rtype::NSEC, Rtype::NSEC3].contains(&set.rtype)) {
            let mut effort = Effort::default();
            denials.add(set, &keys.verify(set, &self.over(set), NOW, &mut effort).unwrap());
        }
        denials
    }
}

/// What a signer leaves unsigned: delegations, and addresses below them.
const UNSIGNED: [(&str, Rtype); 4] = [
    ("insecure.signed.example", Rtype::NS),
    ("ns.insecure.signed.example", Rtype::A),
    ("secure.signed.example", Rtype::NS),
    ("ns.secure.signed.example", Rtype::A),
];

#[test]
fn what_bind_signed_verifies() {
    for (file, count) in [("nsec.zone", 28), ("nsec3.zone", 36)] {
        let zone = Signed::read(file);
        let keys = zone.trusted();
        let unsigned = UNSIGNED.map(|(owner, rtype)| (name(owner), rtype));
        let mut verified = 0;
        for set in &zone.sets {
            if unsigned.contains(&(set.name.clone(), set.rtype)) {
                assert!(zone.over(set).is_empty());
                continue;
            }
            let result = keys.verify(set, &zone.over(set), NOW, &mut Effort::default());
            let proved = result.unwrap_or_else(|why| panic!("{} {}: {why}", set.name, set.rtype));
            assert_eq!((proved.ttl, proved.wildcard), (set.ttl, None));
            verified += 1;
        }
        assert_eq!(verified, count, "{file}");
    }
}

#[test]
fn what_is_signed_here_is_what_bind_signed() {
    let (zone, keys) = (Signed::read("nsec.zone"), keys());
    let moment = |serial: u32| Timestamp::from_secs(serial.into());
    let mut same = 0;
    for set in zone.sets.iter().filter(|set| set.rtype != Rtype::DNSKEY) {
        let bind = zone.over(set);
        for rrsig in &bind {
            let validity = Validity {
                inception: moment(rrsig.inception),
                expiration: moment(rrsig.expiration),
            };
            let ours: Vec<Rrsig> =
                signers(&keys, set.rtype).map(|key| sign(set, key, validity)).collect();
            assert_eq!(ours, bind, "{} {}", set.name, set.rtype);
            same += 1;
        }
    }
    assert_eq!(same, 27);
}

/// The data with each of its bits flipped in turn.
fn flipped(rdata: &Rdata) -> impl Iterator<Item = Rdata> {
    (0..rdata.octets().len() * 8).map(|bit| {
        let mut octets = rdata.octets().to_vec();
        octets[bit / 8] ^= 1 << (bit % 8);
        Rdata::new(octets).unwrap()
    })
}

#[test]
fn every_flipped_bit_is_seen() {
    let zone = Signed::read("nsec.zone");
    let keys = zone.trusted();
    let verify = |set: &Rrset, rrsigs: &[Rrsig]| {
        keys.verify(set, rrsigs, NOW, &mut Effort::default()).is_ok()
    };
    let set = zone.set("alias.signed.example", Rtype::NSEC);
    let good = zone.over(set);
    assert!(verify(set, &good));
    let rdata = good[0].to_rdata();
    let flips = flipped(&rdata).filter_map(|rdata| Rrsig::parse(&rdata).ok());
    // Case is no part of the signer's name.
    for bad in flips.filter(|rrsig| *rrsig != good[0]) {
        assert!(!verify(set, std::slice::from_ref(&bad)), "{bad:?}");
    }
    for bad in flipped(&set.rdata[0]) {
        assert!(!verify(&Rrset { rdata: vec![bad.clone()], ..set.clone() }, &good), "{bad:?}");
    }
}

#[test]
fn every_flipped_bit_of_a_ds_is_seen() {
    let zone = Signed::read("nsec.zone");
    let dnskeys = zone.set("signed.example", Rtype::DNSKEY);
    let ds = keys()[0].ds(DigestType::SHA256).unwrap().to_rdata();
    for bad in flipped(&ds) {
        // Another algorithm or digest may be one that is not known here.
        let ds = [Ds::parse(&bad).unwrap()];
        let Ok(ds) = SupportedDs::select(&ds, Algorithms::default()) else { continue };
        let mut effort = Effort::default();
        let proved = TrustedKeys::establish(&ds, dnskeys, &zone.over(dnskeys), NOW, &mut effort);
        assert!(proved.is_err(), "{bad:?}");
    }
}
