//! All endpoints together: the specification's examples, who may ask, and what gets into the log.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Bound;
use super::testing::{Desk, member};
use crate::allowance::Rate;
use crate::clock::Clock;
use crate::codec::base64_unpadded;
use crate::crypto::SigningKey;
use crate::store::ledger::{AccessToken, Invitation};
use crate::threepid::Threepid;
use crate::transport::http::testing::request;
use crate::transport::http::{Method, Request, header};
use crate::verification::Errand;

/// The user of the specification's examples who binds.
const EARS: &str = "@ears:matrix.org";

/// An endpoint that users ask, and the specification's example. What is drawn here stands in braces.
const FOR_USERS: [(&str, &str, &str, &[&str]); 10] = [
    ("GET", "/v2/account", "", &["user_id"]),
    (
        "POST",
        "/v2/validate/email/requestToken",
        r#"{"client_secret":"monkeys_are_GREAT","email":"alice@example.org","next_link":"https://example.org/congratulations.html","send_attempt":1}"#,
        &["sid"],
    ),
    (
        "POST",
        "/v2/validate/email/submitToken",
        r#"{"sid":"{sid}","client_secret":"monkeys_are_GREAT","token":"{token}"}"#,
        &["success"],
    ),
    (
        "POST",
        "/v2/validate/msisdn/requestToken",
        r#"{"client_secret":"monkeys_are_GREAT","country":"GB","next_link":"https://example.org/congratulations.html","phone_number":"07700900001","send_attempt":1}"#,
        &["sid"],
    ),
    (
        "POST",
        "/v2/validate/msisdn/submitToken",
        r#"{"sid":"{sid}","client_secret":"monkeys_are_GREAT","token":"{token}"}"#,
        &["success"],
    ),
    (
        "GET",
        "/v2/3pid/getValidated3pid?sid={sid}&client_secret=monkeys_are_GREAT",
        "",
        &["medium", "validated_at", "address"],
    ),
    (
        "POST",
        "/v2/3pid/bind",
        r#"{"sid":"{sid}","client_secret":"monkeys_are_GREAT","mxid":"@ears:matrix.org"}"#,
        &["address", "medium", "mxid", "not_before", "not_after", "ts", "signatures"],
    ),
    (
        "POST",
        "/v2/3pid/unbind",
        r#"{"sid":"{sid}","client_secret":"monkeys_are_GREAT","mxid":"@ears:matrix.org","threepid":{"medium":"msisdn","address":"447700900001"}}"#,
        &[],
    ),
    (
        "POST",
        "/v2/store-invite",
        r##"{"medium":"email","address":"foo@example.com","room_id":"!something:example.org","sender":"@ears:matrix.org","room_alias":"#somewhere:example.org","room_avatar_url":"mxc://example.org/s0meM3dia","room_join_rules":"public","room_name":"Bob's Emporium of Messages","sender_display_name":"Bob Smith","sender_avatar_url":"mxc://example.org/an0th3rM3dia","room_type":"m.space"}"##,
        &["token", "public_keys", "display_name"],
    ),
    (
        "POST",
        "/v2/sign-ed25519",
        r#"{"mxid":"@foo:bar.com","token":"sometoken","private_key":"{private_key}"}"#,
        &["mxid", "sender", "signatures", "token"],
    ),
];

/// What everybody asks.
const FOR_ALL: [(&str, &[&str]); 6] = [
    ("/versions", &["versions"]),
    ("/v2", &[]),
    ("/v2/terms", &["policies"]),
    ("/v2/pubkey/ed25519:0", &["public_key"]),
    ("/v2/pubkey/isvalid?public_key=VXuGitF39UH5iRfvbIknlvlAVKgD1BsLDMvBf0pmp7c", &["valid"]),
    (
        "/v2/pubkey/ephemeral/isvalid?public_key=VXuGitF39UH5iRfvbIknlvlAVKgD1BsLDMvBf0pmp7c",
        &["valid"],
    ),
];

fn request_of(method: &str, path: &str, content: &str) -> Request {
    let method = if method == "GET" { Method::GET } else { Method::POST };
    let request = request(method, &format!("/_matrix/identity{path}"));
    Request { body: content.to_owned().into(), ..request }
}

