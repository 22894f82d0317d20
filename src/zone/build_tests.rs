use super::testing::{build, name};
use super::*;
use crate::wire::rdata::Position;
use crate::wire::{Class, Rdata, Record, Serial, Ttl};

const HEAD: &str = "example. SOA
    example. NS ns.example.
    example. NS ns.example.org.
    ns.example. A 192.0.2.1";

/// The findings for lines added to a good zone, which begin on line 5.
fn findings(lines: &str) -> Vec<String> {
    let text = |flaw: String| flaw.trim_start_matches("zone:").to_owned();
    match build("example.", &format!("{HEAD}\n{lines}")) {
        Ok(built) => built.warnings.iter().map(|found| text(found.to_string())).collect(),
        Err(flaws) => flaws.iter().map(|flaw| text(flaw.to_string())).collect(),
    }
}

#[track_caller]
fn finds(lines: &str, expected: &[&str]) {
    assert_eq!(findings(lines), expected);
}

fn hash() -> String {
    "0f".repeat(28)
}

#[test]
fn a_good_zone() {
    let lines = format!(
        "{HEAD}
        4.4.msisdn.example. NS ns.4.4.msisdn.example.
        4.4.msisdn.example. DS
        ns.4.4.msisdn.example. A 192.0.2.4
        9.4.msisdn.example. ASSOC x
        {}._at.example.org.email.example. ASSOC x
        id.example.org._verifier.example. VCERT
        *.wild.example. TXT hello",
        hash()
    );
    let built = build("example.", &lines).unwrap();
    assert_eq!(built.warnings, []);
    assert_eq!(built.associations.len(), 2);
    assert_eq!(built.zone.sets().len(), 8);
    assert!(built.zone.sets().iter().all(|set| set.rtype != Rtype::ASSOC));
    assert_eq!(built.zone.soa().serial, Serial(1));
    let [cut] = built.zone.delegations() else { panic!("one delegation") };
    assert_eq!(built.zone.set(cut.ns).name, name("4.4.msisdn.example."));
    assert_eq!(built.zone.set(cut.ds.unwrap()).rtype, Rtype::DS);
    let [address] = cut.addresses[..] else { panic!("one address") };
    assert!(address.required && !address.authoritative);
    let [address] = built.zone.apex_addresses() else { panic!("one address") };
    assert!(!address.required && address.authoritative);
}

#[test]
fn every_mistake_is_told_in_order() {
    finds(
        "a.example. CNAME b.example.
        a.example. TXT x
        b.other. A 192.0.2.1
        d.example. A 192.0.2.1
        d.example. SOA",
        &[
            "7:1: a.example.: a CNAME and other data (TXT) at the same name",
            "8:1: b.other.: not at or below the zone's name example.",
            "10:1: d.example.: SOA can only stand at the zone's name",
        ],
    );
}

#[test]
fn records_from_elsewhere_are_checked_too() {
    let record = |rtype, class| Record {
        name: name("example."),
        rtype,
        class,
        ttl: Ttl::default(),
        rdata: Rdata::new(vec![1]).unwrap(),
    };
    let place = master::Place { file: "here".into(), position: Position { line: 1, column: 1 } };
    let records =
        [record(Rtype::A, Class::IN), record(Rtype::ANY, Class::IN), record(Rtype::A, Class::CH)];
    let records = records.map(|record| (record, place.clone()));
    let found = Zone::build(&name("example."), records).unwrap_err();
    let texts: Vec<_> = found.iter().map(ToString::to_string).collect();
    let prefix = "here:1:1: example.: ";
    assert_eq!(
        texts[2],
        format!("{prefix}bad A data: 4 octets expected at offset 0, the data ends before")
    );
    assert_eq!(texts[3], format!("{prefix}ANY is no type of records"));
    assert_eq!(texts[4], format!("{prefix}a record of class CH in a zone of class IN"));
}

#[test]
fn a_zone_must_have_soa_and_ns() {
    let found = build("example.", "").unwrap_err();
    let texts: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "zone:1:1: example.: the zone has no SOA record",
            "zone:1:1: example.: the zone's name has no NS record"
        ]
    );
}

