//! Digit and person names tell nothing to whoever does not ask for the association itself.

use super::*;
use crate::wire::{Rcode, Rdata};

/// A zone with delegations, and with names that stand above digits.
const BARE: &str = "example. SOA
    example. NS ns.example.org.
    *.example. TXT x
    *.msisdn.example. TXT x
    *.4.msisdn.example. TXT x
    4.4.msisdn.example. NS ns.4.4.msisdn.example.
    ns.4.4.msisdn.example. A 192.0.2.1
    9.4.msisdn.example. NS ns.example.org.
    9.4.msisdn.example. DS
    ns.7.msisdn.example. A 192.0.2.1
    ns.6.7.msisdn.example. A 192.0.2.1
    www.example.org.email.example. A 192.0.2.1";

const HELD: [&str; 4] = [
    "8.4.msisdn.example.",
    "1.8.4.msisdn.example.",
    "3.2.1.0.0.9.0.0.7.7.8.4.5.6.7.msisdn.example.",
    "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f._at.example.org.email.example.",
];

/// The zone's lines with associations.
fn lines() -> String {
    let held: String = HELD.iter().map(|owner| format!("\n{owner} ASSOC alice")).collect();
    BARE.to_owned() + &held
}

/// The same zone with associations in its file and without.
fn servers() -> [Server; 2] {
    [lines(), BARE.to_owned()].map(|lines| Server::signed(&[("example.", &lines)]))
}

/// The same zone with a store that holds associations and with one that holds none.
fn stores() -> [Server; 2] {
    let stored = |held| stored("example.", &lines(), &[ZoneKey::KSK], held);
    [true, false].map(|held| Server::new(vec![stored(held)]))
}

/// Names that are held in one of the servers, above and below those, and elsewhere.
fn names() -> Vec<String> {
    let mut names: Vec<String> = HELD.iter().map(|&owner| owner.to_owned()).collect();
    let others = [
        "4.msisdn.example.",
        "7.msisdn.example.",
        "2.msisdn.example.",
        "6.5.4.3.2.1.7.6.5.4.3.2.1.2.1.msisdn.example.",
        "_at.example.org.email.example.",
        "x._at.example.org.email.example.",
        "x._id.elsewhere.example.",
        "1.msisdn.elsewhere.example.",
        "x.1.8.4.msisdn.example.",
        "x.2.8.4.msisdn.example.",
        "msisdn.example.",
        "example.org.email.example.",
    ];
    names.extend(others.map(str::to_owned));
    names.extend(HELD.iter().map(|owner| format!("x.{owner}")));
    names.extend(HELD.iter().map(|owner| format!("5.{owner}")));
    names
}

/// A type by its number; ASSOC is left out.
fn types(numbers: impl Iterator<Item = u16>) -> impl Iterator<Item = Rtype> {
    numbers.map(Rtype).filter(|rtype| *rtype != Rtype::ASSOC)
}

fn asks(owner: &str, rtype: Rtype) -> [Ask; 3] {
    let ask = Ask::new(&format!("{owner} {rtype}"));
    [ask.clone(), ask.clone().with_do(), ask.with_co()]
}

#[test]
fn held_and_not_held_answer_alike_to_the_octet() {
    answer_alike(&servers(), names());
}

/// Where there is a store, the domains of people do not tell whether they have any, either.
#[test]
fn held_in_a_store_and_not_held_answer_alike_to_the_octet() {
    let domains = ["email.example.", "elsewhere.example.", "a.example.org.email.example."];
    answer_alike(&stores(), names().into_iter().chain(domains.map(str::to_owned)).collect());
    for server in stores() {
        for owner in domains {
            let expected = format!("NOERROR aa; authority example. SOA RRSIG {owner} NSEC RRSIG");
            assert_eq!(server.securely(&format!("{owner} AAAA")), expected);
        }
        assert!(server.plainly("x.ns.7.msisdn.example. A").starts_with("NXDOMAIN"));
    }
}

fn answer_alike([held, bare]: &[Server; 2], names: Vec<String>) {
    let known = (0..110).chain([128, 249, 250, 251, 252, 253, 254, 255, 256, 257, 65302, 65535]);
    for owner in names {
        for rtype in types(known.clone()) {
            for ask in asks(&owner, rtype) {
                let packet = ask.0.encode();
                let answers = [held, bare].map(|server| server.packet(&packet, 1232));
                assert_eq!(answers[0], answers[1], "{owner} {rtype}");
            }
        }
    }
}

