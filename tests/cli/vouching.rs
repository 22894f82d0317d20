//! `threepid cert` and `threepid association`, and what a lookup makes of what they sign.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use threepid::certificate::{Certificate, Scope, Terms};
use threepid::clock::{Clock, SystemClock};
use threepid::config::Config;
use threepid::daemon::{Daemon, signing_keys};
use threepid::signed::KeyName;

use super::{Ran, beside, threepid};

const SERVERS: [&str; 6] = [
    "verify.example",
    "good.example",
    "narrow.example",
    "old.example",
    "mid.example",
    "far.example",
];

fn good(directory: &Path, arguments: &[&str]) -> String {
    let ran = threepid(directory, arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    ran.stdout
}

/// Makes a key for a server; gives its public part.
fn make_key(directory: &Path, server: &str) -> String {
    let made = good(directory, &["cert", "key", "--new", "--key-id", "1", &key_file(server)]);
    let (id, key) = made.trim_end().split_once('\n').expect("two lines");
    assert_eq!(id, "key_id = \"ed25519:1\"");
    key.trim_start_matches("key = ").trim_matches('"').to_owned()
}

fn key_file(server: &str) -> String {
    format!("{server}.key")
}

/// The words that issue a certificate, but for the scope.
fn issue<'a>(key: &'a str, issuer: &'a str, subject: &'a str, public: &'a str) -> Vec<&'a str> {
    vec![
        "cert",
        "issue",
        "--key",
        key,
        "--issuer",
        issuer,
        "--subject",
        subject,
        "--key-id",
        "1",
        "--public-key",
        public,
    ]
}

/// A certificate that ended a minute ago, as JSON.
fn ended(directory: &Path, public: &str) -> String {
    let key = signing_keys::load(&directory.join("verify.example.key")).expect("it was made");
    let now = SystemClock.now();
    let terms = Terms {
        issuer: "verify.example".parse().expect("a name"),
        subject: name("old.example"),
        public_key: public.parse().expect("a key"),
        scope: Scope::new(vec!["msisdn:*".parse().expect("a rule")]),
        max_path: 0,
        not_before: now.saturating_sub(Duration::from_secs(3600)),
        not_after: now.saturating_sub(Duration::from_secs(60)),
    };
    let certificate = Certificate::sign(terms, name("verify.example"), &key.key).expect("it fits");
    String::from_utf8(certificate.to_octets()).expect("JSON is UTF-8")
}

fn name(server: &str) -> KeyName {
    KeyName::new(server.parse().expect("a name"), "ed25519:1".parse().expect("an id"))
}

/// Keys, certificates and associations, signed by hand: the lines of the zone.
fn signed_by_hand(directory: &Path) -> String {
    let publics = SERVERS.map(|server| make_key(directory, server));
    let [_, good_key, narrow_key, old_key, mid_key, far_key] = publics.each_ref();
    let mut zone = String::new();
    let mut certify = |issuer: &str, subject: &str, public: &str, scope: &[&str]| {
        let key = key_file(issuer);
        let words = [&issue(&key, issuer, subject, public), scope].concat();
        fs::write(directory.join(format!("{subject}.json")), good(directory, &words))
            .expect("writable");
        zone += &good(directory, &[&words[..], &["--zone", "3pid.example"]].concat());
    };
    certify("verify.example", "good.example", good_key, &["--scope", "msisdn:44"]);
    let narrow = ["--scope", "msisdn:*", "--scope", "!msisdn:4477"];
    certify("verify.example", "narrow.example", narrow_key, &narrow);
    certify("verify.example", "mid.example", mid_key, &["--scope", "msisdn:*", "--days", "30"]);
    certify("mid.example", "far.example", far_key, &["--scope", "msisdn:*"]);
    let old = ended(directory, old_key).replace('"', "\\\"");
    zone += &format!("old.example._verifier.3pid.example. VCERT \"{old}\"\n");
    let signers =
        ["verify.example", "good.example", "narrow.example", "old.example", "far.example"];
    for (number, signer) in signers.into_iter().chain(["gone.example"]).enumerate() {
        let key = key_file(if signer == "gone.example" { "good.example" } else { signer });
        let phone = format!("+44770090020{number}");
        let words =
            ["association", "sign", "--key", &key, "--server", signer, &phone, "@alice:m.example"];
        zone += &good(directory, &[&words[..], &["--zone", "3pid.example"]].concat());
        fs::write(directory.join(format!("{number}.json")), good(directory, &words))
            .expect("writable");
    }
    zone
}

/// A root that has all of it, and a resolver.
async fn serve(directory: &Path) -> (Daemon, Daemon) {
    let write = |name: &str, text: &str| fs::write(directory.join(name), text).expect("writable");
    let zone = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 127.0.0.1\n".to_owned()
        + &signed_by_hand(directory);
    write("root.zone", &zone);
    let made = good(directory, &["key", "generate", "3pid.example", "--dir", "keys"]);
    let key = made.trim();
    write(
        "server.toml",
        "[authority]\nlisten = [\"127.0.0.1:0\"]\n[[authority.zone]]\nname = \"3pid.example\"\n\
         file = \"root.zone\"\nkey_dir = \"keys\"\n",
    );
    let start = async |name: &str| {
        let config = Config::load(&directory.join(name)).expect("a good configuration");
        Daemon::start(config).await.expect("it starts")
    };
    let server = start("server.toml").await;
    let port = server.authority_addresses()[0].port();
    let anchor = format!("apex = \"3pid.example\"\nanchor_file = \"{key}.key\"\n");
    let resolver = format!(
        "[resolver]\nlisten = [\"127.0.0.1:0\"]\niteration_port = {port}\n\
         [[resolver.root]]\nservers = [\"127.0.0.1\"]\n{anchor}"
    );
    write("resolver.toml", &resolver);
    let resolver = start("resolver.toml").await;
    let address = resolver.resolver_addresses()[0];
    let verifier = good(directory, &["cert", "key", "verify.example.key"]);
    let client = format!(
        "[client]\nresolver = \"{address}\"\n[[client.root]]\n{anchor}\
         [[client.verifier]]\nname = \"verify.example\"\n{verifier}"
    );
    write("client.toml", &client);
    (server, resolver)
}

/// What a lookup of each says of its one signature.
const JUDGED: [(&str, i32, &str); 6] = [
    ("0", 0, "verify.example ed25519:1: trusted here"),
    ("1", 0, "good.example ed25519:1: verify.example vouches for it"),
    (
        "2",
        2,
        "narrow.example ed25519:1: out of scope: the certificate of verify.example for \
         narrow.example ed25519:1 does not cover this identifier",
    ),
    (
        "3",
        2,
        "old.example ed25519:1: expired: the certificate of verify.example for old.example \
         ed25519:1 has ended",
    ),
    (
        "4",
        2,
        "far.example ed25519:1: path too long: the certificate of verify.example for mid.example \
         ed25519:1 is too far up: it allows fewer below it",
    ),
    ("5", 2, "gone.example ed25519:1: untrusted: there is no certificate of gone.example"),
];

fn assert_ends(ran: &Ran, code: i32, line: &str) {
    assert_eq!(ran.code, code, "{ran:?}");
    assert!(ran.stdout.lines().any(|told| told.trim_start() == line), "{line:?} in {ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_tells_who_vouches_and_who_does_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let (server, resolver) = serve(directory).await;
    for (number, code, line) in JUDGED {
        let phone = format!("+44770090020{number}");
        let ran = beside(directory, &["lookup", "-c", "client.toml", &phone]).await;
        assert_ends(&ran, code, line);
        let sum = match code {
            0 => format!("{phone}: @alice:m.example, proved, trusted"),
            _ => format!(
                "{phone}: @alice:m.example, proved, not trusted: verify.example does not vouch for it"
            ),
        };
        assert_eq!(ran.stdout.lines().next(), Some(sum.as_str()));
        // The statement alone, by the certificates in the tree.
        let file = format!("{number}.json");
        let ran = beside(directory, &["association", "verify", "-c", "client.toml", &file]).await;
        let trusted = if code == 0 { "trusted: verify.example vouches" } else { "not trusted" };
        assert_ends(&ran, code, trusted);
    }
    let ran = beside(directory, &["lookup", "--json", "-c", "client.toml", "+447700900202"]).await;
    let object: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let signature = &object["roots"][0]["signatures"][0];
    assert_eq!((&object["trusted"], &object["vouch"]), (&false.into(), &serde_json::json!([])));
    assert_eq!(
        (&signature["server"], &signature["verdict"]),
        (&"narrow.example".into(), &"out_of_scope".into())
    );
    let ran = beside(directory, &["lookup", "--json", "-c", "client.toml", "+447700900201"]).await;
    let object: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let chain = &object["roots"][0]["signatures"][0]["chains"][0];
    assert_eq!(
        (&chain[0]["server"], &chain[1]["server"]),
        (&"good.example".into(), &"verify.example".into())
    );
    let words = ["cert", "verify", "-c", "client.toml", "--signer", "far.example", "--key-id", "1"];
    let ran = beside(directory, &[&words[..], &["+447700900204"]].concat()).await;
    assert_ends(&ran, 2, "the certificate of mid.example for far.example ed25519:1 is good");
    server.stop().await;
    resolver.stop().await;
}

#[test]
fn certificates_are_judged_in_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let zone = signed_by_hand(directory);
    let lines: Vec<&str> = zone.lines().filter(|line| line.contains("VCERT")).collect();
    fs::write(directory.join("all.zone"), lines.join("\n") + "\n").expect("writable");
    let verifier = good(directory, &["cert", "key", "verify.example.key"]);
    let client = format!(
        "[client]\n[[client.root]]\napex = \"3pid.example\"\nanchors = [\"3pid.example. DS 1 15 2 {}\"]\n\
         [[client.verifier]]\nname = \"verify.example\"\n{verifier}",
        "00".repeat(32)
    );
    fs::write(directory.join("client.toml"), client).expect("writable");
    let verify = |signer: &str, with: &str| {
        let words = ["cert", "verify", "-c", "client.toml", "--signer", signer, "--key-id", "1"];
        threepid(directory, &[&words[..], &["--with", with, "+447700900200"]].concat())
    };
    let found = verify("good.example", "good.example.json");
    assert_ends(&found, 0, "verify.example ed25519:1 is trusted and signed it");
    assert_ends(&verify("good.example", "all.zone"), 0, "trusted: verify.example vouches");
    let absent = verify("good.example", "narrow.example.json");
    assert_ends(&absent, 2, "there is no certificate of good.example");
    let narrow = verify("narrow.example", "all.zone");
    let told =
        "narrow.example ed25519:1 for +447700900200, by certificates in these files: out of scope";
    assert_ends(&narrow, 2, told);
    let bad = verify("good.example", "client.toml");
    assert_eq!(bad.code, 3, "{bad:?}");
    assert!(bad.stderr.starts_with("client.toml:1:"), "{bad:?}");

    let shown = good(directory, &["cert", "show", "narrow.example.json"]);
    for line in [
        "narrow.example ed25519:1 verifies, by the word of verify.example",
        "  scope       msisdn:*, !msisdn:4477",
        "  below it    no certificate",
        "  signed by   verify.example ed25519:1 (not checked here)",
    ] {
        assert!(shown.lines().any(|told| told == line), "{line:?} in {shown}");
    }
    assert_eq!(good(directory, &["cert", "show", "all.zone"]).matches("verifies,").count(), 5);
    assert_eq!(threepid(directory, &["cert", "show", "0.json"]).code, 1);
}

#[test]
fn keys_are_made_once_and_for_themselves() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let public = make_key(directory, "verify.example");
    let path = directory.join("verify.example.key");
    let mode = fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(good(directory, &["cert", "key", "verify.example.key"]).contains(&public));
    let again = threepid(directory, &["cert", "key", "--new", "verify.example.key"]);
    assert_eq!(again.code, 3, "{again:?}");
    let zone = good(directory, &["key", "generate", "3pid.example"]);
    let private = format!("{}.private", zone.trim());
    let words = ["association", "sign", "--server", "a.example", "+447700900200", "@a:b", "--key"];
    let refused = threepid(directory, &[&words[..], &[&private]].concat());
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("this is a key that zones are signed with"), "{refused:?}");
}