/// Asks, and gives the members of the object that is answered.
async fn ask(desk: &Desk, request: Request, token: Option<&str>) -> (u16, String) {
    let response = desk.ask(request, token).await;
    assert_eq!(response.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    (response.status.as_u16(), String::from_utf8(response.body.to_vec()).unwrap())
}

fn has_members(told: &str, members: &[&str]) -> bool {
    let object: serde_json::Value = serde_json::from_str(told).unwrap();
    members.iter().all(|member| object.get(member).is_some())
}

/// An invitation as it would be kept for `sometoken`, and its key's secret part.
fn invite(desk: &Desk) -> String {
    let key = SigningKey::from_seed(&[9; 32]);
    let invitation = Invitation {
        token: "sometoken".to_owned(),
        sender: "@baz:bar.com".to_owned(),
        room_id: "!something:example.org".to_owned(),
        ephemeral_key: base64_unpadded(key.public().octets()),
        since: 0,
        message: None,
    };
    let invited = Threepid::parse_any("foo@bar.com", None).unwrap();
    desk.ledger.add_invitation(&invited, &invitation).unwrap();
    base64_unpadded(key.seed().as_ref())
}

/// Runs the examples; gives what was secret in them.
async fn run_examples(desk: &Desk) -> Vec<String> {
    let openid = r#"{"access_token":"openid-ears","token_type":"Bearer","matrix_server_name":"matrix.org","expires_in":3600}"#;
    let (status, told) = ask(desk, request_of("POST", "/v2/account/register", openid), None).await;
    assert_eq!(status, 200, "{told}");
    let user = member(&told, "token");
    let terms = r#"{"user_accepts":["https://example.org/somewhere/terms-2.0-en.html","https://example.org/somewhere/privacy-1.2-en.html"]}"#;
    let agreed = ask(desk, request_of("POST", "/v2/terms", terms), Some(&user)).await;
    assert_eq!(agreed, (200, "{}".to_owned()));
    let (private_key, mut sid) = (invite(desk), String::new());
    let mut secrets = vec![user.clone(), private_key.clone()];
    for (method, path, content, members) in FOR_USERS {
        let token = if desk.messages() == 0 { String::new() } else { desk.last_secret() };
        let filled = |text: &str| {
            let given = [("{sid}", &sid), ("{token}", &token), ("{private_key}", &private_key)];
            given.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        let request = request_of(method, &filled(path), &filled(content));
        let (status, told) = ask(desk, request, Some(&user)).await;
        assert!(status == 200 && has_members(&told, members), "{path}: {status} {told}");
        if members == ["sid"] {
            sid = member(&told, "sid");
        }
        secrets.push(desk.last_secret());
    }
    let logout = ask(desk, request_of("POST", "/v2/account/logout", ""), Some(&user)).await;
    assert_eq!(logout, (200, "{}".to_owned()));
    secrets.retain(|secret| !secret.is_empty());
    secrets
}

#[tokio::test]
async fn the_examples_of_the_specification() {
    let desk = Desk::with_terms();
    for (path, members) in FOR_ALL {
        let (status, told) = ask(&desk, request_of("GET", path, ""), None).await;
        assert!(status == 200 && has_members(&told, members), "{path}: {status} {told}");
    }
    run_examples(&desk).await;
}

/// Unbinding goes by other proofs than an access token.
#[tokio::test]
async fn users_are_known_and_have_agreed() {
    let desk = Desk::with_terms();
    let user = desk.register(EARS);
    for (method, path, content, _) in FOR_USERS.iter().filter(|it| !it.1.contains("unbind")) {
        for (token, status, errcode) in [
            (None, 401, "M_UNAUTHORIZED"),
            (Some("other"), 401, "M_UNAUTHORIZED"),
            (Some(user.as_str()), 403, "M_TERMS_NOT_SIGNED"),
        ] {
            let (was, told) = ask(&desk, request_of(method, path, content), token).await;
            assert!(was == status && told.contains(errcode), "{path}: {was} {told}");
        }
    }
    assert_eq!(desk.messages(), 0);
}

#[tokio::test]
async fn browsers_ask_before() {
    let desk = Desk::new();
    for path in FOR_USERS.map(|it| it.1).into_iter().chain(FOR_ALL.map(|it| it.0)) {
        let path = format!("/_matrix/identity{path}");
        let response = desk.ask(request(Method::OPTIONS, &path), None).await;
        assert_eq!(response.status.as_u16(), 200, "{path}");
        let permitted = response.headers[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
        assert!(permitted.contains("Authorization"));
    }
}

#[tokio::test]
async fn networks_and_users_come_so_often() {
    let desk = Desk::with(|settings| {
        settings.limits.bounds[Bound::RequestsPerNetwork] = Rate::per_second(4);
        settings.limits.bounds[Bound::RequestsPerUser] = Rate::per_second(2);
    });
    let user = desk.register(EARS);
    let get = async |path: &str, token| ask(&desk, request_of("GET", path, ""), token).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get("/v2/account", Some(&*user)).await.0);
    }
    statuses.push(get("/v2", None).await.0);
    let (status, told) = get("/v2", None).await;
    assert_eq!((statuses, status), (vec![200, 200, 429, 200], 429));
    assert!(
        told.contains("M_LIMIT_EXCEEDED") && told.contains(r#""retry_after_ms":250"#),
        "{told}"
    );
    let counted = desk.telemetry.render();
    for bound in ["requests_per_network", "requests_per_user"] {
        let line = format!("t_identity_api_turned_away_total{{bound=\"{bound}\"}} 1\n");
        assert!(counted.contains(&line), "{counted}");
    }
}

#[tokio::test]
async fn tokens_that_nobody_uses_are_forgotten() {
    let desk = Desk::new();
    let token: AccessToken = desk.register(EARS).parse().unwrap();
    let (then, idle) = (desk.clock.now(), Duration::from_secs(30 * 24 * 3600));
    desk.clock.advance(idle);
    let forgotten = async {
        while desk.ledger.account(&token, then, idle).unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = desk.api.tend() => unreachable!("it goes on for good"),
        () = forgotten => {}
    }
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `work` on a runtime all of whose threads log to what is given, all there is to log.
fn logged(work: impl Future<Output = Vec<String>>) -> (String, Vec<String>) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let dispatch = tracing::Dispatch::new(subscriber);
    let here = dispatch.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Each thread is the runtime's alone, and logs there to its end.
        .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&dispatch)))
        .build()
        .unwrap();
    let done = tracing::dispatcher::with_default(&here, || runtime.block_on(work));
    drop(runtime);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (log, done)
}

