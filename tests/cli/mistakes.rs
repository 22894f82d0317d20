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
    for line in
        ["0   found, and proved", "1   no association", "2   there is an answer", "3   an error"]
    {
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
