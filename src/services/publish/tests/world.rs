//! Two trees with their certificates, a store, and a client in the network of a test.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use crate::allowance::{Gates, Rate};
use crate::association::Statement;
use crate::authority::{self, Associated, Authority, Place, ServedZone};
use crate::certificate::{self, Certificate, Scope, Terms};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::codec::hex;
use crate::crypto::{SeededRandom, SigningKey};
use crate::dnssec::ZoneKey;
use crate::resolver::Root;
use crate::services::publish::{
    Below, Bound, Bounds, Intake, Limits, Passages, Rules, Shelf, Tally, Zones,
};
use crate::signed::{Json, KeyName, Limits as JsonLimits, Object};
use crate::store::{Change, Entry, Outcome, Policy, Store, StoreError};
use crate::stub::publish::PATH;
use crate::stub::{self, Client};
use crate::telemetry::Telemetry;
use crate::threepid::Threepid;
use crate::transport::http::testing::ask;
use crate::transport::http::{Fetch, FetchError, Incoming, Method, Outgoing, Request, Response};
use crate::transport::{Exchange, ExchangeError, Transport};
use crate::trust::Anchors;
use crate::wire::{DigestType, EdnsPolicy, Name, Query, Rtype};
use crate::zone::master;

/// The time of all tests, in seconds.
pub(super) const NOW: u64 = 1_790_100_000;

/// The trees: all that is delegated stands in the same network.
pub(super) const TREES: [&str; 2] = ["3pid.example.", "id.test."];

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(super) fn key(server: &str) -> (KeyName, SigningKey) {
    let name = KeyName::new(server.parse().unwrap(), "ed25519:1".parse().unwrap());
    let mut seed = [0; 32];
    seed[..server.len().min(32)].copy_from_slice(&server.as_bytes()[..server.len().min(32)]);
    (name, SigningKey::from_seed(&seed))
}

/// A certificate for `subject` by `issuer`, and how it differs from others.
pub(super) struct Cert {
    pub(super) issuer: &'static str,
    pub(super) subject: &'static str,
    pub(super) scope: &'static [&'static str],
    pub(super) max_path: u32,
    /// When it ends, in seconds from now.
    pub(super) ends: i64,
}

impl Cert {
    /// By the root that is accepted in all tests.
    pub(super) const fn of(subject: &'static str) -> Self {
        Self { issuer: "root.example", subject, scope: &["msisdn:*"], max_path: 0, ends: 86_400 }
    }

    fn line(&self, apex: &Name) -> String {
        let (subject, subject_key) = key(self.subject);
        let (issuer, issuer_key) = key(self.issuer);
        let scope = self.scope.iter().map(|rule| rule.parse().unwrap()).collect();
        let not_after = Timestamp::from_secs(NOW.checked_add_signed(self.ends).unwrap());
        let terms = Terms {
            issuer: issuer.server.clone(),
            subject,
            public_key: subject_key.public(),
            scope: Scope::new(scope),
            max_path: self.max_path,
            not_before: not_after.saturating_sub(Duration::from_secs(80 * 86_400)),
            not_after,
        };
        let server = self.subject.parse().unwrap();
        let owner = certificate::owner(&server, apex).unwrap().unwrap();
        let rdata = Certificate::sign(terms, issuer, &issuer_key).unwrap().to_rdata();
        format!("{owner} TYPE65302 \\# {} {}", rdata.length(), hex(rdata.octets()))
    }
}

/// The records of the zone at `apex`, signed, with these lines beside the usual.
fn zone(apex: &str, signed: bool, lines: &str) -> (ServedZone, Option<ZoneKey>) {
    let apex = name(apex);
    let text = format!("$TTL 60\n@ SOA ns r 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n{lines}");
    let limits = master::Limits::default();
    let read = master::read("zone", Some(&apex), &master::Text(text.as_bytes()), &limits);
    let built = read.into_zone(Some(&apex)).unwrap();
    let key = ZoneKey::generate(apex.clone(), ZoneKey::KSK, &mut SeededRandom::new(7));
    let keys: Vec<ZoneKey> = signed.then_some(key.clone()).into_iter().collect();
    let (associated, policy) = (Associated::File(built.associations), authority::Policy::default());
    let now = Timestamp::from_secs(NOW);
    let served = ServedZone::new(built.zone, associated, keys, policy, now).unwrap();
    (served, signed.then_some(key))
}

/// A zone delegated by the first tree: its name, whether it is signed, and what is in it.
pub(super) type Child = (&'static str, bool, &'static str);

/// The network: all zones at one server, which is silent about some names.
#[derive(Clone)]
pub(super) struct Network {
    zones: Arc<Authority>,
    pub(super) silent: Arc<Mutex<Vec<Name>>>,
    /// How long it takes to tell of certificates.
    pub(super) delay: Arc<Mutex<Duration>>,
}

