//! The chain of trust, one zone at a time (RFC 4035 section 5): from the parent's DS set, or a trust
//! anchor, to the zone's keys, and from those to its data.

use super::verify::{check_fit, check_key, check_signature, check_time, verified};
use super::{Algorithms, Effort, SignatureError, SupportedDs, Verified, ds_matches};
use crate::clock::Timestamp;
use crate::wire::rdata::{Dnskey, Rrsig};
use crate::wire::{Name, Rrset, Rtype};

/// The keys of a zone, proved by its DS set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKeys {
    zone: Name,
    keys: Vec<(u16, Dnskey)>,
    ds: SupportedDs,
    verified: Verified,
}

impl TrustedKeys {
    /// Proves a zone's DNSKEY set: one of `rrsigs` must be by a key of the set that a DS stands for
    /// (RFC 4035 section 5.2).
    ///
    /// # Errors
    /// Why no signature proves the set: the zone is then bogus.
    pub fn establish(
        ds: &SupportedDs,
        dnskeys: &Rrset,
        rrsigs: &[Rrsig],
        now: Timestamp,
        effort: &mut Effort,
    ) -> Result<Self, SignatureError> {
        if dnskeys.rtype != Rtype::DNSKEY {
            return Err(SignatureError::Misfit("it covers another type"));
        }
        let keys: Vec<(u16, Dnskey)> = dnskeys
            .rdata
            .iter()
            .filter_map(|rdata| Dnskey::parse(rdata).ok())
            .map(|key| (key.key_tag(), key))
            .collect();
        let entry = entry_points(ds, &dnskeys.name, &keys, effort)?;
        let (zone, algorithms) = (dnskeys.name.clone(), ds.algorithms());
        let signers = Signers { zone: &zone, keys: &entry, algorithms };
        let verified = signers.verify(dnskeys, rrsigs, now, effort)?;
        Ok(Self { zone, keys, ds: ds.clone(), verified })
    }

    /// The zone.
    pub fn zone(&self) -> &Name {
        &self.zone
    }

    /// All keys of the set with their tags, entry points and others.
    pub fn keys(&self) -> impl Iterator<Item = (u16, &Dnskey)> {
        self.keys.iter().map(|(tag, key)| (*tag, key))
    }

    /// The DS set that led to them. Where the parent has another one now, it is to be shown anew that
    /// they are the zone's.
    pub fn established_by(&self) -> &SupportedDs {
        &self.ds
    }

    /// What was proved of the DNSKEY set itself, by a key that a DS stands for: how long it may be kept.
    pub fn verified(&self) -> &Verified {
        &self.verified
    }

    /// Verifies `rrset`, data of this zone, with those of `rrsigs` that are this zone's.
    ///
    /// # Errors
    /// Why no signature proves the set: the most telling reason of all signatures.
    pub fn verify(
        &self,
        rrset: &Rrset,
        rrsigs: &[Rrsig],
        now: Timestamp,
        effort: &mut Effort,
    ) -> Result<Verified, SignatureError> {
        let signers =
            Signers { zone: &self.zone, keys: &self.keys, algorithms: self.ds.algorithms() };
        signers.verify(rrset, rrsigs, now, effort)
    }
}

/// The keys that a DS stands for, each once.
fn entry_points(
    ds: &SupportedDs,
    zone: &Name,
    keys: &[(u16, Dnskey)],
    effort: &mut Effort,
) -> Result<Vec<(u16, Dnskey)>, SignatureError> {
    let mut entry = Vec::new();
    let mut error = SignatureError::NoKey(ds.first().key_tag);
    for (tag, key) in keys {
        let alike =
            ds.records().iter().filter(|ds| ds.key_tag == *tag && ds.algorithm == key.algorithm);
        for ds in alike {
            error = error.max(SignatureError::OtherDigest(*tag));
            effort.digest()?;
            if ds_matches(ds, zone, key) {
                match check_key(key) {
                    Ok(()) => entry.push((*tag, key.clone())),
                    Err(cause) => error = error.max(cause),
                }
                break;
            }
        }
    }
    if entry.is_empty() { Err(error) } else { Ok(entry) }
}

