//! Zones with keys: DNSSEC (RFC 4035), compact denial (RFC 9824).

use super::*;
use crate::dnssec::canonical;
use crate::wire::rdata::{Dnskey, Ds};
use crate::wire::{Rcode, Rdata, Ttl};

const EXAMPLE: &str = "example. SOA
    example. NS ns.example.
    ns.example. A 192.0.2.1
    Upper.Example. TXT x
    cut.example. NS ns.cut.example.
    cut.example. DS
    ns.cut.example. A 192.0.2.2
    bare.example. NS ns.example.
    full.example. NS ns.bare.example.
    ns.bare.example. A 192.0.2.3
    alias.example. CNAME ns.example.
    lost.example. CNAME nowhere.example.
    *.wild.example. TXT x
    *.wild.example. CAA 0 issue x
    *.away.example. CNAME ns.example.
    moved.example. DNAME wild.example.
    down.here.example. TXT x
    telco.example._verifier.example. 86400 VCERT
    1.msisdn.example. ASSOC alice";

fn server() -> Server {
    Server::signed(&[("example.", EXAMPLE)])
}

#[track_caller]
fn check(server: &Server, cases: &[(&str, &str)]) {
    for (question, expected) in cases {
        assert_eq!(server.securely(question), *expected, "{question}");
        server.judge(&server.ask(&Ask::new(question).with_do()));
    }
}

const SOA: &str = "; authority example. SOA RRSIG";

#[test]
fn answers_have_signatures() {
    check(
        &server(),
        &[
            ("ns.example. A", "NOERROR aa; answer ns.example. A RRSIG"),
            ("uppER.example. TXT", "NOERROR aa; answer uppER.example. TXT RRSIG"),
            ("example. NS", "NOERROR aa; answer example. NS RRSIG; additional ns.example. A RRSIG"),
            (
                "alias.example. A",
                "NOERROR aa; answer alias.example. CNAME RRSIG ns.example. A RRSIG",
            ),
            ("x.y.wild.example. TXT", "NOERROR aa; answer x.y.wild.example. TXT RRSIG"),
            (
                "x.away.example. A",
                "NOERROR aa; answer x.away.example. CNAME RRSIG ns.example. A RRSIG",
            ),
            (
                "x.moved.example. TXT",
                "NOERROR aa; answer moved.example. DNAME RRSIG x.moved.example. CNAME \
                 x.wild.example. TXT RRSIG",
            ),
            ("1.msisdn.example. ASSOC", "NOERROR aa; answer 1.msisdn.example. ASSOC RRSIG"),
        ],
    );
    assert_eq!(server().plainly("ns.example. A"), "NOERROR aa; answer ns.example. A");
    assert_eq!(server().plainly("x.wild.example. TXT"), "NOERROR aa; answer x.wild.example. TXT");
}

/// RFC 9824 section 3.3: nothing shows that it comes from a wildcard.
#[test]
fn wildcards_sign_as_if_the_name_existed() {
    let server = server();
    for question in ["x.y.wild.example. TXT", "x.away.example. CNAME", "X.y.wild.example. CAA"] {
        let (bare, proved) = server.judge(&server.ask(&Ask::new(question).with_do()));
        assert!(bare.is_empty() && proved.iter().all(|(_, verified)| verified.wildcard.is_none()));
    }
}

