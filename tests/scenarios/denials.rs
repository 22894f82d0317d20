//! Every way to deny, in every case, judged in every way there is (RFC 4035 section 4.3).
//!
//! | | what is denied |
//! |---|---|
//! | name error | a name, and the wildcard that might stand for it |
//! | no data | a type of a name, of an empty name, or of a name that a wildcard stands for |
//! | expansion | that something is closer to a name than the wildcard that stands for it |
//! | no DS | that a delegation is a secure one, or that a name is a delegation at all |

use threepid::dnssec::Security;
use threepid::resolver::{Checking, Kind, SignedRrset};
use threepid::wire::{EdeCode, Message, Rdata, Record, Rtype};

use super::classic::{Classic, Way};
use super::net::World;
use super::tree::{self, NOW, full};

const RECORDS: &str = "www A 192.0.2.2
    alias CNAME www
    a.b.ent TXT \"deep\"
    *.wild TXT \"any\"
    held.wild A 192.0.2.3
    off NS ns.off
    ns.off A 192.0.2.20
    safe NS ns.safe
    safe DS 1 15 2 0000000000000000000000000000000000000000000000000000000000000000
    ns.safe A 192.0.2.21";

/// A case: what is asked below the apex, what the answer is, and whether an opt-out proves it.
const CASES: [(&str, Kind, Security); 9] = [
    ("nothing A", Kind::NameError, Security::Insecure),
    ("x.y.nothing A", Kind::NameError, Security::Insecure),
    ("www TXT", Kind::NoData, Security::Secure),
    ("b.ent A", Kind::NoData, Security::Secure),
    ("x.wild A", Kind::NoData, Security::Insecure),
    ("x.y.wild A", Kind::NoData, Security::Insecure),
    ("x.wild TXT", Kind::Data, Security::Insecure),
    ("www DS", Kind::NoData, Security::Secure),
    ("off DS", Kind::NoData, Security::Insecure),
];

/// What a zone that denies in this way proves of a case.
fn expected(way: Way, (_, kind, by_opt_out): &(&str, Kind, Security)) -> (Kind, Security) {
    let kind = match (way, kind) {
        (Way::BlackLies, Kind::NameError) => Kind::NoData,
        (Way::Compact, Kind::NameError) => Kind::CompactNameError,
        _ => kind.clone(),
    };
    let security = match way {
        Way::OptOut => *by_opt_out,
        Way::Iterated => Security::Insecure,
        _ => Security::Secure,
    };
    (kind, security)
}

fn world(way: Way) -> World {
    let mut world = World::new(tree::policy(), NOW);
    world.put("192.0.2.1", Classic::new("3pid.example.", "1", way, RECORDS).server());
    world
}

/// Asks by every way for every case.
fn each(mut check: impl FnMut(Way, &str, Kind, Security)) {
    for way in Way::ALL {
        for case in &CASES {
            let (kind, security) = expected(way, case);
            check(way, &full(case.0), kind, security);
        }
    }
}

#[test]
fn what_is_denied_is_proved() {
    each(|way, question, kind, security| {
        let response = world(way).ask(question).response;
        let told = response.extended_error.as_ref().map(|error| error.code);
        let costly = (way == Way::Iterated).then_some(EdeCode::UNSUPPORTED_NSEC3_ITERATIONS);
        assert_eq!(told, costly, "{way:?} {question}");
        let found = (response.kind, response.security);
        assert_eq!(found, (Some(kind), security), "{way:?} {question}: {:?}", response.failure);
    });
}

/// One after the other, so that what was learned before is there.
#[test]
fn what_is_denied_is_proved_in_any_order() {
    for way in Way::ALL {
        let (mut forward, mut backward) = (world(way), world(way));
        for (case, reverse) in CASES.iter().zip(CASES.iter().rev()) {
            for (world, case) in [(&mut forward, case), (&mut backward, reverse)] {
                let response = world.ask(&full(case.0)).response;
                let (kind, security) = expected(way, case);
                let found = (response.kind, response.security);
                assert_eq!(found, (Some(kind), security), "{way:?} {}", case.0);
            }
        }
    }
}

/// Whether a record denies.
fn is_proof(record: &Record) -> bool {
    matches!(record.rtype, Rtype::NSEC | Rtype::NSEC3)
}

