//! What is planned, moment by moment. That it never breaks a chain is tested beside the authority.

use super::*;
use crate::crypto::SeededRandom;

const DAY: u64 = 86_400;

/// A moment some days and hours after the start of all.
const fn at(days: u64, hours: u64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + days * DAY + hours * 3600)
}

fn key(seed: u64, flags: u16, timing: Timing) -> ZoneKey {
    let random = &mut SeededRandom::new(seed);
    ZoneKey::generate("e".parse().unwrap(), flags, random).with_timing(timing)
}

/// Keys in use for a year.
fn keys(flags: &[u16]) -> Vec<ZoneKey> {
    let since = at(0, 0).saturating_sub(std::time::Duration::from_secs(365 * DAY));
    (1..).zip(flags).map(|(seed, flags)| key(seed, *flags, Timing::in_use(since))).collect()
}

struct Zone(Vec<ZoneKey>);

impl Zone {
    fn step(
        &mut self,
        now: Timestamp,
        step: impl FnOnce(Roll<'_>) -> Result<Plan, Refusal>,
    ) -> Result<Vec<String>, Refusal> {
        let plan = step(Roll { keys: &self.0, now, intervals: &Intervals::default() })?;
        let mut told = Vec::new();
        if let Some((flags, timing)) = plan.new {
            told.push(tell(&timing));
            self.0.push(key(self.0.len() as u64 + 1, flags, timing));
        }
        for (place, timing) in plan.changes {
            told.push(tell(&timing));
            self.0[place].timing = timing;
        }
        Ok(told)
    }

    fn start(
        &mut self,
        now: Timestamp,
        role: Role,
        vouching: Vouching,
    ) -> Result<Vec<String>, Refusal> {
        self.step(now, |roll| roll.start(role, vouching, now))
    }
}

/// What is planned from the start on, in days and hours.
fn tell(timing: &Timing) -> String {
    let planned = timing.lines().into_iter().filter_map(|(tag, moment)| {
        let moment = moment.filter(|moment| *moment >= at(0, 0) && tag != "Created")?;
        let hours = moment.since(at(0, 0)).as_secs() / 3600;
        Some(format!("{tag} {}d{}", hours / 24, hours % 24))
    });
    planned.collect::<Vec<_>>().join(", ")
}

const SPLIT: [u16; 2] = [ZoneKey::KSK, ZoneKey::ZSK];

#[test]
fn a_zsk_is_pre_published() {
    let mut zone = Zone(keys(&SPLIT));
    let told = zone.start(at(0, 0), Role::Zsk, Vouching::Parent).unwrap();
    assert_eq!(told, ["Publish 0d0, Activate 1d1", "Inactive 1d1, Delete 16d2"]);
    let tag = zone.0[2].key_tag();
    let again = |zone: &mut Zone, now| zone.start(now, Role::Zsk, Vouching::Parent);
    let underway = Refusal::Underway { tag, safe: Some(at(1, 1)) };
    assert_eq!(again(&mut zone, at(1, 0)).unwrap_err(), underway);
    let told = again(&mut zone, at(1, 1)).unwrap();
    assert_eq!(
        told,
        ["Publish 1d1, Activate 2d2", "Publish 0d0, Activate 1d1, Inactive 2d2, Delete 17d3"]
    );
}

#[test]
fn a_ksk_waits_for_its_parent() {
    let mut zone = Zone(keys(&SPLIT));
    assert_eq!(zone.start(at(0, 0), Role::Ksk, Vouching::Parent).unwrap(), ["SyncPublish 0d0"]);
    let again = zone.start(at(9, 0), Role::Ksk, Vouching::Parent).unwrap_err();
    assert_eq!(again, Refusal::Underway { tag: zone.0[2].key_tag(), safe: None });
    let told = zone.step(at(10, 0), |roll| roll.seen(at(9, 12))).unwrap();
    let new = "Publish 10d13, Activate 10d13, DSPublish 9d12, SyncPublish 0d0";
    assert_eq!(told, [new, "Inactive 10d13, Delete 10d13, SyncDelete 11d14"]);
    assert_eq!(
        zone.step(at(10, 1), |roll| roll.seen(at(10, 1))).unwrap_err(),
        Refusal::NothingWaits
    );
}

#[test]
fn a_csk_is_published_while_it_waits() {
    let mut zone = Zone(keys(&[ZoneKey::KSK]));
    let told = zone.start(at(0, 0), Role::Csk, Vouching::Parent).unwrap();
    assert_eq!(told, ["Publish 0d0, SyncPublish 0d0"]);
    let told = zone.step(at(5, 0), |roll| roll.seen(at(5, 0))).unwrap();
    let new = "Publish 0d0, Activate 6d1, DSPublish 5d0, SyncPublish 0d0";
    assert_eq!(told, [new, "Inactive 6d1, Delete 21d2, SyncDelete 7d2"]);
}

#[test]
fn an_anchor_stands_by_until_it_is_trusted() {
    for (flags, role, old) in [
        (&[ZoneKey::KSK][..], Role::Csk, "Revoke 76d2, Inactive 61d1, Delete 108d3"),
        (&SPLIT, Role::Ksk, "Revoke 62d2, Delete 94d3"),
    ] {
        let mut zone = Zone(keys(flags));
        let told = zone.start(at(0, 0), role, Vouching::Anchor).unwrap();
        assert_eq!(told, ["Publish 0d0, Activate 61d1", old], "{role}");
    }
}

#[test]
fn an_anchor_that_stands_by_is_used() {
    let mut zone = Zone(keys(&[ZoneKey::KSK]));
    let stand_by = |zone: &mut Zone, now| zone.step(now, |roll| roll.stand_by(Role::Csk, now));
    assert_eq!(stand_by(&mut zone, at(0, 0)).unwrap(), ["Publish 0d0"]);
    let again = stand_by(&mut zone, at(1, 0)).unwrap_err();
    assert_eq!(again, Refusal::StandsBy(zone.0[1].key_tag()));
    let mut late = Zone(zone.0.clone());
    let old = "Revoke 76d2, Inactive 61d1, Delete 108d3";
    let told = zone.start(at(9, 0), Role::Csk, Vouching::Anchor).unwrap();
    assert_eq!(told, ["Publish 0d0, Activate 61d1", old], "it has to be trusted first");
    let told = late.start(at(90, 0), Role::Csk, Vouching::Anchor).unwrap();
    assert_eq!(told[0], "Publish 0d0, Activate 90d0");
    assert!(matches!(stand_by(&mut zone, at(10, 0)), Err(Refusal::Underway { .. })));
}

#[test]
fn a_stolen_anchor_is_revoked_when_another_is_trusted() {
    for (flags, role, told) in [
        (&[ZoneKey::KSK][..], Role::Csk, "Revoke 62d7, Inactive 61d1, Delete 94d8"),
        (&SPLIT, Role::Ksk, "Revoke 62d2, Delete 94d3"),
    ] {
        let mut zone = Zone(keys(flags));
        let alone = zone.step(at(0, 0), |roll| roll.revoke(None)).unwrap_err();
        assert_eq!(alone, Refusal::Alone { safe: None });
        zone.start(at(0, 0), role, Vouching::Anchor).unwrap();
        let early = zone.step(at(9, 0), |roll| roll.revoke(None)).unwrap_err();
        assert_eq!(early, Refusal::Alone { safe: Some(at(61, 1)) });
        let old = zone.0[0].key_tag();
        let both = zone.0.iter().filter(|key| key.is_sep()).map(|key| key.key_tag().to_string());
        let which = Refusal::Which(both.collect::<Vec<_>>().join(", "));
        assert_eq!(zone.step(at(61, 6), |roll| roll.revoke(None)).unwrap_err(), which);
        let revoked = zone.step(at(61, 6), |roll| roll.revoke(Some(old))).unwrap();
        assert_eq!(revoked, [told], "{role}");
    }
}

/// Another key has stood by for long, so that nobody has to say which one is meant.
#[test]
fn the_key_that_signs_is_revoked() {
    let since = keys(&SPLIT)[0].timing.publish;
    for (flags, told) in [
        (&[ZoneKey::KSK][..], ["Activate 9d0", "Revoke 10d1, Inactive 9d0, Delete 42d2"]),
        (&SPLIT, ["Activate 9d0", "Revoke 10d1, Delete 42d2"]),
    ] {
        let mut keys = keys(flags);
        keys.push(key(9, ZoneKey::KSK, Timing { publish: since, ..Timing::created(at(0, 0)) }));
        assert_eq!(Zone(keys).step(at(9, 0), |roll| roll.revoke(None)).unwrap(), told);
    }
}

/// It is the one that stands by that was stolen.
#[test]
fn a_standby_key_is_revoked() {
    let mut zone = Zone(keys(&SPLIT));
    zone.start(at(0, 0), Role::Ksk, Vouching::Anchor).unwrap();
    let standby = zone.0[2].key_tag();
    let told = zone.step(at(9, 0), |roll| roll.revoke(Some(standby))).unwrap();
    let revoked = "Publish 0d0, Activate 61d1, Revoke 9d0, Delete 41d1";
    assert_eq!(told, ["", revoked], "the other one stays, which was to go");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |flags: &[u16], role| {
        Zone(keys(flags)).start(at(0, 0), role, Vouching::Parent).unwrap_err()
    };
    assert_eq!(refused(&SPLIT, Role::Csk), Refusal::Ambiguous);
    assert_eq!(refused(&[ZoneKey::KSK], Role::Ksk), Refusal::OtherRole { asked: Role::Ksk });
    assert_eq!(refused(&[ZoneKey::ZSK], Role::Zsk), Refusal::OtherRole { asked: Role::Zsk });
    assert_eq!(refused(&[], Role::Csk), Refusal::NoKey(Role::Csk));
    let mut zone = Zone(keys(&SPLIT));
    let past = zone.step(at(1, 0), |roll| roll.start(Role::Zsk, Vouching::Parent, at(0, 0)));
    assert_eq!(past.unwrap_err(), Refusal::Past);
    zone.start(at(1, 0), Role::Ksk, Vouching::Parent).unwrap();
    let not_seen = Refusal::NotSeen { tag: zone.0[2].key_tag(), from: at(1, 0) };
    for moment in [at(0, 23), at(3, 1)] {
        assert_eq!(zone.step(at(3, 0), |roll| roll.seen(moment)).unwrap_err(), not_seen);
    }
}

/// A zone whose one key signs everything gets a ZSK, and soon after another KSK.
#[test]
fn a_zone_is_split() {
    let mut zone = Zone(keys(&[ZoneKey::KSK]));
    let told = zone.start(at(0, 0), Role::Zsk, Vouching::Parent).unwrap();
    assert_eq!(told, ["Publish 0d0, Activate 1d1"]);
    zone.start(at(2, 0), Role::Ksk, Vouching::Parent).unwrap();
    let told = zone.step(at(3, 0), |roll| roll.seen(at(3, 0))).unwrap();
    assert_eq!(
        told[1], "Inactive 4d1, Delete 16d2, SyncDelete 5d2",
        "it signed the data until 1d1"
    );
}

#[test]
fn a_roll_is_taken_back() {
    for (flags, role, vouching, told) in [
        (&SPLIT[..], Role::Zsk, Vouching::Parent, &["", "Publish 0d0, Delete 0d2"][..]),
        (&SPLIT, Role::Ksk, Vouching::Parent, &["Delete 0d2, SyncPublish 0d0, SyncDelete 0d2"]),
        (&SPLIT, Role::Ksk, Vouching::Anchor, &["", "Publish 0d0, Delete 0d2"]),
        (&[ZoneKey::KSK], Role::Csk, Vouching::Anchor, &["", "Publish 0d0, Delete 0d2"]),
        (
            &[ZoneKey::KSK],
            Role::Csk,
            Vouching::Parent,
            &["Publish 0d0, Delete 0d2, SyncPublish 0d0, SyncDelete 0d2"],
        ),
    ] {
        let mut zone = Zone(keys(flags));
        let before = zone.0.clone();
        zone.start(at(0, 0), role, vouching).unwrap();
        assert_eq!(zone.step(at(0, 2), |roll| roll.cancel(None)).unwrap(), told, "{role}");
        let kept: Vec<_> = zone.0.iter().map(|key| key.timing).take(before.len()).collect();
        assert_eq!(kept, before.iter().map(|key| key.timing).collect::<Vec<_>>());
        let again = zone.step(at(0, 2), |roll| roll.cancel(None)).unwrap_err();
        assert_eq!(again, Refusal::NothingComes);
        zone.start(at(0, 3), role, vouching).unwrap();
    }
}

#[test]
fn a_roll_is_taken_back_until_servers_would_not_hear_in_time() {
    let mut zone = Zone(keys(&SPLIT));
    zone.start(at(0, 0), Role::Ksk, Vouching::Parent).unwrap();
    zone.step(at(1, 0), |roll| roll.seen(at(1, 0))).unwrap();
    let (tag, switch) = (zone.0[2].key_tag(), at(2, 1));
    let late = zone.step(at(2, 0), |roll| roll.cancel(None)).unwrap_err();
    assert_eq!(late, Refusal::TooLate { tag, switch });
    let told = zone.step(at(1, 23), |roll| roll.cancel(Some(tag))).unwrap();
    let new = "Delete 1d23, DSPublish 1d0, SyncPublish 0d0, SyncDelete 1d23";
    assert_eq!(told, ["", new], "the old one stays");

    let mut both = Zone(keys(&SPLIT));
    both.start(at(0, 0), Role::Zsk, Vouching::Parent).unwrap();
    both.start(at(0, 0), Role::Ksk, Vouching::Parent).unwrap();
    let tags = [both.0[2].key_tag(), both.0[3].key_tag()];
    let which = both.step(at(0, 1), |roll| roll.cancel(None)).unwrap_err();
    assert_eq!(which, Refusal::Which(format!("{}, {}", tags[0], tags[1])));
    both.step(at(0, 1), |roll| roll.cancel(Some(tags[0]))).unwrap();
}

/// Resolvers go on to trust what they were shown for a month.
#[test]
fn an_anchor_that_may_be_trusted_stands_by() {
    let mut zone = Zone(keys(&SPLIT));
    zone.start(at(0, 0), Role::Ksk, Vouching::Anchor).unwrap();
    let told = zone.step(at(30, 0), |roll| roll.cancel(None)).unwrap();
    assert_eq!(told, ["", "Publish 0d0"]);
    let told = zone.start(at(90, 0), Role::Ksk, Vouching::Anchor).unwrap();
    assert_eq!(told[0], "Publish 0d0, Activate 90d0");
}

/// What the only key signed before the first ZSK is in caches for as long as if no other had been planned.
#[test]
fn a_zsk_that_never_signed_took_nothing_over() {
    let mut zone = Zone(keys(&[ZoneKey::KSK]));
    zone.start(at(0, 0), Role::Zsk, Vouching::Parent).unwrap();
    zone.step(at(0, 1), |roll| roll.cancel(None)).unwrap();
    zone.start(at(1, 0), Role::Zsk, Vouching::Parent).unwrap();
    zone.start(at(3, 0), Role::Ksk, Vouching::Parent).unwrap();
    let told = zone.step(at(4, 0), |roll| roll.seen(at(4, 0))).unwrap();
    assert_eq!(told[1], "Inactive 5d1, Delete 17d2, SyncDelete 6d2");
}

/// The zone goes on with a key past its end, until it has another.
#[test]
fn a_key_past_its_end_can_be_rolled() {
    let mut keys = keys(&SPLIT);
    keys[0].timing.inactive = Some(at(1, 0));
    keys[0].timing.delete = Some(at(2, 0));
    let mut zone = Zone(keys);
    zone.start(at(9, 0), Role::Ksk, Vouching::Parent).unwrap();
    let told = zone.step(at(9, 0), |roll| roll.seen(at(9, 0))).unwrap();
    assert_eq!(told[1], "Inactive 10d1, Delete 10d1, SyncDelete 11d2");
}

#[test]
fn refusals_tell_when_it_is_safe() {
    let told = Refusal::Underway { tag: 7, safe: Some(at(1, 1)) };
    assert_eq!(
        told.to_string(),
        "key 7 is on its way already: it signs from 2027-01-16 09:00:00 UTC"
    );
    assert_eq!(told.safe(), Some(at(1, 1)));
    assert_eq!(Refusal::Past.safe(), None);
}
