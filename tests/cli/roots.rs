//! `threepid roots`, from the first list to a rotation of its keys, with mirrors on loopback.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use threepid::clock::{Clock, SystemClock};
use threepid::services::root_lists::RootLists;
use threepid::signed::{KeyName, NamedKey};
use threepid::transport::http::{Limits, Router, serve};
use threepid::trust::root_list::RootList;
use tokio::net::TcpListener;

use super::{Ran, beside, threepid};

/// Writes a key into the file `<letter>.key`, and gives its public part.
pub(super) fn key(directory: &Path, letter: &str) -> String {
    let seed = letter.as_bytes()[0].into();
    let key = NamedKey::generate(&mut threepid::crypto::SeededRandom::new(seed));
    let file = directory.join(format!("{letter}.key"));
    fs::write(file, key.to_text().as_bytes()).expect("writable");
    key.key.public().to_string()
}

/// Writes a draft, as someone would, into the file `<version>.json`: it lasts so many hours, and two of
/// these keys have to sign.
pub(super) fn draft(directory: &Path, version: u32, hours: u64, letters: &[&str]) -> String {
    let expires = SystemClock.now().saturating_add(Duration::from_secs(hours * 3600));
    let mut list = json!({
        "type": "threepid.root_list", "version": version, "expires": expires.as_millis(),
        "keys": {}, "threshold": 2,
        "roots": [{
            "apex": "3pid.example.", "servers": ["192.0.2.1"],
            "ds": [format!("{version} 15 2 {}", "1f".repeat(32))],
            "publish": "https://publish.3pid.example/",
        }],
    });
    for letter in letters {
        list["keys"][format!("{letter}.example")] = json!({"ed25519:1": key(directory, letter)});
    }
    let name = format!("{version}.json");
    let text = serde_json::to_string_pretty(&list).expect("it is JSON");
    fs::write(directory.join(&name), text).expect("writable");
    name
}

pub(super) fn sign(directory: &Path, file: &str, letter: &str, previous: Option<&str>) -> Ran {
    let key = format!("{letter}.key");
    let mut arguments = vec!["roots", "sign", file, "--key", &key];
    arguments.extend(previous.into_iter().flat_map(|previous| ["--previous", previous]));
    threepid(directory, &arguments)
}

/// Makes a list, or a draft, one that the keys `a` and `b` signed, and that expired in 2023.
pub(super) fn expire(directory: &Path, file: &str) {
    let text = fs::read_to_string(directory.join(file)).expect("it was written");
    let mut list: Value = serde_json::from_str(&text).expect("it is JSON");
    list["expires"] = 1_700_000_000_000_u64.into();
    list.as_object_mut().expect("a list is an object").remove("signatures");
    let draft = RootList::from_draft(list.to_string().as_bytes()).expect("a draft");
    let signed = ["a", "b"].into_iter().fold(draft, |list, letter| {
        let text = fs::read_to_string(directory.join(format!("{letter}.key"))).expect("a key");
        let server = format!("{letter}.example").parse().expect("a server name");
        let name = KeyName::new(server, "ed25519:1".parse().expect("a key id"));
        list.sign(name, &NamedKey::from_text(&text).expect("a key").key).expect("it has room")
    });
    fs::write(directory.join(file), signed.to_octets()).expect("writable");
}

/// Puts the lists of these versions where a mirror serves them.
pub(super) fn publish(directory: &Path, mirror: &str, versions: &[u32]) {
    let mirror = directory.join(mirror);
    fs::create_dir_all(&mirror).expect("writable");
    for version in versions {
        let name = format!("{version}.json");
        fs::copy(directory.join(&name), mirror.join(&name)).expect("readable and writable");
    }
}

/// Serves the lists in a directory for as long as this runtime lasts.
pub(crate) async fn mirror(directory: &Path) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("it is bound");
    let lists = Arc::new(RootLists::new(directory).on(Router::new()));
    tokio::spawn(serve(listener, None, lists, Limits::default(), std::future::pending()));
    address
}

fn configure(directory: &Path, mirrors: &[SocketAddr]) {
    let urls: Vec<String> = mirrors.iter().map(|mirror| format!("\"http://{mirror}\"")).collect();
    let urls = urls.join(", ");
    let text = format!("[client]\nroot_list = \"held.json\"\nroot_list_urls = [{urls}]\n");
    fs::write(directory.join("client.toml"), text).expect("writable");
}

