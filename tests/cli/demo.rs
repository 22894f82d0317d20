//! `threepid demo`: where it listens, and what it proposes.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use threepid::threepid::Threepid;

use super::{program, threepid};
use crate::interop::client::await_association;
use crate::interop::namespace;
use crate::interop::process::{Background, output, run};

/// What the demo prints last, and once it serves.
const LAST: &str = "Ctrl-C ends it";

/// The commands that start with `start` among what the demo proposes, in words, with what is
/// expected of them.
fn proposed<'a>(introduction: &'a str, start: &str) -> Vec<(Vec<&'a str>, &'a str)> {
    let lines = introduction.lines().map(str::trim).filter(|line| line.starts_with(start));
    let split = |line: &'a str| line.split_once('#').unwrap_or((line, ""));
    let words = lines.map(split).map(|(command, why)| (command.split_whitespace().collect(), why));
    words.collect()
}

/// Everything that it prints can be typed, and does what it says.
#[test]
fn what_it_proposes_works() {
    namespace::enter();
    let directory = tempfile::tempdir().unwrap();
    let mut demo = Background::start(&mut program(directory.path(), &["demo"]), "the resolver");
    let introduction = demo.told(LAST);
    let lookups = proposed(&introduction, "threepid lookup");
    assert_eq!(lookups.len(), 8, "{introduction}");
    assert!(!demo.said().contains("refused"), "port 53 is free here: {introduction}");
    for (command, why) in lookups {
        let ran = threepid(directory.path(), &command[1..]);
        let nobody = ["withdrawn", "nobody"].iter().any(|word| why.contains(word));
        assert_eq!(ran.code, i32::from(nobody), "{command:?} # {why}: {ran:?}");
        let sum = ran.stdout.lines().next().unwrap();
        let absent = why.contains("nobody");
        assert!(sum.ends_with(if absent { ", proved" } else { ", proved, trusted" }), "{ran:?}");
    }
    assert_published(directory.path(), &introduction);
    for (tool, told) in [("dig", "TYPE65301"), ("delv", "; fully validated")] {
        let commands = proposed(&introduction, &format!("{tool} "));
        assert_eq!(commands.len(), 1, "{introduction}");
        let in_directory = ["-C", directory.path().to_str().unwrap()];
        let said = output("env", &[&in_directory, &commands[0].0[..]].concat());
        assert!(said.contains(told), "{said}");
    }
    demo.signal(Signal::SIGINT);
    demo.ended();
    assert!(!directory.path().join("demo-state/ready").exists());
}

/// What it proposes to publish is told by every root from then on.
fn assert_published(directory: &Path, introduction: &str) {
    let (_, from) = introduction.split_once("  threepid association sign").expect(introduction);
    let (rest, _) = from.split_once(" #").expect("it says what comes of it");
    let program = env!("CARGO_BIN_EXE_threepid");
    let command = format!("threepid association sign{rest}").replace("threepid a", "$P a");
    let command = command.replace("threepid publish", "$P publish");
    let mut shell = Command::new("sh");
    let ran = run(shell.args(["-c", &command]).env("P", program).current_dir(directory));
    assert_eq!(ran.code, 0, "{command}: {ran:?}");
    let dora = Threepid::parse_any("dora@example.org", None).expect("an address");
    for (server, apex) in
        [("127.53.0.1:53", "3pid.example."), ("127.53.1.1:53", "3pid.example.net.")]
    {
        let owner = dora.owner(&apex.parse().expect("a name")).expect("it has a name");
        await_association(server.parse().expect("an address"), owner);
    }
    let client = directory.join("demo-state/client.toml").display().to_string();
    let ran = threepid(directory, &["lookup", "-c", &client, "dora@example.org"]);
    let told = "dora@example.org: @dora:matrix.example, proved, trusted\n";
    assert!(ran.code == 0 && ran.stdout.starts_with(told), "{ran:?}");
    for root in ["3pid.example.", "3pid.example.net."] {
        assert!(
            ran.stdout.contains(&format!("  {root} @dora:matrix.example, proved\n")),
            "{ran:?}"
        );
    }
}

/// The demo must have gone to another port than 53, say so, and work there.
fn assert_elsewhere(directory: &Path, command: &mut Command) {
    let mut demo = Background::start(command, LAST);
    let said = demo.said();
    let (_, told) = said.split_once("Port 53 is refused: the servers are on port ").expect(&said);
    let port = told.split(' ').next().and_then(|port| port.parse::<u16>().ok()).expect("a port");
    assert_ne!(port, 53);
    let client = directory.join("demo-state/client.toml").display().to_string();
    let ran = threepid(directory, &["lookup", "-c", &client, "+447700900123"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let asked = ["@127.53.0.44", "-p", &port.to_string(), "4.4.msisdn.3pid.example", "SOA"];
    assert!(output("dig", &asked).contains("status: NOERROR"));
    demo.signal(Signal::SIGINT);
    demo.told("stopping");
    demo.ended();
}

#[test]
fn it_goes_elsewhere_where_port_53_is_taken_on_one_address() {
    namespace::enter();
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.53.0.49:53").unwrap();
    assert_elsewhere(directory.path(), &mut program(directory.path(), &["demo"]));
    let also = UdpSocket::bind("127.53.0.1:53").unwrap();
    assert_elsewhere(directory.path(), &mut program(directory.path(), &["demo"]));
    drop((taken, also));
}

#[test]
fn it_goes_elsewhere_where_port_53_is_not_for_it() {
    namespace::enter();
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"])
        .args([env!("CARGO_BIN_EXE_threepid"), "demo"])
        .current_dir(directory.path());
    assert_elsewhere(directory.path(), &mut command);
}
