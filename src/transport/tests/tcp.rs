use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::transport::stream::{self, Next};

struct Client(TcpStream);

impl Client {
    async fn connect(served: &Served) -> Self {
        Self(TcpStream::connect(served.address).await.unwrap())
    }

    async fn send(&mut self, messages: &[&[u8]]) {
        let mut octets = Vec::new();
        messages.iter().for_each(|message| stream::append(message, &mut octets));
        self.0.write_all(&octets).await.unwrap();
    }

    /// The next message; none at the end.
    async fn receive(&mut self) -> Option<Vec<u8>> {
        match timeout(SOON, stream::read(&mut self.0, 65_535)).await.expect("no answer") {
            Ok(Next::Message(message)) => Some(message),
            Ok(Next::End) => None,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            other => panic!("unexpected: {other:?}"),
        }
    }
}

#[tokio::test]
async fn queries_are_pipelined() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let served = Served::start(
            address,
            &Limits { queries_per_connection: NonZeroUsize::new(4).unwrap(), ..limits() },
        );
        let mut client = Client::connect(&served).await;
        let queries: Vec<[u8; 2]> = (0..50).map(|number| [b'n', number]).collect();
        client.send(&queries.iter().map(|query| &query[..]).collect::<Vec<_>>()).await;
        for query in queries {
            assert_eq!(client.receive().await.unwrap(), query);
        }
        client.send(&[b"silent", &[b'n'; 4096]]).await;
        assert_eq!(client.receive().await.unwrap(), [b'n'; 4096]);
    }
}

#[tokio::test]
async fn answers_may_be_out_of_order() {
    let mut served = Served::start("127.0.0.1:0", &limits());
    let mut client = Client::connect(&served).await;
    client.send(&[b"later", b"now"]).await;
    assert_eq!(client.receive().await.unwrap(), b"now");
    let deferred = served.deferred.recv().await.unwrap();
    assert_eq!((&deferred.packet[..], deferred.peer.transport), (&b"later"[..], Transport::Tcp));
    deferred.reply(b"done".to_vec());
    assert_eq!(client.receive().await.unwrap(), b"done");
}

#[tokio::test]
async fn a_client_that_closes_its_side_gets_what_is_due() {
    let mut served = Served::start("127.0.0.1:0", &limits());
    let mut client = Client::connect(&served).await;
    client.send(&[b"later"]).await;
    client.0.shutdown().await.unwrap();
    served.deferred.recv().await.unwrap().reply(b"done".to_vec());
    assert_eq!(client.receive().await.unwrap(), b"done");
    assert_eq!(client.receive().await, None);
}

#[tokio::test]
async fn a_dropped_question_frees_its_place() {
    let tight = Limits { queries_per_connection: NonZeroUsize::MIN, ..limits() };
    let mut served = Served::start("127.0.0.1:0", &tight);
    let mut client = Client::connect(&served).await;
    client.send(&[b"later", b"now"]).await;
    drop(served.deferred.recv().await.unwrap());
    assert_eq!(client.receive().await.unwrap(), b"now");
}

#[tokio::test]
async fn idle_and_slow_clients_are_cut_off() {
    let served = Served::start("127.0.0.1:0", &Limits { idle: SHORT, ..limits() });
    let mut idle = Client::connect(&served).await;
    assert_eq!(idle.receive().await, None);
    let mut slow = Client::connect(&served).await;
    slow.0.write_all(&[0]).await.unwrap();
    assert_eq!(slow.receive().await, None);
    assert_eq!(served.counted("connection_timed_out"), 2);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let served = Served::start("127.0.0.1:0", &Limits { write: SHORT, ..limits() });
    let mut client = Client::connect(&served).await;
    let flood = async { while client.0.write_all(b"\x00\x01b").await.is_ok() {} };
    timeout(SOON, flood).await.expect("the connection is reset");
    assert_eq!(served.counted("connection_timed_out"), 1);
}

#[tokio::test]
async fn a_message_too_long_ends_the_connection() {
    let served = Served::start("127.0.0.1:0", &Limits { query_length: 100, ..limits() });
    let mut client = Client::connect(&served).await;
    client.send(&[b"now", &[b'n'; 101], b"now"]).await;
    assert_eq!(client.receive().await.unwrap(), b"now");
    assert_eq!(client.receive().await, None);
    assert_eq!(served.counted("stream_too_long"), 1);
}

#[tokio::test]
async fn connections_are_limited() {
    let served = Served::start(
        "127.0.0.1:0",
        &Limits { connections_per_client: NonZeroUsize::MIN, ..limits() },
    );
    let mut first = Client::connect(&served).await;
    first.send(&[b"now"]).await;
    assert_eq!(first.receive().await.unwrap(), b"now");
    assert_eq!(Client::connect(&served).await.receive().await, None);
    assert_eq!(served.counted("client_full"), 1);
    first.0.shutdown().await.unwrap();
    assert_eq!(first.receive().await, None);
}

#[tokio::test]
async fn a_message_that_breaks_off_is_counted() {
    let served = Served::start("127.0.0.1:0", &limits());
    let mut client = Client::connect(&served).await;
    client.0.write_all(b"\x00\x05half").await.unwrap();
    client.0.shutdown().await.unwrap();
    assert_eq!(client.receive().await, None);
    assert_eq!(served.counted("connection_broken"), 1);
}

#[tokio::test]
async fn what_was_asked_before_the_stop_is_answered() {
    let served = Served::start("127.0.0.1:0", &limits());
    let mut client = Client::connect(&served).await;
    client.send(&[b"now"]).await;
    assert_eq!(client.receive().await.unwrap(), b"now");
    let queries: Vec<Vec<u8>> =
        (0..500u16).map(|number| [b"n", &number.to_be_bytes()[..]].concat()).collect();
    client.send(&queries.iter().map(|query| &query[..]).collect::<Vec<_>>()).await;
    let stopping = tokio::spawn(served.server.stop());
    for query in queries {
        assert_eq!(client.receive().await, Some(query));
    }
    assert_eq!(client.receive().await, None);
    timeout(SOON, stopping).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn stopping_waits_for_what_is_due() {
    let mut served = Served::start("127.0.0.1:0", &limits());
    let mut client = Client::connect(&served).await;
    client.send(&[b"later"]).await;
    let deferred = served.deferred.recv().await.unwrap();
    let address = served.address;
    let stopping = tokio::spawn(served.server.stop());
    // The server is stopping as soon as it takes no more connections.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    deferred.reply(b"done".to_vec());
    assert_eq!(client.receive().await.unwrap(), b"done");
    assert_eq!(client.receive().await, None);
    timeout(SOON, stopping).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let mut served = Served::start("127.0.0.1:0", &Limits { drain: SHORT, ..limits() });
    let mut client = Client::connect(&served).await;
    client.send(&[b"later"]).await;
    let _held = served.deferred.recv().await.unwrap();
    timeout(SOON, served.server.stop()).await.expect("it stops");
    assert_eq!(client.0.read(&mut [0]).await.unwrap_or(0), 0);
}
