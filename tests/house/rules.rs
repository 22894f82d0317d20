//! Doors, and the size of rooms.

use super::source::sources;

/// Crates that are imported below one folder alone.
const ONE_DOOR: &[(&str, &str)] = &[
    ("hickory_proto", "src/wire/"),
    ("ed25519_dalek", "src/crypto/"),
    ("sha2::", "src/crypto/"),
    ("sha1::", "src/crypto/"),
    ("toml::", "src/config/"),
    ("clap", "src/cli/"),
    ("phonenumber", "src/threepid/"),
    ("idna::", "src/threepid/"),
    ("caseless::", "src/threepid/"),
    ("aws_lc_rs", "src/crypto/"),
    ("crrl::", "src/crypto/"),
    ("moka::", "src/recursor/"),
    ("prometheus_client", "src/telemetry/"),
    ("hyper", "src/transport/http/"),
    ("http_body_util", "src/transport/http/"),
    ("rustls", "src/transport/http/"),
    ("tokio_rustls", "src/transport/http/"),
    ("rustls_native_certs", "src/transport/http/"),
    ("redb::", "src/store/"),
    ("lettre", "src/courier/"),
    ("indicatif::", "src/cli/"),
    ("calcard", "src/stub/book/vcard.rs"),
    ("unicode_width::", "src/cli/"),
];

/// Longer files hold a second thing.
const LONGEST_FILE: usize = 600;

#[test]
fn each_crate_has_one_door() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.to_string_lossy().into_owned();
        for (number, line) in source.code() {
            let mentions = |name: &str| {
                line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
                    .any(|word| word.starts_with(name) && !word.starts_with("crate::"))
            };
            for (name, _) in
                ONE_DOOR.iter().filter(|(name, door)| mentions(name) && !path.starts_with(door))
            {
                wrong.push(format!("{path}:{number}: {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_rooms_not_halls() {
    let long: Vec<String> = sources()
        .iter()
        .map(|source| (source.text.lines().count(), source.path.display()))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_binary_is_a_door_step() {
    let binary = sources().into_iter().find(|source| source.path.ends_with("bin/threepid.rs"));
    assert!(binary.expect("there is a binary").text.lines().count() < 60);
}