#[test]
fn certificates_of_no_use_are_not_issued() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let [own, public] = ["verify.example", "b.example"].map(|server| make_key(directory, server));
    let key = key_file("verify.example");
    let refuse = |subject: &str, public: &str, rest: &[&str], code: i32, why: &str| {
        let words = [&issue(&key, "verify.example", subject, public), rest].concat();
        let refused = threepid(directory, &words);
        assert_eq!((refused.code, refused.stdout.as_str()), (code, ""), "{refused:?}");
        assert!(refused.stderr.contains(why), "{refused:?}");
    };
    let all = ["--scope", "msisdn:*"];
    let until = |day| [&all[..], &["--not-after", day]].concat();
    refuse("b.example", &public, &until("2025-01-01"), 64, "in the past");
    refuse("b.example", &public, &until("2099-01-01"), 64, "90 days at most");
    refuse("b.example", &public, &until("tomorrow"), 64, "expected a day as 2026-12-24");
    refuse("b.example", &public, &[&all[..], &["--days", "91"]].concat(), 64, "1..=90");
    refuse("b.example", &public, &["--scope", "!msisdn:44"], 3, "the scope only excludes");
    refuse("b.example", &own, &all, 3, "verify.example.key is the key that is to be certified");
    let zone = [&all[..], &["--zone", "3pid.example"]].concat();
    refuse("192.0.2.1", &public, &zone, 3, "have no name in the tree");
}

