//! What comes, and how often.

use std::collections::BTreeSet;

use super::world::{Cert, NOW, World, number, request, statement, word, world};
use crate::clock::Timestamp;
use crate::services::publish::RefusalKind;
use crate::signed::Json;
use crate::transport::http::{BodyError, Handler, header};

const NUMBER: &str = "447700900123";

fn plain() -> World {
    world([&[], &[]], &[])
}

/// A good statement, with `from` in it replaced.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let good = String::from_utf8(statement(NUMBER, Some("a"), 0, &["root.example"])).unwrap();
    assert!(good.contains(from), "{good}");
    good.replace(from, to).into_bytes()
}

#[tokio::test]
async fn bad_bodies_are_told_apart_and_nothing_is_stored() {
    let world = plain();
    let good = statement(NUMBER, Some("a"), 0, &["root.example"]);
    let deep = format!(r#"{{"x":{}1{},"#, "[".repeat(4000), "]".repeat(4000));
    let shallow = format!(r#"{{"x":{}1{},"#, "[".repeat(20), "]".repeat(20));
    let ts = format!("{}", NOW * 1000);
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (Vec::new(), 400, "M_NOT_JSON"),
        (good[..good.len() - 1].to_vec(), 400, "M_NOT_JSON"),
        ([&good[..], b"{}"].concat(), 400, "M_NOT_JSON"),
        ([&good[..40], b"\xff", &good[40..]].concat(), 400, "M_NOT_JSON"),
        (changed("{\"address\"", &format!("{deep}\"address\"")), 413, "M_TOO_LARGE"),
        (changed("{\"address\"", &format!("{shallow}\"address\"")), 400, "M_NOT_JSON"),
        (deep.into_bytes()[..8000].to_vec(), 400, "M_NOT_JSON"),
        (changed("{\"address\"", "{\"address\":\"1\",\"address\""), 400, "M_NOT_JSON"),
        (changed(&ts, &format!("{ts}.0")), 400, "M_NOT_JSON"),
        (changed(&ts, "1e12"), 400, "M_NOT_JSON"),
        (changed(&ts, "18446744073709551616"), 400, "M_NOT_JSON"),
        (changed(&ts, "9007199254740992"), 400, "M_NOT_JSON"),
        (changed(&ts, "9007199254740991"), 400, "M_BAD_JSON"),
        (changed(&ts, "-1"), 400, "M_BAD_JSON"),
        (changed(&ts, "\"1\""), 400, "M_BAD_JSON"),
        (b"[1]".to_vec(), 400, "M_NOT_JSON"),
        (b"{}".to_vec(), 400, "M_BAD_JSON"),
        (changed("\"medium\":\"msisdn\"", "\"medium\":7"), 400, "M_BAD_JSON"),
        (changed("\"signatures\"", "\"signature\""), 400, "M_BAD_JSON"),
        (changed("\"ed25519:1\":\"", "\"ed25519:1\":\"_"), 400, "M_BAD_JSON"),
        (changed("@a:m.example", "a"), 400, "M_BAD_JSON"),
        (changed(NUMBER, "+447700900123"), 400, "M_INVALID_PARAM"),
        (changed(NUMBER, "4407700900123"), 400, "M_INVALID_PARAM"),
        (changed("msisdn", "Pigeon"), 400, "M_INVALID_PARAM"),
    ];
    for (body, status, errcode) in cases {
        let shown = String::from_utf8_lossy(&body).chars().take(60).collect::<String>();
        let told = world.told(body).await;
        assert_eq!((told.0, told.1.as_str()), (status, errcode), "{shown}");
    }
    assert_eq!((world.touched(), world.held("3pid.example.", &number(NUMBER))), (0, None));
}

#[tokio::test]
async fn bodies_that_are_not_taken_are_counted() {
    let world = plain();
    assert_eq!(world.told(vec![b' '; 8193]).await, (413, "M_TOO_LARGE".into()));
    let refused = world.publisher.refuse(&request("", ""), BodyError::Broken);
    assert_eq!(refused.status.as_u16(), 400);
    let late = world.publisher.refuse(&request("", ""), BodyError::TooSlow);
    assert_eq!(late.status.as_u16(), 408);
    for (outcome, count) in [("too_large", 1), ("broken", 1), ("slow", 1), ("stored", 0)] {
        let line = format!("t_publications_total{{outcome=\"{outcome}\"}} {count}\n");
        assert!(world.telemetry.render().contains(&line), "{line}");
    }
}

/// The table of answers has each refusal there is, and no other.
#[test]
fn the_table_of_answers_is_whole() {
    let rows = include_str!("../mod.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let mut table = BTreeSet::new();
    for cells in rows.map(|row| row.split(" | ").collect::<Vec<&str>>()) {
        let statuses = cells[0].split(", ").filter_map(|status| status.parse::<u16>().ok());
        for status in statuses.filter(|status| *status >= 400) {
            table.extend(cells[1].split(", ").map(|word| (status, word.trim_matches('`'))));
        }
    }
    let kinds = RefusalKind::ALL.iter().map(|kind| (kind.status(), kind.errcode()));
    assert_eq!(table, kinds.collect());
}

#[tokio::test]
async fn too_many_are_told_when_to_come_again() {
    let world = plain();
    let body = statement(NUMBER, Some("a"), 0, &["root.example"]);
    assert_eq!(world.told(body.clone()).await, (201, "stored".into()));
    for _ in 1..1000 {
        assert_eq!(world.told(body.clone()).await.0, 200);
    }
    let refused = world.respond(request("", body.clone())).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.headers[header::RETRY_AFTER]),
        (429, &"1".parse().unwrap())
    );
    let (_, told) = world.post("", body.clone()).await;
    assert_eq!(word(&told), "M_LIMIT_EXCEEDED");
    assert_eq!(told.get("retry_after_ms"), Some(&Json::Integer(1000)));
    assert_eq!(world.touched(), 1000);
    world.clock.set(Timestamp::from_secs(NOW + 1));
    assert_eq!(world.told(body).await.0, 200);
}

#[tokio::test]
async fn what_comes_of_it_follows_what_is_held() {
    let world = world([&[Cert::of("a.example"), Cert::of("b.example")], &[]], &[]);
    let by = |user, seconds, signer| statement(NUMBER, user, seconds, &[signer]);
    let first = by(Some("a"), 0, "a.example");
    let told = async |body: Vec<u8>| {
        let (status, body) = world.post("root=3pid.example.", body).await;
        (status, word(&body))
    };
    assert_eq!(told(first.clone()).await, (201, "stored".into()));
    assert_eq!(told(first.clone()).await, (200, "unchanged".into()));
    assert_eq!(told(by(Some("a"), 0, "b.example")).await, (200, "merged".into()));
    assert_eq!(told(by(Some("b"), -1, "b.example")).await, (409, "THREEPID_SUPERSEDED".into()));
    assert_eq!(told(by(None, 0, "b.example")).await, (201, "stored".into()));
    assert_eq!(told(first).await, (409, "THREEPID_SUPERSEDED".into()));
}
