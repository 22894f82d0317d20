//! Keys of two algorithms, and zones that show some, and are signed with others.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use threepid::clock::Timestamp;
use threepid::codec::{from_base64, hex};
use threepid::crypto::SigningKey;
use threepid::dnssec::{Validity, ZoneKey, canonical, sha256_ds, sign};
use threepid::wire::rdata::{Dnskey, Nsec, Rrsig, TypeBitmap};
use threepid::wire::{Algorithm, Class, Name, Rdata, Record, Rrset, Rtype, Ttl};

use super::net::{Server, name, scripted};

/// The key of RFC 6605 section 6.1: both parts.
const P256: [&str; 2] = [
    "GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O/ok1s38Et6mQ=",
    "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
];

/// A key that a zone may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    flags: u16,
    /// Where it comes from; none for the one of ECDSA.
    seed: Option<u8>,
}

/// A key-signing key of Ed25519.
pub(crate) const fn ksk(seed: u8) -> Key {
    Key { flags: ZoneKey::KSK, seed: Some(seed) }
}

/// A zone-signing key of Ed25519.
pub(crate) const fn zsk(seed: u8) -> Key {
    Key { flags: ZoneKey::ZSK, seed: Some(seed) }
}

/// A key of ECDSA on P-256, for everything.
pub(crate) const ECDSA: Key = Key { flags: ZoneKey::KSK, seed: None };

impl Key {
    /// With its REVOKE bit.
    pub(crate) const fn revoked(self) -> Self {
        Self { flags: self.flags | Dnskey::REVOKE, ..self }
    }

    fn of(self, apex: &Name) -> Option<ZoneKey> {
        let seed = SigningKey::from_seed(&[self.seed?; 32]);
        Some(ZoneKey::new(apex.clone(), self.flags, seed))
    }

    fn dnskey(self, apex: &Name) -> Dnskey {
        let ecdsa = || Dnskey {
            flags: self.flags,
            protocol: 3,
            algorithm: Algorithm::ECDSAP256SHA256,
            public_key: from_base64(P256[1]).unwrap(),
        };
        self.of(apex).map_or_else(ecdsa, |key| key.dnskey())
    }

    /// The DS for it.
    pub(crate) fn ds(self, apex: &Name) -> threepid::wire::rdata::Ds {
        sha256_ds(apex, &self.dnskey(apex))
    }

    /// The DS record's type and data.
    pub(crate) fn ds_text(self, apex: &str) -> String {
        let ds = self.ds(&name(apex));
        format!("DS {} {} 2 {}", ds.key_tag, ds.algorithm.0, hex(&ds.digest))
    }

    fn sign(self, set: &Rrset, apex: &Name, now: Timestamp) -> Rrsig {
        let validity = Validity {
            inception: now.saturating_sub(Duration::from_secs(3600)),
            expiration: now.saturating_add(Duration::from_secs(14 * 86_400)),
        };
        if let Some(key) = self.of(apex) {
            return sign(set, &key, validity);
        }
        let any = ZoneKey::new(apex.clone(), self.flags, SigningKey::from_seed(&[0; 32]));
        let (key_tag, algorithm) = (self.dnskey(apex).key_tag(), Algorithm::ECDSAP256SHA256);
        let mut rrsig = Rrsig { key_tag, algorithm, ..sign(set, &any, validity) };
        let octets = canonical::signed_octets(set, &rrsig).unwrap();
        let [private, public] = P256.map(|part| from_base64(part).unwrap());
        let public = [&[4], &public[..]].concat();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &private,
            &public,
        );
        let signature = pair.unwrap().sign(&SystemRandom::new(), &octets).unwrap();
        rrsig.signature = signature.as_ref().to_vec();
        rrsig
    }
}

/// What a zone shows at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phase {
    /// Its DNSKEY set.
    pub(crate) keys: &'static [Key],
    /// The keys that sign that set.
    pub(crate) key_signers: &'static [Key],
    /// The keys that sign everything else.
    pub(crate) signers: &'static [Key],
}

impl Phase {
    /// A zone where each key signs everything.
    pub(crate) const fn all(keys: &'static [Key]) -> Self {
        Self { keys, key_signers: keys, signers: keys }
    }
}

/// A server of a zone in which each name has an address and nothing else.
pub(crate) fn server(apex: &str, ttl: u32, phase: Phase) -> Server {
    let (apex, ttl) = (name(apex), Ttl::from_secs(ttl));
    scripted(move |incoming, message| {
        let question = incoming.query.question.clone().unwrap();
        let set = |owner: &Name, rtype, rdata: Vec<Rdata>| {
            let (name, class) = (owner.clone(), Class::IN);
            Rrset { name, rtype, class, ttl, rdata }
        };
        let signed = |set: Rrset, keys: &[Key]| -> Vec<Record> {
            let rrsigs = keys.iter().map(|key| key.sign(&set, &apex, incoming.now).to_rdata());
            let rrsigs = Rrset { rtype: Rtype::RRSIG, rdata: rrsigs.collect(), ..set.clone() };
            set.records().chain(rrsigs.records()).collect()
        };
        match question.rtype {
            Rtype::DNSKEY if question.name == apex => {
                let keys = phase.keys.iter().map(|key| key.dnskey(&apex).to_rdata());
                let keys = set(&apex, Rtype::DNSKEY, keys.collect());
                message.answer = signed(keys, phase.key_signers);
            }
            Rtype::A => {
                let address = Rdata::new(vec![192, 0, 2, 200]).unwrap();
                message.answer =
                    signed(set(&question.name, Rtype::A, vec![address]), phase.signers);
            }
            _ => {
                let types: TypeBitmap = [Rtype::A, Rtype::NSEC, Rtype::RRSIG].into_iter().collect();
                let next = question.name.prepend(b"\0").unwrap();
                let nsec = set(&question.name, Rtype::NSEC, vec![Nsec { next, types }.to_rdata()]);
                let soa = [apex.as_wire(), apex.as_wire(), &[0; 20]].concat();
                let soa = set(&apex, Rtype::SOA, vec![Rdata::new(soa).unwrap()]);
                message.authority = signed(soa, phase.signers);
                message.authority.extend(signed(nsec, phase.signers));
            }
        }
    })
}