#[test]
fn statements_are_signed_by_several_and_shown() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    for server in ["a.example", "b.example"] {
        make_key(directory, server);
    }
    let sign = |words: &[&str]| {
        let signed = threepid(directory, &[&["association", "sign"], words].concat());
        fs::write(directory.join("statement.json"), &signed.stdout).expect("writable");
        signed
    };
    let by = |server: &'static str, key: &'static str| ["--server", server, "--key", key];
    let first = by("a.example", "a.example.key");
    sign(&[&first[..], &["Alice@Example.com", "@alice:m.example", "--days", "2"]].concat());
    let second = by("b.example", "b.example.key");
    let added = sign(&[&second[..], &["--add-to", "statement.json"]].concat());
    assert_eq!(added.code, 0, "{added:?}");
    let shown = good(directory, &["association", "show", "statement.json"]);
    assert!(shown.starts_with("alice@example.com: @alice:m.example\n"), "{shown}");
    for server in ["a.example", "b.example"] {
        let line = format!("  signed by   {server} ed25519:1 (not checked here)\n");
        assert!(shown.contains(&line), "{shown}");
    }
    let again = sign(&[&second[..], &["--add-to", "statement.json"]].concat());
    assert_eq!(again.code, 3, "{again:?}");
    sign(&[&first[..], &["--withdraw", "alice@example.com"]].concat());
    let shown = good(directory, &["association", "show", "statement.json"]);
    assert!(shown.starts_with("alice@example.com: withdrawn\n"), "{shown}");
    let usage = sign(&[&first[..], &["alice@example.com"]].concat());
    assert_eq!(usage.code, 64, "a user is missing: {usage:?}");
}

