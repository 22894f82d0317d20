//! `threepid delegation show`, `add` and `remove`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use threepid::store::{Borders, Policy, Store};

use super::{package, threepid};
use crate::interop::process::{Ran, run};

const ROOT: &str = "3pid.example.zone";
const DS: &str = "2371 15 2 1f4a6d8e0c93b75a2e6f4d1c8b0a9372645ef1d08c7b3a6592e4d7f01c8b5a63";

/// A folder with the sample root zone.
fn folder() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let zone = package().join("zones").join(ROOT);
    fs::copy(zone, directory.path().join(ROOT)).expect("the sample zone can be copied");
    directory
}

fn zone(directory: &Path) -> String {
    fs::read_to_string(directory.join(ROOT)).expect("the zone is there")
}

/// In a zone whose people are in its file, unless it is said otherwise.
fn delegation(directory: &Path, arguments: &[&str]) -> Ran {
    let is_open = ["add", "remove"].contains(&arguments[0]);
    let is_open = is_open && !arguments.iter().any(|one| ["--store", "--config"].contains(one));
    let place: &[&str] = if is_open { &["--no-store"] } else { &[] };
    threepid(directory, &[&["delegation"], arguments, place].concat())
}

/// What it did, which must have worked.
fn done(directory: &Path, arguments: &[&str]) -> String {
    let ran = delegation(directory, arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    ran.stdout
}

/// The lines of a difference that come and go.
fn steps(diff: &str) -> Vec<&str> {
    let is_step = |line: &&str| line.starts_with(['+', '-']) && line.len() > 1;
    let is_head = |line: &&str| line.starts_with("+++") || line.starts_with("---");
    diff.lines().filter(|line| is_step(line) && !is_head(line)).collect()
}

/// The records of the zone, but the SOA.
fn records(directory: &Path) -> Vec<String> {
    let ran = threepid(directory, &["zone", "print", ROOT]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.stdout.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn delegations_are_shown_for_people_and_programs() {
    let directory = folder();
    let text = done(directory.path(), &["show", ROOT]);
    let first = "example.com  example.com.email.3pid.example.\n    \
                 NS  ns.example.com.email.3pid.example.  127.53.0.10\n    \
                 !!  not signed: there is no DS\n";
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains("\n+44  4.4.msisdn.3pid.example.\n    NS  ns.4.4"), "{text}");
    let text = done(directory.path(), &["show", ROOT, "+49", "--json"]);
    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["name"], "9.4.msisdn.3pid.example.");
    assert_eq!(object["branch"], "+49");
    assert_eq!(object["servers"][0]["addresses"][0], "127.53.0.49");
    assert_eq!(object["concerns"][0], "not signed: there is no DS");
    let ran = delegation(directory.path(), &["show", ROOT, "+1"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert_eq!(ran.stderr, "error: 1.msisdn.3pid.example. is not delegated in this zone\n");
}

#[test]
fn a_delegation_comes_and_goes_and_the_rest_stays() {
    let directory = folder();
    let before = zone(directory.path());
    let made = threepid(directory.path(), &["key", "generate", "3.3.msisdn.3pid.example"]);
    let key = format!("{}.key", made.stdout.trim());
    let servers = "ns.3.3.msisdn.3pid.example=192.0.2.33,2001:db8::33";
    let add = ["add", ROOT, "+33", "--ns", servers, "--key", &key];
    let tried = done(directory.path(), &[add.as_slice(), &["--dry-run"]].concat());
    assert_eq!(zone(directory.path()), before, "a dry run changes nothing");
    let diff = done(directory.path(), &add);
    assert_eq!(diff, tried);

    let steps = steps(&diff);
    assert!(steps[0].starts_with("-                2026112301      ; serial: a greater"), "{diff}");
    assert_eq!(steps[2..4], ["+3.3.msisdn     NS    ns.3.3.msisdn", steps[3]]);
    assert!(steps[3].starts_with("+3.3.msisdn     DS    "), "{diff}");
    assert_eq!(
        steps[4..],
        ["+ns.3.3.msisdn  A     192.0.2.33", "+ns.3.3.msisdn  AAAA  2001:db8::33"]
    );
    let after = zone(directory.path());
    let gone: Vec<&str> =
        before.lines().filter(|line| !after.lines().any(|new| new == *line)).collect();
    assert_eq!(gone, [&steps[0][1..]], "nothing else is touched");

    let shown = done(directory.path(), &["show", ROOT, "+33"]);
    assert!(
        shown.contains("192.0.2.33 2001:db8::33\n    DS  ") && !shown.contains("!!"),
        "{shown}"
    );
    let diff = done(directory.path(), &["remove", ROOT, "+33"]);
    assert_eq!(diff.lines().filter(|line| line.starts_with('-')).count(), 6, "{diff}");
    let again = folder();
    assert_eq!(records(directory.path()), records(again.path()));
}

#[test]
fn other_servers_read_what_is_written() {
    let directory = folder();
    let path = directory.path();
    done(path, &["add", ROOT, "+44", "--merge", "--ds", DS]);
    done(path, &["add", ROOT, "@example.org", "--ns", "ns.3pid.example", "--insecure"]);
    done(path, &["add", ROOT, "example.com", "--replace", "--ns", "ns.3pid.example", "--ds", DS]);
    done(path, &["remove", ROOT, "+49"]);
    let ran = threepid(path, &["zone", "print", ROOT, "--generic"]);
    fs::write(path.join("generic"), ran.stdout).unwrap();
    let checks: [(&str, &[&str]); 3] = [
        ("named-checkzone", &["3pid.example", "generic"]),
        ("nsd-checkzone", &["3pid.example", "generic"]),
        ("kzonecheck", &["-o", "3pid.example", "generic"]),
    ];
    for (program, arguments) in checks {
        let search = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        let ran = run(Command::new(program).current_dir(path).args(arguments).env("PATH", search));
        assert_eq!(ran.code, 0, "{program}: {ran:?}");
    }
    assert!(
        !records(path)
            .iter()
            .any(|record| record.contains("ns.9.4") || record.contains("ns.example.com"))
    );
}

#[test]
fn a_file_keeps_its_mode_and_its_links() {
    let directory = folder();
    let (real, link) = (directory.path().join(ROOT), directory.path().join("link"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(ROOT, &link).unwrap();
    done(directory.path(), &["remove", "link", "+44"]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(!zone(directory.path()).contains("4.4.msisdn"));
    let names = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(names, 2, "nothing is left behind");
}

#[test]
fn an_included_file_is_changed_in_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write(
        ROOT,
        "$ORIGIN e.\n$TTL 1h\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n$INCLUDE cuts msisdn.e.\n",
    );
    write("cuts", "; who answers\n4.4 NS ns.e. ; +44\n");
    let diff = done(directory.path(), &["add", ROOT, "+49", "--ns", "ns.e.", "--insecure"]);
    assert!(diff.starts_with("--- cuts\n+++ cuts\n@@ -1,2 +1,3 @@\n"), "{diff}");
    let cuts = fs::read_to_string(directory.path().join("cuts")).unwrap();
    assert_eq!(cuts, "; who answers\n4.4 NS ns.e. ; +44\n9.4  NS    ns.e.\n");
    assert!(zone(directory.path()).contains("h 2 1h"));
}

#[test]
fn what_is_refused_changes_nothing() {
    let directory = folder();
    let path = directory.path();
    let text = format!("{}\n3.3.msisdn ASSOC \\# 1 00\n", zone(path));
    fs::write(path.join("broken"), &text).unwrap();
    let made = threepid(path, &["key", "generate", "4.4.msisdn.3pid.example", "--zsk"]);
    let (key, before) = (format!("{}.key", made.stdout.trim()), zone(path));
    let ns = ["--ns", "ns.3pid.example"];
    let cases: [(&[&str], i32, &str); 17] = [
        (
            &["add", ROOT, "+44", ns[0], ns[1], "--insecure"],
            1,
            "is delegated already: --merge adds",
        ),
        (&["add", ROOT, "+33", ns[0], ns[1]], 64, "--insecure"),
        (&["add", ROOT, "+33", "--insecure"], 64, "--ns"),
        (&["add", ROOT, "+33", ns[0], "ns", "--insecure"], 64, "write \"ns\" in full"),
        (&["add", ROOT, "+33", ns[0], "ns.e=x", "--insecure"], 64, "\"x\" is no address"),
        (
            &["add", ROOT, "+33", ns[0], ns[1], "--ds", "1 15 2 00"],
            1,
            "the digest of DS 1 is not as long",
        ),
        (&["add", ROOT, "+33", ns[0], ns[1], "--ds", "1 15 2"], 64, "--ds: "),
        (
            &["add", ROOT, "+33", ns[0], ns[1], "--ds", "a. DS 1 15 2 00"],
            64,
            "a DS record of a., a DS of 3.3",
        ),
        (
            &["add", ROOT, "+44", "--merge", "--key", &key],
            1,
            "signs the records of 4.4.msisdn.3pid.example. alone",
        ),
        (
            &["add", ROOT, "+49", "--merge", "--key", &key],
            1,
            "this is a key of 4.4.msisdn.3pid.example., one of 9.4",
        ),
        (
            &["add", ROOT, "x.3pid.example", ns[0], ns[1], "--insecure"],
            64,
            "write x.3pid.example. or @x.3pid.example",
        ),
        (
            &["add", ROOT, "+33", ns[0], "ns.3.3.msisdn.3pid.example", "--insecure"],
            1,
            "give its address, as --ns ns.3.3",
        ),
        (&["add", ROOT, "1.3pid.example.", ns[0], ns[1], "--insecure", "--ttl", "x"], 64, "--ttl"),
        (&["add", "broken", "+33", ns[0], ns[1], "--insecure"], 1, "broken:"),
        (&["remove", ROOT, "+33"], 1, "3.3.msisdn.3pid.example. is not delegated in this zone"),
        (&["remove", "absent", "+33"], 3, "cannot read absent: No such file"),
        (&["show", "broken"], 1, "bad association"),
    ];
    for (arguments, code, told) in cases {
        let ran = delegation(path, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(zone(path), before);
    assert_eq!(fs::read_to_string(path.join("broken")).unwrap(), text);
}

#[tokio::test]
async fn what_would_be_hidden_is_handed_over_first() {
    let directory = tempfile::tempdir().unwrap();
    let (path, file) = (directory.path(), "4.4.msisdn.3pid.example.zone");
    fs::copy(package().join("zones").join(file), path.join(file)).unwrap();
    let add = ["add", file, "+4477", "--ns", "ns.4.4.msisdn.3pid.example", "--insecure"];
    let ran = delegation(path, &add);
    assert_eq!(ran.code, 1);
    let told = "error: 4 records at or below 7.7.4.4.msisdn.3pid.example. would be hidden";
    assert!(ran.stderr.starts_with(told), "{}", ran.stderr);

    let lines = threepid(path, &["zone", "print", file]).stdout;
    let others: String = lines
        .lines()
        .filter(|line| !line.contains(".7.7.4.4."))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(path.join(file), others).unwrap();
    let statement = fs::read_to_string(package().join("tests/vectors/interchange.json")).unwrap();
    let vectors: Value = serde_json::from_str(&statement).unwrap();
    let mut signed = vectors["associations"].as_array().unwrap().iter().map(|case| &case["json"]);
    let is_british =
        |one: &&Value| one["address"].as_str().is_some_and(|it| it.starts_with("4477"));
    let phone = signed.find(is_british);
    let phone = phone.unwrap_or_else(|| panic!("no phone number: {vectors:#}"));
    fs::write(path.join("lines"), format!("{phone}\n")).unwrap();
    let ran = threepid(path, &["store", "import", "a.store", "lines", "--apex", "3pid.example"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let with_store = [add.as_slice(), &["--store", "a.store"]].concat();
    let ran = delegation(path, &with_store);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("1 statements and 0 marks at or below 7.7.4.4"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("threepid store handover a.store 7.7.4.4.msisdn"),
        "{}",
        ran.stderr
    );
    let text = "[authority]\nlisten = [\"127.0.0.1\"]\nstore = \"a.store\"\n[[authority.zone]]\n\
                name = \"4.4.msisdn.3pid.example\"\nfile = \"4.4.msisdn.3pid.example.zone\"\n";
    fs::write(path.join("a.toml"), text).unwrap();
    let with_config = [add.as_slice(), &["--config", "a.toml"]].concat();
    assert_eq!(delegation(path, &with_config).stderr, ran.stderr);
    let refused = |more: &[&str], told: &str| {
        let ran = delegation(path, &[with_config.as_slice(), more].concat());
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    };
    refused(&["--handed-over", "1"], "7.7.4.4.msisdn.3pid.example. is not held");
    let store = Store::open(&path.join("a.store"), Policy::default()).unwrap();
    let holds = vec!["4.4.msisdn.3pid.example.".parse().unwrap()];
    store.settle(Borders { holds, ..Borders::default() }, true).await.unwrap();
    drop(store);
    refused(&["--handed-over", "0"], "1 statements and 0 marks at or below 7.7.4.4");
    done(path, &[with_config.as_slice(), &["--handed-over", "1"]].concat());
}

#[test]
fn a_child_hands_back_before_it_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let file = "3pid.example.zone";
    fs::copy(package().join("zones").join(file), path.join(file)).unwrap();
    let remove = ["delegation", "remove", file, "+44"];
    let ran = threepid(path, &remove);
    assert_eq!(ran.code, 64);
    assert!(ran.stderr.starts_with("error: say where the people of the zone are"), "{ran:?}");
    let withdrawn = r#"{"mark":5,"name":"1.7.7.4.4.msisdn.3pid.example."}"#;
    fs::write(path.join("back"), format!("{withdrawn}\n")).unwrap();
    fs::write(path.join("none"), "").unwrap();
    fs::write(path.join("other"), withdrawn.replace(".4.4.", ".9.4.")).unwrap();
    let import = |file| threepid(path, &["store", "import", "a.store", file]);
    assert_eq!(import("none").code, 0);
    let said = |more: &[&str]| {
        threepid(path, &[&remove[..], &["--store", "a.store", "--dry-run"], more].concat())
    };
    for (more, told) in [
        (&[][..], "error: 4.4.msisdn.3pid.example. has people of its own"),
        (&["--handed-back", "none"], "error: none: nothing was handed over"),
        (&["--handed-back", "other"], "error: other:1: 1.7.7.9.4.msisdn.3pid.example. is not at"),
        (&["--handed-back", "back"], "error: 1 lines of back are not in a.store"),
    ] {
        let ran = said(more);
        assert_eq!(ran.code, 1, "{more:?}: {ran:?}");
        assert!(ran.stderr.starts_with(told), "{more:?}: {}", ran.stderr);
    }
    assert_eq!(said(&["--lost"]).code, 0);
    assert_eq!(import("back").code, 0);
    assert_eq!(said(&["--handed-back", "back"]).code, 0);
}
