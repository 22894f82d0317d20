//! Publications over HTTP to a server that is killed at some moment: what it has acknowledged, it answers with
//! when it is started again.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;
use threepid::association::Statement;
use threepid::codec::{Url, base64_unpadded};
use threepid::crypto::{Random, SeededRandom};
use threepid::threepid::Threepid;
use threepid::transport::http::{ClientLimits, Fetch, HttpClient, Outgoing, TrustStore};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;

use super::world::{TREES, ask, key, statement, write_certificates};
use crate::cli::{serve, threepid};
use crate::interop::process::Background;
use crate::store::number;

/// How many publish at the same time, each about numbers of its own.
const SENDERS: u64 = 4;
/// About how many numbers each of them publishes.
const NUMBERS: u64 = 20;
/// Before how many acknowledgements the server is killed in each round.
const MOST: u64 = 60;

fn identifier(number: u64) -> Threepid {
    Threepid::parse_any(&format!("+447700900{number:03}"), None).expect("an identifier")
}

/// A directory with a server's configuration, a zone and its key.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let (path, apex) = (place.path(), TREES[1]);
        let made = threepid(path, &["key", "generate", apex, "--dir", "keys"]);
        let (zone_key, public) = (made.stdout.trim(), key("verify.example").1.public());
        let config = format!(
            "[authority]\nlisten = [\"127.0.0.1:0\"]\nthreads = 1\nstore = \"a.store\"\n\
             [[authority.zone]]\nname = \"{apex}\"\nfile = \"a.zone\"\nkeys = [\"{zone_key}\"]\n\
             [publish]\nlisten = [\"127.0.0.1:0\"]\nplain = true\nper_client = 10000\n\
             [[publish.root]]\napex = \"{apex}\"\nanchor_file = \"{zone_key}.key\"\n\
             [[publish.verifier]]\nname = \"verify.example\"\nkey_id = \"1\"\nkey = \"{}\"\n",
            base64_unpadded(public.octets())
        );
        let zone = "$TTL 60\n@ SOA ns r 1 1h 1h 1h 1\n@ NS ns\nns A 127.0.0.1\n";
        fs::write(path.join("a.toml"), config).expect("it is writable");
        fs::write(path.join("a.zone"), zone).expect("it is writable");
        write_certificates(path);
        Self(place)
    }

    fn serve(&self) -> Background {
        let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
        command.args(["serve", "-c"]).arg(self.0.path().join("a.toml"));
        Background::start(&mut command, "publish=[")
    }

    fn client(&self) -> HttpClient {
        let store = TrustStore::File(self.0.path().join("ca.pem"));
        HttpClient::new(&store, ClientLimits::default()).expect("authorities")
    }
}

/// What was sent about a number, in this order.
#[derive(Default)]
struct Sent {
    statements: Vec<Statement>,
    /// How many of them were acknowledged, or sent before one that was.
    acknowledged: usize,
}

/// Somebody who publishes. Each statement is later than those before.
struct Sender {
    first: u64,
    steps: u64,
    sent: BTreeMap<u64, Sent>,
}

impl Sender {
    /// Publishes until there is nobody to take it, and tells of each acknowledgement.
    async fn publish(mut self, client: HttpClient, url: Url, told: UnboundedSender<()>) -> Self {
        loop {
            self.steps += 1;
            let number = self.first + self.steps % NUMBERS;
            let user = format!("u{}", self.steps);
            let user = (!self.steps.is_multiple_of(4)).then_some(user.as_str());
            let later = i64::try_from(self.steps).expect("some thousands");
            let body = statement(&identifier(number), user, later, "verify.example");
            let (_, published) = Statement::from_json(&body).expect("a statement");
            let sent = self.sent.entry(number).or_default();
            sent.statements.push(published);
            match client.fetch(Outgoing::post_json(url.clone(), body)).await {
                Ok(answer) if answer.status.as_u16() == 201 => {
                    sent.acknowledged = sent.statements.len();
                    let _ = told.send(());
                }
                Ok(answer) => assert_eq!(answer.status.as_u16(), 503, "{answer:?}"),
                Err(_) => return self,
            }
        }
    }

    /// Sees that of each number the last is answered that was acknowledged, or one that was sent after it.
    /// Tells how many were.
    async fn look(&mut self, server: SocketAddr) -> u64 {
        let mut acknowledged = 0;
        for (number, sent) in self.sent.iter_mut().filter(|(_, sent)| sent.acknowledged > 0) {
            let answer = ask(server, TREES[1], &identifier(*number)).await;
            let (served, is_signed) = answer.unwrap_or_else(|| panic!("{number} is lost"));
            let at = sent.statements.iter().position(|statement| *statement == served);
            let at = at.unwrap_or_else(|| panic!("{number}: nobody sent {served:?}"));
            assert!(at + 1 >= sent.acknowledged && is_signed, "{number}: what is served is older");
            sent.statements.drain(..at);
            sent.acknowledged = 1;
            acknowledged += 1;
        }
        acknowledged
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_answered_after_a_crash() {
    let rounds = number("THREEPID_CRASHES", 5);
    let mut random = SeededRandom::new(number("THREEPID_SEED", 1));
    let (place, mut heard, mut held) = (Place::new(), 0, 0);
    let sender = |at| Sender { first: at * NUMBERS, steps: 0, sent: BTreeMap::new() };
    let mut senders: Vec<Sender> = (0..SENDERS).map(sender).collect();
    for _ in 0..rounds {
        let server = place.serve();
        let address = serve::address(&server, "publish");
        let url: Url =
            format!("http://{address}/_threepid/v1/associations").parse().expect("a URL");
        let (told, mut acknowledged) = mpsc::unbounded_channel();
        let publish = |one: Sender| one.publish(place.client(), url.clone(), told.clone());
        let publishing: JoinSet<Sender> = senders.drain(..).map(publish).collect();
        drop(told);
        for _ in 0..random.below(MOST) {
            acknowledged.recv().await.expect("they publish");
            heard += 1;
        }
        // It is killed by that.
        drop(server);
        senders = publishing.join_all().await;
        let server = place.serve();
        for sender in &mut senders {
            held += sender.look(serve::address(&server, "authority")).await;
        }
    }
    println!("{rounds} rounds, {heard} acknowledged before the end, {held} answers, 0 lost");
    assert!(heard > 0 && held > 0);
}