/// How many records deny in the reply to `question`.
fn proofs(way: Way, question: &str) -> usize {
    let response = world(way).ask(question).response;
    let proofs = |set: &&SignedRrset| matches!(set.rrset.rtype, Rtype::NSEC | Rtype::NSEC3);
    response.authority.iter().filter(proofs).count()
}

type Harm = fn(&mut Message, &Record);

/// Leaves a record out.
fn remove(message: &mut Message, proof: &Record) {
    message.authority.retain(|record| record.name != proof.name);
}

/// Turns a bit of it.
fn turn(message: &mut Message, proof: &Record) {
    let found = message.authority.iter_mut().find(|record| *record == proof).unwrap();
    let mut octets = found.rdata.octets().to_vec();
    *octets.last_mut().unwrap() ^= 1;
    found.rdata = Rdata::new(octets).unwrap();
}

/// A zone whose server does harm to the proof with this number in every reply to `question`.
fn harmed(way: Way, question: &str, number: usize, harm: Harm) -> World {
    let (mut world, wanted) = (world(way), question.to_owned());
    world.alter("192.0.2.1", move |asked, message| {
        let mut proofs = message.authority.iter().filter(|record| is_proof(record)).cloned();
        if let Some(proof) = proofs.nth(number).filter(|_| asked == wanted) {
            drop(proofs);
            harm(message, &proof);
        }
    });
    world
}

/// No proof is too many: without one of them, or with a bit of one turned, nothing is proved.
#[test]
fn each_proof_is_needed() {
    let mut count = 0;
    each(|way, question, _, security| {
        for number in 0..proofs(way, question) {
            let outcome = |harm| harmed(way, question, number, harm).ask(question).response;
            let (without, turned) = (outcome(remove as Harm), outcome(turn));
            assert_eq!(turned.security, Security::Bogus, "{way:?} {question} {number}");
            // What is not proved to begin with can lose a proof.
            let lost = without.security == Security::Bogus
                || (security, without.security) == (Security::Insecure, Security::Insecure);
            assert!(lost, "{way:?} {question} {number}: {without:?}");
            count += 1;
        }
    });
    assert_eq!(count, 111);
}

#[test]
fn without_an_anchor_nothing_is_proved() {
    each(|way, question, kind, _| {
        let mut policy = tree::policy();
        policy.roots[0].anchors.clear();
        let mut world = World::new(policy, NOW);
        world.put("192.0.2.1", Classic::new("3pid.example.", "1", way, RECORDS).server());
        let response = world.ask(question).response;
        let found = (response.kind, response.security);
        assert_eq!(found, (Some(kind), Security::Insecure), "{way:?} {question}");
    });
}

#[test]
fn who_does_not_check_is_told_what_the_server_says() {
    each(|way, question, kind, _| {
        let response = world(way).resolve(question, Checking::Disabled).response;
        let found = (response.kind, response.security);
        assert_eq!(found, (Some(kind), Security::Indeterminate), "{way:?} {question}");
    });
}

/// What is below an unsigned delegation is insecure, however its absence was proved.
#[test]
fn unsigned_delegations_are_insecure() {
    for way in Way::ALL {
        let mut world = world(way);
        let off = tree::zone("off.3pid.example.", "20", false, "www A 192.0.2.4");
        world.put("192.0.2.20", tree::authority(vec![off]));
        for (question, kind) in [
            ("www.off A", Kind::Data),
            ("www.off TXT", Kind::NoData),
            ("nothing.off A", Kind::NameError),
        ] {
            let response = world.ask(&full(question)).response;
            let found = (response.kind, response.security);
            assert_eq!(found, (Some(kind), Security::Insecure), "{way:?} {question}");
        }
        // Where the parent says that there are keys, it is another thing.
        let safe = tree::zone("safe.3pid.example.", "21", false, "www A 192.0.2.4");
        world.put("192.0.2.21", tree::authority(vec![safe]));
        let bogus = world.ask(&full("www.safe A"));
        assert_eq!(bogus.response.security, Security::Bogus, "{way:?}");
        assert_eq!(bogus.cause().extended_error().code, EdeCode::DNSKEY_MISSING);
    }
}