#[test]
fn denials_are_compact() {
    let nsec = |owner: &str| format!("{SOA} {owner} NSEC RRSIG");
    let there = |owner: &str| format!("NOERROR aa{}", nsec(owner));
    check(
        &server(),
        &[
            ("nowhere.example. A", &there("nowhere.example.")),
            ("ns.example. TXT", &there("ns.example.")),
            ("x.wild.example. A", &there("x.wild.example.")),
            ("here.example. A", &there("here.example.")),
            ("x.down.here.example. A", &there("x.down.here.example.")),
            ("x.alias.example. A", &there("x.alias.example.")),
            (
                "lost.example. A",
                &format!(
                    "NOERROR aa; answer lost.example. CNAME RRSIG{}",
                    nsec("nowhere.example.")
                ),
            ),
        ],
    );
    let cases = [
        ("nowhere.example. A", "nowhere.example. 60 \\000.nowhere.example. RRSIG NSEC NXNAME"),
        ("x.text.example. A", "x.text.example. 60 \\000.x.text.example. RRSIG NSEC NXNAME"),
        ("ns.example. TXT", "ns.example. 60 \\000.ns.example. A RRSIG NSEC"),
        ("here.example. TXT", "here.example. 60 \\000.here.example. RRSIG NSEC"),
        ("x.y.wild.example. A", "x.y.wild.example. 60 \\000.x.y.wild.example. TXT RRSIG NSEC CAA"),
        ("wild.example. TXT", "wild.example. 60 \\000.wild.example. RRSIG NSEC"),
        ("moved.example. A", "moved.example. 60 \\000.moved.example. DNAME RRSIG NSEC"),
        ("UPPER.example. A", "UPPER.example. 60 \\000.upper.example. TXT RRSIG NSEC"),
        ("msisdn.example. A", "msisdn.example. 60 \\000.msisdn.example. RRSIG NSEC"),
        ("example. A", "example. 60 \\000.example. NS SOA RRSIG NSEC DNSKEY CDS CDNSKEY"),
        ("example. DS", "example. 60 \\000.example. NS SOA RRSIG NSEC DNSKEY CDS CDNSKEY"),
        ("bare.example. DS", "bare.example. 60 bare\\000.example. NS RRSIG NSEC"),
    ];
    for (question, expected) in cases {
        assert_eq!(server().nsec(&Ask::new(question).with_do()), expected, "{question}");
    }
}

#[test]
fn nonexistence_is_called_so_to_who_takes_it() {
    let server = server();
    let with_co = |question: &str| show(&server.ask(&Ask::new(question).with_co()));
    let nxdomain = format!("NXDOMAIN aa{SOA} nowhere.example. NSEC RRSIG");
    assert_eq!(with_co("nowhere.example. A"), nxdomain);
    for qtype in ["ANY", "NSEC", "RRSIG"] {
        assert_eq!(with_co(&format!("nowhere.example. {qtype}")), nxdomain, "{qtype}");
        let plain = server.plainly(&format!("nowhere.example. {qtype}"));
        assert_eq!(plain, "NXDOMAIN aa; authority example. SOA", "{qtype}");
    }
    assert_eq!(server.plainly("nowhere.example. A"), "NXDOMAIN aa; authority example. SOA");
    assert_eq!(server.plainly("lost.example. A").split(';').next(), Some("NXDOMAIN aa"));
    let exists = format!("NOERROR aa{SOA} here.example. NSEC RRSIG");
    assert_eq!(with_co("here.example. A"), exists);
}

#[test]
fn all_of_a_name() {
    check(
        &server(),
        &[
            ("ns.example. ANY", "NOERROR aa; answer ns.example. A RRSIG"),
            ("ns.example. RRSIG", "NOERROR aa; answer ns.example. RRSIG"),
            ("ns.example. NSEC", "NOERROR aa; answer ns.example. NSEC RRSIG"),
            ("alias.example. NSEC", "NOERROR aa; answer alias.example. NSEC RRSIG"),
            ("alias.example. ANY", "NOERROR aa; answer alias.example. CNAME RRSIG"),
            ("here.example. ANY", "NOERROR aa; answer here.example. NSEC RRSIG"),
            ("here.example. RRSIG", "NOERROR aa; answer here.example. RRSIG"),
            ("x.wild.example. ANY", "NOERROR aa; answer x.wild.example. NSEC RRSIG"),
            ("nowhere.example. ANY", "NOERROR aa; answer nowhere.example. NSEC RRSIG"),
            ("nowhere.example. NSEC", "NOERROR aa; answer nowhere.example. NSEC RRSIG"),
            ("nowhere.example. RRSIG", "NOERROR aa; answer nowhere.example. RRSIG"),
            (
                "bare.example. NSEC",
                "NOERROR; authority bare.example. NS NSEC RRSIG; additional ns.example. A RRSIG",
            ),
        ],
    );
    let plain = [
        ("ns.example. ANY", "NOERROR aa; answer ns.example. A"),
        ("ns.example. RRSIG", "NOERROR aa; answer ns.example. RRSIG"),
        ("ns.example. NSEC", "NOERROR aa; answer ns.example. NSEC"),
        ("here.example. ANY", "NOERROR aa; answer here.example. NSEC"),
    ];
    for (question, expected) in plain {
        assert_eq!(server().plainly(question), expected, "{question}");
    }
}

