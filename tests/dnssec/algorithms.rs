//! Zones that BIND 9.18 signed with each algorithm (`tests/vectors/dnssec/algorithms`), named by its
//! number: made by `dnssec-keygen -a <mnemonic> -b <bits>` and `dnssec-signzone -P -S
//! -s 20240101000000 -e 20240131000000 -o foreign.example unsigned.zone`, some with `-3`. RSA has keys
//! of 1024, 2048 and 4096 bits. `8-13` is in the middle of a rollover: it has keys and signatures of
//! both algorithms. The DS sets are by `dnssec-dsfromkey -a SHA-1 -a SHA-256 -a SHA-384`.

use threepid::dnssec::{
    Algorithms, Effort, SignatureError, SupportedDs, TrustedKeys, Unsupported, Verified, verify,
};
use threepid::wire::rdata::{Dnskey, Ds, Rrsig};
use threepid::wire::{Algorithm, DigestType, Rdata, Rrset, Rtype};

use super::{NOW, Signed, flipped, name};

/// Each file, and its algorithm.
pub(crate) const ZONES: [(&str, Algorithm); 7] = [
    ("5", Algorithm::RSASHA1),
    ("7", Algorithm::RSASHA1_NSEC3_SHA1),
    ("8", Algorithm::RSASHA256),
    ("10", Algorithm::RSASHA512),
    ("13", Algorithm::ECDSAP256SHA256),
    ("14", Algorithm::ECDSAP384SHA384),
    ("16", Algorithm::ED448),
];

/// What is not signed: a delegation, and an address below it.
const UNSIGNED: [(&str, Rtype); 2] =
    [("insecure.foreign.example", Rtype::NS), ("ns.insecure.foreign.example", Rtype::A)];

const ALL: Algorithms = Algorithms { rsasha1: true };

/// The zone in this file.
pub(crate) fn zone(file: &str) -> Signed {
    Signed::read(&format!("algorithms/{file}.zone"))
}

/// The zone's DS set.
pub(crate) fn delegation(file: &str) -> Vec<Ds> {
    let sets = Signed::read(&format!("algorithms/{file}.ds")).sets;
    sets[0].rdata.iter().map(|rdata| Ds::parse(rdata).unwrap()).collect()
}

impl Signed {
    fn dnskeys(&self) -> &Rrset {
        self.set("foreign.example", Rtype::DNSKEY)
    }

    /// Proves the keys by this DS set.
    fn proved_by(&self, ds: &[Ds]) -> Result<TrustedKeys, SignatureError> {
        let ds = SupportedDs::select(ds, ALL).unwrap();
        let keys = self.dnskeys();
        TrustedKeys::establish(&ds, keys, &self.over(keys), NOW, &mut Effort::default())
    }

    /// Verifies all that is signed, with those signatures that `keep` keeps. Gives how many sets.
    fn verify_all(&self, keys: &TrustedKeys, keep: fn(&Rrsig) -> bool) -> usize {
        let unsigned = UNSIGNED.map(|(owner, rtype)| (name(owner), rtype));
        let signed = |set: &&Rrset| !unsigned.contains(&(set.name.clone(), set.rtype));
        let sets = self.sets.iter().filter(signed);
        let verified = sets.map(|set| {
            let rrsigs: Vec<Rrsig> = self.over(set).into_iter().filter(keep).collect();
            let result = keys.verify(set, &rrsigs, NOW, &mut Effort::default());
            result.unwrap_or_else(|why| panic!("{} {}: {why}", set.name, set.rtype))
        });
        verified.count()
    }
}

#[test]
fn what_bind_signed_with_each_algorithm_verifies() {
    for (file, algorithm) in ZONES {
        let (zone, delegation) = (zone(file), delegation(file));
        let digests = [DigestType::SHA1, DigestType::SHA256, DigestType::SHA384];
        assert_eq!(delegation.iter().map(|ds| ds.digest_type).collect::<Vec<_>>(), digests);
        assert!(delegation.iter().all(|ds| ds.algorithm == algorithm));
        for ds in &delegation {
            let keys = zone.proved_by(std::slice::from_ref(ds)).unwrap();
            let nsec3 = zone.sets.iter().filter(|set| set.rtype == Rtype::NSEC3).count();
            // NSEC3 has one record more, at an empty non-terminal, and its parameters.
            let expected = if nsec3 == 0 { 13 } else { 15 };
            assert_eq!(zone.verify_all(&keys, |_| true), expected, "{file}");
        }
    }
}

