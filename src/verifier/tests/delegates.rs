//! Another server verifies, and this one signs.

use std::sync::Mutex;

use super::*;
use crate::signed::{Limits as JsonLimits, Object};
use crate::transport::http::{Incoming, Outgoing, header};

/// A world in which `other.example` verifies phone numbers.
fn delegating(access_token: Option<&'static str>) -> World {
    World::with(move |settings| {
        settings.delegates.push(Delegate {
            scope: crate::certificate::Scope::new(vec!["msisdn:44".parse().unwrap()]),
            url: "https://other.example/".parse().unwrap(),
            access_token: access_token.map(|token| token.to_owned().into()),
        });
    })
}

/// What `other.example` was asked, as method, target and content; it answers each time with the next of these.
fn answering(world: &World, answers: &[(u16, &str)]) -> Arc<Mutex<Vec<(String, Object)>>> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let answers: Vec<Incoming> = answers.iter().map(|(status, body)| said(*status, body)).collect();
    let (asked_too, left) = (asked.clone(), Arc::new(Mutex::new(answers.into_iter())));
    world.servers.set("other.example", move |request: Outgoing| {
        let content = Object::parse(&request.body, &JsonLimits::default()).unwrap_or_default();
        let authorization = request.headers.get(header::AUTHORIZATION);
        let authorization = authorization.map_or("", |it| it.to_str().unwrap());
        let line = format!("{} {} {authorization}", request.method, request.url.target());
        asked_too.lock().unwrap().push((line.trim().to_owned(), content));
        std::future::ready(left.lock().unwrap().next())
    });
    asked
}

async fn ask(world: &World) -> Result<SessionId, Refused> {
    world.verifier.request_token(wanted(&phone(), "secret.of.the.client", 1), &caller()).await
}

#[tokio::test]
async fn what_another_server_proved_is_signed_here() {
    let world = delegating(None);
    let asked = answering(
        &world,
        &[
            (200, r#"{"sid":"theirs"}"#),
            (400, r#"{"errcode":"M_SESSION_NOT_VALIDATED","error":"no"}"#),
            (200, r#"{"address":"447700900123","medium":"msisdn","validated_at":1}"#),
        ],
    );
    let id = ask(&world).await.unwrap();
    assert_eq!(world.post.sent().len(), 0);
    let secret = secret("secret.of.the.client");
    let not_yet = world.verifier.validated(&id, &secret).await;
    assert_eq!(not_yet, Err(Refusal::NotValidated.into()));
    let bound = world.verifier.bind(&id, &secret, &mxid("@alice:a"), &caller()).await.unwrap();
    let (about, statement) = Statement::from_json(&bound).unwrap();
    let keys = world.verifier.keys();
    assert_eq!(statement.verify(&about, &keys.name(), &keys.current().1), Ok(()));
    assert!(world.verifier.validated(&id, &secret).await.is_ok(), "it is not asked again");
    let asked = asked.lock().unwrap();
    let body = &asked[0].1;
    let theirs = body.string("client_secret").unwrap();
    assert_eq!(body.string("phone_number"), Some("+447700900123"));
    assert!(!theirs.contains("client"), "it is told no secret of a client");
    let lines: Vec<&str> = asked.iter().map(|(line, _)| line.as_str()).collect();
    let api = "/_matrix/identity/api/v1";
    let validated = format!("GET {api}/3pid/getValidated3pid?sid=theirs&client_secret={theirs}");
    let request = format!("POST {api}/validate/msisdn/requestToken");
    assert_eq!(lines, [request.as_str(), &validated, &validated]);
}

#[tokio::test]
async fn a_token_goes_to_the_server_that_sent_it() {
    let world = delegating(Some("bearer"));
    let asked = answering(
        &world,
        &[
            (200, r#"{"sid":"theirs"}"#),
            (200, r#"{"success":false}"#),
            (400, r#"{"errcode":"M_TOKEN_INCORRECT","error":"no"}"#),
            (200, r#"{"success":true}"#),
        ],
    );
    let (id, secret) = (ask(&world).await.unwrap(), secret("secret.of.the.client"));
    let submit = async |token| world.verifier.submit(&id, &secret, token, &caller()).await;
    assert_eq!(submit("1").await, Err(Refusal::OtherToken.into()));
    assert_eq!(submit("2").await, Err(Refusal::OtherToken.into()));
    assert_eq!(submit("3").await, Ok(None));
    assert_eq!(world.verifier.validated(&id, &secret).await, Ok((phone(), START)));
    let asked = asked.lock().unwrap();
    let line = "POST /_matrix/identity/v2/validate/msisdn/submitToken Bearer bearer";
    assert_eq!(asked[3].0, line);
    let members = ["sid", "token"].map(|name| asked[3].1.string(name).unwrap());
    assert_eq!(members, ["theirs", "3"]);
}

#[tokio::test]
async fn another_server_proves_what_it_was_asked_about_and_nothing_else() {
    for other in [
        r#"{"address":"447700900124","medium":"msisdn","validated_at":1}"#,
        r#"{"address":"447700900123","medium":"email","validated_at":1}"#,
        r#"{"medium":"msisdn","validated_at":1}"#,
        r#"{"success":true}"#,
        "no JSON",
    ] {
        let world = delegating(None);
        answering(&world, &[(200, r#"{"sid":"theirs"}"#), (200, other)]);
        let (id, secret) = (ask(&world).await.unwrap(), secret("secret.of.the.client"));
        let bound = world.verifier.bind(&id, &secret, &mxid("@alice:a"), &caller()).await;
        assert_eq!(bound, Err(Refused::Elsewhere), "{other}");
    }
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again() {
    let world = delegating(None);
    let asked = answering(
        &world,
        &[
            (502, "bad gateway"),
            (429, r#"{"errcode":"M_LIMIT_EXCEEDED","error":"no","retry_after_ms":5000}"#),
            (200, r#"{"sid":"not an id"}"#),
            (200, r#"{"sid":"theirs"}"#),
        ],
    );
    assert_eq!(ask(&world).await, Err(Refused::Elsewhere));
    let wait = Duration::from_secs(5);
    assert_eq!(ask(&world).await, Err(Refused::TooOften { asked: Asked::Messages, wait }));
    assert_eq!(ask(&world).await, Err(Refused::Elsewhere));
    world.clock.advance(HOUR / 3);
    assert!(ask(&world).await.is_ok());
    assert!(ask(&world).await.is_ok());
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 4, "the last was not sent again");
    let secrets: std::collections::BTreeSet<&str> =
        asked.iter().map(|(_, body)| body.string("client_secret").unwrap()).collect();
    assert_eq!(secrets.len(), 1, "all of one session");
}

#[tokio::test]
async fn what_is_not_in_its_scope_is_verified_here() {
    let world = delegating(None);
    let asked = answering(&world, &[]);
    for text in ["alice@example.com", "+4930123456"] {
        let threepid = Threepid::parse_any(text, None).unwrap();
        world.verifier.request_token(wanted(&threepid, "s", 1), &caller()).await.unwrap();
    }
    assert_eq!((world.post.sent().len(), asked.lock().unwrap().len()), (2, 0));
}
