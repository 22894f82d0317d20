//! Many associations through a server that answers meanwhile: what it costs, and what is there after it was
//! killed. `tests/soak million` has a million of them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Lines, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use threepid::clock::{Clock, SystemClock, Timestamp};
use threepid::config::Config;
use threepid::crypto::{OsRandom, Random, SeededRandom, SigningKey};
use threepid::daemon::{Daemon, keys};
use threepid::dnssec::{ZoneKey, verify};
use threepid::store::{Change, Outcome, Policy, check};
use threepid::wire::rdata::{Dnskey, Rrsig, Soa};
use threepid::wire::{Class, Edns, Message, Question, Rdata, Record, Rrset, Rtype, Serial};

use super::{apex, child, number, store, threepid};

/// The zone that all numbers are in.
const ZONE: &str = "4.4.msisdn.3pid.example.";
/// How many associations are published.
const COUNT: &str = "THREEPID_MILLION";
/// In the environment of the server: the file with what it should publish.
const LINES: &str = "THREEPID_TEST_LINES";
/// How many statements are sent to the store at once.
const TOGETHER: usize = 512;
/// How many statements a server that is killed has to publish.
const MANY: u64 = 6000;
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Serves, publishes what it is told to, and says what that costs. Does nothing unless told to.
#[test]
fn server() {
    let Some(config) = store() else { return };
    let lines = std::env::var_os(LINES).map(PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("threads can be had").block_on(serve(&config, lines));
}

async fn serve(config: &Path, lines: Option<PathBuf>) {
    let config = Config::load(config).expect("the configuration is good");
    let daemon = match Daemon::start(config).await {
        Ok(daemon) => daemon,
        Err(error) => panic!("{error}"),
    };
    say("ready", daemon.authority_addresses()[0]);
    if let Some(lines) = lines {
        let store = daemon.hosting().expect("it has a store").store().clone();
        let publish = move || publish(&store, &lines);
        tokio::task::spawn_blocking(publish).await.expect("it publishes");
        say("published", "all");
    }
    let wait = || std::io::stdin().read_line(&mut String::new());
    tokio::task::spawn_blocking(wait).await.expect("it waits").expect("it can be told to end");
    daemon.stop().await;
    say("stopped", "in order");
}

/// Tells how far it is, with the CPU time in milliseconds and the most memory in KiB so far.
fn say(what: &str, about: impl std::fmt::Display) {
    let (cpu, peak) = cost();
    println!("\n@ {what} {about} {cpu} {peak}");
    std::io::stdout().flush().expect("it is heard");
}

fn cost() -> (u64, u64) {
    let stat = fs::read_to_string("/proc/self/stat").expect("there is /proc");
    let (_, fields) = stat.rsplit_once(')').expect("the name stands in parentheses");
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a count of ticks"))
        .sum();
    let status = fs::read_to_string("/proc/self/status").expect("there is /proc");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let peak = peak.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    (ticks * 10, peak)
}

fn publish(store: &threepid::store::Store, lines: &Path) {
    let lines = BufReader::new(File::open(lines).expect("the statements are there")).lines();
    let changes = lines.map(|line| {
        let line = line.expect("it is UTF-8");
        Change::from_line(line.as_bytes(), Some(&apex())).expect("it is a statement")
    });
    let (mut waiting, mut changes) = (None::<threepid::store::Pending>, changes.peekable());
    while changes.peek().is_some() || waiting.is_some() {
        let some: Vec<Change> = changes.by_ref().take(TOGETHER).collect();
        let sent = (!some.is_empty()).then(|| store.submit(some, SystemClock.now()));
        let sent = sent.transpose().expect("it takes them");
        if let Some(before) = std::mem::replace(&mut waiting, sent) {
            let outcomes = before.wait().expect("they are on disk");
            let is_there = |one: &Outcome| matches!(one, Outcome::Stored(_) | Outcome::Unchanged);
            assert!(outcomes.iter().all(is_there), "{outcomes:?}");
        }
    }
}

/// A server that runs.
struct Server {
    child: Child,
    stdin: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
    /// CPU milliseconds and peak memory in KiB when it was ready.
    ready: (u64, u64),
    begun: Timestamp,
}

impl Server {
    fn start(config: &Path, lines: Option<&Path>) -> Self {
        let begun = SystemClock.now();
        let mut command = child("store::million::server", config);
        if let Some(lines) = lines {
            command.env(LINES, lines);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("it starts");
        let stdin = child.stdin.take().expect("it has a pipe");
        let mut said = BufReader::new(child.stdout.take().expect("it has a pipe")).lines();
        let (address, ready) = heard(&mut said, "ready");
        let address = address.parse().expect("an address");
        Self { child, stdin, said, address, ready, begun }
    }

    fn hear(&mut self, what: &str) -> (u64, u64) {
        heard(&mut self.said, what).1
    }

    /// Has it end in order. Its costs.
    fn stop(mut self) -> (u64, u64) {
        writeln!(self.stdin).expect("it listens");
        let cost = self.hear("stopped");
        assert!(self.child.wait().expect("it ends").success());
        cost
    }

    fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }

    fn ask(&self, name: &str, rtype: Rtype) -> Message {
        let socket = socket(self.address);
        for _ in 0..100 {
            if let Some(answer) = exchange(&socket, name, rtype) {
                return answer;
            }
        }
        panic!("no answer for {name}");
    }

    fn serial(&self) -> Serial {
        let answer = self.ask(ZONE, Rtype::SOA).answer;
        Soa::parse(&answer[0].rdata).expect("a SOA record").serial
    }

    /// The association of a number, and its signature, which holds.
    fn association(&self, number: u64) -> Option<Vec<Record>> {
        let answer = self.ask(&name(number), Rtype::ASSOC).answer;
        let set = Rrset::group(answer.clone()).into_iter().find(|set| set.rtype == Rtype::ASSOC)?;
        let keys = self.ask(ZONE, Rtype::DNSKEY).answer;
        let data = |records: &[Record], rtype| -> Vec<Rdata> {
            let records = records.iter().filter(|record| record.rtype == rtype);
            records.map(|record| record.rdata.clone()).collect()
        };
        let rrsig = &data(&answer, Rtype::RRSIG)[0];
        let rrsig = Rrsig::parse(rrsig).expect("an RRSIG record");
        let is_by = |key: &Rdata| {
            let key = Dnskey::parse(key).expect("a DNSKEY record");
            verify(&set, &rrsig, &key, SystemClock.now()).is_ok()
        };
        assert!(data(&keys, Rtype::DNSKEY).iter().any(is_by), "{number}");
        Some(answer)
    }
}

fn heard(said: &mut Lines<BufReader<ChildStdout>>, what: &str) -> (String, (u64, u64)) {
    let start = format!("@ {what} ");
    let line =
        said.map(|line| line.expect("it writes UTF-8")).find(|line| line.starts_with(&start));
    let line = line.expect("it says how far it is");
    let words: Vec<&str> = line.split(' ').collect();
    let [.., cpu, peak] = words[..] else { panic!("{line}") };
    let number = |word: &str| word.parse().expect("a number");
    (words[2].to_owned(), (number(cpu), number(peak)))
}

fn socket(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    socket.connect(server).expect("it is on this machine");
    socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a time to wait");
    socket
}

fn exchange(socket: &UdpSocket, name: &str, rtype: Rtype) -> Option<Message> {
    let question = Question { name: name.parse().expect("a name"), rtype, class: Class::IN };
    let mut query = Message::query(7, question);
    query.edns = Some(Edns { dnssec_ok: true, ..Edns::default() });
    socket.send(&query.encode()).ok()?;
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer).ok()?;
    Message::decode(&answer[..length]).ok()
}