impl Exchange for Network {
    async fn exchange(
        &self,
        _: SocketAddr,
        _: Transport,
        packet: &[u8],
        _: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        let (query, mut out) = (Query::parse(packet).unwrap(), Vec::new());
        let (asked, _) = Name::from_wire(query.qname).unwrap();
        if self.silent.lock().unwrap().iter().any(|silent| asked.is_at_or_below(silent)) {
            return Err(ExchangeError::Timeout);
        }
        if asked.labels().any(|label| label == b"_verifier") {
            let delay = *self.delay.lock().unwrap();
            tokio::time::sleep(delay).await;
        }
        let (edns, now) = (EdnsPolicy::default(), Timestamp::from_secs(NOW));
        self.zones.answer(&query, 65_535, &edns, now, &mut out);
        Ok(out)
    }
}

/// What is hosted: the trees but for what is delegated.
struct Tables(Vec<Name>);

impl Zones for Tables {
    fn locate(&self, owner: &Name) -> Place {
        let Some(zone) = TREES.map(name).into_iter().find(|apex| owner.is_below(apex)) else {
            return Place::Elsewhere;
        };
        let cut = self.0.iter().find(|cut| owner.is_at_or_below(cut));
        match cut.cloned() {
            Some(cut) => Place::Delegated { zone, cut },
            None => Place::Hosted { zone },
        }
    }
}

/// A store that notes when it is touched.
#[derive(Clone)]
pub(super) struct Noted {
    pub(super) store: Store,
    pub(super) touched: Arc<Mutex<usize>>,
    /// Whether nothing is served any more.
    pub(super) is_stuck: Arc<AtomicBool>,
}

impl Shelf for Noted {
    async fn keep(&self, changes: Vec<Change>, now: Timestamp) -> Result<Vec<Outcome>, StoreError> {
        *self.touched.lock().unwrap() += 1;
        self.store.apply(changes, now).await
    }

    async fn served(&self) {
        if self.is_stuck.load(Ordering::Relaxed) {
            std::future::pending().await
        }
    }
}

/// What the servers that statements are passed on to answer, in this order.
#[derive(Clone, Default)]
pub(super) struct Servers {
    pub(super) answers: Arc<Mutex<Vec<Incoming>>>,
    pub(super) asked: Arc<Mutex<Vec<Outgoing>>>,
    /// What stands in the way, the next time.
    pub(super) failure: Arc<Mutex<Option<FetchError>>>,
}

impl Fetch for Servers {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        let host = request.url.host().to_string();
        let may_go = |addresses: &Vec<SocketAddr>| {
            addresses.iter().any(|address| request.reach.permits(address.ip()))
        };
        if !request.addresses.as_ref().is_none_or(may_go) {
            return Err(FetchError::OutOfReach(host));
        }
        self.asked.lock().unwrap().push(request);
        if let Some(failure) = self.failure.lock().unwrap().take() {
            return Err(failure);
        }
        let answer = self.answers.lock().unwrap().pop();
        match answer {
            Some(answer) => Ok(answer),
            None => {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                Err(FetchError::NoAddress(host))
            }
        }
    }
}

/// All of it.
pub(super) struct World {
    pub(super) publisher: Intake<Network, Servers, Noted>,
    pub(super) network: Network,
    pub(super) servers: Servers,
    pub(super) clock: ManualClock,
    pub(super) telemetry: Telemetry,
    _directory: TempDir,
}

