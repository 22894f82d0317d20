//! `threepid store`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use threepid::store::{Policy, Store};

use super::{Ran, program, run, threepid};

/// A directory with the signed statements of the vectors as `a.lines`, one a line: associations, the second
/// of which the last line withdraws.
fn directory() -> (tempfile::TempDir, Vec<String>) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let vectors = include_str!("../vectors/interchange.json");
    let vectors: Value = serde_json::from_str(vectors).expect("the vectors are JSON");
    let cases = vectors["associations"].as_array().expect("there are associations").iter();
    let cases = cases.chain([&vectors["withdrawal"]]);
    let lines: Vec<String> = cases.map(|case| case["json"].to_string()).collect();
    write(directory.path(), "a.lines", &lines.join("\n"));
    (directory, lines)
}

fn write(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).expect("files can be written there");
}

/// Runs a command that has to succeed, and gives what it prints.
#[track_caller]
fn well(directory: &Path, arguments: &[&str]) -> String {
    let ran = threepid(directory, &[&["store"], arguments].concat());
    assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    ran.stdout
}

const IMPORT: [&str; 5] = ["import", "a.store", "a.lines", "--apex", "3pid.example"];

#[test]
fn what_is_exported_is_imported_as_it_was() {
    for keep in [&[][..], &["--keep-addresses"]] {
        let (directory, lines) = directory();
        let told = well(directory.path(), &[&IMPORT, keep].concat());
        let count = lines.len();
        let expected =
            format!("{count} accepted, 0 merged, 0 unchanged, 0 older, 0 refused, 0 malformed\n");
        assert_eq!(told, expected);
        let exported = well(directory.path(), &["export", "a.store"]);
        assert_eq!(exported.lines().count(), count - 1);
        for (at, line) in lines.iter().enumerate() {
            let held = at == count - 1 || at != 1 && !keep.is_empty();
            assert_eq!(exported.contains(&format!("\"statement\":{line}")), held, "{exported}");
        }
        write(directory.path(), "b.lines", &exported);
        let keep_none: &[&str] = &["import", "b.store", "b.lines"];
        well(directory.path(), &[keep_none, keep].concat());
        assert_eq!(well(directory.path(), &["export", "b.store"]), exported);
    }
}

#[test]
fn lines_that_are_refused_are_told_with_their_numbers() {
    let (directory, lines) = directory();
    well(directory.path(), &IMPORT);
    let ahead = r#"{"mark":281474976710655,"name":"x.3pid.example."}"#;
    let older = r#"{"mark":1,"name":"3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example."}"#;
    let (one, last, long) = (&lines[0], &lines[lines.len() - 1], "x".repeat(20_000));
    let text = format!("{one}\n\n{older}\n{{\"name\":\n{ahead}\n{long}\r\n{last}\n");
    write(directory.path(), "a.lines", &text);
    let ran = threepid(directory.path(), &[&["store"], &IMPORT[..]].concat());
    let counts = "0 accepted, 0 merged, 2 unchanged, 1 older, 1 refused, 2 malformed\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (1, counts), "{ran:?}");
    let mut told: Vec<&str> = ran.stderr.lines().collect();
    told.sort_unstable();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[0], "a.lines:3: older than what the store has for this name");
    assert!(told[1].starts_with("a.lines:4: not canonical JSON: EOF"), "{told:?}");
    assert_eq!(told[2], "a.lines:5: its time is too far ahead of the clock");
    assert!(told[3].starts_with("a.lines:6: JSON of 10241 octets, at most"), "{told:?}");
}

#[test]
fn a_tree_is_asked_for_where_it_is_needed() {
    let (directory, lines) = directory();
    let ran = threepid(directory.path(), &["store", "import", "a.store", "a.lines"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (1, lines.len()), "{ran:?}");
    assert!(ran.stderr.starts_with("a.lines:1: a statement without its name: "), "{ran:?}");
    assert!(ran.stderr.contains("has to be given, by --apex"), "{ran:?}");
}

#[test]
fn what_lies_below_a_cut_is_handed_over() {
    let (directory, _) = directory();
    let mark = r#"{"mark":5,"name":"1.2.4.4.msisdn.3pid.example."}"#;
    let text = format!("{mark}\n{}", fs::read_to_string(directory.path().join("a.lines")).unwrap());
    write(directory.path(), "a.lines", &text);
    well(directory.path(), &IMPORT);
    let handover = |more: &[&str]| {
        let arguments = ["store", "handover", "a.store", "--apex", "3pid.example"];
        threepid(directory.path(), &[&arguments, more].concat())
    };
    // The store was never served.
    for (arguments, code, told) in [
        (&["+44"][..], 1, "4.4.msisdn.3pid.example. is not held"),
        (&["+x"], 64, "\"+x\": "),
        (&["4.4.msisdn.3pid.exampel."], 64, "is not below the zone 3pid.example."),
    ] {
        let ran = handover(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{ran:?}");
        assert!(ran.stderr.contains(told), "{ran:?}");
    }
    let ran = threepid(directory.path(), &["store", "handover", "a.store", "+44"]);
    assert!(ran.code == 64 && ran.stderr.contains("(none yet): say --apex"), "{ran:?}");
    let ran = handover(&["+44", "--early"]);
    let below = |line: &str| line.contains(".4.4.msisdn.3pid.example.\"");
    let exported = well(directory.path(), &["export", "a.store"]);
    let expected: String =
        exported.lines().filter(|line| below(line)).map(|line| format!("{line}\n")).collect();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, expected.as_str()), "{ran:?}");
    assert!(expected.contains(mark) && expected.lines().count() < exported.lines().count());
    let statements = expected.lines().count() - 1;
    // One of the statements came in two parts.
    let told = format!(
        "{statements} statements and 1 marks at or below 4.4.msisdn.3pid.example., up to change 6\n\
         not held: the rest, when it is, comes with --after 6\n"
    );
    assert_eq!(ran.stderr, told);
    let rest = handover(&["+44", "--early", "--after", "1"]).stdout;
    assert_eq!(rest, expected.replace(&format!("{mark}\n"), ""));
}

