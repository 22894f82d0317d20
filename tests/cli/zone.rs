//! `threepid zone`: what it tells, and what other servers make of what it prints.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Ran, package, run, threepid};

/// A directory that holds `text` as `a.zone`.
fn directory(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    fs::write(directory.path().join("a.zone"), text).expect("files can be written there");
    directory
}

/// Every zone file that is here, with the name of its zone.
fn zones() -> Vec<(String, String)> {
    let mut zones = Vec::new();
    for entry in fs::read_dir(package().join("zones")).expect("the sample zones are there") {
        let file = entry.expect("the directory can be read").file_name();
        let file = file.to_str().expect("zones have names in ASCII");
        let origin = file.strip_suffix(".zone").expect("there are zone files alone");
        zones.push((origin.to_owned(), format!("zones/{file}")));
    }
    zones.push(("types.example".to_owned(), "tests/cli/every_type.zone".to_owned()));
    zones
}

/// Runs a program that has to end well, one of an administrator too.
#[track_caller]
fn run_well(directory: &Path, program: &str, arguments: &[&str]) {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let mut command = Command::new(program);
    let ran = run(command.current_dir(directory).args(arguments).env("PATH", path));
    assert_eq!(ran.code, 0, "{program} {arguments:?}: {ran:?}");
}

#[test]
fn a_good_zone_is_called_so() {
    let ran = threepid(package(), &["zone", "check", "zones/3pid.example.zone"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(ran.stdout.starts_with("3pid.example. is good: serial "), "{ran:?}");
}

#[test]
fn mistakes_of_every_kind_are_told_with_their_places() {
    let directory = directory(
        "$TTL 1h\n@ SOA ns h 1 1h 1h 1h 1m\n  NS ns\nns A 192.0.2\nns AAAA 2001:db8::1\n\
         $INCLUDE b.zone\nother.test. A 192.0.2.1\n",
    );
    fs::write(directory.path().join("b.zone"), "x ASSOC \\# 1 02\n").unwrap();
    for command in ["check", "print"] {
        let arguments = ["zone", command, "a.zone", "--origin", "example"];
        let Ran { code, stdout, stderr } = threepid(directory.path(), &arguments);
        assert_eq!((code, stdout.as_str()), (1, ""));
        let lines: Vec<&str> = stderr.lines().collect();
        assert_eq!(lines.len(), 3, "{stderr}");
        assert!(lines[0].starts_with("a.zone:4:6: an IPv4 address expected, found"), "{stderr}");
        assert!(lines[1].starts_with("a.zone:7:1: other.test.: not at or below"), "{stderr}");
        assert!(lines[2].starts_with("b.zone:1:9: bad association: "), "{stderr}");
    }
}

#[test]
fn a_file_of_another_zone_is_told_once() {
    let ran =
        threepid(package(), &["zone", "check", "zones/3pid.example.zone", "--origin", "foo.test"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (1, 1), "{ran:?}");
    let told = "this is the SOA record of 3pid.example., that of foo.test. expected\n";
    assert!(ran.stderr.ends_with(told), "{ran:?}");
}

#[test]
fn what_stops_nothing_is_told_beside() {
    let directory = directory("a. 1 SOA a. a. 1 1 1 1 1\na. 1 NS ns.a.\n");
    let ran = threepid(directory.path(), &["zone", "print", "a.zone"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stderr,
        "a.zone:2:1: warning: a.: name server ns.a. lies in this zone and has no address\n"
    );
    assert_eq!(ran.stdout.lines().count(), 2);
}

/// What is printed says the same when it is read again, in either form.
#[test]
fn printing_is_stable() {
    for (origin, file) in zones() {
        let print = |directory: &Path, more: &[&str], file: &str| {
            let ran = threepid(directory, &[&["zone", "print", file], more].concat());
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{file}");
            ran.stdout
        };
        let readable = print(package(), &["--origin", &origin], &file);
        let generic = print(package(), &["--origin", &origin, "--generic"], &file);
        for text in [&readable, &generic] {
            assert_eq!(print(directory(text).path(), &[], "a.zone"), readable, "{file}");
        }
    }
}

/// NSD and Knot accept what is printed for them.
#[test]
fn other_servers_accept_every_zone() {
    for (origin, file) in zones() {
        let ran = threepid(package(), &["zone", "print", &file, "--origin", &origin, "--generic"]);
        let directory = directory(&ran.stdout);
        run_well(directory.path(), "nsd-checkzone", &[&origin, "a.zone"]);
        run_well(directory.path(), "kzonecheck", &["-o", &origin, "a.zone"]);
    }
}

/// BIND reads the same from our file and from what we print, and we from what it prints.
#[test]
fn every_type_is_read_alike_by_bind() {
    let file = "tests/cli/every_type.zone";
    let ours = threepid(package(), &["zone", "print", file]).stdout;
    let generic = threepid(package(), &["zone", "print", file, "--generic"]).stdout;
    let original = fs::read_to_string(package().join(file)).unwrap();
    for text in [&original, &ours, &generic] {
        let directory = directory(text);
        let arguments = ["-i", "none", "-k", "ignore", "-o", "b.zone", "types.example", "a.zone"];
        run_well(directory.path(), "named-compilezone", &arguments);
        let back = threepid(directory.path(), &["zone", "print", "b.zone"]);
        assert_eq!((back.stdout.as_str(), back.stderr.as_str()), (ours.as_str(), ""));
    }
}