async fn update(directory: &Path, more: &[&str]) -> Ran {
    beside(directory, &[&["roots", "update", "-c", "client.toml"], more].concat()).await
}

/// Three lists, each with a key replaced.
fn three_lists(directory: &Path) {
    let first = draft(directory, 1, 1, &["a", "b", "c"]);
    for letter in ["a", "b"] {
        assert_eq!(sign(directory, &first, letter, None).code, 0);
    }
    for (version, letters, signers) in
        [(2, ["b", "c", "d"], ["b", "c"]), (3, ["c", "d", "e"], ["c", "d"])]
    {
        let (file, before) =
            (draft(directory, version, 1, &letters), format!("{}.json", version - 1));
        for letter in signers {
            let ran = sign(directory, &file, letter, Some(&before));
            assert_eq!(ran.code, 0, "{ran:?}");
        }
    }
}

#[test]
fn a_draft_is_signed_by_one_after_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let first = draft(directory, 1, 1, &["a", "b"]);
    let ran = sign(directory, &first, "a", None);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = "signed by 1 of 2 needed keys of version 1: a.example ed25519:1; not by b.example \
                ed25519:1: 1 more needed\n";
    assert!(ran.stdout.ends_with(told), "{ran:?}");
    let shown = threepid(directory, &["roots", "show", &first]);
    assert_eq!(shown.code, 1, "too few: {shown:?}");
    assert!(shown.stdout.contains("\nsigned by 1 of its keys, 2 needed: too few\n"), "{shown:?}");
    assert!(shown.stdout.contains(": has not signed\n"), "{shown:?}");
    assert!(sign(directory, &first, "b", None).stdout.ends_with(": enough\n"));
    let shown = threepid(directory, &["roots", "show", &first]);
    assert_eq!(shown.code, 0, "{shown:?}");
    for line in
        ["root 3pid.example.", "  server 192.0.2.1", "  publish https://publish.3pid.example/"]
    {
        assert!(shown.stdout.contains(&format!("\n{line}\n")), "{line}: {shown:?}");
    }

    let second = draft(directory, 2, 1, &["b", "c"]);
    let ran = sign(directory, &second, "a", None);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("by --previous LIST"), "{ran:?}");
    let ran = sign(directory, &second, "a", Some(&first));
    assert!(ran.stdout.contains("signed by 1 of 2 needed keys of version 1: a.example"), "{ran:?}");
    assert!(!ran.stdout.contains("not known"), "{ran:?}");
    let shown = threepid(directory, &["roots", "show", "--json", &second]);
    let object: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((&object["signed"], &object["enough"]), (&0.into(), &false.into()));
    assert_eq!(object["others"], json!([{"name": "a.example", "key_id": "ed25519:1"}]));
    assert_eq!((&object["version"], &object["threshold"]), (&2.into(), &2.into()));
    assert_eq!(object["keys"][0]["signed"], "no");
    assert_eq!(object["roots"][0]["apex"], "3pid.example.");
    assert_eq!(object["follows"], Value::Null);
}

/// Enough of its own keys have signed it, and too few of those before.
#[test]
fn a_list_that_nobody_can_follow_is_not_said_to_be_good() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let first = draft(directory, 1, 1, &["a", "b"]);
    for letter in ["a", "b"] {
        let ran = sign(directory, &first, letter, None);
        assert!(!ran.stdout.contains("not known"), "{ran:?}");
    }
    let second = draft(directory, 2, 1, &["b", "c"]);
    sign(directory, &second, "b", None);
    let ran = sign(directory, &second, "c", None);
    let unknown =
        "version 1 was not given (--previous): whether this list follows it is not known\n";
    assert!(ran.code == 0 && ran.stdout.ends_with(unknown), "{ran:?}");
    let show = |more: &[&str]| threepid(directory, &[&["roots", "show", &second], more].concat());
    let shown = show(&[]);
    assert!(shown.code == 0 && shown.stdout.contains(unknown), "{shown:?}");
    let shown = show(&["--previous", &first]);
    let told =
        "\nit does not follow: version 2 is signed by 1 of 2 needed keys of version 1: b.example";
    assert!(shown.code == 1 && shown.stdout.contains(told), "{shown:?}");
    sign(directory, &second, "a", Some(&first));
    let shown = show(&["--previous", &first]);
    let told = "\nit follows: signed by 2 of 2 needed keys of version 1: a.example";
    assert!(shown.code == 0 && shown.stdout.contains(told), "{shown:?}");
    let shown = show(&["--previous", &first, "--json"]);
    assert!(shown.stdout.contains("\"follows\":true"), "{shown:?}");
}