/// The publisher of both trees, with these certificates in each, and these delegations in the first, those
/// of others' children before them.
pub(super) fn world(certificates: [&[Cert]; 2], children: &[Child]) -> World {
    let directory = tempfile::tempdir().unwrap();
    let (mut zones, mut roots, mut cuts) = (Vec::new(), Vec::new(), Vec::new());
    // What is delegated, by the zone that does.
    let mut delegations: BTreeMap<Name, String> = BTreeMap::new();
    for (child, signed, lines) in children {
        let more = delegations.remove(&name(child)).unwrap_or_default();
        let (served, key) = zone(child, *signed, &format!("{lines}{more}"));
        let mut delegation = format!("{child} NS ns.{child}\nns.{child} A 192.0.2.2\n");
        if let Some(key) = key {
            let ds = key.ds(DigestType::SHA256).unwrap().to_rdata();
            delegation += &format!("{child} DS {}\n", crate::wire::rdata::to_text(Rtype::DS, &ds));
        }
        let above = children.iter().map(|(other, ..)| name(other));
        let above = above.filter(|other| name(child).is_below(other)).max_by_key(Name::label_count);
        let parent = above.unwrap_or_else(|| name(TREES[0]));
        if parent == name(TREES[0]) {
            cuts.push(name(child));
        }
        *delegations.entry(parent).or_default() += &delegation;
        zones.push(served);
    }
    for (tree, certificates) in TREES.into_iter().zip(certificates) {
        let apex = name(tree);
        let lines: Vec<String> = certificates.iter().map(|cert| cert.line(&apex)).collect();
        let more = delegations.remove(&apex).unwrap_or_default();
        let (served, key) = zone(tree, true, &format!("{}\n{more}", lines.join("\n")));
        let anchors = vec![key.unwrap().ds(DigestType::SHA256).unwrap()];
        roots.push(Root { apex, servers: Vec::new(), anchors });
        zones.push(served);
    }
    let zones = Arc::new(Authority::new(zones).unwrap());
    let network = Network { zones, silent: Arc::default(), delay: Arc::default() };
    let clock = ManualClock::default();
    clock.set(Timestamp::from_secs(NOW));
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let store = Store::open(&directory.path().join("a.store"), Policy::default()).unwrap();
    let (telemetry, servers) = (Telemetry::new("t"), Servers::default());
    let mut bounds = Bounds::default();
    bounds[Bound::PerClient] = Rate::per_second(1).bursting(1000);
    let (root, root_key) = key("root.example");
    let mut verifiers = Anchors::default();
    verifiers.insert(root, root_key.public());
    let resolver = "192.0.2.53:53".parse().unwrap();
    let limits = Limits::default();
    let publisher = Intake {
        rules: Rules { roots: TREES.map(name).to_vec(), verifiers, limits },
        client: Client::over(
            network.clone(),
            shared.clone(),
            resolver,
            roots,
            stub::Limits::default(),
        ),
        below: Below::Refer,
        zones: Arc::new(Tables(cuts)),
        shelf: Noted { store, touched: Arc::default(), is_stuck: Arc::default() },
        clock: shared,
        gates: Arc::new(Gates::new(&bounds, &telemetry, "publish_turned_away")),
        passages: Arc::new(Passages::default()),
        tally: Arc::new(Tally::new(&telemetry)),
    };
    World { publisher, network, servers, clock, telemetry, _directory: directory }
}

impl World {
    /// The response to a publication, its body read.
    pub(super) async fn post(&self, query: &str, body: impl Into<Vec<u8>>) -> (u16, Object) {
        let response = self.respond(request(query, body)).await;
        let status = response.status.as_u16();
        (status, Object::parse(&response.body, &JsonLimits::default()).unwrap())
    }

    /// The status and the word that tells more.
    pub(super) async fn told(&self, body: impl Into<Vec<u8>>) -> (u16, String) {
        let (status, body) = self.post("", body).await;
        (status, word(&body))
    }

    pub(super) async fn respond(&self, request: Request) -> Response {
        ask(&self.publisher, request).await
    }

    /// How often the store was touched.
    pub(super) fn touched(&self) -> usize {
        *self.publisher.shelf.touched.lock().unwrap()
    }

    /// What is held about an identifier in a tree.
    pub(super) fn held(&self, tree: &str, threepid: &Threepid) -> Option<Entry> {
        let snapshot = self.publisher.shelf.store.snapshot().unwrap();
        snapshot.find(&threepid.owner(&name(tree)).unwrap()).unwrap()
    }
}

/// `status` or `errcode`.
pub(super) fn word(body: &Object) -> String {
    match body.get("status").or(body.get("errcode")) {
        Some(Json::String(word)) => word.clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn request(query: &str, body: impl Into<Vec<u8>>) -> Request {
    let peer = SocketAddr::new(IpAddr::from([198, 51, 100, 7]), 4711);
    let request = Request::new(Method::POST, &format!("{PATH}?{query}"), peer);
    Request { body: body.into().into(), ..request }
}

pub(super) fn number(digits: &str) -> Threepid {
    Threepid::parse_any(&format!("+{digits}"), None).unwrap()
}

/// A statement about a number, made `seconds` after now: an association with a user, or a withdrawal.
pub(super) fn statement(
    digits: &str,
    user: Option<&str>,
    seconds: i64,
    signers: &[&str],
) -> Vec<u8> {
    let ts = NOW.checked_add_signed(seconds).unwrap() * 1000;
    let claim = match user {
        Some(user) => format!(
            r#"{{"medium":"msisdn","address":"{digits}","mxid":"@{user}:m.example","ts":{ts},
               "not_before":{ts},"not_after":4943600000000}}"#
        ),
        None => format!(r#"{{"medium":"msisdn","address":"{digits}","mxid":null,"ts":{ts}}}"#),
    };
    let mut object = Object::parse(claim.as_bytes(), &JsonLimits::default()).unwrap();
    for signer in signers {
        let (name, key) = key(signer);
        object = object.sign(name, &key).unwrap();
    }
    object.to_octets()
}

/// Who signed what is held.
pub(super) fn signers(entry: &Entry) -> Vec<String> {
    let crate::store::Held::Statement(kept) = &entry.held else { return Vec::new() };
    let statement: Statement = kept.statement().unwrap();
    statement.signatures().iter().map(|(name, _)| name.server.to_string()).collect()
}
