//! Lies about an association.

use threepid::dnssec::Security;
use threepid::wire::rdata::Rrsig;
use threepid::wire::{Class, EdeCode, Message, Rcode, Record, Rtype, Ttl};

use super::{
    REGION, SERVERS, SIBLING, Tell, assert_true, is_signature, lie, question, record, replay,
    signed, stranger, target, truth,
};
use crate::scenarios::net::name;
use crate::scenarios::tree::{self, EMAIL, PHONE, authority, world};

/// Changes the first signature of the answer.
fn change_signature(message: &mut Message, change: impl Fn(&mut Rrsig)) {
    let record = message.answer.iter_mut().find(|record| is_signature(record)).unwrap();
    let mut rrsig = Rrsig::parse(&record.rdata).unwrap();
    change(&mut rrsig);
    record.rdata = rrsig.to_rdata();
}

/// Makes it a referral by this NS record.
fn refer(message: &mut Message, ns: Record) {
    message.flags.authoritative = false;
    message.answer.clear();
    message.additional = vec![record("ns.evil.3pid.example.", Rtype::A, vec![192, 0, 2, 66])];
    message.authority = vec![ns];
}

fn refer_to(message: &mut Message, cut: &str) {
    refer(message, target(cut, Rtype::NS, "ns.evil.3pid.example."));
}

/// Lies about an association, and the extended error that they come to where nobody tells the truth.
const LIES: [(&str, Tell, EdeCode); 27] = [
    ("refers to itself", |it| refer_to(it, REGION), EdeCode::NETWORK_ERROR),
    ("refers to its parent", |it| refer_to(it, "3pid.example."), EdeCode::NETWORK_ERROR),
    ("refers to the root", |it| refer_to(it, "."), EdeCode::NETWORK_ERROR),
    ("refers to a sister", |it| refer_to(it, "9.4.msisdn.3pid.example."), EdeCode::NETWORK_ERROR),
    ("refers below another name", |it| refer_to(it, SIBLING), EdeCode::NETWORK_ERROR),
    ("refers below the name", |it| refer_to(it, &format!("1.{PHONE}")), EdeCode::NETWORK_ERROR),
    (
        "says nothing, without authority",
        |it| {
            it.flags.authoritative = false;
            it.answer.clear();
        },
        EdeCode::NETWORK_ERROR,
    ),
    ("says nothing", |it| it.answer.clear(), EdeCode::RRSIGS_MISSING),
    ("an error with the data", |it| it.rcode = Rcode::SERVFAIL, EdeCode::NETWORK_ERROR),
    (
        "answers for another name",
        |it| {
            it.answer.iter_mut().for_each(|record| record.name = name(SIBLING));
        },
        EdeCode::RRSIGS_MISSING,
    ),
    (
        "answers with another type",
        |it| {
            it.answer = vec![record(PHONE, Rtype::A, vec![192, 0, 2, 66])];
        },
        EdeCode::RRSIGS_MISSING,
    ),
    (
        "answers in another class",
        |it| {
            it.answer.iter_mut().for_each(|record| record.class = Class(3));
        },
        EdeCode::RRSIGS_MISSING,
    ),
    (
        "strips the signature",
        |it| it.answer.retain(|it| !is_signature(it)),
        EdeCode::RRSIGS_MISSING,
    ),
    (
        "cuts the signature",
        |it| change_signature(it, |it| it.signature.truncate(63)),
        EdeCode::DNSSEC_BOGUS,
    ),
    (
        "takes the signature of the denial",
        |it| {
            let denial = truth(PHONE, Rtype::TXT).authority;
            let other =
                denial.into_iter().find(|it| is_signature(it) && it.name == name(PHONE)).unwrap();
            let mut rrsig = Rrsig::parse(&other.rdata).unwrap();
            rrsig.type_covered = Rtype::ASSOC;
            it.answer.retain(|it| !is_signature(it));
            it.answer.push(Record { rdata: rrsig.to_rdata(), ..other });
        },
        EdeCode::DNSSEC_BOGUS,
    ),
    (
        "claims that it is expanded",
        |it| change_signature(it, |it| it.labels -= 1),
        EdeCode::DNSSEC_BOGUS,
    ),
    ("claims more labels", |it| change_signature(it, |it| it.labels += 1), EdeCode::DNSSEC_BOGUS),
    (
        "claims another tag",
        |it| change_signature(it, |it| it.key_tag ^= 1),
        EdeCode::DNSKEY_MISSING,
    ),
    (
        "claims a longer life",
        |it| change_signature(it, |it| it.expiration += 1),
        EdeCode::DNSSEC_BOGUS,
    ),
    (
        "claims that its parent signed",
        |it| {
            change_signature(it, |it| it.signer = name("3pid.example."));
        },
        EdeCode::DNSKEY_MISSING,
    ),
    (
        "signs with a stranger's key",
        |it| {
            it.answer.retain(|it| !is_signature(it));
            it.answer = signed(std::mem::take(&mut it.answer), &stranger(REGION));
        },
        EdeCode::DNSKEY_MISSING,
    ),
    (
        "signs in the name of the root",
        |it| {
            it.answer.retain(|it| !is_signature(it));
            it.answer = signed(std::mem::take(&mut it.answer), &stranger("."));
        },
        EdeCode::DNSSEC_BOGUS,
    ),
    (
        "leads away by an alias",
        |it| {
            it.answer = vec![target(PHONE, Rtype::CNAME, EMAIL)];
        },
        EdeCode::RRSIGS_MISSING,
    ),
    (
        "leads everything away",
        |it| {
            it.answer =
                vec![target("7.7.4.4.msisdn.3pid.example.", Rtype::DNAME, "evil.3pid.example.")];
        },
        EdeCode::RRSIGS_MISSING,
    ),
    (
        "denies it by what denies a sibling",
        |it| replay(it, SIBLING, Rtype::ASSOC),
        EdeCode::NSEC_MISSING,
    ),
    (
        "denies it by what denies another type",
        |it| replay(it, PHONE, Rtype::TXT),
        EdeCode::DNSSEC_BOGUS,
    ),
    (
        "denies it in its parent's name",
        |it| replay(it, "nothing.3pid.example.", Rtype::A),
        EdeCode::NETWORK_ERROR,
    ),
];

