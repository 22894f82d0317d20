//! Trust points over months.

mod ledger;

use super::*;
use crate::crypto::SeededRandom;
use crate::dnssec::{Effort, TrustedKeys, Validity, ZoneKey, dnskey_rrset, sign};
use crate::wire::rdata::Rrsig;
use crate::wire::{DigestType, Rrset, Ttl};

const START: Timestamp = Timestamp::from_secs(1_790_000_000);
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

fn zone() -> Name {
    "3pid.example.".parse().unwrap()
}

fn key(seed: u64) -> ZoneKey {
    ZoneKey::generate(zone(), ZoneKey::KSK, &mut SeededRandom::new(seed))
}

/// The key with other flags.
fn flagged(key: &ZoneKey, flags: u16) -> ZoneKey {
    let mut key = key.clone();
    key.flags = flags;
    key
}

fn revoked(key: &ZoneKey) -> ZoneKey {
    flagged(key, key.flags | Dnskey::REVOKE)
}

fn after(secs: u64) -> Timestamp {
    START.saturating_add(Duration::from_secs(secs))
}

/// A trust point, and the time. Here each set is shown to it by hand, so that every step of the table and
/// every time has its test; `tests/scenarios/rollover.rs` has it rule a resolver.
struct Story {
    point: TrustPoint,
    now: Timestamp,
}

impl Story {
    /// The configuration trusts these keys.
    fn new(configured: &[&ZoneKey]) -> Self {
        let configured = configured.iter().map(|key| key.sha256_ds()).collect();
        let point = TrustPoint::new(Ledger::new(zone()), configured, Algorithms::default());
        Self { point, now: START }
    }

    /// The zone shows these keys, signed by those, so many days after the start.
    fn see(&mut self, day: u64, keys: &[&ZoneKey], signers: &[&ZoneKey]) -> Observed {
        self.now = after(day * DAY);
        self.look(keys, signers, 2 * DAY)
    }

    fn look(&mut self, keys: &[&ZoneKey], signers: &[&ZoneKey], ttl: u64) -> Observed {
        let (set, rrsigs) = signed(keys, signers, ttl, self.now);
        self.point.observe(&set, &rrsigs, self.now)
    }

    /// The state of a key, and when it may change.
    fn state(&self, key: &ZoneKey) -> State {
        let known = self.point.ledger().keys.iter().find(|known| known.is(&key.dnskey()));
        known.map_or(State::Start, |known| known.state)
    }

    /// Whether a key alone can prove the zone.
    fn trusts(&self, key: &ZoneKey) -> bool {
        self.point.anchors().contains(&key.sha256_ds())
    }
}

fn signed(
    keys: &[&ZoneKey],
    signers: &[&ZoneKey],
    ttl: u64,
    now: Timestamp,
) -> (Rrset, Vec<Rrsig>) {
    let keys: Vec<ZoneKey> = keys.iter().copied().cloned().collect();
    let set = dnskey_rrset(&zone(), &keys, Ttl::from_secs(u32::try_from(ttl).unwrap()));
    let inception = now.saturating_sub(Duration::from_secs(HOUR));
    let expiration = now.saturating_add(Duration::from_secs(14 * DAY));
    let by = |key: &&ZoneKey| sign(&set, key, Validity { inception, expiration });
    let rrsigs = signers.iter().map(by).collect();
    (set, rrsigs)
}

fn steps(observed: &Observed) -> Vec<(State, State)> {
    observed.changes.iter().map(|change| (change.from, change.to)).collect()
}

use State::{AddPend, Missing, Removed, Revoked, Start, Valid};

#[test]
fn a_configured_key_is_valid_when_it_is_seen() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old, &new]);
    assert!(story.trusts(&old) && story.trusts(&new));
    let seen = story.see(0, &[&old], &[&old]);
    assert_eq!((steps(&seen), seen.proved), (vec![(Start, Valid)], Ok(())));
    assert!(story.trusts(&new), "it was not seen yet");
    assert_eq!(steps(&story.see(1, &[&old, &new], &[&old])), [(Start, Valid)]);
    assert_eq!(story.point.ledger().keys.len(), 2);
}

