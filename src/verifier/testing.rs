//! What surrounds a verification server, made up, for tests of it and of what asks it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::association::{Association, Claim, Extra, Statement, Ts, Withdrawal};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::codec::Url;
use crate::crypto::{OsRandom, SigningKey};
use crate::signed::{KeyName, NamedKey, Object};
use crate::store::ledger::Ledger;
use crate::stub::publish::{
    Entry, Limits as PublishLimits, Outbox, Places, Publisher, Runner, Selection, ServiceError,
    location,
};
use crate::stub::{Finding, Found, LookupError, Proof as TreeProof};
use crate::transport::http::{
    BoxFuture, Bytes, Fetch, FetchError, HeaderMap, Incoming, Outgoing, StatusCode,
};
use crate::trust::{Anchors, Collected, Fetched, Judge, Step, Vouching};
use crate::verification::{Courier, CourierError, Errand, Existing, Message, Policy};
use crate::wire::Name;

pub(crate) const START: Timestamp = Timestamp::from_secs(1_790_000_000);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn alice() -> Threepid {
    Threepid::parse_any("alice@example.com", None).unwrap()
}

pub(crate) fn mxid(text: &str) -> Mxid {
    text.parse().unwrap()
}

pub(crate) fn secret(text: &str) -> ClientSecret {
    text.parse().unwrap()
}

pub(crate) fn caller() -> Caller {
    Caller { network: "192.0.2.1".parse().unwrap(), mxid: None }
}

pub(crate) fn wanted(threepid: &Threepid, client_secret: &str, send_attempt: u64) -> Wanted {
    let (threepid, client_secret) = (threepid.clone(), secret(client_secret));
    Wanted { threepid, client_secret, send_attempt, next_link: None }
}

/// A root: what it holds, and whether it answers.
#[derive(Default)]
struct Root {
    held: BTreeMap<Threepid, Statement>,
    is_down: bool,
}

/// Some roots, which take statements as roots do: the greatest precedence wins, equals are merged.
#[derive(Clone)]
pub(crate) struct Roots {
    apexes: Vec<Name>,
    roots: Arc<Mutex<BTreeMap<Name, Root>>>,
}

impl Roots {
    pub(crate) fn new() -> Self {
        let apexes: Vec<Name> =
            ["3pid.a.example.", "3pid.b.example."].map(|it| it.parse().unwrap()).to_vec();
        let roots = apexes.iter().map(|apex| (apex.clone(), Root::default())).collect();
        Self { apexes, roots: Arc::new(Mutex::new(roots)) }
    }

    /// Has the root of this number answer, or not.
    pub(crate) fn set_down(&self, number: usize, is_down: bool) {
        self.roots.lock().unwrap().get_mut(&self.apexes[number]).unwrap().is_down = is_down;
    }

    /// Whether every root answers.
    pub(crate) fn all_up(&self) -> bool {
        !self.roots.lock().unwrap().values().any(|root| root.is_down)
    }

    /// What each root holds of an identifier.
    pub(crate) fn held(&self, threepid: &Threepid) -> [Option<Statement>; 2] {
        let roots = self.roots.lock().unwrap();
        [0, 1].map(|number| roots[&self.apexes[number]].held.get(threepid).cloned())
    }

    /// Gives a statement to the root of this number, as somebody else does. Tells the status.
    pub(crate) fn take(&self, number: usize, threepid: &Threepid, statement: Statement) -> u16 {
        let mut roots = self.roots.lock().unwrap();
        let root = roots.get_mut(&self.apexes[number]).unwrap();
        let Some(held) = root.held.get_mut(threepid) else {
            root.held.insert(threepid.clone(), statement);
            return 201;
        };
        match statement.precedence(threepid).cmp(&held.precedence(threepid)) {
            std::cmp::Ordering::Less => 409,
            std::cmp::Ordering::Equal => {
                held.merge(&statement).unwrap();
                200
            }
            std::cmp::Ordering::Greater => {
                *held = statement;
                201
            }
        }
    }