/// The drafts of the help and of the manual are read as they stand.
#[test]
fn the_drafts_that_are_shown_are_drafts() {
    let directory = tempfile::tempdir().unwrap();
    let help = threepid(directory.path(), &["roots", "sign", "--help"]).stdout;
    let manual = include_str!("../../src/manual/roots.rs").replace("//! ", "");
    for (text, end) in [(help, "\n\n"), (manual, "```")] {
        let start = text.find("{\"type\"").expect("a draft");
        let draft = text[start..].split(end).next().expect("a part");
        assert!(RootList::from_draft(draft.as_bytes()).is_ok(), "{draft}");
    }
}

#[test]
fn a_signed_draft_keeps_its_mode_and_its_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let name = draft(directory, 1, 24, &["a", "b"]);
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(directory.join(&name), private).expect("it is ours");
    symlink(&name, directory.join("link.json")).expect("a name");
    assert_eq!(sign(directory, "link.json", "a", None).code, 0);
    let there = |name: &str| fs::symlink_metadata(directory.join(name)).expect("it is there");
    assert!(there("link.json").is_symlink());
    assert_eq!(there(&name).permissions().mode() & 0o7777, 0o600);
}

#[test]
fn what_should_not_be_signed_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let first = draft(directory, 1, 1, &["a", "b"]);
    key(directory, "z");
    let refused = |file: &str, letter: &str, previous: Option<&str>, why: &str| {
        let before = fs::read(directory.join(file)).unwrap();
        let ran = sign(directory, file, letter, previous);
        assert!(ran.code == 3 && ran.stderr.contains(why), "{why}: {ran:?}");
        assert_eq!(fs::read(directory.join(file)).unwrap(), before, "nothing is written");
    };
    refused(&first, "z", None, "is none of those of the list");
    let third = draft(directory, 3, 1, &["a", "b"]);
    refused(&third, "a", Some(&first), "version 3, but 2 follows the previous list");
    let old = draft(directory, 2, 0, &["a", "b"]);
    refused(&old, "a", Some(&first), "version 2 expired at");
    let other = draft(directory, 2, 1, &["a", "b"]);
    let swapped = fs::read_to_string(directory.join(&other)).unwrap();
    let swapped = swapped.replace("b.example", "x.example").replace("a.example", "b.example");
    fs::write(directory.join(&other), swapped).unwrap();
    refused(&other, "a", Some(&first), "b.example ed25519:1 is another key in the previous list");
    fs::write(directory.join("4.json"), "{}").unwrap();
    refused("4.json", "a", None, "4.json:1:1: not a root list: member \"type\" is missing");
    fs::write(directory.join("q.key"), "Private-key-format: v1.3\n").unwrap();
    refused(&first, "q", None, "a key that zones are signed with");
}

/// A client trusts one who also keeps the list, by one key.
#[test]
fn a_list_with_the_key_of_a_verification_server_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let first = draft(directory, 1, 1, &["a", "b"]);
    let public = key(directory, "a");
    let text = format!(
        "[client]\nroot_list = \"held.json\"\n\
         [[client.verifier]]\nname = \"v.example\"\nkey_id = \"0\"\nkey = \"{public}\"\n"
    );
    fs::write(directory.join("client.toml"), text).unwrap();
    for letter in ["a", "b"] {
        assert_eq!(sign(directory, &first, letter, None).code, 0);
    }
    let update = ["roots", "update", "-c", "client.toml", "--from", &first];
    let ran = threepid(directory, &update);
    let why = "a.example ed25519:1 of the root list and v.example ed25519:0 have the same key";
    assert!(ran.code == 3 && ran.stderr.contains(why), "{ran:?}");
    assert!(!directory.join("held.json").exists());
    fs::copy(directory.join(&first), directory.join("held.json")).unwrap();
    let checked = threepid(directory, &["config", "check", "client.toml"]);
    assert!(checked.code != 0 && checked.stderr.contains(why), "{checked:?}");
}

