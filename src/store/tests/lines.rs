//! Entries as lines of JSON.

use super::*;
use crate::store::{LineError, MAX_LINE};

fn lines(snapshot: &Snapshot) -> Vec<Vec<u8>> {
    all(snapshot).iter().map(|entry| entry.to_line(snapshot).unwrap()).collect()
}

/// Changes of every kind.
fn changes() -> Vec<Change> {
    let extra = Extra::parse(r#"{"org.example.ß":[1,{"a":null}]}"#.as_bytes()).unwrap();
    let Claim::Association(plain) = association("@Älice:b.example", 5) else { unreachable!() };
    let long = Association { extra, not_after: ts(9), ..plain };
    let both = signed(long.into(), &["a.example", "b.example:8448"]);
    let marked = "x._at.example.com.email.3pid.example.".parse().unwrap();
    vec![
        Change::publish(&apex(), threepid("alice@bücher.example"), both.clone()).unwrap(),
        Change::publish(&apex(), threepid("+447700900123"), both).unwrap(),
        change("bob@example.com", withdrawal(7)),
        change("org.example.badge:Badge \"1\"", association("@a:b", 3)),
        Change::mark(marked, ts(11)),
    ]
}

#[test]
fn what_is_exported_is_imported_as_it_was() {
    for keep_addresses in [false, true] {
        let (mut from, to) = (Place::new(), Place::new());
        from.policy.keep_addresses = keep_addresses;
        from.fill(changes());
        let written = lines(&from.snapshot());
        let read: Vec<Change> =
            written.iter().map(|line| Change::from_line(line, None).unwrap()).collect();
        let outcomes = to.fill(read);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Stored(_))));
        let held = |place: &Place| -> Vec<_> {
            all(&place.snapshot()).into_iter().map(|entry| (entry.name, entry.held)).collect()
        };
        assert_eq!(held(&to), held(&from));
        let text = String::from_utf8(written.concat()).unwrap();
        assert_eq!(text.contains("bücher"), keep_addresses, "{text}");
        assert!(text.contains(r#""address":"447700900123""#) && text.contains("\"mark\":11"));
    }
}

#[test]
fn a_signed_statement_is_a_line_in_a_tree() {
    let alice = threepid("alice@example.com");
    let statement = signed(association("@a:b", 5), &["a.example"]);
    let line = statement.to_json(&alice);
    let read = Change::from_line(&line, Some(&apex())).unwrap();
    assert_eq!(read, Change::publish(&apex(), alice, statement).unwrap());
    assert_eq!(Change::from_line(&line, None), Err(LineError::NoTree));
}

/// What is wrong with a line that was good until this was replaced.
fn broken(change: &Change, old: &str, new: &str) -> LineError {
    let place = Place::new();
    place.fill(vec![change.clone()]);
    let line = String::from_utf8(lines(&place.snapshot()).remove(0)).unwrap();
    assert!(Change::from_line(line.as_bytes(), None).is_ok());
    let changed = line.replace(old, new);
    assert_ne!(changed, line);
    Change::from_line(changed.as_bytes(), None).unwrap_err()
}

#[test]
fn lines_are_read_strictly() {
    let phone = change("+447700900123", association("@a:b", 5));
    let mail = change("alice@example.com", association("@a:b", 5));
    let mark = Change::mark("x.example.".parse().unwrap(), ts(5));
    let signed = |error: &LineError| matches!(error, LineError::Signed(_));
    assert_eq!(broken(&phone, "3.2.1.0", "3.2.1.1"), LineError::OtherName);
    assert_eq!(broken(&phone, "\"name\":\"", "\"name\":\"1."), LineError::OtherName);
    assert!(signed(&broken(&phone, "\"name\":", "\"nane\":")));
    assert!(signed(&broken(&mark, "\"mark\":5", "\"mark\":-5")));
    assert!(signed(&broken(&mark, "\"mark\":5", "\"mark\":5,\"more\":1")));
    assert!(signed(&broken(&mail, "\"rdata\":", "\"mark\":5,\"rdata\":")));
    assert!(matches!(broken(&mark, "5", "281474976710656"), LineError::Association(_)));
    assert!(matches!(broken(&mark, "x.example.", "x..example."), LineError::Name(_)));
    assert!(matches!(broken(&mail, "=\"", "\""), LineError::Base64(_)));
    assert!(matches!(
        broken(&mail, "\"rdata\":\"AQA", "\"rdata\":\"AgA"),
        LineError::Association(_)
    ));
    assert_eq!(
        broken(&mail, "\"signed_hash\":\"", "\"signed_hash\":\"AAAA"),
        LineError::HashLength
    );
    let deep = "[".repeat(100_000);
    for line in ["", "{}", "[]", "{\"name\":\"a.\",\"statement\":1}", "\u{fffd}", &deep] {
        assert!(signed(&Change::from_line(line.as_bytes(), None).unwrap_err()), "{line}");
    }
    let long = format!("{{\"mark\":1,\"name\":\"{}\"}}", "x".repeat(MAX_LINE));
    assert!(signed(&Change::from_line(long.as_bytes(), None).unwrap_err()));
}

/// The hash of a statement about a number is known, whatever stands beside it.
#[test]
fn a_hash_that_can_be_checked_is() {
    let phone = change("+447700900123", association("@a:b", 5));
    let rdata = phone.said.to_held();
    let crate::store::Held::Statement(kept) = rdata else { unreachable!() };
    let line = |hash: &[u8]| {
        let (rdata, hash) = (kept.rdata.octets(), crate::codec::base64(hash));
        let rdata = crate::codec::base64(rdata);
        format!(r#"{{"name":"{}","rdata":"{rdata}","signed_hash":"{hash}"}}"#, phone.name)
    };
    let read = |hash: &[u8]| Change::from_line(line(hash).as_bytes(), None);
    assert_eq!(read(&kept.signed_hash).map(|read| read.said), Ok(phone.said.clone()));
    assert_eq!(read(&[1; 32]), Err(LineError::OtherName));
}
