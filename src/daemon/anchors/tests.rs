//! Anchors kept by a process, in files and without.

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;

use tempfile::TempDir;

use super::*;
use crate::authority::{self, Associated, Authority, ServedZone};
use crate::clock::{ManualClock, SystemClock};
use crate::config::Config;
use crate::crypto::SeededRandom;
use crate::daemon::{Daemon, keys};
use crate::dnssec::rollover::AnchorKey;
use crate::dnssec::{Algorithms, Security, ZoneKey};
use crate::recursor::Limits;
use crate::resolver::{Cause, Root};
use crate::transport::{ExchangeError, Network, Transport};
use crate::wire::rdata::Dnskey;
use crate::wire::{EdnsPolicy, Message, Query};
use crate::zone::testing;

const START: Timestamp = Timestamp::from_secs(1_790_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn zone() -> Name {
    "a.example.".parse().unwrap()
}

fn key(seed: u64) -> ZoneKey {
    ZoneKey::generate(zone(), ZoneKey::KSK, &mut SeededRandom::new(seed))
}

fn revoked(mut key: ZoneKey) -> ZoneKey {
    key.flags |= Dnskey::REVOKE;
    key
}

const TEXT: &str = "@ 2d SOA\n@ NS ns\n@ NS ns2\nns A 192.0.2.1\nns2 A 192.0.2.2";

/// A zone that is signed anew for each question, with the keys that it has then.
#[derive(Clone)]
struct Wire {
    clock: ManualClock,
    keys: Arc<Mutex<Vec<ZoneKey>>>,
    /// A server with other keys.
    liar: Arc<Mutex<Option<IpAddr>>>,
    /// How often its keys were asked for.
    asked: Arc<Mutex<usize>>,
}

impl Exchange for Wire {
    async fn exchange(
        &self,
        server: SocketAddr,
        transport: Transport,
        packet: &[u8],
        _: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        let query = Query::parse(packet).unwrap();
        *self.asked.lock().unwrap() += usize::from(query.qtype == Rtype::DNSKEY);
        let keys = match *self.liar.lock().unwrap() {
            Some(liar) if liar == server.ip() => vec![key(9)],
            _ => self.keys.lock().unwrap().clone(),
        };
        if keys.is_empty() {
            return Err(ExchangeError::Timeout);
        }
        let built = testing::build("a.example.", TEXT).unwrap();
        let associations = Associated::File(built.associations);
        let now = self.clock.now();
        let zone =
            ServedZone::new(built.zone, associations, keys, authority::Policy::default(), now);
        let authority = Authority::new(vec![zone.unwrap()]).unwrap();
        let mut out = Vec::new();
        let limit = query.limit(transport, 1232);
        authority.answer(&query, limit, &EdnsPolicy::default(), now, &mut out);
        Ok(out)
    }
}

/// A resolver whose configuration trusts the first key.
struct Story {
    wire: Wire,
    recursor: Recursor<Wire>,
    points: Points,
    directory: TempDir,
}

impl Story {
    fn new() -> Self {
        let clock = ManualClock::at(START);
        let keys = Arc::new(Mutex::new(vec![key(1)]));
        let wire = Wire { clock: clock.clone(), keys, liar: Arc::default(), asked: Arc::default() };
        let anchors = vec![key(1).sha256_ds()];
        let servers = ["192.0.2.1", "192.0.2.2"].map(|server| server.parse().unwrap()).to_vec();
        let root = Root { apex: zone(), servers, anchors: anchors.clone() };
        let policy = Policy { roots: vec![root], ..Policy::default() };
        let recursor = Recursor::new(policy, wire.clone(), Arc::new(clock), Limits::default());
        let directory = tempfile::tempdir().unwrap();
        let point = TrustPoint::new(Ledger::new(zone()), anchors, Algorithms::default());
        let points = Points::new(directory.path().join("state"), vec![point]);
        Self { wire, recursor, points, directory }
    }

    /// Does what the task does, each hour of so many days.
    async fn pass(&self, days: u32) {
        for _ in 0..days * 24 {
            self.wire.clock.advance(DAY / 24);
            self.look_when_due().await;
        }
    }

    async fn look_when_due(&self) {
        while let Some(zone) = self.points.due(&self.wire.clock) {
            self.points.look(&zone, &self.recursor, &self.wire.clock).await;
        }
    }

    fn show(&self, keys: &[ZoneKey]) {
        *self.wire.keys.lock().unwrap() = keys.to_vec();
    }

    async fn verdict(&self) -> Security {
        let question =
            Question { name: "ns.a.example.".parse().unwrap(), rtype: Rtype::A, class: Class::IN };
        self.recursor.refresh(question, Checking::Enabled).await.security
    }

    fn states(&self) -> Vec<State> {
        let ledger = file::read(&self.points.directory, &zone()).unwrap();
        ledger.keys.iter().map(|key| key.state).collect()
    }
}

#[tokio::test]
async fn keys_roll_over_under_a_resolver_at_work() {
    let story = Story::new();
    story.look_when_due().await;
    assert_eq!(story.states(), [State::Valid]);
    story.show(&[key(1), key(2)]);
    story.pass(2).await;
    assert_eq!(story.states(), [State::Valid, State::AddPend]);
    story.pass(30).await;
    assert_eq!(story.states(), [State::Valid, State::Valid]);
    story.show(&[revoked(key(1)), key(2)]);
    story.pass(2).await;
    assert_eq!(story.states(), [State::Revoked, State::Valid]);
    story.show(&[key(2)]);
    assert_eq!(story.verdict().await, Security::Secure);
    story.pass(32).await;
    assert_eq!(story.states(), [State::Removed, State::Valid]);
    assert_eq!(story.verdict().await, Security::Secure);
    story.show(&[key(1)]);
    story.pass(1).await;
    assert_eq!(story.verdict().await, Security::Bogus);
}

#[tokio::test]
async fn keys_are_asked_for_when_it_is_time() {
    let story = Story::new();
    let asked = || std::mem::take(&mut *story.wire.asked.lock().unwrap());
    story.look_when_due().await;
    assert_eq!(asked(), 1);
    story.look_when_due().await;
    assert_eq!(asked(), 0);
    let next = story.points.list.borrow()[0].ledger().next;
    story.wire.clock.set(next);
    story.show(&[]);
    story.look_when_due().await;
    assert!(asked() > 0);
    story.look_when_due().await;
    assert_eq!(asked(), 0, "it is tried again later");
    story.pass(1).await;
    assert!(asked() > 0);
}

#[tokio::test]
async fn what_cannot_be_written_is_known_all_the_same() {
    let story = Story::new();
    std::fs::write(&story.points.directory, "in the way").unwrap();
    story.show(&[key(1), key(2)]);
    story.look_when_due().await;
    story.pass(31).await;
    story.show(&[key(2)]);
    assert_eq!(story.verdict().await, Security::Secure);
    // A reload reads no files that could not be written.
    let Story { points: Points { directory, list, .. }, recursor, wire, .. } = &story;
    let points = list.borrow().clone();
    let clock: Arc<dyn Clock> = Arc::new(wire.clock.clone());
    let mut keeper = Keeper::start(directory.clone(), points, recursor.clone(), clock);
    keeper.stop().await;
    let read = || {
        let configured = vec![key(1).sha256_ds()];
        TrustPoint::new(Ledger::new(zone()), configured, Algorithms::default())
    };
    let updated = keeper.update(directory, vec![read()]);
    assert!(updated[0].anchors().contains(&key(2).sha256_ds()));
    let elsewhere = keeper.update(story.directory.path(), vec![read()]);
    assert_eq!(elsewhere, [read()]);
}

/// A process that serves the zone, one that resolves it, and files of both.
struct Processes {
    directory: TempDir,
    authority: Daemon,
}

impl Processes {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        keys::store(&directory.path().join("keys"), &key(1)).unwrap();
        let text = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";
        std::fs::write(directory.path().join("a.zone"), text).unwrap();
        let config = "[authority]\nlisten = [\"127.0.0.1:0\"]\nthreads = 1\n\
                      [[authority.zone]]\nname = \"a.example\"\nfile = \"a.zone\"\nkey_dir = \"keys\"\n";
        let config = Config::parse(config, &directory.path().join("a.toml")).unwrap();
        let authority = Daemon::start(config).await.unwrap();
        Self { directory, authority }
    }

    /// Writes the configuration of a resolver that trusts this key.
    fn configure(&self, key: &ZoneKey, more: &str) -> PathBuf {
        let port = self.authority.authority_addresses()[0].port();
        let path = self.directory.path().join("b.toml");
        let ds = key.sha256_ds();
        let digest = crate::codec::hex(&ds.digest);
        let text = format!(
            "[resolver]\nlisten = [\"127.0.0.1:0\"]\niteration_port = {port}\n{more}\n\
             [[resolver.root]]\napex = \"a.example\"\nservers = [\"127.0.0.1\"]\n\
             anchors = [\"a.example. DS {} 15 2 {digest}\"]\n",
            ds.key_tag
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What was known when the keys were asked for just now.
    fn keep(&self, keys: &[(ZoneKey, State)]) {
        let now = SystemClock.now();
        let next = now.saturating_add(DAY);
        let key = |(key, state): &(ZoneKey, State)| AnchorKey {
            dnskey: key.dnskey(),
            state: *state,
            since: now.saturating_sub(DAY),
            until: now.saturating_sub(DAY),
        };
        let keys = keys.iter().map(key).collect();
        let ledger = Ledger { queried: now, next, keys, ..Ledger::new(zone()) };
        file::write(&self.directory.path().join("state"), &ledger).unwrap();
    }
}

/// Whether the resolver proves that there is no such name.
async fn proves(resolver: &Daemon, label: &str) -> bool {
    let name = format!("{label}.a.example.").parse().unwrap();
    let question = Question { name, rtype: Rtype::A, class: Class::IN };
    let mut query = Message::query(7, question);
    query.flags.recursion_desired = true;
    query.flags.authentic_data = true;
    let network = Network::new(&crate::transport::Limits::default());
    let server = resolver.resolver_addresses()[0];
    let reply = network.exchange(server, Transport::Udp, &query.encode(), DAY).await;
    Message::decode(&reply.unwrap()).unwrap().flags.authentic_data
}

const KEPT: &str = "anchor_dir = \"state\"";

#[tokio::test]
async fn what_is_kept_survives_starts_and_reloads() {
    let processes = Processes::start().await;
    let (own, gone) = (key(1), key(2));
    processes.keep(&[(own.clone(), State::Valid), (gone.clone(), State::Removed)]);
    let path = processes.configure(&gone, KEPT);
    let mut resolver = Daemon::start(Config::load(&path).unwrap()).await.unwrap();
    assert!(proves(&resolver, "first").await);
    resolver.reload().await.unwrap();
    assert!(proves(&resolver, "second").await);
    // With the file gone, and a new plan, it is still known what the keys are.
    std::fs::remove_file(file::path(&processes.directory.path().join("state"), &zone())).unwrap();
    processes.configure(&gone, &format!("{KEPT}\nminimise = false"));
    resolver.reload().await.unwrap();
    assert!(proves(&resolver, "third").await);
    // Anchors are not kept any more: those of the configuration count.
    processes.configure(&gone, "minimise = false");
    resolver.reload().await.unwrap();
    assert!(!proves(&resolver, "fourth").await);
    resolver.stop().await;
    processes.authority.stop().await;
}

#[tokio::test]
async fn the_task_looks_when_it_starts() {
    let Story { wire, recursor, points, directory } = Story::new();
    let clock: Arc<dyn Clock> = Arc::new(wire.clock);
    let list = points.list.borrow().clone();
    let mut keeper = Keeper::start(points.directory.clone(), list, recursor, clock);
    let written = async {
        while file::read(&points.directory, &zone()).unwrap().keys.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), written).await.unwrap();
    keeper.stop().await;
    drop(directory);
}

/// The next keeper writes the same files.
#[test]
fn a_write_under_way_is_waited_for() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let Story { wire, recursor, points, .. } = Story::new();
        // The one thread that can write is busy until it is let go.
        let (let_go, busy) = std::sync::mpsc::channel::<()>();
        let occupied = tokio::task::spawn_blocking(move || busy.recv().is_err());
        let file = points.directory.join("anchors-a.example.");
        let clock: Arc<dyn Clock> = Arc::new(wire.clock);
        let list = points.list.borrow().clone();
        let mut keeper = Keeper::start(points.directory.clone(), list, recursor, clock);
        let writing = Arc::clone(&keeper.points.writing);
        while writing.try_lock().is_ok() {
            tokio::task::yield_now().await;
        }
        let others = async {
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
        };
        let early = tokio::select! {
            biased;
            () = keeper.stop() => true,
            () = others => false,
        };
        drop(let_go);
        let _written = keeper.points.writing.lock().await;
        assert!(!early, "it ended while the file was written");
        assert!(std::fs::read_to_string(file).unwrap().contains("zone a.example."));
        assert!(occupied.await.unwrap());
    });
}

