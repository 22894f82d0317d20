//! Answers told past their end (RFC 8767).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use threepid::dnssec::Security;
use threepid::recursor::Limits;
use threepid::resolver::{Cause, Checking, Kind, Response};
use threepid::wire::{EdeCode, Rtype};

use super::live::Live;
use super::net::parse;
use super::tree::{self, EMAIL, PERSON, PHONE, zone};

/// An address in the domain's zone, which lives for an hour.
const WWW: &str = "www.example.com.email.3pid.example. A";
/// The domain's zone.
const DOMAIN: &str = "example.com.email.3pid.example.";

const HOUR: u64 = 3600;
const DAY: Duration = Duration::from_secs(86_400);

/// A recursor that tells what is stale for a day.
fn live() -> Live {
    stale_for(DAY)
}

fn stale_for(most: Duration) -> Live {
    Live::new(tree::policy(), Limits { stale: Some(most), ..Limits::default() })
}

/// A recursor that had the answer once, and can have it no more.
async fn lost(question: &str) -> Live {
    let live = live();
    assert_eq!(live.ask(question).await.failure, None, "{question}");
    live.wire.cut();
    live.pass(HOUR);
    live
}

/// Lets what was begun end.
async fn settle() {
    tokio::time::sleep(Limits::default().deadline + Duration::from_secs(1)).await;
}

fn code(response: &Response) -> Option<EdeCode> {
    response.extended_error.as_ref().map(|error| error.code)
}

