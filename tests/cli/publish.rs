//! `threepid publish` and `threepid outbox`, towards roots that are made up.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;
use threepid::transport::http::{BoxFuture, Handler, Limits, Request, Response, StatusCode, serve};
use tokio::net::TcpListener;

use super::{Ran, beside, threepid};

/// A root that answers all with this, and notes what it was sent.
#[derive(Clone)]
struct Says {
    answer: Arc<Mutex<(u16, &'static str)>>,
    sent: Arc<Mutex<Vec<String>>>,
}

const STORED: (u16, &str) = (201, r#"{"status":"stored"}"#);
const BUSY: (u16, &str) = (503, r#"{"errcode":"M_UNKNOWN","error":"busy"}"#);
const FORBIDDEN: (u16, &str) = (403, r#"{"errcode":"M_FORBIDDEN","error":"who is that?"}"#);
const NEWER: (u16, &str) = (409, r#"{"errcode":"THREEPID_SUPERSEDED","error":"late"}"#);

impl Handler for Says {
    fn admit(&self, _: &Request) -> Result<usize, Box<Response>> {
        Ok(10_000)
    }

    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        let line = format!("{}?{}", request.path, request.query.unwrap_or_default());
        self.sent.lock().unwrap().push(line);
        let (status, body) = *self.answer.lock().unwrap();
        let response = Response::json(StatusCode::from_u16(status).unwrap(), body);
        Box::pin(std::future::ready(response))
    }
}

impl Says {
    async fn start(answer: (u16, &'static str)) -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let says = Self { answer: Arc::new(Mutex::new(answer)), sent: Arc::default() };
        let handler = Arc::new(says.clone());
        tokio::spawn(serve(listener, None, handler, Limits::default(), std::future::pending()));
        (says, address)
    }

    fn says(&self, answer: (u16, &'static str)) {
        *self.answer.lock().unwrap() = answer;
    }

    fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

const ANCHOR: &str = "DS 1 15 2 1f4a6d8e0c93b75a2e6f4d1c8b0a9372645ef1d08c7b3a6592e4d7f01c8b5a63";

/// A directory with a configuration of these roots, and `a.json` with an association of a phone number.
fn directory(roots: &[SocketAddr]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    // Whether the system knows any authorities does not matter.
    let authority = rcgen::generate_simple_self_signed(Vec::new()).unwrap();
    fs::write(directory.path().join("ca.pem"), authority.cert.pem()).unwrap();
    let mut text = "[client]\nresolver = \"127.0.0.1:1\"\noutbox = \"outbox\"\n\
                    ca_file = \"ca.pem\"\n"
        .to_owned();
    for (at, address) in roots.iter().enumerate() {
        text += &format!(
            "[[client.root]]\napex = \"r{at}.example.\"\nanchors = [\"r{at}.example. {ANCHOR}\"]\n\
             publish = \"http://{address}\"\n"
        );
    }
    fs::write(directory.path().join("client.toml"), text).unwrap();
    fs::write(directory.path().join("a.json"), vector(0)).unwrap();
    directory
}

/// A signed association: by number.
fn vector(at: usize) -> String {
    let vectors = include_str!("../vectors/interchange.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    serde_json::to_string_pretty(&vectors["associations"][at]["json"]).unwrap()
}

async fn ran(directory: &Path, arguments: &[&str]) -> Ran {
    let (command, options) = arguments.split_at(if arguments[0] == "outbox" { 2 } else { 1 });
    beside(directory, &[command, &["-c", "client.toml"], options].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_root_does_not_take_waits_for_it() {
    let ((first, a), (second, b)) = (Says::start(STORED).await, Says::start(BUSY).await);
    let directory = directory(&[a, b]);
    let path = directory.path();
    let publish = ran(path, &["publish", "a.json"]).await;
    assert_eq!(publish.code, 2, "{publish:?}");
    let mut lines: Vec<&str> = publish.stdout.lines().collect();
    lines.sort_unstable();
    assert!(
        lines[0].ends_with(
            " at r0.example.: stored (resolvers may tell what was before for up to 1 h)"
        )
    );
    assert!(lines[1].contains(" at r1.example.: waits, next try in "), "{publish:?}");
    assert!(
        lines[1].ends_with(": the server answers 503 Service Unavailable: busy"),
        "{publish:?}"
    );
    assert_eq!(first.sent(), ["/_threepid/v1/associations?root=r0.example."]);
    assert_eq!(second.sent(), ["/_threepid/v1/associations?root=r1.example."]);

    let show = ran(path, &["outbox", "show", "--json"]).await;
    let told: Vec<Value> =
        show.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((show.code, told.len()), (0, 2), "{show:?}");
    assert_eq!((&told[0]["apex"], &told[0]["state"]), (&"r0.example.".into(), &"stored".into()));
    assert_eq!((&told[1]["state"], &told[1]["attempts"]), (&"waiting".into(), &1.into()));
    let run = ran(path, &["outbox", "run"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "it is not due: {run:?}");
    second.says(STORED);
    let run = ran(path, &["outbox", "run", "--now"]).await;
    assert_eq!((run.code, run.stdout.lines().count()), (0, 1), "{run:?}");
    assert!(first.sent().is_empty(), "who has it is not asked again");
    let show = ran(path, &["outbox", "show"]).await;
    assert_eq!((show.code, show.stdout.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_and_end_it() {
    let ((first, a), (_, b)) = (Says::start(FORBIDDEN).await, Says::start(NEWER).await);
    let directory = directory(&[a, b]);
    let publish = ran(directory.path(), &["publish", "a.json"]).await;
    assert_eq!(publish.code, 1, "{publish:?}");
    for told in ["r0.example.: refused: who is that? (M_FORBIDDEN)", "r1.example.: superseded"] {
        assert!(publish.stdout.contains(told), "{told}: {publish:?}");
    }
    let run = ran(directory.path(), &["outbox", "run", "--now"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "nothing waits");
    assert_eq!(first.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_queued_is_sent_by_a_later_run() {
    let (root, address) = Says::start(STORED).await;
    let directory = directory(&[address]);
    fs::write(directory.path().join("all.json"), format!("[{},{}]", vector(0), vector(1))).unwrap();
    let queue = ran(directory.path(), &["publish", "--queue", "all.json"]).await;
    assert_eq!((queue.code, queue.stdout.lines().count()), (0, 2), "{queue:?}");
    assert!(queue.stdout.lines().all(|line| line.ends_with(": in the outbox")), "{queue:?}");
    assert!(root.sent().is_empty());
    let run = ran(directory.path(), &["outbox", "run", "--wait", "--json"]).await;
    assert_eq!((run.code, root.sent().len()), (0, 2), "{run:?}");
    for line in run.stdout.lines() {
        let told: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&told["state"], told["ts"].is_u64()), (&"stored".into(), true), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_goes_on_until_all_is_delivered() {
    let (root, address) = Says::start(BUSY).await;
    let directory = directory(&[address]);
    assert_eq!(ran(directory.path(), &["publish", "a.json"]).await.code, 2);
    root.says(STORED);
    // What it is due at is moved into the past, so that nobody has to wait.
    let outbox = fs::read_dir(directory.path().join("outbox")).unwrap();
    let file = outbox.map(|file| file.unwrap().path()).find(|path| path.extension().is_some());
    let text = fs::read_to_string(file.as_ref().unwrap()).unwrap();
    let (before, rest) = text.split_once("\"next\":").unwrap();
    let (_, after) = rest.split_once(',').unwrap();
    fs::write(file.unwrap(), format!("{before}\"next\":1,{after}")).unwrap();
    let run = ran(directory.path(), &["outbox", "run", "--wait"]).await;
    assert_eq!((run.code, run.stdout.lines().count()), (0, 1), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_can_be_dropped() {
    let (_, address) = Says::start(BUSY).await;
    let directory = directory(&[address]);
    let path = directory.path();
    assert_eq!(ran(path, &["publish", "a.json"]).await.code, 2);
    let show = ran(path, &["outbox", "show"]).await;
    let (who, _) = show.stdout.split_once(" at ").unwrap();
    let drop = ran(path, &["outbox", "drop", who]).await;
    assert_eq!((drop.code, drop.stdout), (0, format!("{who}: dropped\n")));
    assert_eq!(ran(path, &["outbox", "show"]).await.stdout, "");
    assert_eq!(ran(path, &["outbox", "drop", who]).await.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_told_by_all_who_look_and_hold_nothing_up() {
    let (_, address) = Says::start(STORED).await;
    let directory = directory(&[address]);
    let path = directory.path();
    let publish = ran(path, &["publish", "--queue", "a.json"]).await;
    assert_eq!(publish.code, 0, "{publish:?}");
    let damaged = format!("{}.json", "b7".repeat(32));
    fs::write(path.join("outbox").join(&damaged), "trunc").unwrap();
    fs::write(path.join("outbox/zzz"), "of somebody else").unwrap();
    for (arguments, told) in [
        (&["outbox", "show"][..], 1),
        (&["outbox", "run"], 1),
        (&["outbox", "run"], 0),
        (&["publish", "a.json"], 1),
    ] {
        let run = ran(path, arguments).await;
        assert_eq!((run.code, run.stdout.lines().count()), (3, told), "{arguments:?}: {run:?}");
        let errors: Vec<&str> =
            run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert!(matches!(errors[..], [error] if error.contains(&damaged)), "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_statement_than_what_waits_is_dropped_and_not_all_is_well() {
    let directory = directory(&["127.0.0.1:1".parse().unwrap()]);
    let path = directory.path();
    let key = threepid(path, &["cert", "key", "--new", "verify.key"]);
    assert_eq!(key.code, 0, "{key:?}");
    for (file, says) in [("old.json", "@a:m.example"), ("new.json", "--withdraw")] {
        let sign = ["association", "sign", "--key", "verify.key", "--server", "verify.example"];
        let signed = threepid(path, &[&sign[..], &["+447700900123", says]].concat());
        assert_eq!(signed.code, 0, "{signed:?}");
        fs::write(path.join(file), signed.stdout).unwrap();
    }
    assert_eq!(ran(path, &["publish", "--queue", "new.json"]).await.code, 0);
    for arguments in [&["publish", "old.json"][..], &["publish", "--queue", "old.json"]] {
        let publish = ran(path, arguments).await;
        let told = "+447700900123: dropped: a newer statement is in the outbox\n";
        assert_eq!((publish.code, publish.stdout.as_str()), (1, told), "{publish:?}");
    }
}

#[test]
fn what_is_no_statement_is_told_with_its_place_and_nothing_is_sent() {
    let directory = directory(&["127.0.0.1:1".parse().unwrap()]);
    let path = directory.path();
    let (good, bad) = (vector(0).replace('\n', ""), vector(1).replace("\"ts\"", "\"tt\""));
    fs::write(path.join("some.lines"), format!("{good}\n{}\n{{\n", bad.replace('\n', ""))).unwrap();
    let publish = threepid(path, &["publish", "-c", "client.toml", "some.lines"]);
    assert_eq!(publish.code, 3, "{publish:?}");
    let told: Vec<&str> = publish.stderr.lines().collect();
    assert!(told[0].starts_with("some.lines:2: member \"ts\" is missing"), "{publish:?}");
    assert!(told[1].starts_with("some.lines:3: this is no JSON: "), "{publish:?}");
    assert!(!path.join("outbox").exists(), "nothing was put in");
    let absent = threepid(path, &["publish", "-c", "client.toml", "absent"]);
    assert!(absent.code == 3 && absent.stderr.starts_with("error: cannot read absent: "));
}

#[test]
fn mistakes_in_the_configuration_are_told() {
    let directory = directory(&["127.0.0.1:1".parse().unwrap()]);
    let path = directory.path();
    let config = fs::read_to_string(path.join("client.toml")).unwrap();
    for (from, to, told) in [
        ("http://127.0.0.1:1", "http://a.example", "plain HTTP is for loopback alone"),
        ("http://127.0.0.1:1", "https://a.example/b", "a server without a path is expected"),
        ("http://127.0.0.1:1", "a.example", "a URL like `https://publish.example` expected"),
        ("outbox = \"outbox\"", "outbox = \"\"", "a path expected"),
        ("ca.pem", "none.pem", "none.pem: No such file"),
        ("ca.pem", "a.json", "a.json: no certificate in it"),
        ("outbox = \"outbox\"", "outbx = \"a\"", "did you mean `outbox`?"),
    ] {
        fs::write(path.join("client.toml"), config.replace(from, to)).unwrap();
        let check = threepid(path, &["config", "check", "client.toml"]);
        assert_eq!(check.code, 1, "{to}: {check:?}");
        assert!(
            check.stderr.starts_with("client.toml:") && check.stderr.contains(told),
            "{check:?}"
        );
    }
}
