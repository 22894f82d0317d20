//! What becomes of a statement at its roots, and when it is tried again.

use super::*;

#[tokio::test]
async fn a_root_that_was_down_has_it_later_and_the_other_is_not_asked_again() {
    let mut scene = Scene::new();
    scene.web.stores("a");
    scene.web.down("b");
    assert_eq!(scene.add(statement(1), &[A, B]), Added::New);
    let states = scene.states().await;
    assert_eq!(states[0], State::Done(Done::Stored));
    assert_eq!(reason(&states[1]), "b has no address to connect to");
    let (told, next) = scene.round().await;
    assert!(told.is_empty(), "nothing is due");
    scene.clock.advance(next.unwrap());
    scene.web.stores("b");
    assert_eq!(scene.states().await, [State::Done(Done::Stored), State::Done(Done::Stored)]);
    assert_eq!(scene.waits(), 0);
    let mut asked = scene.web.asked();
    asked[..2].sort();
    assert_eq!(asked, ["a", "b", "b"]);
}

#[tokio::test]
async fn the_schedule_is_kept_until_the_root_is_back() {
    let mut scene = Scene::new();
    scene.web.down("a");
    scene.add(statement(1), &[A]);
    let mut waits = Vec::new();
    while scene.clock.now().since(START) < Duration::from_secs(30 * 86_400) {
        let (_, next) = scene.round().await;
        let next = next.expect("it waits");
        waits.push(next.as_secs());
        scene.clock.advance(next - Duration::from_millis(1));
        assert!(scene.round().await.0.is_empty(), "a moment early");
        scene.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(waits[..11], [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15_360, 21_600]);
    assert!(waits[10..].iter().all(|wait| *wait == 21_600));
    scene.web.stores("a");
    assert_eq!((scene.state().await, scene.waits()), (State::Done(Done::Stored), 0));
}

/// Whoever tries by hand, while mending, does not push the next time away.
#[tokio::test]
async fn attempts_before_their_time_leave_it_where_it_was() {
    let mut scene = Scene::new();
    scene.web.down("a");
    scene.add(statement(1), &[A]);
    let (_, due) = scene.round().await;
    scene.clock.advance(Duration::from_secs(10));
    let mut random = SeededRandom::new(1);
    let runner = scene.runner();
    let mut by_hand = async || {
        let mut told = Vec::new();
        let mut tell = |entry: &Entry, _: Option<&Name>| told.push(entry.clone());
        let round = runner.round(&Selection::All, &scene.clock, &mut random, &mut tell);
        let next = round.await.unwrap().unwrap().since(scene.clock.now());
        (told[0].deliveries[0].state.clone(), next.as_secs())
    };
    for _ in 0..4 {
        let (state, next) = by_hand().await;
        assert!(matches!(state, State::Waiting { attempts: 1, .. }), "{state:?}");
        assert_eq!(next, due.unwrap().as_secs() - 10);
    }
    scene.web.set("a", |_| {
        let mut busy = refused(503, "M_UNKNOWN");
        busy.headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("900"));
        Some(busy)
    });
    assert_eq!(by_hand().await.1, 900, "but later where the root asks for that");
}

/// As when the machine was off.
#[tokio::test]
async fn time_in_which_nothing_was_tried_ends_nothing() {
    let mut scene = Scene::new();
    scene.web.down("a");
    scene.add(statement(1), &[A]);
    scene.clock.advance(Duration::from_secs(400 * 86_400));
    assert!(matches!(scene.state().await, State::Waiting { attempts: 1, .. }));
    assert_eq!(scene.waits(), 1);
}

#[tokio::test]
async fn what_a_root_says_decides_whether_it_is_asked_again() {
    for (status, errcode, outcome) in [
        (400, "M_BAD_JSON", "refused"),
        (400, "M_UNKNOWN", "waiting"),
        (403, "M_FORBIDDEN", "refused"),
        (404, "M_NOT_FOUND", "refused"),
        (413, "M_TOO_LARGE", "refused"),
        (409, "THREEPID_SUPERSEDED", "superseded"),
        (404, "M_UNRECOGNIZED", "waiting"),
        (405, "M_UNRECOGNIZED", "waiting"),
        (408, "M_UNKNOWN", "waiting"),
        (429, "M_LIMIT_EXCEEDED", "waiting"),
        (500, "M_UNKNOWN", "waiting"),
        (503, "THREEPID_UNDETERMINED", "waiting"),
    ] {
        let mut scene = Scene::new();
        scene.web.set("a", move |_| Some(refused(status, errcode)));
        scene.add(statement(1), &[A]);
        let state = scene.state().await;
        match &state {
            State::Done(done) => assert_eq!(done.as_str(), outcome, "{status} {errcode}"),
            State::Waiting { .. } => {
                assert_eq!(outcome, "waiting", "{status} {errcode}");
                assert!(reason(&state).ends_with("because"));
            }
        }
        assert_eq!(scene.waits(), usize::from(outcome == "waiting"));
    }
}

#[tokio::test]
async fn what_is_no_answer_of_the_service_is_no_end() {
    for (status, body) in [(200, "<html>welcome</html>"), (403, "no")] {
        let mut scene = Scene::new();
        scene.web.set("a", move |_| Some(said(status, body)));
        scene.add(statement(1), &[A]);
        assert!(reason(&scene.state().await).contains(&status.to_string()), "{status} {body}");
    }
}

