//! Outboxes that are delivered over a Web made up, in time made up.

mod crashes;
mod delivery;
mod forms;
mod outbox;
mod races;
mod referrals;
mod serving;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::association::{Association, Claim, Extra, Statement, Ts};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::codec::Url;
use crate::crypto::{Random, SeededRandom, SigningKey};
use crate::signed::KeyName;
use crate::threepid::Threepid;
use crate::transport::http::Reach;
use crate::transport::http::{
    Bytes, Fetch, FetchError, HeaderMap, Incoming, Outgoing, StatusCode, header,
};
use crate::wire::Name;

const START: Timestamp = Timestamp::from_secs(1_790_000_000);

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn alice() -> Threepid {
    Threepid::parse_any("+44 7700 900123", None).unwrap()
}

/// An association of Alice's, made so many seconds before the start, signed by one server.
fn statement_by(server: &str, age: u64, mxid: &str) -> Statement {
    let ts = Ts::from_millis(START.as_millis() - age * 1000).unwrap();
    let claim = Association {
        mxid: mxid.parse().unwrap(),
        ts,
        not_before: ts,
        not_after: ts.default_end().unwrap(),
        extra: Extra::default(),
    };
    let key = KeyName::new(server.parse().unwrap(), "ed25519:0".parse().unwrap());
    Statement::sign(Claim::from(claim), &alice(), key, &SigningKey::from_seed(&[7; 32])).unwrap()
}

fn statement(age: u64) -> Statement {
    statement_by("verify.example", age, "@alice:example.org")
}

/// What a server says to a request.
type Says = Box<dyn Fn(&Outgoing) -> Option<Incoming> + Send>;

/// A Web of servers, by host; of roots `3pid.A.example`, the server is `A`.
#[derive(Clone, Default)]
struct Web {
    servers: Arc<Mutex<HashMap<String, Says>>>,
    /// Which server was asked, in order.
    asked: Arc<Mutex<Vec<String>>>,
    /// Other servers of a root than the one.
    starts: Arc<Mutex<BTreeMap<Name, Vec<String>>>>,
}

impl Web {
    /// Has a server say this to everything; nothing is that it is down.
    fn set(&self, host: &str, says: impl Fn(&Outgoing) -> Option<Incoming> + Send + 'static) {
        self.servers.lock().unwrap().insert(host.to_owned(), Box::new(says));
    }

    fn stores(&self, host: &str) {
        self.set(host, |_| Some(said(201, r#"{"status":"stored"}"#)));
    }

    fn down(&self, host: &str) {
        self.set(host, |_| None);
    }

    /// Has a server refer to another.
    fn refers(&self, host: &str, zone: &str, location: &str) {
        let (zone, location) = (zone.to_owned(), location.to_owned());
        self.set(host, move |_| Some(referral(&zone, &location)));
    }

    /// The servers asked since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn said(status: u16, body: &str) -> Incoming {
    let status = StatusCode::from_u16(status).unwrap();
    Incoming { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn refused(status: u16, errcode: &str) -> Incoming {
    said(status, &format!(r#"{{"errcode":"{errcode}","error":"because"}}"#))
}

fn referral(zone: &str, location: &str) -> Incoming {
    let mut referral = refused(307, "THREEPID_DELEGATED");
    referral.body = format!(r#"{{"errcode":"THREEPID_DELEGATED","zone":"{zone}"}}"#).into();
    referral.headers.insert(header::LOCATION, location.parse().unwrap());
    referral
}

/// Where the server `host` takes statements for the tree of the root `a`.
fn place(host: &str) -> String {
    format!("https://{host}{PATH}?root=3pid.a.example.")
}

impl Fetch for Web {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        tokio::task::yield_now().await;
        let host = request.url.host().to_string();
        if host.ends_with(".inside") && request.reach != Reach::Anywhere {
            return Err(FetchError::OutOfReach(host));
        }
        self.asked.lock().unwrap().push(host.clone());
        let servers = self.servers.lock().unwrap();
        let says = servers.get(&host).and_then(|says| says(&request));
        says.ok_or(FetchError::NoAddress(host))
    }
}

impl Places for Web {
    async fn start(&self, apex: &Name) -> Result<Vec<Url>, ServiceError> {
        let label = apex.labels().nth(1).unwrap();
        let own = vec![String::from_utf8(label.to_vec()).unwrap()];
        let hosts = self.starts.lock().unwrap().get(apex).cloned().unwrap_or(own);
        let server = |host: &String| format!("https://{host}/").parse().unwrap();
        Ok(hosts.iter().map(|host| location(&server(host), apex).unwrap()).collect())
    }

    async fn addresses(&self, _: &Url) -> Result<Option<Vec<SocketAddr>>, ServiceError> {
        Ok(Some(Vec::new()))
    }
}

/// An outbox in front of a Web.
struct Scene {
    web: Web,
    clock: ManualClock,
    outbox: Outbox,
    random: Box<dyn Random>,
    limits: Limits,
    folder: TempDir,
}

/// Draws what makes a wait the longest.
struct Most;

impl Random for Most {
    fn fill(&mut self, _: &mut [u8]) {}

    fn below(&mut self, bound: u64) -> u64 {
        bound - 1
    }
}

impl Scene {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let folder = TempDir::new().unwrap();
        let outbox = Outbox::open(&folder.path().join("outbox"), limits.clone()).unwrap();
        let (web, clock) = (Web::default(), ManualClock::at(START));
        Self { web, clock, outbox, random: Box::new(Most), limits, folder }
    }

    fn runner(&self) -> Runner<Web, Web> {
        let publisher = Publisher::new(self.web.clone(), self.web.clone(), self.limits.clone());
        Runner::new(publisher, self.outbox.clone())
    }

    fn add(&self, statement: Statement, apexes: &[&str]) -> Added {
        let apexes: Vec<Name> = apexes.iter().map(|apex| name(apex)).collect();
        self.outbox.add(alice(), statement, &apexes, self.clock.now()).unwrap()
    }

    /// Tries what is due; returns how each entry was told to be at the end, and when the next is due.
    async fn round(&mut self) -> (Vec<Entry>, Option<Duration>) {
        let mut told = BTreeMap::new();
        let mut tell = |entry: &Entry, _: Option<&Name>| {
            told.insert(EntryId::of(&entry.threepid), entry.clone());
        };
        let runner = self.runner();
        let round = runner.round(&Selection::Due, &self.clock, self.random.as_mut(), &mut tell);
        let next = round.await.unwrap().map(|next| next.since(self.clock.now()));
        (told.into_values().collect(), next)
    }

    /// How the one entry is at each root after a round.
    async fn states(&mut self) -> Vec<State> {
        let (told, _) = self.round().await;
        assert_eq!(told.len(), 1);
        told[0].deliveries.iter().map(|delivery| delivery.state.clone()).collect()
    }

    /// How the one entry, for the root `a` alone, is after a round.
    async fn state(&mut self) -> State {
        self.states().await.remove(0)
    }

    fn waits(&self) -> usize {
        self.outbox.entries().unwrap().len()
    }
}

const A: &str = "3pid.a.example.";
const B: &str = "3pid.b.example.";

/// What stood in the way.
fn reason(state: &State) -> &str {
    match state {
        State::Waiting { reason: Some(reason), .. } => reason,
        other => panic!("{other:?}"),
    }
}
