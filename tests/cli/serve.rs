//! `threepid serve`, told by signals what to do.

use std::fs;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use threepid::wire::{Class, Message, Question, Rcode, Rtype};

use super::{program, threepid};
use crate::interop::process::Background;

const ZONE: &str = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";

const CONFIG: &str = "[authority]\nlisten = [\"127.0.0.1:0\"]\n\
                      [[authority.zone]]\nname = \"a.example\"\nfile = \"a.zone\"\n\
                      [admin]\nlisten = \"127.0.0.1:0\"\n";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

fn write(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).expect("the directory can be written");
}

/// A directory with a configuration and its zone.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    write(directory.path(), "a.zone", ZONE);
    write(directory.path(), "a.toml", CONFIG);
    directory
}

pub(super) fn serve(directory: &Path, config: &str) -> Background {
    Background::start(&mut program(directory, &["serve", "-c", config]), "ready")
}

/// Where it serves as `part`, by what it tells when it is ready.
pub(crate) fn address(serving: &Background, part: &str) -> SocketAddr {
    let said = serving.said();
    let (_, after) = said.split_once(&format!("{part}=[")).expect("it tells its addresses");
    after.split(']').next().expect("a list ends").parse().expect("one address")
}

/// Asks for the address of a name, and gives whatever is answered.
pub(super) fn ask(server: SocketAddr, name: &str) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    socket.set_read_timeout(Some(PATIENCE)).expect("it is no zero");
    let question =
        Question { name: name.parse().expect("a name"), rtype: Rtype::A, class: Class::IN };
    let mut query = Message::query(7, question);
    query.flags.recursion_desired = true;
    socket.send_to(&query.encode(), server).expect("loopback");
    let mut packet = [0; 4096];
    let length = socket.recv(&mut packet).expect("an answer in time");
    Message::decode(&packet[..length]).expect("a message")
}

#[test]
fn hangup_reloads_and_a_mistake_changes_nothing() {
    let directory = directory();
    let mut serving = serve(directory.path(), "a.toml");
    let server = address(&serving, "authority");
    let answers = |name: &str| ask(server, name).answer.len();

    write(directory.path(), "a.zone", &format!("{ZONE}new A 192.0.2.2\nbad A 192.0.2.300\n"));
    serving.signal(Signal::SIGHUP);
    let told = serving.told("not reloaded: everything is served as before");
    assert!(told.contains("a.zone:6:7: "), "{told}");
    assert_eq!((answers("ns.a.example"), answers("new.a.example")), (1, 0), "the old zone");

    write(directory.path(), "a.toml", &CONFIG.replace("file", "fiel"));
    serving.signal(Signal::SIGHUP);
    let told = serving.told("not reloaded");
    assert!(told.contains("a.toml:5:1: unknown key `fiel`, did you mean `file`?"), "{told}");
    assert_eq!((answers("ns.a.example"), answers("new.a.example")), (1, 0), "the old zone");

    write(directory.path(), "a.zone", &format!("{ZONE}new A 192.0.2.2\n"));
    write(directory.path(), "a.toml", CONFIG);
    serving.signal(Signal::SIGHUP);
    let told = serving.told("reloaded");
    assert!(!told.contains("not reloaded"), "{told}");
    assert!(!told.contains("goes back"), "{told}");
    assert_eq!((answers("ns.a.example"), answers("new.a.example")), (1, 1), "the new zone");

    write(directory.path(), "a.zone", &ZONE.replace(" h 1 ", " h 0 "));
    serving.signal(Signal::SIGHUP);
    let told = serving.told("reloaded");
    assert!(told.contains("the serial goes back zone=a.example. old=1 new=0"), "{told}");
    serving.end();
}

#[test]
fn both_signals_end_it_and_idle_clients_do_not_hold_it_up() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let directory = directory();
        let mut serving = serve(directory.path(), "a.toml");
        let idle = TcpStream::connect(address(&serving, "authority")).expect("it serves TCP");
        serving.signal(signal);
        serving.told("stopping");
        serving.ended();
        drop(idle);
    }
}

/// A signed zone at one process and a resolver at another, which asks it through the test.
struct Between {
    authority: Background,
    resolver: Background,
    socket: UdpSocket,
}

