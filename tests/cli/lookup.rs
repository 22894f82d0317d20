//! `threepid lookup`, against servers in this process on free ports.

use std::fs;
use std::path::Path;

use threepid::config::Config;
use threepid::daemon::Daemon;
use threepid::daemon::demo::{Demo, Settings};

use super::{Ran, beside, threepid};

/// Runs `lookup` beside the servers of this runtime.
async fn lookup(directory: &Path, arguments: &[&str]) -> Ran {
    beside(directory, &[&["lookup", "-c", "client.toml"], arguments].concat()).await
}

/// The verification servers that clients of the demo trust.
const VERIFY: &str = "verify.example";
const OTHER: &str = "other.example";

/// Those of the demo's associations that do not end.
#[tokio::test]
async fn the_demo_holds_what_it_promises() {
    let directory = tempfile::tempdir().unwrap();
    let resolver = "127.0.0.1:0".parse().unwrap();
    let settings = Settings { resolver, port: 0, ..Settings::new(directory.path().to_owned()) };
    let demo = Demo::start(&settings).await.unwrap();
    for (identifier, code, sum) in [
        ("+44 7700 900124", 0, "+447700900124: @bob:matrix.example, proved, trusted\n"),
        ("+447700900999", 0, "+447700900999: @erin:matrix.example, proved, trusted\n"),
        ("+493023125", 1, "+493023125: unknown, proved\n"),
        ("+49302312501", 0, "+49302312501: @gustav:matrix.example, proved, trusted\n"),
        ("+447700900126", 0, "+447700900126: @dave:matrix.example, proved, trusted\n"),
        ("+491713920042", 0, "+491713920042: @frieda:chat.example, proved, trusted\n"),
        (
            "alice@example.com",
            0,
            "alice@example.com: @\u{c4}lice/1:matrix.example:8448, proved, trusted\n",
        ),
        ("Strauß@Example.com", 0, "strauss@example.com: @ears:matrix.example, proved, trusted\n"),
        ("carol@mail.example.net", 0, "carol@mail.example.net: @"),
        ("+447700900125", 1, "+447700900125: withdrawn, proved, trusted\n"),
        ("+447700900000", 1, "+447700900000: unknown, proved\n"),
        ("+15555550100", 1, "+15555550100: unknown, proved\n"),
        ("nobody@example.com", 1, "nobody@example.com: unknown, proved\n"),
        ("nobody@example.org", 1, "nobody@example.org: unknown, proved\n"),
    ] {
        let ran = lookup(directory.path(), &[identifier]).await;
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stdout.starts_with(sum), "{ran:?}");
    }
    let ran = lookup(directory.path(), &["--country", "GB", "07700 900124", "+447700900125"]).await;
    assert_eq!(ran.code, 1, "of several the gravest: {ran:?}");
    let ran = lookup(directory.path(), &["--json", "+447700900124"]).await;
    let object: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(object["identifier"], "+447700900124");
    assert_eq!((&object["mxid"], &object["proved"]), (&"@bob:matrix.example".into(), &true.into()));
    let trusted = (&object["trusted"], &object["vouchers"], &object["conflict"]);
    assert_eq!(trusted, (&true.into(), &1.into(), &false.into()));
    assert_eq!((&object["vouch"][0], &object["others"][0]), (&VERIFY.into(), &OTHER.into()));
    let signed = &object["roots"][0]["statement"];
    assert!(signed["signatures"]["verify.example"]["ed25519:0"].is_string(), "{object}");
    let verify = ["cert", "verify", "-c", "client.toml", "--signer", "shop.example:8448"];
    let shop = [&verify[..], &["--key-id", "x", "+447700900123"]].concat();
    let ran = beside(directory.path(), &shop).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let key = ["cert", "key", "verifiers/verify.example.key"];
    let key = beside(directory.path(), &key).await.stdout;
    let client = fs::read_to_string(directory.path().join("client.toml")).unwrap();
    assert!(client.contains(&key), "{key} in {client}");
    demo.stop().await;
}

