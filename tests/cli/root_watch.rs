//! A resolver that goes by a root list, and follows it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use threepid::wire::Rcode;

use super::roots::{draft, expire, key, mirror, publish, sign};
use super::serve::{address, ask, serve};
use super::threepid;
use crate::interop::process::Background;

const ZONE: &str = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 127.0.0.1\n";

/// A list that says that this DS proves the tree on this machine.
fn list(directory: &Path, version: u32, ds: &str, previous: Option<&str>) {
    let file = draft(directory, version, 1, &["a", "b"]);
    let text = fs::read(directory.join(&file)).expect("it was written");
    let mut list: Value = serde_json::from_slice(&text).expect("it is JSON");
    list["roots"][0]["servers"] = json!(["127.0.0.1"]);
    list["roots"][0]["ds"] = json!([ds]);
    fs::write(directory.join(&file), list.to_string()).expect("writable");
    for letter in ["a", "b"] {
        let ran = sign(directory, &file, letter, previous);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
}

/// A new key for the zone, and its DS without owner and type.
fn zone_key(directory: &Path) -> (String, String) {
    let made = threepid(directory, &["key", "generate", "3pid.example", "--dir", "keys"]);
    let key = made.stdout.trim().to_owned();
    let ds = threepid(directory, &["key", "ds", &key]).stdout;
    let (_, data) = ds.trim().split_once(" DS ").expect("a DS record");
    (key, data.to_owned())
}

/// The tree has another key than the first list says. What the state of RFC 5011 says of it does not
/// matter: it is not even read.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_ds_in_the_list_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let write = |name: &str, text: &str| fs::write(directory.join(name), text).unwrap();
    let ((_, old), (key, new)) = (zone_key(directory), zone_key(directory));
    write("a.zone", ZONE);
    write(
        "servers.toml",
        &format!(
            "[authority]\nlisten = [\"127.0.0.1:0\"]\n[[authority.zone]]\nname = \"3pid.example\"\n\
             file = \"a.zone\"\nkeys = [\"{key}\"]\n"
        ),
    );
    let servers = serve(directory, "servers.toml");
    let port = address(&servers, "authority").port();
    list(directory, 1, &old, None);
    list(directory, 2, &new, Some("1.json"));
    fs::copy(directory.join("1.json"), directory.join("held.json")).unwrap();
    fs::create_dir(directory.join("anchors")).unwrap();
    write("anchors/anchors-3pid.example.", "not what a state is");
    let resolver = |urls: &str| {
        format!(
            "[resolver]\nlisten = [\"127.0.0.1:0\"]\niteration_port = {port}\n\
             anchor_dir = \"anchors\"\nroot_list = \"held.json\"\n{urls}"
        )
    };
    write("resolver.toml", &resolver(""));
    let mut serving = serve(directory, "resolver.toml");
    let server = address(&serving, "resolver");
    let rcode = |name: &str| ask(server, name).rcode;
    assert_eq!(rcode("ns.3pid.example"), Rcode::SERVFAIL, "by the first list nothing proves it");

    publish(directory, "mirror", &[1, 2]);
    let mirror = mirror(&directory.join("mirror")).await;
    write("resolver.toml", &resolver(&format!("root_list_urls = [\"http://{mirror}\"]\n")));
    serving.signal(Signal::SIGHUP);
    for _ in ["as it was told", "as it found"] {
        serving.told("reloaded");
    }
    assert!(serving.said().contains("there is a newer root list version=2"));
    assert_eq!(rcode("ns.3pid.example"), Rcode::NOERROR);
    let held = fs::read(directory.join("held.json")).unwrap();
    assert_eq!(held, fs::read(directory.join("2.json")).unwrap());
    let shown = threepid(directory, &["config", "check", "resolver.toml"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (0, "resolver.toml is good\n"), "{shown:?}");
    serving.end();
    servers.end();
}

/// What the process that tells about itself says at a path.
fn page(serving: &Background, path: &str) -> String {
    let said = serving.said();
    let (_, after) = said.split_once("admin=Some(").expect("it tells its addresses");
    let address = after.split(')').next().expect("it ends");
    let mut stream = TcpStream::connect(address).expect("it serves");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("it reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it answers");
    let (_, body) = response.split_once("\r\n\r\n").expect("a head and a body");
    body.to_owned()
}

/// Everything else in the process is served as ever, and a newer list heals it.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_starts_with_an_expired_list_and_answers_nothing_in_its_trees() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let write = |name: &str, text: &str| fs::write(directory.join(name), text).unwrap();
    let (key, ds) = zone_key(directory);
    write("a.zone", ZONE);
    let authority = |zone: &str| {
        format!(
            "[authority]\nlisten = [\"127.0.0.1:0\"]\n[[authority.zone]]\nname = \"{zone}\"\n\
             file = \"a.zone\"\n"
        )
    };
    write("servers.toml", &format!("{}keys = [\"{key}\"]\n", authority("3pid.example")));
    let servers = serve(directory, "servers.toml");
    let port = address(&servers, "authority").port();
    list(directory, 1, &ds, None);
    expire(directory, "1.json");
    list(directory, 2, &ds, Some("1.json"));
    fs::copy(directory.join("1.json"), directory.join("held.json")).unwrap();
    let all = |urls: &str| {
        format!(
            "{}[admin]\nlisten = \"127.0.0.1:0\"\n[resolver]\nlisten = [\"127.0.0.1:0\"]\n\
             iteration_port = {port}\nroot_list = \"held.json\"\n{urls}",
            authority("a.example")
        )
    };
    write("all.toml", &all(""));
    let checked = threepid(directory, &["config", "check", "all.toml"]);
    assert!(checked.code == 1 && checked.stderr.contains("version 1 expired at"), "{checked:?}");
    let mut serving = serve(directory, "all.toml");
    serving.told("version 1 expired at 2023-11-14T22:13:20Z: nothing is answered in 3pid.example.");
    let (resolver, own) = (address(&serving, "resolver"), address(&serving, "authority"));
    assert_eq!(ask(resolver, "ns.3pid.example").rcode, Rcode::SERVFAIL);
    assert_eq!(ask(own, "ns.a.example").answer.len(), 1);
    let health = page(&serving, "/health");
    assert!(health.starts_with("ready\nthe root list: version 1 expired at"), "{health}");
    let metrics = page(&serving, "/metrics");
    let gauge = "\nthreepid_root_list_expiry_timestamp_seconds 1700000000\n";
    assert!(metrics.contains(gauge), "{metrics}");

    publish(directory, "mirror", &[1, 2]);
    let mirror = mirror(&directory.join("mirror")).await;
    write("all.toml", &all(&format!("root_list_urls = [\"http://{mirror}\"]\n")));
    serving.signal(Signal::SIGHUP);
    for _ in ["as it was told", "as it found"] {
        serving.told("reloaded");
    }
    assert_eq!(ask(resolver, "ns.3pid.example").rcode, Rcode::NOERROR);
    assert_eq!(page(&serving, "/health"), "ready\n");
    serving.end();
    servers.end();
}

