//! Whose word counts.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::world::{Cert, World, name, number, request, signers, statement, word, world};
use crate::transport::http::header;

const NUMBER: &str = "447700900123";

async fn told_of(certificates: &[Cert], signers: &[&str]) -> (World, u16, String) {
    let world = world([certificates, &[]], &[]);
    let body = statement(NUMBER, Some("a"), 0, signers);
    let (status, told) = world.post("root=3pid.example.", body).await;
    let word = word(&told);
    (world, status, word)
}

#[tokio::test]
async fn a_chain_that_holds_is_accepted() {
    let below = Cert { issuer: "above.example", ..Cert::of("a.example") };
    let above = Cert { max_path: 1, scope: &["msisdn:44"], ..Cert::of("above.example") };
    let (world, status, _) = told_of(&[below, above], &["a.example"]).await;
    assert_eq!((status, world.touched()), (201, 1));
}

#[tokio::test]
async fn what_is_told_to_be_stored_is_served() {
    let mut world = world([&[Cert::of("a.example")], &[]], &[]);
    world.publisher.rules.limits.serve_time = Duration::from_millis(1);
    let body = statement(NUMBER, Some("a"), 0, &["a.example"]);
    world.publisher.shelf.is_stuck.store(true, Ordering::Relaxed);
    let (status, told) = world.told(body.clone()).await;
    assert_eq!((status, told.as_str()), (503, "THREEPID_NOT_SERVED"));
    assert!(world.held("3pid.example.", &number(NUMBER)).is_some(), "it is on disk");
    world.publisher.shelf.is_stuck.store(false, Ordering::Relaxed);
    let (status, told) = world.told(body).await;
    assert_eq!((status, told.as_str()), (200, "unchanged"));
}

#[tokio::test]
async fn chains_that_do_not_hold_are_refused_without_a_look_at_the_store() {
    let cases: [(&str, Vec<Cert>); 6] = [
        ("excluded", vec![Cert { scope: &["msisdn:44", "!msisdn:4477"], ..Cert::of("a.example") }]),
        ("out of scope", vec![Cert { scope: &["msisdn:33", "email:*"], ..Cert::of("a.example") }]),
        ("expired", vec![Cert { ends: -1, ..Cert::of("a.example") }]),
        ("removed", vec![Cert::of("b.example")]),
        (
            "a link too long",
            vec![Cert { issuer: "b.example", ..Cert::of("a.example") }, Cert::of("b.example")],
        ),
        ("by a stranger", vec![Cert { issuer: "x.example", ..Cert::of("a.example") }]),
    ];
    for (case, certificates) in cases {
        let (world, status, word) = told_of(&certificates, &["a.example"]).await;
        assert_eq!((status, word.as_str()), (403, "M_FORBIDDEN"), "{case}");
        assert_eq!((world.touched(), world.held("3pid.example.", &number(NUMBER))), (0, None));
    }
}

#[tokio::test]
async fn a_signature_over_something_else_is_refused() {
    let world = world([&[Cert::of("a.example")], &[]], &[]);
    let body = String::from_utf8(statement(NUMBER, Some("a"), 0, &["a.example"])).unwrap();
    let (status, _) = world.told(body.replace("@a:", "@b:")).await;
    assert_eq!((status, world.touched()), (403, 0));
}

#[tokio::test]
async fn only_signatures_that_hold_are_held() {
    let expired = Cert { ends: -1, ..Cert::of("b.example") };
    let all = ["a.example", "b.example", "c.example"];
    let (world, status, _) = told_of(&[Cert::of("a.example"), expired], &all).await;
    assert_eq!(status, 201);
    let held = world.held("3pid.example.", &number(NUMBER)).unwrap();
    assert_eq!(signers(&held), ["a.example"]);
}