#[test]
fn name_servers_belong_in_the_tree() {
    finds("msisdn.example. NS ns.example.", &[]);
    finds(
        "4.4.msisdn.example. NS ns.example.org.",
        &["6:1: warning: 4.4.msisdn.example.: name server ns.example.org. lies outside the tree \
             example.: whoever walks the tree alone cannot find its address"],
    );
    let deep = |server: &str| {
        let lines = format!("4.msisdn.example. SOA\n4.msisdn.example. NS {server}");
        let built = build("4.msisdn.example.", &lines).unwrap();
        built.warnings.iter().map(|found| found.problem.clone()).collect::<Vec<_>>()
    };
    assert_eq!(deep("ns.com.email.example."), []);
    let (server, tree) = (name("ns.other."), name("example."));
    assert_eq!(deep("ns.other."), [Problem::ServerOutside(server, tree)]);
}

#[test]
fn records_that_cannot_be() {
    finds(
        "example. DS",
        &["6:1: example.: DS cannot stand at the zone's name: it belongs to the parent zone"],
    );
    finds("a.example. DS", &["6:1: a.example.: a DS where nothing is delegated (there is no NS)"]);
    finds(
        "a.example. DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
        &["6:1: a.example.: DNSKEY can only stand at the zone's name"],
    );
    finds("*.example. NS ns.example.", &["6:1: *.example.: NS cannot stand at a wildcard"]);
    finds("a.example. DNAME b.", &[]);
    finds(
        "a.example. DNAME b.
        a.example. DNAME c.",
        &["6:1: a.example.: more than one DNAME at the same name"],
    );
    finds(
        "a.example. DNAME b.
        x.a.example. TXT x
        x.y.a.example. TXT x",
        &[
            "7:1: x.a.example.: data below the DNAME of a.example.",
            "8:1: x.y.a.example.: data below the DNAME of a.example.",
        ],
    );
    finds(
        "a.example. DNAME b.
        a.example. NS ns.example.",
        &["6:1: a.example.: a DNAME and NS below the zone's name"],
    );
    finds(
        "a.example. CNAME b.
        a.example. CNAME c.",
        &["6:1: a.example.: more than one CNAME at the same name"],
    );
}

#[test]
fn ttls_that_differ() {
    let lines = format!("{HEAD}\na.example. 60 TXT x\na.example. 30 TXT y\na.example. 60 TXT y");
    let built = build("example.", &lines).unwrap();
    let set = built.zone.sets().iter().find(|set| set.rtype == Rtype::TXT).unwrap();
    assert_eq!((set.ttl, set.rdata.len()), (Ttl::from_secs(30), 2));
    let texts: Vec<_> = built.warnings.iter().map(ToString::to_string).collect();
    let text = "warning: a.example.: the TXT records have several TTLs, the lowest is taken";
    assert_eq!(texts, [format!("zone:7:1: {text}"), format!("zone:8:1: {text}")]);
}

#[test]
fn digests_have_their_length() {
    finds(
        "a.example. NS ns.a.
        a.example. DS 7 15 2 00
        a.example. DS 8 15 99 00
        b.example. TXT x",
        &[
            "6:1: warning: a.example.: name server ns.a. lies outside the tree example.: whoever \
             walks the tree alone cannot find its address",
            "7:1: warning: a.example.: the digest of DS 7 is not as long as its type says",
        ],
    );
}

#[test]
fn signatures_in_the_file_are_left_out() {
    finds(
        "a.example. RRSIG A 15 2 60 20300101000000 20200101000000 1 example. AAAA
        a.example. NSEC b.example. A
        b.example. NSEC example. A",
        &[
            "6:1: warning: a.example.: RRSIG is left out: the server makes its own",
            "7:1: warning: a.example.: NSEC is left out: the server makes its own",
        ],
    );
}

#[test]
fn glue() {
    let missing = "has no address here";
    finds(
        "a.example. NS ns.a.example.",
        &[&format!(
            "6:1: a.example.: name server ns.a.example. lies in what it serves and {missing}"
        )],
    );
    finds(
        "a.example. NS a.example.
        a.example. AAAA 2001:db8::1",
        &[],
    );
    finds("a.example. NS ns.b.example.\nb.example. NS ns.example.", &[]);
    finds(
        "a.example. NS x.example.",
        &["6:1: warning: a.example.: name server x.example. lies in this zone and has no address"],
    );
    finds("a.example. NS x.example.\n*.example. A 192.0.2.1", &[]);
    let hidden = "is left out: a.example. is delegated, and this is no address of its name servers";
    finds(
        "a.example. NS ns.a.example.
        a.example. TXT x
        ns.a.example. A 192.0.2.1
        ns.a.example. TXT x
        other.a.example. A 192.0.2.1",
        &[
            &format!("7:1: warning: a.example.: TXT {hidden}"),
            &format!("9:1: warning: ns.a.example.: TXT {hidden}"),
            &format!("10:1: warning: other.a.example.: A {hidden}"),
        ],
    );
}

