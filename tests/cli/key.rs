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
