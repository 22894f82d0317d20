//! `/lookup` by hash over many associations: `tests/bench/lookup`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use threepid::association::{Association, Claim, Extra, Statement, Ts};
use threepid::clock::{Clock, SystemClock, Timestamp};
use threepid::codec::base64_unpadded;
use threepid::crypto::{OsRandom, Random, SeededRandom, sha256};
use threepid::signed::{KeyName, Signatures};
use threepid::store::ledger::{AccessToken, Ledger};
use threepid::store::{Change, Pending, Policy, Store};
use threepid::threepid::Threepid;
use threepid::wire::Name;

use super::load::{Http, Load, trusting};
use super::{server, stay_on};
use crate::store::number;

/// In the environment: how many associations there are. Nothing is measured without.
const PEOPLE: &str = "THREEPID_BENCH_PEOPLE";
/// In the environment: for how many seconds each is measured.
const SECONDS: &str = "THREEPID_BENCH_SECONDS";
/// The CPU that clients run on.
const CPU: usize = 1;
/// How long clients ask before it counts.
const WARM_UP: Duration = Duration::from_millis(500);
/// How many statements are sent to the store at once.
const TOGETHER: usize = 2048;

pub(super) fn apex() -> Name {
    "3pid.example.".parse().expect("a name")
}

/// An address: half of them are of mail, half are numbers.
fn address(number: u64) -> Threepid {
    let text = match number % 2 {
        0 => format!("person.{number}@example.com"),
        _ => format!("+4477{number:08}"),
    };
    Threepid::parse_any(&text, None).expect("an address")
}

fn mxid(number: u64) -> String {
    format!("@person.{number}:matrix.example.com")
}

fn association(number: u64) -> Change {
    let ts = Ts::from_millis(1_700_000_000_000).expect("less than 2^48");
    let claim = Claim::from(Association {
        mxid: mxid(number).parse().expect("a user id"),
        ts,
        not_before: ts,
        not_after: ts.default_end().expect("less than 2^48"),
        extra: Extra::default(),
    });
    let mut signatures = Signatures::default();
    let key =
        KeyName::new("a.example".parse().expect("a name"), "ed25519:0".parse().expect("an id"));
    signatures.insert(key, [7; 64]);
    let statement = Statement::new(claim, signatures).expect("a statement");
    Change::publish(&apex(), address(number), statement).expect("it has a name")
}

fn fill(place: &Path, people: u64) {
    let policy = Policy { keep_addresses: true, ..Policy::default() };
    let store = Store::open(&place.join("store"), policy).expect("it can be made");
    let mut waiting: Option<Pending> = None;
    for start in (0..people).step_by(TOGETHER) {
        let some = (start..people.min(start + TOGETHER as u64)).map(association).collect();
        let sent = store.submit(some, SystemClock.now()).expect("it takes them");
        if let Some(before) = waiting.replace(sent) {
            before.wait().expect("they are on disk");
        }
    }
    waiting.expect("there are some").wait().expect("they are on disk");
}

/// A token for an account, and a certificate of `localhost`.
fn prepare(place: &Path) -> (String, Vec<u8>) {
    let ledger = Ledger::open(&place.join("ledger")).expect("it can be made");
    let token = AccessToken::draw(&mut OsRandom);
    let alice = "@alice:example.com".parse().expect("a user id");
    ledger.add_account(&token, &alice, SystemClock.now(), 1).expect("there is room");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(place.join("chain.pem"), made.cert.pem()).expect("there is room");
    fs::write(place.join("key.pem"), made.signing_key.serialize_pem()).expect("there is room");
    (token.as_str().to_owned(), made.cert.der().to_vec())
}

/// The server, as it said it is.
struct Server {
    child: Child,
    plain: SocketAddr,
    secure: SocketAddr,
    pepper: String,
    people: u64,
    octets: u64,
}

impl Server {
    fn start(place: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this runs from a file"));
        command.args(["bench::server::server", "--exact", "--nocapture", "--test-threads=1"]);
        command.env(server::PLACE, place).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it has a pipe")).lines();
        let mut lines = lines.map(|line| line.expect("it is text"));
        let said = lines.find_map(|line| Some(line.strip_prefix("@ ")?.to_owned()));
        let said = said.expect("it says that it is ready");
        let [plain, secure, pepper, people, octets] =
            said.split(' ').collect::<Vec<_>>().try_into().expect("it says five things");
        Self {
            child,
            plain: plain.parse().expect("an address"),
            secure: secure.parse().expect("an address"),
            pepper: pepper.to_owned(),
            people: people.parse().expect("a number"),
            octets: octets.parse().expect("a number"),
        }
    }