#[test]
fn every_type_is_denied_alike() {
    for [held, bare] in [servers(), stores()] {
        for rtype in types(0..=u16::MAX) {
            let packet = Ask::new(&format!("{} {rtype}", HELD[0])).0.encode();
            let answers = [&held, &bare].map(|server| server.packet(&packet, 512));
            assert_eq!(answers[0], answers[1], "{rtype}");
        }
    }
}

/// An answer with the name asked for and the signatures made by it taken out.
fn modulo_name(server: &Server, owner: &str, ask: &Ask) -> Vec<String> {
    let message = server.ask(ask);
    server.judge(&message);
    let records = [&message.answer, &message.authority, &message.additional];
    let lines = records.into_iter().flatten().map(|record| {
        let Record { name, rtype, ttl, rdata, .. } = record;
        let data = match *rtype {
            Rtype::RRSIG => {
                let rrsig = Rrsig::parse(rdata).unwrap();
                format!("{:?}", Rrsig { signature: vec![], ..rrsig })
            }
            Rtype::NSEC => format!("{:?}", Nsec::parse(rdata).unwrap()),
            _ => format!("{rdata:?}"),
        };
        format!("{name} {ttl} {rtype} {data}").replace(owner, "<name>")
    });
    [show(&message).replace(owner, "<name>")].into_iter().chain(lines).collect()
}

/// Digit names as long as each other: held, above a name of the tree, below one, and elsewhere.
#[test]
fn digit_names_answer_alike_modulo_the_name() {
    for [server, _] in [servers(), stores()] {
        digit_names_answer_alike(&server);
    }
}

fn digit_names_answer_alike(server: &Server) {
    let held = "8.4.msisdn.example.";
    for rtype in types((0..110).chain([255, 256, 65302])) {
        for number in 0..3 {
            let alike = ["6.7.msisdn.example.", "8.7.msisdn.example.", "2.2.msisdn.example."];
            let answer = |owner: &str| modulo_name(server, owner, &asks(owner, rtype)[number]);
            let expected = answer(held);
            for owner in alike {
                assert_eq!(answer(owner), expected, "{owner} {rtype}");
            }
        }
    }
}

#[test]
fn what_is_told() {
    for [server, _] in [servers(), stores()] {
        tells(&server);
    }
}

fn tells(server: &Server) {
    let soa = "; authority example. SOA RRSIG";
    let not_there = "2.msisdn.example. NSEC RRSIG";
    let there = "8.4.msisdn.example. NSEC RRSIG";
    let cases = [
        ("2.msisdn.example. ASSOC", format!("NOERROR aa{soa} {not_there}")),
        ("2.msisdn.example. TXT", format!("NOERROR aa{soa} {not_there}")),
        ("8.4.msisdn.example. TXT", format!("NOERROR aa{soa} {there}")),
        ("8.4.msisdn.example. NSEC", format!("NOERROR aa; answer {there}")),
        ("8.4.msisdn.example. ANY", format!("NOERROR aa; answer {there}")),
        ("8.4.msisdn.example. RRSIG", "NOERROR aa; answer 8.4.msisdn.example. RRSIG".to_owned()),
        ("x.8.4.msisdn.example. TXT", format!("NOERROR aa{soa} x.{there}")),
        ("msisdn.example. TXT", format!("NOERROR aa{soa} msisdn.example. NSEC RRSIG")),
    ];
    for (question, expected) in cases {
        assert_eq!(server.securely(question), expected, "{question}");
    }
    let nsec = |question: &str| server.nsec(&Ask::new(question).with_do());
    let next = "60 \\000.2.msisdn.example. RRSIG NSEC";
    assert_eq!(nsec("2.msisdn.example. ASSOC"), format!("2.msisdn.example. {next}"));
    assert_eq!(nsec("2.msisdn.example. TXT"), format!("2.msisdn.example. {next} ASSOC"));
    let person = nsec(&format!("{} ANY", HELD[3]));
    assert!(person.ends_with("RRSIG NSEC ASSOC"), "{person}");
    assert!(nsec("x.2.msisdn.example. TXT").ends_with("NXNAME"));
    let sixteen = format!("{}msisdn.example. TXT", "1.".repeat(16));
    assert!(nsec(&sixteen).ends_with("NXNAME"));
}

#[test]
fn delegations_win() {
    for [server, _] in [servers(), stores()] {
        refers(&server);
    }
}

