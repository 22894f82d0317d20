//! Two trees, a child zone in the first, and a resolver: each a process' worth of service in this
//! process, on addresses of loopback.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use threepid::association::Statement;
use threepid::certificate::{self, Certificate, Rule, Scope, Terms};
use threepid::clock::{Clock, SystemClock};
use threepid::codec::{Url, base64_unpadded, hex};
use threepid::config::Config;
use threepid::crypto::SigningKey;
use threepid::daemon::Daemon;
use threepid::signed::{Json, KeyName, Limits, Object};
use threepid::threepid::Threepid;
use threepid::transport::http::{
    ClientLimits, Fetch, FetchError, HttpClient, Incoming, Outgoing, TrustStore,
};
use threepid::transport::{self, Exchange, Network, Transport};
use threepid::wire::{Class, Edns, Message, Question, Rtype};

use crate::cli::{beside, threepid};
use crate::interop::process::Ran;

/// The apexes of the trees.
pub(crate) const TREES: [&str; 2] = ["3pid.example.", "id.test."];
/// The zone that the first delegates.
pub(crate) const CHILD: &str = "4.4.msisdn.3pid.example.";
/// The address of each zone's server, and the resolver's.
const ADDRESSES: [[u8; 4]; 4] =
    [[127, 77, 0, 1], [127, 77, 0, 2], [127, 77, 0, 3], [127, 77, 0, 53]];

/// A key of a verification server.
pub(crate) fn key(server: &str) -> (KeyName, SigningKey) {
    let name = KeyName::new(server.parse().expect("a server"), "ed25519:1".parse().expect("an id"));
    let seed = threepid::crypto::sha256(server.as_bytes());
    (name, SigningKey::from_seed(&seed))
}

fn rule(text: &str) -> Rule {
    text.parse().expect("a rule")
}

/// A VCERT record of `telco.example` by the server that both trees accept.
pub(crate) fn certificate(apex: &str) -> String {
    let ((issuer, issuer_key), (subject, subject_key)) =
        (key("verify.example"), key("telco.example"));
    let now = SystemClock.now();
    let terms = Terms {
        issuer: issuer.server.clone(),
        subject: subject.clone(),
        public_key: subject_key.public(),
        scope: Scope::new(vec![rule("msisdn:44"), rule("email:*")]),
        max_path: 0,
        not_before: now.saturating_sub(Duration::from_secs(3600)),
        not_after: now.saturating_add(Duration::from_secs(86_400)),
    };
    let apex = apex.parse().expect("a name");
    let owner =
        certificate::owner(&subject.server, &apex).expect("it has a name").expect("it has a name");
    let rdata = Certificate::sign(terms, issuer, &issuer_key).expect("it is signed").to_rdata();
    format!("{owner} 1 TYPE65302 \\# {} {}\n", rdata.length(), hex(rdata.octets()))
}

/// A statement of now and some milliseconds, signed by `signer`.
pub(crate) fn statement(
    threepid: &Threepid,
    user: Option<&str>,
    later: i64,
    signer: &str,
) -> Vec<u8> {
    let ts = SystemClock.now().as_millis().checked_add_signed(later).expect("a time");
    let (medium, address) = (threepid.medium().as_str(), threepid.address());
    let mut members = vec![("medium", medium.into()), ("address", address.into())];
    let time = |millis: u64| Json::Integer(millis.try_into().expect("it fits"));
    members.push(("ts", time(ts)));
    match user {
        Some(user) => members.extend([
            ("mxid", Json::from(format!("@{user}:m.example"))),
            ("not_before", time(ts)),
            ("not_after", time(ts + 86_400_000)),
        ]),
        None => members.push(("mxid", Json::Null)),
    }
    let (name, key) = key(signer);
    members.into_iter().collect::<Object>().sign(name, &key).expect("it is signed").to_octets()
}

/// All of it.
pub(crate) struct World {
    directory: TempDir,
    /// The servers of the two trees and of the child zone.
    servers: [Option<Daemon>; 3],
    resolver: Daemon,
    client: HttpClient,
    /// The key file of the child zone.
    pub(crate) child_key: String,
}

/// Where statements are taken.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    client: HttpClient,
    url: Url,
    address: SocketAddr,
}

impl Door {
    pub(crate) async fn send(&self, body: Vec<u8>) -> Result<Incoming, FetchError> {
        let addresses = Some(vec![self.address]);
        let request = Outgoing { addresses, ..Outgoing::post_json(self.url.clone(), body) };
        self.client.fetch(request).await
    }
}

/// A port that is free at `address` now.
fn free(address: IpAddr) -> u16 {
    TcpListener::bind((address, 0)).expect("a free port").local_addr().expect("a free port").port()
}

