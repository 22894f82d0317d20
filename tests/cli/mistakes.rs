//! Mistakes on the command line, and what is said about them.

use std::fs;

use super::threepid;

#[test]
fn a_misspelt_command_is_answered_with_the_nearest() {
    let directory = tempfile::tempdir().unwrap();
    for (typed, meant) in [("lokup", "lookup"), ("serv", "serve"), ("demoo", "demo")] {
        let ran = threepid(directory.path(), &[typed]);
        assert_eq!(ran.code, 64, "{ran:?}");
        assert!(ran.stderr.contains(&format!("'{meant}'")), "{}", ran.stderr);
    }
    let ran = threepid(directory.path(), &["lookup", "--jsn", "a@example.com"]);
    assert!(ran.code == 64 && ran.stderr.contains("'--json'"), "{ran:?}");
}

#[test]
fn help_is_no_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let ran = threepid(directory.path(), &["lookup", "--help"]);
    assert_eq!(ran.code, 0);
    for line in [
        "0   found; proved, and trusted",
        "1   no association",
        "2   there is an answer",
        "3   an error",
    ] {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
}

#[test]
fn every_mistake_of_a_configuration_is_told_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[resolver]\nlisen = [\"127.0.0.1\"]\n[log]\nlevel = \"loud\"\n";
    fs::write(directory.path().join("a.toml"), text).unwrap();
    let told = "a.toml:1:1: no [[resolver.root]] is given, one is needed at least\n\
                a.toml:2:1: unknown key `lisen`, did you mean `listen`?\n\
                a.toml:4:9: `level` is one of `error`, `warn`, `info`, `debug`, `trace`\n";
    let checked = threepid(directory.path(), &["config", "check", "a.toml"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (1, told));
    let served = threepid(directory.path(), &["serve", "-c", "a.toml"]);
    assert_eq!((served.code, served.stderr.as_str()), (3, told));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in
        [["config", "check"].as_slice(), &["zone", "check"], &["zone", "print"], &["serve", "-c"]]
    {
        let ran = threepid(directory.path(), &[arguments, &["absent"]].concat());
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.starts_with("error: cannot read absent: No such file"), "{ran:?}");
    }
}

#[test]
fn every_command_tells_what_it_ends_with() {
    let directory = tempfile::tempdir().unwrap();
    for command in [
        "serve",
        "demo",
        "lookup",
        "association sign",
        "association show",
        "association verify",
        "cert key",
        "cert issue",
        "cert show",
        "cert verify",
        "publish",
        "outbox show",
        "outbox run",
        "key generate",
        "key ds",
        "key roll",
        "key status",
        "zone check",
        "zone print",
        "config check",
        "delegation show",
        "delegation add",
        "delegation remove",
        "delegation sync",
        "roots show",
        "roots update",
        "roots sign",
        "store check",
        "store backup",
        "store export",
        "store import",
        "store handover",
    ] {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let ran = threepid(directory.path(), &arguments);
        for code in ["0", "3", "64"] {
            let line = format!("\n  {code:<4}");
            assert!(ran.stdout.contains(&line), "{command}: {code} in {}", ran.stdout);
        }
    }
}

#[test]
fn what_a_configuration_names_is_read_whatever_else_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("a.zone", "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A here\n");
    write(
        "a.toml",
        "[authority]\nthread = 1\n[[authority.zone]]\nname = \"a.example\"\nfile = \"a.zone\"\n\
         [[authority.zone]]\nname = \"b.example\"\nfile = \"b.zone\"\n",
    );
    for (arguments, code) in [(["config", "check", "a.toml"], 1), (["serve", "-c", "a.toml"], 3)] {
        let ran = threepid(directory.path(), &arguments);
        let places: Vec<&str> =
            ran.stderr.lines().map(|line| line.split(": ").next().unwrap()).collect();
        assert_eq!(
            (ran.code, places),
            (code, vec!["a.toml:2:1", "a.toml:8:8", "a.zone:3:1", "a.zone:4:6"])
        );
    }
}

#[test]
fn warnings_do_not_hide() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("a.zone", "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\n");
    write("a.toml", "[authority]\n[[authority.zone]]\nname = \"a.example\"\nfile = \"a.zone\"\n");
    let ran = threepid(directory.path(), &["config", "check", "a.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "a.toml is good\n"));
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(lines[0].starts_with("a.zone:3:1: warning: "), "{ran:?}");
    assert!(lines[1].starts_with("a.toml:3:8: warning: a.example. has no keys"), "{ran:?}");
}

#[test]
fn where_anchors_are_kept_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[resolver]\nanchor_dir = \"state\"\n[[resolver.root]]\napex = \".\"\n";
    fs::write(directory.path().join("a.toml"), text).unwrap();
    let check = || threepid(directory.path(), &["config", "check", "a.toml"]);
    let told = "the trust anchors of . are kept in state/anchors-.\na.toml is good\n";
    assert_eq!(check().stdout, told);
    fs::create_dir(directory.path().join("state")).unwrap();
    fs::write(directory.path().join("state/anchors-."), "zone .\nnext time\n").unwrap();
    let ran = check();
    let told = "state/anchors-.:2:6: a time (YYYYMMDDHHmmSS) expected, found \"time\"\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, told));
}

#[test]
fn resolvers_are_written_as_in_a_configuration() {
    let directory = tempfile::tempdir().unwrap();
    for (resolver, code) in [("127.0.0.1", 3), ("::1", 3), ("[::1]", 3), ("[::1]:53", 3), ("a", 64)]
    {
        let ran = threepid(directory.path(), &["lookup", "--resolver", resolver, "a@example.com"]);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(
            code == 3 || ran.stderr.contains("`a` is no address: write `192.0.2.1`"),
            "{ran:?}"
        );
    }
}
