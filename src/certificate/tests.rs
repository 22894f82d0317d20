//! Every vector in both directions, and properties of the codec.

use super::*;
use crate::codec::{from_base64_unpadded, from_hex, hex};
use proptest::prelude::*;
use serde_json::Value;

fn vectors() -> Value {
    let text = include_str!("../../tests/vectors/interchange.json");
    serde_json::from_str(text).unwrap()
}

/// The key of this name, from the vectors.
fn secret(vectors: &Value, name: &KeyName) -> SigningKey {
    let keys = vectors["keys"].as_array().unwrap();
    let same = |key: &&Value| {
        key["server_name"] == name.server.as_str() && key["key_id"] == name.id.to_string()
    };
    let seed = keys.iter().find(same).unwrap()["seed"].as_str().unwrap();
    SigningKey::from_seed(&from_base64_unpadded(seed).unwrap().try_into().unwrap())
}

#[test]
fn every_certificate_vector_both_ways() {
    let vectors = vectors();
    let cases = vectors["certificates"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let json = case["json"].to_string();
        let certificate = Certificate::from_json(json.as_bytes()).unwrap();
        assert_eq!(certificate.to_octets(), json.as_bytes());
        let rdata = certificate.to_rdata();
        assert_eq!(hex(rdata.octets()), case["rdata_hex"].as_str().unwrap());
        assert_eq!(Certificate::from_rdata(rdata.octets()), Ok(certificate.clone()));
        let signed = certificate.signed_octets();
        assert_eq!(signed, case["signed_bytes"].as_str().unwrap().as_bytes());
        let apex = "3pid.example.".parse().unwrap();
        let owner = owner(&certificate.terms().subject.server, &apex).unwrap().unwrap();
        assert_eq!(owner.to_string(), case["owner"].as_str().unwrap());
        let (signer, _) = certificate.signatures().iter().next().unwrap();
        let key = secret(&vectors, signer);
        assert_eq!(certificate.verify(signer, &key.public()), Ok(()));
        let again = Certificate::sign(certificate.terms().clone(), signer.clone(), &key);
        assert_eq!(again, Ok(certificate));
    }
}

#[test]
fn certificates_of_chains_are_read_or_malformed_as_their_verdict_says() {
    for chain in vectors()["chains"].as_array().unwrap() {
        let malformed = chain["certificates"].as_array().unwrap().iter().any(|case| {
            let octets = from_hex(case["rdata_hex"].as_str().unwrap()).unwrap();
            Certificate::from_rdata(&octets).is_err()
        });
        assert_eq!(malformed, chain["verdict"] == "malformed", "{}", chain["name"]);
    }
}

/// The first certificate of the vectors, changed.
fn read_with(change: impl Fn(&mut Value)) -> Result<Certificate, CertificateError> {
    let mut json = vectors()["certificates"][0]["json"].clone();
    change(&mut json);
    Certificate::from_json(json.to_string().as_bytes())
}

#[test]
fn exactly_these_members() {
    for name in [
        "type",
        "issuer",
        "subject",
        "key_id",
        "public_key",
        "scope",
        "max_path",
        "not_before",
        "not_after",
        "signatures",
    ] {
        let without = read_with(|json| {
            json.as_object_mut().unwrap().remove(name);
        });
        assert_eq!(without, Err(SignedError::Missing(name).into()));
    }
    let with = |name: &str, value: Value| read_with(|json| json[name] = value.clone());
    assert_eq!(with("unsigned", 1.into()), Err(SignedError::Unexpected("unsigned".into()).into()));
    assert_eq!(with("type", "x".into()), Err(CertificateError::Type("x".into())));
    assert_eq!(with("public_key", "AAAA".into()), Err(CertificateError::PublicKey("AAAA".into())));
    assert!(with("scope", "msisdn:*".into()).is_err());
    assert!(with("scope", Value::Array(vec![1.into()])).is_err());
    assert!(with("scope", Value::Array(vec![])).is_ok());
    assert!(with("max_path", (-1).into()).is_err());
    assert!(with("max_path", (1_u64 << 32).into()).is_err());
    let long = Value::Array(vec!["email:*".into(); 1000]);
    assert!(matches!(
        with("scope", long),
        Err(CertificateError::Signed(SignedError::TooLong { .. }))
    ));
}

#[test]
fn a_life_of_ninety_days() {
    let with = |start: u64, end: u64| {
        read_with(|json| {
            json["not_before"] = start.into();
            json["not_after"] = end.into();
        })
    };
    let ninety_days = 90 * 86_400_000;
    assert!(with(5, ninety_days + 5).is_ok() && with(5, 5).is_ok());
    assert!(matches!(with(5, ninety_days + 6), Err(CertificateError::Life { .. })));
    assert!(matches!(with(5, 4), Err(CertificateError::Life { .. })));
}

#[test]
fn record_data_is_canonical() {
    let mut octets = read_with(|_| ()).unwrap().to_octets();
    octets.insert(1, b' ');
    assert!(Certificate::from_json(&octets).is_ok());
    assert_eq!(Certificate::from_rdata(&octets), Err(CertificateError::NotCanonical));
}

#[test]
fn names_of_verifiers() {
    let apex: Name = "3pid.example.".parse().unwrap();
    let name = |server: &str| {
        owner(&server.parse().unwrap(), &apex).map(|name| name.map(|n| n.to_string()))
    };
    assert_eq!(name("a.example"), Ok(Some("a.example._verifier.3pid.example.".into())));
    assert_eq!(name("a.example:80"), Ok(Some("_80.a.example._verifier.3pid.example.".into())));
    assert_eq!(name("127.0.0.1:80"), Ok(None));
    assert_eq!(name("[::1]"), Ok(None));
    let long = vec!["a".repeat(63); 4].join(".");
    assert!(matches!(name(&long), Err(NameError::NameTooLong(_))));
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(at: prop::sample::Index, octet: u8, noise: Vec<u8>) {
        let mut octets = read_with(|_| ()).unwrap().to_octets();
        let at = at.index(octets.len());
        octets[at] = octet;
        for octets in [octets, noise] {
            if let Ok(read) = Certificate::from_rdata(&octets) {
                prop_assert_eq!(read.to_octets(), octets);
            }
        }
    }
}