/// Eight fit. A ninth is let in where its name comes before one of theirs, and refused otherwise.
#[tokio::test]
async fn a_signature_without_room_is_refused_and_not_called_unchanged() {
    let all = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "z"];
    let world = world([&all.map(Cert::of), &[]], &[]);
    let post = async |signers: &[&str]| {
        let (status, told) =
            world.post("root=3pid.example.", statement(NUMBER, Some("a"), 0, signers)).await;
        (status, word(&told))
    };
    assert_eq!(post(&all[1..9]).await, (201, "stored".to_owned()));
    assert_eq!(post(&["z"]).await, (413, "M_TOO_LARGE".to_owned()));
    assert_eq!(post(&["b", "i"]).await, (200, "unchanged".to_owned()));
    assert_eq!(post(&["z", "a"]).await, (200, "merged".to_owned()));
    assert_eq!(signers(&world.held("3pid.example.", &number(NUMBER)).unwrap()), all[..8]);
    assert_eq!(post(&["i"]).await.0, 413);
}

#[tokio::test]
async fn what_cannot_be_judged_now_may_come_again() {
    let world = world([&[Cert::of("a.example"), Cert::of("b.example")], &[]], &[]);
    let silent = name("a.example._verifier.3pid.example.");
    world.network.silent.lock().unwrap().push(silent);
    let query = "root=3pid.example.";
    let mut post = request(query, statement(NUMBER, Some("a"), 0, &["a.example"]));
    post.headers.insert("x-any", header::HeaderValue::from_static("1"));
    let response = world.respond(post).await;
    assert_eq!(response.status.as_u16(), 503);
    assert_eq!(response.headers[header::RETRY_AFTER], "30");
    // One that nobody vouches for beside it changes nothing; one that holds is enough.
    for (signers, status) in [(["a.example", "x.example"], 503), (["a.example", "b.example"], 201)]
    {
        let (told, _) = world.post(query, statement(NUMBER, Some("a"), 0, &signers)).await;
        assert_eq!((told, world.touched()), (status, usize::from(status == 201)), "{signers:?}");
    }
    let held = world.held("3pid.example.", &number(NUMBER)).unwrap();
    assert_eq!(signers(&held), ["b.example"]);
}

#[tokio::test]
async fn a_time_ahead_is_refused_after_the_signatures_and_before_the_store() {
    let world = world([&[], &[]], &[]);
    let late = |seconds, signer| statement(NUMBER, Some("a"), seconds, &[signer]);
    assert_eq!(world.told(late(301, "root.example")).await, (400, "M_INVALID_PARAM".into()));
    assert_eq!(world.told(late(301, "x.example")).await, (403, "M_FORBIDDEN".into()));
    assert_eq!(world.touched(), 0);
    assert_eq!(world.told(late(300, "root.example")).await.0, 201);
}

/// Refusals are the same, to the octet, and touch no store, whoever is registered.
#[tokio::test]
async fn refusals_do_not_tell_who_is_registered() {
    let world = world([&[], &[]], &[]);
    let (held, free) = ("447700900123", "447700900124");
    assert_eq!(world.told(statement(held, Some("a"), 0, &["root.example"])).await.0, 201);
    for (signer, seconds) in [("x.example", 1), ("x.example", -1), ("root.example", 900)] {
        let mut told = Vec::new();
        for number in [held, free] {
            let response = world.respond(request("", statement(number, None, seconds, &[signer])));
            let response = response.await;
            told.push((response.status, response.headers, response.body));
        }
        assert_eq!(told[0], told[1]);
    }
    assert_eq!(world.touched(), 1);
}

/// Whoever was vouched for while the certificate was there is not any more once it is gone.
#[tokio::test(start_paused = true)]
async fn a_certificate_that_ends_takes_its_word_with_it() {
    let ends = Cert { ends: 60, ..Cert::of("a.example") };
    let world = world([&[ends], &[]], &[]);
    let by = |seconds| statement(NUMBER, Some("a"), seconds, &["a.example"]);
    let query = "root=3pid.example.";
    assert_eq!(world.post(query, by(0)).await.0, 201);
    use crate::clock::Clock;
    let later = world.clock.now().saturating_add(Duration::from_secs(61));
    world.clock.set(later);
    assert_eq!(world.post(query, by(1)).await.0, 403);
}
