//! What one client may take, and what it leaves to others.

use std::num::NonZeroUsize;

use super::server::{http2_request, http2_sender};
use super::*;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// Whether the server closes, without having said anything.
async fn closes(mut stream: TcpStream) -> bool {
    let mut octet = [0];
    let read = timeout(SOON, stream.read(&mut octet)).await.expect("it is soon closed");
    read.map_or(true, |octets| octets == 0)
}

#[tokio::test]
async fn who_says_nothing_or_half_a_head_loses_its_place() {
    let limits = Limits { idle: SHORT, connections_per_client: ONE, ..Limits::default() };
    let served = Served::plain(limits).await;
    for half in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost:"] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        assert!(closes(stream).await, "{half}");
    }
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed() {
    let served = Served::plain(Limits { idle: SHORT, ..Limits::default() }).await;
    let mut sender = http2_sender(served.address).await;
    sender.send_request(http2_request("/echo", "")).await.unwrap();
    let closed = async {
        while !sender.is_closed() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, closed).await.expect("it is soon closed");
}

#[tokio::test]
async fn a_silent_handshake_ends() {
    let certificate = Certificate::new(&["localhost"]);
    let limits = Limits { handshake: SHORT, idle: LONG, linger: SHORT, ..Limits::default() };
    let served = Served::start(Some(certificate.tls()), limits).await;
    assert!(closes(TcpStream::connect(served.address).await.unwrap()).await);
}

#[tokio::test]
async fn a_client_has_no_more_connections_than_it_may() {
    let served = Served::plain(Limits { connections_per_client: ONE, ..Limits::default() }).await;
    let mut held = http2_sender(served.address).await;
    held.send_request(http2_request("/echo", "")).await.unwrap();
    assert!(closes(TcpStream::connect(served.address).await.unwrap()).await);
}

#[tokio::test]
async fn a_connection_has_its_share_of_requests() {
    let served = Served::plain(Limits { requests: 3, ..Limits::default() }).await;
    let request = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";
    let said = served.say(&request.repeat(5)).await;
    assert_eq!(said.matches("HTTP/1.1 200 ").count(), 3, "{said}");
}

#[tokio::test]
async fn no_more_streams_at_once_than_allowed() {
    let served = Served::plain(Limits { streams: 2, ..Limits::default() }).await;
    let mut sender = http2_sender(served.address).await;
    sender.send_request(http2_request("/echo", "")).await.unwrap();
    let asking: Vec<_> = (0..10)
        .map(|_| {
            let mut sender = sender.clone();
            tokio::spawn(async move { sender.send_request(http2_request("/wait", "")).await })
        })
        .collect();
    let handler = served.handler.clone();
    let letting = tokio::spawn(async move {
        loop {
            handler.came.notified().await;
            handler.go.notify_waiters();
            handler.go.notify_one();
        }
    });
    for asked in asking {
        assert_eq!(timeout(SOON, asked).await.unwrap().unwrap().unwrap().status(), 200);
    }
    letting.abort();
    assert!(served.handler.most_waiting.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn streams_that_are_given_up_at_once_end_their_connection_alone() {
    let served = Served::plain(Limits::default()).await;
    let sender = http2_sender(served.address).await;
    let given_up = async {
        while !sender.is_closed() {
            let mut sender = sender.clone();
            let request = sender.send_request(http2_request("/wait", ""));
            let _ = timeout(Duration::from_millis(1), request).await;
        }
    };
    timeout(SOON, given_up).await.expect("it is closed");
    let said = served.say("GET /echo HTTP/1.0\r\n\r\n").await;
    assert!(said.contains(" 200 "), "others are served: {said}");
}

#[tokio::test]
async fn what_is_asked_is_answered_when_the_server_stops() {
    let served = Served::plain(Limits { drain: SOON, ..Limits::default() }).await;
    let mut sender = http2_sender(served.address).await;
    let asked = tokio::spawn(async move { sender.send_request(http2_request("/wait", "")).await });
    served.handler.came.notified().await;
    served.stop.send(()).unwrap();
    // It takes no one else.
    while TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    served.handler.go.notify_one();
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    timeout(SOON, served.server).await.expect("it ends").unwrap().unwrap();
}