#[test]
fn referrals_prove_their_security() {
    let server = server();
    let glue = "additional ns.cut.example. A";
    check(
        &server,
        &[
            ("x.cut.example. A", &format!("NOERROR; authority cut.example. NS DS RRSIG; {glue}")),
            ("cut.example. DS", "NOERROR aa; answer cut.example. DS RRSIG"),
            (
                "bare.example. A",
                "NOERROR; authority bare.example. NS NSEC RRSIG; additional ns.example. A RRSIG",
            ),
            (
                "full.example. A",
                "NOERROR; authority full.example. NS NSEC RRSIG; additional ns.bare.example. A",
            ),
            ("bare.example. DS", &format!("NOERROR aa{SOA} bare.example. NSEC RRSIG")),
        ],
    );
    let (bare, _) = server.judge(&server.ask(&Ask::new("x.cut.example. A").with_do()));
    let bare: Vec<_> = bare.iter().map(|set| (set.name.to_string(), set.rtype)).collect();
    let expected =
        [("cut.example.".to_owned(), Rtype::NS), ("ns.cut.example.".to_owned(), Rtype::A)];
    assert_eq!(bare, expected);
    let plain = server.plainly("x.cut.example. A");
    assert_eq!(plain, format!("NOERROR; authority cut.example. NS; {glue}"));
}

#[test]
fn keys_are_published() {
    let server = server();
    let key = &keys("example.", &[ZoneKey::KSK])[0];
    let answer = |question: &str| {
        let (bare, proved) = server.judge(&server.ask(&Ask::new(question).with_do()));
        assert!(bare.is_empty() && proved.len() == 1);
        proved.into_iter().next().unwrap().0.rdata
    };
    let dnskey = answer("example. DNSKEY");
    assert_eq!(dnskey, [key.dnskey().to_rdata()]);
    assert_eq!(answer("example. CDNSKEY"), dnskey);
    let ds = Ds::parse(&answer("example. CDS")[0]).unwrap();
    assert_eq!(Some(ds), key.ds(crate::wire::DigestType::SHA256));
}

/// With two keys, one signs the keys alone, the other all the rest.
#[test]
fn keys_share_the_work() {
    let flags = [ZoneKey::KSK, ZoneKey::ZSK];
    let server = Server::new(vec![served("example.", EXAMPLE, &flags)]);
    let [ksk, zsk] = &keys("example.", &flags)[..] else { panic!("two keys") };
    let signer = |question: &str| {
        let message = server.ask(&Ask::new(question).with_do());
        server.judge(&message);
        let rrsigs = message.answer.iter().filter(|record| record.rtype == Rtype::RRSIG);
        rrsigs.map(|record| Rrsig::parse(&record.rdata).unwrap().key_tag).collect::<Vec<_>>()
    };
    for qtype in ["DNSKEY", "CDS", "CDNSKEY"] {
        assert_eq!(signer(&format!("example. {qtype}")), [ksk.key_tag()], "{qtype}");
    }
    for question in ["example. SOA", "x.wild.example. TXT", "nowhere.example. NSEC"] {
        assert_eq!(signer(question), [zsk.key_tag()], "{question}");
    }
    let both = server.ask(&Ask::new("example. DNSKEY"));
    assert_eq!(both.answer.len(), 2);
}

#[test]
fn keys_in_the_file_stay() {
    let theirs = Dnskey { flags: 256, ..keys("other.", &[ZoneKey::ZSK])[0].dnskey() };
    let text = |rdata: &Rdata| crate::codec::base64(&rdata.octets()[4..]);
    let lines = format!(
        "example. SOA
        example. NS ns.example.org.
        example. CDS 0 0 0 00
        example. DNSKEY 256 3 15 {}",
        text(&theirs.to_rdata())
    );
    let server = Server::signed(&[("example.", &lines)]);
    assert_eq!(server.ask(&Ask::new("example. DNSKEY")).answer.len(), 2);
    let cds = server.ask(&Ask::new("example. CDS").with_do());
    assert_eq!(cds.answer[0].rdata.octets(), [0, 0, 0, 0, 0]);
    server.judge(&cds);
}

