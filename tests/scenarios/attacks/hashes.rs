//! Denials by NSEC3 that make a validator hash (CVE-2023-50868), and denials that are padded.

use threepid::codec::base32hex;
use threepid::crypto::sha1;
use threepid::dnssec::Security;
use threepid::resolver::Cause;
use threepid::wire::rdata::TypeBitmap;
use threepid::wire::{Name, Rcode, Record, Rrset, Rtype};

use super::super::net::{Server, name, scripted};
use super::super::tree::key;
use super::forge::{EVIL, besieged_signed, question, set, signed, soa};
use super::{Cost, Scene, mount};

/// The hash of a name (RFC 5155 section 5).
fn hash(owner: &Name, iterations: u16, salt: &[u8]) -> [u8; 20] {
    let salted = |octets: &[u8]| sha1(&[octets, salt].concat());
    (0..iterations).fold(salted(owner.as_wire()), |hash, _| salted(&hash))
}

/// An NSEC3 set with this hash as owner, whose gap is everything else.
fn nsec3(hash: &[u8; 20], iterations: u16, salt: &[u8]) -> Rrset {
    let types: TypeBitmap = [Rtype::NS, Rtype::SOA, Rtype::DNSKEY].into_iter().collect();
    let [high, low] = iterations.to_be_bytes();
    let head = [1, 0, high, low, u8::try_from(salt.len()).unwrap()];
    let rdata = [&head, salt, &[20], hash, &types.to_octets()].concat();
    let owner = name(EVIL).prepend(base32hex(hash).as_bytes()).unwrap();
    set(&owner, Rtype::NSEC3, rdata)
}

/// A server of the attacker's zone that denies everything by the record of its apex, and adds `more`.
fn denying(iterations: u16, salt: usize, more: impl Fn() -> Vec<Record> + 'static) -> Server {
    let salt = vec![7; salt];
    let (apex, own) = (name(EVIL), key(EVIL));
    scripted(move |incoming, message| {
        let question = question(incoming);
        if (&question.name, question.rtype) == (&apex, Rtype::DNSKEY) {
            let dnskey = own.dnskey().to_rdata().octets().to_vec();
            message.answer = signed(&set(&apex, Rtype::DNSKEY, dnskey), &own);
            return;
        }
        message.rcode = Rcode::NXDOMAIN;
        message.authority = signed(&soa(EVIL), &own);
        let denial = nsec3(&hash(&apex, iterations, &salt), iterations, &salt);
        message.authority.extend(signed(&denial, &own));
        message.authority.extend(more());
    })
}

fn deny(attack: &str, labels: usize, server: impl Fn() -> Server) -> Cost {
    let question = format!("{}{EVIL} A", "a.".repeat(labels));
    mount(attack, || Scene::new(besieged_signed(server()), &question))
}

#[test]
fn many_labels_at_many_iterations() {
    let cost = deny("NSEC3: 30 labels, 50 iterations", 30, || denying(50, 8, Vec::new));
    assert_eq!(cost.outcome.response.security, Security::Secure, "as much as is honest");
    let cost = deny("NSEC3: 110 labels, 50 iterations", 110, || denying(50, 8, Vec::new));
    assert!(matches!(cost.outcome.cause(), Cause::Bogus { .. }));
}

#[test]
fn long_salts() {
    let cost =
        deny("NSEC3: 110 labels, 50 iterations, salt of 255", 110, || denying(50, 255, Vec::new));
    assert!(matches!(cost.outcome.cause(), Cause::Bogus { .. }));
}

#[test]
fn more_iterations_than_are_followed() {
    let cost = deny("NSEC3: 110 labels, 2500 iterations", 110, || denying(2500, 255, Vec::new));
    assert_eq!(cost.outcome.response.security, Security::Insecure);
    assert_eq!(cost.outcome.spent.proofs.hash_blocks, 0);
}

/// More NSEC3 records than can matter, all well signed.
fn padding(count: u8) -> Vec<Record> {
    (0..count).flat_map(|number| signed(&nsec3(&[number; 20], 50, &[7; 8]), &key(EVIL))).collect()
}

#[test]
fn padding_multiplies_nothing() {
    let cost = deny("NSEC3: 30 labels, 50 iterations, 12 records more", 30, || {
        denying(50, 8, || padding(12))
    });
    assert_eq!(cost.outcome.response.security, Security::Secure);
    assert!(cost.outcome.spent.proofs.hash_blocks < 2048);
    let cost = deny("NSEC3: 30 labels, 50 iterations, 100 records more", 30, || {
        denying(50, 8, || padding(100))
    });
    assert!(matches!(cost.outcome.cause(), Cause::Bogus { .. }));
    assert!(cost.outcome.spent.proofs.validations <= 3 * 16 + 8, "three servers are asked");
}

/// What has nothing to do with a denial is not looked at, however well it is signed.
#[test]
fn unrelated_records_are_not_looked_at() {
    let cost = deny("a denial with 100 signed sets more", 1, || {
        denying(0, 0, || {
            let unrelated = (0..100u8).map(|number| {
                let owner = name(&format!("t{number}.{EVIL}"));
                signed(&set(&owner, Rtype::TXT, vec![1, number]), &key(EVIL))
            });
            unrelated.flatten().collect()
        })
    });
    assert_eq!(cost.outcome.response.security, Security::Secure);
    assert!(cost.outcome.spent.proofs.validations <= 8);
}