/// Its signatures are good, and it is newer. But one of its keys is for something else here.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_has_a_key_of_a_verification_server_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    for (version, letters, previous) in
        [(1, &["a", "b"][..], None), (2, &["a", "b", "c"], Some("1.json"))]
    {
        let file = draft(directory, version, 1, letters);
        for letter in ["a", "b"] {
            assert_eq!(sign(directory, &file, letter, previous).code, 0);
        }
    }
    fs::copy(directory.join("1.json"), directory.join("held.json")).unwrap();
    publish(directory, "mirror", &[1, 2]);
    let (mirror, verifier) = (mirror(&directory.join("mirror")).await, key(directory, "c"));
    let text = format!(
        "[resolver]\nlisten = [\"127.0.0.1:0\"]\nroot_list = \"held.json\"\n\
         root_list_urls = [\"http://{mirror}\"]\n[client]\nroot_list = \"held.json\"\n\
         [[client.verifier]]\nname = \"v.example\"\nkey_id = \"0\"\nkey = \"{verifier}\"\n"
    );
    fs::write(directory.join("all.toml"), text).unwrap();
    let mut serving = serve(directory, "all.toml");
    let told = serving.told("a root list is not taken: ");
    assert!(told.contains("version=2"), "{told}");
    let held = fs::read(directory.join("held.json")).unwrap();
    assert_eq!(held, fs::read(directory.join("1.json")).unwrap());
    serving.end();
}

#[test]
fn authorities_to_check_mirrors_by_are_read_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    list(directory, 1, &format!("1 15 2 {}", "00".repeat(32)), None);
    let text = "[client]\nroot_list = \"1.json\"\nca_file = \"absent.pem\"\n";
    fs::write(directory.join("client.toml"), text).unwrap();
    let checked = threepid(directory, &["config", "check", "client.toml"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    assert!(checked.stderr.starts_with("client.toml:3:11: "), "{checked:?}");
    assert!(checked.stderr.contains("absent.pem"), "{checked:?}");
}