#[test]
fn what_names_people_lasts_short() {
    let server = server();
    let lasts = |question: &str| {
        let message = server.ask(&Ask::new(question).with_do());
        let (_, proved) = server.judge(&message);
        let rrsig = message
            .answer
            .iter()
            .chain(&message.authority)
            .rfind(|record| record.rtype == Rtype::RRSIG);
        let rrsig = Rrsig::parse(&rrsig.unwrap().rdata).unwrap();
        assert!(rrsig.inception < NOW.as_serial_secs());
        let hours = (rrsig.expiration - rrsig.inception) / 3600;
        (proved.last().unwrap().0.ttl.as_secs(), hours)
    };
    for question in ["1.msisdn.example. ASSOC", "telco.example._verifier.example. VCERT"] {
        let (ttl, hours) = lasts(question);
        assert!(ttl == 3600 && (60..=72).contains(&hours), "{question} {ttl} {hours}");
    }
    let (ttl, hours) = lasts("2.msisdn.example. ASSOC");
    assert!(ttl == 60 && hours == 72);
    let (ttl, hours) = lasts("ns.example. A");
    assert!(ttl == 3600 && (12 * 24..=14 * 24).contains(&hours));
}

#[test]
fn the_signed_soa_of_a_denial_keeps_its_signature() {
    let message = server().ask(&Ask::new("nowhere.example. A").with_do());
    let (bare, proved) = server().judge(&message);
    assert!(bare.is_empty());
    assert!(proved.iter().all(|(set, _)| set.ttl == Ttl::from_secs(60)));
    assert!(message.authority.iter().all(|record| record.ttl == Ttl::from_secs(60)));
}

#[test]
fn a_parent_and_a_child_that_are_both_served() {
    let ds = keys("child.example.", &[ZoneKey::KSK])[0].ds(crate::wire::DigestType::SHA256);
    let ds = ds.unwrap();
    let parent = format!(
        "example. SOA
        example. NS ns.example.org.
        child.example. NS ns.example.org.
        child.example. DS {} 15 2 {}",
        ds.key_tag,
        crate::codec::hex(&ds.digest)
    );
    let child = "child.example. SOA\nchild.example. NS ns.example.org.";
    let server = Server::signed(&[("child.example.", child), ("example.", &parent)]);
    let message = server.ask(&Ask::new("child.example. DS").with_do());
    let (_, proved) = server.judge(&message);
    assert_eq!(proved[0].1.signer, name("example."));
    assert_eq!(Ds::parse(&proved[0].0.rdata[0]), Ok(ds));
    assert_eq!(
        server.securely("child.example. A"),
        "NOERROR aa; authority child.example. SOA RRSIG NSEC RRSIG"
    );
}

/// Unsigned zones beside signed ones.
#[test]
fn do_changes_nothing_without_keys() {
    let server = Server::unsigned(&[("example.", EXAMPLE)]);
    for question in
        ["ns.example. A", "x.wild.example. TXT", "bare.example. A", "nowhere.example. A"]
    {
        assert_eq!(server.securely(question), server.plainly(question), "{question}");
    }
    let message = server.ask(&Ask::new("nowhere.example. A").with_do());
    assert_eq!(message.rcode, Rcode::NXDOMAIN);
}

#[test]
fn a_set_goes_with_its_signatures_or_not_at_all() {
    let server = server();
    let mut lengths = Vec::new();
    for question in ["telco.example._verifier.example. VCERT", "example. DNSKEY"] {
        for limit in (512..1232).step_by(8) {
            let message = server.ask(&Ask::new(question).with_do().within(limit));
            assert!(message.flags.truncated == message.answer.is_empty(), "{question} {limit}");
            lengths.push(message.answer.len());
            server.judge(&message);
        }
    }
    assert!(lengths.contains(&0) && lengths.contains(&2));
}

#[test]
fn names_are_signed_in_lower_case() {
    let message = server().ask(&Ask::new("uPPer.exAMPLE. TXT").with_do());
    let rrsig = Rrsig::parse(&message.answer[1].rdata).unwrap();
    assert_eq!(message.answer[0].name.to_string(), "uPPer.exAMPLE.");
    assert_eq!(rrsig.labels, canonical::labels(&name("upper.example.")));
}