#[tokio::test]
async fn a_tree_that_gives_no_answer_leaves_the_other_unproved() {
    let directory = tempfile::tempdir().unwrap();
    let resolver = "127.0.0.1:0".parse().unwrap();
    let settings = Settings { resolver, port: 0, ..Settings::new(directory.path().to_owned()) };
    let demo = Demo::start(&settings).await.unwrap();
    let client = directory.path().join("client.toml");
    let both = fs::read_to_string(&client).unwrap();
    fs::write(&client, both.replace("\"3pid.example.net.\"", "\"unknown.example.\"")).unwrap();
    let anchor = "unknown.example. DS 1 15 2 ".to_owned() + &"00".repeat(32);
    fs::write(directory.path().join("3pid.example.net.anchor"), anchor).unwrap();
    let ran = lookup(directory.path(), &["+447700900124"]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    let sum = "+447700900124: @bob:matrix.example, not proved: a root gave no answer";
    assert!(ran.stdout.starts_with(sum), "{ran:?}");
    let ran = lookup(directory.path(), &["--json", "+447700900124"]).await;
    let object: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&object["proved"], &object["complete"]), (&false.into(), &false.into()));
    assert_eq!(object["roots"][0]["proved"], true);
    demo.stop().await;
}

const ROOT: &str = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 127.0.0.1\n\
                    4.4.msisdn NS ns\n";

/// A signed root that delegates +44 without a DS, both on one server, and a resolver.
pub(super) async fn unsigned_region(directory: &Path) -> (Daemon, Daemon) {
    let write = |name: &str, text: &str| fs::write(directory.join(name), text).expect("writable");
    write("root.zone", ROOT);
    let uk = include_str!("../../zones/4.4.msisdn.3pid.example.zone");
    write("uk.zone", uk);
    let made = threepid(directory, &["key", "generate", "3pid.example", "--dir", "keys"]);
    let key = made.stdout.trim();
    let zone = |name, file| format!("[[authority.zone]]\nname = \"{name}\"\nfile = \"{file}\"\n");
    let root = format!("{}keys = [\"{key}\"]\n", zone("3pid.example", "root.zone"));
    let uk = zone("4.4.msisdn.3pid.example", "uk.zone");
    write("servers.toml", &format!("[authority]\nlisten = [\"127.0.0.1:0\"]\n{root}{uk}"));
    let start = async |name: &str| {
        let config = Config::load(&directory.join(name)).expect("a good configuration");
        Daemon::start(config).await.expect("it starts")
    };
    let servers = start("servers.toml").await;
    let port = servers.authority_addresses()[0].port();
    let anchor = format!("apex = \"3pid.example\"\nanchor_file = \"{key}.key\"\n");
    let resolver = format!(
        "[resolver]\nlisten = [\"127.0.0.1:0\"]\niteration_port = {port}\n\
         [[resolver.root]]\nservers = [\"127.0.0.1\"]\n{anchor}"
    );
    write("resolver.toml", &resolver);
    let resolver = start("resolver.toml").await;
    let address = resolver.resolver_addresses()[0];
    let client = format!("[client]\nresolver = \"{address}\"\n[[client.root]]\n{anchor}");
    write("client.toml", &client);
    (servers, resolver)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_unsigned_zone_says_is_not_proved() {
    let directory = tempfile::tempdir().unwrap();
    let (servers, resolver) = unsigned_region(directory.path()).await;
    let ran = lookup(directory.path(), &["+447700900124"]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    let expected = "+447700900124: @bob:matrix.example, not proved, not trusted: \
                    no verification server is trusted here\n";
    assert!(ran.stdout.starts_with(expected), "{ran:?}");
    let ran = lookup(directory.path(), &["nobody@example.com"]).await;
    assert_eq!(ran.code, 1, "the root proves absence itself: {ran:?}");
    let address = resolver.resolver_addresses()[0];
    resolver.stop().await;
    let ran = lookup(directory.path(), &["+447700900124"]).await;
    assert_eq!(ran.code, 3, "{ran:?}");
    let expected = format!("+447700900124: unanswered by the resolver at {address}\n");
    assert!(ran.stdout.starts_with(&expected), "{ran:?}");
    let silent = "\n  3pid.example. error: the resolver does not answer\n";
    assert!(ran.stdout.contains(silent), "{ran:?}");
    servers.stop().await;
}

#[test]
fn what_is_no_identifier_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let config = include_str!("../../config/client.toml");
    fs::write(directory.path().join("client.toml"), config).unwrap();
    let ran = threepid(directory.path(), &["lookup", "-c", "client.toml", "07700 900123"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    assert!(ran.stderr.starts_with("error: \"07700 900123\": "), "{ran:?}");
    let ran = threepid(directory.path(), &["lookup", "--json", "-c", "client.toml", "+44"]);
    let object: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &object["outcome"]), (3, &"refused".into()));
    let ran = threepid(directory.path(), &["lookup", "alice@example.com"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("give one with a [client] section by -c FILE"), "{ran:?}");
}