#[test]
fn digests_of_one_key_stand_for_one_key() {
    let old = key(1);
    let digests = [DigestType::SHA256, DigestType::SHA384].map(|kind| old.ds(kind).unwrap());
    let mut story = Story::new(&[]);
    story.point.configured = digests.to_vec();
    assert_eq!(story.point.anchors().len(), 2);
    story.see(0, &[&old], &[&old]);
    assert_eq!(story.point.anchors(), [old.sha256_ds()]);
}

#[test]
fn a_new_key_waits_a_month() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old]);
    story.see(0, &[&old], &[&old]);
    let seen = story.see(1, &[&old, &new], &[&old]);
    assert_eq!(steps(&seen), [(Start, AddPend)]);
    assert_eq!(seen.changes[0].until, Some(after(31 * DAY)));
    let told = seen.changes[0].to_string();
    let expected = format!("key {} (ED25519): Start, now AddPend until 20", new.key_tag());
    assert!(told.starts_with(&expected), "{told}");
    assert_eq!(steps(&story.see(30, &[&old, &new], &[&old])), []);
    assert!(!story.trusts(&new));
    assert!(story.see(30, &[&old, &new], &[&new]).proved.is_err());
    story.now = after(31 * DAY - 1);
    assert_eq!(steps(&story.look(&[&old, &new], &[&old], DAY)), []);
    assert_eq!(steps(&story.see(31, &[&old, &new], &[&old])), [(AddPend, Valid)]);
    assert!(story.trusts(&new));
    assert_eq!(story.see(32, &[&new], &[&new]).proved, Ok(()));
}

#[test]
fn the_time_alone_makes_no_anchor() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old]);
    story.see(0, &[&old, &new], &[&old]);
    story.now = after(90 * DAY);
    assert!(!story.trusts(&new), "it has to be in a set after the month");
    assert!(story.look(&[&old, &new], &[&new], DAY).proved.is_err());
    assert_eq!(story.state(&new), AddPend);
}

#[test]
fn a_key_that_goes_away_starts_again() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old]);
    story.see(0, &[&old, &new], &[&old]);
    assert_eq!(steps(&story.see(29, &[&old], &[&old])), [(AddPend, Start)]);
    assert_eq!(steps(&story.see(30, &[&old, &new], &[&old])), [(Start, AddPend)]);
    story.see(59, &[&old, &new], &[&old]);
    assert_eq!(story.state(&new), AddPend);
    // With its REVOKE bit it is as good as gone.
    let gone = story.see(60, &[&old, &revoked(&new)], &[&old, &revoked(&new)]);
    assert_eq!(steps(&gone), [(AddPend, Start)]);
}

#[test]
fn a_long_ttl_makes_the_wait_longer() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old]);
    let seen = story.look(&[&old, &new], &[&old], 40 * DAY);
    assert_eq!(seen.changes[1].until, Some(after(40 * DAY)));
    story.see(39, &[&old, &new], &[&old]);
    assert_eq!(story.state(&new), AddPend);
    story.see(40, &[&old, &new], &[&old]);
    assert_eq!(story.state(&new), Valid);
}

#[test]
fn a_missing_key_is_still_an_anchor() {
    let (one, other) = (key(1), key(2));
    let mut story = Story::new(&[&one, &other]);
    story.see(0, &[&one, &other], &[&one]);
    assert_eq!(steps(&story.see(1, &[&one], &[&one])), [(Valid, Missing)]);
    assert!(story.trusts(&other));
    story.see(400, &[&one], &[&one]);
    assert!(story.trusts(&other), "it is not forgotten");
    let back = story.see(401, &[&other], &[&other]);
    assert_eq!(steps(&back), [(Valid, Missing), (Missing, Valid)]);
    let gone = story.see(402, &[&revoked(&one), &other], &[&other, &revoked(&one)]);
    assert_eq!(steps(&gone), [(Missing, Revoked)]);
}

#[test]
fn a_revoked_key_is_trusted_never_again() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old, &new]);
    story.see(0, &[&old, &new], &[&old]);
    let last = revoked(&old);
    assert_ne!(last.key_tag(), old.key_tag());
    let gone = story.see(1, &[&last, &new], &[&last, &new]);
    assert_eq!((steps(&gone), gone.proved), (vec![(Valid, Revoked)], Ok(())));
    assert_eq!(gone.changes[0].key_tag, old.key_tag());
    assert!(!story.trusts(&old));
    assert!(story.see(2, &[&old], &[&old]).proved.is_err(), "nor without the bit");
    assert_eq!(steps(&story.see(3, &[&old, &new], &[&new])), []);
    assert_eq!(steps(&story.see(32, &[&new], &[&new])), []);
    assert_eq!(steps(&story.see(33, &[&new], &[&new])), [(Revoked, Removed)]);
    assert_eq!(steps(&story.see(34, &[&old, &new], &[&new])), []);
    assert_eq!((story.state(&old), story.trusts(&old)), (Removed, false));
}

