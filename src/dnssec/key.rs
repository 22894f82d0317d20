//! Keys of a zone, and the records that publish them (RFC 4034 sections 2 and 5, RFC 7344).

use super::lifecycle::{State, Timing};
use super::{ds_of, sha256_ds};
use crate::clock::Timestamp;
use crate::crypto::{PublicKey, Random, Signature, SigningKey};
use crate::wire::rdata::{Dnskey, Ds};
use crate::wire::{Algorithm, Class, DigestType, Name, Rdata, Rrset, Rtype, Ttl};

/// The only value of a DNSKEY's protocol field (RFC 4034 section 2.1.2).
pub(super) const PROTOCOL: u8 = 3;

/// A private key that signs for a zone, Ed25519.
///
/// What it signs follows from its flags and its company: see [`signers`].
#[derive(Debug, Clone)]
pub struct ZoneKey {
    /// The zone.
    pub zone: Name,
    /// The flags of its DNSKEY.
    pub flags: u16,
    /// When it comes, signs and goes.
    pub timing: Timing,
    key: SigningKey,
}

impl ZoneKey {
    /// Flags of a key-signing key, or of one key for everything: the parent's DS is made of it.
    pub const KSK: u16 = Dnskey::ZONE | Dnskey::SEP;
    /// Flags of a zone-signing key.
    pub const ZSK: u16 = Dnskey::ZONE;

    /// The key with this private part, in use at all times.
    pub fn new(zone: Name, flags: u16, key: SigningKey) -> Self {
        Self { zone, flags, timing: Timing::default(), key }
    }

    /// A new key, in use at all times.
    pub fn generate(zone: Name, flags: u16, random: &mut dyn Random) -> Self {
        Self::new(zone, flags, SigningKey::generate(random))
    }

    /// The same key with this timing.
    #[must_use]
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    /// Whether it is the same key with the same timing.
    pub fn is_same(&self, other: &Self) -> bool {
        let same_key = self.zone == other.zone && self.dnskey() == other.dnskey();
        same_key && self.timing == other.timing
    }

    /// Its public part.
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// Its public part as a record.
    pub fn dnskey(&self) -> Dnskey {
        Dnskey {
            flags: self.flags,
            protocol: PROTOCOL,
            algorithm: Algorithm::ED25519,
            public_key: self.public().octets().to_vec(),
        }
    }

    /// Its key tag.
    pub fn key_tag(&self) -> u16 {
        self.dnskey().key_tag()
    }

    /// Its key tag once it is revoked (RFC 5011 section 7).
    pub fn revoked_tag(&self) -> u16 {
        Dnskey { flags: self.flags | Dnskey::REVOKE, ..self.dnskey() }.key_tag()
    }

    /// The DS for the parent; none where the digest is not one that can be computed here.
    pub fn ds(&self, digest_type: DigestType) -> Option<Ds> {
        ds_of(&self.zone, &self.dnskey(), digest_type)
    }

    /// The DS for the parent, by the digest that every validator knows.
    pub fn sha256_ds(&self) -> Ds {
        sha256_ds(&self.zone, &self.dnskey())
    }

    /// Whether it is an entry point from outside.
    pub fn is_sep(&self) -> bool {
        self.flags & Dnskey::SEP != 0
    }

    /// Whether it says of itself that it must not be trusted any more (RFC 5011).
    pub fn is_revoked(&self) -> bool {
        self.flags & Dnskey::REVOKE != 0
    }

    /// What it is at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        match self.timing.state(now) {
            state if state.is_published() && self.is_revoked() => State::Revoked,
            state => state,
        }
    }

    /// The same key as its record is at `now`: with the REVOKE bit from the moment that it revokes itself.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        let revoked = if self.state(now) == State::Revoked { Dnskey::REVOKE } else { 0 };
        Self { flags: self.flags | revoked, ..self.clone() }
    }

    /// The private part.
    pub(super) fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// Signs `message`, which holds what is signed and nothing else.
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.key.sign(message)
    }
}

/// The keys that sign sets of type `rtype`. Keys with the SEP bit sign what the parent acts on
/// (DNSKEY, CDS, CDNSKEY), the others the rest; where all are of one kind, they sign everything. A
/// revoked key signs the DNSKEY set alone, beside them: that is what revokes it (RFC 5011 section 2.1).
pub fn signers(keys: &[ZoneKey], rtype: Rtype) -> impl Iterator<Item = &ZoneKey> {
    let wants_sep = matches!(rtype, Rtype::DNSKEY | Rtype::CDS | Rtype::CDNSKEY);
    let suited = move |key: &ZoneKey| !key.is_revoked() && key.is_sep() == wants_sep;
    let any_suited = keys.iter().any(suited);
    keys.iter().filter(move |key| match key.is_revoked() {
        true => rtype == Rtype::DNSKEY,
        false => !any_suited || suited(key),
    })
}

