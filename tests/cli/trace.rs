//! `threepid trace`, against servers in this process on free ports.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;
use threepid::daemon::demo::{Demo, Settings};

use super::lookup::unsigned_region;
use super::{Ran, beside, threepid};

/// Runs `trace` beside the servers of this runtime.
async fn trace(directory: &Path, arguments: &[&str]) -> Ran {
    beside(directory, &[&["trace", "-c", "resolver.toml"], arguments].concat()).await
}

/// The output without what changes from one run to the next, and without its margin: times become
/// `T`, key tags `K`, the port goes.
fn steady(text: &str, port: u16) -> String {
    let text = text.replace(&format!(":{port}"), "");
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let word = |at: usize| match (at.checked_sub(1).map(|at| words[at]), words.get(at + 1)) {
            (Some("key" | "KSK"), _) => "K",
            (_, Some(&"ms")) => "T",
            _ => words[at],
        };
        let steady: Vec<&str> = (0..words.len()).map(word).collect();
        steady.join(" ").trim_start().to_owned() + "\n"
    };
    text.lines().map(line).collect()
}

const WALK: &str = "\
www.example.com.email.3pid.example. A
anchor  3pid.example. key K ED25519 (SHA256)

3pid.example. at 127.53.0.1
3pid.example. NS
T ms  the servers of 3pid.example., by its own word
ns.3pid.example. 127.53.0.1

3pid.example. at ns.3pid.example. (127.53.0.1)
email.3pid.example. A
T ms  no zone starts there
com.email.3pid.example. A
T ms  no zone starts there
example.com.email.3pid.example. A
T ms  referral to example.com.email.3pid.example.
DS for key K ED25519 (SHA256)
ns.example.com.email.3pid.example. 127.53.0.10

example.com.email.3pid.example.
at ns.example.com.email.3pid.example. (127.53.0.10)
www.example.com.email.3pid.example. A
T ms  no such name (NXNAME)

3pid.example. at ns.3pid.example. (127.53.0.1)
3pid.example. DNSKEY
T ms  answer: 1 record, 1 signature
proved  3pid.example. DNSKEY by key K ED25519 of 3pid.example.
signed  3pid.example. with KSK K ED25519 (as the anchor says)
";

