//! What a server answers, in both versions, and what it refuses.

use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::*;

fn post(target: &str, fields: &str, content: &str) -> String {
    format!("POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n{content}")
}

#[tokio::test]
async fn both_versions_with_tls() {
    let certificate = Certificate::new(&["localhost"]);
    let served = Served::start(Some(certificate.tls()), Limits::default()).await;
    let client = certificate.client();
    for version in ["h2", "http/1.1"] {
        let client = client.clone().speaking(version);
        let response = client.fetch(echo(served.url("https", "/echo?q"), "hello")).await.unwrap();
        assert_eq!(text(&response.body), "POST Some(\"q\") hello", "{version}");
        assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    }
}

#[tokio::test]
async fn both_versions_without_tls() {
    let served = Served::plain(Limits::default()).await;
    let said = served.say(&post("/echo", "Content-Length: 2\r\n", "hi")).await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("POST None hi"), "{said}");
    let mut sender = http2_sender(served.address).await;
    let response = sender.send_request(http2_request("/echo?a", "hi")).await.unwrap();
    assert_eq!(response.version(), hyper::Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(text(&body), "POST Some(\"a\") hi");
}

/// Speaks HTTP/2 without asking first.
pub(super) async fn http2_sender(address: SocketAddr) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(super) fn http2_request(target: &str, body: &'static str) -> hyper::Request<Full<Bytes>> {
    let request = hyper::Request::post(format!("http://a{target}"));
    request.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

#[tokio::test]
async fn a_head_is_answered_before_its_body_and_head_without_one() {
    let served = Served::plain(Limits::default()).await;
    // Nothing of the announced content comes.
    let said = served.say(&post("/closed", "Content-Length: 1000\r\n", "")).await;
    assert!(said.starts_with("HTTP/1.1 403 ") && said.ends_with("closed"), "{said}");
    let said = served.say(&post("/big", "", "").replace("POST", "HEAD")).await;
    assert!(said.contains("content-length: 2000\r\n") && said.ends_with("\r\n\r\n"), "{said}");
    let mut sender = http2_sender(served.address).await;
    let mut request = http2_request("/big", "");
    *request.method_mut() = Method::HEAD;
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "2000");
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn long_bodies_are_refused_unread() {
    let served = Served::plain(Limits::default()).await;
    let said = served.say(&post("/echo", "Content-Length: 100000000\r\n", "")).await;
    assert!(said.starts_with("HTTP/1.1 413 ") && said.ends_with("longer than 1000 octets\"}"));
    // In chunks it is told by reading on: there is no end to this one.
    let chunks = "64\r\n".to_owned() + &"a".repeat(100) + "\r\n";
    let in_chunks = |times| post("/echo", "Transfer-Encoding: chunked\r\n", &chunks.repeat(times));
    let said = served.say(&in_chunks(11)).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    let said = served.say(&(in_chunks(10) + "0\r\n\r\n")).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

#[tokio::test]
async fn whoever_sends_all_first_still_reads_the_refusal() {
    let served = Served::plain(Limits { linger: SOON, ..Limits::default() }).await;
    let long = "a".repeat(20_000_000);
    let said = served.say(&post("/echo", "Content-Length: 20000000\r\n", &long)).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
}

#[tokio::test]
async fn a_long_body_over_http2_and_tls_is_refused() {
    let certificate = Certificate::new(&["localhost"]);
    let served = Served::start(Some(certificate.tls()), Limits::default()).await;
    for version in ["h2", "http/1.1"] {
        let client = certificate.client().speaking(version);
        let request = echo(served.url("https", "/echo"), vec![b'a'; 3_000_000]);
        let response = client.fetch(request).await.unwrap();
        assert_eq!(response.status, StatusCode::PAYLOAD_TOO_LARGE, "{version}");
    }
}

#[tokio::test]
async fn a_slow_body_is_not_waited_for() {
    let limits = Limits { body: SHORT, idle: LONG, ..Limits::default() };
    let served = Served::plain(limits).await;
    let said = served.say(&post("/echo", "Content-Length: 10\r\n", "a")).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
}

#[tokio::test]
async fn broken_and_huge_heads_are_refused() {
    let served = Served::plain(Limits::default()).await;
    for (head, status) in [
        ("\0\r\n\r\n".to_owned(), "400"),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(20_000)), "4"),
        (post("/echo", &"A: b\r\n".repeat(70), ""), "431"),
        (post("/echo", "Content-Length: -1\r\n", ""), "400"),
        (post("/echo", "Content-Length: 1\r\nContent-Length: 2\r\n", "a"), "400"),
        (post("/echo", "Transfer-Encoding: chunked\r\n", "xyz\r\n"), "400"),
    ] {
        let said = served.say(&head).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{head:.60} {said}");
    }
}

#[tokio::test]
async fn plain_http_stays_on_this_machine() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let handler = Arc::new(Echo::default());
    let limits = Limits::default();
    let serving = serve(listener, None, handler, limits, std::future::pending());
    let refused = timeout(SOON, serving).await.expect("it is refused at once");
    assert!(refused.unwrap_err().to_string().contains("not on loopback"));
}