fn refers(server: &Server) {
    let first = "NOERROR; authority 4.4.msisdn.example. NS NSEC RRSIG; additional";
    for owner in ["4.4.msisdn.example.", "1.4.4.msisdn.example.", "x._at.4.4.msisdn.example."] {
        for qtype in ["ASSOC", "TXT", "ANY", "NSEC", "RRSIG"] {
            let shown = server.securely(&format!("{owner} {qtype}"));
            assert!(shown.starts_with(first), "{shown}");
        }
    }
    let secure = "NOERROR; authority 9.4.msisdn.example. NS DS RRSIG";
    assert_eq!(server.securely("1.9.4.msisdn.example. ASSOC"), secure);
    assert_eq!(
        server.nsec(&Ask::new("4.4.msisdn.example. DS").with_do()),
        "4.4.msisdn.example. 60 4\\000.4.msisdn.example. NS RRSIG NSEC"
    );
}

/// A ported number: the zone's name is the number, and holds the association.
#[test]
fn the_apex_can_hold_the_association() {
    let lines = "1.msisdn.example. SOA\n1.msisdn.example. NS ns.example.org.\n";
    let held = format!("{lines}1.msisdn.example. ASSOC alice");
    let apex = "1.msisdn.example.";
    apex_holds([&held, lines].map(|lines| Server::signed(&[(apex, lines)])));
    let stored = |is_held| stored(apex, &held, &[ZoneKey::KSK], is_held);
    apex_holds([true, false].map(|is_held| Server::new(vec![stored(is_held)])));
}

fn apex_holds(servers: [Server; 2]) {
    let answer = servers[0].securely("1.msisdn.example. ASSOC");
    assert_eq!(answer, "NOERROR aa; answer 1.msisdn.example. ASSOC RRSIG");
    let types = "NS SOA RRSIG NSEC DNSKEY CDS CDNSKEY";
    let next = "1.msisdn.example. 60 \\000.1.msisdn.example.";
    let nsec = |qtype: &str| {
        let question = format!("1.msisdn.example. {qtype}");
        servers.each_ref().map(|server| server.nsec(&Ask::new(&question).with_do()))
    };
    for qtype in ["TXT", "DS", "ANY", "NSEC"] {
        assert_eq!(nsec(qtype), [(); 2].map(|()| format!("{next} {types} ASSOC")), "{qtype}");
    }
    let question = Ask::new("1.msisdn.example. ASSOC").with_do();
    assert_eq!(servers[1].nsec(&question), format!("{next} {types}"));
    for qtype in ["RRSIG", "SOA", "NS", "DNSKEY", "CDS", "TXT", "ANY", "NSEC"] {
        for ask in asks("1.msisdn.example.", qtype.parse().unwrap()) {
            let packet = ask.0.encode();
            let answers = servers.each_ref().map(|server| server.packet(&packet, 1232));
            assert_eq!(answers[0], answers[1], "{qtype}");
        }
    }
}

/// RFC 4471 section 3.1.2: where a label or a name is full, the next name is beside it.
#[test]
fn full_labels_and_names() {
    let full = |last: &str| {
        let label = "a".repeat(63);
        format!("{}.{label}.{label}.{last}._at.example.", "b".repeat(50))
    };
    let [server, _] = servers();
    let owner = full(&"c".repeat(62));
    assert_eq!(name(&owner).as_wire().len(), 255);
    let nsec =
        |owner: &str, qtype: &str| server.nsec(&Ask::new(&format!("{owner} {qtype}")).with_do());
    let read = nsec(&owner, "TXT");
    let next = read.split(' ').nth(2).unwrap();
    assert!(name(next) > name(&owner) && name(next).as_wire().len() <= 255, "{read}");
    assert!(read.ends_with("RRSIG NSEC ASSOC"));
    let label = "z".repeat(63);
    assert_eq!(
        nsec(&format!("{label}._at.example."), "ASSOC"),
        format!("{label}._at.example. 60 \\000.{label}._at.example. RRSIG NSEC")
    );
}

/// Nobody's data can be had by asking for it under another type or name.
#[test]
fn the_data_comes_with_its_type_alone() {
    for [server, _] in [servers(), stores()] {
        keeps_its_data(&server);
    }
}

fn keeps_its_data(server: &Server) {
    let held = server.ask(&Ask::new(&format!("{} ASSOC", HELD[0]))).answer[0].rdata.clone();
    let has = |rdata: &Rdata, octets: &[u8]| {
        octets.windows(rdata.octets().len()).any(|window| window == rdata.octets())
    };
    for owner in names() {
        for qtype in ["ANY", "RRSIG", "NSEC", "TXT", "TYPE65303"] {
            for ask in asks(&owner, qtype.parse().unwrap()) {
                assert!(!has(&held, &server.packet(&ask.0.encode(), 65535)), "{owner} {qtype}");
            }
        }
    }
    let answer = server.ask(&Ask::new("2.4.msisdn.example. ASSOC"));
    assert!(answer.rcode == Rcode::NOERROR && answer.answer.is_empty());
}
