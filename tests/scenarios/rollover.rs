//! Trust anchors that roll over (RFC 5011), through months, with the resolver that relies on them.

use std::time::Duration;

use threepid::clock::Timestamp;
use threepid::dnssec::rollover::{Ledger, Observed, State, TrustPoint};
use threepid::dnssec::{Algorithms, Security};
use threepid::resolver::{Checking, Policy, Root};
use threepid::wire::DigestType;
use threepid::wire::rdata::{Ds, Rrsig};

use super::keyring::{ECDSA, Key, Phase, ksk, server};
use super::live::Live;
use super::net::{World, name, parse};
use super::tree::{self, NOW};

const APEX: &str = "3pid.example.";

const OLD: Key = ksk(1);
const NEW: Key = ksk(2);
const OLD_REVOKED: Key = OLD.revoked();
const THIEF: Key = ksk(3);

const ONLY_OLD: Phase = Phase::all(&[OLD]);
const BOTH: Phase = Phase::all(&[OLD, NEW]);
const LAST_OF_OLD: Phase = Phase::all(&[OLD_REVOKED, NEW]);
const ONLY_NEW: Phase = Phase::all(&[NEW]);

/// A resolver that keeps its anchors, and is started anew each day. What counts here is what becomes of
/// its answers; the steps of a key by themselves are tested beside the trust point.
struct Story {
    world: World,
    point: TrustPoint,
    configured: Vec<Ds>,
    /// Looked at each day up to this one.
    day: u64,
}

impl Story {
    fn new(configured: &[Key]) -> Self {
        let configured: Vec<Ds> = configured.iter().map(|key| key.ds(&name(APEX))).collect();
        let root = Root { anchors: configured.clone(), ..tree::root() };
        let world = World::new(Policy { roots: vec![root], ..Policy::default() }, NOW);
        let point = point(Ledger::new(name(APEX)), &configured);
        Self { world, point, configured, day: 0 }
    }

    /// The zone is like this, and its keys are looked at once a day, up to `day`. What the last look
    /// came to.
    fn until(&mut self, day: u64, phase: Phase) -> Observed {
        self.world.put("192.0.2.1", server(APEX, 86_400, phase));
        let mut last = None;
        while self.day < day {
            self.day += 1;
            last = Some(self.look());
        }
        last.unwrap()
    }

    /// The resolver is started anew after each look.
    fn look(&mut self) -> Observed {
        self.world.now = at(self.day);
        let outcome = self.world.fetch(&format!("{APEX} DNSKEY"));
        let set = &outcome.response.answer[0];
        let rrsigs: Vec<Rrsig> =
            set.signatures.iter().map(|rdata| Rrsig::parse(rdata).unwrap()).collect();
        let observed = self.point.observe(&set.rrset, &rrsigs, self.world.now);
        let written = self.point.ledger().to_string();
        self.point = point(Ledger::parse(&written, &name(APEX)).unwrap(), &self.configured);
        self.world.policy().roots[0].anchors = self.point.anchors();
        observed
    }

    /// What the resolver says of a name of the zone that it was never asked for before.
    fn verdict(&mut self) -> Security {
        let question = format!("day{}.{APEX} A", self.day);
        self.world.ask(&question).response.security
    }

    fn state(&self, key: Key) -> State {
        let tag = key.ds(&name(APEX)).key_tag;
        let keys = &self.point.ledger().keys;
        let known = keys.iter().find(|known| known.dnskey.key_tag() == tag);
        known.map_or(State::Start, |known| known.state)
    }
}

fn point(ledger: Ledger, configured: &[Ds]) -> TrustPoint {
    TrustPoint::new(ledger, configured.to_vec(), Algorithms::default())
}

fn at(day: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(day * 86_400))
}