#[test]
fn glue_of_siblings_is_kept() {
    let lines = format!(
        "{HEAD}
        a.example. NS ns.b.example.
        a.example. NS ns.a.example.
        b.example. NS ns.b.example.
        ns.a.example. A 192.0.2.1
        ns.b.example. A 192.0.2.2"
    );
    let zone = build("example.", &lines).unwrap().zone;
    let addresses = &zone.delegations()[0].addresses;
    let shown: Vec<_> =
        addresses.iter().map(|a| (zone.set(a.set).name.to_string(), a.required)).collect();
    assert_eq!(shown, [("ns.a.example.".to_owned(), true), ("ns.b.example.".to_owned(), false)]);
    assert!(addresses.iter().all(|address| !address.authoritative));
}

#[test]
fn associations_and_certificates_have_their_places() {
    let hash = hash();
    let nowhere = Problem::NoAssociationHere.to_string();
    for owner in ["a.example.", "msisdn.example.", "44.msisdn.example.", "0f._at.example."] {
        finds(&format!("{owner} ASSOC x"), &[&format!("6:1: {owner}: {nowhere}")]);
    }
    for owner in ["4.msisdn.example.", &format!("{hash}._id.example.")] {
        finds(&format!("{owner} ASSOC x"), &[]);
        let several = format!("6:1: {owner}: more than one ASSOC at the same name");
        finds(&format!("{owner} ASSOC x\n{owner} ASSOC y"), &[&several]);
        let only = format!("6:1: {owner}: {}", Problem::OnlyAssociations(Rtype::TXT));
        finds(&format!("{owner} TXT x"), &[&only]);
    }
    finds(
        "a.example. VCERT",
        &["6:1: a.example.: a VCERT can only stand below a label \"_verifier\""],
    );
    let hidden = findings("4.msisdn.example. NS ns.example.\n4.msisdn.example. ASSOC x");
    assert!(hidden[0].contains("warning: 4.msisdn.example.: ASSOC is left out"), "{hidden:?}");
}

#[test]
fn the_apex_can_be_a_digit_name() {
    let lines = "4.msisdn.example. SOA
        4.msisdn.example. NS ns.example.
        4.msisdn.example. TXT x
        4.msisdn.example. ASSOC x
        4.4.msisdn.example. NS ns.example.";
    let built = build("4.msisdn.example.", lines).unwrap();
    assert!(built.zone.apex_is_unwalkable() && built.warnings.is_empty());
    assert_eq!(built.associations.len(), 1);
}

#[test]
fn sets_put_at_the_apex_replace_those_of_their_types() {
    let lines = format!(
        "{HEAD}
        example. DNAME other.
        example. TXT x"
    );
    let lines =
        lines.replace("ns.example. A", "example. A").replace("NS ns.example.\n", "NS example.\n");
    let mut zone = build("example.", &lines).unwrap().zone;
    let soa = Soa { serial: Serial(9), ..zone.soa().clone() };
    let single = |rtype, rdata| Rrset::single(name("example."), rtype, Ttl::from_secs(1), rdata);
    let cds = single(Rtype::CDS, Rdata::new(vec![0, 0, 0, 0, 0]).unwrap());
    zone.put_at_apex(vec![single(Rtype::SOA, soa.to_rdata()), cds]);
    assert_eq!(zone.soa().serial, Serial(9));
    let types: Vec<Rtype> = zone.sets_at(NodeId::APEX).map(|(_, set)| set.rtype).collect();
    assert_eq!(types, [Rtype::A, Rtype::NS, Rtype::SOA, Rtype::TXT, Rtype::DNAME, Rtype::CDS]);
    let [address] = zone.apex_addresses() else { panic!("one address") };
    assert_eq!(zone.set(address.set).rtype, Rtype::A);
    let below = SearchName::of(&name("x.example."));
    let Outcome::Dname(set) = zone.lookup(&below, Rtype::A) else { panic!("a redirection") };
    assert_eq!(zone.set(set).rtype, Rtype::DNAME);
}
