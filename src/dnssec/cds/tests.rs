//! Wishes of honest children, and of those who are not.

use std::time::Duration;

use super::*;
use crate::crypto::SeededRandom;
use crate::dnssec::{Validity, ZoneKey, cdnskey_rrset, cds_rrset, dnskey_rrset, sign};
use crate::wire::{Class, Rdata, Ttl};

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const TTL: Ttl = Ttl::from_secs(3600);

fn zone() -> Name {
    "4.4.msisdn.3pid.example.".parse().unwrap()
}

fn key(seed: u64) -> ZoneKey {
    ZoneKey::generate(zone(), ZoneKey::KSK, &mut SeededRandom::new(seed))
}

/// A set signed by keys, since so many seconds before now.
fn signed_since(rrset: Rrset, keys: &[&ZoneKey], ago: u64) -> Signed {
    let inception = NOW.saturating_sub(Duration::from_secs(ago));
    let validity = Validity { inception, expiration: NOW.saturating_add(Duration::from_secs(99)) };
    let rrsigs = keys.iter().map(|key| sign(&rrset, key, validity)).collect();
    Signed { rrset, rrsigs }
}

fn signed(rrset: Rrset, keys: &[&ZoneKey]) -> Signed {
    signed_since(rrset, keys, 10)
}

fn owned(keys: &[&ZoneKey]) -> Vec<ZoneKey> {
    keys.iter().copied().cloned().collect()
}

fn ds(keys: &[&ZoneKey]) -> Vec<Ds> {
    keys.iter().map(|key| key.sha256_ds()).collect()
}

/// A child whose parent has the DS of `parent`, which serves and signs with `keys`, and asks for `next`.
fn child(parent: &[&ZoneKey], keys: &[&ZoneKey], next: &[&ZoneKey]) -> Child {
    let zone = zone();
    Child {
        ds: ds(parent),
        cds: Some(signed(cds_rrset(&zone, &owned(next), TTL), keys)),
        cdnskey: Some(signed(cdnskey_rrset(&zone, &owned(next), TTL), keys)),
        dnskey: Some(signed(dnskey_rrset(&zone, &owned(keys), TTL), keys)),
        zone,
    }
}

fn judged(child: &Child) -> Result<Verdict, CdsError> {
    judge(child, None, false, NOW)
}

fn set(rtype: Rtype, data: Vec<Vec<u8>>) -> Rrset {
    let rdata = data.into_iter().map(|octets| Rdata::new(octets).unwrap()).collect();
    Rrset { name: zone(), rtype, class: Class::IN, ttl: TTL, rdata }
}

