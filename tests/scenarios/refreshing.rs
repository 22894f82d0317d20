//! Answers that are looked for though they may be known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use threepid::dnssec::Security;
use threepid::resolver::{Cause, Checking, Kind};
use threepid::wire::Rtype;

use super::live::Live;
use super::net::{World, dead, parse};
use super::tree::{authority, world, zone};

/// An address in the domain's zone.
const WWW: &str = "www.example.com.email.3pid.example. A";

/// Has the domain's zone say this from here on.
fn change(world: &mut World, records: &str) {
    let zone = zone("example.com.email.3pid.example.", "10", true, records);
    world.put("192.0.2.10", authority(vec![zone]));
}

#[test]
fn what_is_found_takes_the_place_of_what_was_known() {
    let mut world = world();
    assert_eq!(world.ask(WWW).data(Rtype::A), ["c00002c8"]);
    change(&mut world, "www A 192.0.2.201");
    assert_eq!(world.ask(WWW).data(Rtype::A), ["c00002c8"], "it is remembered");
    let outcome = world.refresh(WWW);
    assert_eq!(outcome.sent, [format!("10: {WWW}")], "the way is remembered");
    assert_eq!(outcome.data(Rtype::A), ["c00002c9"]);
    let known = world.ask(WWW);
    assert_eq!((known.data(Rtype::A), known.sent.len()), (vec!["c00002c9".to_owned()], 0));
}

/// Each kind of answer is remembered in its own place.
#[test]
fn what_was_known_is_gone_whatever_comes_instead() {
    for (records, kind) in [
        ("other TXT \"\"", Kind::CompactNameError),
        ("www TXT \"\"", Kind::NoData),
        ("www CNAME other\nother A 192.0.2.9", Kind::Data),
    ] {
        let mut world = world();
        world.ask(WWW);
        change(&mut world, records);
        let refreshed = world.refresh(WWW).response;
        assert_eq!(refreshed.kind, Some(kind));
        let known = world.ask(WWW);
        assert_eq!((known.response, known.sent.len()), (refreshed, 0), "{records}");
        change(&mut world, "www A 192.0.2.201");
        world.refresh(WWW);
        assert_eq!(world.ask(WWW).data(Rtype::A), ["c00002c9"], "{records}");
    }
}

#[test]
fn what_was_known_stays_where_nothing_is_found() {
    let mut world = world();
    world.ask(WWW);
    world.put("192.0.2.10", dead());
    assert!(matches!(world.refresh(WWW).cause(), Cause::Unreachable(_)));
    assert_eq!(world.ask(WWW).data(Rtype::A), ["c00002c8"]);
    assert!(world.refresh(WWW).sent.is_empty(), "the failure is remembered, too");
    world.limit(|limits| limits.questions = 0);
    world.pass(10);
    assert!(matches!(world.refresh(WWW).cause(), Cause::Exhausted(_)));
    assert_eq!(world.ask(WWW).data(Rtype::A), ["c00002c8"]);
}

#[test]
fn what_is_bogus_takes_no_place() {
    let mut world = world();
    world.ask(WWW);
    let lie = |_: &str, message: &mut threepid::wire::Message| {
        message.answer.retain(|record| record.rtype != Rtype::RRSIG);
    };
    world.alter("192.0.2.10", lie);
    assert!(world.refresh(WWW).cause().is_bogus());
    assert_eq!(world.ask(WWW).response.security, Security::Secure);
}

#[test]
fn each_link_is_asked_for_once() {
    let mut world = world();
    world.ask("here.3pid.example. TXT");
    let asked = ["1: here.3pid.example. TXT", "1: there.3pid.example. TXT"];
    assert_eq!(world.refresh("here.3pid.example. TXT").sent, asked);
    let endless = world.refresh("loop.3pid.example. TXT");
    assert!(matches!(endless.cause(), Cause::Exhausted(_)));
    assert_eq!(endless.sent.len(), 2, "{:?}", endless.sent);
}

#[tokio::test]
async fn who_refreshes_the_same_waits_for_the_same() {
    let live = Live::tree();
    live.ask(WWW).await;
    live.wire.asked();
    let done = Arc::new(AtomicBool::new(false));
    let refresh = || live.recursor.refresh(parse(WWW), Checking::Enabled);
    let (first, second) = tokio::join!(refresh(), async {
        let second = refresh().await;
        done.store(true, Ordering::Relaxed);
        second
    });
    assert!(done.load(Ordering::Relaxed) && Arc::ptr_eq(&first, &second));
    assert_eq!(live.wire.asked(), [WWW]);
    live.pass(3600);
    let (refreshed, asked) = tokio::join!(refresh(), live.ask(WWW));
    assert!(Arc::ptr_eq(&refreshed, &asked), "who only asks waits for it, too");
}