    /// The CPU time that it took so far, threads that have ended included.
    fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("the server runs");
        let (_, fields) = stat.rsplit_once(')').expect("the name stands in parentheses");
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks = ticks.map(|field| field.parse::<u64>().expect("a count of ticks"));
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Contents with so many hashes each; every other one is of somebody.
fn contents(server: &Server, size: u64) -> Vec<Value> {
    let mut random = SeededRandom::new(size);
    let how_many = (20_000 / size).max(64);
    let mut hash = |nth: u64| {
        let nobody = if nth.is_multiple_of(2) { 0 } else { server.people };
        let number = random.below(server.people) + nobody;
        let threepid = address(number % 100_000_000);
        let text = format!("{} {} {}", threepid.address(), threepid.medium(), server.pepper);
        base64_unpadded(&sha256(text.as_bytes())).replace('+', "-").replace('/', "_")
    };
    let mut content = |nth: u64| {
        let hashes: Vec<String> = (0..size).map(|at| hash(nth + at)).collect();
        json!({"algorithm": "sha256", "pepper": server.pepper, "addresses": hashes})
    };
    (0..how_many).map(&mut content).collect()
}

/// Measures, where it is told how many associations there shall be.
#[test]
fn lookups() {
    let people = number(PEOPLE, 0);
    if people == 0 {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let begun = SystemClock.now();
    fill(place.path(), people);
    println!(
        "{people} associations stored in {:.1} s",
        SystemClock.now().since(begun).as_secs_f64()
    );
    let (token, certificate) = prepare(place.path());
    let begun = SystemClock.now();
    let server = Server::start(place.path());
    assert_eq!(server.people, people);
    println!(
        "table made in {:.1} s: {:.1} MiB, {:.1} octets each",
        SystemClock.now().since(begun).as_secs_f64(),
        server.octets as f64 / f64::from(1 << 20),
        server.octets as f64 / people as f64
    );
    stay_on(CPU);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("it can be had").block_on(measure(&server, &token, &certificate));
}

async fn measure(server: &Server, token: &str, certificate: &[u8]) {
    println!("           hashes  requests/s  hashes/s  CPU µs/request  CPU µs/hash  server busy");
    for size in [1, 100, 1000] {
        let contents = contents(server, size);
        for (name, http, is_secure) in [
            ("HTTP/1.1", Http::One, false),
            ("HTTP/2", Http::Two, false),
            ("TLS, 1.1", Http::One, true),
            ("TLS, 2", Http::Two, true),
        ] {
            let load = Arc::new(Load {
                server: if is_secure { server.secure } else { server.plain },
                tls: is_secure.then(|| trusting(certificate, http)),
                http,
                token: token.to_owned(),
                contents: contents.iter().map(|content| content.to_string().into()).collect(),
                answered: AtomicU64::new(0),
            });
            if name == "HTTP/1.1" {
                check(&contents[0], &load.first().await);
            }
            tokio::select! {
                () = load.ask() => {}
                row = watch(server, &load, size) => println!("{name:<10} {row}"),
            }
        }
    }
}

/// Every other hash is found, in the order in which it is there.
fn check(content: &Value, told: &str) {
    let told: Value = serde_json::from_str(told).expect("it is JSON");
    let asked = content["addresses"].as_array().expect("there are some");
    for (nth, hash) in asked.iter().enumerate() {
        let user = told["mappings"].get(hash.as_str().expect("a hash"));
        assert_eq!(user.is_some(), nth % 2 == 0, "{nth}");
    }
}

/// What it costs, after a while.
async fn watch(server: &Server, load: &Load, size: u64) -> String {
    let seconds = Duration::from_secs(number(SECONDS, 5));
    let now = || -> (Timestamp, Duration, u64) {
        (SystemClock.now(), server.cpu(), load.answered.load(Ordering::Relaxed))
    };
    tokio::time::sleep(WARM_UP).await;
    let (begun, cpu, answered) = now();
    tokio::time::sleep(seconds).await;
    let (ended, cpu_then, answered_then) = now();
    let (took, cpu) = (ended.since(begun).as_secs_f64(), (cpu_then - cpu).as_secs_f64());
    let requests = (answered_then - answered) as f64;
    let (each, hashes) = (cpu * 1e6 / requests, size as f64);
    format!(
        "{size:>6}  {:>10.0}  {:>8.0}  {each:>14.1}  {:>11.3}  {:>10.0}%",
        requests / took,
        requests * hashes / took,
        each / hashes,
        cpu / took * 100.0
    )
}
