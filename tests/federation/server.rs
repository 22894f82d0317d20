//! A verification server, and what clients ask of it in version 1 of the API, which knows no accounts.

use std::fs;

use serde_json::{Value, json};
use threepid::daemon::Daemon;
use threepid::signed::NamedKey;
use threepid::transport::http::{
    ClientLimits, Fetch, HttpClient, Outgoing, StatusCode, TrustStore,
};

use crate::publish::world::{World, key, start};
use crate::synapse::homeserver::free;
use crate::synapse::sink::Sink;

/// What clients prove with that sessions are theirs.
const SECRET: &str = "monkeys";

/// The server.
pub(super) struct Server {
    daemon: Daemon,
    name: String,
    port: u16,
    pub(super) http: HttpClient,
}

impl Server {
    /// Starts the server of this name for the trees of a world, with more in its section `[verification]`.
    pub(super) async fn start(world: &World, name: &str, sink: &Sink, more: &str) -> Self {
        let (directory, port) = (world.directory(), free());
        let client = fs::read_to_string(directory.join("client.toml")).expect("it is readable");
        let client = client.replace("\"outbox\"", &format!("\"{name}-outbox\""));
        let (key_name, key) = key(name);
        let text = format!(
            "[verification]\nname = \"{name}\"\nkeys = [\"{name}.key\"]\nledger = \"{name}-ledger\"\n\
             base_url = \"https://localhost:{port}\"\n{more}\
             [mail]\nhost = \"{}\"\nport = {}\nsecurity = \"none\"\nfrom = \"ids@example.com\"\n\
             [identity_api]\nlisten = [\"127.0.0.1:{port}\"]\ncertificate = \"tls.pem\"\n\
             key = \"tls.key\"\nv1 = true\n[admin]\nlisten = \"127.0.0.1:0\"\n{client}",
            sink.address.ip(),
            sink.address.port(),
        );
        world.write(&format!("{name}.toml"), text.as_bytes());
        let key = NamedKey { id: key_name.id, key }.to_text();
        world.write(&format!("{name}.key"), key.as_bytes());
        let daemon = start(directory, &format!("{name}.toml")).await;
        let store = TrustStore::File(directory.join("ca.pem"));
        let http = HttpClient::new(&store, ClientLimits::default()).expect("authorities");
        Self { daemon, name: name.to_owned(), port, http }
    }

    /// Where it is.
    pub(super) fn base(&self) -> String {
        format!("https://localhost:{}/", self.port)
    }

    /// What it counts.
    pub(super) async fn metrics(&self) -> String {
        let at = self.daemon.admin_address().expect("it tells");
        let request = Outgoing::get(format!("http://{at}/metrics").parse().expect("a URL"));
        let answer = self.http.fetch(request).await.unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8(answer.body.to_vec()).expect("text")
    }

    /// The table of a server that may ask another to sign.
    pub(super) fn asker(name: &str) -> String {
        let (name, key) = key(name);
        let (server, id, key) = (&name.server, &name.id, key.public());
        format!(
            "[[verification.asker]]\nname = \"{server}\"\nkey_id = \"{id}\"\nkey = \"{key}\"\n\
             scope = [\"email:*\"]\n"
        )
    }

    /// The table of this server where it is asked to sign.
    pub(super) fn as_cosigner(&self, scope: &str) -> String {
        let (name, url) = (&self.name, self.base());
        format!(
            "[[verification.cosigner]]\nname = \"{name}\"\nurl = \"{url}\"\nscope = [\"{scope}\"]\n"
        )
    }

    /// The table of this server where it proves addresses for others.
    pub(super) fn as_delegate(&self, scope: &str) -> String {
        let url = self.base();
        format!("[[verification.delegate]]\nscope = [\"{scope}\"]\nurl = \"{url}\"\n")
    }

    /// Has a token sent to an address; gives the id of the session.
    pub(super) async fn request(&self, address: &str) -> Value {
        let wanted = json!({"email": address, "client_secret": SECRET, "send_attempt": 1});
        let (status, mut session) = self.post("validate/email/requestToken", wanted).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        session["sid"].take()
    }

    /// Binds what a session has proved to a user.
    pub(super) async fn bind(&self, session: &Value, mxid: &str) {
        let (status, told) = self.post("3pid/bind", of(session, mxid)).await;
        assert_eq!(status, StatusCode::OK, "{told}");
    }

    /// Sees that a session has proved nothing.
    pub(super) async fn is_refused(&self, session: &Value, mxid: &str) {
        let (status, told) = self.post("3pid/bind", of(session, mxid)).await;
        assert_eq!((status.as_u16(), &told["errcode"]), (400, &json!("M_SESSION_NOT_VALIDATED")));
    }

    async fn post(&self, path: &str, content: Value) -> (StatusCode, Value) {
        let url = format!("{}_matrix/identity/api/v1/{path}", self.base());
        let request = Outgoing::post_json(url.parse().expect("a URL"), content.to_string());
        let answer = self.http.fetch(request).await.unwrap_or_else(|error| panic!("{error}"));
        (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
    }

    pub(super) async fn stop(self) {
        self.daemon.stop().await;
    }
}

fn of(session: &Value, mxid: &str) -> Value {
    json!({"sid": session, "client_secret": SECRET, "mxid": mxid})
}
