//! Verification servers that work together: processes' worth of service, mail between them and a person.

pub(crate) mod person;
mod server;

use std::time::Duration;

use threepid::association::Statement;
use threepid::signed::{Limits, Object, SignedRequest};
use threepid::threepid::Threepid;
use threepid::transport::http::{Fetch, Outgoing, header};
use tokio::time::{Instant, sleep};

use crate::publish::world::{TREES, World, key, statement, text};
use crate::synapse::PATIENCE;
use crate::synapse::sink::Sink;
use person::press;
use server::Server;

/// Who is asked by clients, and trusted by both trees.
const FIRST: &str = "verify.example";
/// Who has a certificate of the first.
const SECOND: &str = "telco.example";
const ALICE: &str = "@alice:m.example";

fn mail(address: &str) -> Threepid {
    Threepid::parse_any(address, None).expect("an identifier")
}

/// What both trees say of an address, once it has this many signatures.
async fn published(world: &World, address: &str, signatures: usize) -> Statement {
    let mut both = Vec::new();
    for (number, apex) in TREES.iter().enumerate() {
        let until = Instant::now() + PATIENCE;
        both.push(loop {
            match world.ask(number, apex, &mail(address)).await {
                Some((statement, true)) if statement.signatures().len() == signatures => {
                    break statement;
                }
                last => assert!(Instant::now() < until, "{apex} has {last:?}"),
            }
            sleep(Duration::from_millis(50)).await;
        });
    }
    assert_eq!(both[0], both[1]);
    both.remove(0)
}

fn signers(statement: &Statement) -> Vec<&str> {
    statement.signatures().iter().map(|(key, _)| key.server.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_proves_the_address_itself_and_signs_the_same() {
    let (world, mut sink) = (World::start("").await, Sink::start().await);
    let second = Server::start(&world, SECOND, &sink, &Server::asker(FIRST)).await;
    let asks = second.as_cosigner("email:example.com");
    let first = Server::start(&world, FIRST, &sink, &asks).await;

    let address = "alice@example.com";
    let session = first.request(address).await;
    press(&first.http, &sink.next(address).await.link(&first.base())).await;
    first.bind(&session, ALICE).await;
    let question = sink.next(address).await.link(&second.base());
    let alone = published(&world, address, 1).await;
    assert_eq!(signers(&alone), [FIRST], "nobody has said to the second that it is true");
    let asked = press(&second.http, &question).await;
    assert!(asked.contains(FIRST) && asked.contains(ALICE), "{asked}");
    let signed = published(&world, address, 2).await;
    assert_eq!((signed.claim(), signers(&signed)), (alone.claim(), vec![SECOND, FIRST]));
    let (name, key) = key(SECOND);
    assert_eq!(signed.verify(&mail(address), &name, &key.public()), Ok(()));

    // It knows of its certificates; the first has none.
    let gauge = "\nthreepid_certificate_end_timestamp_seconds ";
    let until = Instant::now() + PATIENCE;
    while !second.metrics().await.contains(gauge) {
        assert!(Instant::now() < until, "{}", second.metrics().await);
        sleep(Duration::from_millis(50)).await;
    }
    assert!(!first.metrics().await.contains(gauge));

    // It signs no more than that.
    let said = statement(&mail("bob@example.com"), Some("bob"), 0, FIRST);
    let mut said = Object::parse(&said, &Limits::default()).expect("an object");
    assert_eq!(ask_to_sign(&second, &said).await.0, 202);
    sink.next("bob@example.com").await;
    said.insert("extra", Object::from_iter([("role", "admin")]));
    let (status, told) = ask_to_sign(&second, &resigned(said)).await;
    assert_eq!((status, text(&told, "errcode").as_deref()), (400, Some("M_BAD_JSON")), "{told:?}");
    first.stop().await;
    second.stop().await;
    world.stop().await;
}

/// The object, signed by the first server anew.
fn resigned(mut object: Object) -> Object {
    object.remove("signatures");
    let (name, key) = key(FIRST);
    object.sign(name, &key).expect("it is signed")
}

/// Has the first server ask a server to sign a statement.
async fn ask_to_sign(server: &Server, statement: &Object) -> (u16, Object) {
    let uri = "/_threepid/v1/cosign";
    let signed =
        SignedRequest { method: "POST", uri, destination: SECOND, content: Some(statement) };
    let (name, key) = key(FIRST);
    let url = format!("{}{}", server.base(), uri.trim_start_matches('/'));
    let mut request = Outgoing::post_json(url.parse().expect("a URL"), statement.to_octets());
    let authorization = signed.sign(name, &key).to_string().parse().expect("a value");
    request.headers.insert(header::AUTHORIZATION, authorization);
    let answer = server.http.fetch(request).await.unwrap_or_else(|error| panic!("{error}"));
    let told = Object::parse(&answer.body, &Limits::default()).expect("an object");
    (answer.status.as_u16(), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_proves_the_address_for_the_first() {
    let (world, mut sink) = (World::start("").await, Sink::start().await);
    let second = Server::start(&world, SECOND, &sink, "").await;
    let delegates = second.as_delegate("email:elsewhere.example");
    let first = Server::start(&world, FIRST, &sink, &delegates).await;

    let address = "alice@elsewhere.example";
    let session = first.request(address).await;
    let link = sink.next(address).await.link(&second.base());
    first.is_refused(&session, ALICE).await;
    press(&second.http, &link).await;
    first.bind(&session, ALICE).await;
    let signed = published(&world, address, 1).await;
    assert_eq!(signers(&signed), [FIRST]);

    // Others it proves itself.
    first.request("alice@example.com").await;
    sink.next("alice@example.com").await.link(&first.base());
    first.stop().await;
    second.stop().await;
    world.stop().await;
}