/// One server among several says what nothing proves.
#[tokio::test]
async fn another_server_is_asked_where_one_is_of_no_use() {
    for liar in ["192.0.2.1", "192.0.2.2"].repeat(4) {
        let story = Story::new();
        *story.wire.liar.lock().unwrap() = Some(liar.parse().unwrap());
        story.look_when_due().await;
        assert_eq!(story.states(), [State::Valid], "{liar} lies");
    }
}

#[tokio::test]
async fn what_is_kept_is_how_it_resolves() {
    let processes = Processes::start().await;
    processes.keep(&[(key(1), State::Valid), (key(2), State::Removed)]);
    let anchors = |more| {
        let path = processes.configure(&key(2), more);
        let policy = policy(&Config::load(&path).unwrap().resolver.unwrap());
        policy.unwrap().roots.remove(0).anchors
    };
    assert_eq!(anchors(KEPT), [key(1).sha256_ds()]);
    assert_eq!(anchors(""), [key(2).sha256_ds()]);
    processes.authority.stop().await;
}

#[tokio::test]
async fn a_file_that_is_something_else_is_told() {
    let processes = Processes::start().await;
    processes.keep(&[(key(1), State::Valid)]);
    let path = processes.configure(&key(1), KEPT);
    let mut resolver = Daemon::start(Config::load(&path).unwrap()).await.unwrap();
    let file = file::path(&processes.directory.path().join("state"), &zone());
    std::fs::write(&file, "zone a.example.\nqueried never\n").unwrap();
    let expected =
        format!("{}:2:9: a time (YYYYMMDDHHmmSS) expected, found \"never\"", file.display());
    assert_eq!(resolver.reload().await.unwrap_err().to_string(), expected);
    assert!(proves(&resolver, "fifth").await, "it goes on");
    let error = Daemon::start(Config::load(&path).unwrap()).await.err().unwrap();
    assert_eq!(error.to_string(), expected);
    resolver.stop().await;
    processes.authority.stop().await;
}

#[tokio::test]
async fn what_is_remembered_of_a_suspended_tree_is_not_told() {
    let story = Story::new();
    let resolve = async || {
        let name = "ns.a.example.".parse().unwrap();
        let question = Question { name, rtype: Rtype::A, class: Class::IN };
        story.recursor.resolve(question, Checking::Disabled).await
    };
    assert_eq!(resolve().await.answer.len(), 1);
    story.recursor.suspend(&[zone()]);
    let response = resolve().await;
    assert_eq!(response.answer.len(), 0);
    assert_eq!(response.failure, Some(Cause::Suspended(zone())));
    story.recursor.suspend(&[]);
    assert_eq!(resolve().await.answer.len(), 1);
}