    fn finding(&self, apex: &Name, threepid: &Threepid) -> Finding {
        let roots = self.roots.lock().unwrap();
        let root = &roots[apex];
        let found = Found {
            owner: threepid.owner(apex).unwrap(),
            statement: root.held.get(threepid).cloned(),
            ttl: crate::wire::Ttl::from_secs(300),
            proof: TreeProof::Proved,
        };
        let vouching = found.statement.as_ref().map(|it| vouching(threepid, it));
        let outcome = if root.is_down { Err(LookupError::Silent) } else { Ok(found) };
        Finding { apex: apex.clone(), outcome, vouching }
    }
}

/// The other server that is trusted.
pub(crate) const TRUSTED: &str = "other.example";

/// A server whose certificates cannot be looked up.
pub(crate) const UNREACHABLE: &str = "unreachable.example";

/// Who vouches for a statement.
fn vouching(threepid: &Threepid, statement: &Statement) -> Vouching {
    let (mut anchors, mut collected) = (Anchors::default(), Collected::default());
    anchors.insert(key_of(TRUSTED).name(), key_of(TRUSTED).current().1);
    loop {
        let judge = Judge { threepid, now: START, anchors: &anchors, collected: &collected };
        match judge.statement(statement) {
            Step::Done(vouching) => return vouching,
            Step::Need(servers) => {
                for server in servers {
                    let is_there = server.as_str() != UNREACHABLE;
                    let found = if is_there { Fetched::Absent } else { Fetched::Undetermined };
                    collected.insert(server, found);
                }
            }
        }
    }
}

impl Tree for Roots {
    fn apexes(&self) -> Vec<Name> {
        self.apexes.clone()
    }

    fn ask<'a>(&'a self, threepid: &'a Threepid) -> BoxFuture<'a, Vec<Finding>> {
        let found = self.apexes.iter().map(|apex| self.finding(apex, threepid)).collect();
        Box::pin(async move {
            tokio::task::yield_now().await;
            found
        })
    }
}

impl Fetch for Roots {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        let host = request.url.host().to_string();
        let apex: Name = format!("3pid.{host}.").parse().unwrap();
        let number = self.apexes.iter().position(|it| *it == apex).unwrap();
        if self.roots.lock().unwrap()[&apex].is_down {
            return Err(FetchError::NoAddress(host));
        }
        let (threepid, statement) = Statement::from_json(&request.body).unwrap();
        Ok(match self.take(number, &threepid, statement) {
            201 => said(201, r#"{"status":"stored"}"#),
            200 => said(200, r#"{"status":"merged"}"#),
            _ => said(409, r#"{"errcode":"THREEPID_SUPERSEDED","error":"newer"}"#),
        })
    }
}

impl Places for Roots {
    async fn start(&self, apex: &Name) -> Result<Vec<Url>, ServiceError> {
        let host = apex.to_string();
        let host = host.strip_prefix("3pid.").unwrap().trim_end_matches('.');
        let server = format!("https://{host}/").parse().unwrap();
        Ok(vec![location(&server, apex).unwrap()])
    }

    async fn addresses(&self, _: &Url) -> Result<Option<Vec<SocketAddr>>, ServiceError> {
        Ok(Some(Vec::new()))
    }
}

pub(crate) fn said(status: u16, body: &str) -> Incoming {
    let status = StatusCode::from_u16(status).unwrap();
    Incoming { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

/// Brings nothing anywhere, and remembers it all.
#[derive(Debug, Default)]
pub(crate) struct Post {
    sent: Mutex<Vec<Message>>,
    fails: Mutex<Option<CourierError>>,
}

impl Post {
    /// What was sent since the last time.
    pub(crate) fn sent(&self) -> Vec<Message> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    pub(crate) fn fail(&self, with: Option<CourierError>) {
        *self.fails.lock().unwrap() = with;
    }

    /// The token of the one message that was sent.
    pub(crate) fn token(&self) -> String {
        let sent = self.sent();
        assert_eq!(sent.len(), 1);
        match &sent[0].errand {
            Errand::Verify { token, .. } => token.as_str().to_owned(),
            other => panic!("{other:?} has no token"),
        }
    }
}

impl Courier for Post {
    fn send<'a>(
        &'a self,
        message: &'a Message,
    ) -> Pin<Box<dyn Future<Output = Result<(), CourierError>> + Send + 'a>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if let Some(error) = self.fails.lock().unwrap().clone() {
                return Err(error);
            }
            self.sent.lock().unwrap().push(message.clone());
            Ok(())
        })
    }
}

