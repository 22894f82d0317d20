//! Signatures of a JSON object.

use std::collections::BTreeMap;

use super::{Json, KeyName, Object, SignedError};
use crate::codec::{base64_unpadded, from_base64_unpadded};
use crate::crypto::{PublicKey, Signature, SigningKey};

/// The members that are not signed.
const UNSIGNED: [&str; 2] = ["signatures", "unsigned"];

/// Signatures over the same octets, one for each key, in the order of the keys' names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signatures(BTreeMap<KeyName, Signature>);

impl Signatures {
    /// Reads the member `signatures`:
    /// `{"server": {"ed25519:id": "64 octets in unpadded base64"}}`.
    ///
    /// # Errors
    /// Where anything else stands in it.
    pub fn from_json(json: &Json) -> Result<Self, SignedError> {
        let mut signatures = BTreeMap::new();
        for (server, keys) in json.members("signatures")? {
            for (id, signature) in keys.members(server)? {
                let key = KeyName::new(server.parse()?, id.parse()?);
                let octets = match signature {
                    Json::String(text) => decode(text),
                    _ => None,
                };
                let octets = octets.ok_or_else(|| SignedError::Signature(key.clone()))?;
                signatures.insert(key, octets);
            }
        }
        Ok(Self(signatures))
    }

    /// Writes the member `signatures`.
    pub fn to_json(&self) -> Json {
        let mut servers: BTreeMap<&str, Object> = BTreeMap::new();
        for (key, signature) in &self.0 {
            let keys = servers.entry(key.server.as_str()).or_default();
            keys.insert(key.id.to_string(), base64_unpadded(signature));
        }
        Json::Object(servers.into_iter().collect())
    }

    /// Adds a signature. One that the key has already given is replaced and returned.
    pub fn insert(&mut self, key: KeyName, signature: Signature) -> Option<Signature> {
        self.0.insert(key, signature)
    }

    /// The key's signature.
    pub fn get(&self, key: &KeyName) -> Option<&Signature> {
        self.0.get(key)
    }

    /// The signatures in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&KeyName, &Signature)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that `key`, whose public part is `public`, signed these octets.
    ///
    /// # Errors
    /// [`SignedError::NotSigned`] or [`SignedError::BadSignature`].
    pub fn verify(
        &self,
        key: &KeyName,
        public: &PublicKey,
        octets: &[u8],
    ) -> Result<(), SignedError> {
        let signature = self.get(key).ok_or_else(|| SignedError::NotSigned(key.clone()))?;
        public.verify(octets, signature).map_err(|_| SignedError::BadSignature(key.clone()))
    }
}

fn decode(text: &str) -> Option<Signature> {
    from_base64_unpadded(text).ok()?.try_into().ok()
}

impl Object {
    /// The octets that are signed: the canonical form without `signatures` and `unsigned`.
    pub fn signed_octets(&self) -> Vec<u8> {
        let signed = self.iter().filter(|(name, _)| !UNSIGNED.contains(name));
        signed.map(|(name, value)| (name, value.clone())).collect::<Self>().to_octets()
    }

    /// The object's signatures; none where it has no such member.
    ///
    /// # Errors
    /// Where the member is malformed.
    pub fn signatures(&self) -> Result<Signatures, SignedError> {
        self.get("signatures").map_or_else(|| Ok(Signatures::default()), Signatures::from_json)
    }

    /// The object with `key`'s signature added to it.
    ///
    /// # Errors
    /// Where the object has malformed signatures.
    pub fn sign(mut self, name: KeyName, key: &SigningKey) -> Result<Self, SignedError> {
        let mut signatures = self.signatures()?;
        signatures.insert(name, key.sign(&self.signed_octets()));
        self.insert("signatures", signatures.to_json());
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::from_base64_unpadded;
    use crate::signed::Limits;

    fn object(text: &str) -> Object {
        Object::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    fn key(server: &str, id: &str) -> KeyName {
        KeyName::new(server.parse().unwrap(), id.parse().unwrap())
    }

    /// The examples of the Matrix specification's appendix on signing JSON. (Its seed carries bits that
    /// stand for nothing; they are cleared here.)
    #[test]
    fn the_examples_of_the_specification() {
        let seed = from_base64_unpadded("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0").unwrap();
        let secret = SigningKey::from_seed(&seed.try_into().unwrap());
        let cases = [
            (
                "{}",
                "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ",
            ),
            (
                r#"{"one": 1, "two": "Two", "unsigned": 1}"#,
                "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
            ),
        ];
        for (text, signature) in cases {
            let signed = object(text).sign(key("domain", "ed25519:1"), &secret).unwrap();
            let expected = Json::String(signature.to_owned());
            let Some(Json::Object(servers)) = signed.get("signatures") else { panic!() };
            let Some(Json::Object(keys)) = servers.get("domain") else { panic!() };
            assert_eq!(keys.get("ed25519:1"), Some(&expected));
        }
    }

    #[test]
    fn a_second_signature_is_over_the_same_octets() {
        let (one, two) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let (a, b) = (key("a.example", "ed25519:1"), key("b.example", "ed25519:1"));
        let signed = object("{\"x\":1}").sign(b.clone(), &two).unwrap();
        let signed = signed.sign(a.clone(), &one).unwrap();
        let (signatures, octets) = (signed.signatures().unwrap(), signed.signed_octets());
        assert_eq!(signatures.verify(&a, &one.public(), &octets), Ok(()));
        assert_eq!(signatures.verify(&b, &two.public(), &octets), Ok(()));
        let bad = SignedError::BadSignature(a.clone());
        assert_eq!(signatures.verify(&a, &two.public(), &octets), Err(bad));
        let unknown = key("a.example", "ed25519:2");
        let not = SignedError::NotSigned(unknown.clone());
        assert_eq!(signatures.verify(&unknown, &one.public(), &octets), Err(not));
        assert_eq!(signatures.iter().map(|(key, _)| key).collect::<Vec<_>>(), [&a, &b]);
        assert_eq!(Signatures::from_json(&signatures.to_json()), Ok(signatures));
    }

    #[test]
    fn strict_shapes() {
        let long = base64_unpadded(&[0; 64]);
        let signatures = |text: &str| object(text).signatures();
        let with = |signature: &str| {
            signatures(&format!(r#"{{"signatures":{{"a":{{"ed25519:1":"{signature}"}}}}}}"#))
        };
        assert!(with(&long).is_ok());
        // Padding, a bit that stands for nothing, too short, the URL-safe alphabet.
        let loose = [format!("{long}=="), long.replace("AA", "AB"), "AAAA".into(), "_".repeat(86)];
        for loose in loose {
            assert_eq!(with(&loose), Err(SignedError::Signature(key("a", "ed25519:1"))), "{loose}");
        }
        for bad in [
            r#"{"signatures":[]}"#,
            r#"{"signatures":{}}"#,
            r#"{"signatures":{"a":{}}}"#,
            r#"{"signatures":{"a":1}}"#,
            r#"{"signatures":{"a":{"ed25519:1":1}}}"#,
            r#"{"signatures":{"a b":{"ed25519:1":""}}}"#,
            r#"{"signatures":{"a":{"rsa:1":""}}}"#,
        ] {
            assert!(signatures(bad).is_err(), "{bad}");
        }
    }
}