#[test]
fn nothing_secret_is_logged() {
    let (log, mut secrets) = logged(async {
        tracing::trace!("it is listened to");
        tokio::task::spawn_blocking(|| tracing::trace!("on every thread")).await.unwrap();
        let desk = Desk::with_terms();
        let secrets = run_examples(&desk).await;
        // What goes wrong is logged, too.
        for (method, path, content, _) in FOR_USERS {
            ask(&desk, request_of(method, path, content), Some(&secrets[0])).await;
        }
        let user = desk.register(EARS);
        let full = r#"{"client_secret":"monkeys_are_GREAT","email":"postmaster@example.org","send_attempt":1}"#;
        ask(&desk, request_of("POST", FOR_USERS[1].1, full), Some(&user)).await;
        secrets.into_iter().chain([user]).collect()
    });
    assert!(log.contains("it is listened to") && log.contains("on every thread"), "{log}");
    let given = [
        "openid-ears",
        "monkeys_are_GREAT",
        "sometoken",
        "alice@",
        "postmaster",
        "foo@",
        "7700900001",
    ];
    secrets.extend(given.map(ToOwned::to_owned));
    assert!(secrets.len() > 15);
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} in {log}");
    }
}

/// What the errand of a message has that is secret.
impl Desk {
    fn last_secret(&self) -> String {
        match self.last_errand() {
            Some(Errand::Verify { token, .. }) => token.as_str().to_owned(),
            Some(Errand::Invite { link, .. }) => {
                let link = link.unwrap_or_default();
                let key = link.rsplit_once("private_key%3D").map(|(_, key)| key.split('&').next());
                key.flatten().unwrap_or_default().to_owned()
            }
            _ => String::new(),
        }
    }
}
