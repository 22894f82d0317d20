//! The commands of the README do what it says.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use threepid::config::Config;

use crate::interop::namespace;

const README: &str = include_str!("../../README.md");

/// How long a process may take until it is ready, or has read its files again.
const PATIENCE: Duration = Duration::from_secs(60);

/// A block of the README in a language: commands (`sh`), what they print (`text`), a configuration
/// (`toml`).
#[derive(Debug)]
struct Block<'a> {
    language: &'a str,
    text: &'a str,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let parts = text.split("```").skip(1).step_by(2);
    parts
        .map(|part| {
            let (language, text) = part.split_once('\n').expect("a block has lines");
            Block { language, text }
        })
        .collect()
}

/// The processes that the commands leave in the background, by the files they write.
struct Background<'a>(&'a Path);

impl Background<'_> {
    fn pids(&self) -> Vec<Pid> {
        let read = |part: &str| fs::read_to_string(self.0.join(part).join("pid")).ok();
        let pids = ["root", "uk", "client", "verifier"].into_iter().filter_map(read);
        pids.filter_map(|pid| pid.trim().parse().ok()).map(Pid::from_raw).collect()
    }
}

impl Drop for Background<'_> {
    fn drop(&mut self) {
        for pid in self.pids() {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

/// Runs commands as a shell does that ends at the first failure; gives what they print.
fn run(directory: &Path, commands: &str, notify: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_threepid"));
    let programs = program.parent().expect("it is in a directory").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&path)));
    let printed = directory.join("printed");
    let told = fs::OpenOptions::new().append(true).create(true).open(directory.join("log"));
    let status = Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(directory)
        .env("PATH", path.expect("no directory has a colon"))
        .env("NOTIFY_SOCKET", notify)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&printed).expect("the directory can be written"))
        .stderr(told.expect("the directory can be written"))
        .status()
        .expect("there is a shell");
    let printed = fs::read_to_string(printed).expect("it was just written");
    let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
    assert!(status.success(), "{status} of:\n{commands}\n{printed}\n{log}");
    printed
}

/// Waits until a process tells that it is ready.
fn await_ready(socket: &UnixDatagram) {
    let mut state = [0; 256];
    loop {
        let length = socket.recv(&mut state).expect("a process gets ready in time");
        if state[..length].starts_with(b"READY=1") {
            return;
        }
    }
}

#[test]
fn the_worked_examples_work() {
    namespace::enter();
    let directory = tempfile::tempdir().unwrap();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["zones", "config"] {
        symlink(checkout.join(part), directory.path().join(part)).unwrap();
    }
    let notify = directory.path().join("notify");
    let socket = UnixDatagram::bind(&notify).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let background = Background(directory.path());
    let mut printed = String::new();
    let (mut commands, mut outputs) = (0, 0);
    for block in blocks(README) {
        match block.language {
            "sh" => {
                printed = run(directory.path(), block.text, &notify);
                commands += 1;
                // What is in the background is ready, or has reloaded, before the next command.
                let waits = ["threepid serve", "kill -HUP"];
                if waits.iter().any(|command| block.text.contains(command)) {
                    await_ready(&socket);
                }
            }
            "text" => {
                assert_eq!(printed, block.text);
                outputs += 1;
            }
            // A configuration: it is read, and nothing is asked of the public tree.
            "toml" => drop(Config::parse(block.text, Path::new("README.toml")).unwrap()),
            language => assert_eq!(language, "console"),
        }
    }
    assert_eq!((commands, outputs, background.pids().len()), (11, 3, 4));
}

#[test]
fn every_file_it_names_is_there() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.contains("://")) {
        assert!(checkout.join(link).exists(), "{link}");
    }
}