/// Answers requests to a server.
type Says = Arc<dyn Fn(Outgoing) -> BoxFuture<'static, Option<Incoming>> + Send + Sync>;

/// The servers of a Web, by host.
#[derive(Clone, Default)]
pub(crate) struct Servers(Arc<Mutex<BTreeMap<String, Says>>>);

impl Servers {
    pub(crate) fn set<A: Future<Output = Option<Incoming>> + Send + 'static>(
        &self,
        host: &str,
        says: impl Fn(Outgoing) -> A + Send + Sync + 'static,
    ) {
        let says: Says = Arc::new(move |request| Box::pin(says(request)));
        self.0.lock().unwrap().insert(host.to_owned(), says);
    }
}

impl Fetch for Servers {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        let host = request.url.host().to_string();
        let says = self.0.lock().unwrap().get(&host).cloned();
        let answer = match says {
            Some(says) => says(request).await,
            None => None,
        };
        answer.ok_or(FetchError::NoAddress(host))
    }
}

/// Homeservers, which remember what they were told.
#[derive(Default)]
pub(crate) struct Homes {
    told: Mutex<Vec<(ServerName, Object)>>,
    fails: Mutex<Option<NotTold>>,
}

impl Homes {
    pub(crate) fn told(&self) -> Vec<(ServerName, Object)> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    pub(crate) fn fail(&self, with: Option<NotTold>) {
        *self.fails.lock().unwrap() = with;
    }
}

impl Homeservers for Homes {
    fn onbind<'a>(
        &'a self,
        server: &'a ServerName,
        content: &'a Object,
    ) -> BoxFuture<'a, Result<(), NotTold>> {
        Box::pin(async move {
            if let Some(error) = self.fails.lock().unwrap().clone() {
                return Err(error);
            }
            self.told.lock().unwrap().push((server.clone(), content.clone()));
            Ok(())
        })
    }
}

/// A verification server, and what surrounds it.
pub(crate) struct World {
    pub(crate) roots: Roots,
    pub(crate) clock: ManualClock,
    pub(crate) post: Arc<Post>,
    pub(crate) servers: Servers,
    pub(crate) homes: Arc<Homes>,
    pub(crate) outbox: Outbox,
    pub(crate) verifier: Arc<Verifier>,
    settings: Box<dyn Fn() -> Settings>,
    name: &'static str,
    folder: TempDir,
    pub(crate) telemetry: Telemetry,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// One with other settings.
    pub(crate) fn with(change: impl Fn(&mut Settings) + 'static) -> Self {
        Self::named("verify.example", Roots::new(), change)
    }

    pub(crate) fn named(
        name: &'static str,
        roots: Roots,
        change: impl Fn(&mut Settings) + 'static,
    ) -> Self {
        let settings = move || {
            let links = Links {
                base: format!("https://{name}/").parse().unwrap(),
                web_client: Some("https://app.example/".parse().unwrap()),
            };
            let scope = ["email:*", "msisdn:*", "!email:not.example"];
            let scope = scope.map(|rule| rule.parse().unwrap()).to_vec();
            let scope = crate::certificate::Scope::new(scope);
            let policy = Policy { scope, existing: Existing::Replace };
            let mut settings = Settings::new(policy, links);
            change(&mut settings);
            settings
        };
        let folder = TempDir::new().unwrap();
        let limits = PublishLimits::default();
        let outbox = Outbox::open(&folder.path().join("outbox"), limits).unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger")).unwrap();
        let means = Means {
            ledger: Arc::new(ledger),
            outbox: outbox.clone(),
            tree: Arc::new(roots.clone()),
            couriers: BTreeMap::new(),
            web: Arc::new(Servers::default()),
            homeservers: Arc::new(Homes::default()),
            clock: Arc::new(ManualClock::default()),
        };
        let telemetry = Telemetry::new("t");
        let mut world = Self {
            roots,
            clock: ManualClock::at(START),
            post: Arc::default(),
            servers: Servers::default(),
            homes: Arc::default(),
            outbox,
            verifier: Arc::new(Verifier::new(key_of(name), settings(), means, &telemetry)),
            settings: Box::new(settings),
            name,
            folder,
            telemetry,
        };
        world.restart();
        world
    }

