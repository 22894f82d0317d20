//! `threepid key`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::threepid;

#[test]
fn a_key_is_made_and_its_ds_shown() {
    let directory = tempfile::tempdir().unwrap();
    let made = threepid(
        directory.path(),
        &["key", "generate", "4.4.msisdn.3pid.example", "--dir", "keys"],
    );
    assert_eq!(made.code, 0, "{made:?}");
    let stem = made.stdout.trim();
    assert!(stem.starts_with("keys/K4.4.msisdn.3pid.example.+015+"), "{stem}");
    let private = directory.path().join(format!("{stem}.private"));
    assert_eq!(fs::metadata(private).unwrap().permissions().mode() & 0o777, 0o600);

    for name in [stem.to_owned(), format!("{stem}.key")] {
        let shown = threepid(directory.path(), &["key", "ds", &name]);
        let tag: u16 = stem.rsplit('+').next().unwrap().parse().unwrap();
        let start = format!("4.4.msisdn.3pid.example. IN DS {tag} 15 2 ");
        let digest = shown.stdout.strip_prefix(&start).unwrap_or_else(|| panic!("{shown:?}"));
        assert_eq!(digest.trim_end().len(), 64);
    }
}

/// As the shell writes out `keys/K*.key`; and the directory.
#[test]
fn the_keys_of_a_directory_have_their_ds_shown() {
    const ZONE: &str = "3pid.example";
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let run = |arguments: &[&str]| threepid(directory, &[&["key"], arguments].concat());
    run(&["generate", "--zsk", ZONE, "--dir", "keys"]);
    run(&["generate", ZONE, "--dir", "keys"]);
    run(&["roll", ZONE, "--ksk", "--anchor", "--dir", "keys"]);
    let mut files: Vec<String> = fs::read_dir(directory.join("keys"))
        .unwrap()
        .map(|entry| format!("keys/{}", entry.unwrap().file_name().to_str().unwrap()))
        .filter(|name| name.ends_with(".key"))
        .collect();
    files.sort();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let by_glob = run(&[&["ds"], files.as_slice()].concat());
    let by_directory = run(&["ds", "keys"]);
    assert_eq!(by_glob.code, 0, "{by_glob:?}");
    assert_eq!((by_glob.stdout.lines().count(), files.len()), (2, 3), "{by_glob:?}");
    assert_eq!(by_directory.stdout, by_glob.stdout);
    assert!(by_directory.stderr.contains("it is left out"), "{}", by_directory.stderr);

    run(&["roll", ZONE, "--cancel", "--dir", "keys"]);
    let kept = run(&["ds", "keys"]);
    assert_eq!(kept.stdout.lines().count(), 1, "{kept:?}");
    assert!(kept.stderr.contains("is removed"), "{}", kept.stderr);
}

#[test]
fn another_key_that_signs_at_once_is_warned_of() {
    let directory = tempfile::tempdir().unwrap();
    let make = |kind: &str| threepid(directory.path(), &["key", "generate", kind, "3pid.example"]);
    assert_eq!([make("--ksk").stderr, make("--zsk").stderr], ["", ""]);
    let again = make("--ksk");
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.stderr.contains("is in use already"), "{}", again.stderr);
}

#[test]
fn a_zone_signing_key_has_no_ds() {
    let directory = tempfile::tempdir().unwrap();
    let made = threepid(directory.path(), &["key", "generate", "--zsk", "3pid.example"]);
    let shown = threepid(directory.path(), &["key", "ds", made.stdout.trim()]);
    assert_eq!((shown.code, shown.stdout.as_str()), (3, ""));
    assert!(shown.stderr.contains("the one that signs its keys"), "{}", shown.stderr);
}

#[test]
fn a_key_that_is_not_there_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let shown = threepid(directory.path(), &["key", "ds", "Kabsent"]);
    assert_eq!(shown.code, 3);
    assert!(shown.stderr.starts_with("error: Kabsent.key: No such file"), "{}", shown.stderr);
}