/// Who may have signed a set.
struct Signers<'a> {
    zone: &'a Name,
    keys: &'a [(u16, Dnskey)],
    algorithms: Algorithms,
}

impl Signers<'_> {
    /// Tries each signature of the zone with the keys of its tag. One that holds is enough, whatever
    /// other algorithms the zone is signed with (RFC 6840 section 5.11).
    fn verify(
        &self,
        rrset: &Rrset,
        rrsigs: &[Rrsig],
        now: Timestamp,
        effort: &mut Effort,
    ) -> Result<Verified, SignatureError> {
        let mut error = SignatureError::Missing;
        for rrsig in rrsigs.iter().filter(|rrsig| rrsig.type_covered == rrset.rtype) {
            match self.verify_one(rrset, rrsig, now, effort) {
                Ok(()) => return Ok(verified(rrset, rrsig, now)),
                Err(cause) => error = error.max(cause),
            }
        }
        Err(error)
    }

    /// Tries one signature. All that costs little is checked before anything that costs much.
    fn verify_one(
        &self,
        rrset: &Rrset,
        rrsig: &Rrsig,
        now: Timestamp,
        effort: &mut Effort,
    ) -> Result<(), SignatureError> {
        if rrsig.signer != *self.zone {
            return Err(SignatureError::Misfit("it is by another zone"));
        }
        if !self.algorithms.supports(rrsig.algorithm) {
            return Err(SignatureError::UnsupportedAlgorithm(rrsig.algorithm));
        }
        check_fit(rrset, rrsig)?;
        check_time(rrsig, now)?;
        let mut error = SignatureError::NoKey(rrsig.key_tag);
        let alike =
            |key: &&(u16, Dnskey)| key.0 == rrsig.key_tag && key.1.algorithm == rrsig.algorithm;
        let most = effort.limits().keys_of_one_tag;
        for (_, key) in self.keys.iter().filter(alike).take(most) {
            match try_key(rrset, rrsig, key, effort) {
                Ok(()) => return Ok(()),
                Err(cause) => error = error.max(cause),
            }
        }
        Err(error)
    }
}

