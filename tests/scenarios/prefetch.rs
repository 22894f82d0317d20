//! Popular answers, looked for anew before their end.

use std::time::Duration;

use threepid::recursor::Limits;
use threepid::resolver::{Checking, Response};

use super::live::Live;
use super::net::parse;
use super::tree::{self, zone};

/// Addresses in the domain's zone, which live for an hour.
const WWW: &str = "www.example.com.email.3pid.example. A";
const FTP: &str = "ftp.example.com.email.3pid.example. A";
/// One that lives for some seconds.
const BRIEF: &str = "brief.example.com.email.3pid.example. A";

fn live(limits: Limits) -> Live {
    let live = Live::new(tree::policy(), limits);
    let records = "www A 192.0.2.200\nftp A 192.0.2.201\nbrief 9 A 192.0.2.202";
    live.wire.put("192.0.2.10", vec![zone("example.com.email.3pid.example.", "10", true, records)]);
    live
}

/// Lets what was begun end.
async fn settle() {
    tokio::time::sleep(Limits::default().deadline + Duration::from_secs(1)).await;
}

fn left(response: &Response) -> u32 {
    response.answer[0].rrset.ttl.as_secs()
}

#[tokio::test(start_paused = true)]
async fn the_last_tenth_is_renewed() {
    let live = live(Limits::default());
    live.ask(WWW).await;
    live.wire.asked();
    live.pass(3239);
    live.ask(WWW).await;
    settle().await;
    assert!(live.wire.asked().is_empty(), "it is not time yet");
    live.pass(1);
    assert_eq!(left(&*live.ask(WWW).await), 360, "nobody waits");
    settle().await;
    assert_eq!(live.wire.asked(), [WWW]);
    assert_eq!(left(&*live.ask(WWW).await), 3600);
    settle().await;
    assert!(live.wire.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_is_enough() {
    let live = live(Limits::default());
    live.ask(WWW).await;
    live.wire.asked();
    live.pass(3300);
    live.wire.slow_down(Duration::from_millis(100));
    for _ in 0..10 {
        live.ask(WWW).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    settle().await;
    assert_eq!(live.wire.asked(), [WWW]);
}

#[tokio::test(start_paused = true)]
async fn what_never_lives_for_long_is_left() {
    let live = live(Limits::default());
    live.ask(BRIEF).await;
    live.wire.asked();
    live.clock.advance(Duration::from_millis(8500));
    live.ask(BRIEF).await;
    settle().await;
    assert!(live.wire.asked().is_empty());
}

/// A tree has half the places here, the names outside it the other.
#[tokio::test(start_paused = true)]
async fn it_takes_no_place_from_who_waits() {
    let live = live(Limits { resolutions: 2, prefetches: 2, ..Limits::default() });
    for question in [WWW, FTP] {
        live.ask(question).await;
    }
    live.pass(3300);
    live.wire.slow_down(Duration::from_millis(100));
    live.wire.asked();
    for question in [WWW, FTP] {
        live.ask(question).await;
    }
    assert_eq!(live.ask("other.3pid.example. A").await.failure, None);
    settle().await;
    assert_eq!(live.wire.asked()[..2], [WWW, "other.3pid.example. A"]);
    let text = live.telemetry.render();
    for course in ["begun", "busy"] {
        let counted = format!("t_resolver_prefetches_total{{course=\"{course}\"}} 1");
        assert!(text.contains(&counted), "{text}");
    }
}

/// Each tree has one place here for who waits, and one for what is looked for before.
#[tokio::test(start_paused = true)]
async fn who_waits_for_it_has_a_place_of_who_waits() {
    let live = live(Limits { resolutions: 2, prefetches: 2, ..Limits::default() });
    live.ask(WWW).await;
    live.pass(60);
    live.ask(FTP).await;
    live.pass(3530);
    // So that no question is asked again: who is first then would be chance.
    live.wire.slow_down(Duration::from_millis(180));
    live.ask(WWW).await;
    live.pass(11);
    let (waiting, ()) = tokio::join!(live.ask(WWW), async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        live.ask(FTP).await;
    });
    assert_eq!((&waiting.failure, left(&waiting)), (&None, 3600));
}

#[tokio::test(start_paused = true)]
async fn it_is_switched_off() {
    let live = live(Limits { prefetches: 0, ..Limits::default() });
    live.ask(WWW).await;
    live.wire.asked();
    live.pass(3300);
    live.ask(WWW).await;
    settle().await;
    assert!(live.wire.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_known_until_its_end_and_not_tried_all_the_time() {
    let live = live(Limits::default());
    live.ask(WWW).await;
    live.pass(3300);
    live.wire.cut();
    live.ask(WWW).await;
    settle().await;
    live.wire.asked();
    assert_eq!(left(&*live.ask(WWW).await), 300);
    settle().await;
    assert!(live.wire.asked().is_empty(), "it has just failed");
    live.pass(5);
    live.ask(WWW).await;
    settle().await;
    assert!(!live.wire.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_judged_is_not_judged() {
    let live = live(Limits::default());
    let ask = || live.recursor.resolve(parse(WWW), Checking::Disabled);
    ask().await;
    live.pass(3300);
    live.wire.asked();
    ask().await;
    settle().await;
    assert_eq!(live.wire.asked(), [WWW]);
    assert_eq!(left(&*ask().await), 3600);
    live.ask(WWW).await;
    live.pass(3300);
    ask().await;
    settle().await;
    assert_eq!(left(&*live.ask(WWW).await), 3600, "what was judged stays so");
}
