//! A trust anchor that BIND 9.18 revoked (`tests/vectors/dnssec/rollover`).
//!
//! Made by `dnssec-keygen -a RSASHA256 -b 2048 -f KSK` and `-a ED25519 -f KSK`, a zone-signing key of
//! each algorithm, `dnssec-signzone -P` as for the other zones, and between the two zones
//! `dnssec-revoke` of the first key. Of each zone the DNSKEY set and its signatures.

use threepid::dnssec::Algorithms;
use threepid::dnssec::rollover::{Change, Ledger, State, TrustPoint};
use threepid::wire::rdata::Ds;
use threepid::wire::{Algorithm, DigestType, Rtype};

use super::{NOW, Signed, name};

/// By `dnssec-dsfromkey -2`, of the RSA key as it was.
const DIGEST: &str = "B1350E40C04097D812BFE277FA8624797D91B3BA2F0A965619D346F349E10287";

#[test]
fn a_key_that_bind_revoked_is_revoked() {
    let ds = Ds {
        key_tag: 47119,
        algorithm: Algorithm::RSASHA256,
        digest_type: DigestType::SHA256,
        digest: threepid::codec::from_hex(DIGEST).unwrap(),
    };
    let zone = name("roll.example.");
    let mut point = TrustPoint::new(Ledger::new(zone), vec![ds], Algorithms::default());
    let mut look = |file: &str| {
        let signed = Signed::read(&format!("rollover/{file}.zone"));
        let keys = signed.set("roll.example.", Rtype::DNSKEY);
        let observed = point.observe(keys, &signed.over(keys), NOW);
        let step = |change: &Change| (change.key_tag, change.from, change.to);
        (observed.changes.iter().map(step).collect::<Vec<_>>(), observed.proved.is_ok())
    };
    let (before, proved) = look("before");
    assert!(proved);
    let new = (38581, State::Start, State::AddPend);
    assert_eq!(before, [(47119, State::Start, State::Valid), new]);
    let (after, proved) = look("after");
    assert_eq!(after, [(47119, State::Valid, State::Revoked)]);
    assert!(!proved, "the new key still waits");
}