#[test]
fn a_revoked_key_that_stays_is_not_removed() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old, &new]);
    let keys = [&revoked(&old), &new];
    for day in [0, 20, 40, 60] {
        story.see(day, &keys, &[&new, &revoked(&old)]);
    }
    assert_eq!(story.state(&old), Revoked);
    story.see(89, &[&new], &[&new]);
    assert_eq!(story.state(&old), Revoked);
    story.see(90, &[&new], &[&new]);
    assert_eq!(story.state(&old), Removed);
}

#[test]
fn only_a_key_itself_revokes_it() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old, &new]);
    story.see(0, &[&old, &new], &[&old]);
    // Signed by the other anchor alone: then the key is not there.
    assert_eq!(steps(&story.see(1, &[&revoked(&old), &new], &[&new])), [(Valid, Missing)]);
    // Signed with the key as it was.
    story.see(2, &[&revoked(&old), &new], &[&new, &old]);
    assert_eq!((story.state(&old), story.trusts(&old)), (Missing, true));
    // By its own signature alone, though the set proves nothing else.
    let stranger = key(3);
    let alone = story.see(3, &[&revoked(&old), &stranger], &[&revoked(&old)]);
    assert_eq!(steps(&alone), [(Missing, Revoked)]);
    assert!(alone.proved.is_err());
    assert_eq!((story.state(&new), story.state(&stranger)), (Valid, Start));
}

#[test]
fn a_signature_out_of_its_time_revokes_nothing() {
    let old = key(1);
    let mut story = Story::new(&[&old]);
    story.see(0, &[&old], &[&old]);
    let (set, rrsigs) = signed(&[&revoked(&old)], &[&revoked(&old)], DAY, START);
    let late = story.point.observe(&set, &rrsigs, after(15 * DAY));
    assert_eq!(steps(&late), []);
    assert_eq!(steps(&story.point.observe(&set, &rrsigs, after(DAY))), [(Valid, Revoked)]);
}

/// A key that revokes itself is of no use for the set in which it does so, be it there without the
/// bit as well.
#[test]
fn a_key_cannot_revoke_itself_and_go_on() {
    let (old, thief) = (key(1), key(2));
    let mut story = Story::new(&[&old]);
    story.see(0, &[&old], &[&old]);
    let both = story.see(1, &[&old, &revoked(&old), &thief], &[&old, &revoked(&old)]);
    assert_eq!((steps(&both), both.proved), (vec![(Valid, Revoked)], Err(Unproved::Deleted)));
    assert_eq!(story.state(&thief), Start);
}

#[test]
fn a_configured_key_can_be_revoked_before_it_is_seen() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old, &new]);
    let first = story.see(0, &[&revoked(&old), &new], &[&revoked(&old), &new]);
    assert_eq!(steps(&first), [(Valid, Revoked), (Start, Valid)]);
    assert!(!story.trusts(&old) && story.trusts(&new));
}

#[test]
fn a_set_that_no_anchor_proves_is_ignored() {
    let (old, new, thief) = (key(1), key(2), key(3));
    let mut story = Story::new(&[&old]);
    story.see(0, &[&old, &new], &[&old]);
    let before = story.point.ledger().keys.clone();
    for signers in [&[][..], &[&thief], &[&new]] {
        let seen = story.see(10, &[&old, &thief], signers);
        assert!(seen.changes.is_empty() && seen.proved.is_err());
        assert_eq!(story.point.ledger().keys, before);
    }
}