/// A key that signs a listed zone, in the form of one for lists.
#[test]
fn a_key_of_a_zone_is_in_no_list() {
    use threepid::dnssec::ZoneKey;
    use threepid::signed::KeyId;
    use threepid::wire::rdata::to_text;
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let first = draft(directory, 1, 1, &["a", "b"]);
    let text = fs::read_to_string(directory.join("a.key")).unwrap();
    let key = NamedKey::from_text(&text).unwrap();
    assert_eq!(key.id, key.id.to_string().parse::<KeyId>().unwrap());
    let zone = ZoneKey::new("3pid.example.".parse().unwrap(), ZoneKey::KSK, key.key);
    let ds = to_text(threepid::wire::Rtype::DS, &zone.sha256_ds().to_rdata());
    let mut list: Value =
        serde_json::from_slice(&fs::read(directory.join(&first)).unwrap()).unwrap();
    list["roots"][0]["ds"] = json!([ds]);
    fs::write(directory.join(&first), list.to_string()).unwrap();
    let why = "a.example ed25519:1 of the root list and the zone 3pid.example. have the same key";
    for letter in ["a", "b"] {
        let ran = sign(directory, &first, letter, None);
        assert!(ran.code == 3 && ran.stderr.contains(why), "nobody signs it: {ran:?}");
    }
}

#[tokio::test]
async fn a_client_follows_the_list_through_a_change_of_keys() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    three_lists(directory);
    publish(directory, "behind", &[1, 2]);
    publish(directory, "good", &[1, 2, 3]);
    let (behind, good) = (directory.join("behind"), directory.join("good"));
    let mirrors = [mirror(&behind).await, mirror(&good).await];
    configure(directory, &mirrors);
    let ran = update(directory, &[]).await;
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("held.json: no root list is here yet"), "{ran:?}");
    let ran = update(directory, &["--from", "1.json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("version 3, expires 20"), "{ran:?}");
    let told: Vec<&str> = ran.stderr.lines().collect();
    assert!(told[0].starts_with("version 1 is trusted from here on, in held.json"), "{ran:?}");
    assert_eq!(told[1], "version 3 follows, from version 1");
    let held = fs::read(directory.join("held.json")).unwrap();
    assert_eq!(held, fs::read(directory.join("3.json")).unwrap());
    let again = update(directory, &[]).await;
    assert_eq!((again.code, again.stdout, again.stderr.as_str()), (0, ran.stdout, ""));
    let shown = threepid(directory, &["roots", "show", "-c", "client.toml"]);
    assert!(shown.code == 0 && shown.stdout.starts_with("version 3, expires"), "{shown:?}");
    let checked = threepid(directory, &["config", "check", "client.toml"]);
    assert_eq!(checked.code, 0, "{checked:?}");

    let ran = update(directory, &["--from", "2.json"]).await;
    let told = "error: version 2 where version 3 is held: a list never goes back\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (3, told));
    assert_eq!(fs::read(directory.join("held.json")).unwrap(), held, "nothing is changed");
}

#[tokio::test]
async fn mirrors_that_lie_are_named_and_not_believed() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    three_lists(directory);
    let liar = directory.join("liar");
    fs::create_dir(&liar).unwrap();
    let forged = draft(directory, 2, 1, &["x", "y"]);
    for letter in ["x", "y"] {
        assert_eq!(sign(directory, &forged, letter, None).code, 0);
    }
    fs::copy(directory.join(&forged), liar.join(&forged)).unwrap();
    let address = mirror(&liar).await;
    configure(directory, &[address]);
    let ran = update(directory, &["--from", "1.json"]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    let told = format!(
        "http://{address}/: version 2: version 2 is signed by 0 of 2 needed keys of version 1"
    );
    assert!(ran.stderr.contains(&told), "{ran:?}");
    let unheard = "no mirror tells whether there is a list after version 1: version 1 is used\n";
    assert!(ran.stderr.ends_with(unheard), "{ran:?}");
    let again = update(directory, &["--from", "1.json"]).await;
    let told = "version 1 is held, in held.json\n";
    assert!(again.code == 2 && again.stderr.starts_with(told), "{again:?}");
    let shown = threepid(directory, &["roots", "show", "held.json"]);
    assert!(shown.stdout.starts_with("version 1,"), "{shown:?}");
}

#[tokio::test]
async fn a_list_that_has_expired_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let first = draft(directory, 1, 1, &["a", "b"]);
    expire(directory, &first);
    let mirror = mirror(directory).await;
    configure(directory, &[mirror]);
    let ran = update(directory, &["--from", "1.json"]).await;
    let told =
        "error: version 1 of the root list expired at 2023-11-14T22:13:20Z and no mirror gives";
    assert!(ran.code == 3 && ran.stderr.contains(told), "{ran:?}");
    let shown = threepid(directory, &["roots", "show", "held.json"]);
    assert!(shown.code == 1 && shown.stdout.starts_with("version 1, expired 2023"), "{shown:?}");
    for arguments in [
        ["config", "check", "client.toml"].as_slice(),
        &["lookup", "-c", "client.toml", "a@b.example"],
    ] {
        let ran = threepid(directory, arguments);
        let told = "client.toml:2:13: held.json: version 1 expired at 2023-11-14T22:13:20Z";
        assert!(ran.code != 0 && ran.stderr.contains(told), "{ran:?}");
    }
}

