//! What a client asks, whom it believes, and what it takes.

use super::*;

#[tokio::test]
async fn whom_to_connect_to_can_be_said_and_the_name_still_counts() {
    let certificate = Certificate::new(&["publish.example"]);
    let served = Served::start(Some(certificate.tls()), Limits::default()).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let request = |host: &str| Outgoing {
        addresses: Some(vec![closed, served.address]),
        ..echo(Url::https(host, 443, "/echo").unwrap(), "x")
    };
    let client = certificate.client();
    let response = client.fetch(request("publish.example")).await.unwrap();
    assert_eq!(text(&response.body), "POST None x");
    let error = client.fetch(request("other.example")).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error}");
    let nowhere = Outgoing { addresses: Some(Vec::new()), ..request("publish.example") };
    assert!(matches!(client.fetch(nowhere).await, Err(FetchError::NoAddress(_))));
    let refused = Outgoing { addresses: Some(vec![closed]), ..request("publish.example") };
    assert!(matches!(client.fetch(refused).await, Err(FetchError::Connect { .. })));
}

#[tokio::test]
async fn it_connects_where_a_request_may_go_and_nowhere_else() {
    let client = Certificate::new(&["localhost"]).client();
    let served = Served::plain(Limits::default()).await;
    let fetch = async |and: &[&str], addresses: Option<Vec<SocketAddr>>| {
        let and = and.iter().map(|network| network.parse().unwrap()).collect();
        let reach = Reach::Internet { and };
        let url = served.url("http", "/echo");
        client.fetch(Outgoing { reach, addresses, ..echo(url, "x") }).await
    };
    let known = Some(vec!["127.9.9.9:1".parse().unwrap(), served.address]);
    for addresses in [None, known.clone()] {
        assert!(matches!(fetch(&[], addresses).await, Err(FetchError::OutOfReach(_))));
    }
    let ours = served.address.ip().to_string() + "/32";
    assert_eq!(text(&fetch(&[&ours], known).await.unwrap().body), "POST None x");
    assert!(fetch(&[&ours], None).await.is_ok());
}

#[tokio::test]
async fn an_authority_that_is_not_known_is_told_with_what_to_do() {
    let certificate = Certificate::new(&["localhost"]);
    let served = Served::start(Some(certificate.tls()), Limits::default()).await;
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(rcgen::DnType::CommonName, "another");
    let authority = authority.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    let other = Certificate::new(&[]);
    std::fs::write(&other.files.chain, authority.pem()).unwrap();
    let error = other.client().fetch(echo(served.url("https", "/echo"), "x")).await.unwrap_err();
    let told = "the certificate of localhost is by no authority that is known here: name its file";
    assert!(error.to_string().starts_with(told), "{error}");
}

#[tokio::test]
async fn plain_http_is_for_loopback_alone() {
    let client = Certificate::new(&["localhost"]).client();
    let served = Served::plain(Limits::default()).await;
    let response = client.fetch(echo(served.url("http", "/echo"), "x")).await.unwrap();
    assert_eq!(text(&response.body), "POST None x");
    let there =
        |url: &str, addresses| Outgoing { addresses, ..Outgoing::get(url.parse().unwrap()) };
    for refused in [
        there("http://192.0.2.1/", None),
        there("http://a.example/", Some(vec![served.address])),
        there("http://localhost/", Some(vec!["192.0.2.1:80".parse().unwrap()])),
    ] {
        assert!(matches!(client.fetch(refused).await, Err(FetchError::Plain(_))));
    }
}

#[tokio::test]
async fn nothing_is_followed() {
    let client = Certificate::new(&["localhost"]).client();
    let served = Served::plain(Limits::default()).await;
    let response = client.fetch(Outgoing::get(served.url("http", "/away"))).await.unwrap();
    assert_eq!(response.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers[header::LOCATION], "https://b.example/");
}

#[tokio::test]
async fn long_and_late_responses_are_not_taken() {
    let certificate = Certificate::new(&["localhost"]);
    let served = Served::plain(Limits::default()).await;
    let fetch = |target: &'static str, limits: ClientLimits| {
        let client = client_of(&certificate.files.chain, limits);
        let request = Outgoing::get(served.url("http", target));
        async move { client.fetch(request).await }
    };
    let short = ClientLimits { body_octets: 1999, ..ClientLimits::default() };
    assert!(matches!(fetch("/big", short).await, Err(FetchError::TooLarge { most: 1999, .. })));
    let enough = ClientLimits { body_octets: 2000, ..ClientLimits::default() };
    assert_eq!(fetch("/big", enough).await.unwrap().body.len(), 2000);
    let hasty = ClientLimits { total: SHORT, ..ClientLimits::default() };
    assert!(matches!(fetch("/wait", hasty).await, Err(FetchError::Late { .. })));
}

/// A server that reads something, says this, and closes.
async fn saying(octets: Vec<u8>) -> (Url, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(&octets).await;
    });
    (url, server)
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let client = Certificate::new(&["localhost"]).client();
    let ok = "HTTP/1.1 200 OK\r\n";
    for said in [
        String::new(),
        "\0\0\0".to_owned(),
        format!("{ok}A: {}\r\n\r\n", "b".repeat(40_000)),
        format!("{ok}{}\r\n", "A: b\r\n".repeat(100)),
        format!("{ok}Content-Length: 10\r\n\r\nabc"),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ] {
        let (url, server) = saying(said.clone().into_bytes()).await;
        let error = client.fetch(Outgoing::get(url)).await.unwrap_err();
        assert!(matches!(error, FetchError::Protocol { .. }), "{said:.60} {error}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_response_without_end_or_length_is_cut() {
    let client = Certificate::new(&["localhost"]).client();
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let (url, server) = saying([head, vec![b'a'; 300_000]].concat()).await;
    let error = client.fetch(Outgoing::get(url)).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
    server.await.unwrap();
}

#[test]
fn the_systems_roots_are_read_or_missed() {
    // What machine this is on is not known: it has some, or is told of none.
    if let Err(error) = HttpClient::new(&TrustStore::System, ClientLimits::default()) {
        assert!(matches!(error, TlsError::NoRoots(None)), "{error}");
    }
}
