//! What the denials of the signed zones prove.

use threepid::dnssec::proof::{Absent, NoDs, ProofError};
use threepid::dnssec::{Effort, Security};
use threepid::wire::Rtype;

use super::{Signed, name};

const FILES: [&str; 2] = ["nsec.zone", "nsec3.zone"];

#[test]
fn what_exists_is_never_denied() {
    for file in FILES {
        let zone = Signed::read(file);
        let denials = zone.denials();
        let ours = |rtype| !matches!(rtype, Rtype::NSEC3 | Rtype::NSEC3PARAM);
        for set in zone.sets.iter().filter(|set| ours(set.rtype)) {
            let denied = denials.absent(&set.name, set.rtype, &mut Effort::default());
            assert!(denied.is_err(), "{file}: {} {}: {denied:?}", set.name, set.rtype);
        }
    }
}

#[test]
fn what_does_not_exist_is_denied() {
    let (no_name, no_type) = (Ok(Absent::Name), Ok(Absent::Type));
    for file in FILES {
        let denials = Signed::read(file).denials();
        for (owner, rtype, expected) in [
            ("signed.example", Rtype::A, no_type),
            ("Mail.signed.example", Rtype::ASSOC, no_type),
            ("7.4.4.msisdn.signed.example", Rtype::TXT, no_type),
            ("4.4.msisdn.signed.example", Rtype::A, no_type),
            ("msisdn.signed.example", Rtype::ASSOC, no_type),
            ("_tcp.signed.example", Rtype::SRV, no_type),
            ("in.tree2.signed.example", Rtype::TXT, no_type),
            ("wild.signed.example", Rtype::TXT, no_type),
            ("b.wild.signed.example", Rtype::A, no_type),
            ("x.y.wild.signed.example", Rtype::A, no_type),
            ("8.4.4.msisdn.signed.example", Rtype::ASSOC, no_name),
            ("1.7.4.4.msisdn.signed.example", Rtype::ASSOC, no_name),
            ("nobody.signed.example", Rtype::A, no_name),
            ("x.a.wild.signed.example", Rtype::TXT, no_name),
            ("x.alias.signed.example", Rtype::A, no_name),
            ("insecure.signed.example", Rtype::DS, no_type),
            ("b.wild.signed.example", Rtype::TXT, Err(ProofError::TypeExists)),
            ("alias.signed.example", Rtype::A, Err(ProofError::TypeExists)),
            ("insecure.signed.example", Rtype::A, Err(ProofError::WrongSide)),
            ("x.insecure.signed.example", Rtype::A, Err(ProofError::WrongSide)),
            ("x.secure.signed.example", Rtype::A, Err(ProofError::WrongSide)),
            ("x.tree.signed.example", Rtype::A, Err(ProofError::WrongSide)),
            ("signed.example", Rtype::DS, Err(ProofError::WrongSide)),
            ("example", Rtype::A, Err(ProofError::OutOfZone)),
        ] {
            let denied = denials.absent(&name(owner), rtype, &mut Effort::default());
            let absent = denied.map(|denied| {
                assert_eq!(denied.security, Security::Secure);
                denied.absent
            });
            assert_eq!(absent, expected, "{file}: {owner} {rtype}");
        }
    }
}

#[test]
fn cuts_are_told_from_other_names() {
    for file in FILES {
        let denials = Signed::read(file).denials();
        for (owner, expected) in [
            ("insecure.signed.example", Ok(NoDs::Insecure)),
            ("secure.signed.example", Err(ProofError::TypeExists)),
            ("Mail.signed.example", Ok(NoDs::NotACut)),
            ("alias.signed.example", Ok(NoDs::NotACut)),
            ("tree.signed.example", Ok(NoDs::NotACut)),
            ("4.msisdn.signed.example", Ok(NoDs::NotACut)),
            ("nobody.signed.example", Ok(NoDs::NotACut)),
            ("x.insecure.signed.example", Err(ProofError::WrongSide)),
        ] {
            assert_eq!(
                denials.no_ds(&name(owner), &mut Effort::default()),
                expected,
                "{file}: {owner}"
            );
        }
    }
}

#[test]
fn wildcards_stand_for_what_is_not_closer_to_another_name() {
    let wildcard = name("*.wild.signed.example");
    for file in FILES {
        let denials = Signed::read(file).denials();
        for (owner, expected) in [
            ("b.wild.signed.example", Ok(Security::Secure)),
            ("x.y.wild.signed.example", Ok(Security::Secure)),
            ("a.wild.signed.example", Err(ProofError::CloserEncloser)),
            ("x.a.wild.signed.example", Err(ProofError::CloserEncloser)),
        ] {
            assert_eq!(
                denials.expanded(&name(owner), &wildcard, &mut Effort::default()),
                expected,
                "{file}: {owner}"
            );
        }
    }
}