/// A certificate for the names of all servers and of this machine, its key, and the authority it is by.
pub(crate) fn write_certificates(directory: &Path) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let made = authority.self_signed(&authority_key).expect("it is signed");
    fs::write(directory.join("ca.pem"), made.pem()).expect("it is writable");
    let issuer = Issuer::new(authority, authority_key);
    let mut names = [TREES[0], TREES[1], CHILD]
        .map(|zone| format!("id.{}", zone.trim_end_matches('.')))
        .to_vec();
    names.push("localhost".to_owned());
    let own_key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(names)
        .expect("it is signed")
        .signed_by(&own_key, &issuer)
        .expect("it is signed");
    fs::write(directory.join("tls.pem"), own.pem()).expect("it is writable");
    fs::write(directory.join("tls.key"), own_key.serialize_pem()).expect("it is writable");
}

/// What a server is configured as.
struct Plan<'a> {
    number: usize,
    zone: &'a str,
    key: &'a str,
    dns: SocketAddr,
    web: SocketAddr,
    resolver: SocketAddr,
    roots: &'a str,
    below: &'a str,
}

impl Plan<'_> {
    fn write(&self, directory: &Path) {
        let Self { number, zone, key, dns, web, resolver, roots, below } = self;
        let public = base64_unpadded(super::world::key("verify.example").1.public().octets());
        let text = format!(
            "[authority]\nlisten = [\"{dns}\"]\nthreads = 1\nstore = \"{number}.store\"\n\
             [[authority.zone]]\nname = \"{zone}\"\nfile = \"{number}.zone\"\nkeys = [\"{key}\"]\n\
             [publish]\nlisten = [\"{web}\"]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n\
             resolver = \"{resolver}\"\nper_client = 1000\n{below}{roots}\
             [[publish.verifier]]\nname = \"verify.example\"\nkey_id = \"1\"\nkey = \"{public}\"\n"
        );
        fs::write(directory.join(format!("{number}.toml")), text).expect("it is writable");
    }
}

/// Starts a server that is configured in a file.
pub(crate) async fn start(directory: &Path, file: &str) -> Daemon {
    let config = Config::load(&directory.join(file)).unwrap_or_else(|error| panic!("{error}"));
    Daemon::start(config).await.unwrap_or_else(|error| panic!("{error}"))
}

impl World {
    /// Brings it up; the server of the first tree does `below` with what it has delegated.
    pub(crate) async fn start(below: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        write_certificates(path);
        let [addresses @ .., resolver] = ADDRESSES.map(IpAddr::from);
        let (port, resolver) = (free(addresses[0]), SocketAddr::new(resolver, free(resolver)));
        let webs = addresses.map(|address| SocketAddr::new(address, free(address)));
        let zones = [TREES[0], TREES[1], CHILD];
        let keys = zones.map(|zone| {
            let made = threepid(path, &["key", "generate", zone, "--dir", "keys"]);
            made.stdout.trim().to_owned()
        });
        let ds = threepid(path, &["key", "ds", &format!("{}.key", keys[2])]).stdout;
        let delegation = format!("{CHILD} NS ns.{CHILD}\nns.{CHILD} A {}\n{ds}", addresses[2]);
        for number in 0..zones.len() {
            let more = match number {
                0 => certificate(TREES[0]) + &delegation,
                1 => certificate(TREES[1]),
                _ => String::new(),
            };
            let text = format!(
                "$TTL 60\n@ SOA ns r 1 1h 1h 1h 1\n@ NS ns\nns A {address}\nid A {address}\n\
                 _threepid-publish._tcp SRV 0 0 {} id\n{more}",
                webs[number].port(),
                address = addresses[number],
            );
            fs::write(path.join(format!("{number}.zone")), text).expect("it is writable");
        }
        let root = |section: &str, number: usize, rest: &str| {
            let (apex, key) = (TREES[number], &keys[number]);
            format!("[[{section}.root]]\napex = \"{apex}\"\nanchor_file = \"{key}.key\"\n{rest}")
        };
        let of_first = root("publish", 0, "");
        let of_second = root("publish", 1, "");
        for (number, roots) in [&of_first, &of_second, &of_first].into_iter().enumerate() {
            let (dns, below) =
                (SocketAddr::new(addresses[number], port), if number == 0 { below } else { "" });
            let (zone, key, web) = (zones[number], keys[number].as_str(), webs[number]);
            Plan { number, zone, key, dns, web, resolver, roots, below }.write(path);
        }
        let servers = |number: usize| format!("servers = [\"{}\"]\n", addresses[number]);
        let roots = [0, 1].map(|number| root("resolver", number, &servers(number))).concat();
        let text =
            format!("[resolver]\nlisten = [\"{resolver}\"]\niteration_port = {port}\n{roots}");
        fs::write(path.join("resolver.toml"), text).expect("it is writable");
        let roots = [0, 1].map(|number| root("client", number, "")).concat();
        let own = format!("resolver = \"{resolver}\"\nca_file = \"ca.pem\"\noutbox = \"outbox\"\n");
        fs::write(path.join("client.toml"), format!("[client]\n{own}{roots}"))
            .expect("it is writable");
        let servers = [
            Some(start(path, "0.toml").await),
            Some(start(path, "1.toml").await),
            Some(start(path, "2.toml").await),
        ];
        let resolver = start(path, "resolver.toml").await;
        let roots = TrustStore::File(path.join("ca.pem"));
        let client = HttpClient::new(&roots, ClientLimits::default()).expect("authorities");
        let child_key = format!("{}.key", keys[2]);
        Self { directory, servers, resolver, client, child_key }
    }

