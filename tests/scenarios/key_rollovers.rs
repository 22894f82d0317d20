//! Zones that change their keys as RFC 6781 section 4.1 has it: nobody who remembers what was before
//! may be told that something is wrong. And clocks that are set.

use std::time::Duration;

use threepid::dnssec::Security;
use threepid::wire::EdeCode;

use super::keyring::{ECDSA, Key, Phase, ksk, server, zsk};
use super::net::World;
use super::tree::{self, NOW, authority};

const ZONE: &str = "z.3pid.example.";

/// How long everything lives: DS, DNSKEY and data.
const TTL: u32 = 3600;

/// What has to be waited for between two steps: the TTL, and the time that a question takes.
const WAIT: u64 = 3700;

const KSK: Key = ksk(1);
const NEXT_KSK: Key = ksk(2);
const ZSK: Key = zsk(3);
const NEXT_ZSK: Key = zsk(4);
/// One key for everything, of the same algorithm.
const CSK: Key = ksk(5);

/// A step: the keys that the parent's DS set stands for, and what the zone shows.
type Step = (&'static [Key], Phase);

const fn phase(
    keys: &'static [Key],
    key_signers: &'static [Key],
    signers: &'static [Key],
) -> Phase {
    Phase { keys, key_signers, signers }
}

/// The tree, with this step taken.
fn take(world: &mut World, (delegated, phase): Step) {
    let label = "z";
    let ds: String =
        delegated.iter().map(|key| format!("{label} {TTL} {}\n", key.ds_text(ZONE))).collect();
    let records = format!("{label} NS ns.{label}\nns.{label} A 192.0.2.7\n{ds}");
    world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, &records)]));
    world.put("192.0.2.7", server(ZONE, TTL, phase));
}

fn world() -> World {
    World::new(tree::policy(), NOW)
}

/// Every so many seconds, asks for a name that is known, one that is not, and what is not there.
/// However these times lie to the steps, everything is proved.
fn assert_secure_throughout(steps: &[Step]) {
    for pause in [100, 1300, 1900, 3500, 3599, 5000] {
        let mut world = world();
        let mut asked = 0;
        for (number, step) in steps.iter().enumerate() {
            take(&mut world, *step);
            let end = NOW.saturating_add(Duration::from_secs(WAIT * (number as u64 + 1)));
            while world.now < end {
                for question in [
                    format!("www.{ZONE} A"),
                    format!("new{asked}.{ZONE} A"),
                    format!("new{asked}.{ZONE} TXT"),
                ] {
                    let outcome = world.ask(&question);
                    let at = format!("{question}, each {pause} s, step {number}");
                    assert_eq!(outcome.response.security, Security::Secure, "{at}: {outcome:#?}");
                }
                asked += 1;
                world.pass(pause);
            }
        }
    }
}

/// Section 4.1.1.1.
#[test]
fn a_zsk_published_before_it_signs() {
    assert_secure_throughout(&[
        (&[KSK], phase(&[KSK, ZSK], &[KSK], &[ZSK])),
        (&[KSK], phase(&[KSK, ZSK, NEXT_ZSK], &[KSK], &[ZSK])),
        (&[KSK], phase(&[KSK, ZSK, NEXT_ZSK], &[KSK], &[NEXT_ZSK])),
        (&[KSK], phase(&[KSK, NEXT_ZSK], &[KSK], &[NEXT_ZSK])),
    ]);
}

/// Section 4.1.1.2.
#[test]
fn a_zsk_that_signs_beside_the_old_one() {
    assert_secure_throughout(&[
        (&[KSK], phase(&[KSK, ZSK], &[KSK], &[ZSK])),
        (&[KSK], phase(&[KSK, ZSK, NEXT_ZSK], &[KSK], &[ZSK, NEXT_ZSK])),
        (&[KSK], phase(&[KSK, NEXT_ZSK], &[KSK], &[NEXT_ZSK])),
    ]);
}

/// Section 4.1.2, the double-signature way.
#[test]
fn a_ksk_that_signs_beside_the_old_one() {
    const BOTH: Phase = phase(&[KSK, NEXT_KSK, ZSK], &[KSK, NEXT_KSK], &[ZSK]);
    assert_secure_throughout(&[
        (&[KSK], phase(&[KSK, ZSK], &[KSK], &[ZSK])),
        (&[KSK], BOTH),
        (&[NEXT_KSK], BOTH),
        (&[NEXT_KSK], phase(&[NEXT_KSK, ZSK], &[NEXT_KSK], &[ZSK])),
    ]);
}