/// Asks, and tells how long that took.
async fn timed(live: &Live, question: &str) -> (Arc<Response>, Duration) {
    let begun = Instant::now();
    (live.ask(question).await, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn what_was_known_is_told_where_servers_are_silent() {
    let live = lost(WWW).await;
    let (response, took) = timed(&live, WWW).await;
    assert_eq!((code(&response), took), (Some(EdeCode::STALE_ANSWER), Duration::from_millis(1800)));
    assert_eq!((&response.kind, response.security), (&Some(Kind::Data), Security::Secure));
    assert!(response.answer.iter().all(|set| set.rrset.ttl.as_secs() == 30));
    assert_eq!(response.answer[0].rrset.rtype, Rtype::A);
}

/// Who joins a resolution that has been under way for long has not to wait as long.
#[tokio::test(start_paused = true)]
async fn who_comes_later_waits_for_the_same_moment() {
    let live = lost(WWW).await;
    let (first, second) = tokio::join!(timed(&live, WWW), async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        timed(&live, WWW).await
    });
    assert_eq!((first.1.as_millis(), second.1.as_millis()), (1800, 300));
    assert_eq!(first.0, second.0);
    let (third, took) = timed(&live, WWW).await;
    assert_eq!((code(&third), took), (Some(EdeCode::STALE_ANSWER), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_had_is_left_alone_for_a_while() {
    let live = lost(WWW).await;
    live.ask(WWW).await;
    settle().await;
    live.wire.asked();
    live.pass(29);
    let (response, took) = timed(&live, WWW).await;
    assert_eq!((code(&response), took), (Some(EdeCode::STALE_ANSWER), Duration::ZERO));
    assert!(live.wire.asked().is_empty());
    live.pass(1);
    live.wire.put("192.0.2.1", vec![tree::root_zone()]);
    live.wire.put("192.0.2.10", tree::domain_zones());
    assert_eq!(code(&*live.ask(WWW).await), None);
    assert!(!live.wire.asked().is_empty(), "it is tried again");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_is_remembered() {
    let live = live();
    live.ask(WWW).await;
    live.pass(HOUR);
    live.wire.slow_down(Duration::from_millis(390));
    assert_eq!(code(&*live.ask(WWW).await), Some(EdeCode::STALE_ANSWER));
    tokio::time::sleep(Duration::from_secs(7)).await;
    let (response, took) = timed(&live, WWW).await;
    assert_eq!((code(&response), took), (None, Duration::ZERO));
    assert_eq!(response.answer[0].rrset.ttl.as_secs(), 3600);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_is_told() {
    let live = live();
    live.ask(WWW).await;
    live.pass(HOUR);
    live.wire.put("192.0.2.10", vec![zone(DOMAIN, "10", true, "www A 192.0.2.201")]);
    live.wire.slow_down(Duration::from_millis(100));
    let response = live.ask(WWW).await;
    assert_eq!((code(&response), response.answer[0].rrset.ttl.as_secs()), (None, 3600));
}

#[tokio::test(start_paused = true)]
async fn servers_that_refuse_are_as_good_as_silent() {
    let live = lost(WWW).await;
    live.wire.put("192.0.2.1", vec![tree::root_zone()]);
    live.wire.put("192.0.2.10", vec![zone("elsewhere.example.", "10", true, "")]);
    let (response, took) = timed(&live, WWW).await;
    assert_eq!((code(&response), took), (Some(EdeCode::STALE_ANSWER), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_stale_denial_says_so() {
    let question = format!("no{WWW}");
    let live = lost(&question).await;
    let response = live.ask(&question).await;
    assert_eq!(code(&response), Some(EdeCode::STALE_NXDOMAIN_ANSWER));
    assert_eq!(response.kind, Some(Kind::CompactNameError));
    let no_data = WWW.replace(" A", " TXT");
    let live = lost(&no_data).await;
    assert_eq!(code(&*live.ask(&no_data).await), Some(EdeCode::STALE_ANSWER));
}

#[tokio::test(start_paused = true)]
async fn a_chain_is_as_stale_as_its_oldest_link() {
    let question = "here.3pid.example. TXT";
    let live = lost(question).await;
    let response = live.ask(question).await;
    assert_eq!((code(&response), response.answer.len()), (Some(EdeCode::STALE_ANSWER), 2));
}

/// What was withdrawn must be gone, however it is asked for.
#[tokio::test(start_paused = true)]
async fn associations_and_certificates_are_never_told_past_their_end() {
    let absent = EMAIL.replacen('0', "1", 1);
    for question in [
        format!("{PHONE} ASSOC"),
        format!("{PHONE} ANY"),
        format!("{PHONE} TXT"),
        format!("{PHONE} VCERT"),
        format!("{absent} ASSOC"),
        format!("no.{DOMAIN} ASSOC"),
        "far.3pid.example. ASSOC".to_owned(),
        "far.3pid.example. ANY".to_owned(),
        format!("{PERSON}._at.moved.3pid.example. ASSOC"),
    ] {
        // The alias itself is an ANY answer without statements.
        let is_alias_alone = question == "far.3pid.example. ANY";
        let live = lost(&question).await;
        let response = live.ask(&question).await;
        assert_eq!(response.failure.is_none(), is_alias_alone, "{question}: {response:?}");
        let disabled = live.recursor.resolve(parse(&question), Checking::Disabled).await;
        assert_eq!(disabled.failure.is_none(), is_alias_alone, "{question}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_bogus_now_is_not_told_as_it_was() {
    let live = live();
    live.ask(WWW).await;
    live.pass(HOUR);
    live.wire.put("192.0.2.10", vec![zone(DOMAIN, "10", false, "www A 192.0.2.66")]);
    assert!(live.ask(WWW).await.failure.as_ref().is_some_and(Cause::is_bogus));
    assert!(live.ask(WWW).await.failure.as_ref().is_some_and(Cause::is_bogus), "from memory, too");
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_not_told() {
    let live = lost(WWW).await;
    live.pass(86_399);
    assert_eq!(code(&*live.ask(WWW).await), Some(EdeCode::STALE_ANSWER));
    settle().await;
    live.pass(1);
    assert!(live.ask(WWW).await.failure.is_some());
}

#[tokio::test(start_paused = true)]
async fn nothing_stale_is_told_unless_that_is_wanted() {
    let live = Live::tree();
    live.ask(WWW).await;
    live.wire.cut();
    live.pass(HOUR);
    assert!(live.ask(WWW).await.failure.is_some());
}

/// It may be from any time at all.
#[tokio::test(start_paused = true)]
async fn what_is_from_the_future_is_not_stale() {
    let live = live();
    live.ask(WWW).await;
    live.wire.cut();
    live.clock.set(tree::NOW.saturating_sub(Duration::from_secs(1)));
    assert!(live.ask(WWW).await.failure.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_signature_past_its_end_proves_nothing() {
    let live = stale_for(DAY * 60);
    live.ask(WWW).await;
    live.wire.cut();
    live.pass(30 * DAY.as_secs());
    let response = live.ask(WWW).await;
    assert_eq!(code(&response), Some(EdeCode::STALE_ANSWER));
    assert_eq!(response.security, Security::Indeterminate);
}

/// A client that judges by itself does not leave an answer for one that does not.
#[tokio::test(start_paused = true)]
async fn what_was_not_judged_is_not_told_to_who_does_not_judge() {
    let live = live();
    live.recursor.resolve(parse(WWW), Checking::Disabled).await;
    live.wire.cut();
    live.pass(HOUR);
    assert!(live.ask(WWW).await.failure.is_some());
    let disabled = live.recursor.resolve(parse(WWW), Checking::Disabled).await;
    assert_eq!(code(&disabled), Some(EdeCode::STALE_ANSWER));
}
