//! A verification server brought up, asked and reloaded, on free ports of loopback.

use std::fs;
use std::net::SocketAddr;

use tempfile::TempDir;

use crate::clock::{Clock, SystemClock};
use crate::codec::{base64_unpadded, percent};
use crate::config::Config;
use crate::crypto::SeededRandom;
use crate::daemon::{Daemon, check, signing_keys};
use crate::signed::NamedKey;
use crate::transport::http::{
    ClientLimits, Fetch, HttpClient, Incoming, Method, Outgoing, TrustStore,
};

const CONFIG: &str = r#"
[verification]
name = "verify.example"
keys = ["new.key"]
base_url = "http://127.0.0.1:1"
ledger = "ledger"
[identity_api]
listen = ["127.0.0.1:0"]
plain = true
v1 = true
[mail]
courier = "log"
[client]
resolver = "127.0.0.1:1"
outbox = "outbox"
[[client.root]]
apex = "a.example"
anchors = ["a.example. DS 1 15 2 0707070707070707070707070707070707070707070707070707070707070707"]
"#;

/// A directory with a configuration and its key.
fn state() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    signing_keys::store(&directory.path().join("new.key"), &key(1)).unwrap();
    fs::write(directory.path().join("a.toml"), CONFIG).unwrap();
    directory
}

fn key(seed: u64) -> NamedKey {
    NamedKey::generate(&mut SeededRandom::new(seed))
}

/// Puts this into the configuration, in place of that.
fn set(directory: &TempDir, before: &str, after: &str) {
    let path = directory.path().join("a.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(before));
    fs::write(path, text.replace(before, after)).unwrap();
}

async fn start(directory: &TempDir) -> Daemon {
    Daemon::start(Config::load(&directory.path().join("a.toml")).unwrap()).await.unwrap()
}

async fn ask(at: SocketAddr, path: &str, content: Option<&str>) -> Incoming {
    fetch(at, &format!("/_matrix/identity{path}"), content).await
}

async fn fetch(at: SocketAddr, path: &str, content: Option<&str>) -> Incoming {
    let client = HttpClient::new(&TrustStore::System, ClientLimits::default()).unwrap();
    let mut request = Outgoing::get(format!("http://{at}{path}").parse().unwrap());
    if let Some(content) = content {
        request.method = Method::POST;
        request.body = content.to_owned().into();
    }
    client.fetch(request).await.unwrap()
}

async fn is_valid(daemon: &Daemon, key: &NamedKey) -> bool {
    let public = percent(&base64_unpadded(key.key.public().octets()));
    let path = format!("/v2/pubkey/isvalid?public_key={public}");
    let answer = ask(daemon.identity_addresses()[0], &path, None).await;
    answer.body == r#"{"valid":true}"#
}

#[tokio::test]
async fn a_daemon_answers_matrix_clients() {
    let directory = state();
    let daemon = start(&directory).await;
    let at = daemon.identity_addresses()[0];
    assert_eq!(ask(at, "/v2", None).await.body, "{}");
    let wanted = r#"{"client_secret":"s","email":"a@example.com","send_attempt":1}"#;
    let path = "/api/v1/validate/email/requestToken";
    let session = ask(at, path, Some(wanted)).await.body;
    assert!(String::from_utf8_lossy(&session).contains("\"sid\""), "{session:?}");
    let unsigned = fetch(at, "/_threepid/v1/cosign", Some("{}")).await;
    assert_eq!(unsigned.status.as_u16(), 401, "other verification servers are answered, too");
    daemon.stop().await;
    // The ledger has the session: the same is answered, and no other message sent.
    let daemon = start(&directory).await;
    assert_eq!(ask(daemon.identity_addresses()[0], path, Some(wanted)).await.body, session);
    daemon.stop().await;
}

#[tokio::test]
async fn keys_are_exchanged_by_a_reload() {
    let directory = state();
    let mut daemon = start(&directory).await;
    assert!(is_valid(&daemon, &key(1)).await && !is_valid(&daemon, &key(2)).await);
    signing_keys::store(&directory.path().join("newer.key"), &key(2)).unwrap();
    set(&directory, "[\"new.key\"]", "[\"newer.key\", \"new.key\"]");
    daemon.reload().await.unwrap();
    assert!(is_valid(&daemon, &key(1)).await && is_valid(&daemon, &key(2)).await);
    set(&directory, "newer.key", "gone.key");
    assert!(daemon.reload().await.unwrap_err().to_string().contains("gone.key"));
    assert!(is_valid(&daemon, &key(2)).await);
    daemon.stop().await;
}

#[test]
fn what_it_names_is_read_before_anything_starts() {
    let told = |before: &str, after: &str| {
        let directory = state();
        set(&directory, before, after);
        let path = directory.path().join("a.toml");
        let told = check(&path, SystemClock.now()).map(|_| ()).unwrap_err().to_string();
        told.replace(&format!("{}/", directory.path().display()), "")
    };
    let key = told("new.key", "no.key");
    assert!(key.starts_with("a.toml:4:9: no.key: "), "{key}");
    let smtp = "host = \"127.0.0.1\"\nfrom = \"a@b.example\"\nsecurity = \"none\"\n\
                user = \"u\"\npassword_file = \"no\"";
    let mail = told("courier = \"log\"", smtp);
    assert!(mail.starts_with("a.toml:16:17: no: "), "{mail}");
    let mail = told("courier = \"log\"", "host = \"mail.example\"\nfrom = \"nobody\"");
    assert!(mail.starts_with("a.toml:11:1: \"nobody\" is no sender"), "{mail}");
    let texts = told("base_url", "texts = \"no\"\nbase_url");
    assert!(texts.starts_with("a.toml:5:9: no: "), "{texts}");
    let gateway =
        "[sms]\nurl = \"https://sms.example/?{number}{text}\"\nheaders_file = \"no\"\n[client]";
    let sms = told("[client]", gateway);
    assert!(sms.starts_with("a.toml:15:16: no: "), "{sms}");
    let delegate = "[[verification.delegate]]\nscope = [\"msisdn:44\"]\nurl = \"https://s.example\"\n\
                    access_token_file = \"no\"\n[identity_api]";
    let delegate = told("[identity_api]", delegate);
    assert!(delegate.starts_with("a.toml:10:21: no: "), "{delegate}");
}

#[test]
fn lookups_that_clients_do_not_take_are_warned_of() {
    let directory = state();
    fs::write(directory.path().join("a.zone"), "@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns.b.\n").unwrap();
    let authority = "[authority]\nstore = \"store\"\n[[authority.zone]]\nname = \"a.example\"\n\
                     file = \"a.zone\"\n[client]";
    set(&directory, "[client]", authority);
    set(&directory, "v1 = true", "lookups = [\"none\", \"sha256\"]");
    let (_, loaded) = check(&directory.path().join("a.toml"), SystemClock.now()).unwrap();
    let told = |warning: &String| warning.contains("a.toml:10:11: warning: of both lookups");
    assert!(loaded.warnings.iter().any(told), "{:?}", loaded.warnings);
}