#[test]
fn every_flipped_bit_is_seen_in_each_algorithm() {
    for (file, _) in ZONES {
        let zone = zone(file);
        let set = zone.set("foreign.example", Rtype::SOA);
        let rrsig = zone.over(set).remove(0);
        let keys = zone.dnskeys().rdata.iter().map(|rdata| Dnskey::parse(rdata).unwrap());
        let key = keys.into_iter().find(|key| key.key_tag() == rrsig.key_tag).unwrap();
        assert!(verify(set, &rrsig, &key, NOW).is_ok());
        for signature in flipped_octets(&rrsig.signature) {
            let bad = Rrsig { signature, ..rrsig.clone() };
            assert_eq!(verify(set, &bad, &key, NOW), Err(SignatureError::Bogus), "{file}");
        }
        for public_key in flipped_octets(&key.public_key) {
            let bad = Dnskey { public_key, ..key.clone() };
            let tagged = Rrsig { key_tag: bad.key_tag(), ..rrsig.clone() };
            assert!(verify(set, &tagged, &bad, NOW).is_err(), "{file}");
        }
        let data = Rrset { rdata: vec![flipped(&set.rdata[0]).nth(9).unwrap()], ..set.clone() };
        assert_eq!(verify(&data, &rrsig, &key, NOW), Err(SignatureError::Bogus), "{file}");
    }
}

/// The octets with each bit of every few octets flipped in turn, cut, and with one added.
fn flipped_octets(octets: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flips = flipped(&Rdata::new(octets.to_vec()).unwrap()).step_by(7).collect::<Vec<_>>();
    let resized = [octets[1..].to_vec(), octets[..octets.len() - 1].to_vec(), Vec::new()];
    let longer = [&[0], octets].concat();
    flips.into_iter().map(|rdata| rdata.octets().to_vec()).chain(resized).chain([longer])
}

#[test]
fn sha1_counts_by_a_switch() {
    let off = Algorithms::default();
    for (file, algorithm) in ZONES {
        let sha1 = ["5", "7"].contains(&file);
        assert_eq!((off.supports(algorithm), ALL.supports(algorithm)), (!sha1, true));
        let selected = SupportedDs::select(&delegation(file), off);
        assert_eq!(selected.err(), sha1.then_some(Unsupported::Algorithm), "{file}");
    }
}

#[test]
fn in_a_rollover_either_algorithm_proves() {
    let (zone, delegation) = (zone("8-13"), delegation("8-13"));
    let [old, new] = [Algorithm::RSASHA256, Algorithm::ECDSAP256SHA256];
    for only in [vec![old], vec![new], vec![old, new]] {
        let ds: Vec<Ds> =
            delegation.iter().filter(|ds| only.contains(&ds.algorithm)).cloned().collect();
        let keys = zone.proved_by(&ds).unwrap();
        // Whoever vouches for the keys, the data may be by those of either algorithm.
        for keep in [
            (|_| true) as fn(&Rrsig) -> bool,
            |rrsig| rrsig.algorithm == Algorithm::RSASHA256,
            |rrsig| rrsig.algorithm == Algorithm::ECDSAP256SHA256,
        ] {
            assert_eq!(zone.verify_all(&keys, keep), 13);
        }
    }
}

#[test]
fn a_broken_signature_of_one_algorithm_does_no_harm() {
    let zone = zone("8-13");
    let keys = zone.proved_by(&delegation("8-13")).unwrap();
    let set = zone.set("foreign.example", Rtype::MX);
    let verify = |rrsigs: &[Rrsig]| -> Result<Verified, SignatureError> {
        keys.verify(set, rrsigs, NOW, &mut Effort::default())
    };
    let mut rrsigs = zone.over(set);
    assert_eq!(rrsigs.len(), 2);
    for _ in 0..2 {
        rrsigs.swap(0, 1);
        let mut broken = rrsigs.clone();
        broken[0].signature[20] ^= 1;
        assert!(verify(&broken).is_ok());
        broken[1].signature[20] ^= 1;
        assert_eq!(verify(&broken), Err(SignatureError::Bogus));
    }
}

#[test]
fn a_signature_that_does_not_count_proves_nothing() {
    // The DS set leads in by algorithm 8; data signed with 7 alone stays unproved.
    let (zone, ds) = (zone("8"), delegation("8"));
    let ds = SupportedDs::select(&ds, Algorithms::default()).unwrap();
    let dnskeys = zone.dnskeys();
    let mut effort = Effort::default();
    let keys = TrustedKeys::establish(&ds, dnskeys, &zone.over(dnskeys), NOW, &mut effort).unwrap();
    let set = zone.set("foreign.example", Rtype::MX);
    let mut rrsig = zone.over(set).remove(0);
    rrsig.algorithm = Algorithm::RSASHA1;
    let error = keys.verify(set, &[rrsig], NOW, &mut effort).unwrap_err();
    assert_eq!(error, SignatureError::UnsupportedAlgorithm(Algorithm::RSASHA1));
}
