//! What a client makes of responses.

mod answer;
mod many;

use super::{Found, LookupError, Proof};
use crate::association::{AssociationError, Claim, Statement};
use crate::crypto::SigningKey;
use crate::dnssec::Security;
use crate::resolver::{Cause, Fault, Kind, Response, SignedRrset};
use crate::signed::KeyName;
use crate::wire::{EdeCode, ExtendedError, Name, Rcode, Rdata, Rrset, Rtype, Ttl};

fn owner() -> Name {
    "3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.".parse().unwrap()
}

fn statement() -> Statement {
    let json = br#"{"medium": "msisdn", "address": "447700900123", "mxid": "@a:m.example",
        "ts": 1789000000000, "not_before": 1789000000000, "not_after": 4943600000000}"#;
    let (threepid, claim) = Claim::from_json(json).unwrap();
    let signer = KeyName::new("verify.example".parse().unwrap(), "ed25519:0".parse().unwrap());
    Statement::sign(claim, &threepid, signer, &SigningKey::from_seed(&[7; 32])).unwrap()
}

/// A response with ASSOC records of this data.
fn response(data: Vec<Rdata>, security: Security) -> Response {
    let mut rrset =
        Rrset::single(owner(), Rtype::ASSOC, Ttl::from_secs(300), Rdata::new(vec![]).unwrap());
    rrset.rdata = data;
    let has_data = !rrset.rdata.is_empty();
    let set = SignedRrset { rrset, signatures: Vec::new() };
    Response {
        kind: Some(if has_data { Kind::Data } else { Kind::NoData }),
        security,
        is_due: false,
        answer: if has_data { vec![set] } else { Vec::new() },
        authority: Vec::new(),
        failure: None,
        extended_error: None,
    }
}

#[test]
fn a_statement_is_found() {
    let data = vec![statement().to_rdata()];
    let found = Found::read(owner(), &response(data, Security::Secure)).unwrap();
    assert_eq!(found.statement, Some(statement()));
    assert_eq!((found.ttl.as_secs(), found.proof), (300, Proof::Proved));
}

#[test]
fn an_unsigned_zone_proves_nothing() {
    let mut response = response(vec![statement().to_rdata()], Security::Insecure);
    let found = Found::read(owner(), &response).unwrap();
    assert_eq!(found.proof.to_string(), "not proved: the zone is not signed");
    let code = EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM;
    response.extended_error = Some(ExtendedError { code, text: "no key is known".into() });
    let found = Found::read(owner(), &response).unwrap();
    assert!(found.proof.to_string().ends_with("Algorithm: no key is known"));
}

#[test]
fn absence_is_found() {
    let found = Found::read(owner(), &response(Vec::new(), Security::Secure)).unwrap();
    assert_eq!((found.statement, found.proof), (None, Proof::Proved));
}

#[test]
fn what_is_no_statement_is_told() {
    let bad = Rdata::new(vec![9]).unwrap();
    let read = |data| Found::read(owner(), &response(data, Security::Secure));
    assert!(matches!(
        read(vec![bad.clone()]),
        Err(LookupError::Malformed(AssociationError::Malformed { .. } | AssociationError::Read(_)))
    ));
    assert_eq!(read(vec![statement().to_rdata(), bad]), Err(LookupError::Several(2)));
    let cause = Cause::Unreachable(owner());
    let failed = Found::read(owner(), &Response::failure(cause.clone()));
    assert_eq!(failed, Err(LookupError::Resolution(cause)));
}

#[test]
fn the_resolver_is_blamed_for_what_it_did() {
    let apexes = ["3pid.example.".parse::<Name>().unwrap()];
    let told = |cause| LookupError::Resolution(cause).of_resolver(&apexes).to_string();
    assert_eq!(told(Cause::Unreachable(owner())), "the resolver does not answer");
    let faulty = |rcode| Cause::Faulty { zone: owner(), fault: Fault::Rcode(rcode) };
    assert!(told(faulty(Rcode::REFUSED)).starts_with("the resolver refuses: "));
    let servfail = "the resolver gives no usable answer: SERVFAIL";
    assert_eq!(told(faulty(Rcode::SERVFAIL)), servfail);
    let elsewhere = Cause::Unreachable("www.other.test.".parse().unwrap());
    assert_eq!(told(elsewhere), "no server of www.other.test. answers", "nobody was asked");
}
