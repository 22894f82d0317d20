//! `/metrics` and `/health` over HTTP, for whoever runs the process.
//!
//! Both are read-only, and told on loopback alone (the configuration sees to that). `/health` answers
//! 200 once everything is served and 503 before that and while the process ends; `/metrics` is the
//! OpenMetrics text that Prometheus reads.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// The media type of [`Pages::metrics`].
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where the process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not everything is served yet.
    Starting,
    /// Everything is served.
    Ready,
    /// It answers what it has, and ends.
    Stopping,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
        })
    }
}

/// The content of the pages, made anew for each request.
pub trait Pages: Send + Sync + 'static {
    /// The counters, as OpenMetrics text.
    fn metrics(&self) -> String;

    /// Where the process stands.
    fn health(&self) -> Health;
}

/// What a client may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait.
    pub connections: usize,
    /// How long a connection may last: requests are short.
    pub connection_time: Duration,
    /// How long a request's head may take, the first from when the connection is there: 2 s, so that
    /// who says nothing soon leaves its place to others.
    pub head_time: Duration,
    /// Octets of a request that are kept.
    pub request_octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 32,
            connection_time: Duration::from_secs(10),
            head_time: Duration::from_secs(2),
            request_octets: 16_384,
        }
    }
}

/// Answers at `listener` until `stop` ends. Connections that are open then are let go.
pub async fn serve(
    listener: TcpListener,
    pages: Arc<dyn Pages>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    tokio::pin!(stop);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot.expect("the semaphore is never closed"), listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = &mut stop => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = converse(stream, Arc::clone(&pages), limits.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            // Out of descriptors, most likely: some are free again soon.
            Err(error) => {
                tracing::warn!(%error, "cannot accept an admin connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers the requests of one connection.
async fn converse(stream: TcpStream, pages: Arc<dyn Pages>, limits: Limits) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(request.method(), request.uri().path(), pages.as_ref());
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.request_octets)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(limits.connection_time, connection).await {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(error)) => tracing::debug!(%error, "admin connection broke off"),
    }
}

/// The answer to one request.
fn respond(method: &Method, path: &str, pages: &dyn Pages) -> Response<Full<Bytes>> {
    let readable = [Method::GET, Method::HEAD].contains(method);
    match path {
        "/metrics" if readable => page(StatusCode::OK, OPEN_METRICS, pages.metrics()),
        "/health" if readable => {
            let health = pages.health();
            let status = match health {
                Health::Ready => StatusCode::OK,
                Health::Starting | Health::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            };
            page(status, "text/plain; charset=utf-8", format!("{health}\n"))
        }
        "/metrics" | "/health" => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
        _ => plain(StatusCode::NOT_FOUND, "there are /metrics and /health\n"),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    page(status, "text/plain; charset=utf-8", text.to_owned())
}

fn page(status: StatusCode, media_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    struct Fixed(Health);

    impl Pages for Fixed {
        fn metrics(&self) -> String {
            "# EOF\n".into()
        }

        fn health(&self) -> Health {
            self.0
        }
    }

    /// What `request` is answered with, the connection closed after it.
    async fn ask(health: Health, request: &str) -> String {
        ask_beside(0, health, request, Limits::default()).await
    }

    /// The same beside some connections that say nothing, and came before.
    async fn ask_beside(idle: usize, health: Health, request: &str, limits: Limits) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut silent = Vec::new();
        for _ in 0..idle {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, Arc::new(Fixed(health)), limits, async {
            let _ = stopped.await;
        }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        stop.send(()).unwrap();
        server.await.unwrap();
        answer
    }

    fn get(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    }

    #[tokio::test]
    async fn health_follows_the_process() {
        let ready = ask(Health::Ready, &get("/health")).await;
        assert!(ready.starts_with("HTTP/1.1 200 ") && ready.ends_with("ready\n"), "{ready}");
        let starting = ask(Health::Starting, &get("/health")).await;
        assert!(starting.starts_with("HTTP/1.1 503 ") && starting.ends_with("starting\n"));
    }

    #[tokio::test]
    async fn metrics_are_told_and_nothing_else() {
        let metrics = ask(Health::Ready, &get("/metrics")).await;
        assert!(metrics.contains(OPEN_METRICS) && metrics.ends_with("# EOF\n"), "{metrics}");
        assert!(ask(Health::Ready, &get("/")).await.starts_with("HTTP/1.1 404 "));
        let post = get("/metrics").replace("GET", "POST");
        assert!(ask(Health::Ready, &post).await.starts_with("HTTP/1.1 405 "));
    }

    #[tokio::test]
    async fn who_says_nothing_does_not_keep_its_place() {
        let limits = Limits {
            connections: 2,
            connection_time: Duration::from_secs(3600),
            head_time: Duration::from_millis(20),
            ..Limits::default()
        };
        let request = get("/health");
        let asking = ask_beside(2, Health::Ready, &request, limits);
        let answer = tokio::time::timeout(Duration::from_secs(20), asking).await;
        assert!(answer.expect("it is answered").starts_with("HTTP/1.1 200 "));
    }

    #[tokio::test]
    async fn garbage_and_huge_requests_are_refused() {
        assert!(ask(Health::Ready, "\0\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
        let huge = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(20_000));
        assert!(ask(Health::Ready, &huge).await.starts_with("HTTP/1.1 4"));
    }
}
