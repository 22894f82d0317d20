//! What homeservers are asked for, and told.

use super::*;

const USERINFO: &str = "https://a.example:1/_matrix/federation/v1/openid/userinfo";
const ONBIND: &str = "https://a.example:1/_matrix/federation/v1/3pid/onbind";

async fn owner(world: &World, token: &str) -> Result<String, Refused> {
    let (homeservers, _) = world.homeservers();
    homeservers.owner(&server("a.example:1"), token, CLIENT).await.map(|mxid| mxid.to_string())
}

#[tokio::test]
async fn a_token_is_its_owners() {
    let world = World::default();
    world.says(USERINFO, 200, r#"{"sub":"@alice:a.example:1"}"#);
    assert_eq!(owner(&world, "a b&c").await.as_deref(), Ok("@alice:a.example:1"));
    assert_eq!(world.asked(), [format!("{USERINFO}?access_token=a%20b%26c")]);
}

#[tokio::test]
async fn what_a_homeserver_says_of_a_token_is_not_all_believed() {
    let world = World::default();
    let a = || server("a.example:1");
    let unusable = |expected| Refused::Unusable { server: a(), expected };
    let failed = |status: u16| Refused::Failed {
        server: a(),
        status: StatusCode::from_u16(status).unwrap(),
    };
    for (status, body, refused) in [
        (401, r#"{"errcode":"M_UNKNOWN_TOKEN"}"#, Refused::Token(a())),
        (200, r#"{"sub":"@alice:a.example"}"#, Refused::Foreign(a())),
        (200, r#"{"sub":"@alice:b.example:1"}"#, Refused::Foreign(a())),
        (200, r#"{"sub":"alice"}"#, unusable("a user in `sub`")),
        (200, r#"{}"#, unusable("a user in `sub`")),
        (200, "<html>", unusable("canonical JSON")),
        (404, "", failed(404)),
        (302, "", failed(302)),
        (500, "", failed(500)),
    ] {
        world.says(USERINFO, status, body);
        assert_eq!(owner(&world, "x").await, Err(refused), "{status} {body}");
    }
    world.asked();
    assert_eq!(owner(&world, &"x".repeat(513)).await, Err(Refused::Token(a())));
    assert_eq!(world.asked(), [""; 0], "no homeserver has such tokens");
}

#[tokio::test]
async fn a_homeserver_is_told_of_its_user() {
    let world = World::default();
    world.set(ONBIND, |request| {
        let is_it = request.body == r#"{"mxid":"@alice:a.example:1"}"#;
        Some(said(if is_it { 200 } else { 400 }, "{}"))
    });
    let (homeservers, _) = world.homeservers();
    let told = Object::from_iter([("mxid", "@alice:a.example:1")]);
    assert_eq!(homeservers.onbind(&server("a.example:1"), &told).await, Ok(()));
    let refused = homeservers.onbind(&server("a.example:1"), &Object::default()).await.unwrap_err();
    assert!(matches!(refused, Refused::Failed { .. }) && !refused.is_temporary());
}
