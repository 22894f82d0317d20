//! What we ask of a real homeserver, and what it signs.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use threepid::clock::SystemClock;
use threepid::courier::{Mail, MailSettings, Security, Texts};
use threepid::homeserver::{Homeservers, Limits, Names, PublicNames, Refused};
use threepid::signed::{Object, ServerName};
use threepid::telemetry::Telemetry;
use threepid::threepid::Threepid;
use threepid::transport::http::{
    self, CertificateFiles, ClientLimits, HttpClient, Reach, Request, Response, Router, ServerTls,
    StatusCode, TrustStore, endpoint,
};
use threepid::transport::{self, Network};
use threepid::verification::{Courier, Errand, Message, Token};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::homeserver::Synapse;
use super::sink::Sink;
use crate::publish::world::{TREES, World, write_certificates};

fn client(directory: &Path) -> HttpClient {
    let store = TrustStore::File(directory.join("ca.pem"));
    HttpClient::new(&store, ClientLimits::default()).expect("authorities")
}

fn homeservers(directory: &Path) -> Homeservers<HttpClient> {
    let clock = Arc::new(SystemClock);
    let network = Network::new(&transport::Limits::default());
    let nowhere = "127.0.0.1:9".parse().expect("an address");
    let names = PublicNames::new(network, clock.clone(), nowhere);
    let loopback = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().expect("a network"));
    let reach = Reach::Internet { and: loopback.into() };
    let telemetry = Telemetry::new("t");
    Homeservers::new(client(directory), names, reach, clock, Limits::default(), &telemetry)
}

async fn unbind(seen: Arc<UnboundedSender<Request>>, request: Request) -> Response {
    seen.send(request).expect("the test goes on");
    Response::object(StatusCode::OK, &Object::default())
}

/// An identity server that passes on what it is asked to unbind. Gives its port.
async fn identity_server(directory: &Path, seen: UnboundedSender<Request>) -> u16 {
    let file = |name: &str| directory.join(name);
    let files = CertificateFiles { chain: file("tls.pem"), key: file("tls.key") };
    let tls = Some(ServerTls::load(files).expect("a certificate"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let on = endpoint(&Arc::new(seen), unbind).taking(4096);
    let router = Arc::new(Router::new().post("/_matrix/identity/v2/3pid/unbind", on));
    let serving =
        http::serve(listener, tls, router, http::Limits::default(), std::future::pending());
    tokio::spawn(serving);
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn synapse_is_asked_and_what_it_signs_is_believed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    write_certificates(path);
    let synapse = Synapse::start(path, "localhost:9", client(path));
    let alice = synapse.register("alice").await;
    let (homeservers, name) = (homeservers(path), synapse.name.parse::<ServerName>());
    let name = name.expect("a name");

    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let token = alice.openid_token().await;
    assert_eq!(token["matrix_server_name"], synapse.name.as_str());
    let token = token["access_token"].as_str().expect("a token");
    let owner = homeservers.owner(&name, token, client).await.map(|mxid| mxid.to_string());
    assert_eq!(owner, Ok(alice.mxid.clone()));
    assert_eq!(homeservers.owner(&name, "x", client).await, Err(Refused::Token(name.clone())));

    let (seen, mut unbound) = unbounded_channel();
    let id_server = format!("localhost:{}", identity_server(path, seen).await);
    let threepid =
        json!({"medium": "email", "address": "alice@example.com", "id_server": id_server});
    alice.post("v3/account/3pid/unbind", threepid).await;
    let request = unbound.recv().await.expect("it was asked");
    let authenticate = async |request: &Request, destination: &str| {
        homeservers.authenticate(request, &[destination.to_owned()]).await
    };
    assert_eq!(authenticate(&request, &id_server).await, Ok(name.clone()));
    let altered = Request { body: "{}".into(), ..request.clone() };
    assert!(authenticate(&altered, &id_server).await.is_err());
    assert!(authenticate(&request, "localhost").await.is_err());

    let bound = json!({"medium": "email", "address": "alice@example.com", "mxid": alice.mxid, "invites": []});
    let bound = Object::parse(bound.to_string().as_bytes(), &Default::default());
    assert_eq!(homeservers.onbind(&name, &bound.expect("canonical JSON")).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_tells_where_services_are_and_that_there_are_none() {
    let world = World::start("").await;
    let network = Network::new(&transport::Limits::default());
    let names = PublicNames::new(network, Arc::new(SystemClock), world.resolver());
    let services = async |service: &str| {
        let name = format!("{service}._tcp.{}", TREES[0]).parse().expect("a name");
        names.services(name).await.expect("the resolver answers")
    };
    let found = services("_threepid-publish").await;
    let [service] = &found[..] else { panic!("{found:?}") };
    assert_eq!(service.target.to_string(), format!("id.{}", TREES[0]));
    assert_eq!(service.port, world.web(0).port());
    assert_eq!(services("_matrix-fed").await, []);
    let here = names.addresses("localhost".to_owned()).await.expect("it has addresses");
    assert!(here.iter().all(|address| address.is_loopback()) && !here.is_empty(), "{here:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sink_takes_mail() {
    let mut sink = Sink::start().await;
    let settings = MailSettings {
        host: sink.address.ip().to_string(),
        port: sink.address.port(),
        security: Security::None,
        login: None,
        ca_file: None,
        from: "Verification <verify@example.com>".to_owned(),
        timeout: Duration::from_secs(20),
    };
    let mail = Mail::new(settings, Texts::default()).expect("settings of a mail server");
    let link = format!("https://id.example/submit?token=c0ffee&next={}", "x".repeat(90));
    let to = Threepid::parse_any("alice@example.org", None).expect("an identifier");
    let errand = Errand::Verify {
        token: Token::kept("c0ffee".to_owned()),
        link: Some(link.clone()),
        user: None,
    };
    mail.send(&Message { to, errand }).await.expect("it is taken");
    assert_eq!(sink.next("alice@example.org").await.link("https://id.example/"), link);
}
