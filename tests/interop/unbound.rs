//! Unbound resolves and validates our tree, from its anchor alone.

use std::path::Path;
use std::process::Command;

use super::names;
use super::namespace;
use super::process::{Background, demo, output, serve};

/// Where it listens.
pub(crate) const ADDRESS: &str = "127.0.0.54";

/// Starts Unbound in the foreground; `zones` says where it finds the tree.
fn unbound(folder: &Path, anchor: &Path, zones: &str) -> Background {
    let configuration = format!(
        r#"server:
  interface: {ADDRESS}
  directory: "{folder}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  verbosity: 1
  val-log-level: 2
  do-not-query-localhost: no
  qname-minimisation: yes
  qname-minimisation-strict: yes
  aggressive-nsec: yes
  harden-below-nxdomain: yes
  trust-anchor-file: "{anchor}"
{zones}"#,
        folder = folder.display(),
        anchor = anchor.display(),
    );
    let file = folder.join("unbound.conf");
    std::fs::write(&file, configuration).expect("the folder is writable");
    let mut command = Command::new("unbound");
    command.args(["-d", "-p", "-c"]).arg(file);
    Background::start(&mut command, "start of service")
}

/// Unbound, told where the tree's root is.
pub(crate) fn on_stub_zone(folder: &Path, anchor: &Path) -> Background {
    let (apex, server) = (names::APEX, names::ROOT_SERVER);
    unbound(folder, anchor, &format!("stub-zone:\n  name: \"{apex}\"\n  stub-addr: {server}\n"))
}

/// Unbound, told where the server of `.` is.
pub(crate) fn on_hints(folder: &Path, anchor: &Path, server: &str) -> Background {
    let hints = folder.join("root.hints");
    std::fs::write(&hints, format!(". 3600 NS a.test.\na.test. 3600 A {server}\n"))
        .expect("the folder is writable");
    unbound(folder, anchor, &format!("  root-hints: \"{}\"\n", hints.display()))
}

/// Asks Unbound for a validated answer; the reply must have this status and be authentic.
fn assert_authentic(name: &str, rtype: &str, held: bool) {
    let at = format!("@{ADDRESS}");
    let reply = output("dig", &[&at, name, rtype, "+dnssec"]);
    assert!(reply.contains("status: NOERROR"), "{reply}");
    let flags = reply.lines().find(|line| line.starts_with(";; flags:")).expect("flags");
    assert!(flags.split([' ', ';']).any(|flag| flag == "ad"), "not authentic:\n{reply}");
    assert_eq!(!reply.contains("ANSWER: 0"), held, "{name} {rtype}:\n{reply}");
}

/// Questions for what is there and what is not, mixed so that each denial is cached before a name
/// near it is asked for.
fn ask_everything() {
    let questions = [
        (names::NOBODY, "TYPE65301", false),
        (names::ALICE, "TYPE65301", true),
        ("7.7.4.4.msisdn.3pid.example.", "TYPE65301", false),
        (names::ALICE, "TXT", false),
        (names::MISSING, "A", false),
        (names::NO_EMAIL, "TYPE65301", false),
        (names::STRAUSS, "TYPE65301", true),
        ("msisdn.3pid.example.", "A", false),
        (names::TELCO, "TYPE65302", true),
        (names::APEX, "SOA", true),
        (names::APEX, "DNSKEY", true),
        ("4.4.msisdn.3pid.example.", "DS", true),
        ("4.4.msisdn.3pid.example.", "DNSKEY", true),
        (names::TOO_LONG, "TYPE65301", false),
        (names::ALICE, "TYPE65301", true),
    ];
    for (name, rtype, held) in questions {
        assert_authentic(name, rtype, held);
    }
}

#[test]
fn validates_through_a_stub_zone() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    let _demo = demo(state.path());
    let folder = tempfile::tempdir().expect("a folder");
    let _unbound = on_stub_zone(folder.path(), &state.path().join("root.anchor"));
    ask_everything();
}

/// The tree hangs below an unsigned `.` zone, as any name of the public tree might: with its own
/// anchor it is an island of trust.
#[test]
fn validates_below_a_root_zone() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    let _demo = demo(state.path());
    let folder = tempfile::tempdir().expect("a folder");
    let _root = root_zone(folder.path());
    let _unbound = on_hints(folder.path(), &state.path().join("root.anchor"), DNS_ROOT);
    ask_everything();
}

const DNS_ROOT: &str = "127.53.9.1";

/// Our own server, on a `.` zone that delegates the tree's apex.
fn root_zone(folder: &Path) -> Background {
    let zone = format!(
        "$TTL 3600\n\
         . SOA a.test. hostmaster.test. 1 3600 600 86400 300\n\
         . NS a.test.\n\
         a.test. A {DNS_ROOT}\n\
         {apex} NS ns1.{apex}\n\
         ns1.{apex} A {server}\n",
        apex = names::APEX,
        server = names::ROOT_SERVER,
    );
    std::fs::write(folder.join("dot.zone"), zone).expect("the folder is writable");
    let configuration = format!(
        "[authority]\nlisten = [\"{DNS_ROOT}\"]\n[[authority.zone]]\nname = \".\"\nfile = \"dot.zone\"\n"
    );
    let file = folder.join("dot.toml");
    std::fs::write(&file, configuration).expect("the folder is writable");
    serve(&file)
}