fn name(number: u64) -> String {
    threepid(number).owner(&apex()).expect("it has a name").to_string()
}

/// Writes statements as their verification server signed them, of 180 octets of record data each.
fn write_statements(path: &Path, count: u64) {
    let key = SigningKey::from_seed(&[7; 32]);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let share = count.div_ceil(threads);
    let parts: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let key = &key;
        let part = |first: u64| {
            move || {
                let numbers = first..(first + share).min(count);
                numbers.flat_map(|number| statement(number, key)).collect::<Vec<u8>>()
            }
        };
        let parts: Vec<_> = (0..count)
            .step_by(usize::try_from(share).expect("it fits"))
            .map(|at| scope.spawn(part(at)))
            .collect();
        parts.into_iter().map(|part| part.join().expect("it writes")).collect()
    });
    let mut file = BufWriter::new(File::create(path).expect("a file can be made"));
    parts.iter().for_each(|part| file.write_all(part).expect("there is room"));
    file.flush().expect("there is room");
}

fn statement(number: u64, key: &SigningKey) -> Vec<u8> {
    use threepid::association::{Association, Claim, Extra, Statement, Ts};
    use threepid::signed::KeyName;
    let at = Ts::from_millis(1_600_000_000_000).expect("less than 2^48");
    let claim = Claim::from(Association {
        mxid: format!("@{number:073}:matrix.example").parse().expect("an mxid"),
        ts: at,
        not_before: at,
        not_after: at.default_end().expect("less than 2^48"),
        extra: Extra::default(),
    });
    let server = "verify.example".parse().expect("a name");
    let signer = KeyName::new(server, "ed25519:1".parse().expect("an id"));
    let threepid = threepid(number);
    let statement = Statement::sign(claim, &threepid, signer, key).expect("it fits");
    assert_eq!(statement.to_rdata().length(), 180);
    let mut line = statement.to_json(&threepid);
    line.push(b'\n');
    line
}

