//! Servers and clients on loopback, with certificates of the tests' own.

mod certificate;
mod client;
mod server;
mod sharing;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

/// Long for a test, short for whoever waits for it to fail.
const SOON: Duration = Duration::from_secs(20);
/// For limits that a test runs into.
const SHORT: Duration = Duration::from_millis(50);
/// For limits that it does not run into.
const LONG: Duration = Duration::from_secs(3600);
/// The content that [`Echo`] takes.
const MOST: usize = 1000;

/// Gives back what it gets at `/echo`; waits at `/wait` until it is let go; leads on from `/away`;
/// gives 2,000 octets at `/big`, and closes `/closed` to all.
#[derive(Debug, Default)]
struct Echo {
    /// Requests that wait, and the most that ever did.
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
    came: Notify,
    go: Notify,
}

impl Echo {
    async fn wait(&self) {
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_waiting.fetch_max(waiting, Ordering::SeqCst);
        self.came.notify_one();
        self.go.notified().await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Handler for Echo {
    fn admit(&self, head: &Request) -> Result<usize, Box<Response>> {
        assert!(head.body.is_empty(), "nothing is read before");
        match head.path.as_str() {
            "/closed" => Err(Box::new(Response::text(StatusCode::FORBIDDEN, "closed"))),
            _ => Ok(MOST),
        }
    }

    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            match request.path.as_str() {
                "/wait" => self.wait().await,
                "/big" => return Response::text(StatusCode::OK, "b".repeat(2000)),
                "/away" => {
                    let mut away = Response::text(StatusCode::TEMPORARY_REDIRECT, "");
                    let elsewhere = header::HeaderValue::from_static("https://b.example/");
                    away.headers.insert(header::LOCATION, elsewhere);
                    return away;
                }
                _ => {}
            }
            let text = format!("{} {:?} ", request.method, request.query);
            Response::json(StatusCode::OK, [text.as_bytes(), &request.body[..]].concat())
        })
    }
}

/// A server on loopback.
struct Served {
    address: SocketAddr,
    handler: Arc<Echo>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), PlainHttpError>>,
}

impl Served {
    async fn start(tls: Option<Arc<ServerTls>>, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handler = Arc::new(Echo::default());
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(serve(listener, tls, handler.clone(), limits, stopped));
        Self { address, handler, stop, server }
    }

    async fn plain(limits: Limits) -> Self {
        Self::start(None, limits).await
    }

    fn url(&self, scheme: &str, target: &str) -> Url {
        format!("{scheme}://localhost:{}{target}", self.address.port()).parse().unwrap()
    }

    /// Writes `text`, and reads until the server closes.
    async fn say(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        timeout(SOON, stream.read_to_end(&mut said)).await.expect("it closes").unwrap();
        String::from_utf8(said).unwrap()
    }
}

/// A certificate for some names that vouches for itself, in files.
struct Certificate {
    files: CertificateFiles,
    _folder: TempDir,
}

impl Certificate {
    fn new(names: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let [chain, key] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
        let made = Self { files: CertificateFiles { chain, key }, _folder: folder };
        made.renew(names);
        made
    }

    /// Puts a new one into the files.
    fn renew(&self, names: &[&str]) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(&self.files.chain, made.cert.pem()).unwrap();
        std::fs::write(&self.files.key, made.signing_key.serialize_pem()).unwrap();
    }

    fn tls(&self) -> Arc<ServerTls> {
        ServerTls::load(self.files.clone()).unwrap()
    }

    /// A client that trusts in it alone.
    fn client(&self) -> HttpClient {
        client_of(&self.files.chain, ClientLimits::default())
    }
}

fn client_of(roots: &std::path::Path, limits: ClientLimits) -> HttpClient {
    HttpClient::new(&TrustStore::File(PathBuf::from(roots)), limits).unwrap()
}

fn echo(url: Url, body: impl Into<Bytes>) -> Outgoing {
    Outgoing::post_json(url, body)
}

fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap()
}