impl Between {
    fn start(directory: &Path) -> Self {
        let made = threepid(directory, &["key", "generate", "a.example", "--dir", "keys"]);
        let key = made.stdout.trim();
        write(
            directory,
            "a.toml",
            &CONFIG.replace("[admin]", &format!("keys = [\"{key}\"]\n[admin]")),
        );
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket.set_read_timeout(Some(2 * PATIENCE)).expect("it is no zero");
        let port = socket.local_addr().expect("it is bound").port();
        let resolver = format!(
            "[resolver]\nlisten = [\"127.0.0.1:0\"]\niteration_port = {port}\n\
             [[resolver.root]]\napex = \"a.example\"\nservers = [\"127.0.0.1\"]\n\
             anchor_file = \"{key}.key\"\n"
        );
        write(directory, "resolver.toml", &resolver);
        Self {
            authority: serve(directory, "a.toml"),
            resolver: serve(directory, "resolver.toml"),
            socket,
        }
    }

    /// Receives the resolver's next question; nothing where it is empty: nobody asks any more.
    fn question(&self) -> Option<(Vec<u8>, SocketAddr)> {
        let mut packet = [0; 4096];
        let (length, from) = self.socket.recv_from(&mut packet).expect("a question in time");
        (length > 0).then(|| (packet[..length].to_vec(), from))
    }

    /// Answers a question as the authority does.
    fn pass_on(&self, (question, from): (Vec<u8>, SocketAddr)) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket.set_read_timeout(Some(PATIENCE)).expect("it is no zero");
        let server = address(&self.authority, "authority");
        socket.send_to(&question, server).expect("loopback");
        let mut answer = [0; 4096];
        let length = socket.recv(&mut answer).expect("an answer in time");
        self.socket.send_to(&answer[..length], from).expect("loopback");
    }
}

#[test]
fn what_is_asked_already_is_answered_before_the_end() {
    let directory = directory();
    let mut between = Between::start(directory.path());
    let resolver = address(&between.resolver, "resolver");
    let middle = between.socket.local_addr().unwrap();
    let client = std::thread::spawn(move || {
        let answer = ask(resolver, "ns.a.example");
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&[], middle).unwrap();
        answer
    });
    // The question is on its way once the resolver asks.
    let mut question = between.question();
    between.resolver.signal(Signal::SIGTERM);
    between.resolver.told("stopping");
    while let Some(asked) = question {
        between.pass_on(asked);
        question = between.question();
    }
    let answer = client.join().unwrap();
    assert_eq!((answer.rcode, answer.answer.len()), (Rcode::NOERROR, 1), "{answer:?}");
    between.resolver.ended();
    between.authority.end();
}

#[test]
fn logs_can_be_json() {
    let directory = directory();
    write(directory.path(), "a.toml", &format!("{CONFIG}[log]\nformat = \"json\"\n"));
    let serving = serve(directory.path(), "a.toml");
    for line in serving.end().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{line}");
    }
}

#[test]
fn what_cannot_be_served_is_not_started() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a.toml", CONFIG);
    write(directory.path(), "a.zone", "$TTL 60\n@ SOA ns\nx A 1\n");
    let ran = threepid(directory.path(), &["serve", "-c", "a.toml"]);
    assert_eq!(ran.code, 3);
    let places: Vec<&str> = ran.stderr.lines().filter_map(|line| line.get(..9)).collect();
    assert_eq!(places, ["a.zone:2:", "a.zone:3:"], "{ran:?}");
    let checked = threepid(directory.path(), &["config", "check", "a.toml"]);
    assert_eq!((checked.code, checked.stderr), (1, ran.stderr));
    write(directory.path(), "a.toml", "[log]\n");
    let ran = threepid(directory.path(), &["serve", "-c", "a.toml"]);
    let nothing = "nothing to do: none of [authority], [resolver] and [client] is given";
    assert_eq!(ran.stderr, format!("a.toml:1:1: {nothing}\n"));
    let client = include_str!("../../config/client.toml");
    write(directory.path(), "a.toml", client);
    let ran = threepid(directory.path(), &["serve", "-c", "a.toml"]);
    let told = "a.toml:1:1: nothing to serve: no [authority], no [resolver], no [identity_api]\n";
    assert_eq!(ran.stderr, told);
}
