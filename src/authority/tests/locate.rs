//! Where names lie.

use std::sync::Arc;

use super::super::{Index, Place};
use super::*;
#[test]
fn statements_go_to_the_zone_that_keeps_them() {
    let store = |apex: &str, lines: &str| {
        let (zone, keys) = (build(apex, lines).unwrap().zone, keys(apex, &[ZoneKey::KSK]));
        let associations = Associated::Store(Arc::new(Index::new(&name(apex), 0)));
        ServedZone::new(zone, associations, keys, Policy::default(), NOW).unwrap()
    };
    let top = "@ SOA\n@ NS ns.example.org.\n4.4.msisdn NS ns.example.org.\n\
               9.4.msisdn NS ns.example.org.\nd.email DNAME elsewhere.";
    let leaf = "@ SOA\n@ NS ns.example.org.\n5 NS ns.example.org.";
    let authority = Server::new(vec![
        store("example.", top),
        store("4.4.msisdn.example.", leaf),
        served("file.", leaf, &[]),
    ])
    .authority;
    let locate = |text: &str| authority.locate(&name(text));
    let hosted = |zone: &str| Place::Hosted { zone: name(zone) };
    let delegated = |zone: &str, cut: &str| Place::Delegated { zone: name(zone), cut: name(cut) };
    let person = format!("{}._at.a.example.email.example.", "0f".repeat(28));
    let cases = [
        ("1.4.Msisdn.Example.", hosted("example.")),
        (&person, hosted("example.")),
        ("1.9.4.msisdn.example.", delegated("example.", "9.4.msisdn.example.")),
        ("9.4.msisdn.example.", delegated("example.", "9.4.msisdn.example.")),
        ("1.4.4.msisdn.example.", hosted("4.4.msisdn.example.")),
        ("4.4.msisdn.example.", hosted("4.4.msisdn.example.")),
        ("1.5.4.4.msisdn.example.", delegated("4.4.msisdn.example.", "5.4.4.msisdn.example.")),
        ("a.example.", Place::Elsewhere),
        ("1._at.d.email.example.", Place::Elsewhere),
        ("1.msisdn.file.", Place::Elsewhere),
        ("1.5.file.", delegated("file.", "5.file.")),
        ("1.msisdn.other.", Place::Elsewhere),
    ];
    for (text, expected) in cases {
        assert_eq!(locate(text), expected, "{text}");
    }
}