#[test]
fn lies_are_seen_through() {
    for (what, tell, code) in LIES {
        let mut world = world();
        SERVERS.iter().for_each(|server| lie(&mut world, server, &question(), tell));
        let outcome = world.ask(&question());
        assert!(outcome.response.answer.is_empty(), "{what}: {outcome:#?}");
        assert_eq!(outcome.cause().extended_error().code, code, "{what}: {outcome:#?}");
        assert!(outcome.sent.iter().all(|sent| !sent.starts_with("66:")), "{what}: {outcome:#?}");
        // Once there is someone honest, it is as if nothing had been.
        world.put(SERVERS[0], authority(vec![tree::uk_zone()]));
        world.pass(6);
        assert_true(&mut world, what);
    }
}

#[test]
fn one_liar_does_no_harm() {
    for (what, tell, _) in LIES {
        for server in SERVERS {
            let mut world = world();
            lie(&mut world, server, &question(), tell);
            assert_true(&mut world, what);
        }
    }
}

/// What is added to a true answer is neither believed nor kept.
#[test]
fn additions_are_left_out() {
    const EVIL: [u8; 4] = [192, 0, 2, 66];
    let additions: [Tell; 5] = [
        |it| it.answer.push(record("www.example.com.email.3pid.example.", Rtype::A, EVIL.into())),
        |it| it.authority.push(target("3pid.example.", Rtype::NS, "ns.evil.3pid.example.")),
        |it| it.authority.push(target(REGION, Rtype::NS, "ns.evil.3pid.example.")),
        |it| it.additional.push(record("ns1.4.4.msisdn.3pid.example.", Rtype::A, EVIL.into())),
        |it| {
            it.additional.push(record("www.example.com.email.3pid.example.", Rtype::A, EVIL.into()))
        },
    ];
    for tell in additions {
        let mut world = world();
        SERVERS.iter().for_each(|server| lie(&mut world, server, &question(), tell));
        let outcome = world.ask(&question());
        assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
        assert_eq!((outcome.response.answer.len(), outcome.response.authority.len()), (1, 0));
        for other in ["www.example.com.email.3pid.example. A", "ns1.4.4.msisdn.3pid.example. A"] {
            let outcome = world.ask(other);
            assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
            assert_ne!(outcome.data(Rtype::A), ["c0000242"], "{other}");
            assert!(outcome.sent.iter().all(|sent| !sent.starts_with("66:")), "{outcome:#?}");
        }
    }
}

/// True data, whatever is said around it.
#[test]
fn what_is_signed_counts() {
    let harmless: [Tell; 4] = [
        |it| it.rcode = Rcode::NXDOMAIN,
        |it| it.answer.iter_mut().for_each(|record| record.ttl = Ttl::from_secs(u32::MAX)),
        |it| it.answer.iter_mut().for_each(|it| it.name = name(&PHONE.to_uppercase())),
        |it| it.answer.extend(it.answer.clone()),
    ];
    for tell in harmless {
        let mut world = world();
        SERVERS.iter().for_each(|server| lie(&mut world, server, &question(), tell));
        let outcome = world.ask(&question());
        assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
        let [set] = outcome.response.answer.as_slice() else { panic!("{outcome:#?}") };
        assert!(set.rrset.ttl <= Ttl::from_secs(3600), "{:?}", set.rrset.ttl);
        assert_eq!(set.rrset.rdata.len(), 1);
    }
}