    /// Where the configurations are, and all they name.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where the resolver answers.
    pub(crate) fn resolver(&self) -> SocketAddr {
        self.resolver.resolver_addresses()[0]
    }

    fn server(&self, number: usize) -> &Daemon {
        self.servers[number].as_ref().expect("it serves")
    }

    /// Where the server of this number takes statements.
    pub(crate) fn web(&self, server: usize) -> SocketAddr {
        self.server(server).publish_addresses()[0]
    }

    /// Stops the server of this number.
    pub(crate) async fn end(&mut self, server: usize) {
        self.servers[server].take().expect("it serves").stop().await;
    }

    /// Starts it again.
    pub(crate) async fn begin(&mut self, server: usize) {
        let begun = start(self.directory.path(), &format!("{server}.toml")).await;
        self.servers[server] = Some(begun);
    }

    /// The door of the server of this number, which stays when the server does not.
    pub(crate) fn door(&self, server: usize) -> Door {
        let address = self.web(server);
        let host = format!("id.{}", [TREES[0], TREES[1], CHILD][server].trim_end_matches('.'));
        let url = Url::https(&host, address.port(), "/_threepid/v1/associations").expect("a URL");
        Door { client: self.client.clone(), url, address }
    }

    /// Posts to the server of this number. Gives the status and the body.
    pub(crate) async fn post(&self, server: usize, body: Vec<u8>) -> (u16, String, Object) {
        let response = self.send(server, body).await;
        let told = Object::parse(&response.body, &Limits::default()).expect("canonical JSON");
        let word = text(&told, "status").or(text(&told, "errcode")).unwrap_or_default();
        (response.status.as_u16(), word, told)
    }

    pub(crate) async fn send(&self, server: usize, body: Vec<u8>) -> Incoming {
        let sent = self.door(server).send(body).await;
        sent.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Writes a file beside the configurations.
    pub(crate) fn write(&self, file: &str, content: &[u8]) {
        fs::write(self.directory.path().join(file), content).expect("it is writable");
    }

    /// Where a file beside the configurations is.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// Waits until the server of this number has reason to read its files again.
    pub(super) async fn outdated(&self, server: usize) {
        let outdated = self.server(server).outdated();
        tokio::time::timeout(Duration::from_secs(20), outdated).await.expect("it has in time");
    }

    /// Runs the program there.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        beside(self.directory.path(), arguments).await
    }

    /// What the server of this number says over UDP of `threepid` in the tree at `apex`: the statement, and
    /// whether it is signed.
    pub(crate) async fn ask(
        &self,
        server: usize,
        apex: &str,
        threepid: &Threepid,
    ) -> Option<(Statement, bool)> {
        ask(self.server(server).authority_addresses()[0], apex, threepid).await
    }

    /// Changes a file, and has the server of this number read it.
    pub(crate) async fn reload(
        &mut self,
        server: usize,
        file: &str,
        change: impl Fn(String) -> String,
    ) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).expect("it is readable");
        fs::write(&path, change(text)).expect("it is writable");
        let served = self.servers[server].as_mut().expect("it serves");
        served.reload().await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// How many changes the store of this server has seen.
    pub(crate) fn changes(&self, server: usize) -> u64 {
        self.server(server).hosting().expect("it has a store").store().watch().borrow().0
    }

    pub(crate) async fn stop(self) {
        for server in self.servers.into_iter().flatten() {
            server.stop().await;
        }
        self.resolver.stop().await;
    }
}

/// What a server says over UDP of `threepid` in the tree at `apex`: the statement, and whether it is signed.
pub(crate) async fn ask(
    server: SocketAddr,
    apex: &str,
    threepid: &Threepid,
) -> Option<(Statement, bool)> {
    let name = threepid.owner(&apex.parse().expect("a name")).expect("it has a name");
    let question = Question { name, rtype: Rtype::ASSOC, class: Class::IN };
    let mut query = Message::query(7, question);
    query.edns = Some(Edns { dnssec_ok: true, ..Edns::default() });
    let network = Network::new(&transport::Limits::default());
    let (packet, time) = (query.encode(), Duration::from_secs(10));
    let reply = network.exchange(server, Transport::Udp, &packet, time).await;
    let reply = Message::decode(&reply.expect("it answers")).expect("a message");
    let of = |rtype| reply.answer.iter().find(move |record| record.rtype == rtype);
    let statement = Statement::from_rdata(of(Rtype::ASSOC)?.rdata.octets());
    Some((statement.expect("a statement"), of(Rtype::RRSIG).is_some()))
}

/// A member that is text.
pub(crate) fn text(object: &Object, name: &str) -> Option<String> {
    match object.get(name) {
        Some(Json::String(text)) => Some(text.clone()),
        _ => None,
    }
}
