//! Statements that lie below a delegation.

use std::time::Duration;

use tokio::time::Instant;

use super::world::{Child, World, name, number, request, statement, word, world};
use crate::services::publish::Below;
use crate::signed::{Json, Limits, Object};
use crate::transport::http::{FetchError, HeaderMap, Incoming, Reach, StatusCode, header};

const NUMBER: &str = "447700900123";

/// What the child zone says of its service.
const SERVICE: Child = (
    "4.4.msisdn.3pid.example.",
    true,
    "_threepid-publish._tcp SRV 0 0 8448 ID\n_threepid-publish._tcp SRV 9 0 1 other\n\
     id A 10.1.2.3\nid AAAA 2001:db8::7\n",
);

async fn post(world: &World) -> (u16, Object) {
    world.post("", statement(NUMBER, Some("a"), 0, &["root.example"])).await
}

fn text<'a>(body: &'a Object, member: &str) -> &'a str {
    match body.get(member) {
        Some(Json::String(text)) => text,
        other => panic!("{member}: {other:?}"),
    }
}

#[tokio::test]
async fn a_referral_leads_to_where_the_zone_says() {
    let world = world([&[], &[]], &[SERVICE]);
    let body = statement(NUMBER, Some("a"), 0, &["x.example"]);
    let response = world.respond(request("root=3pid.example.", body)).await;
    let location =
        "https://id.4.4.msisdn.3pid.example:8448/_threepid/v1/associations?root=3pid.example.";
    assert_eq!(response.status.as_u16(), 307);
    assert_eq!(response.headers[header::LOCATION], location);
    let (_, told) =
        world.post("root=3pid.example.", statement(NUMBER, None, 0, &["x.example"])).await;
    assert_eq!(text(&told, "errcode"), "THREEPID_DELEGATED");
    assert_eq!((text(&told, "location"), text(&told, "zone")), (location, SERVICE.0));
    assert_eq!(world.touched(), 0);
}

#[tokio::test]
async fn what_is_hosted_in_one_tree_is_not_referred_for_another() {
    let world = world([&[], &[]], &[SERVICE]);
    let (status, _) = world.post("", statement(NUMBER, Some("a"), 0, &["root.example"])).await;
    assert_eq!(status, 201);
    assert!(world.held("id.test.", &number(NUMBER)).is_some());
    assert!(world.held("3pid.example.", &number(NUMBER)).is_none());
}

#[tokio::test]
async fn the_standard_port_is_left_out() {
    let lines = "_threepid-publish._tcp SRV 0 0 443 id.example.org.\n";
    let world = world([&[], &[]], &[(SERVICE.0, true, lines)]);
    let (_, told) =
        world.post("root=3pid.example.", statement(NUMBER, None, 0, &["x.example"])).await;
    let expected = "https://id.example.org/_threepid/v1/associations?root=3pid.example.";
    assert_eq!(text(&told, "location"), expected);
}

#[tokio::test]
async fn a_service_that_is_not_proved_or_not_there_is_told() {
    let cases: [(Child, &str); 6] = [
        ((SERVICE.0, false, SERVICE.2), "THREEPID_NO_SERVICE"),
        ((SERVICE.0, true, ""), "THREEPID_NO_SERVICE"),
        ((SERVICE.0, true, "_threepid-publish._tcp SRV 0 0 0 .\n"), "THREEPID_NO_SERVICE"),
        ((SERVICE.0, true, "_threepid-publish._tcp SRV 0 0 443 a\\032b\n"), "THREEPID_NO_SERVICE"),
        ((SERVICE.0, true, "_threepid-publish._tcp SRV 0 0 443 9.9.9.9.\n"), "THREEPID_NO_SERVICE"),
        (SERVICE, "THREEPID_UNDETERMINED"),
    ];
    for (child, errcode) in cases {
        let world = world([&[], &[]], &[child]);
        if errcode == "THREEPID_UNDETERMINED" {
            world.network.silent.lock().unwrap().push(name(child.0));
        }
        let body = statement(NUMBER, None, 0, &["x.example"]);
        let response = world.respond(request("root=3pid.example.", body)).await;
        assert_eq!(response.status.as_u16(), 503);
        assert_eq!(response.headers[header::RETRY_AFTER], "30");
        let told = Object::parse(&response.body, &Limits::default()).unwrap();
        assert_eq!(word(&told), errcode, "{child:?}: {}", text(&told, "error"));
    }
}

