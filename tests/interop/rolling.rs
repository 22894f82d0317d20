//! A root that rolls its key, served under libfaketime: what it gives as months go by, and a resolver that goes
//! by RFC 5011 and looks now and then.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use threepid::clock::{Clock, SystemClock, Timestamp};
use threepid::daemon::keys;
use threepid::dnssec::rollover::{Ledger, State, TrustPoint};
use threepid::dnssec::{Algorithms, Effort, Limits, SupportedDs, TrustedKeys};
use threepid::wire::rdata::{Dnskey, Rrsig};
use threepid::wire::{Class, Edns, Message, Name, Question, Record, Rrset, Rtype};

use super::process::{Background, Ran, run};

const APEX: &str = "3pid.example.";
const ZONE: &str = "$TTL 1h\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";
const CONFIG: &str = "[authority]\nlisten = [\"127.0.0.1:0\"]\n[[authority.zone]]\n\
                      name = \"3pid.example\"\nfile = \"zone\"\nkey_dir = \"keys\"\n";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(86_400);

fn name() -> Name {
    APEX.parse().expect("a name")
}

/// Our program, whose clock is off by what stands in the file `offset`.
fn program(directory: &Path, arguments: &[&str]) -> Command {
    let library =
        format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
    assert!(Path::new(&library).exists(), "{library} of libfaketime is missing");
    let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
    command
        .current_dir(directory)
        .args(arguments)
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", directory.join("offset"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

fn key(directory: &Path, arguments: &[&str]) -> Ran {
    let ran = run(&mut program(directory, &[&["key"], arguments, &["--dir", "keys"]].concat()));
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

/// The set of a type at the apex, with its signatures.
fn ask(server: SocketAddr, rtype: Rtype) -> (Rrset, Vec<Rrsig>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    socket.set_read_timeout(Some(PATIENCE)).expect("it is no zero");
    let mut query = Message::query(7, Question { name: name(), rtype, class: Class::IN });
    query.edns = Some(Edns { udp_size: 1232, dnssec_ok: true, ..Edns::default() });
    socket.send_to(&query.encode(), server).expect("loopback");
    let mut packet = [0; 4096];
    let length = socket.recv(&mut packet).expect("an answer in time");
    let answer = Message::decode(&packet[..length]).expect("a message").answer;
    let (rrsigs, data): (Vec<Record>, Vec<Record>) =
        answer.into_iter().partition(|record| record.rtype == Rtype::RRSIG);
    let rrsigs = rrsigs.iter().map(|record| Rrsig::parse(&record.rdata).expect("it is one"));
    (Rrset::group(data).remove(0), rrsigs.collect())
}

/// The anchors of a point prove the keys, and those the data.
fn proves(point: &TrustPoint, server: SocketAddr, now: Timestamp) {
    let effort = &mut Effort::new(Limits::default());
    let ds = SupportedDs::select(&point.anchors(), Algorithms::default()).expect("of Ed25519");
    let (set, rrsigs) = ask(server, Rtype::DNSKEY);
    let keys = TrustedKeys::establish(&ds, &set, &rrsigs, now, effort).expect("proved keys");
    let (set, rrsigs) = ask(server, Rtype::SOA);
    keys.verify(&set, &rrsigs, now, effort).expect("proved data");
}

#[test]
fn a_root_rolls_its_anchor_and_resolvers_follow() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    let write = |name: &str, text: &str| {
        std::fs::write(directory.join(name), text).expect("the directory can be written");
    };
    write("offset", "+0");
    write("zone", ZONE);
    write("root.toml", CONFIG);
    key(directory, &["generate", APEX]);
    let old = keys::load_directory(&name(), &directory.join("keys")).expect("one key").remove(0);
    let mut serving =
        Background::start(&mut program(directory, &["serve", "-c", "root.toml"]), "ready");
    let (_, said) = serving
        .said()
        .split_once("authority=[")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("it tells");
    let server: SocketAddr = said.split(']').next().expect("a list ends").parse().expect("one");
    key(directory, &["roll", APEX, "--anchor"]);

    let start = SystemClock.now();
    let anchor = vec![old.sha256_ds()];
    let mut point = TrustPoint::new(Ledger::new(name()), anchor, Algorithms::default());
    for (day, states, flags, signers) in [
        (1, "Active Published", [257, 257], 1),
        (15, "Active Published", [257, 257], 1),
        (30, "Active Published", [257, 257], 1),
        (45, "Active Published", [257, 257], 1),
        (60, "Active Published", [257, 257], 1),
        (62, "Retired Active", [257, 257], 1),
        (75, "Retired Active", [257, 257], 1),
        (77, "Revoked Active", [385, 257], 2),
        (90, "Revoked Active", [385, 257], 2),
        (105, "Revoked Active", [385, 257], 2),
        (110, "Removed Active", [257, 0], 1),
        (125, "Removed Active", [257, 0], 1),
    ] {
        write("offset", &format!("+{day}d"));
        serving.signal(Signal::SIGHUP);
        serving.told("reloaded");
        let now = start.saturating_add(DAY * day);

        let status = key(directory, &["status", APEX, "--json"]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
        let keys = status["keys"].as_array().expect("a list").iter();
        let mut of_each: Vec<_> = keys
            .map(|key| (key["tag"] != old.key_tag(), key["state"].as_str().expect("a name")))
            .collect();
        of_each.sort_unstable();
        let shown: Vec<_> = of_each.into_iter().map(|(_, state)| state).collect();
        assert_eq!(shown.join(" "), states, "day {day}");

        let (set, rrsigs) = ask(server, Rtype::DNSKEY);
        let served = set.rdata.iter().map(|rdata| Dnskey::parse(rdata).expect("a key").flags);
        let (mut served, mut flags) = (served.collect::<Vec<_>>(), flags.to_vec());
        flags.retain(|flags| *flags != 0);
        served.sort_unstable();
        flags.sort_unstable();
        assert_eq!((served, rrsigs.len()), (flags, signers), "day {day}");

        let observed = point.observe(&set, &rrsigs, now);
        assert_eq!(observed.proved, Ok(()), "day {day}");
        proves(&point, server, now);
    }
    let states = point.ledger().keys.iter();
    let mut states: Vec<_> =
        states.map(|key| (key.dnskey.public_key != old.dnskey().public_key, key.state)).collect();
    states.sort_unstable_by_key(|(new, _)| *new);
    assert_eq!(states, [(false, State::Revoked), (true, State::Valid)]);
    serving.end();
}