/// The DS records that are taken.
fn taken(child: &Child) -> Vec<Ds> {
    match judged(child) {
        Ok(Verdict::Change(wish)) => wish.ds,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_rolled_in_two_steps() {
    let (old, new) = (&key(1), &key(2));
    assert_eq!(judged(&child(&[old], &[old], &[old])), Ok(Verdict::Unchanged));
    assert_eq!(taken(&child(&[old], &[old, new], &[old, new])), ds(&[old, new]));
    assert_eq!(judged(&child(&[new, old], &[old, new], &[old, new])), Ok(Verdict::Unchanged));
    assert_eq!(taken(&child(&[old, new], &[new], &[new])), ds(&[new]));
    assert_eq!(taken(&child(&[old], &[old, new], &[new])), ds(&[new]), "at once, too");
}

#[test]
fn one_type_is_enough() {
    let (old, new) = (&key(1), &key(2));
    let both = child(&[old], &[old, new], &[new]);
    assert_eq!(taken(&Child { cdnskey: None, ..both.clone() }), ds(&[new]));
    assert_eq!(taken(&Child { cds: None, ..both.clone() }), ds(&[new]));
    let neither = Child { cds: None, cdnskey: None, ..both };
    assert_eq!(judged(&neither), Ok(Verdict::Silent));
}

#[test]
fn a_wish_has_to_be_signed_by_a_key_that_the_parent_vouches_for() {
    let (old, new, zsk) = (&key(1), &key(2), &key(3));
    let mut strange = child(&[old], &[old, new], &[new]);
    for set in [&mut strange.cds, &mut strange.cdnskey] {
        set.as_mut().unwrap().rrsigs.remove(0);
    }
    let missing = CdsError::Signature(Rtype::CDS, SignatureError::Missing);
    assert_eq!(judged(&strange), Err(missing.clone()), "the new key alone proves nothing yet");
    let mut half = child(&[old], &[old, new], &[new]);
    half.cdnskey.as_mut().unwrap().rrsigs.remove(0);
    let error = CdsError::Signature(Rtype::CDNSKEY, SignatureError::Missing);
    assert_eq!(judged(&half), Err(error), "both sets");

    let mut forged = child(&[old], &[old], &[old]);
    forged.cds = Some(signed(cds_rrset(&zone(), &owned(&[new]), TTL), &[old]));
    forged.cdnskey = None;
    forged.cds.as_mut().unwrap().rrset.rdata = vec![key(9).sha256_ds().to_rdata()];
    assert_eq!(judged(&forged), Err(CdsError::Signature(Rtype::CDS, SignatureError::Bogus)));

    let mut by_zsk = child(&[old], &[old, zsk], &[zsk]);
    by_zsk.cds = Some(signed(by_zsk.cds.unwrap().rrset, &[zsk]));
    assert_eq!(judged(&by_zsk), Err(missing));

    let lost = child(&[old], &[new], &[new]);
    assert!(matches!(judged(&lost), Err(CdsError::Keys(_))), "{:?}", judged(&lost));
    let keyless = Child { dnskey: None, ..child(&[old], &[old, new], &[new]) };
    assert_eq!(judged(&keyless), Err(CdsError::NoKeys));
}

#[test]
fn the_child_is_not_lost() {
    let (old, new, other) = (&key(1), &key(2), &key(3));
    // The new key does not sign the keys yet.
    let mut early = child(&[old], &[old, new], &[new]);
    early.dnskey.as_mut().unwrap().rrsigs.pop();
    assert!(matches!(judged(&early), Err(CdsError::Breaks(Algorithm::ED25519, _))));
    // It is not even among them.
    let absent = child(&[old], &[old], &[other]);
    assert!(matches!(judged(&absent), Err(CdsError::Breaks(Algorithm::ED25519, _))));
    // Beside one that is, it stands by.
    assert_eq!(taken(&child(&[old], &[old], &[old, other])), ds(&[old, other]));
    // Another algorithm without a key that signs is one that validators may insist on.
    let mut mixed = child(&[old], &[old], &[old]);
    let foreign = Ds { algorithm: Algorithm::ECDSAP256SHA256, ..other.sha256_ds() };
    let rdata =
        vec![old.sha256_ds().to_rdata().octets().to_vec(), foreign.to_rdata().octets().to_vec()];
    mixed.cds = Some(signed(set(Rtype::CDS, rdata), &[old]));
    mixed.cdnskey = None;
    assert!(matches!(judged(&mixed), Err(CdsError::Breaks(Algorithm::ECDSAP256SHA256, _))));
}

#[test]
fn both_types_say_the_same() {
    let (old, new) = (&key(1), &key(2));
    let mut two = child(&[old], &[old, new], &[old, new]);
    two.cds = Some(signed(cds_rrset(&zone(), &owned(&[new]), TTL), &[old]));
    assert_eq!(judged(&two), Err(CdsError::Inconsistent), "a key has no CDS");
    let mut one = child(&[old], &[old, new], &[old, new]);
    one.cdnskey = Some(signed(cdnskey_rrset(&zone(), &owned(&[new]), TTL), &[old]));
    assert_eq!(judged(&one), Err(CdsError::Inconsistent), "a CDS has no key");
    let mut less = child(&[old], &[old, new], &[new]);
    less.cds = Some(signed(set(Rtype::CDS, vec![vec![0, 0, 0, 0, 0]]), &[old]));
    assert_eq!(judged(&less), Err(CdsError::Inconsistent));
}

#[test]
fn a_child_may_ask_to_be_unsigned() {
    let old = &key(1);
    let none = |cds: Vec<Vec<u8>>, cdnskey: Vec<Vec<u8>>| Child {
        cds: Some(signed(set(Rtype::CDS, cds), &[old])),
        cdnskey: Some(signed(set(Rtype::CDNSKEY, cdnskey), &[old])),
        ..child(&[old], &[old], &[old])
    };
    let (cds, cdnskey) = (vec![0, 0, 0, 0, 0], vec![0, 0, 3, 0, 0]);
    let gone = none(vec![cds.clone()], vec![cdnskey.clone()]);
    assert_eq!(taken(&gone), []);
    assert_eq!(taken(&Child { cds: None, ..gone.clone() }), []);
    let unsigned = Child { ds: Vec::new(), ..gone };
    assert_eq!(judged(&unsigned), Ok(Verdict::Unchanged));
    let real = old.sha256_ds().to_rdata().octets().to_vec();
    assert_eq!(judged(&none(vec![cds, real], vec![cdnskey.clone()])), Err(CdsError::Mixed));
    for (cds, cdnskey, rtype) in [
        (vec![0, 0, 0, 0, 1], cdnskey.clone(), Rtype::CDS),
        (vec![0, 1, 0, 0, 0], cdnskey.clone(), Rtype::CDS),
        (vec![0, 0, 0, 0, 0], vec![1, 1, 3, 0, 0], Rtype::CDNSKEY),
        (vec![0, 0, 15, 2, 0], cdnskey, Rtype::CDS),
        (vec![0], vec![0, 0, 3, 0, 0], Rtype::CDS),
    ] {
        assert_eq!(judged(&none(vec![cds], vec![cdnskey])), Err(CdsError::Malformed(rtype)));
    }
}

#[test]
fn what_cannot_be_used_is_left_out() {
    let (old, new) = (&key(1), &key(2));
    let wish = |digests: &[DigestType]| {
        let rdata = digests.iter().map(|digest_type| {
            let ds =
                new.ds(*digest_type).unwrap_or(Ds { digest_type: *digest_type, ..new.sha256_ds() });
            ds.to_rdata().octets().to_vec()
        });
        let cds = Some(signed(set(Rtype::CDS, rdata.collect()), &[old]));
        judged(&Child { cds, ..child(&[old], &[old, new], &[new]) })
    };
    let unknown = DigestType(3);
    match wish(&[DigestType::SHA1, DigestType::SHA384, unknown, DigestType::SHA256]).unwrap() {
        Verdict::Change(wish) => {
            let types = |ds: &[Ds]| ds.iter().map(|ds| ds.digest_type).collect::<Vec<_>>();
            assert_eq!(types(&wish.ds), [DigestType::SHA384, DigestType::SHA256]);
            assert_eq!(types(&wish.left_out), [DigestType::SHA1, unknown]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(wish(&[DigestType::SHA1]), Err(CdsError::Unusable(Unsupported::Digest)));
    assert_eq!(wish(&[unknown]), Err(CdsError::Unusable(Unsupported::Digest)));
    assert_eq!(wish(&[DigestType::SHA256; 9]), Err(CdsError::TooMany(Rtype::CDS, 9)));
}

#[test]
fn old_wishes_do_not_come_back() {
    let (old, new) = (&key(1), &key(2));
    let mut wish = child(&[old], &[old, new], &[new]);
    let at = |ago: u64| Serial(NOW.saturating_sub(Duration::from_secs(ago)).as_serial_secs());
    let since = |child: &Child, ago| match judge(child, Some(at(ago)), false, NOW) {
        Ok(Verdict::Change(wish)) => Ok(wish.inception),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error),
    };
    assert_eq!(since(&wish, 10), Ok(at(10)), "the same again, where the file was set back");
    assert_eq!(since(&wish, 9), Err(CdsError::Replayed { inception: at(10), taken: at(9) }));
    // Of several signatures the latest counts, of both types the older.
    let cds = wish.cds.as_mut().unwrap();
    cds.rrsigs.extend(signed_since(cds.rrset.clone(), &[old], 5).rrsigs);
    assert_eq!(since(&wish, 10), Ok(at(10)));
    let cdnskey = wish.cdnskey.as_mut().unwrap();
    *cdnskey = signed_since(cdnskey.rrset.clone(), &[old], 7);
    assert_eq!(since(&wish, 10), Ok(at(7)));
}

#[test]
fn an_unsigned_child_is_believed_only_on_order() {
    let new = &key(2);
    let first = child(&[], &[new], &[new]);
    assert_eq!(judged(&first), Err(CdsError::Unproved));
    assert!(
        matches!(judge(&first, None, true, NOW), Ok(Verdict::Change(wish)) if wish.ds == ds(&[new]))
    );
    let mut loose = first;
    loose.cds.as_mut().unwrap().rrsigs.clear();
    assert!(judge(&loose, None, true, NOW).is_err(), "it must be whole in itself");
}
