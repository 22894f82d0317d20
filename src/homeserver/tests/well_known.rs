//! Documents that name who acts for a server, and how long they count.

use super::*;
use crate::homeserver::well_known::lifetime;

fn redirect(to: &str) -> Incoming {
    let mut answer = said(302, "");
    answer.headers.insert(header::LOCATION, to.parse().unwrap());
    answer
}

async fn delegated(world: &World) -> Option<String> {
    let delegated = world.homeservers().0.delegated("a.example").await.unwrap();
    delegated.map(|server| server.to_string())
}

#[tokio::test]
async fn what_names_nobody_is_no_document() {
    let world = World::default();
    world.delegates("a.example", "b.example");
    assert_eq!(delegated(&world).await.as_deref(), Some("b.example"));
    let long = format!(r#"{{"m.server":"b.example","x":"{}"}}"#, "x".repeat(51_200));
    for (status, body) in [
        (404, r#"{"m.server":"b.example"}"#),
        (201, r#"{"m.server":"b.example"}"#),
        (200, ""),
        (200, "[]"),
        (200, r#"{"m.server":1}"#),
        (200, r#"{"m.server":"https://b.example"}"#),
        (200, r#"{"m.server":"b.example:0x1"}"#),
        (200, &long),
    ] {
        world.says(&well_known("a.example"), status, body);
        assert_eq!(delegated(&world).await, None, "{status} {body}");
    }
}

#[tokio::test]
async fn redirects_are_followed_so_far() {
    let world = World::default();
    world.delegates("b.example", "c.example");
    world.says("https://a.example/x", 200, r#"{"m.server":"d.example"}"#);
    world.says("https://b.example:8080/y", 200, r#"{"m.server":"e.example"}"#);
    for (to, expected) in [
        (well_known("b.example").as_str(), Some("c.example")),
        ("/x#y", Some("d.example")),
        ("//b.example:8080/y?z", Some("e.example")),
        ("http://a.example/x", None),
        ("x", None),
        ("https://a.example/.well-known/matrix/server", None),
    ] {
        let to_owned = to.to_owned();
        world.set(&well_known("a.example"), move |_| Some(redirect(&to_owned)));
        assert_eq!(delegated(&world).await.as_deref(), expected, "{to}");
    }
    assert_eq!(world.asked().len(), 4 * 2 - 2 + 2 + 6, "a loop is six requests");
}

#[tokio::test]
async fn a_document_counts_as_long_as_it_tells() {
    let world = World::default();
    world.delegates("a.example", "b.example");
    let (homeservers, clock) = world.homeservers();
    for (after, asked) in [(0, 1), (23 * 3600, 0), (2 * 3600, 1), (0, 0)] {
        clock.advance(Duration::from_secs(after));
        assert!(homeservers.delegated("A.example").await.unwrap().is_some());
        assert_eq!(world.asked().len(), asked, "after {after} s");
    }
}

#[tokio::test]
async fn failures_are_tried_again_ever_later() {
    let world = World::default();
    let (homeservers, clock) = world.homeservers();
    let mut pauses = Vec::new();
    for _ in 0..7 {
        assert_eq!(homeservers.delegated("a.example").await, Ok(None));
        assert_eq!(world.asked().len(), 1);
        let mut minutes = 0;
        while world.asked().is_empty() {
            clock.advance(Duration::from_secs(60));
            minutes += 1;
            homeservers.delegated("a.example").await.unwrap();
        }
        pauses.push(minutes);
        clock.set(START);
        clock.advance(Duration::from_secs(86_400 * pauses.len() as u64));
    }
    assert_eq!(pauses.first(), Some(&2));
    assert!(pauses.is_sorted() && pauses.last() == Some(&60), "{pauses:?}");
    world.delegates("a.example", "b.example");
    clock.advance(Duration::from_secs(3600));
    assert!(homeservers.delegated("a.example").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_holds_up_for_some_seconds() {
    let world = World::default();
    world.set(&well_known("a.example"), |_| None);
    world.host("a.example", &["192.0.2.1"]);
    let (homeservers, _) = world.homeservers();
    let start = tokio::time::Instant::now();
    let place = homeservers.locate(&server("a.example")).await.unwrap();
    assert_eq!(place.addresses, Some(vec!["192.0.2.1:8448".parse().unwrap()]));
    assert_eq!(start.elapsed(), Duration::from_secs(6));
}

#[test]
fn lifetimes() {
    let hours = |count: u64| Duration::from_secs(3600 * count);
    for (fields, expected) in [
        (&[][..], hours(24)),
        (&[("cache-control", "public, max-age=7200")], hours(2)),
        (&[("cache-control", "public"), ("cache-control", "Max-Age=\"7200\"")], hours(2)),
        (&[("cache-control", "max-age=9999999999")], hours(48)),
        (&[("cache-control", "max-age=1")], Duration::from_secs(300)),
        (&[("cache-control", "max-age=x")], Duration::from_secs(300)),
        (&[("cache-control", "no-store, max-age=7200")], Duration::from_secs(300)),
        (&[("cache-control", "no-cache")], Duration::from_secs(300)),
        (&[("expires", "Mon, 21 Sep 2026 17:13:20 GMT")], hours(3)),
        (&[("expires", "0")], Duration::from_secs(300)),
        (
            &[("expires", "Mon, 21 Sep 2026 17:13:20 GMT"), ("cache-control", "max-age=7200")],
            hours(2),
        ),
    ] {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name: header::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        assert_eq!(lifetime(&headers, START, &Limits::default()), expected, "{fields:?}");
    }
}