#[tokio::test]
async fn held_is_held() {
    for (status, word, done) in [(200, "merged", Done::Merged), (200, "unchanged", Done::Unchanged)]
    {
        let mut scene = Scene::new();
        let body = format!(r#"{{"status":"{word}"}}"#);
        scene.web.set("a", move |_| Some(said(status, &body)));
        scene.add(statement(1), &[A]);
        assert_eq!(scene.state().await, State::Done(done));
    }
}

#[tokio::test]
async fn a_root_may_ask_to_wait_longer_and_not_shorter() {
    for (header, body, wait) in [
        ("100", "", 100),
        ("5", "", 30),
        ("soon", "", 30),
        ("5", r#","retry_after_ms":200000"#, 200),
        ("99999999", "", 86_400),
    ] {
        let mut scene = Scene::new();
        scene.web.set("a", move |_| {
            let text = format!(r#"{{"errcode":"M_LIMIT_EXCEEDED","error":"x"{body}}}"#);
            let mut response = said(429, &text);
            response.headers.insert(header::RETRY_AFTER, header.parse().unwrap());
            Some(response)
        });
        scene.add(statement(1), &[A]);
        assert_eq!(scene.round().await.1, Some(Duration::from_secs(wait)), "{header} {body}");
    }
}

#[tokio::test]
async fn the_next_server_of_a_service_is_asked_where_one_is_down() {
    let mut scene = Scene::new();
    let hosts = ["c", "d", "e", "f", "g"].map(str::to_owned);
    scene.web.starts.lock().unwrap().insert(name(A), hosts.to_vec());
    scene.web.stores("e");
    scene.web.set("d", |_| None);
    scene.add(statement(1), &[A]);
    assert_eq!(scene.state().await, State::Done(Done::Stored));
    assert_eq!(scene.web.asked(), ["c", "d", "e"]);
    scene.web.down("e");
    scene.add(statement(0), &[A]);
    scene.state().await;
    assert_eq!(scene.web.asked(), ["c", "d", "e", "f"], "four at most");
}

#[tokio::test]
async fn what_has_no_name_in_a_tree_is_refused() {
    let mut scene = Scene::new();
    let long = format!("3pid.{}.{}.", vec!["a".repeat(63); 3].join("."), "b".repeat(40));
    scene.add(statement(1), &[&long]);
    let state = scene.state().await;
    assert!(matches!(&state, State::Done(Done::Refused { .. })), "{state:?}");
}

#[tokio::test]
async fn a_root_that_is_down_is_left_alone_until_the_next_round() {
    let limits = Limits { together: 1, failures: 3, ..Limits::default() };
    let mut scene = Scene::with(limits);
    scene.web.down("a");
    scene.web.stores("b");
    for number in 0..10 {
        let ts = START.as_millis() - 1;
        let json = format!(
            r#"{{"medium":"msisdn","address":"44770090000{number}","mxid":null,"ts":{ts}}}"#
        );
        let (threepid, claim) = Claim::from_json(json.as_bytes()).unwrap();
        let key = KeyName::new("v.example".parse().unwrap(), "ed25519:0".parse().unwrap());
        let signed = SigningKey::from_seed(&[7; 32]);
        let statement = Statement::sign(claim, &threepid, key, &signed).unwrap();
        scene.outbox.add(threepid, statement, &[name(A), name(B)], START).unwrap();
    }
    let (told, next) = scene.round().await;
    let asked = scene.web.asked();
    let count = |host: &str| asked.iter().filter(|it| *it == host).count();
    assert_eq!((told.len(), count("a"), count("b")), (10, 3, 10));
    assert!(told.iter().any(|it| reason(&it.deliveries[0].state).starts_with("not tried")));
    scene.clock.advance(next.unwrap());
    scene.web.stores("a");
    scene.round().await;
    assert_eq!(scene.waits(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_until_nothing_waits() {
    /// A clock that goes with the runtime's.
    struct Going(tokio::time::Instant);
    impl Clock for Going {
        fn now(&self) -> Timestamp {
            START.saturating_add(self.0.elapsed())
        }
    }
    let scene = Scene::new();
    scene.add(statement(1), &[A]);
    let web = scene.web.clone();
    scene.web.set("a", move |_| {
        let asked = web.asked.lock().unwrap().len();
        (asked == 4).then(|| said(201, r#"{"status":"stored"}"#))
    });
    let clock = Going(tokio::time::Instant::now());
    let mut tell = |_: &Entry, _: Option<&Name>| {};
    let (runner, mut random) = (scene.runner(), Most);
    runner.run(&clock, &mut random, &mut tell, std::future::pending()).await.unwrap();
    assert_eq!((scene.waits(), scene.web.asked().len()), (0, 4));
    let took = clock.now().since(START).as_secs();
    assert!((210..215).contains(&took), "30 + 60 + 120 s: {took}");
}

#[tokio::test]
async fn a_mistake_in_the_program_is_one_failed_attempt() {
    let mut scene = Scene::new();
    scene.web.set("a", |_| panic!("this is the mistake"));
    scene.add(statement(1), &[A]);
    let (told, next) = scene.round().await;
    assert!(reason(&told[0].deliveries[0].state).starts_with("the attempt broke off"));
    assert_eq!(next, Some(Duration::from_secs(30)));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends() {
    struct Silent;
    impl Fetch for Silent {
        async fn fetch(&self, _: Outgoing) -> Result<Incoming, FetchError> {
            std::future::pending().await
        }
    }
    let publisher = Publisher::new(Silent, Web::default(), Limits::default());
    let attempt = publisher.publish(&name(A), &alice(), &statement(1)).await;
    assert_eq!(attempt, Attempt::Later { reason: "no answer in 120 s".into(), wait: None });
}
