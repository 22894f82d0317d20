//! `threepid key roll` and `key status`.

use std::fs;
use std::path::Path;

use threepid::daemon::demo::{Demo, Settings};
use threepid::daemon::keys;

use super::{beside, threepid};
use crate::interop::process::{Ran, output};

const ZONE: &str = "4.4.msisdn.3pid.example";

fn key(directory: &Path, arguments: &[&str]) -> Ran {
    threepid(directory, &[&["key"], arguments, &["--dir", "keys"]].concat())
}

fn object(ran: &Ran) -> serde_json::Value {
    assert_eq!(ran.code, 0, "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
}

/// Each key's role and state, and what there is to do.
fn summary(object: &serde_json::Value) -> (Vec<String>, Vec<String>) {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let keys = object["keys"].as_array().expect("a list").iter();
    let todo = object["todo"].as_array().expect("a list").iter();
    let mut keys: Vec<_> =
        keys.map(|key| format!("{} {}", text(&key["role"]), text(&key["state"]))).collect();
    keys.sort();
    (keys, todo.map(|duty| text(&duty["what"])).collect())
}

/// What BIND reads from a key's files.
fn settime(directory: &Path, stem: &str) -> String {
    let path = directory.join(stem);
    output("dnssec-settime", &["-p", "all", path.to_str().expect("it is text")])
}

#[test]
fn a_zsk_is_pre_published_and_bind_reads_when() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let old = key(directory, &["generate", "--zsk", ZONE]).stdout.trim().to_owned();
    assert_eq!(key(directory, &["generate", "--ksk", ZONE]).code, 0);
    let rolled = key(directory, &["roll", ZONE, "--zsk", "--at=20400101000000", "--json"]);
    let rolled = object(&rolled);
    assert_eq!(summary(&rolled).0, ["KSK Active", "ZSK Active", "ZSK Generated"]);
    let new = rolled["made"].as_str().unwrap();
    for (stem, lines) in [
        (new, ["Publish: Sun Jan  1 00:00:00 2040", "Activate: Mon Jan  2 01:00:00 2040"]),
        (&old, ["Inactive: Mon Jan  2 01:00:00 2040", "Delete: Tue Jan 17 02:00:00 2040"]),
    ] {
        let told = settime(directory, stem);
        for line in lines {
            assert!(told.lines().any(|told| told == line), "{line} in {told}");
        }
    }
    let again = key(directory, &["roll", ZONE, "--zsk"]);
    assert_eq!(again.code, 1, "{again:?}");
    let safe = "is on its way already: it signs from 2040-01-02 01:00:00 UTC";
    assert!(again.stderr.contains(safe), "{}", again.stderr);
}

/// BIND's own times are obeyed.
#[test]
fn what_bind_writes_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys");
    fs::create_dir(&keys).unwrap();
    let keys = keys.to_str().unwrap();
    let times =
        ["-P", "now", "-A", "20400101000000", "-I", "20410101000000", "-D", "20410201000000"];
    let arguments = [&["-q", "-a", "ED25519", "-K", keys][..], &times, &[ZONE]].concat();
    output("dnssec-keygen", &arguments);
    let status = key(directory.path(), &["status", ZONE]);
    assert_eq!(status.code, 0, "{status:?}");
    let lines = [
        "CSK  Published",
        "Active from 2040-01-01 00:00:00 UTC",
        "Retired from 2041-01-01 00:00:00 UTC",
        "Removed from 2041-02-01 00:00:00 UTC",
        "ends at 2041-01-01 00:00:00 UTC and has no successor",
    ];
    for line in lines {
        assert!(status.stdout.contains(line), "{line} in {}", status.stdout);
    }
    let zone = "$TTL 60\n@ SOA ns.a.example. h.a.example. 1 1h 1h 1h 1m\n@ NS ns.a.example.\n";
    fs::write(directory.path().join("zone"), zone).unwrap();
    let config = format!(
        "[authority]\n[[authority.zone]]\nname = \"{ZONE}\"\nfile = \"zone\"\nkey_dir = \"keys\"\n"
    );
    fs::write(directory.path().join("a.toml"), config).unwrap();
    let checked = threepid(directory.path(), &["config", "check", "a.toml"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    for warning in ["has no successor", "no key that signs yet"] {
        assert!(checked.stderr.contains(warning), "{}", checked.stderr);
    }
}

#[test]
fn a_ksk_waits_until_its_ds_record_was_seen() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let old = key(directory, &["generate", ZONE]).stdout.trim().to_owned();
    let early = key(directory, &["roll", ZONE, "--ds-seen"]);
    assert_eq!(early.code, 1);
    assert!(early.stderr.contains("no key waits for its DS record"), "{}", early.stderr);
    let started = key(directory, &["roll", ZONE]);
    assert_eq!(started.code, 0, "{started:?}");
    let new = started.stdout.lines().next().unwrap().strip_prefix("made ").unwrap();
    let ds = threepid(directory, &["key", "ds", new]).stdout;
    assert!(started.stdout.contains(ds.trim()), "{ds} in {}", started.stdout);
    let go_on = format!("threepid key roll {ZONE}. --ds-seen --dir keys");
    assert!(started.stdout.contains(&go_on), "{}", started.stdout);
    let waiting = object(&key(directory, &["status", ZONE, "--json"]));
    let states = ["CSK Active", "CSK Published"].map(str::to_owned).to_vec();
    assert_eq!(summary(&waiting), (states, vec!["add_ds".to_owned()]));

    let seen = object(&key(directory, &["roll", ZONE, "--ds-seen", "--json", "--parent-ttl=1h"]));
    assert_eq!(summary(&seen).1, ["drop_ds"]);
    assert!(
        settime(directory, new).contains("DS Publish: ")
            && !settime(directory, new).contains("DS Publish: UNSET")
    );
    assert!(!settime(directory, &old).contains("SYNC Delete: UNSET"));
}