/// The DNSKEY set of a zone with these keys.
pub fn dnskey_rrset(zone: &Name, keys: &[ZoneKey], ttl: Ttl) -> Rrset {
    key_rrset(zone, Rtype::DNSKEY, ttl, keys.iter().map(|key| key.dnskey().to_rdata()))
}

/// What the parent's DS set shall be, of SHA-256 (RFC 7344 section 3.1): one for each key that
/// signs the DNSKEY set.
pub fn cds_rrset(zone: &Name, keys: &[ZoneKey], ttl: Ttl) -> Rrset {
    let ds = signers(keys, Rtype::CDS).map(|key| key.sha256_ds().to_rdata());
    key_rrset(zone, Rtype::CDS, ttl, ds)
}

/// The keys that the parent's DS set shall be made of (RFC 7344 section 3.2).
pub fn cdnskey_rrset(zone: &Name, keys: &[ZoneKey], ttl: Ttl) -> Rrset {
    let keys = signers(keys, Rtype::CDNSKEY).map(|key| key.dnskey().to_rdata());
    key_rrset(zone, Rtype::CDNSKEY, ttl, keys)
}

fn key_rrset(zone: &Name, rtype: Rtype, ttl: Ttl, rdata: impl Iterator<Item = Rdata>) -> Rrset {
    Rrset { name: zone.clone(), rtype, class: Class::IN, ttl, rdata: rdata.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;

    fn key(seed: u64, flags: u16) -> ZoneKey {
        ZoneKey::generate("Example".parse().unwrap(), flags, &mut SeededRandom::new(seed))
    }

    #[test]
    fn keys_share_the_work() {
        let (ksk, zsk) = (key(1, ZoneKey::KSK), key(2, ZoneKey::ZSK));
        let tags = |keys: &[ZoneKey], rtype| {
            signers(keys, rtype).map(ZoneKey::key_tag).collect::<Vec<_>>()
        };
        let both = [ksk.clone(), zsk.clone()];
        for rtype in [Rtype::DNSKEY, Rtype::CDS, Rtype::CDNSKEY] {
            assert_eq!(tags(&both, rtype), [ksk.key_tag()]);
        }
        assert_eq!(tags(&both, Rtype::SOA), [zsk.key_tag()]);
        for single in [ksk, zsk] {
            let keys = [single];
            assert_eq!(tags(&keys, Rtype::DNSKEY), tags(&keys, Rtype::SOA));
            assert_eq!(tags(&keys, Rtype::SOA).len(), 1);
        }
        assert!(tags(&[], Rtype::SOA).is_empty());
    }

    #[test]
    fn a_revoked_key_signs_its_revocation() {
        let gone = key(1, ZoneKey::KSK | Dnskey::REVOKE);
        let (ksk, zsk) = (key(2, ZoneKey::KSK), key(3, ZoneKey::ZSK));
        for company in [vec![ksk.clone(), zsk], vec![ksk]] {
            let keys = [vec![gone.clone()], company].concat();
            assert!(signers(&keys, Rtype::DNSKEY).any(ZoneKey::is_revoked));
            assert!(signers(&keys, Rtype::DNSKEY).any(|key| !key.is_revoked()));
            for rtype in [Rtype::SOA, Rtype::CDS, Rtype::CDNSKEY] {
                assert!(signers(&keys, rtype).all(|key| !key.is_revoked()), "{rtype}");
                assert!(signers(&keys, rtype).count() > 0, "{rtype}");
            }
            let (zone, ttl) = (&gone.zone, Ttl::from_secs(3600));
            assert_eq!(dnskey_rrset(zone, &keys, ttl).rdata.len(), keys.len());
            assert_eq!(cds_rrset(zone, &keys, ttl).rdata.len(), 1);
        }
    }

    #[test]
    fn keys_are_published() {
        let keys = [key(1, ZoneKey::KSK), key(2, ZoneKey::ZSK)];
        let (zone, ttl) = (&keys[0].zone, Ttl::from_secs(3600));
        let published = dnskey_rrset(zone, &keys, ttl);
        assert_eq!(Dnskey::parse(&published.rdata[1]), Ok(keys[1].dnskey()));
        let cds = cds_rrset(zone, &keys, ttl);
        let parsed: Vec<_> = cds.rdata.iter().map(Ds::parse).collect();
        assert_eq!(parsed, [Ok(keys[0].ds(DigestType::SHA256).unwrap())]);
        let cdnskey = cdnskey_rrset(zone, &keys, ttl);
        assert_eq!((cds.rtype, cdnskey.rtype), (Rtype::CDS, Rtype::CDNSKEY));
        assert_eq!(cdnskey.rdata, published.rdata[..1]);
    }
}
