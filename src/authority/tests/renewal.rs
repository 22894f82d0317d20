//! Signatures are renewed before they end, and only those.

use std::time::Duration;

use super::*;

const EXAMPLE: &str = "example. SOA
    example. NS ns.example.org.
    bare.example. NS ns.example.org.
    a.example. A 192.0.2.1
    b.example. A 192.0.2.1
    telco.example._verifier.example. VCERT
    1.msisdn.example. ASSOC alice
    2.msisdn.example. ASSOC bob";

const QUESTIONS: [&str; 7] = [
    "example. SOA",
    "example. DNSKEY",
    "a.example. A",
    "bare.example. A",
    "nowhere.example. A",
    "telco.example._verifier.example. VCERT",
    "1.msisdn.example. ASSOC",
];

const HOUR: Duration = Duration::from_secs(3600);

/// All signatures in the answers hold.
fn check(server: &Server) {
    for question in QUESTIONS {
        let message = server.ask(&Ask::new(question).with_do());
        let (_, proved) = server.judge(&message);
        assert!(!proved.is_empty(), "{question}");
    }
}

#[test]
fn what_is_renewed_in_time_never_ends() {
    let mut server = Server::signed(&[("example.", EXAMPLE)]);
    let start = server.now;
    let mut renewed = 0;
    while server.now.since(start) < 60 * 24 * HOUR {
        let next = server.authority.next_renewal().unwrap();
        assert!(next > server.now, "what is due is renewed at once");
        // Just before, everything holds; and a day later, too.
        server.now = next.saturating_sub(Duration::from_secs(1));
        assert_eq!(server.authority.renew(server.now), 0);
        check(&server);
        server.now = next;
        renewed += server.authority.renew(server.now);
        assert!(server.authority.next_renewal().unwrap() > server.now.saturating_add(HOUR));
        check(&server);
    }
    // Three personal sets about every 2 days, and eight others about every 10.
    assert!((100..160).contains(&renewed), "{renewed}");
}

#[test]
fn what_is_forgotten_ends() {
    let mut server = Server::signed(&[("example.", EXAMPLE)]);
    let ask = Ask::new("1.msisdn.example. ASSOC").with_do();
    let message = server.ask(&ask);
    server.now = server.now.saturating_add(72 * HOUR);
    let (set, rrsig) = (Rrset::group(message.answer[..1].to_vec()), &message.answer[1]);
    let rrsig = Rrsig::parse(&rrsig.rdata).unwrap();
    assert!(matches!(server.verify(&set[0], &rrsig), Err(SignatureError::Expired { .. })));
}

/// A copy is renewed while the original answers.
#[test]
fn a_copy_is_renewed_by_itself() {
    let server = Server::signed(&[("example.", EXAMPLE)]);
    let mut copy = Server { authority: server.authority.clone(), now: server.now };
    copy.now = copy.now.saturating_add(10 * 24 * HOUR);
    assert!(copy.authority.renew(copy.now) > 0);
    check(&copy);
    check(&server);
    let ask = |server: &Server| server.ask(&Ask::new("1.msisdn.example. ASSOC").with_do());
    assert_eq!(ask(&server).answer[0], ask(&copy).answer[0]);
    assert_ne!(ask(&server).answer[1], ask(&copy).answer[1]);
}

#[test]
fn nothing_to_renew_without_keys() {
    let mut server = Server::unsigned(&[("example.", EXAMPLE)]);
    assert_eq!(server.authority.next_renewal(), None);
    assert_eq!(server.authority.renew(Timestamp::from_secs(u64::MAX / 1000)), 0);
}
