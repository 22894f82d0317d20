//! The vectors, in both directions. Each is taken apart as it is looked at, so that a part which no
//! test looks at fails the test.

use serde_json::Value;
use threepid::association::Statement;
use threepid::certificate::{self, Certificate};
use threepid::clock::Timestamp;
use threepid::codec::hex;
use threepid::signed::Signatures;
use threepid::threepid::Threepid;
use threepid::trust::{Anchors, Collected, Fetched, Judge, Step};
use threepid::wire::rdata::generic;
use threepid::wire::{Name, Rtype};

use super::{Keys, Parts};

#[test]
fn every_vector_in_both_directions() {
    let mut vectors = Parts::vectors();
    let keys = Keys::take(&mut vectors);
    let apex: Name = vectors.text("apex").parse().unwrap();
    vectors.objects("normalise").into_iter().for_each(|case| normalise(case, &apex));
    vectors.objects("normalise_refused").into_iter().for_each(|mut case| {
        assert!(typed(&mut case).is_err(), "{}", case.path);
        case.done();
    });
    let associations = vectors.objects("associations").into_iter();
    associations.chain([vectors.object("withdrawal")]).for_each(|c| statement(c, &keys, &apex));
    for mut case in vectors.objects("malformed_rdata") {
        let why = case.text("why");
        assert!(Statement::from_rdata(&case.hex("rdata_hex")).is_err(), "{}: {why}", case.path);
        case.done();
    }
    for case in vectors.objects("certificates") {
        let certificate = certificate(case, &apex).unwrap();
        let (signer, _) = certificate.signatures().iter().next().unwrap();
        let again =
            Certificate::sign(certificate.terms().clone(), signer.clone(), keys.get(signer));
        assert_eq!(again, Ok(certificate));
    }
    let anchors = anchors(&mut vectors, &keys);
    vectors.objects("chains").into_iter().for_each(|case| chain(case, &keys, &apex, &anchors));
    vectors.done();
}

fn typed(case: &mut Parts) -> Result<Threepid, String> {
    let country = case.has("country").then(|| case.text("country").parse().unwrap());
    let medium = case.text("medium").parse().unwrap();
    let typed = Threepid::parse(medium, &case.text("given"), country);
    typed.map_err(|error| error.to_string())
}

fn normalise(mut case: Parts, apex: &Name) {
    let threepid = typed(&mut case).unwrap();
    assert_eq!(threepid.address(), case.text("address"));
    assert_eq!(threepid.owner(apex).unwrap().to_string(), case.text("owner"));
    case.done();
}

/// From JSON to record data and back, and signed again.
fn statement(mut case: Parts, keys: &Keys, apex: &Name) {
    let json = case.take("json").to_string();
    let (threepid, statement) = Statement::from_json(json.as_bytes()).unwrap();
    let rdata = case.hex("rdata_hex");
    assert_eq!(hex(statement.to_rdata().octets()), hex(&rdata), "{}", case.path);
    assert_eq!(Statement::from_rdata(&rdata).as_ref(), Ok(&statement));
    assert_eq!(statement.to_json(&threepid), json.as_bytes());
    let signed = statement.claim().signed_octets(&threepid);
    assert_eq!(signed, case.text("signed_bytes").as_bytes());
    assert_eq!(threepid.owner(apex).unwrap().to_string(), case.text("owner"));
    let mut again = Signatures::default();
    for (name, _) in statement.signatures().iter() {
        statement.verify(&threepid, name, &keys.get(name).public()).unwrap();
        again.insert(name.clone(), keys.get(name).sign(&signed));
    }
    assert_eq!(*statement.signatures(), again);
    if case.has("presentation") {
        let written = format!("TYPE{} {}", Rtype::ASSOC.0, generic(&statement.to_rdata()));
        assert_eq!(written, case.text("presentation"));
    }
    case.done();
}

/// From JSON to record data and back. One that may not be is read in neither form.
fn certificate(mut case: Parts, apex: &Name) -> Result<Certificate, String> {
    let json = case.take("json").to_string();
    let (rdata, signed) = (case.hex("rdata_hex"), case.text("signed_bytes"));
    let owner = case.text("owner");
    case.done();
    let read = Certificate::from_rdata(&rdata);
    assert_eq!(read, Certificate::from_json(json.as_bytes()));
    let read = read.map_err(|error| error.to_string())?;
    assert_eq!((read.to_octets(), read.signed_octets()), (json.into(), signed.into()));
    assert_eq!(read.to_rdata().octets(), rdata);
    let named = certificate::owner(&read.terms().subject.server, apex).unwrap();
    assert_eq!(named.unwrap().to_string(), owner);
    Ok(read)
}

fn anchors(vectors: &mut Parts, keys: &Keys) -> Anchors {
    let Value::Array(roots) = vectors.take("trusted_roots") else { panic!("a list expected") };
    let mut anchors = Anchors::default();
    for root in roots {
        let name = keys.of_server(root.as_str().unwrap());
        anchors.insert(name.clone(), keys.get(name).public());
    }
    anchors
}

fn chain(mut case: Parts, keys: &Keys, apex: &Name, anchors: &Anchors) {
    let name = case.text("name");
    let mut collected = Collected::default();
    for held in case.objects("certificates") {
        let subject = held.rest["json"]["subject"].as_str().unwrap().parse().unwrap();
        let octets = held.rest["rdata_hex"].as_str().map(threepid::codec::from_hex);
        let read = Certificate::from_rdata(&octets.unwrap().unwrap());
        assert_eq!(certificate(held, apex).is_ok(), read.is_ok());
        collected.insert(subject, Fetched::Records(vec![read]));
    }
    let medium = case.text("medium").parse().unwrap();
    let threepid = Threepid::from_normal(medium, &case.text("address")).unwrap();
    let now = Timestamp::from_millis(case.take("at").as_u64().unwrap());
    let judge = Judge { threepid: &threepid, now, anchors, collected: &collected };
    let signer = keys.of_server(&case.text("signer"));
    let Step::Done(judgement) = judge.chain(signer, |_| true) else {
        panic!("{name}: nothing more is needed");
    };
    assert_eq!(judgement.verdict.to_string(), case.text("verdict"), "{name}");
    case.done();
}