/// A root has no parent that could vouch for another key from one day to the next.
#[test]
fn a_root_is_never_rolled_as_if_it_had_a_parent() {
    const ROOT: &str = "3pid.example";
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    key(directory, &["generate", ROOT]);
    for step in [&[][..], &["--csk"], &["--ds-seen"], &["--check"]] {
        let refused = key(directory, &[&["roll", ROOT], step].concat());
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stderr.contains("--anchor"), "{}", refused.stderr);
    }
    let keys = || summary(&object(&key(directory, &["status", ROOT, "--json"]))).0;
    assert_eq!(keys(), ["CSK Active"], "nothing was planned");

    // Who insists can take it back.
    let planned = key(directory, &["roll", ROOT, "--parent"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    for go_on in ["--ds-seen --parent --dir keys", "--cancel --dir keys", "--anchor --dir keys"] {
        assert!(planned.stdout.contains(go_on), "{go_on} in {}", planned.stdout);
    }
    let refused = key(directory, &["roll", ROOT, "--anchor"]);
    assert!(refused.stderr.contains("take the key back: --cancel"), "{}", refused.stderr);
    let cancelled = object(&key(directory, &["roll", ROOT, "--cancel", "--json"]));
    let states = ["CSK Active", "CSK Removed"].map(str::to_owned).to_vec();
    assert_eq!(summary(&cancelled), (states, vec!["drop_ds".to_owned()]));

    assert_eq!(key(directory, &["roll", ROOT, "--anchor"]).code, 0);
    let refused = key(directory, &["roll", ROOT, "--ds-seen", "--parent"]);
    assert!(refused.stderr.contains("no key waits for its DS record"), "{}", refused.stderr);
    assert_eq!(key(directory, &["roll", ROOT, "--cancel"]).code, 0);
    assert_eq!(keys(), ["CSK Active", "CSK Removed", "CSK Removed"]);
    let refused = key(directory, &["roll", ROOT, "--cancel"]);
    assert_eq!(refused.code, 1, "{refused:?}");
}

#[test]
fn a_root_is_not_left_without_an_anchor() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    key(directory, &["generate", "3pid.example"]);
    let refused = key(directory, &["roll", "3pid.example", "--revoke"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("have another one stand by first"), "{}", refused.stderr);
    let stands_by =
        object(&key(directory, &["roll", "3pid.example", "--anchor", "--standby", "--json"]));
    assert_eq!(summary(&stands_by).0, ["CSK Active", "CSK Published"]);
    let started = object(&key(directory, &["roll", "3pid.example", "--anchor", "--json"]));
    assert_eq!(
        (summary(&started).1, &started["made"]),
        (vec!["announce".to_owned()], &serde_json::Value::Null)
    );
    let old = started["keys"].as_array().unwrap().iter().find(|key| key["state"] == "Active");
    let tag = old.unwrap()["tag"].to_string();
    let refused = key(directory, &["roll", "3pid.example", &format!("--revoke={tag}")]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("it is safe from "), "{}", refused.stderr);
}

#[test]
fn mistakes_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let none = key(directory, &["status", ZONE]);
    assert_eq!(none.code, 3);
    assert!(none.stderr.contains("no key of 4.4.msisdn.3pid.example. here"), "{}", none.stderr);
    for (arguments, told) in [
        (&["--zsk", "--ksk"][..], "cannot be used with"),
        (&["--at=tomorrow"], "now, 20261231235959 (UTC) or +30d expected"),
        (&["--ttl=1x"], "a period as 1d12h expected"),
        (&["--anchor", "--zsk"], "cannot be used with"),
    ] {
        let ran = key(directory, &[&["roll", ZONE], arguments].concat());
        assert_eq!(ran.code, 64, "{ran:?}");
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    assert_eq!(key(directory, &["roll", ZONE]).code, 3);
}

/// The keys of a delegated zone beside those of the demo, whose parent has the DS record of the one that it
/// serves.
#[tokio::test]
async fn the_parent_is_asked_whether_it_has_the_ds_record() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let resolver = "127.0.0.1:0".parse().unwrap();
    let settings = Settings { resolver, port: 0, ..Settings::new(directory.to_owned()) };
    let demo = Demo::start(&settings).await.unwrap();
    let check = ["key", "roll", ZONE, "--dir", "keys", "--check", "-c", "client.toml"];
    let nothing = beside(directory, &check).await;
    assert_eq!(nothing.code, 1, "{nothing:?}");
    assert!(nothing.stderr.contains("no key waits"), "{}", nothing.stderr);
    assert_eq!(beside(directory, &["key", "roll", ZONE, "--dir", "keys"]).await.code, 0);
    let early = beside(directory, &check).await;
    assert_eq!(early.code, 1, "{early:?}");
    assert!(early.stderr.contains("has no DS record of key"), "{}", early.stderr);

    // The one that it serves takes the place of the other, as if it had been the one to come.
    let zone = format!("{ZONE}.").parse().unwrap();
    let keys = keys::load_pairs(&zone, &directory.join("keys")).unwrap();
    let (coming, signing): (Vec<_>, Vec<_>) =
        keys.iter().partition(|(_, key)| key.timing.activate.is_none());
    let swapped = [(&coming[0], &signing[0]), (&signing[0], &coming[0])];
    for ((path, _), (_, other)) in swapped {
        keys::set_timing(path, &other.timing).unwrap();
    }
    let seen = beside(directory, &check).await;
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(seen.stdout.contains("leave the DS record of key"), "{}", seen.stdout);
    demo.stop().await;
}