    /// Has the process end, and start again.
    pub(crate) fn restart(&mut self) {
        let ledger = self.verifier.means.ledger.clone();
        let held: Arc<dyn Courier> = self.post.clone();
        let couriers = BTreeMap::from([
            (crate::threepid::Medium::Email, held.clone()),
            (crate::threepid::Medium::Msisdn, held),
        ]);
        let means = Means {
            ledger,
            outbox: self.outbox.clone(),
            tree: Arc::new(self.roots.clone()),
            couriers,
            web: Arc::new(self.servers.clone()),
            homeservers: self.homes.clone(),
            clock: Arc::new(self.clock.clone()),
        };
        let verifier = Verifier::new(key_of(self.name), (self.settings)(), means, &self.telemetry);
        self.verifier = Arc::new(verifier);
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.verifier.means.ledger
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Proves an address, for a client with this secret.
    pub(crate) async fn prove(&self, threepid: &Threepid, client_secret: &str) -> SessionId {
        let wanted = wanted(threepid, client_secret, 1);
        let id = self.verifier.request_token(wanted, &caller()).await.unwrap();
        let (token, secret) = (self.post.token(), secret(client_secret));
        self.verifier.submit(&id, &secret, &token, &caller()).await.unwrap();
        id
    }

    /// Proves an address, and binds it.
    pub(crate) async fn bind(&self, threepid: &Threepid, to: &str) -> Result<Statement, Refused> {
        let client_secret: String = to.chars().filter(char::is_ascii_alphanumeric).collect();
        let id = self.prove(threepid, &client_secret).await;
        let bound = self.verifier.bind(&id, &secret(&client_secret), &mxid(to), &caller()).await?;
        let (about, statement) = Statement::from_json(&bound).unwrap();
        assert_eq!(about, *threepid);
        Ok(statement)
    }

    /// Sends what is in the outbox, due or not.
    pub(crate) async fn publish(&self) {
        let publisher =
            Publisher::new(self.roots.clone(), self.roots.clone(), PublishLimits::default());
        let runner = Runner::new(publisher, self.outbox.clone());
        let (random, tell) = (&mut OsRandom, &mut |_: &Entry, _: Option<&Name>| {});
        runner.round(&Selection::All, &self.clock, random, tell).await.unwrap();
    }

    /// Where the files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// The key of a server, by the length of its name.
pub(crate) fn key_of(server: &str) -> SigningKeys {
    SigningKeys::new(server.parse().unwrap(), named_key(server))
}

pub(crate) fn named_key(server: &str) -> NamedKey {
    let seed = [u8::try_from(server.len()).unwrap(); 32];
    NamedKey { id: "ed25519:0".parse().unwrap(), key: SigningKey::from_seed(&seed) }
}

fn sign(claim: Claim, threepid: &Threepid, server: &str) -> Statement {
    let name = KeyName::new(server.parse().unwrap(), "ed25519:0".parse().unwrap());
    Statement::sign(claim, threepid, name, &named_key(server).key).unwrap()
}

/// What another server says: that an identifier is a user's.
pub(crate) fn statement_by(
    server: &str,
    threepid: &Threepid,
    to: &str,
    at: Timestamp,
) -> Statement {
    let ts = Ts::from_millis(at.as_millis()).unwrap();
    let (not_before, not_after) = (ts, ts.default_end().unwrap());
    let extra = Extra::default();
    sign(Association { mxid: mxid(to), ts, not_before, not_after, extra }.into(), threepid, server)
}

/// What another server says: that an identifier is nobody's.
pub(crate) fn withdrawal_by(server: &str, threepid: &Threepid, at: Timestamp) -> Statement {
    let ts = Ts::from_millis(at.as_millis()).unwrap();
    sign(Withdrawal { ts }.into(), threepid, server)
}
