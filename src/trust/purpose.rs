//! What keys are for. Those of DNSSEC, of verification servers and of root lists are never the same key: whoever
//! is given one to use it for one thing could do another with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

use super::Anchors;
use super::root_list::RootList;
use crate::certificate::Certificate;
use crate::crypto::PublicKey;
use crate::dnssec::ds_matches;
use crate::signed::KeyName;
use crate::wire::rdata::{Dnskey, Ds};
use crate::wire::{Algorithm, Name};

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// It signs root lists.
    RootList(KeyName),
    /// It signs associations or certificates.
    Verifier(KeyName),
    /// It signs a zone.
    Zone(Name),
}

impl Purpose {
    /// Whether one key can be for both, as that of a server with several certificates.
    fn goes_with(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootList(name) => write!(f, "{name} of the root list"),
            Self::Verifier(name) => write!(f, "{name}"),
            Self::Zone(name) => write!(f, "the zone {name}"),
        }
    }
}

/// A key that is for two things.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{one} and {other} have the same key: each needs one of its own")]
pub struct Shared {
    /// One of them.
    pub one: Purpose,
    /// The other.
    pub other: Purpose,
}

/// Keys, and what each is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purposes {
    keys: BTreeMap<[u8; 32], BTreeSet<Purpose>>,
    /// Digests of keys that sign zones.
    digests: Vec<(Name, Ds)>,
}

impl Purposes {
    /// A key that signs a zone. One of another algorithm than Ed25519 is for nothing else.
    pub fn zone(&mut self, zone: &Name, key: &Dnskey) {
        let octets = <[u8; 32]>::try_from(key.public_key.as_slice());
        if let (Algorithm::ED25519, Ok(octets)) = (key.algorithm, octets) {
            self.insert(octets, Purpose::Zone(zone.clone()));
        }
    }

    /// What stands for keys that sign the zone at `apex`.
    pub fn anchors(&mut self, apex: &Name, anchors: &[Ds]) {
        self.digests.extend(anchors.iter().map(|ds| (apex.clone(), ds.clone())));
    }

    /// A key of a verification server.
    pub fn verifier(&mut self, name: &KeyName, key: &PublicKey) {
        self.insert(*key.octets(), Purpose::Verifier(name.clone()));
    }

    /// Keys of verification servers that somebody trusts.
    pub fn verifiers(&mut self, anchors: &Anchors) {
        anchors.iter().for_each(|(name, anchor)| self.verifier(name, &anchor.key));
    }

    /// The key that is certified.
    pub fn certificate(&mut self, certificate: &Certificate) {
        let terms = certificate.terms();
        self.verifier(&terms.subject, &terms.public_key);
    }

    /// A key that signs root lists.
    pub fn list_key(&mut self, name: &KeyName, key: &PublicKey) {
        self.insert(*key.octets(), Purpose::RootList(name.clone()));
    }

    /// The keys of a list, and of the trees in it.
    pub fn list(&mut self, list: &RootList) {
        let terms = list.terms();
        terms.keys.iter().for_each(|(name, key)| self.list_key(name, key));
        terms.roots.iter().for_each(|root| self.anchors(&root.apex, &root.ds));
    }

    fn insert(&mut self, key: [u8; 32], purpose: Purpose) {
        self.keys.entry(key).or_default().insert(purpose);
    }

    /// The same with a list that is to be taken.
    ///
    /// # Errors
    /// With the first key that would be for two things.
    pub fn with_list(&self, list: &RootList) -> Result<Self, Shared> {
        let mut all = self.clone();
        all.list(list);
        match all.shared().into_iter().next() {
            Some(shared) => Err(shared),
            None => Ok(all),
        }
    }

    /// All keys that are for two things.
    pub fn shared(&self) -> Vec<Shared> {
        self.keys.iter().filter_map(|(key, purposes)| self.two_of(key, purposes)).collect()
    }

    fn two_of(&self, key: &[u8; 32], purposes: &BTreeSet<Purpose>) -> Option<Shared> {
        let one = purposes.first()?;
        let other = purposes.iter().find(|other| !one.goes_with(other)).cloned();
        let other = other.or_else(|| self.zone_of(key).filter(|zone| !one.goes_with(zone)))?;
        Some(Shared { one: one.clone(), other })
    }

    /// The zone that a digest says the key signs.
    fn zone_of(&self, key: &[u8; 32]) -> Option<Purpose> {
        const FLAGS: [u16; 2] = [Dnskey::ZONE, Dnskey::ZONE | Dnskey::SEP];
        let dnskey = |flags| Dnskey {
            flags,
            protocol: 3,
            algorithm: Algorithm::ED25519,
            public_key: key.to_vec(),
        };
        let keys = FLAGS.map(dnskey);
        let is_of = |(apex, ds): &&(Name, Ds)| keys.iter().any(|key| ds_matches(ds, apex, key));
        self.digests.iter().find(is_of).map(|(apex, _)| Purpose::Zone(apex.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{SeededRandom, SigningKey};
    use crate::dnssec::ZoneKey;

    fn name(server: &str) -> KeyName {
        KeyName::new(server.parse().unwrap(), "ed25519:1".parse().unwrap())
    }

    /// A key of the zone `a.`, and the same key as others see it.
    fn key(seed: u64) -> (ZoneKey, PublicKey) {
        let zone = "a.".parse().unwrap();
        let key = ZoneKey::generate(zone, ZoneKey::KSK, &mut SeededRandom::new(seed));
        let octets = key.dnskey().public_key.as_slice().try_into().unwrap();
        (key, PublicKey::from_octets(&octets).unwrap())
    }

    fn told(purposes: &Purposes) -> Vec<String> {
        purposes.shared().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_key_is_for_one_thing() {
        let ((zone, public), other) = (key(1), SigningKey::from_seed(&[1; 32]).public());
        let mut purposes = Purposes::default();
        purposes.zone(&zone.zone, &zone.dnskey());
        purposes.zone(&"b.".parse().unwrap(), &zone.dnskey());
        purposes.verifier(&name("v"), &other);
        purposes.verifier(&name("w"), &other);
        assert_eq!(told(&purposes), [""; 0], "two names of one thing");
        let mut list = purposes.clone();
        list.list_key(&name("k"), &other);
        let ending = "have the same key: each needs one of its own";
        assert_eq!(told(&list), [format!("k ed25519:1 of the root list and v ed25519:1 {ending}")]);
        purposes.verifier(&name("x"), &public);
        assert_eq!(told(&purposes), [format!("x ed25519:1 and the zone a. {ending}")]);
    }

    #[test]
    fn digests_tell_of_zones() {
        let (zone, public) = key(1);
        let mut purposes = Purposes::default();
        purposes.anchors(&zone.zone, &[key(2).0.sha256_ds(), zone.sha256_ds()]);
        assert_eq!(told(&purposes), [""; 0]);
        purposes.zone(&zone.zone, &zone.dnskey());
        assert_eq!(told(&purposes), [""; 0], "the zone itself");
        purposes.list_key(&name("k"), &public);
        assert_eq!(told(&purposes).len(), 1, "{:?}", told(&purposes));
        let mut digests = Purposes { keys: BTreeMap::new(), ..purposes };
        digests.list_key(&name("k"), &public);
        let expected = "k ed25519:1 of the root list and the zone a. have the same key";
        assert!(told(&digests)[0].starts_with(expected), "{:?}", told(&digests));
    }
}
