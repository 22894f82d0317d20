//! What a store keeps: taken as it is, signed, renewed.

use std::time::Duration;

use super::super::{Index, Standing};
use super::*;
use crate::wire::{Part, Rdata};

const OWNER: &str = "1.msisdn.example.";
const LINES: &str = "example. SOA\nexample. NS ns.example.org.";
const HOUR: Duration = Duration::from_secs(3600);

/// A zone of these keys with a store of nothing.
fn zone(keys: Vec<ZoneKey>) -> ServedZone {
    let zone = build("example.", LINES).unwrap().zone;
    let associations = Associated::Store(Arc::new(Index::new(zone.apex(), 1)));
    ServedZone::new(zone, associations, keys, Policy::default(), NOW).unwrap()
}

fn key(seed: u64, flags: u16) -> ZoneKey {
    ZoneKey::generate(name("example."), flags, &mut SeededRandom::new(seed))
}

fn rdata() -> Rdata {
    let built = build("example.", &format!("{LINES}\n{OWNER} ASSOC alice")).unwrap();
    built.associations[0].rdata[0].clone()
}

/// Takes what the store has, with these signatures. Gives what was signed.
fn hold(zone: &ServedZone, rrsigs: &[Rdata], now: Timestamp) -> Option<Vec<Rdata>> {
    let (owner, rdata) = (name(OWNER), rdata());
    let rrsigs = rrsigs.iter().map(Rdata::octets);
    let kept = Kept { owner: owner.as_wire(), sequence: 1, rdata: rdata.octets(), rrsigs };
    zone.hold(zone.index().unwrap(), &kept, now, &mut Vec::new())
}

fn standing(zone: &ServedZone, rrsigs: &[Rdata], now: Timestamp) -> Standing {
    zone.standing(name(OWNER).as_wire(), rrsigs.iter().map(Rdata::octets), now)
}

/// The signatures that are served, and whether they should be made anew.
fn served_now(zone: &ServedZone, now: Timestamp) -> (Vec<Rdata>, bool) {
    let (mut rrsigs, mut due, owner) = (Vec::new(), false, name(OWNER));
    zone.index().unwrap().find(owner.as_wire(), &mut |set| {
        let octets = set.rdata(Part::Signatures).map(<[u8]>::to_vec);
        rrsigs = octets.map(|octets| Rdata::new(octets).unwrap()).collect();
        due = zone.due(owner.as_wire(), set, now).is_some();
    });
    (rrsigs, due)
}

#[test]
fn what_was_signed_is_taken_as_it_is() {
    let made = hold(&zone(vec![key(1, ZoneKey::KSK)]), &[], NOW).unwrap();
    assert_eq!(made.len(), 1);
    let again = zone(vec![key(1, ZoneKey::KSK)]);
    assert_eq!(hold(&again, &made, NOW), None);
    assert_eq!(served_now(&again, NOW), (made.clone(), false));
    let owner = name(OWNER);
    let by = |zone: &ServedZone| {
        let rrsigs = made.iter().map(Rdata::octets);
        zone.made_one_of(owner.as_wire(), rdata().octets(), rrsigs, NOW)
    };
    assert!(by(&again));
    // Other keys, names and kinds of zone.
    let other = zone(vec![key(2, ZoneKey::KSK)]);
    assert!(!by(&other) && standing(&other, &made, NOW) == Standing::Void);
    assert!(hold(&other, &made, NOW).is_some_and(|anew| anew != made));
    let elsewhere = name("1.2.msisdn.example.");
    let rrsigs = made.iter().map(Rdata::octets);
    assert_eq!(again.standing(elsewhere.as_wire(), rrsigs, NOW), Standing::Void);
    let unsigned = zone(Vec::new());
    assert_eq!(hold(&unsigned, &made, NOW), None);
    assert_eq!(served_now(&unsigned, NOW), (Vec::new(), false));
}

#[test]
fn signatures_are_renewed_in_their_last_quarter() {
    let zone = zone(vec![key(1, ZoneKey::KSK)]);
    let made = hold(&zone, &[], NOW).unwrap();
    let rrsig = Rrsig::parse(&made[0]).unwrap();
    let lifetime = Duration::from_secs(u64::from(rrsig.expiration - rrsig.inception));
    let end = Timestamp::from_secs(u64::from(rrsig.expiration));
    let second = Duration::from_secs(1);
    let at = |left: Duration| standing(&zone, &made, end.saturating_sub(left));
    assert_eq!(at(lifetime), Standing::Good);
    assert_eq!(at(lifetime + second), Standing::Void, "it has not begun");
    let quarter = Duration::from_secs(lifetime.as_secs() / 4);
    assert_eq!([at(quarter + second), at(quarter)], [Standing::Good, Standing::Due]);
    // What caches keep for an hour must not end before.
    assert_eq!([at(HOUR + second), at(HOUR)], [Standing::Due, Standing::Void]);

    let now = end.saturating_sub(2 * HOUR);
    assert!(served_now(&zone, now).1);
    let (owner, rdata, index) = (name(OWNER), rdata(), zone.index().unwrap());
    let renew = |sequence| {
        let kept = (sequence, rdata.octets());
        zone.renew_association(index, owner.as_wire(), kept, now, &mut Vec::new())
    };
    assert_eq!(renew(2), None, "something else is served by now");
    let anew = renew(1).unwrap();
    assert_eq!(served_now(&zone, now), (anew, false));
    assert!(
        Server { now, ..Server::new(vec![zone]) }
            .securely(&format!("{OWNER} ASSOC"))
            .contains("aa")
    );
}

/// A new key that was published before takes over: what the old one signed is served on.
#[test]
fn keys_take_turns() {
    let (ksk, old, new) = (key(1, ZoneKey::KSK), key(2, ZoneKey::ZSK), key(3, ZoneKey::ZSK));
    let before = zone(vec![ksk.clone(), old.clone()]);
    let made = hold(&before, &[], NOW).unwrap();
    let both = zone(vec![ksk.clone(), old, new.clone()]);
    // It is believed, and one signature is missing.
    assert_eq!(standing(&both, &made, NOW), Standing::Due);
    assert_eq!(hold(&both, &made, NOW), None);
    assert!(served_now(&both, NOW).1);
    let after = zone(vec![ksk, new]);
    assert_eq!(standing(&after, &made, NOW), Standing::Void);
    assert!(before.can_share(&before) && after.can_share(&after));
    assert!(!after.can_share(&before) && !before.can_share(&after));
    assert!(!zone(Vec::new()).can_share(&before));
}
