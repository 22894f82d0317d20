//! Clients that ask again and again, over connections that are kept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Connections of HTTP/1.1: each has one request at a time.
const CONNECTIONS: usize = 8;
/// Requests of one HTTP/2 connection at a time: of 1000 hashes so many fit the windows.
const STREAMS: usize = 4;
/// Connections of HTTP/2.
const MULTIPLEXED: usize = 2;

/// How a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Http {
    One,
    Two,
}

/// What all connections have in common.
pub(super) struct Load {
    pub(super) server: SocketAddr,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) http: Http,
    pub(super) token: String,
    /// The contents of requests, one after the other.
    pub(super) contents: Vec<Bytes>,
    /// How many were answered.
    pub(super) answered: AtomicU64,
}

/// How to trust this certificate alone, and speak HTTP/1.1 or HTTP/2.
pub(super) fn trusting(certificate: &[u8], http: Http) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.to_vec().into()).expect("a certificate");
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![if http == Http::One { "http/1.1" } else { "h2" }.into()];
    Arc::new(config)
}

impl Load {
    /// Asks for as long as it is polled.
    pub(super) async fn ask(self: &Arc<Self>) {
        let connections = if self.http == Http::One { CONNECTIONS } else { MULTIPLEXED };
        let mut tasks = tokio::task::JoinSet::new();
        for nth in 0..connections {
            let load = self.clone();
            tasks.spawn(async move {
                // The server ends a connection after so many requests.
                for round in 0.. {
                    load.connect(nth + round * connections).await;
                }
            });
        }
        tasks.join_next().await.expect("there are connections").expect("nothing fails");
    }

    async fn connect(self: &Arc<Self>, start: usize) {
        let stream = TcpStream::connect(self.server).await.expect("the server is there");
        stream.set_nodelay(true).expect("it is a socket");
        match &self.tls {
            None => self.converse(stream, start).await,
            Some(tls) => {
                let name = ServerName::try_from("localhost").expect("a name");
                let connecting = TlsConnector::from(tls.clone()).connect(name, stream);
                self.converse(connecting.await.expect("TLS"), start).await;
            }
        }
    }

    async fn converse<S>(self: &Arc<Self>, stream: S, start: usize)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        match self.http {
            Http::One => {
                let shaken = http1::handshake(TokioIo::new(stream)).await;
                let (mut sender, connection) = shaken.expect("HTTP/1.1 is spoken");
                tokio::spawn(connection);
                let mut nth = start;
                while sender.ready().await.is_ok() {
                    nth += 1;
                    let Ok(response) = sender.send_request(self.request(nth)).await else { return };
                    self.take(response).await;
                }
            }
            Http::Two => {
                let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
                let (sender, connection) = shaken.expect("HTTP/2 is spoken");
                tokio::spawn(connection);
                let mut tasks = tokio::task::JoinSet::new();
                for stream in 0..STREAMS {
                    let (load, mut sender) = (self.clone(), sender.clone());
                    tasks.spawn(async move {
                        let mut nth = start + stream * 1009;
                        while sender.ready().await.is_ok() {
                            nth += 1;
                            let sent = sender.send_request(load.request(nth)).await;
                            let Ok(response) = sent else { return };
                            load.take(response).await;
                        }
                    });
                }
                while tasks.join_next().await.is_some() {}
            }
        }
    }

    fn request(&self, nth: usize) -> Request<Full<Bytes>> {
        let content = self.contents[nth % self.contents.len()].clone();
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let path = "/_matrix/identity/v2/lookup";
        let request = Request::builder()
            .method(Method::POST)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json");
        let request = match self.http {
            Http::One => request.uri(path).header(HOST, "localhost"),
            Http::Two => request.uri(format!("{scheme}://localhost{path}")),
        };
        request.body(Full::new(content)).expect("a request")
    }

    async fn take(&self, response: hyper::Response<hyper::body::Incoming>) {
        assert_eq!(response.status(), StatusCode::OK);
        // A connection may end when the last response is there.
        if response.into_body().collect().await.is_ok() {
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The response to the first content, as text.
    pub(super) async fn first(self: &Arc<Self>) -> String {
        let stream = TcpStream::connect(self.server).await.expect("the server is there");
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.expect("HTTP/1.1 is spoken");
        tokio::spawn(connection);
        let response = sender.send_request(self.request(0)).await.expect("it is answered");
        let octets = response.into_body().collect().await.expect("all of it comes").to_bytes();
        String::from_utf8(octets.to_vec()).expect("it is text")
    }
}