#[test]
fn what_is_needed_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let told = |arguments: &[&str], code: i32, why: &str| {
        let ran = threepid(directory, arguments);
        assert!(ran.code == code && ran.stderr.contains(why), "{ran:?}");
    };
    told(
        &["roots", "show"],
        3,
        "no configuration: give one whose [client], [resolver] or [publish]",
    );
    told(&["roots", "show", "absent"], 3, "error: cannot read absent: ");
    fs::write(directory.join("bare.toml"), "[client]\n[[client.root]]\napex = \".\"\n").unwrap();
    told(&["roots", "update", "-c", "bare.toml"], 3, "bare.toml:1:1: no `root_list` in [client]");
    let text = "[resolver]\nroot_list = \"held.json\"\n";
    fs::write(directory.join("resolver.toml"), text).unwrap();
    three_lists(directory);
    let update = ["roots", "update", "-c", "resolver.toml"];
    for from in ["1.json", "2.json", "2.json"] {
        let ran = threepid(directory, &[&update[..], &["--from", from]].concat());
        assert_eq!(ran.code, 0, "without mirrors, from a file: {ran:?}");
    }
    let mode = |name: &str| fs::metadata(directory.join(name)).unwrap().permissions();
    assert_eq!(mode("held.json"), mode("resolver.toml"), "it is nobody's secret");
    told(&update, 3, "error: no `root_list_urls` say where newer lists are fetched");
}

/// The commands of the manual, in their order, on what it tells: Carol takes the place of Alice.
#[test]
fn the_ceremony_of_the_manual_goes_as_it_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    fs::write(directory.join("client.toml"), "[client]\nroot_list = \"held.json\"\n").unwrap();
    let manual = include_str!("../../src/manual/roots.rs");
    let commands: Vec<&str> =
        manual.lines().filter_map(|line| line.strip_prefix("//! threepid ")).collect();
    assert_eq!(commands.len(), 13);
    let public = |name: &str| {
        let text = fs::read_to_string(directory.join(format!("{name}.key"))).unwrap();
        NamedKey::from_text(&text).unwrap().key.public().to_string()
    };
    for command in commands {
        for (version, names) in [(1, ["alice", "bob"]), (2, ["bob", "carol"])] {
            let is_first = command.starts_with(&format!("roots sign {version}.json"));
            if is_first && !directory.join(format!("{version}.json")).exists() {
                draft(directory, version, 1, &[]);
                let file = directory.join(format!("{version}.json"));
                let mut list: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
                for name in names {
                    list["keys"][format!("{name}.example")] = json!({"ed25519:1": public(name)});
                }
                fs::write(&file, list.to_string()).unwrap();
            }
        }
        let ran = threepid(directory, &command.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{command}: {ran:?}");
    }
    let shown = threepid(directory, &["roots", "show", "-c", "client.toml"]);
    assert!(shown.stdout.starts_with("version 2, expires "), "{shown:?}");
}
