//! A process brought up, reloaded and brought down, on free ports of loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::demo::{Demo, Settings};
use super::restart::put_off;
use super::*;
use crate::transport::{Exchange, Limits, Network, Transport};
use crate::wire::{Class, Message, Question, Rcode, Rtype};

const ZONE: &str = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";

const CONFIG: &str = "[authority]\nlisten = [\"127.0.0.1:0\"]\nthreads = 1\n\
                      [[authority.zone]]\nname = \"a.example\"\nfile = \"a.zone\"\n\
                      [admin]\nlisten = \"127.0.0.1:0\"\n";

/// A directory with a configuration and its zone.
struct State(TempDir);

impl State {
    fn new() -> Self {
        let state = Self(tempfile::tempdir().unwrap());
        state.write("a.zone", ZONE);
        state.write("a.toml", CONFIG);
        state
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    async fn start(&self) -> Result<Daemon, StartError> {
        Daemon::start(Config::load(&self.path("a.toml")).unwrap()).await
    }

    /// The lines of a message, the directory left out.
    fn lines(&self, error: &impl ToString) -> Vec<String> {
        let directory = format!("{}/", self.0.path().display());
        error.to_string().replace(&directory, "").lines().map(str::to_owned).collect()
    }
}

/// What the daemon's authority answers.
async fn ask(daemon: &Daemon, name: &str, rtype: Rtype) -> Message {
    ask_server(daemon.authority_addresses()[0], name, rtype).await
}

async fn ask_server(server: SocketAddr, name: &str, rtype: Rtype) -> Message {
    let question = Question { name: name.parse().unwrap(), rtype, class: Class::IN };
    let mut query = Message::query(7, question);
    query.flags.recursion_desired = true;
    let (network, packet) = (Network::new(&Limits::default()), query.encode());
    let reply = network.exchange(server, Transport::Udp, &packet, Duration::from_secs(20)).await;
    Message::decode(&reply.unwrap()).unwrap()
}

async fn get(daemon: &Daemon, path: &str) -> String {
    let mut stream = TcpStream::connect(daemon.admin_address().unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_daemon_answers_and_tells_about_itself() {
    let state = State::new();
    let daemon = state.start().await.unwrap();
    assert_eq!(ask(&daemon, "ns.a.example", Rtype::A).await.answer.len(), 1);
    assert!(get(&daemon, "/health").await.ends_with("ready\n"));
    let metrics = get(&daemon, "/metrics").await;
    assert!(metrics.contains("threepid_dns_questions_total{"), "{metrics}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_reload_serves_the_new_zone() {
    let state = State::new();
    let mut daemon = state.start().await.unwrap();
    state.write("a.zone", &format!("{ZONE}new A 192.0.2.2\n"));
    assert_eq!(ask(&daemon, "new.a.example", Rtype::A).await.answer.len(), 0);
    daemon.reload().await.unwrap();
    assert_eq!(ask(&daemon, "new.a.example", Rtype::A).await.answer.len(), 1);
    daemon.stop().await;
}

#[tokio::test]
async fn a_bad_reload_leaves_all_as_it_was() {
    let state = State::new();
    let mut daemon = state.start().await.unwrap();
    state.write("a.zone", &format!("{ZONE}new A 192.0.2.2\nbad A here\n"));
    let error = daemon.reload().await.unwrap_err();
    assert!(state.lines(&error)[0].starts_with("a.zone:6:7: "), "{error}");
    assert_eq!(ask(&daemon, "new.a.example", Rtype::A).await.answer.len(), 0);
    state.write("a.zone", ZONE);
    state.write("a.toml", &CONFIG.replace("file", "fill"));
    let error = daemon.reload().await.unwrap_err();
    assert!(
        state.lines(&error).iter().any(|line| line.contains("did you mean `file`?")),
        "{error}"
    );
    assert_eq!(ask(&daemon, "ns.a.example", Rtype::A).await.answer.len(), 1);
    let metrics = daemon.status.telemetry.render();
    for series in [r#"{outcome="done"} 0"#, r#"{outcome="refused"} 2"#] {
        assert!(metrics.contains(&format!("threepid_reloads_total{series}\n")), "{metrics}");
    }
    daemon.stop().await;
}

const RESOLVER: &str = "[resolver]\nlisten = [\"127.0.0.1:0\"]\niteration_port = 1\n";

fn root(apex: &str) -> String {
    let digest = "00".repeat(32);
    format!(
        "[[resolver.root]]\napex = \"{apex}\"\nservers = [\"127.0.0.1\"]\n\
         anchors = [\"{apex}. DS 1 15 2 {digest}\"]\n"
    )
}

#[tokio::test]
async fn a_resolver_goes_over_to_new_roots() {
    let state = State::new();
    state.write("a.toml", &format!("{RESOLVER}{}", root("a.example")));
    let mut daemon = state.start().await.unwrap();
    let resolver = daemon.resolver_addresses()[0];
    let rcode = async || ask_server(resolver, "x.b.example", Rtype::A).await.rcode;
    assert_eq!(rcode().await, Rcode::REFUSED);
    state.write("a.toml", &format!("{RESOLVER}{}{}", root("a.example"), root("b.example")));
    daemon.reload().await.unwrap();
    assert_eq!(rcode().await, Rcode::SERVFAIL, "the root is known, and its server silent");
    daemon.stop().await;
}

#[tokio::test]
async fn questions_go_out_from_addresses_of_this_machine() {
    let state = State::new();
    let sources = |list: &str| format!("{RESOLVER}sources = [{list}]\n{}", root("a.example"));
    state.write("a.toml", &sources("\"127.0.0.1\", \"192.0.2.1\""));
    let error = state.start().await.err().unwrap();
    let [line] = &state.lines(&error)[..] else { panic!("{error}") };
    let expected = "a.toml:4:25: questions cannot go out from 192.0.2.1: ";
    assert!(
        line.starts_with(expected) && line.ends_with("the addresses of this machine"),
        "{line}"
    );
    state.write("a.toml", &sources("\"127.0.0.1\""));
    let mut daemon = state.start().await.unwrap();
    state.write("a.toml", &sources("\"192.0.2.1\""));
    let error = daemon.reload().await.unwrap_err();
    assert!(
        state.lines(&error)[0].starts_with("a.toml:4:12: questions cannot go out from"),
        "{error}"
    );
    daemon.stop().await;
}

#[test]
fn what_takes_a_restart_is_known() {
    let read = |text: &str| Config::parse(text, Path::new("a.toml")).unwrap();
    let old = read(CONFIG);
    let told = |new: &str| put_off(&old, &read(new));
    assert_eq!(told(&format!("# moved\n{CONFIG}")), [""; 0]);
    assert_eq!(told(&CONFIG.replace("a.zone", "b.zone")), [""; 0]);
    for (from, to, expected) in [
        (
            "listen = [\"127.0.0.1:0\"]",
            "listen = [\"127.0.0.2:0\"]",
            ":2:11: `listen` of [authority]",
        ),
        ("threads = 1", "threads = 2", ":3:11: `threads` of [authority]"),
        ("threads = 1\n", "", ":1:1: `threads` of [authority]"),
        ("[admin]", "[log]\nlevel = \"debug\"\n[admin]", ":7:1: [log]"),
        ("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.2:0\"", ":8:10: `listen` of [admin]"),
        ("listen = \"127.0.0.1:0\"", "", ": `listen` of [admin]"),
    ] {
        let expected = format!("a.toml{expected} changes at the next start only");
        assert_eq!(told(&CONFIG.replacen(from, to, 1)), [expected], "{to}");
    }
}

#[tokio::test]
async fn a_bad_start_tells_everything() {
    let state = State::new();
    state.write("a.zone", &format!("{ZONE}bad A here\nworse\n"));
    let more = "[[authority.zone]]\nname = \"b.example\"\nfile = \"b.zone\"\nkeys = [\"Kb\"]\n";
    state.write("a.toml", &CONFIG.replace("[admin]", &format!("{more}[admin]")));
    let error = state.start().await.err().unwrap();
    let lines = state.lines(&error);
    let places: Vec<&str> = lines.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["a.toml:9:8", "a.toml:10:9", "a.zone:5:7", "a.zone:6:6"], "{error}");
    let clock = SystemClock;
    state.write("a.toml", &CONFIG.replace("threads", "thread"));
    let error = load::read(&state.path("a.toml"), clock.now()).unwrap_err();
    let lines = state.lines(&error);
    let places: Vec<&str> = lines.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        ["a.toml:3:1", "a.zone:5:7", "a.zone:6:6"],
        "the zones are read all the same"
    );
    let store = "thread = 1\nstore = \"none/a.store\"";
    state.write("a.toml", &CONFIG.replace("threads = 1", store));
    let error = load::read(&state.path("a.toml"), clock.now()).unwrap_err();
    assert!(state.lines(&error)[1].starts_with("a.toml:4:9: the store "), "{error}");
}

#[tokio::test]
async fn an_address_in_use_is_told_with_its_place() {
    let state = State::new();
    let first = state.start().await.unwrap();
    let taken = first.authority_addresses()[0];
    state.write("a.toml", &CONFIG.replacen("127.0.0.1:0", &taken.to_string(), 1));
    let error = state.start().await.err().unwrap();
    assert!(error.is_about_the_port());
    let line = &state.lines(&error)[0];
    assert!(line.starts_with(&format!("a.toml:2:11: cannot listen on {taken}")), "{line}");
    assert!(line.ends_with("`ss -lntup` shows who listens there"), "{line}");
    let both = format!("\"{taken}\", \"192.0.2.1:1\"");
    state.write("a.toml", &CONFIG.replacen("\"127.0.0.1:0\"", &both, 1));
    let error = state.start().await.err().unwrap();
    assert_eq!(state.lines(&error).len(), 2, "{error}");
    assert!(!error.is_about_the_port(), "another port makes no address of ours of it");
    first.stop().await;
}

#[tokio::test]
async fn the_demo_comes_up_again_with_the_same_keys() {
    let directory = tempfile::tempdir().unwrap();
    let settings = anywhere(directory.path());
    let demo = Demo::start(&settings).await.unwrap();
    let anchor = read(&demo.path("root.anchor"));
    assert!(anchor.starts_with("3pid.example. 3600 IN DNSKEY 257 3 15 "), "{anchor}");
    assert!(read(&demo.path("root.keys")).contains("\"3pid.example.\" static-key 257 3 15 \""));
    assert!(demo.path("ready").exists());
    demo.stop().await;
    assert!(!directory.path().join("ready").exists());
    let mut again = Demo::start(&settings).await.unwrap();
    assert_eq!(read(&again.path("root.anchor")), anchor);
    let zone = again.path("zones/3pid.example.zone");
    fs::write(&zone, format!("{}new A 192.0.2.1\n", read(&zone))).unwrap();
    again.reload().await.unwrap();
    let answer = ask_server(again.resolver(), "new.3pid.example", Rtype::A).await;
    assert_eq!(answer.answer.len(), 1);
    again.stop().await;
}

#[tokio::test]
async fn a_bad_reload_of_the_demo_changes_no_server() {
    let directory = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(&anywhere(directory.path())).await.unwrap();
    let edit = |name: &str, more: &str| {
        let zone = directory.path().join(format!("zones/{name}.zone"));
        fs::write(&zone, format!("{}{more}\n", read(&zone))).unwrap();
    };
    edit("3pid.example", "new A 192.0.2.1");
    edit("4.4.msisdn.3pid.example", "bad A here");
    edit("3pid.example.net", "bad A here");
    let error = demo.reload().await.unwrap_err();
    let told: Vec<String> = error.faults().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{error}");
    for (line, zone) in told.iter().zip(["4.4.msisdn.3pid.example", "3pid.example.net"]) {
        let place = demo.path(&format!("zones/{zone}.zone"));
        assert!(line.starts_with(&format!("{}:", place.display())), "{line}");
    }
    let root = SocketAddr::new(demo.zones().next().unwrap().1, demo.port());
    assert_eq!(ask_server(root, "new.3pid.example", Rtype::A).await.answer.len(), 0);
    demo.stop().await;
    let error = Demo::start(&anywhere(directory.path())).await.err().unwrap();
    assert_eq!(error.to_string().lines().count(), 2, "{error}");
    assert!(error.is_about_files());
}

#[tokio::test]
async fn a_place_that_cannot_be_is_no_place_for_a_demo() {
    let error = Demo::start(&anywhere(Path::new("/proc/demo"))).await.err().unwrap().to_string();
    assert!(error.starts_with("cannot make the directory /proc/demo: "), "{error}");
}

#[tokio::test]
async fn the_demo_goes_to_a_free_port() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.53.0.44:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let demo = Demo::start(&Settings { port, ..anywhere(directory.path()) }).await.unwrap();
    assert_ne!(demo.port(), port);
    let again = Settings { resolver: demo.resolver(), ..anywhere(directory.path()) };
    let error = Demo::start(&again).await.err().unwrap().to_string();
    assert!(error.ends_with("is there another demo?"), "{error}");
    assert!(demo.path("ready").exists(), "the first demo is left alone");
    demo.stop().await;
}

/// The demo on free ports.
fn anywhere(directory: &Path) -> Settings {
    let resolver = "127.0.0.1:0".parse().unwrap();
    Settings { resolver, port: 0, ..Settings::new(directory.to_owned()) }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_told_with_its_place() {
    let state = State::new();
    state.write("a.toml", &CONFIG.replace("threads", "store = \"a.zone\"\nthreads"));
    let Err(error) = state.start().await else { panic!("it starts") };
    assert_eq!(state.lines(&error), ["a.toml:3:9: the store a.zone: not a store"]);
}