#[test]
fn a_key_is_announced_and_the_old_one_revoked() {
    let mut story = Story::new(&[OLD]);
    story.until(5, ONLY_OLD);
    for (day, phase, states) in [
        (6, BOTH, [State::Valid, State::AddPend]),
        (35, BOTH, [State::Valid, State::AddPend]),
        (36, BOTH, [State::Valid, State::Valid]),
        (40, LAST_OF_OLD, [State::Revoked, State::Valid]),
        (60, ONLY_NEW, [State::Revoked, State::Valid]),
        (70, ONLY_NEW, [State::Removed, State::Valid]),
    ] {
        assert_eq!(story.until(day, phase).proved, Ok(()), "day {day}");
        assert_eq!([story.state(OLD), story.state(NEW)], states, "day {day}");
        assert_eq!(story.verdict(), Security::Secure, "day {day}");
    }
    // Who goes by the configuration still has only what is gone.
    story.world.policy().roots[0].anchors = vec![OLD.ds(&name(APEX))];
    story.world.forget();
    assert_eq!(story.verdict(), Security::Bogus);
}

/// The resolver was off while the old key was revoked and removed: it comes too late for that, but
/// the new key was its own by then.
#[test]
fn a_long_absence_is_survived_once_the_new_key_is_valid() {
    let mut story = Story::new(&[OLD]);
    story.until(40, BOTH);
    story.day = 400;
    assert_eq!(story.until(401, ONLY_NEW).proved, Ok(()));
    assert_eq!([story.state(OLD), story.state(NEW)], [State::Missing, State::Valid]);
    assert_eq!(story.verdict(), Security::Secure);
}

#[test]
fn a_stolen_key_that_was_revoked_adds_nothing() {
    let mut story = Story::new(&[OLD]);
    story.until(40, BOTH);
    story.until(45, LAST_OF_OLD);
    let forged = Phase::all(&[OLD, THIEF]);
    assert!(story.until(90, forged).proved.is_err());
    assert_eq!(story.state(THIEF), State::Start);
    assert_eq!(story.verdict(), Security::Bogus);
    story.until(91, ONLY_NEW);
    assert_eq!((story.verdict(), story.state(OLD)), (Security::Secure, State::Removed));
    assert!(story.until(130, forged).proved.is_err());
    assert_eq!(story.verdict(), Security::Bogus);
}

/// The thief has a month, and the operator notices in time.
#[test]
fn a_key_added_by_a_thief_is_gone_with_the_next_set_of_the_operator() {
    let mut story = Story::new(&[OLD, NEW]);
    story.until(5, BOTH);
    story.until(34, Phase { keys: &[OLD, NEW, THIEF], key_signers: &[OLD], signers: &[OLD] });
    assert_eq!(story.state(THIEF), State::AddPend);
    story.until(35, LAST_OF_OLD);
    assert_eq!((story.state(THIEF), story.state(OLD)), (State::Start, State::Revoked));
    let forged = Phase { keys: &[OLD, THIEF], key_signers: &[OLD, THIEF], signers: &[THIEF] };
    assert!(story.until(80, forged).proved.is_err());
    assert_eq!(story.verdict(), Security::Bogus);
}

#[test]
fn a_key_seen_for_29_days_is_no_anchor() {
    let mut story = Story::new(&[OLD]);
    story.until(1, ONLY_OLD);
    story.until(30, BOTH);
    assert_eq!(story.state(NEW), State::AddPend);
    story.until(31, ONLY_OLD);
    assert!(story.until(32, ONLY_NEW).proved.is_err());
    assert_eq!((story.state(NEW), story.verdict()), (State::Start, Security::Bogus));
    story.until(33, BOTH);
    assert_eq!((story.state(NEW), story.verdict()), (State::AddPend, Security::Secure));
}

#[test]
fn a_key_that_was_missing_comes_back() {
    let mut story = Story::new(&[OLD, NEW]);
    story.until(1, BOTH);
    story.until(50, ONLY_OLD);
    assert_eq!((story.state(NEW), story.verdict()), (State::Missing, Security::Secure));
    assert_eq!(story.until(51, ONLY_NEW).proved, Ok(()));
    assert_eq!([story.state(OLD), story.state(NEW)], [State::Missing, State::Valid]);
    assert_eq!(story.verdict(), Security::Secure);
}