/// Section 4.1.2, the double-DS way.
#[test]
fn a_ksk_that_the_parent_knows_before() {
    assert_secure_throughout(&[
        (&[KSK], phase(&[KSK, ZSK], &[KSK], &[ZSK])),
        (&[KSK, NEXT_KSK], phase(&[KSK, ZSK], &[KSK], &[ZSK])),
        (&[KSK, NEXT_KSK], phase(&[NEXT_KSK, ZSK], &[NEXT_KSK], &[ZSK])),
        (&[NEXT_KSK], phase(&[NEXT_KSK, ZSK], &[NEXT_KSK], &[ZSK])),
    ]);
}

/// Section 4.1.3.
#[test]
fn one_key_for_everything() {
    const BOTH: Phase = phase(&[CSK, NEXT_KSK], &[CSK, NEXT_KSK], &[CSK, NEXT_KSK]);
    assert_secure_throughout(&[
        (&[CSK], Phase::all(&[CSK])),
        (&[CSK], BOTH),
        (&[NEXT_KSK], BOTH),
        (&[NEXT_KSK], Phase::all(&[NEXT_KSK])),
    ]);
}

/// Section 4.1.4: signatures come first and go last.
#[test]
fn another_algorithm() {
    assert_secure_throughout(&[
        (&[CSK], Phase::all(&[CSK])),
        (&[CSK], phase(&[CSK], &[CSK], &[CSK, ECDSA])),
        (&[CSK], Phase::all(&[CSK, ECDSA])),
        (&[ECDSA], Phase::all(&[CSK, ECDSA])),
        (&[ECDSA], phase(&[ECDSA], &[ECDSA], &[CSK, ECDSA])),
        (&[ECDSA], Phase::all(&[ECDSA])),
    ]);
}

/// From unsigned to signed, and back.
#[test]
fn a_zone_is_secure_from_its_ds_on() {
    let mut world = world();
    for (delegated, security) in
        [(&[][..], Security::Insecure), (&[CSK], Security::Secure), (&[], Security::Insecure)]
    {
        take(&mut world, (delegated, Phase::all(&[CSK])));
        world.pass(WAIT);
        assert_eq!(world.ask(&format!("www.{ZONE} A")).response.security, security);
    }
}

#[test]
fn a_ksk_that_the_parent_never_heard_of() {
    let mut world = world();
    take(&mut world, (&[KSK], phase(&[KSK, ZSK], &[KSK], &[ZSK])));
    assert_eq!(world.ask(&format!("a.{ZONE} A")).response.security, Security::Secure);
    take(&mut world, (&[KSK], phase(&[NEXT_KSK, ZSK], &[NEXT_KSK], &[ZSK])));
    world.pass(WAIT);
    let outcome = world.ask(&format!("b.{ZONE} A"));
    assert_eq!(outcome.response.security, Security::Bogus);
    assert_eq!(outcome.cause().extended_error().code, EdeCode::DNSKEY_MISSING);
}

/// A revoked key proves nothing, be it the one that the parent names.
#[test]
fn a_revoked_key_below_a_ds() {
    const GONE: Key = KSK.revoked();
    for delegated in [&[KSK][..], &[GONE]] {
        let mut world = world();
        let delegated: &'static [Key] = delegated;
        take(&mut world, (delegated, phase(&[GONE, ZSK], &[GONE], &[ZSK])));
        let outcome = world.ask(&format!("www.{ZONE} A"));
        assert_eq!(outcome.response.security, Security::Bogus);
    }
}

const DAY: u64 = 86_400;

/// The zones of the tree are signed from a while before `NOW` for two weeks, that at `ZONE` always.
#[test]
fn clocks_that_jump() {
    let question = format!("www.{ZONE} A");
    let mut world = world();
    take(&mut world, (&[CSK], Phase::all(&[CSK])));
    let judge = |world: &mut World| {
        let outcome = world.ask(&question);
        (outcome.response.security, !outcome.sent.is_empty())
    };
    let right = (Security::Secure, false);
    assert_eq!(judge(&mut world), (Security::Secure, true));
    assert_eq!(judge(&mut world), right);
    let now = world.now;
    // Days ahead, within the signatures: everything is fetched again.
    world.now = now.saturating_add(Duration::from_secs(3 * DAY));
    assert_eq!(judge(&mut world), (Security::Secure, true));
    // Back: what was learned in the future does not count.
    world.now = now;
    assert_eq!(judge(&mut world), (Security::Secure, true));
    assert_eq!(judge(&mut world), right);
    // Beyond the signatures, either way, nothing is proved.
    let now = world.now;
    for wrong in [
        now.saturating_add(Duration::from_secs(30 * DAY)),
        now.saturating_sub(Duration::from_secs(DAY)),
    ] {
        world.now = wrong;
        assert_eq!(judge(&mut world).0, Security::Bogus);
        // The failure of the wrong time is not remembered at the right one, and nothing was lost.
        world.now = now;
        assert_eq!(judge(&mut world).0, Security::Secure);
    }
}
