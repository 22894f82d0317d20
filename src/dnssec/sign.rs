//! Signing RRsets, and for how long.

use std::time::Duration;

use super::{ZoneKey, canonical, signers};
use crate::clock::Timestamp;
use crate::crypto::{Signature, sha256};
use crate::wire::rdata::Rrsig;
use crate::wire::{Algorithm, Name, Rrset, Rtype};

/// When a signature holds, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Its start.
    pub inception: Timestamp,
    /// Its end.
    pub expiration: Timestamp,
}

/// Signs `rrset` (RFC 4035 section 2.2).
pub fn sign(rrset: &Rrset, key: &ZoneKey, validity: Validity) -> Rrsig {
    sign_by(rrset, key, validity, ZoneKey::sign)
}

fn sign_by(
    rrset: &Rrset,
    key: &ZoneKey,
    validity: Validity,
    sign: impl Fn(&ZoneKey, &[u8]) -> Signature,
) -> Rrsig {
    let mut rrsig = Rrsig {
        type_covered: rrset.rtype,
        algorithm: Algorithm::ED25519,
        labels: canonical::labels(&rrset.name),
        original_ttl: rrset.ttl,
        expiration: validity.expiration.as_serial_secs(),
        inception: validity.inception.as_serial_secs(),
        key_tag: key.key_tag(),
        signer: key.zone.to_lowercase(),
        signature: Vec::new(),
    };
    let octets = canonical::signed_octets(rrset, &rrsig).expect("the labels are the owner's");
    rrsig.signature = sign(key, &octets).to_vec();
    rrsig
}

/// The RRSIG set over `rrset` by those of `keys` that sign its type; empty where there are no keys. Signatures are
/// what `sign` says: [`ZoneKey::sign`], or what that made before.
pub fn sign_with_all(
    rrset: &Rrset,
    keys: &[ZoneKey],
    validity: Validity,
    sign: impl Fn(&ZoneKey, &[u8]) -> Signature,
) -> Rrset {
    let rdata =
        signers(keys, rrset.rtype).map(|key| sign_by(rrset, key, validity, &sign).to_rdata());
    Rrset {
        name: rrset.name.clone(),
        rtype: Rtype::RRSIG,
        class: rrset.class,
        ttl: rrset.ttl,
        rdata: rdata.collect(),
    }
}

/// How long signatures last.
///
/// A signature over what names a person is short, so that what was erased cannot be replayed for
/// long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Lifetime over ASSOC and VCERT, at most: 3 days.
    pub personal: Duration,
    /// Lifetime over everything else, at most: 14 days.
    pub other: Duration,
    /// How long before it is made a signature starts, for clocks that are late: 1 hour. Part of the
    /// lifetime, which must be longer.
    pub backdate: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            personal: Duration::from_secs(3 * 24 * HOUR),
            other: Duration::from_secs(14 * 24 * HOUR),
            backdate: Duration::from_secs(HOUR),
        }
    }
}

impl Policy {
    /// For how long to sign the set of `name` and `rtype` now.
    ///
    /// A hash of both takes up to an eighth off the lifetime, so that sets signed together are not
    /// all signed again together.
    pub fn validity(&self, name: &Name, rtype: Rtype, now: Timestamp) -> Validity {
        let lifetime = match rtype {
            Rtype::ASSOC | Rtype::VCERT => self.personal,
            _ => self.other,
        };
        let inception = now.saturating_sub(self.backdate);
        let lifetime = lifetime.as_secs() - spread(name, rtype, lifetime.as_secs() / 8);
        let lifetime = Duration::from_secs(lifetime);
        Validity { inception, expiration: inception.saturating_add(lifetime) }
    }

    /// For how long to sign what is made for one question: as short as over people, to the same moment for every
    /// name. The start steps on by a 64th of the lifetime, about an hour: until it does, what is denied again has
    /// the same signature.
    pub fn validity_for_question(&self, now: Timestamp) -> Validity {
        let step = (self.personal.saturating_sub(self.backdate).as_secs() / 64).max(1);
        let now = Timestamp::from_secs(now.as_secs() / step * step);
        let inception = now.saturating_sub(self.backdate);
        Validity { inception, expiration: inception.saturating_add(self.personal) }
    }

    /// When to sign again: a quarter of the lifetime before its end.
    pub fn renewal(&self, validity: Validity) -> Timestamp {
        let lifetime = validity.expiration.since(validity.inception);
        validity.expiration.saturating_sub(lifetime / 4)
    }
}