#[test]
fn the_key_of_a_zone_is_not_certified() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    make_key(directory, "verify.example");
    let made = good(directory, &["key", "generate", "3pid.example", "--dir", "keys"]);
    let file = directory.join(format!("{}.key", made.trim()));
    let text = fs::read_to_string(file).expect("it was made");
    let key =
        text.trim_end().rsplit(' ').next().expect("it ends with the key").trim_end_matches('=');
    let config = "[authority]\nlisten = [\"127.0.0.1:0\"]\n[[authority.zone]]\nname = \"3pid.example\"\n\
                  file = \"a.zone\"\nkey_dir = \"keys\"\n";
    fs::write(directory.join("server.toml"), config).expect("writable");
    let zone = "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 127.0.0.1\n";
    fs::write(directory.join("a.zone"), zone).expect("writable");
    let issue = issue("verify.example.key", "verify.example", "telco.example", key);
    let issue = [&issue[..], &["--scope", "msisdn:*", "--zone", "3pid.example"]].concat();
    let ran = threepid(directory, &[&issue[..], &["-c", "server.toml"]].concat());
    let why = "telco.example ed25519:1 and the zone 3pid.example. have the same key";
    assert!(ran.code == 3 && ran.stderr.contains(why), "{ran:?}");
    // Whoever does not say which zones there are is told when it is to be served.
    let certificate = good(directory, &issue);
    fs::write(directory.join("a.zone"), format!("{zone}{certificate}")).expect("writable");
    let ran = threepid(directory, &["config", "check", "server.toml"]);
    assert!(ran.code != 0 && ran.stderr.contains(&format!("server.toml:4:8: {why}")), "{ran:?}");
}
