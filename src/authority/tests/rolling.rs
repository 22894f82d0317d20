//! Keys come, sign and go while their zone is served.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::dnssec::lifecycle::Timing;
use crate::wire::rdata::{Dnskey, Ds};

const EXAMPLE: &str = "example. SOA
    example. NS ns.example.org.
    bare.example. NS ns.example.org.
    a.example. A 192.0.2.1
    1.msisdn.example. ASSOC alice";

const QUESTIONS: [&str; 5] = [
    "example. SOA",
    "a.example. A",
    "bare.example. A",
    "nowhere.example. A",
    "1.msisdn.example. ASSOC",
];

const DAY: Duration = Duration::from_secs(86_400);

fn on(day: u32) -> Option<Timestamp> {
    Some(NOW.saturating_add(DAY * day))
}

/// A zone with these keys, the first with the seed 1.
fn server(keys: &[(u16, Timing)]) -> (Server, Vec<ZoneKey>) {
    let key = |(seed, (flags, timing)): (u64, &(u16, Timing))| {
        ZoneKey::generate(name("example."), *flags, &mut SeededRandom::new(seed))
            .with_timing(*timing)
    };
    let keys: Vec<ZoneKey> = (1..).zip(keys).map(key).collect();
    let built = build("example.", EXAMPLE).unwrap();
    let associated = Associated::File(built.associations);
    let zone = ServedZone::new(built.zone, associated, keys.clone(), Policy::default(), NOW);
    (Server::new(vec![zone.unwrap()]), keys)
}

impl Server {
    /// Goes on to a day, renewing what has to be at the moment it has to. Tells how many signatures that
    /// were.
    fn go_to(&mut self, day: u32) -> usize {
        let (end, mut renewed) = (on(day).unwrap(), 0);
        while let Some(next) = self.authority.next_renewal().filter(|next| *next <= end) {
            self.now = next;
            renewed += self.authority.renew(next);
            self.check();
        }
        self.now = end;
        self.check();
        renewed
    }

    /// Every signature is by a key of the DNSKEY set.
    fn check(&self) {
        for question in QUESTIONS.into_iter().chain(["example. DNSKEY"]) {
            let (bare, proved) = self.judge(&self.ask(&Ask::new(question).with_do()));
            let only_ns = bare.iter().all(|set| set.rtype == Rtype::NS);
            assert!(!proved.is_empty() && only_ns, "{question}: {bare:?}");
        }
    }

    /// The tags of the signatures in an answer.
    fn signers(&self, question: &str) -> BTreeSet<u16> {
        let message = self.ask(&Ask::new(question).with_do());
        let all = message.answer.iter().chain(&message.authority);
        let rrsigs = all.filter(|record| record.rtype == Rtype::RRSIG);
        rrsigs.map(|record| Rrsig::parse(&record.rdata).unwrap().key_tag).collect()
    }

    /// The tags of the keys in the DNSKEY set, and in the CDS set.
    fn published(&self) -> [BTreeSet<u16>; 2] {
        let set = |question: &str| self.ask(&Ask::new(question)).answer;
        let keys = set("example. DNSKEY");
        let keys = keys.iter().map(|record| Dnskey::parse(&record.rdata).unwrap().key_tag());
        let cds = set("example. CDS");
        let cds = cds.iter().map(|record| Ds::parse(&record.rdata).unwrap().key_tag);
        [keys.collect(), cds.collect()]
    }
}

fn tags<const N: usize>(keys: [&ZoneKey; N]) -> BTreeSet<u16> {
    keys.map(ZoneKey::key_tag).into()
}

#[test]
fn a_zone_signing_key_is_changed_by_and_by() {
    let old = Timing { inactive: on(2), delete: on(18), ..Timing::in_use(NOW) };
    let new = Timing { publish: on(1), activate: on(2), ..Timing::created(NOW) };
    let (mut server, keys) =
        server(&[(ZoneKey::KSK, Timing::in_use(NOW)), (ZoneKey::ZSK, old), (ZoneKey::ZSK, new)]);
    let [ksk, old, new] = &keys[..] else { panic!("three keys") };
    assert_eq!(server.published(), [tags([ksk, old]), tags([ksk])]);
    server.go_to(1);
    assert_eq!(server.published(), [tags([ksk, old, new]), tags([ksk])]);
    assert_eq!(server.signers("a.example. A"), tags([old]));
    // What is signed already stays as it is, what is signed from here on is by the new key.
    server.go_to(2);
    assert_eq!(server.signers("a.example. A"), tags([old]));
    assert_eq!(server.signers("nowhere.example. A"), tags([new]));
    server.go_to(17);
    for question in QUESTIONS {
        assert_eq!(server.signers(question), tags([new]), "{question}");
    }
    assert_eq!(server.go_to(18), 0, "nothing is left to be signed anew");
    assert_eq!(server.published()[0], tags([ksk, new]));
    assert_eq!(server.signers("example. DNSKEY"), tags([ksk]));
}

/// The old key is withdrawn before its signatures would be renewed in their own time.
#[test]
fn what_could_not_be_verified_is_signed_at_once() {
    for (last, hurried) in [(on(3), on(2)), (on(2), on(2))] {
        let old = Timing { inactive: on(2), delete: last, ..Timing::in_use(NOW) };
        let new = Timing { publish: on(1), activate: on(2), ..Timing::created(NOW) };
        let (mut server, keys) = server(&[(ZoneKey::KSK, old), (ZoneKey::KSK, new)]);
        server.go_to(1);
        assert_eq!(server.signers("a.example. A"), tags([&keys[0]]));
        server.go_to(2);
        assert_eq!(Some(server.now), hurried);
        for question in QUESTIONS {
            assert_eq!(server.signers(question), tags([&keys[1]]), "{question}");
        }
        server.go_to(4);
    }
}