#[test]
fn what_no_anchor_proves_changes_nothing() {
    let mut story = Story::new(&[OLD]);
    story.until(1, ONLY_OLD);
    let ledger = story.point.ledger().keys.clone();
    for phase in [
        Phase::all(&[THIEF]),
        Phase { keys: &[OLD, THIEF], key_signers: &[THIEF], signers: &[THIEF] },
        Phase { keys: &[OLD_REVOKED], key_signers: &[THIEF], signers: &[THIEF] },
        Phase { keys: &[OLD, THIEF], key_signers: &[], signers: &[THIEF] },
    ] {
        let day = story.day + 40;
        assert!(story.until(day, phase).proved.is_err());
        assert_eq!((story.verdict(), &story.point.ledger().keys), (Security::Bogus, &ledger));
    }
    let day = story.day + 1;
    story.until(day, ONLY_OLD);
    assert_eq!(story.verdict(), Security::Secure);
}

/// Another algorithm is another key: both sign while the new one waits.
#[test]
fn the_algorithm_changes() {
    const BOTH: Phase = Phase::all(&[OLD, ECDSA]);
    let mut story = Story::new(&[OLD]);
    for (day, phase, states) in [
        (3, ONLY_OLD, [State::Valid, State::Start]),
        (33, BOTH, [State::Valid, State::AddPend]),
        (34, BOTH, [State::Valid, State::Valid]),
        (36, Phase::all(&[OLD_REVOKED, ECDSA]), [State::Revoked, State::Valid]),
        (70, Phase::all(&[ECDSA]), [State::Removed, State::Valid]),
    ] {
        story.until(day, phase);
        assert_eq!([story.state(OLD), story.state(ECDSA)], states, "day {day}");
        assert_eq!(story.verdict(), Security::Secure, "day {day}");
    }
}

/// It is not as if the tree had never been signed.
#[test]
fn a_tree_without_anchors_is_bogus() {
    let mut story = Story::new(&[OLD]);
    story.until(1, ONLY_OLD);
    assert!(story.until(2, Phase::all(&[OLD_REVOKED])).proved.is_err());
    assert_eq!(story.verdict(), Security::Bogus);
    for phase in [ONLY_OLD, ONLY_NEW, Phase { keys: &[], key_signers: &[], signers: &[] }] {
        story.day += 1;
        story.world.now = at(story.day);
        story.world.put("192.0.2.1", server(APEX, 86_400, phase));
        assert_eq!(story.verdict(), Security::Bogus);
    }
}

#[test]
fn a_clock_set_back_makes_no_anchor_early() {
    let mut story = Story::new(&[OLD]);
    story.until(100, ONLY_OLD);
    story.until(101, BOTH);
    // The clock was a hundred days ahead.
    story.day = 0;
    story.until(30, BOTH);
    assert_eq!((story.state(NEW), story.verdict()), (State::AddPend, Security::Secure));
    story.until(31, BOTH);
    assert_eq!((story.state(NEW), story.verdict()), (State::Valid, Security::Secure));
}

#[tokio::test]
async fn a_resolver_goes_over_to_other_anchors_and_forgets_nothing() {
    let Live { recursor, wire, .. } = Live::tree();
    let apex = name(APEX);
    let [own, other] = [APEX, "other.example."].map(|apex| tree::key(apex).ds(DigestType::SHA256));
    let [own, other] = [own.unwrap(), other.unwrap()];
    let ask = async |question: &str| {
        let response = recursor.resolve(parse(question), Checking::Enabled);
        (response.await.security, wire.asked().len())
    };
    assert!(ask("there.3pid.example. TXT").await.1 > 1);
    recursor.trust(&apex, &[other.clone(), own]);
    assert_eq!(ask("there.3pid.example. TXT").await, (Security::Secure, 0));
    assert_eq!(ask("absent.3pid.example. TXT").await, (Security::Secure, 1), "keys are known");
    recursor.trust(&apex, &[other]);
    assert_eq!(ask("here.3pid.example. TXT").await.0, Security::Bogus);
    recursor.trust(&name("unknown.example."), &[]);
    assert_eq!(ask("there.3pid.example. A").await.0, Security::Bogus, "that was another tree");
}
