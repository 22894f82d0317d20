//! Our verification server, with the Matrix Identity Service API, and what clients ask of it.

use std::fs;
use std::net::SocketAddr;

use serde_json::{Value, json};
use threepid::codec::base64_unpadded;
use threepid::crypto::sha256;
use threepid::daemon::Daemon;
use threepid::signed::NamedKey;
use threepid::transport::http::{
    ClientLimits, Fetch, HttpClient, Outgoing, StatusCode, TrustStore, header,
};

use super::gateway::Gateway;
use super::homeserver::{User, free};
use super::sink::Sink;
use crate::federation::person::press;
use crate::publish::world::{World, key, start};

/// The server in whose name associations are signed. Both trees accept it.
pub(super) const SIGNER: &str = "verify.example";

/// The server.
pub(super) struct Identity {
    /// Its process, where it has one of its own.
    daemon: Option<Daemon>,
    /// How others call it: a port of this machine.
    pub(super) name: String,
    pub(super) http: HttpClient,
}

/// A session in which an address was proved.
pub(super) struct Validated {
    sid: Value,
    client_secret: String,
}

/// What stands for an email address in lookups by hash (Identity Service API, "Client behaviour" of lookups).
fn hash(address: &str, pepper: &str) -> String {
    let text = format!("{address} email {pepper}");
    base64_unpadded(&sha256(text.as_bytes())).replace('+', "-").replace('/', "_")
}

/// What it is told, besides the client's section.
fn configuration(port: u16, mail: SocketAddr, sms: SocketAddr) -> String {
    format!(
        "[verification]\nname = \"{SIGNER}\"\nkeys = [\"verify.key\"]\nledger = \"ledger\"\n\
         base_url = \"https://localhost:{port}\"\n\
         [mail]\nhost = \"{}\"\nport = {}\nsecurity = \"none\"\nfrom = \"ids@example.com\"\n\
         [sms]\nmethod = \"GET\"\nurl = \"http://{sms}/send?to={{digits}}&text={{text}}\"\n\
         [identity_api]\nlisten = [\"127.0.0.1:{port}\"]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n\
         homeservers_in = [\"127.0.0.0/8\", \"::1/128\"]\nca_file = \"ca.pem\"\n",
        mail.ip(),
        mail.port(),
    )
}

impl Identity {
    /// Starts it for the trees of a world, sending mail to `sink` and SMS by `gateway`.
    pub(super) async fn start(world: &World, sink: &Sink, gateway: &Gateway) -> Self {
        let (identity, text) = Self::configured(world, sink, gateway, "");
        world.write("identity.toml", text.as_bytes());
        Self { daemon: Some(start(world.directory(), "identity.toml").await), ..identity }
    }

    /// Starts it in the process of the first tree's server, where people are found by hashes.
    pub(super) async fn start_within(world: &mut World, sink: &Sink, gateway: &Gateway) -> Self {
        let lookups = "lookups = [\"none\", \"sha256\"]\n";
        let (identity, text) = Self::configured(world, sink, gateway, lookups);
        let file = world.directory().join("0.toml");
        let before = fs::read_to_string(file).expect("it is readable");
        world.end(0).await;
        world.write("0.toml", (before + &text).as_bytes());
        world.begin(0).await;
        identity
    }

    /// One that does not run yet, and its configuration, with more in the section `[identity_api]`.
    fn configured(world: &World, sink: &Sink, gateway: &Gateway, more: &str) -> (Self, String) {
        let directory = world.directory();
        let read = |file: &str| fs::read_to_string(directory.join(file)).expect("it is readable");
        let port = free();
        let client = read("client.toml").replace("\"outbox\"", "\"identity-outbox\"");
        let (name, key) = key(SIGNER);
        let believed = format!(
            "[[client.verifier]]\nname = \"{SIGNER}\"\nkey_id = \"{}\"\nkey = \"{}\"\n",
            name.id,
            key.public(),
        );
        let own = configuration(port, sink.address, gateway.address);
        world.write("verify.key", NamedKey { id: name.id, key }.to_text().as_bytes());
        let store = TrustStore::File(directory.join("ca.pem"));
        let http = HttpClient::new(&store, ClientLimits::default()).expect("authorities");
        let identity = Self { daemon: None, name: format!("localhost:{port}"), http };
        (identity, own + more + &client + &believed)
    }

    /// Ends its process, where it has one of its own.
    pub(super) async fn stop(self) {
        if let Some(daemon) = self.daemon {
            daemon.stop().await;
        }
    }

    /// Makes a user of a homeserver known to it; gives his access token.
    pub(super) async fn account(&self, user: &User<'_>) -> String {
        let proof = user.openid_token().await;
        let answer = self.post("account/register", "", proof).await;
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Does what must succeed.
    pub(super) async fn post(&self, target: &str, token: &str, content: Value) -> Value {
        let url = format!("https://{}/_matrix/identity/v2/{target}", self.name);
        let mut request = Outgoing::post_json(url.parse().expect("a URL"), content.to_string());
        let bearer = format!("Bearer {token}").parse().expect("a value");
        request.headers.insert(header::AUTHORIZATION, bearer);
        self.answered(request).await
    }

    /// Who is found at an email address by an algorithm, as Matrix clients look.
    pub(super) async fn find(&self, token: &str, address: &str, algorithm: &str) -> Value {
        let url =
            format!("https://{}/_matrix/identity/v2/hash_details?access_token={token}", self.name);
        let details = self.answered(Outgoing::get(url.parse().expect("a URL"))).await;
        let offered = details["algorithms"].as_array().expect("a list");
        assert!(offered.contains(&json!(algorithm)), "{details}");
        let pepper = &details["lookup_pepper"];
        let asked = match algorithm {
            "sha256" => hash(address, pepper.as_str().expect("a text")),
            _ => format!("{address} email"),
        };
        let lookup = json!({"algorithm": algorithm, "pepper": pepper, "addresses": [asked]});
        self.post("lookup", token, lookup).await["mappings"][&asked].clone()
    }

    async fn answered(&self, request: Outgoing) -> Value {
        let url = request.url.clone();
        let answer = self.http.fetch(request).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(answer.status, StatusCode::OK, "{}: {:?}", url.path(), answer.body);
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// Proves an address as a person does: follows the link in the mail that comes there, and presses the button
    /// of the page.
    pub(super) async fn verify(&self, token: &str, address: &str, sink: &mut Sink) -> Validated {
        let client_secret = format!("secret-{}", address.replace('@', "-"));
        let wanted = json!({"email": address, "client_secret": client_secret, "send_attempt": 1});
        let session = self.post("validate/email/requestToken", token, wanted).await;
        let link = sink.next(address).await.link(&format!("https://{}/", self.name));
        press(&self.http, &link).await;
        Validated { sid: session["sid"].clone(), client_secret }
    }

    /// Binds what was proved to a user, by his homeserver.
    pub(super) async fn bind(&self, user: &User<'_>, token: &str, validated: Validated) {
        let Validated { sid, client_secret } = validated;
        let bind = json!({
            "sid": sid,
            "client_secret": client_secret,
            "id_server": self.name,
            "id_access_token": token,
        });
        user.post("v3/account/3pid/bind", bind).await;
    }
}