#[tokio::test]
async fn the_way_through_the_demo_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let resolver = "127.0.0.1:0".parse().unwrap();
    let settings = Settings { resolver, port: 0, ..Settings::new(directory.path().to_owned()) };
    let demo = Demo::start(&settings).await.unwrap();

    let ran = trace(directory.path(), &["www.example.com.email.3pid.example"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let shown = steady(&ran.stdout, demo.port());
    assert!(shown.starts_with(WALK), "{shown}");
    assert!(
        shown.contains("\nwww.example.com.email.3pid.example. A: no such name (NXNAME), proved\n")
    );
    assert!(ran.stdout.contains("\n7 questions to 2 servers, "), "{}", ran.stdout);

    let ran = trace(directory.path(), &["+447700900124"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("\n+447700900124: @bob:matrix.example, proved\n"), "{ran:?}");
    assert_eq!(ran.stdout.matches("     anchor  ").count(), 2, "both trees: {ran:?}");

    let short = trace(directory.path(), &["--no-minimise", "+447700900124", "TXT"]).await;
    assert_eq!(short.code, 1, "{short:?}");
    assert!(!short.stdout.contains("no zone starts there"), "{short:?}");

    let found = trace(directory.path(), &["ns.3pid.example"]).await;
    assert_eq!(found.code, 0, "{found:?}");
    // The TTL counts down from the first of the questions.
    assert!(found.stdout.contains("ns.3pid.example. A: found, proved\n  ns.3pid.example. 3"));
    assert!(found.stdout.contains(" A 127.53.0.1\n"), "{found:?}");

    let known = trace(directory.path(), &["a.localhost"]).await;
    assert_eq!(known.code, 2, "nothing is proved: {known:?}");
    let why = "      known  a.localhost. A: nobody is asked below localhost. (RFC 6761)\n";
    assert!(known.stdout.contains(why), "{known:?}");
    let why = "found, not proved: it was answered here (RFC 6761), and nobody was asked\n";
    assert!(known.stdout.contains(why), "{known:?}");
    assert!(known.stdout.contains("\n0 questions to 0 servers, "), "{known:?}");

    let signature = trace(directory.path(), &["ns.3pid.example", "RRSIG"]).await;
    let why = "RRSIG: found, not proved: signatures are not signed themselves\n";
    assert!(signature.stdout.contains(why), "{signature:?}");

    let path = directory.path().join("resolver.toml");
    let config = fs::read_to_string(&path).unwrap();
    let excepted =
        config.replacen("[resolver]", "[resolver]\nnegative_anchors = [\"3pid.example\"]", 1);
    fs::write(&path, excepted).unwrap();
    let taken = trace(directory.path(), &["ns.3pid.example"]).await;
    let why = "A: found, not proved: the negative trust anchor 3pid.example. covers it\n";
    assert!(taken.stdout.contains(why), "{taken:?}");
    demo.stop().await;
}

/// The objects that `--json` writes.
async fn objects(directory: &Path, target: &str) -> (i32, Vec<Value>) {
    let ran = trace(directory, &["--json", target]).await;
    let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    (ran.code, lines.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_each_step() {
    let directory = tempfile::tempdir().unwrap();
    let (servers, resolver) = unsigned_region(directory.path()).await;
    resolver.stop().await;
    let (code, objects) = objects(directory.path(), "+447700900124").await;
    assert_eq!(code, 2, "the region is not signed: {objects:#?}");
    let of = |event: &'static str| objects.iter().filter(move |object| object["event"] == event);
    assert_eq!(of("walk").count(), 1);
    assert_eq!(of("walk").next().unwrap()["servers"][0], "127.0.0.1");
    assert!(of("question").all(|object| object["milliseconds"].is_f64()));
    let insecure = of("trust").find(|object| object["state"] == "insecure").unwrap();
    assert_eq!(insecure["zone"], "4.4.msisdn.3pid.example.");
    assert!(
        of("proved").any(|object| object["type"] == "NSEC" && object["algorithm"] == "ED25519")
    );
    let identifier = of("identifier").next().unwrap();
    assert_eq!(
        (&identifier["mxid"], &identifier["proved"]),
        (&"@bob:matrix.example".into(), &false.into())
    );
    let end = objects.last().unwrap();
    assert_eq!(end["questions"], of("question").count());
    assert_eq!(end["proved"], of("proved").count());
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_shown_where_it_does() {
    let directory = tempfile::tempdir().unwrap();
    let (servers, resolver) = unsigned_region(directory.path()).await;
    resolver.stop().await;
    let config = fs::read_to_string(directory.path().join("resolver.toml")).unwrap();
    let (rest, _) = config.split_once("anchor_file").unwrap();
    let other = format!("3pid.example. IN DS 1 15 2 {}", "00".repeat(32));
    let forged = format!("{rest}anchors = [\"{other}\"]\n");
    fs::write(directory.path().join("resolver.toml"), forged).unwrap();
    let ran = trace(directory.path(), &["3pid.example", "SOA"]).await;
    assert_eq!(ran.code, 3, "{ran:?}");
    let flaw = "      bogus  3pid.example. DNSKEY: no key of the zone has tag 1\n";
    assert!(ran.stdout.contains(flaw), "{}", ran.stdout);
    assert!(ran.stdout.contains("3pid.example. SOA: bogus: 3pid.example. DNSKEY"), "{ran:?}");
    let (_, told) = objects(directory.path(), "3pid.example").await;
    let answer = told.iter().find(|object| object["event"] == "answer").unwrap();
    assert_eq!((&answer["outcome"], &answer["security"]), (&"error".into(), &"bogus".into()));

    servers.stop().await;
    let ran = trace(directory.path(), &["+447700900124"]).await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.contains("ms  no reply: connection refused\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("+447700900124: unanswered\n"), "{}", ran.stdout);
    let ran = trace(directory.path(), &["3pid.example", "SOA", "--json"]).await;
    let refused = r#""error":"connection refused""#;
    assert!(ran.stdout.contains(r#""outcome":"unreachable""#), "{}", ran.stdout);
    assert!(ran.stdout.contains(refused), "{}", ran.stdout);
}

/// A server that is there and does not reply is another thing than one that is not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_silent_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let config = format!(
        "[resolver]\nlisten = [\"127.0.0.1:5300\"]\niteration_port = {}\n\
         [[resolver.root]]\napex = \"3pid.example.\"\nservers = [\"127.0.0.1\"]\n\
         anchors = [\"3pid.example. IN DS 1 15 2 {}\"]\n",
        silent.local_addr().unwrap().port(),
        "00".repeat(32)
    );
    fs::write(directory.path().join("resolver.toml"), config).unwrap();
    let ran = trace(directory.path(), &["3pid.example", "SOA"]).await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.contains("ms  no reply in time\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("cannot be told: no server of 3pid.example. answers\n"), "{ran:?}");
}

/// Refuses what it is asked, and gives the addresses that asked.
async fn refuse(server: tokio::net::UdpSocket, asked: &mut BTreeSet<IpAddr>) {
    let mut packet = [0; 512];
    loop {
        let (length, from) = server.recv_from(&mut packet).await.expect("a question");
        asked.insert(from.ip());
        // A reply, and REFUSED.
        (packet[2], packet[3]) = (0x80, 5);
        server.send_to(&packet[..length], from).await.expect("it is sent");
    }
}

/// Questions go out from where the resolver sends its own, and for some names to other resolvers.
#[tokio::test]
async fn questions_go_from_and_to_where_those_of_the_resolver_go() {
    let directory = tempfile::tempdir().unwrap();
    let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let config = format!(
        "[resolver]\nlisten = [\"127.0.0.1:5300\"]\niteration_port = {port}\nsources = [\"127.0.0.57\"]\n\
         [[resolver.root]]\napex = \"3pid.example.\"\nservers = [\"127.0.0.1\"]\n\
         anchors = [\"3pid.example. IN DS 1 15 2 {}\"]\n\
         [[resolver.forward]]\nzone = \"corp\"\nresolvers = [\"127.0.0.1:{port}\"]\n",
        "00".repeat(32)
    );
    fs::write(directory.path().join("resolver.toml"), config).unwrap();
    let mut asked = BTreeSet::new();
    let walks = async {
        let ran = trace(directory.path(), &["3pid.example", "SOA"]).await;
        assert!(ran.stdout.contains("\n3pid.example. at 127.0.0.1:"), "{}", ran.stdout);
        assert!(ran.stdout.contains("REFUSED"), "{}", ran.stdout);
        let ran = trace(directory.path(), &["host.corp"]).await;
        assert!(ran.stdout.contains("\ncorp. by the resolver 127.0.0.1:"), "{}", ran.stdout);
    };
    tokio::select! {
        () = walks => {}
        () = refuse(server, &mut asked) => {}
    }
    assert_eq!(asked, BTreeSet::from(["127.0.0.57".parse().unwrap()]));
}

#[test]
fn mistakes_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let resolver = include_str!("../../config/resolver.toml");
    fs::write(directory.path().join("resolver.toml"), resolver).unwrap();
    let client = include_str!("../../config/client.toml");
    let nowhere = client.replace("servers = [\"192.0.2.1\", \"2001:db8::1\"]", "");
    assert_ne!(nowhere, client);
    fs::write(directory.path().join("client.toml"), nowhere).unwrap();
    fs::write(directory.path().join("empty.toml"), "").unwrap();
    for (arguments, told) in [
        (
            &["-c", "resolver.toml", "07700 900123"][..],
            "error: \"07700 900123\": a phone number in national",
        ),
        (&["-c", "resolver.toml", "a..b"], "error: \"a..b\": no domain name: empty label"),
        (
            &["-c", "resolver.toml", "example.com"],
            "error: \"example.com.\": it lies in no configured tree (3pid.example.)",
        ),
        (&["-c", "client.toml", "+447700900123"], "client.toml: a trace starts at the servers of"),
        (&["-c", "empty.toml", "+447700900123"], "empty.toml:1:1: nothing to do: none of"),
        (&["+447700900123"], "error: no configuration: give one with a [resolver] section by -c"),
    ] {
        let ran = threepid(directory.path(), &[&["trace"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
        assert!(ran.stderr.starts_with(told), "{ran:?}");
    }
    let ran = threepid(directory.path(), &["trace", "-c", "resolver.toml", "--json", "a..b"]);
    let object: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &object["event"]), (3, &"error".into()));
    let ran = threepid(directory.path(), &["trace", "-c", "resolver.toml", "a.b", "NOTYPE"]);
    assert_eq!(ran.code, 64, "{ran:?}");
}