/// A publisher that passes on, also to private addresses.
fn passing(children: &[Child], answers: &[(u16, &str)]) -> World {
    let mut world = world([&[], &[]], children);
    let reach = Reach::Internet { and: vec!["10.0.0.0/8".parse().unwrap()] };
    world.publisher.below = Below::Forward { fetch: world.servers.clone(), reach };
    // One tree is enough: the other would have it here.
    world.publisher.rules.roots.truncate(1);
    let answer = |(status, body): &(u16, &str)| Incoming {
        status: StatusCode::from_u16(*status).unwrap(),
        headers: HeaderMap::new(),
        body: body.to_string().into(),
    };
    *world.servers.answers.lock().unwrap() = answers.iter().rev().map(answer).collect();
    world
}

#[tokio::test]
async fn it_is_passed_on_as_it_came_and_answered_as_there() {
    let world = passing(&[SERVICE], &[(201, r#"{"status":"stored","more":1}"#)]);
    let body = statement(NUMBER, Some("a"), 0, &["root.example"]);
    let (status, told) = world.post("", body.clone()).await;
    assert_eq!((status, told.to_octets()), (201, br#"{"status":"stored"}"#.to_vec()));
    let asked = world.servers.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body, body);
    assert_eq!(
        asked[0].url.to_string(),
        "https://id.4.4.msisdn.3pid.example:8448/_threepid/v1/associations?root=3pid.example."
    );
    let known = ["[2001:db8::7]:8448", "10.1.2.3:8448"].map(|address| address.parse().unwrap());
    assert_eq!(asked[0].addresses.as_deref(), Some(&known[..]));
    assert_eq!(asked[0].headers["threepid-hops"], "1");
    assert_eq!(asked[0].headers["threepid-zone"], SERVICE.0);
    assert_eq!(asked[0].headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(world.touched(), 0);
}

#[tokio::test]
async fn answers_are_told_on_and_junk_is_not() {
    let limited = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"slow","retry_after_ms":2500}"#;
    let cases = [
        (200, r#"{"status":"merged"}"#, 200, "merged"),
        (409, r#"{"errcode":"THREEPID_SUPERSEDED","error":"e"}"#, 409, "THREEPID_SUPERSEDED"),
        (429, limited, 429, "M_LIMIT_EXCEEDED"),
        (403, r#"{"errcode":"M_FORBIDDEN"}"#, 403, "M_FORBIDDEN"),
        (200, r#"{"status":"stored"}"#, 502, "THREEPID_NOT_FORWARDED"),
        (404, r#"{"errcode":"M_UNRECOGNIZED","error":"e"}"#, 502, "THREEPID_NOT_FORWARDED"),
        (500, r#"{"errcode":"M_UNKNOWN","error":"e"}"#, 502, "THREEPID_NOT_FORWARDED"),
        (403, "<html>", 502, "THREEPID_NOT_FORWARDED"),
        (307, r#"{"errcode":"THREEPID_DELEGATED"}"#, 502, "THREEPID_NOT_FORWARDED"),
        (201, "", 502, "THREEPID_NOT_FORWARDED"),
    ];
    for (given, body, status, expected) in cases {
        let world = passing(&[SERVICE], &[(given, body)]);
        let (told, answer) = post(&world).await;
        assert_eq!((told, word(&answer).as_str()), (status, expected), "{given} {body}");
    }
    let world = passing(&[SERVICE], &[(429, limited)]);
    let (_, answer) = post(&world).await;
    assert_eq!(answer.get("retry_after_ms"), Some(&Json::Integer(2500)));
}

/// The second server is asked where the first gives no answer.
#[tokio::test]
async fn another_server_is_tried() {
    let lines = "_threepid-publish._tcp SRV 1 0 443 one\n_threepid-publish._tcp SRV 2 0 443 two\n\
                 one A 10.1.1.1\ntwo A 10.1.1.2\n";
    let answers = [(500, "down"), (201, r#"{"status":"stored"}"#)];
    let world = passing(&[(SERVICE.0, true, lines)], &answers);
    assert_eq!(post(&world).await.0, 201);
    let asked = world.servers.asked.lock().unwrap();
    let hosts = asked.iter().map(|asked| asked.url.host().to_string());
    assert!(hosts.eq(["one", "two"].map(|host| format!("{host}.4.4.msisdn.3pid.example"))));
}

/// All that strangers are told of what stands in the way.
const NOT_NOW: &str = "it lies in a delegated zone, and cannot be passed on there now";

/// Who runs a delegated zone learns nothing of what our networks answer.
#[tokio::test]
async fn strangers_are_not_told_what_stands_in_the_way() {
    let world = passing(&[SERVICE], &[]);
    let inside = "10.1.2.3:8448".parse().unwrap();
    let closed = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let host = || "id.example".to_owned();
    for error in [
        FetchError::Connect { host: host(), address: inside, error: closed() },
        FetchError::Tls { host: host(), error: closed() },
        FetchError::NoAddress(host()),
    ] {
        *world.servers.failure.lock().unwrap() = Some(error);
        let (status, told) = post(&world).await;
        assert_eq!((status, word(&told).as_str()), (502, "THREEPID_NOT_FORWARDED"));
        assert_eq!(text(&told, "error"), NOT_NOW);
    }
    // Nor of our resolver.
    let world = passing(&[SERVICE], &[]);
    world.network.silent.lock().unwrap().push(name("_tcp.4.4.msisdn.3pid.example."));
    let (status, told) = post(&world).await;
    assert_eq!((status, word(&told).as_str()), (503, "THREEPID_UNDETERMINED"));
    let not_now = "where to publish for 4.4.msisdn.3pid.example. cannot be looked up now";
    assert_eq!(text(&told, "error"), not_now);
}

const DEEPER: Child =
    ("7.4.4.msisdn.3pid.example.", true, "_threepid-publish._tcp SRV 0 0 443 id\nid A 10.9.9.9\n");

fn referral(zone: &str) -> String {
    format!(
        r#"{{"errcode":"THREEPID_DELEGATED","error":"e","zone":"{zone}","location":"https://evil.example/"}}"#
    )
}

/// A referral on the way is followed to where DNSSEC says, and not to where the server says.
#[tokio::test]
async fn it_goes_on_deeper_and_only_deeper() {
    let deeper = referral(DEEPER.0);
    let world = passing(&[DEEPER, SERVICE], &[(307, &deeper), (201, r#"{"status":"stored"}"#)]);
    let (status, told) = post(&world).await;
    assert_eq!((status, word(&told).as_str()), (201, "stored"));
    let asked: Vec<(String, String)> = world
        .servers
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|asked| {
            let header = |name| asked.headers[name].to_str().unwrap().to_owned();
            (asked.url.host().to_string(), header("threepid-hops") + " " + &header("threepid-zone"))
        })
        .collect();
    let expected = [
        ("id.4.4.msisdn.3pid.example", format!("1 {}", SERVICE.0)),
        ("id.7.4.4.msisdn.3pid.example", format!("2 {}", DEEPER.0)),
    ];
    assert_eq!(asked, expected.map(|(host, passed)| (host.to_owned(), passed)));
    for elsewhere in [SERVICE.0, "3pid.example.", "8.4.4.msisdn.3pid.example.", "."] {
        let back = referral(elsewhere);
        let world = passing(&[SERVICE], &[(307, &back)]);
        let (status, told) = post(&world).await;
        assert_eq!((status, word(&told).as_str()), (502, "THREEPID_NOT_FORWARDED"), "{elsewhere}");
        assert_eq!(text(&told, "error"), NOT_NOW);
    }
}

#[tokio::test]
async fn hops_are_counted_and_end() {
    let world = passing(&[SERVICE], &[(201, r#"{"status":"stored"}"#)]);
    for (hops, status, expected) in [
        ("16", 502, "THREEPID_TOO_MANY_HOPS"),
        ("255", 502, "THREEPID_TOO_MANY_HOPS"),
        ("256", 400, "M_INVALID_PARAM"),
        ("15", 201, "stored"),
    ] {
        let mut passed = request("", statement(NUMBER, None, 0, &["root.example"]));
        passed.headers.insert("threepid-hops", hops.parse().unwrap());
        let response = world.respond(passed).await;
        let told = Object::parse(&response.body, &Limits::default()).unwrap();
        assert_eq!((response.status.as_u16(), word(&told).as_str()), (status, expected), "{hops}");
    }
    assert_eq!(world.servers.asked.lock().unwrap()[0].headers["threepid-hops"], "16");
}

#[tokio::test]
async fn what_was_passed_on_to_another_zone_is_not_found() {
    let world = passing(&[SERVICE], &[(201, r#"{"status":"stored"}"#)]);
    for (zone, status) in [("4.4.msisdn.3pid.example.", 404), ("3pid.example.", 201)] {
        let mut passed = request("", statement(NUMBER, None, 0, &["root.example"]));
        passed.headers.insert("threepid-zone", zone.parse().unwrap());
        assert_eq!(world.respond(passed).await.status.as_u16(), status, "{zone}");
    }
}

#[tokio::test]
async fn it_goes_nowhere_that_is_not_of_the_internet_or_allowed() {
    let mut world = passing(&[SERVICE], &[(201, r#"{"status":"stored"}"#)]);
    let fetch = world.servers.clone();
    world.publisher.below = Below::Forward { fetch, reach: Reach::Internet { and: Vec::new() } };
    let (status, told) = post(&world).await;
    assert_eq!((status, word(&told).as_str()), (502, "THREEPID_NOT_FORWARDED"));
    assert_eq!(text(&told, "error"), NOT_NOW);
    assert!(world.servers.asked.lock().unwrap().is_empty());
    let lines = "_threepid-publish._tcp SRV 0 0 443 id\nid A 9.9.9.9\nid A 127.0.0.1\n";
    let mut world = passing(&[(SERVICE.0, true, lines)], &[(201, r#"{"status":"stored"}"#)]);
    let fetch = world.servers.clone();
    world.publisher.below = Below::Forward { fetch, reach: Reach::Internet { and: Vec::new() } };
    assert_eq!(post(&world).await.0, 201);
    // Of the two, whoever connects takes the first.
    let asked = world.servers.asked.lock().unwrap();
    assert_eq!(asked[0].reach, Reach::Internet { and: Vec::new() });
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_not_waited_for() {
    let world = passing(&[SERVICE], &[]);
    let begun = Instant::now();
    let (status, told) = post(&world).await;
    assert_eq!((status, word(&told).as_str()), (504, "THREEPID_TIMED_OUT"));
    assert_eq!(begun.elapsed().as_secs(), 16);
}

/// The look at the signatures counts, too: whoever sent it waits for 20 s.
#[tokio::test(start_paused = true)]
async fn slow_certificates_leave_less_time_to_pass_it_on() {
    let mut world = passing(&[SERVICE], &[]);
    world.publisher.rules.limits.ask_time = Duration::from_secs(4);
    *world.network.delay.lock().unwrap() = Duration::from_secs(3);
    let begun = Instant::now();
    let (_, word) =
        world.told(statement(NUMBER, Some("a"), 0, &["a.example", "root.example"])).await;
    assert_eq!((word.as_str(), begun.elapsed().as_secs()), ("THREEPID_TIMED_OUT", 4));
}

/// What is forged, or cannot be judged now, costs nobody below anything.
#[tokio::test]
async fn what_nobody_vouches_for_is_not_passed_on() {
    let forged = String::from_utf8(statement(NUMBER, Some("a"), 0, &["root.example"])).unwrap();
    let cases = [
        (statement(NUMBER, Some("a"), 0, &["x.example"]), "", (403, "M_FORBIDDEN")),
        (forged.replace("@a:", "@b:").into_bytes(), "", (403, "M_FORBIDDEN")),
        (
            statement(NUMBER, Some("a"), 0, &["x.example"]),
            "_verifier.3pid.example.",
            (503, "THREEPID_UNDETERMINED"),
        ),
    ];
    for (body, silent, expected) in cases {
        let world = passing(&[SERVICE], &[(201, r#"{"status":"stored"}"#)]);
        if !silent.is_empty() {
            world.network.silent.lock().unwrap().push(name(silent));
        }
        let (status, word) = world.told(body).await;
        assert_eq!((status, word.as_str()), expected);
        assert!(world.servers.asked.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn so_many_are_passed_on_at_the_same_time() {
    let other = |zone| (zone, true, "_threepid-publish._tcp SRV 0 0 443 id\nid A 10.9.9.9\n");
    let others = ["3.3.msisdn.3pid.example.", "9.4.msisdn.3pid.example."].map(other);
    let mut world = passing(&[SERVICE, others[0], others[1]], &[]);
    let limits = &mut world.publisher.rules.limits;
    (limits.passages, limits.passages_to_child) = (3, 2);
    let send = async |digits| {
        let response =
            world.respond(request("", statement(digits, Some("a"), 0, &["root.example"]))).await;
        let told = Object::parse(&response.body, &Limits::default()).unwrap();
        (word(&told), response.headers.get(header::RETRY_AFTER).cloned())
    };
    // None of them answers: the third is too many for its child, the fifth for all.
    let told = tokio::join!(
        send(NUMBER),
        send("447700900124"),
        send("447700900125"),
        send("33612345678"),
        send("4915112345678"),
    );
    let timed_out = "THREEPID_TIMED_OUT";
    let expected = [timed_out, timed_out, "THREEPID_BUSY", timed_out, "THREEPID_BUSY"];
    let told = [told.0, told.1, told.2, told.3, told.4];
    assert_eq!(told.each_ref().map(|(word, _)| word.as_str()), expected);
    assert!(told.iter().all(|(_, wait)| wait.as_ref().is_some_and(|wait| wait == "30")));
    // Their places are free again.
    assert_eq!(send("4915112345678").await.0, timed_out);
}
