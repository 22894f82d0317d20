//! Publications over HTTPS, to servers that answer for them.

mod anchors;
mod crash;
mod handing;
mod program;
pub(crate) mod world;

use std::time::Duration;

use threepid::association::Statement;
use threepid::threepid::Threepid;

use world::{TREES, World, statement, text};

fn mail() -> Threepid {
    Threepid::parse_any("alice@example.com", None).expect("an identifier")
}

fn number() -> Threepid {
    Threepid::parse_any("+447700900123", None).expect("an identifier")
}

const STORED: (u16, &str) = (201, "stored");
const SUPERSEDED: (u16, &str) = (409, "THREEPID_SUPERSEDED");

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_stays_so_at_every_root() {
    let world = World::start("").await;
    let (old, new) = (
        statement(&mail(), Some("a"), -2000, "telco.example"),
        statement(&mail(), Some("b"), -1000, "telco.example"),
    );
    let gone = statement(&mail(), None, 0, "verify.example");
    for (server, orders) in [(0, [&old, &new, &gone]), (1, [&gone, &old, &new])] {
        for body in orders {
            let (status, word, _) = world.post(server, body.clone()).await;
            let expected = if server == 1 && body != &gone { SUPERSEDED } else { STORED };
            assert_eq!((status, word.as_str()), expected, "at {server}");
        }
        for replayed in [&old, &new] {
            let (status, word, _) = world.post(server, replayed.clone()).await;
            assert_eq!((status, word.as_str()), SUPERSEDED);
        }
        assert_eq!(world.post(server, gone.clone()).await.0, 200);
        until_served(&world, server, TREES[server], &gone).await;
    }
    world.stop().await;
}

/// Waits until the server answers with the statement in `body`, signed.
async fn until_served(world: &World, server: usize, apex: &str, body: &[u8]) {
    let (threepid, published) = Statement::from_json(body).expect("a statement");
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        match world.ask(server, apex, &threepid).await {
            Some((served, true)) if served == published => return,
            _ => tokio::task::yield_now().await,
        }
    }
    panic!("it is not answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_answered_signed_in_a_tenth_of_a_second() {
    let world = World::start("").await;
    let mut took = Vec::new();
    for round in 0..5 {
        for (server, apex, threepid) in
            [(0, TREES[0], mail()), (1, TREES[1], mail()), (2, TREES[0], number())]
        {
            let user = (round % 2 == 0).then_some("a");
            let body = statement(&threepid, user, round, "telco.example");
            let begun = tokio::time::Instant::now();
            assert_eq!(world.post(server, body.clone()).await.0, 201);
            let (_, published) = Statement::from_json(&body).expect("a statement");
            assert_eq!(world.ask(server, apex, &threepid).await, Some((published, true)));
            took.push(begun.elapsed());
        }
    }
    took.sort_unstable();
    println!("taken and served after: {took:?}");
    // From the first octet that is sent; the machine may be busy now and then.
    assert!(took[took.len() / 2] < Duration::from_millis(100), "{took:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_come_to_nothing() {
    let world = World::start("").await;
    let good = statement(&mail(), Some("a"), 0, "verify.example");
    let with = |from: &str, to: &str| String::from_utf8_lossy(&good).replace(from, to).into_bytes();
    let deep = format!("{{\"a\":{}", "[".repeat(3000)).into_bytes();
    let cases = [
        (good[..good.len() / 2].to_vec(), 400, "M_NOT_JSON"),
        (deep, 400, "M_NOT_JSON"),
        ([b"{\"a\":\"\xff\"}".as_slice(), &good].concat(), 400, "M_NOT_JSON"),
        (with("\"ts\":1", "\"ts\":1.5e1"), 400, "M_NOT_JSON"),
        (with("\"ts\":1", "\"ts\":99999999999999999991"), 400, "M_NOT_JSON"),
        (with("\"medium\":\"email\"", "\"medium\":[]"), 400, "M_BAD_JSON"),
        (with("alice@", "Alice@"), 400, "M_INVALID_PARAM"),
        (vec![b' '; 100 << 20], 413, "M_TOO_LARGE"),
        (statement(&mail(), Some("a"), 400_000, "verify.example"), 400, "M_INVALID_PARAM"),
        (statement(&mail(), Some("a"), 0, "stranger.example"), 403, "M_FORBIDDEN"),
    ];
    for (body, status, errcode) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let told = world.post(0, body).await;
        assert_eq!((told.0, told.1.as_str()), (status, errcode), "{shown}");
    }
    assert_eq!(world.changes(0), 0);
    assert_eq!(world.post(0, good).await.0, 201);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delegated_is_referred_or_passed_on() {
    let mut world = World::start("").await;
    let body = statement(&number(), Some("a"), 0, "telco.example");
    let response = world.send(0, body.clone()).await;
    assert_eq!(response.status.as_u16(), 307);
    let web = world.web(2);
    let location = format!(
        "https://id.4.4.msisdn.3pid.example:{}/_threepid/v1/associations?root=3pid.example.",
        web.port()
    );
    assert_eq!(response.headers["location"], location);
    assert_eq!((world.changes(0), world.changes(2)), (0, 0));
    let forward = "below = \"forward\"\nca_file = \"ca.pem\"\nforward_to = [\"127.77.0.0/16\"]\n";
    let add = |text: String| text.replace("per_client", &format!("{forward}per_client"));
    world.reload(0, "0.toml", add).await;
    assert_eq!(world.post(0, body.clone()).await.0, 201);
    assert_eq!((world.changes(0), world.changes(2)), (0, 1));
    assert_eq!(world.post(2, body).await.0, 200);
    let bad = statement(&number(), None, 0, "stranger.example");
    let (status, word, told) = world.post(0, bad).await;
    assert_eq!((status, word.as_str()), (403, "M_FORBIDDEN"));
    assert!(text(&told, "error").unwrap().contains("stranger.example ed25519:1: untrusted"));
    // Loopback is nothing that a stranger's SRV record may lead to.
    world.reload(0, "0.toml", |text| text.replace("127.77.0.0/16", "127.78.0.0/16")).await;
    let (status, word, _) = world.post(0, statement(&number(), None, 0, "telco.example")).await;
    assert_eq!((status, word.as_str()), (502, "THREEPID_NOT_FORWARDED"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_removed_counts_no_more() {
    let mut world = World::start("").await;
    let by = |later| statement(&mail(), Some("a"), later, "telco.example");
    assert_eq!(world.post(0, by(0)).await.0, 201);
    world
        .reload(0, "0.zone", |text| {
            let kept = text.lines().filter(|line| !line.contains("TYPE65302"));
            kept.collect::<Vec<_>>().join("\n").replace("SOA ns r 1 ", "SOA ns r 2 ") + "\n"
        })
        .await;
    // It lived for a second in two caches.
    let begun = tokio::time::Instant::now();
    let mut status = 0;
    while status != 403 && begun.elapsed() < Duration::from_secs(20) {
        (status, ..) = world.post(0, by(1)).await;
        assert!([200, 201, 403, 409].contains(&status), "{status}");
    }
    assert_eq!(status, 403);
    assert_eq!(world.post(1, by(2)).await.0, 201, "the other tree has its own");
    world.stop().await;
}