/// It was to stay for long, and is to go after all.
#[test]
fn a_plan_that_is_changed_leaves_nothing_unverifiable() {
    let old = Timing { inactive: on(2), delete: on(30), ..Timing::in_use(NOW) };
    let new = Timing { publish: on(1), activate: on(2), ..Timing::created(NOW) };
    let (mut server, mut keys) = server(&[(ZoneKey::KSK, old), (ZoneKey::KSK, new)]);
    server.go_to(3);
    assert_eq!(server.signers("a.example. A"), tags([&keys[0]]));
    keys[0].timing.delete = on(4);
    let taken = server.authority.take_keys(&name("example."), keys.clone(), server.now);
    assert_eq!(taken, Ok(()));
    assert_eq!(server.signers("a.example. A"), tags([&keys[1]]));
    server.go_to(5);
}

#[test]
fn a_root_revokes_its_key() {
    let old = Timing { inactive: on(60), revoke: on(76), delete: on(107), ..Timing::in_use(NOW) };
    let new = Timing { publish: on(1), activate: on(60), ..Timing::created(NOW) };
    let (mut server, keys) = server(&[(ZoneKey::KSK, old), (ZoneKey::KSK, new)]);
    let revoked = keys[0].at(on(76).unwrap());
    server.go_to(1);
    assert_eq!(server.signers("example. DNSKEY"), tags([&keys[0]]));
    server.go_to(60);
    assert_eq!(server.published(), [tags([&keys[0], &keys[1]]), tags([&keys[1]])]);
    assert_eq!(server.signers("example. DNSKEY"), tags([&keys[1]]));
    server.go_to(76);
    assert_eq!(server.published(), [tags([&revoked, &keys[1]]), tags([&keys[1]])]);
    assert_eq!(server.signers("example. DNSKEY"), tags([&revoked, &keys[1]]));
    assert_eq!(server.signers("a.example. A"), tags([&keys[1]]));
    server.go_to(107);
    assert_eq!(server.published(), [tags([&keys[1]]), tags([&keys[1]])]);
    assert_eq!(server.signers("example. DNSKEY"), tags([&keys[1]]));
}

/// The parent has the new DS record before the new key is seen, and the old one for longer than that.
#[test]
fn the_parent_is_asked_in_time() {
    let old = Timing { inactive: on(5), delete: on(5), sync_delete: on(7), ..Timing::in_use(NOW) };
    let new =
        Timing { sync_publish: on(1), publish: on(5), activate: on(5), ..Timing::created(NOW) };
    let zsk = (ZoneKey::ZSK, Timing::in_use(NOW));
    let (mut server, keys) = server(&[(ZoneKey::KSK, old), (ZoneKey::KSK, new), zsk]);
    let [old, new, zsk] = &keys[..] else { panic!("three keys") };
    for (day, published, for_parent) in [
        (0, [old, zsk], tags([old])),
        (1, [old, zsk], tags([old, new])),
        (5, [new, zsk], tags([old, new])),
        (7, [new, zsk], tags([new])),
    ] {
        server.go_to(day);
        assert_eq!(server.published(), [tags(published), for_parent], "{day}");
        assert_eq!(server.signers("example. DNSKEY"), tags([published[0]]), "{day}");
        assert_eq!(server.signers("example. CDS"), tags([published[0]]), "{day}");
    }
}

#[test]
fn a_zone_is_signed_when_its_first_key_is_to_sign() {
    let timing = Timing { publish: on(1), activate: on(2), ..Timing::created(NOW) };
    let (mut server, keys) = server(&[(ZoneKey::KSK, timing)]);
    assert_eq!(server.published(), [tags([]), tags([])]);
    for day in [1, 2] {
        assert_eq!(server.signers("a.example. A"), tags([]));
        server.now = server.authority.next_renewal().unwrap();
        assert_eq!(Some(server.now), on(day));
        server.authority.renew(server.now);
        assert_eq!(server.published()[0], tags([&keys[0]]));
    }
    server.check();
    assert_eq!(server.signers("1.msisdn.example. ASSOC"), tags([&keys[0]]));
}

/// The file's own keys stay, whatever the others do.
#[test]
fn keys_of_the_file_stay() {
    let theirs = ZoneKey::generate(name("example."), ZoneKey::ZSK, &mut SeededRandom::new(9));
    let data = crate::wire::rdata::to_text(Rtype::DNSKEY, &theirs.dnskey().to_rdata());
    let lines = format!("{EXAMPLE}\n example. DNSKEY {data}");
    let built = build("example.", &lines).unwrap();
    let timing = Timing { inactive: on(1), delete: on(2), ..Timing::in_use(NOW) };
    let next = Timing { publish: on(0), activate: on(1), ..Timing::created(NOW) };
    let keys: Vec<ZoneKey> = [(1, timing), (2, next)]
        .map(|(seed, timing)| {
            let random = &mut SeededRandom::new(seed);
            ZoneKey::generate(name("example."), ZoneKey::KSK, random).with_timing(timing)
        })
        .into();
    let associated = Associated::File(built.associations);
    let zone = ServedZone::new(built.zone, associated, keys.clone(), Policy::default(), NOW);
    let mut server = Server::new(vec![zone.unwrap()]);
    assert_eq!(server.published()[0], tags([&theirs, &keys[0], &keys[1]]));
    server.go_to(3);
    assert_eq!(server.published()[0], tags([&theirs, &keys[1]]));
}