/// Asks for one after the other until it is told to end. How long each answer took, and how
/// many questions had none.
fn ask_meanwhile(server: SocketAddr, count: u64, end: &AtomicBool) -> (Vec<Duration>, u64) {
    let (socket, mut random) = (socket(server), SeededRandom::new(1));
    let (mut took, mut lost) = (Vec::new(), 0);
    while !end.load(Ordering::Relaxed) {
        let name = name(random.below(count));
        let before = tokio::time::Instant::now();
        match exchange(&socket, &name, Rtype::ASSOC) {
            Some(_) => took.push(before.elapsed()),
            None => lost += 1,
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    took.sort_unstable();
    (took, lost)
}

/// A directory with a configuration, a zone and its key.
fn prepare(directory: &Path) -> PathBuf {
    let zone = "$TTL 300\n@ SOA ns h 7 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";
    let config = format!(
        "[authority]\nlisten = [\"127.0.0.1:0\"]\nstore = \"a.store\"\n\
         [[authority.zone]]\nname = \"{ZONE}\"\nfile = \"a.zone\"\nkey_dir = \"keys\"\n"
    );
    fs::write(directory.join("a.zone"), zone).expect("a file can be made");
    fs::write(directory.join("a.toml"), config).expect("a file can be made");
    new_key(directory);
    directory.join("a.toml")
}

/// Puts another key in place of the one there is.
fn new_key(directory: &Path) {
    let keys = directory.join("keys");
    let _ = fs::remove_dir_all(&keys);
    let zone = ZONE.parse().expect("a name");
    let key = ZoneKey::generate(zone, ZoneKey::KSK, &mut OsRandom);
    keys::store(&keys, &key).expect("files can be made");
}

fn since(begun: Timestamp) -> f64 {
    SystemClock.now().since(begun).as_secs_f64()
}

/// Waits until all are answered, as the serial shows that goes up no more.
fn wait_for_all(server: &Server, count: u64) {
    let end = SystemClock.now().saturating_add(PATIENCE);
    let answered = |number| !server.ask(&name(number), Rtype::ASSOC).answer.is_empty();
    for number in [count - 1, 0, count / 2] {
        while !answered(number) {
            assert!(SystemClock.now() < end, "{number} takes too long");
        }
    }
}

#[test]
fn a_million_are_published_while_others_ask() {
    let count = number(COUNT, 3000);
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let (config, lines) = (prepare(directory.path()), directory.path().join("lines"));
    let begun = SystemClock.now();
    write_statements(&lines, count);
    println!("{count} statements made in {:.1} s", since(begun));

    let mut server = Server::start(&config, Some(&lines));
    let (end, address) = (AtomicBool::new(false), server.address);
    let begun = SystemClock.now();
    let (published, answered, (took, lost)) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask_meanwhile(address, count, &end));
        server.hear("published");
        let published = since(begun);
        wait_for_all(&server, count);
        let answered = since(begun);
        end.store(true, Ordering::Relaxed);
        (published, answered, asking.join().expect("it asks"))
    });
    let p99 = took[took.len() * 99 / 100];
    println!(
        "published in {published:.1} s, all answered, signed, {:.3} s later",
        answered - published
    );
    println!(
        "meanwhile {} questions: half in {:?}, 99% in {p99:?}, the longest {:?}, {lost} lost",
        took.len(),
        took[took.len() / 2],
        took[took.len() - 1],
    );
    let before: Vec<_> = [0, count / 3, count - 1].map(|at| server.association(at)).to_vec();
    assert!(before.iter().all(Option::is_some));
    let serial = server.serial();
    let (cpu, peak) = server.stop();
    println!("{} us of CPU for each, at most {} MiB", cpu * 1000 / count, peak / 1024);

    // What was signed is there again.
    let server = Server::start(&config, None);
    println!("started again in {:.2} s, {} MiB", since(server.begun), server.ready.1 / 1024);
    assert_eq!([0, count / 3, count - 1].map(|at| server.association(at)).to_vec(), before);
    // The last group of changes may have been counted after it was answered.
    let settled = server.serial();
    assert!(settled >= serial, "it does not go back");
    server.stop();
    let server = Server::start(&config, None);
    assert_eq!(server.serial(), settled, "nothing has changed");
    server.kill();
    let server = Server::start(&config, None);
    println!("after kill -9 in {:.2} s", since(server.begun));
    assert_eq!([0, count / 3, count - 1].map(|at| server.association(at)).to_vec(), before);
    assert!(server.serial() >= settled, "it does not go back");
    server.stop();

    // Another key signs everything.
    new_key(directory.path());
    let server = Server::start(&config, None);
    let (took, (cpu, peak)) = (since(server.begun), server.ready);
    println!(
        "signed anew in {took:.1} s, {} us of CPU for each, {} MiB",
        cpu * 1000 / count,
        peak / 1024
    );
    assert_ne!(server.association(0), before[0]);
    assert!(server.serial() > serial, "the zone has another key");
    server.stop();
    let report = check(&directory.path().join("a.store"), &Policy::default(), || {});
    let report = report.expect("it can be checked");
    assert!(report.is_good() && report.signed == count, "{report:?}");
}

/// It is killed at any moment while it publishes: what was told is not taken back.
#[test]
fn serials_do_not_go_back_when_it_is_killed() {
    let mut random = SeededRandom::new(number("THREEPID_SEED", 1));
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let (config, lines) = (prepare(directory.path()), directory.path().join("lines"));
    write_statements(&lines, MANY);
    let mut last = Serial(7);
    for round in 0..5 {
        let server = Server::start(&config, Some(&lines));
        let (mut seen, mut changes) = (server.serial(), 0);
        assert!(seen >= last, "round {round}: {seen} after {last}");
        // Where there is nothing left to publish, it changes no more.
        let (most, begun) = (1 + random.below(10), SystemClock.now());
        while changes < most && since(begun) < 3.0 {
            let now = server.serial();
            assert!(now >= seen, "round {round}: {now} after {seen}");
            changes += u64::from(now > seen);
            seen = now;
        }
        server.kill();
        println!("round {round}: {changes} changes seen, up to {seen}");
        last = seen;
    }
    let server = Server::start(&config, Some(&lines));
    wait_for_all(&server, MANY);
    assert!(server.serial() >= last);
    server.stop();
}
