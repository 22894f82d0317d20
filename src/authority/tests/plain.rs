//! Zones without keys: RFC 1034, and what later rules make of it.

use super::*;
use crate::wire::{EdeCode, EdnsCode, Flags, Opcode, Rcode, Ttl};

const EXAMPLE: &str = "example. SOA
    example. NS ns.example.
    example. NS ns.cut.example.
    ns.example. A 192.0.2.1
    ns.example. AAAA 2001:db8::1
    cut.example. NS ns.cut.example.
    cut.example. NS ns.example.
    cut.example. DS
    ns.cut.example. A 192.0.2.2
    child.example. NS ns.example.
    alias.example. CNAME ns.example.
    chain.example. CNAME alias.example.
    away.example. CNAME www.elsewhere.
    lost.example. CNAME nowhere.example.
    into.example. CNAME x.child.example.
    down.example. CNAME x.cut.example.
    round.example. CNAME about.example.
    about.example. CNAME round.example.
    self.example. CNAME self.example.
    *.wild.example. TXT hello
    *.alias.wild.example. CNAME ns.example.
    moved.example. DNAME child.example.
    loop.example. DNAME x.loop.example.
    long.example. DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.
    deep.down.here.example. TXT x
    text.example. TXT one
    text.example. A 192.0.2.3";

const CHILD: &str = "child.example. SOA
    child.example. NS ns.example.
    x.child.example. A 192.0.2.9
    x.y.child.example. CNAME ns.example.";

fn server() -> Server {
    Server::unsigned(&[("example.", EXAMPLE), ("child.example.", CHILD)])
}

#[track_caller]
fn check(server: &Server, cases: &[(&str, &str)]) {
    for (question, expected) in cases {
        assert_eq!(server.plainly(question), *expected, "{question}");
    }
}

#[test]
fn answers() {
    let soa = "; authority example. SOA";
    check(
        &server(),
        &[
            ("ns.example. A", "NOERROR aa; answer ns.example. A"),
            (
                "example. NS",
                "NOERROR aa; answer example. NS NS; additional ns.example. A AAAA ns.cut.example. A",
            ),
            ("x.wild.example. TXT", "NOERROR aa; answer x.wild.example. TXT"),
            ("text.example. ANY", "NOERROR aa; answer text.example. A"),
            ("x.wild.example. ANY", "NOERROR aa; answer x.wild.example. TXT"),
            ("alias.example. ANY", "NOERROR aa; answer alias.example. CNAME"),
            ("text.example. MX", &format!("NOERROR aa{soa}")),
            ("x.wild.example. MX", &format!("NOERROR aa{soa}")),
            ("down.here.example. TXT", &format!("NOERROR aa{soa}")),
            ("down.here.example. ANY", &format!("NOERROR aa{soa}")),
            ("text.example. RRSIG", &format!("NOERROR aa{soa}")),
            ("text.example. NSEC", &format!("NOERROR aa{soa}")),
            ("nowhere.example. A", &format!("NXDOMAIN aa{soa}")),
            ("nowhere.example. ANY", &format!("NXDOMAIN aa{soa}")),
            ("x.text.example. A", &format!("NXDOMAIN aa{soa}")),
        ],
    );
}

#[test]
fn referrals() {
    let cut =
        "NOERROR; authority cut.example. NS NS; additional ns.cut.example. A ns.example. A AAAA";
    check(
        &server(),
        &[
            ("cut.example. A", cut),
            ("cut.example. NS", cut),
            ("x.y.cut.example. A", cut),
            ("ns.cut.example. A", cut),
            ("cut.example. ANY", cut),
            ("cut.example. DS", "NOERROR aa; answer cut.example. DS"),
            ("x.cut.example. DS", cut),
        ],
    );
}

#[test]
fn the_longest_zone_answers_but_for_ds() {
    let server = server();
    check(
        &server,
        &[
            ("child.example. SOA", "NOERROR aa; answer child.example. SOA"),
            ("x.child.example. A", "NOERROR aa; answer x.child.example. A"),
            ("z.child.example. A", "NXDOMAIN aa; authority child.example. SOA"),
            ("child.example. DS", "NOERROR aa; authority example. SOA"),
            ("example. DS", "NOERROR aa; authority example. SOA"),
            ("x.child.example. DS", "NOERROR aa; authority child.example. SOA"),
        ],
    );
    let alone = Server::unsigned(&[("child.example.", CHILD)]);
    check(&alone, &[("child.example. DS", "NOERROR aa; authority child.example. SOA")]);
}