/// Beside a process that has the store open to write, as a server has.
#[test]
fn a_store_in_use_is_read_and_not_written() {
    let (directory, lines) = directory();
    well(directory.path(), &IMPORT);
    let exported = well(directory.path(), &["export", "a.store"]);
    let store = Store::open(&directory.path().join("a.store"), Policy::default()).unwrap();
    assert_eq!(well(directory.path(), &["export", "a.store"]), exported);
    well(directory.path(), &["backup", "a.store", "b.store"]);
    assert_eq!(well(directory.path(), &["export", "b.store"]), exported);
    let told = "error: a.store: in use by another process that writes to it\n";
    let ran = threepid(directory.path(), &[&["store"], &IMPORT[..]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (3, told), "{ran:?}");
    let beside = threepid(directory.path(), &["store", "check", "a.store"]);
    let told = "a.store: another process writes it: the checksums of its pages are left out\n";
    assert_eq!((beside.code, beside.stderr.as_str()), (0, told), "{beside:?}");
    drop(store);
    let checked = well(directory.path(), &["check", "b.store"]);
    assert_eq!(beside.stdout, checked.replace("b.store", "a.store"));
    let count = lines.len() - 2;
    let expected = format!(
        "b.store is good: {count} associations, 1 withdrawals, 0 marks; 0 with RRSIGs; \
         0 addresses; last change {}\n",
        lines.len()
    );
    assert_eq!(checked, expected);
    let ran = threepid(directory.path(), &["store", "backup", "a.store", "b.store"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, "error: b.store: there is a file already\n"));
}

#[test]
fn lines_come_from_standard_input_too() {
    let (directory, lines) = directory();
    let arguments = ["store", "import", "a.store", "-", "--apex", "3pid.example."];
    let mut child = program(directory.path(), &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("it has a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.starts_with(format!("{} accepted", lines.len()).as_bytes()));
}

#[test]
fn damage_is_told() {
    let (directory, _) = directory();
    well(directory.path(), &IMPORT);
    let path = directory.path().join("a.store");
    let octets = fs::read(&path).unwrap();
    fs::write(&path, &octets[..octets.len() / 2]).unwrap();
    let ran = threepid(directory.path(), &["store", "check", "a.store"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("a.store: damaged: "), "{ran:?}");
    for arguments in [&["export", "a.store"][..], &["backup", "a.store", "b.store"]] {
        let ran = threepid(directory.path(), &[&["store"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    }
    assert!(!directory.path().join("b.store").exists());
}

#[test]
fn what_is_no_store_is_called_so() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a.store", "$ORIGIN example.\n");
    let commands: [&[&str]; 5] = [
        &["check", "a.store"],
        &["export", "a.store"],
        &["backup", "a.store", "b.store"],
        &["handover", "a.store", "example"],
        &["import", "a.store", "a.store"],
    ];
    for arguments in commands {
        let Ran { code, stderr, .. } =
            threepid(directory.path(), &[&["store"], arguments].concat());
        assert_eq!((code, stderr.as_str()), (3, "error: a.store: not a store\n"), "{arguments:?}");
    }
    let absent = |arguments: &[&str]| {
        let ran = run(&mut program(directory.path(), &[&["store"], arguments].concat()));
        assert_eq!(ran.code, 3, "{ran:?}");
        ran.stderr
    };
    let none = "No such file or directory (os error 2)\n";
    assert_eq!(absent(&["check", "absent"]), format!("error: absent: {none}"));
    assert_eq!(absent(&["import", "new", "absent"]), format!("error: cannot read absent: {none}"));
    assert!(!directory.path().join("new").exists(), "nothing is made in vain");
}

/// What cannot be written is no export, however it ends.
#[test]
fn a_full_disk_is_no_success() {
    let (directory, _) = directory();
    well(directory.path(), &IMPORT);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = program(directory.path(), &["store", "export", "a.store"]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error: standard output: No space left"), "{told}");
}
