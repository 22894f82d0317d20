//! Requests that homeservers signed, and the keys that they tell of.

use super::*;
use crate::crypto::SigningKey;
use crate::transport::http::Method;
use crate::transport::http::testing::request;

const KEYS: &str = "https://a.example:1/_matrix/key/v2/server";
const TARGET: &str = "/_matrix/identity/v2/3pid/unbind?x";

fn key(id: u8) -> (KeyName, SigningKey) {
    let id = format!("ed25519:{id}").parse().unwrap();
    (KeyName::new(server("a.example:1"), id), SigningKey::from_seed(&[7; 32]))
}

/// The keys of these ids, as the server tells them, good for so many seconds.
fn keys(ids: &[u8], seconds: u64) -> Object {
    let listed = |id: &u8| {
        let (name, key) = key(*id);
        (name.id.to_string(), Object::from_iter([("key", key.public().to_string())]))
    };
    let until = START.saturating_add(Duration::from_secs(seconds)).as_millis();
    let mut object = Object::from_iter([("server_name", "a.example:1")]);
    object.insert("valid_until_ts", crate::signed::Json::saturating(until));
    object.insert("verify_keys", Object::from_iter(ids.iter().map(listed)));
    ids.iter()
        .map(|id| key(*id))
        .fold(object, |object, (name, key)| object.sign(name, &key).unwrap())
}

fn tells(world: &World, object: &Object) {
    world.says(KEYS, 200, &String::from_utf8(object.to_octets()).unwrap());
}

/// A request signed with the key of this id.
fn signed(id: u8, body: &'static str) -> Request {
    let content = Object::parse(body.as_bytes(), &JsonLimits::default()).ok();
    let what = SignedRequest {
        method: "POST",
        uri: TARGET,
        destination: "id.example:8090",
        content: content.as_ref(),
    };
    let (name, key) = key(id);
    let authorization = what.sign(name, &key).to_string();
    let mut request = request(Method::POST, TARGET);
    request.headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
    request.body = body.into();
    request
}

#[tokio::test]
async fn a_signed_request_is_its_homeservers() {
    let world = World::default();
    tells(&world, &keys(&[1], 3600));
    let (homeservers, _) = world.homeservers();
    let who = async |request: &Request, destination: &str| {
        let destinations = ["id.example".to_owned(), destination.to_owned()];
        homeservers.authenticate(request, &destinations).await.map(|server| server.to_string())
    };
    let us = "id.example:8090";
    let good = signed(1, r#"{"mxid":"@a:b"}"#);
    assert_eq!(who(&good, us).await.as_deref(), Ok("a.example:1"));
    assert_eq!(who(&signed(1, ""), us).await.as_deref(), Ok("a.example:1"));
    let another = SignedError::Destination(us.to_owned());
    assert_eq!(who(&good, "id.example").await, Err(Refused::Signed(another)));
    let altered = Request { body: r#"{"mxid":"@a:c"}"#.into(), ..good.clone() };
    let bad = SignedError::BadSignature(key(1).0);
    assert_eq!(who(&altered, us).await, Err(Refused::Signed(bad.clone())));
    let without = Request { query: None, ..good.clone() };
    assert_eq!(who(&without, us).await, Err(Refused::Signed(bad)));
    let unsigned = Request { headers: HeaderMap::new(), ..good.clone() };
    assert_eq!(who(&unsigned, us).await, Err(Refused::Unsigned));
    let no_json = Request { body: "[]".into(), ..good };
    assert!(matches!(who(&no_json, us).await, Err(Refused::Signed(SignedError::Json(_)))));
    assert_eq!(world.asked(), [KEYS], "once for all");
}

#[tokio::test]
async fn keys_count_for_as_long_as_they_say_and_seven_days_at_most() {
    let world = World::default();
    for (told, good) in [(3600, 3600), (30 * 86_400, 7 * 86_400)] {
        tells(&world, &keys(&[1], told));
        let (homeservers, clock) = world.homeservers();
        let name = key(1).0;
        let authenticate = || homeservers.key(&name, CLIENT);
        assert!(authenticate().await.is_ok());
        clock.advance(Duration::from_secs(good - 1));
        assert!(authenticate().await.is_ok());
        assert_eq!(world.asked().len(), 1);
        clock.advance(Duration::from_secs(1));
        assert_eq!(authenticate().await.is_ok(), told > good, "old keys are asked for anew");
        assert_eq!(world.asked().len(), 1);
    }
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_in_a_minute() {
    let world = World::default();
    tells(&world, &keys(&[1], 3600));
    let (homeservers, clock) = world.homeservers();
    for name in [2, 3, 2].map(|id| key(id).0) {
        assert_eq!(homeservers.key(&name, CLIENT).await.err(), Some(Refused::Key(name)));
    }
    assert!(homeservers.key(&key(1).0, CLIENT).await.is_ok());
    assert_eq!(world.asked().len(), 1);
    tells(&world, &keys(&[1, 2], 3600));
    clock.advance(Duration::from_secs(60));
    assert!(homeservers.key(&key(2).0, CLIENT).await.is_ok());
    assert_eq!(world.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_down_keeps_the_keys_it_told() {
    let world = World::default();
    world.says(KEYS, 502, "");
    let (homeservers, clock) = world.homeservers();
    for _ in 0..2 {
        let failed = homeservers.key(&key(1).0, CLIENT).await.err();
        assert!(failed.is_some_and(|failed| failed.is_temporary()));
    }
    assert_eq!(world.asked().len(), 1, "it is left in peace for a while");
    clock.advance(Duration::from_secs(60));
    tells(&world, &keys(&[1], 3600));
    assert!(homeservers.key(&key(1).0, CLIENT).await.is_ok());
    world.says(KEYS, 502, "");
    clock.advance(Duration::from_secs(60));
    assert!(homeservers.key(&key(2).0, CLIENT).await.is_err());
    assert!(homeservers.key(&key(1).0, CLIENT).await.is_ok(), "though it was asked for another");
}

#[tokio::test]
async fn keys_are_those_that_the_server_signed() {
    let world = World::default();
    let refused = async |object: &Object| {
        tells(&world, object);
        world.homeservers().0.key(&key(1).0, CLIENT).await.err()
    };
    let a = server("a.example:1");
    let unusable = |expected| Some(Refused::Unusable { server: a.clone(), expected });
    let good = keys(&[1], 3600);
    assert_eq!(refused(&good).await, None);
    let no_key = Some(Refused::Key(key(1).0));
    let altered = |member: &str, value: &str| {
        let mut object = good.clone();
        object.insert(member, value);
        object
    };
    assert_eq!(refused(&altered("x", "y")).await, no_key);
    assert_eq!(refused(&keys(&[2], 3600)).await, no_key);
    assert_eq!(refused(&keys(&[1], 0)).await, no_key);
    let expected = unusable("keys of its own");
    assert_eq!(refused(&altered("server_name", "b.example")).await, expected);
    let expected = unusable("keys that tell until when they count");
    assert_eq!(refused(&altered("valid_until_ts", "")).await, expected);
    assert_eq!(refused(&altered("verify_keys", "")).await, unusable("keys for requests"));
    assert_eq!(refused(&altered("signatures", "")).await, unusable("keys that it signed"));
    let many: Vec<u8> = (10..26).chain([9]).collect();
    assert_eq!(refused(&keys(&many, 3600)).await, no_key);
}