#[test]
fn only_entry_points_of_known_algorithms_become_anchors() {
    let old = key(1);
    let plain = flagged(&key(2), ZoneKey::ZSK);
    let no_zone_key = flagged(&key(3), Dnskey::SEP);
    let mut story = Story::new(&[&old]);
    let (mut set, _) = signed(&[&old, &plain, &no_zone_key, &revoked(&key(4))], &[], DAY, START);
    let unknown = Dnskey { algorithm: Algorithm(200), ..key(5).dnskey() };
    let sha1 = Dnskey { algorithm: Algorithm::RSASHA1, ..key(6).dnskey() };
    set.rdata.extend([unknown.to_rdata(), sha1.to_rdata()]);
    let validity = Validity { inception: START, expiration: after(DAY) };
    let rrsig = sign(&set, &old, validity);
    let seen = story.point.observe(&set, &[rrsig], START);
    assert_eq!((steps(&seen), seen.proved), (vec![(Start, Valid)], Ok(())));
}

#[test]
fn a_point_without_anchors_is_deleted() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old]);
    story.see(0, &[&old, &new], &[&old]);
    let gone = story.see(1, &[&revoked(&old)], &[&revoked(&old)]);
    assert_eq!(gone.proved, Err(Unproved::Deleted));
    assert_eq!(story.point.next_query(story.now), None);
    // What it is judged by is met by no key: the one that it stands for is revoked.
    assert_eq!(story.point.anchors(), [revoked(&old).sha256_ds()]);
    let (set, rrsigs) = signed(&[&revoked(&old)], &[&revoked(&old)], DAY, story.now);
    let ds = SupportedDs::select(&story.point.anchors(), Algorithms::default()).unwrap();
    let effort = &mut Effort::default();
    let proved = TrustedKeys::establish(&ds, &set, &rrsigs, story.now, effort);
    assert_eq!(proved, Err(SignatureError::Revoked));
    // The configuration can found it again, but not on the same key. A key that waits need not.
    let ledger = story.point.ledger().clone();
    let again = |key: &ZoneKey| {
        let configured = vec![key.sha256_ds()];
        TrustPoint::new(ledger.clone(), configured, Algorithms::default()).valid_anchors()
    };
    assert_eq!(again(&old), []);
    assert_eq!(again(&new), [new.sha256_ds()]);
    assert_eq!(again(&key(3)), [key(3).sha256_ds()]);
}

/// An anchor that could prove nothing must not make the zone insecure.
#[test]
fn anchors_that_do_not_count_are_none() {
    let sha1 = Dnskey { algorithm: Algorithm::RSASHA1, ..key(1).dnskey() };
    let mut ledger = Ledger::new(zone());
    ledger.keys.push(AnchorKey::new(sha1, Valid, START));
    let anchors = |rsasha1| {
        let algorithms = Algorithms { rsasha1 };
        TrustPoint::new(ledger.clone(), Vec::new(), algorithms).valid_anchors().len()
    };
    assert_eq!((anchors(true), anchors(false)), (1, 0));
}

#[test]
fn queries_keep_the_pace() {
    let old = key(1);
    let mut story = Story::new(&[&old]);
    assert!(story.point.next_query(START).unwrap() <= START, "at once");
    story.see(0, &[&old], &[&old]);
    assert_eq!(story.point.next_query(START), Some(after(DAY)), "half the TTL");
    let now = after(DAY);
    story.point.missed(now);
    let retry = Duration::from_secs(2 * DAY / 10);
    assert_eq!(story.point.next_query(now), Some(now.saturating_add(retry)));
    story.see(1, &[&old], &[]);
    assert_eq!(story.point.next_query(now), Some(now.saturating_add(retry)), "nothing proved");
}

#[test]
fn a_clock_that_was_wrong_is_not_waited_for() {
    let old = key(1);
    let mut story = Story::new(&[&old]);
    story.see(10, &[&old], &[&old]);
    assert_eq!(story.point.next_query(START), Some(START), "the last query lies ahead");
    story.see(0, &[&old], &[&old]);
    story.point.ledger.next = after(16 * DAY);
    assert_eq!(story.point.next_query(START), Some(START), "nothing waits so long");
}

#[test]
fn a_clock_set_back_shortens_no_wait() {
    let (old, new) = (key(1), key(2));
    let mut story = Story::new(&[&old]);
    story.see(100, &[&old, &new], &[&old]);
    assert_eq!(steps(&story.see(90, &[&old, &new], &[&old])), []);
    story.see(119, &[&old, &new], &[&old]);
    assert_eq!(story.state(&new), AddPend);
    story.see(120, &[&old, &new], &[&old]);
    assert_eq!(story.state(&new), Valid);
}
