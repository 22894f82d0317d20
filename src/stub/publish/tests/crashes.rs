//! Being stopped at any moment, and going on.

use std::fs;

use super::*;

/// Runs to the end of what waits.
async fn finish(scene: &mut Scene) {
    while let (_, Some(next)) = scene.round().await {
        scene.clock.advance(next);
    }
}

#[tokio::test]
async fn stopped_at_any_step_it_is_delivered_everywhere_in_the_end() {
    for steps in 0..20 {
        let mut scene = Scene::new();
        scene.web.refers("a", "4.4.msisdn.3pid.a.example.", &place("uk"));
        scene.web.stores("uk");
        scene.web.stores("b");
        scene.add(statement(1), &[A, B]);
        // The process is gone after so many steps: nothing of it is left but the files.
        let runner = scene.runner();
        let (mut tell, mut random) = (|_: &Entry, _: Option<&Name>| {}, Most);
        {
            let mut round =
                Box::pin(runner.round(&Selection::Due, &scene.clock, &mut random, &mut tell));
            for _ in 0..steps {
                let step = std::future::poll_fn(|context| {
                    std::task::Poll::Ready(round.as_mut().poll(context).is_ready())
                });
                if step.await {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        drop(runner);
        scene.outbox = Outbox::open(scene.outbox.path(), scene.limits.clone()).unwrap();
        finish(&mut scene).await;
        let asked = scene.web.asked();
        for host in ["uk", "b"] {
            assert!(asked.iter().any(|it| it == host), "{steps}: {asked:?}");
        }
        assert_eq!(scene.waits(), 0);
    }
}

/// The file of the one entry.
fn file(scene: &Scene) -> std::path::PathBuf {
    scene.outbox.path().join(format!("{}.json", EntryId::of(&alice())))
}

#[tokio::test]
async fn each_form_that_a_crash_leaves_is_gone_on_from() {
    // A draft was cut off.
    let mut scene = Scene::new();
    scene.web.stores("a");
    let draft = scene.outbox.path().join(format!("{}.json.new", "0".repeat(64)));
    fs::write(&draft, r#"{"added":17"#).unwrap();
    let (told, next) = scene.round().await;
    assert!(told.is_empty() && next.is_none(), "it was never there");
    scene.outbox = Outbox::open(scene.outbox.path(), scene.limits.clone()).unwrap();
    assert!(!draft.exists());
    scene.add(statement(1), &[A, B]);

    // One root was done.
    scene.web.down("b");
    scene.round().await;
    scene.web.stores("b");
    scene.web.asked();
    scene.outbox = Outbox::open(scene.outbox.path(), scene.limits.clone()).unwrap();
    scene.clock.advance(Duration::from_secs(30));
    let done = fs::read(file(&scene)).unwrap();
    scene.round().await;
    assert_eq!(scene.web.asked(), ["b"]);

    // All were done, and the entry was not removed.
    let text = String::from_utf8(done).unwrap();
    let start = text.find(r#"{"apex":"3pid.b.example.""#).unwrap();
    let end = start + text[start..].find('}').unwrap() + 1;
    let all = text.replace(&text[start..end], r#"{"apex":"3pid.b.example.","state":"stored"}"#);
    fs::write(file(&scene), all).unwrap();
    let (told, next) = scene.round().await;
    assert!(told.len() == 1 && told[0].is_done() && next.is_none(), "it is told once more");
    assert_eq!((scene.web.asked().len(), scene.waits()), (0, 0));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_left_and_holds_nobody_up() {
    let mut scene = Scene::new();
    scene.web.stores("a");
    scene.add(statement(1), &[A]);
    let bad = scene.outbox.path().join(format!("{}.json", "0".repeat(64)));
    for text in ["", "{}", "[]", r#"{"version":2}"#, &"a".repeat(70_000)] {
        fs::write(&bad, text).unwrap();
        let errors: Vec<_> =
            scene.outbox.entries().unwrap().into_iter().filter_map(Result::err).collect();
        assert!(matches!(errors[..], [OutboxError::Malformed { .. }]), "{text:.20}: {errors:?}");
    }
    assert_eq!(scene.state().await, State::Done(Done::Stored));
    assert!(bad.exists());
}

#[tokio::test]
async fn what_was_replaced_meanwhile_takes_no_note_of_the_old() {
    let scene = Scene::new();
    scene.add(statement(5), &[A]);
    let old = scene.outbox.find(&EntryId::of(&alice())).unwrap().unwrap();
    scene.add(statement(1), &[A]);
    let done = Attempt::Done(Done::Stored);
    let noted = scene.outbox.note(&old, &name(A), &done, START, &mut Most).unwrap();
    assert_eq!(noted, None);
    scene.outbox.remove(&Entry { deliveries: Vec::new(), ..old }).unwrap();
    let left = scene.outbox.find(&EntryId::of(&alice())).unwrap().unwrap();
    assert!(left.statement == statement(1) && !left.is_done());
}

#[tokio::test]
async fn a_clock_that_is_set_back_puts_nothing_off_for_years() {
    let mut scene = Scene::new();
    scene.clock.set(START.saturating_add(Duration::from_secs(400 * 86_400)));
    scene.web.down("a");
    scene.add(statement(1), &[A]);
    scene.round().await;
    scene.clock.set(START);
    scene.web.stores("a");
    assert_eq!(scene.state().await, State::Done(Done::Stored));
}
