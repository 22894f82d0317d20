//! Synapse, and what clients ask of it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use threepid::codec::{Url, percent};
use threepid::transport::http::{Fetch, HttpClient, Method, Outgoing, StatusCode, header};
use tokio::time::Instant;

use super::PATIENCE;
use crate::interop::process::Background;

/// Every user's.
const PASSWORD: &str = "a password";

/// A homeserver, until it is dropped.
pub(super) struct Synapse {
    _process: Background,
    /// Its name, where other servers ask it: a port of this machine, over TLS.
    pub(super) name: String,
    /// Where clients ask it, over plain HTTP.
    clients: Url,
    http: HttpClient,
}

/// A user of it, who is logged in.
pub(super) struct User<'a> {
    homeserver: &'a Synapse,
    pub(super) mxid: String,
    token: String,
}

/// A port that is free now.
pub(crate) fn free() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Where `tests/run` installed it.
fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/synapse/bin/python");
    assert!(python.exists(), "no Synapse at {}: run this by tests/run", python.display());
    python
}

/// What it is told: to ask this machine, to trust everybody's certificate, and to leave phones to an
/// identity server.
fn configuration(
    directory: &Path,
    name: &str,
    id_server: &str,
    [clients, servers]: [u16; 2],
) -> String {
    let at = |port: u16| json!({"port": port, "bind_addresses": ["127.0.0.1"], "type": "http"});
    let listener = |port: u16, tls: bool, names: &[&str]| {
        let mut listener = at(port);
        listener["tls"] = json!(tls);
        listener["resources"] = json!([{ "names": names }]);
        listener
    };
    let path = |file: &str| directory.join(file);
    let often = json!({"per_second": 1000, "burst_count": 1000});
    // YAML takes JSON.
    json!({
        "server_name": name,
        "report_stats": false,
        "pid_file": path("synapse.pid"),
        "signing_key_path": path("synapse.key"),
        "media_store_path": path("media"),
        "log_config": path("log.yaml"),
        "database": {"name": "sqlite3", "args": {"database": path("synapse.db")}},
        "listeners": [
            listener(clients, false, &["client"]),
            listener(servers, true, &["federation"]),
        ],
        "tls_certificate_path": path("tls.pem"),
        "tls_private_key_path": path("tls.key"),
        "trusted_key_servers": [],
        "ip_range_whitelist": ["127.0.0.0/8", "::1/128"],
        "federation_verify_certificates": false,
        "use_insecure_ssl_client_just_for_testing_do_not_use": true,
        "account_threepid_delegates": {"msisdn": format!("https://{id_server}")},
        "enable_registration": true,
        "enable_registration_without_verification": true,
        "rc_registration": often,
        "rc_3pid_validation": often,
        "macaroon_secret_key": "m",
        "form_secret": "f",
    })
    .to_string()
}

fn log() -> String {
    json!({
        "version": 1,
        "disable_existing_loggers": false,
        "formatters": {"plain": {"format": "%(name)s %(levelname)s %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
    })
    .to_string()
}

impl Synapse {
    /// Starts it with all of its files in `directory`, where `tls.pem` and `tls.key` are for `localhost`.
    /// It leaves phones to `id_server`.
    pub(super) fn start(directory: &Path, id_server: &str, http: HttpClient) -> Self {
        let ports = [free(), free()];
        let name = format!("localhost:{}", ports[1]);
        let write = |file: &str, text: String| {
            fs::write(directory.join(file), text).expect("it is writable");
            directory.join(file)
        };
        write("log.yaml", log());
        let file = write("synapse.yaml", configuration(directory, &name, id_server, ports));
        let mut command = Command::new(python());
        command.args(["-m", "synapse.app.homeserver", "-c"]).arg(file).current_dir(directory);
        let ready = format!("listening on TCP port {} (TLS)", ports[1]);
        let process = tokio::task::block_in_place(|| Background::start(&mut command, &ready));
        let clients = format!("http://127.0.0.1:{}/", ports[0]).parse().expect("a URL");
        Self { _process: process, name, clients, http }
    }

    /// A new user.
    pub(super) async fn register(&self, name: &str) -> User<'_> {
        let wanted =
            json!({"username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
        let (_, answer) = self.ask(Method::POST, "v3/register", None, Some(&wanted)).await;
        let text = |member: &str| answer[member].as_str().expect("a new user").to_owned();
        User { homeserver: self, mxid: text("user_id"), token: text("access_token") }
    }

    async fn ask(
        &self,
        method: Method,
        target: &str,
        token: Option<&str>,
        content: Option<&Value>,
    ) -> (StatusCode, Value) {
        let url = self.clients.with_target(&format!("/_matrix/client/{target}")).expect("a target");
        let mut request = Outgoing { method, ..Outgoing::get(url) };
        request.body = content.map(ToString::to_string).unwrap_or_default().into();
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().expect("a value");
            request.headers.insert(header::AUTHORIZATION, value);
        }
        let answer = self.http.fetch(request).await.unwrap_or_else(|error| panic!("{error}"));
        (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
    }
}

impl User<'_> {
    /// Asks what must be answered.
    pub(super) async fn get(&self, target: &str) -> Value {
        succeeded(target, self.ask(Method::GET, target, None).await)
    }

    /// Does what must succeed.
    pub(super) async fn post(&self, target: &str, content: Value) -> Value {
        succeeded(target, self.ask(Method::POST, target, Some(&content)).await)
    }

    /// Does what he has to give his password for (Client-Server API, "User-Interactive Authentication").
    pub(super) async fn post_with_password(&self, target: &str, mut content: Value) -> Value {
        let (status, wanted) = self.ask(Method::POST, target, Some(&content)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{target}: {wanted}");
        content["auth"] = json!({
            "type": "m.login.password",
            "session": wanted["session"],
            "identifier": {"type": "m.id.user", "user": self.mxid},
            "password": PASSWORD,
        });
        self.post(target, content).await
    }

    /// Asks, whatever comes of it.
    pub(super) async fn ask(
        &self,
        method: Method,
        target: &str,
        content: Option<&Value>,
    ) -> (StatusCode, Value) {
        self.homeserver.ask(method, target, Some(&self.token), content).await
    }

    /// Waits until he is invited into a room, and joins it.
    pub(super) async fn join_when_invited(&self, room: &str) {
        let mut since = String::new();
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < until, "{} was not invited", self.mxid);
            let news = self.get(&format!("v3/sync?timeout=10000{since}")).await;
            if news["rooms"]["invite"].get(room).is_some() {
                break;
            }
            since = format!("&since={}", news["next_batch"].as_str().expect("a token"));
        }
        self.post(&format!("v3/join/{}", percent(room)), json!({})).await;
    }

    /// A token that proves to others who this is.
    pub(super) async fn openid_token(&self) -> Value {
        self.post(&format!("v3/user/{}/openid/request_token", self.mxid), json!({})).await
    }
}

fn succeeded(target: &str, (status, answer): (StatusCode, Value)) -> Value {
    assert_eq!(status, StatusCode::OK, "{target}: {answer}");
    answer
}