fn try_key(
    rrset: &Rrset,
    rrsig: &Rrsig,
    key: &Dnskey,
    effort: &mut Effort,
) -> Result<(), SignatureError> {
    check_key(key)?;
    effort.validate()?;
    check_signature(rrset, rrsig, key).inspect_err(|_| effort.failed())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::crypto::SeededRandom;
    use crate::dnssec::{Limits, Validity, ZoneKey, dnskey_rrset, sign};
    use crate::wire::rdata::Ds;
    use crate::wire::{Algorithm, DigestType, EdeCode, Rdata, Ttl};

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn key(seed: u64, flags: u16) -> ZoneKey {
        ZoneKey::generate(name("e"), flags, &mut SeededRandom::new(seed))
    }

    fn signed(rrset: &Rrset, key: &ZoneKey) -> Rrsig {
        let expiration = NOW.saturating_add(Duration::from_secs(1000));
        sign(rrset, key, Validity { inception: NOW, expiration })
    }

    fn expired(rrset: &Rrset, key: &ZoneKey) -> Rrsig {
        let [inception, expiration] = [20, 10].map(|s| NOW.saturating_sub(Duration::from_secs(s)));
        sign(rrset, key, Validity { inception, expiration })
    }

    fn address() -> Rrset {
        let address = Rdata::new(vec![192, 0, 2, 1]).unwrap();
        Rrset::single(name("a.e"), Rtype::A, Ttl::from_secs(300), address)
    }

    /// A zone with a key-signing and a zone-signing key.
    struct Zone {
        ksk: ZoneKey,
        zsk: ZoneKey,
        dnskeys: Rrset,
    }

    impl Zone {
        fn new() -> Self {
            let (ksk, zsk) = (key(1, ZoneKey::KSK), key(2, ZoneKey::ZSK));
            let keys = [ksk.clone(), zsk.clone()];
            Self { dnskeys: dnskey_rrset(&ksk.zone, &keys, Ttl::from_secs(3600)), ksk, zsk }
        }

        fn ds(&self) -> Ds {
            self.ksk.ds(DigestType::SHA256).unwrap()
        }

        fn establish(&self, ds: &[Ds], rrsigs: &[Rrsig]) -> Result<TrustedKeys, SignatureError> {
            let ds = SupportedDs::select(ds, Algorithms::default()).unwrap();
            TrustedKeys::establish(&ds, &self.dnskeys, rrsigs, NOW, &mut Effort::default())
        }

        fn trusted(&self) -> TrustedKeys {
            self.establish(&[self.ds()], &[signed(&self.dnskeys, &self.ksk)]).unwrap()
        }
    }

    fn verify(
        keys: &TrustedKeys,
        rrset: &Rrset,
        rrsigs: &[Rrsig],
    ) -> Result<Verified, SignatureError> {
        keys.verify(rrset, rrsigs, NOW, &mut Effort::default())
    }

    #[test]
    fn from_the_ds_to_the_data() {
        let zone = Zone::new();
        let keys = zone.trusted();
        assert_eq!((keys.zone(), keys.verified().ttl.as_secs()), (&name("e"), 1000));
        let rrset = address();
        let verified = verify(&keys, &rrset, &[signed(&rrset, &zone.zsk)]).unwrap();
        assert_eq!((verified.signer, verified.ttl.as_secs()), (name("e"), 300));
    }

    #[test]
    fn only_what_a_ds_stands_for_signs_the_keys() {
        let zone = Zone::new();
        let by_zsk = signed(&zone.dnskeys, &zone.zsk);
        let no_ksk = SignatureError::NoKey(zone.zsk.key_tag());
        assert_eq!(zone.establish(&[zone.ds()], &[by_zsk]).unwrap_err(), no_ksk);
        let stranger = key(3, ZoneKey::KSK).ds(DigestType::SHA256).unwrap();
        let by_ksk = signed(&zone.dnskeys, &zone.ksk);
        let missing = SignatureError::NoKey(stranger.key_tag);
        assert_eq!(zone.establish(&[stranger], std::slice::from_ref(&by_ksk)), Err(missing));
        let mut wrong = zone.ds();
        wrong.digest[0] ^= 1;
        let other = SignatureError::OtherDigest(wrong.key_tag);
        assert_eq!(zone.establish(&[wrong.clone()], std::slice::from_ref(&by_ksk)), Err(other));
        assert!(zone.establish(&[wrong, zone.ds()], &[by_ksk]).is_ok());
        assert_eq!(zone.establish(&[zone.ds()], &[]), Err(SignatureError::Missing));
    }

    #[test]
    fn a_key_that_may_not_sign_is_no_entry() {
        let mut zone = Zone::new();
        for (flags, cause) in [
            (Dnskey::SEP, SignatureError::NotZoneKey),
            (ZoneKey::KSK | Dnskey::REVOKE, SignatureError::Revoked),
        ] {
            zone.ksk.flags = flags;
            let keys = [zone.ksk.clone(), zone.zsk.clone()];
            zone.dnskeys = dnskey_rrset(&name("e"), &keys, Ttl::from_secs(3600));
            let rrsig = signed(&zone.dnskeys, &zone.ksk);
            assert_eq!(zone.establish(&[zone.ds()], &[rrsig]), Err(cause));
        }
    }

    #[test]
    fn the_most_telling_reason_is_given() {
        let (zone, rrset) = (Zone::new(), address());
        let keys = zone.trusted();
        let good = signed(&rrset, &zone.zsk);
        let foreign = Rrsig { algorithm: Algorithm::RSAMD5, ..good.clone() };
        let stranger = signed(&rrset, &key(3, ZoneKey::ZSK));
        let late = expired(&rrset, &zone.zsk);
        let elsewhere = Rrsig { signer: Name::root(), ..good.clone() };
        let mut broken = good.clone();
        broken.signature[0] ^= 1;
        let code = |rrsigs: &[&Rrsig]| {
            let rrsigs: Vec<Rrsig> = rrsigs.iter().copied().cloned().collect();
            verify(&keys, &rrset, &rrsigs).unwrap_err().code()
        };
        assert_eq!(code(&[]), EdeCode::RRSIGS_MISSING);
        assert_eq!(code(&[&elsewhere]), EdeCode::DNSSEC_BOGUS);
        assert_eq!(code(&[&foreign]), EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM);
        assert_eq!(code(&[&stranger, &foreign]), EdeCode::DNSKEY_MISSING);
        assert_eq!(code(&[&late, &stranger, &foreign]), EdeCode::SIGNATURE_EXPIRED);
        assert_eq!(code(&[&broken, &late, &stranger]), EdeCode::DNSSEC_BOGUS);
        let all = [foreign, stranger, late, elsewhere, broken, good];
        assert!(verify(&keys, &rrset, &all).is_ok());
    }

    #[test]
    fn work_is_bounded() {
        let (zone, rrset) = (Zone::new(), address());
        let keys = zone.trusted();
        let good = signed(&rrset, &zone.zsk);
        let mut broken = good.clone();
        broken.signature[0] ^= 1;
        let mut effort = Effort::default();
        let flood = [vec![broken; 100], vec![good.clone()]].concat();
        let refused = keys.verify(&rrset, &flood, NOW, &mut effort);
        assert_eq!((refused, effort.spent().validations), (Err(SignatureError::TooMuchWork), 2));
        let limits = Limits { validations: 3, ..Limits::default() };
        let mut effort = Effort::new(limits);
        let mut verify = || keys.verify(&rrset, std::slice::from_ref(&good), NOW, &mut effort);
        assert!(verify().is_ok() && verify().is_ok() && verify().is_ok());
        assert_eq!(verify(), Err(SignatureError::TooMuchWork));
    }

    /// Other keys with the tag and algorithm of `key`: two octets of the same weight swapped.
    fn with_tag_of(key: &ZoneKey) -> Vec<Dnskey> {
        let original = key.dnskey();
        let swaps = (0..28).map(|at| {
            let mut other = original.clone();
            other.public_key.swap(at, at + 2);
            other
        });
        let others: Vec<_> = swaps.filter(|other| *other != original).collect();
        assert!(others.iter().all(|other| other.key_tag() == original.key_tag()));
        others
    }

    #[test]
    fn few_keys_of_one_tag_are_tried() {
        let (mut zone, rrset) = (Zone::new(), address());
        let alike = with_tag_of(&zone.zsk);
        for (count, expected) in [(1, Ok(())), (2, Err(SignatureError::Bogus))] {
            let others = alike.iter().take(count).map(Dnskey::to_rdata);
            let own = [zone.ksk.dnskey(), zone.zsk.dnskey()].map(|key| key.to_rdata());
            zone.dnskeys.rdata = others.chain(own).collect();
            let rrsigs = [signed(&rrset, &zone.zsk)];
            let result = verify(&zone.trusted(), &rrset, &rrsigs);
            assert_eq!(result.map(|_| ()), expected, "{count}");
        }
    }

    #[test]
    fn few_digests_are_computed() {
        let mut zone = Zone::new();
        let others = with_tag_of(&zone.ksk);
        zone.dnskeys.rdata = others.iter().map(Dnskey::to_rdata).collect();
        let refused = zone.establish(&[zone.ds()], &[]);
        assert_eq!(refused, Err(SignatureError::TooMuchWork));
    }
}