/// A number up to `most` that is the same for the same set.
fn spread(name: &Name, rtype: Rtype, most: u64) -> u64 {
    let mut octets = name.to_lowercase().as_wire().to_vec();
    octets.extend(rtype.0.to_be_bytes());
    let [a, b, c, d, ..] = sha256(&octets);
    u64::from(u32::from_be_bytes([a, b, c, d])) % (most + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::base64;
    use crate::crypto::{SeededRandom, SigningKey};
    use crate::dnssec::verify;
    use crate::wire::{Class, Rdata, Ttl};

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    /// RFC 8080 section 6.1.
    #[test]
    fn signature_of_the_standard() {
        let seed = b"82260384628080122645190204142262";
        let key = ZoneKey::new(name("example.com"), ZoneKey::KSK, SigningKey::from_seed(seed));
        let mx = [&[0, 10], name("Mail.example.com").as_wire()].concat();
        let mx = Rdata::new(mx).unwrap();
        let rrset = Rrset::single(name("EXAMPLE.com"), Rtype::MX, Ttl::from_secs(3600), mx);
        let validity = Validity {
            inception: Timestamp::from_secs(1_438_207_200),
            expiration: Timestamp::from_secs(1_440_021_600),
        };
        assert_eq!(
            base64(&sign(&rrset, &key, validity).signature),
            "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg=="
        );
    }

    #[test]
    fn each_signer_signs() {
        let keys = [1, 2]
            .map(|seed| ZoneKey::generate(name("e"), ZoneKey::ZSK, &mut SeededRandom::new(seed)));
        let address = Rdata::new(vec![192, 0, 2, 1]).unwrap();
        let rrset = Rrset::single(name("a.e"), Rtype::A, Ttl::from_secs(9), address);
        let now = Timestamp::from_secs(1_700_000_000);
        let validity = Policy::default().validity(&rrset.name, Rtype::A, now);
        let signatures = sign_with_all(&rrset, &keys, validity, ZoneKey::sign);
        assert_eq!((signatures.rtype, signatures.ttl), (Rtype::RRSIG, rrset.ttl));
        assert_eq!(signatures.rdata.len(), 2);
        for (rdata, key) in signatures.rdata.iter().zip(&keys) {
            let rrsig = Rrsig::parse(rdata).unwrap();
            assert!(verify(&rrset, &rrsig, &key.dnskey(), now).is_ok());
        }
    }

    #[test]
    fn what_names_a_person_is_signed_for_three_days() {
        const DAY: u64 = 86_400;
        let (policy, now) = (Policy::default(), Timestamp::from_secs(1_700_000_000));
        for (rtype, days) in [(Rtype::ASSOC, 3), (Rtype::VCERT, 3), (Rtype::A, 14)] {
            let validity = policy.validity(&name("a.example"), rtype, now);
            assert_eq!(now.since(validity.inception), Duration::from_secs(3600));
            let lifetime = validity.expiration.since(validity.inception);
            let most = Duration::from_secs(days * DAY);
            assert!(lifetime <= most && lifetime >= most * 7 / 8, "{rtype}: {lifetime:?}");
            let left = validity.expiration.since(policy.renewal(validity));
            assert_eq!(left, lifetime / 4);
        }
    }

    #[test]
    fn what_is_signed_for_questions_is_the_same_for_an_hour() {
        let policy = Policy::default();
        let at = |seconds| policy.validity_for_question(Timestamp::from_secs(seconds));
        let validities: std::collections::BTreeSet<u64> = (0..24 * 3600)
            .map(|second| {
                let now = 1_700_000_000 + second;
                let Validity { inception, expiration } = at(now);
                assert!(now - inception.as_secs() >= 3600, "{second}");
                assert!(expiration.as_secs() - now > 69 * 3600, "{second}");
                assert_eq!(expiration.since(inception), policy.personal);
                inception.as_secs()
            })
            .collect();
        assert!((21..=23).contains(&validities.len()), "{validities:?}");
    }

    #[test]
    fn what_is_signed_for_questions_outlasts_the_shortest_policy() {
        for (personal, backdate) in [(2, 1), (60, 59), (7200, 3600)] {
            let [personal, backdate] = [personal, backdate].map(Duration::from_secs);
            let policy = Policy { personal, backdate, ..Policy::default() };
            for now in (1_700_000_000..1_700_000_500).map(Timestamp::from_secs) {
                assert!(policy.validity_for_question(now).expiration > now, "{policy:?}");
            }
        }
    }

    #[test]
    fn lifetimes_differ_by_name() {
        let (policy, now) = (Policy::default(), Timestamp::from_secs(1_700_000_000));
        let end = |owner: &str| policy.validity(&name(owner), Rtype::A, now).expiration;
        assert_eq!(end("A.example"), end("a.example"));
        let hours: std::collections::BTreeSet<u64> =
            (0..100).map(|number| end(&format!("n{number}")).as_secs() / 3600).collect();
        assert!(hours.len() > 20, "{hours:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_signed_verifies_in_any_order_and_case(
            seed: u64,
            now in 0u64..1 << 34,
            rdata in proptest::collection::vec(any::<Vec<u8>>(), 1..5),
            label in "[A-Za-z*]{1,9}",
        ) {
            let zone = name("Zone.e");
            let key = ZoneKey::generate(zone.clone(), ZoneKey::KSK, &mut SeededRandom::new(seed));
            let mut rrset = Rrset {
                name: zone.prepend(label.as_bytes()).unwrap(),
                rtype: Rtype(65000),
                class: Class::IN,
                ttl: Ttl::from_secs(300),
                rdata: rdata.into_iter().map(|rdata| Rdata::new(rdata).unwrap()).collect(),
            };
            let now = Timestamp::from_secs(now);
            let validity = Policy::default().validity(&rrset.name, rrset.rtype, now);
            let rrsig = sign(&rrset, &key, validity);
            rrset.name = rrset.name.to_lowercase();
            rrset.rdata.reverse();
            rrset.rdata.push(rrset.rdata[0].clone());
            let verified = verify(&rrset, &rrsig, &key.dnskey(), now).unwrap();
            prop_assert_eq!(verified.wildcard, None);
            rrset.rdata.push(Rdata::new(vec![7; 300]).unwrap());
            prop_assert!(verify(&rrset, &rrsig, &key.dnskey(), now).is_err());
        }
    }
}
