//! Every vector in both directions, and properties of the codecs together.

use super::*;
use crate::codec::{from_base64_unpadded, from_hex, hex};
use crate::crypto::SigningKey;
use crate::signed::{KeyName, Signatures};
use crate::threepid::Threepid;
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

fn reproduces(vectors: &Value, case: &Value) {
    let (threepid, statement) = Statement::from_json(case["json"].to_string().as_bytes()).unwrap();
    let rdata = statement.to_rdata();
    assert_eq!(hex(rdata.octets()), case["rdata_hex"].as_str().unwrap());
    let read = Statement::from_rdata(rdata.octets()).unwrap();
    assert_eq!(read, statement);
    assert_eq!(read.to_json(&threepid), case["json"].to_string().as_bytes());
    let signed = read.claim().signed_octets(&threepid);
    assert_eq!(signed, case["signed_bytes"].as_str().unwrap().as_bytes());
    let owner = threepid.owner(&"3pid.example.".parse().unwrap()).unwrap();
    assert_eq!(owner.to_string(), case["owner"].as_str().unwrap());
    for (name, signature) in read.signatures().iter() {
        let key = secret(vectors, name);
        assert_eq!(statement.verify(&threepid, name, &key.public()), Ok(()));
        assert_eq!(key.sign(&signed), *signature);
    }
}

#[test]
fn every_association_vector_both_ways() {
    let vectors = vectors();
    let cases = vectors["associations"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        reproduces(&vectors, case);
    }
}

#[test]
fn the_withdrawal_vector_both_ways() {
    let vectors = vectors();
    reproduces(&vectors, &vectors["withdrawal"]);
}

#[test]
fn every_malformed_rdata_vector() {
    let vectors = vectors();
    let cases = vectors["malformed_rdata"].as_array().unwrap();
    assert_eq!(cases.len(), 15);
    for case in cases {
        let octets = from_hex(case["rdata_hex"].as_str().unwrap()).unwrap();
        assert!(Statement::from_rdata(&octets).is_err(), "{}", case["why"]);
        assert!(Statement::from_rdata(&octets).is_err(), "{}", case["why"]);
    }
}

/// The first association of the vectors, changed.
fn read_with(change: impl Fn(&mut Value)) -> Result<(Threepid, Statement), AssociationError> {
    let mut json = vectors()["associations"][0]["json"].clone();
    change(&mut json);
    Statement::from_json(json.to_string().as_bytes())
}

#[test]
fn members() {
    for name in ["medium", "address", "ts", "mxid", "not_before", "not_after", "signatures"] {
        let without = read_with(|json| {
            json.as_object_mut().unwrap().remove(name);
        });
        assert_eq!(without, Err(SignedError::Missing(name).into()));
    }
    let with = |name: &str, value: Value| read_with(|json| json[name] = value.clone());
    let Claim::Association(kept) = with("unsigned", 1.into()).unwrap().1.claim().clone() else {
        panic!("an association was read as a withdrawal");
    };
    assert!(kept.extra.is_empty(), "what is not signed is not kept");
    let reserved = AssociationError::Reserved("invites".into());
    assert_eq!(with("invites", Value::Array(vec![])), Err(reserved));
    assert_eq!(with("ts", (1_u64 << 48).into()), Err(AssociationError::Time(1 << 48)));
    assert!(with("ts", (-1).into()).is_err() && with("mxid", 1.into()).is_err());
    assert!(with("mxid", Value::Null).is_err(), "a withdrawal has no not_before");
    let too_long = with("x", "x".repeat(1024).into());
    assert!(matches!(too_long, Err(AssociationError::TooLong(_))));
    let folded = with("address", "Strauss@example.com".into());
    assert!(matches!(folded, Err(AssociationError::Threepid(_))));
}

#[test]
fn a_withdrawal_has_exactly_its_members() {
    let mut json = vectors()["withdrawal"]["json"].clone();
    json["unsigned"] = 1.into();
    let refused = Statement::from_json(json.to_string().as_bytes());
    assert_eq!(refused, Err(SignedError::Unexpected("unsigned".into()).into()));
}

fn any_ts() -> impl Strategy<Value = Ts> {
    (0..1_u64 << 48).prop_map(|millis| Ts::from_millis(millis).unwrap())
}

fn any_association() -> impl Strategy<Value = Claim> {
    let extra = proptest::collection::btree_map("x[a-zé]{1,5}", ".{0,9}", 0..3);
    let end = (any_ts(), any_ts(), any::<bool>()).prop_map(|(ts, other, default)| {
        (ts, ts.default_end().ok().filter(|_| default).unwrap_or(other))
    });
    ("[^:\0]{0,9}", end, any_ts(), any::<bool>(), extra).prop_map(
        |(local, (ts, not_after), start, now, extra)| {
            Claim::from(Association {
                mxid: format!("@{local}:matrix.example").parse().unwrap(),
                ts,
                not_before: if now { ts } else { start },
                not_after,
                extra: Extra::new(extra.into_iter().collect()).unwrap(),
            })
        },
    )
}

fn any_statement() -> impl Strategy<Value = Statement> {
    let claim = prop_oneof![
        4 => any_association(),
        1 => any_ts().prop_map(|ts| Claim::from(Withdrawal { ts })),
    ];
    let key = ("[a-z]{1,9}(:[1-9]{1,4})?", "[a-z0-9_]{1,5}");
    let signatures = proptest::collection::btree_map(key, any::<u8>(), 1..=8);
    (claim, signatures).prop_map(|(claim, given)| {
        let mut signatures = Signatures::default();
        for ((server, version), octet) in given {
            let id = format!("ed25519:{version}").parse().unwrap();
            signatures.insert(KeyName::new(server.parse().unwrap(), id), [octet; 64]);
        }
        Statement::new(claim, signatures).unwrap()
    })
}

proptest! {
    #[test]
    fn statements_round_trip(statement in any_statement()) {
        let rdata = statement.to_rdata();
        prop_assert_eq!(Statement::from_rdata(rdata.octets()), Ok(statement.clone()));
        let threepid = Threepid::parse_any("alice@example.com", None).unwrap();
        let json = statement.to_json(&threepid);
        prop_assert_eq!(Statement::from_json(&json), Ok((threepid, statement)));
    }

    /// One statement has one form: whatever is read is written back as it was.
    #[test]
    fn any_octets_are_read_or_refused(
        statement in any_statement(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut: prop::sample::Index,
        noise: Vec<u8>,
    ) {
        let mut octets = statement.to_rdata().octets().to_vec();
        for (index, octet) in changes {
            let at = index.index(octets.len());
            octets[at] = octet;
        }
        for octets in [&octets[..], &octets[..cut.index(octets.len())], &noise] {
            if let Ok(read) = Statement::from_rdata(octets) {
                let written = read.to_rdata();
                prop_assert_eq!(written.octets(), octets);
            }
            let _ = Statement::from_json(octets);
        }
    }
}