#[test]
fn aliases_are_followed_as_far_as_zones_are_served() {
    let alias = "alias.example. CNAME ns.example. A";
    check(
        &server(),
        &[
            ("alias.example. A", &format!("NOERROR aa; answer {alias}")),
            ("alias.example. CNAME", "NOERROR aa; answer alias.example. CNAME"),
            ("chain.example. A", &format!("NOERROR aa; answer chain.example. CNAME {alias}")),
            (
                "chain.example. MX",
                "NOERROR aa; answer chain.example. CNAME alias.example. CNAME; authority example. SOA",
            ),
            ("away.example. A", "NOERROR aa; answer away.example. CNAME"),
            ("lost.example. A", "NXDOMAIN aa; answer lost.example. CNAME; authority example. SOA"),
            ("into.example. A", "NOERROR aa; answer into.example. CNAME x.child.example. A"),
            ("down.example. A", "NOERROR aa; answer down.example. CNAME"),
            ("round.example. A", "NOERROR aa; answer round.example. CNAME about.example. CNAME"),
            ("self.example. A", "NOERROR aa; answer self.example. CNAME"),
            (
                "y.alias.wild.example. A",
                "NOERROR aa; answer y.alias.wild.example. CNAME ns.example. A",
            ),
        ],
    );
}

#[test]
fn only_so_many_aliases_are_followed() {
    let mut lines = "example. SOA\nexample. NS ns.example.org.\n".to_owned();
    for number in 0..20 {
        lines.push_str(&format!("a{number}.example. CNAME a{}.example.\n", number + 1));
    }
    let server = Server::unsigned(&[("example.", &lines)]);
    assert_eq!(server.ask(&Ask::new("a0.example. A")).answer.len(), 8);
    let show = server.plainly("a12.example. A");
    assert!(show.starts_with("NXDOMAIN") && show.contains("a19.example. CNAME"), "{show}");
}

#[test]
fn redirections() {
    let dname = "NOERROR aa; answer moved.example. DNAME";
    check(
        &server(),
        &[
            ("x.moved.example. A", &format!("{dname} x.moved.example. CNAME x.child.example. A")),
            ("x.moved.example. CNAME", &format!("{dname} x.moved.example. CNAME")),
            (
                "X.y.moved.example. AAAA",
                &format!(
                    "{dname} x.y.moved.example. CNAME x.y.child.example. CNAME ns.example. AAAA"
                )
                .replace("x.y.moved", "X.y.moved")
                .replace("x.y.child", "X.y.child"),
            ),
            ("moved.example. A", "NOERROR aa; authority example. SOA"),
            ("moved.example. DNAME", dname),
            ("y.loop.example. A", "NOERROR aa; answer loop.example. DNAME y.loop.example. CNAME"),
        ],
    );
    let long = format!("{}.{}.{}.long.example. A", "b".repeat(63), "b".repeat(63), "b".repeat(60));
    let answer = "YXDOMAIN aa; answer long.example. DNAME";
    assert_eq!(server().plainly(&long), answer);
    let fits = server().ask(&Ask::new(&long[50..]));
    assert_eq!((fits.rcode, fits.answer.len()), (Rcode::NXDOMAIN, 2));
    assert_eq!(fits.answer[1].ttl, fits.answer[0].ttl);
}

#[test]
fn negative_answers_are_short_lived() {
    let server = Server::unsigned(&[
        ("a.", "a. SOA\na. NS ns.example."),
        ("b.", "b. 40 SOA\nb. NS ns.example."),
        ("c.", "c. 40 SOA ns.example. h.example. 1 1 1 1 30\nc. NS ns.example."),
    ]);
    for (question, ttl) in [("x.a. A", 60), ("x.b. A", 40), ("c. A", 30)] {
        assert_eq!(server.ask(&Ask::new(question)).authority[0].ttl, Ttl::from_secs(ttl));
    }
    assert_eq!(server.ask(&Ask::new("a. SOA")).answer[0].ttl, Ttl::from_secs(3600));
}

#[test]
fn what_is_not_served_is_refused() {
    let server = server();
    let ede = |message: &Message| {
        let edns = message.edns.clone().unwrap();
        edns.extended_errors().next().map(|error| error.code)
    };
    let ask = |question: &str| Ask::new(question).with_options(vec![]);
    let not_served = Some(EdeCode::NOT_AUTHORITATIVE);
    let refused = server.ask(&ask("other. A"));
    assert_eq!((show(&refused).as_str(), ede(&refused)), ("REFUSED", not_served));
    for class in [Class::CH, Class::ANY, Class::NONE, Class(0)] {
        let mut ask = ask("example. SOA");
        ask.0.question.as_mut().unwrap().class = class;
        let refused = server.ask(&ask);
        assert_eq!((show(&refused).as_str(), ede(&refused)), ("REFUSED", not_served), "{class}");
    }
    let types = [
        ("NXNAME", "FORMERR", Some(EdeCode::INVALID_QUERY_TYPE)),
        ("OPT", "FORMERR", Some(EdeCode::INVALID_QUERY_TYPE)),
        ("TSIG", "FORMERR", Some(EdeCode::INVALID_QUERY_TYPE)),
        ("TYPE0", "FORMERR", Some(EdeCode::INVALID_QUERY_TYPE)),
        ("MAILB", "NOTIMP", Some(EdeCode::NOT_SUPPORTED)),
        ("AXFR", "REFUSED", Some(EdeCode::PROHIBITED)),
        ("IXFR", "REFUSED", Some(EdeCode::PROHIBITED)),
    ];
    for (qtype, rcode, code) in types {
        for owner in ["example.", "1.msisdn.example.", "other."] {
            let refused = server.ask(&ask(&format!("{owner} {qtype}")));
            assert_eq!((show(&refused).as_str(), ede(&refused)), (rcode, code), "{qtype}");
        }
    }
}

