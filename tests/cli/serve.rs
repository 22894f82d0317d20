//! `threepid serve`, told by signals what to do.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::threepid;

const ZONE: &str = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";

const CONFIG: &str = "[authority]\nlisten = [\"127.0.0.1:0\"]\n\
                      [[authority.zone]]\nname = \"a.example\"\nfile = \"a.zone\"\n\
                      [admin]\nlisten = \"127.0.0.1:0\"\n";

fn write(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).expect("the directory can be written");
}

/// A process that serves, ended with the test.
struct Serving {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Serving {
    fn start(directory: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
        command.current_dir(directory).args(["serve", "-c", "a.toml"]).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let log = BufReader::new(child.stderr.take().expect("it is a pipe")).lines();
        let mut serving = Self { child, log };
        serving.told("ready");
        serving
    }

    /// Reads its log up to a line that contains `text`; gives all lines up to there.
    fn told(&mut self, text: &str) -> String {
        let mut told = String::new();
        for line in self.log.by_ref() {
            told += &line.expect("the log is text");
            told.push('\n');
            if told.lines().last().is_some_and(|line| line.contains(text)) {
                return told;
            }
        }
        panic!("{text:?} was not told:\n{told}");
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("it runs");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn signals_reload_and_end_it() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a.zone", ZONE);
    write(directory.path(), "a.toml", CONFIG);
    let mut serving = Serving::start(directory.path());
    write(directory.path(), "a.zone", &format!("{ZONE}new A 192.0.2.300\n"));
    serving.signal(Signal::SIGHUP);
    let told = serving.told("everything is served as before");
    assert!(told.contains("a.zone:5:7: "), "{told}");
    write(directory.path(), "a.zone", &format!("{ZONE}new A 192.0.2.30\n"));
    serving.signal(Signal::SIGHUP);
    serving.told("reloaded");
    serving.signal(Signal::SIGTERM);
    serving.told("stopping");
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
}

#[test]
fn logs_can_be_json() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a.zone", ZONE);
    write(directory.path(), "a.toml", &format!("{CONFIG}[log]\nformat = \"json\"\n"));
    let mut serving = Serving::start(directory.path());
    serving.signal(Signal::SIGINT);
    let told = serving.told("stopping");
    for line in told.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{line}");
    }
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
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
    assert_eq!(ran.stderr, "a.toml: there is no [authority] and no [resolver]\n");
}