#[test]
fn bits_and_options() {
    let server = server();
    let nsid = EdnsOption { code: EdnsCode::NSID, data: Vec::new().into() };
    let mut ask = Ask::new("nS.eXample. A").with_options(vec![nsid]);
    ask.0.id = 4711;
    ask.0.flags = Flags { recursion_desired: true, checking_disabled: true, ..Flags::default() };
    let answer = server.ask(&ask);
    let flags =
        Flags { response: true, authoritative: true, recursion_desired: true, ..Flags::default() };
    assert_eq!((answer.id, answer.opcode, answer.flags), (4711, Opcode::QUERY, flags));
    assert_eq!(answer.question.unwrap().name.to_string(), "nS.eXample.");
    assert_eq!(answer.answer[0].name.to_string(), "nS.eXample.");
    let edns = answer.edns.unwrap();
    assert_eq!(edns.option(EdnsCode::NSID).unwrap(), "ns1");
    assert!(!edns.dnssec_ok && edns.udp_size == 1232 && edns.version == 0);
    assert_eq!(server.ask(&Ask::new("example. SOA")).edns, None);
    let secure = server.ask(&Ask::new("nowhere.example. A").with_co());
    assert!(secure.edns.is_some_and(|edns| edns.dnssec_ok && edns.compact_ok));
    assert_eq!(secure.rcode, Rcode::NXDOMAIN);
}

#[test]
fn what_does_not_fit_is_left_out() {
    let mut lines = "example. SOA\nexample. NS ns.example.org.\n".to_owned();
    for number in 0..40 {
        lines.push_str(&format!("big.example. AAAA 2001:db8::{number}\n"));
        lines.push_str(&format!("cut.example. NS n{number}.cut.example.\n"));
        lines.push_str(&format!("n{number}.cut.example. AAAA 2001:db8::{number}\n"));
        if number < 12 {
            lines.push_str(&format!("some.example. NS n{number}.other.example.\n"));
            lines.push_str(&format!("n{number}.other.example. AAAA 2001:db8::{number}\n"));
        }
    }
    let server = Server::unsigned(&[("example.", &lines)]);
    let ask = |question: &str, limit| show(&server.ask(&Ask::new(question).within(limit)));
    assert_eq!(ask("big.example. AAAA", 512), "NOERROR aa tc");
    assert!(!ask("big.example. AAAA", 1232).contains("tc"));
    assert_eq!(ask("cut.example. AAAA", 512), "NOERROR tc");
    let half = ask("cut.example. AAAA", 1232);
    assert!(half.starts_with("NOERROR tc; authority") && half.contains("additional n0"), "{half}");
    assert!(!ask("cut.example. AAAA", 65535).contains("tc"));
    // Addresses that can be found elsewhere are left out without a word.
    let some = ask("some.example. A", 512);
    assert!(some.starts_with("NOERROR; authority") && !some.contains("n11.other"), "{some}");
}

#[test]
fn associations_are_served() {
    let lines = "example. SOA
        example. NS ns.example.org.
        1.msisdn.example. 86400 ASSOC alice";
    let server = Server::unsigned(&[("example.", lines)]);
    check(
        &server,
        &[
            ("1.msisdn.example. ASSOC", "NOERROR aa; answer 1.msisdn.example. ASSOC"),
            ("1.MSISDN.Example. ASSOC", "NOERROR aa; answer 1.MSISDN.Example. ASSOC"),
            ("2.msisdn.example. ASSOC", "NOERROR aa; authority example. SOA"),
            ("1.msisdn.example. ANY", "NOERROR aa; authority example. SOA"),
            ("msisdn.example. ASSOC", "NOERROR aa; authority example. SOA"),
            ("x.1.msisdn.example. ASSOC", "NXDOMAIN aa; authority example. SOA"),
        ],
    );
    let answer = server.ask(&Ask::new("1.msisdn.example. ASSOC")).answer;
    assert_eq!(answer[0].ttl, Ttl::from_secs(3600));
}

#[test]
fn a_zone_is_served_once_and_with_its_own_keys() {
    let zone = || served("example.", EXAMPLE, &[]);
    let twice = Authority::new(vec![zone(), zone()]).unwrap_err();
    assert_eq!(twice.to_string(), "the zone example. is given twice");
    let built = build("example.", EXAMPLE).unwrap();
    let keys = keys("other.", &[ZoneKey::KSK]);
    let file = Associated::File(vec![]);
    let foreign = ServedZone::new(built.zone, file, keys, Policy::default(), NOW).unwrap_err();
    assert_eq!(foreign.to_string(), "a key of other. cannot sign the zone example.");
}
