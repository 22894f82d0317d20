//! `/metrics` and `/health` over HTTP, for whoever runs the process.
//!
//! Both are read-only, and told on loopback alone (the configuration sees to that). `/health` answers
//! 200 once everything is served and 503 before that, while the process ends, and while it fails: changes wait
//! too long to be served, or a task ends again and again. Below that it tells, a line each, what fails, and what a
//! part of the process cannot do now, while the others serve as ever. `/metrics` is the OpenMetrics
//! text that Prometheus reads.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::transport::http::{Limits, Request, Response, Router, StatusCode, endpoint};

/// The media type of [`Pages::metrics`].
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where the process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not everything is served yet.
    Starting,
    /// Everything is served.
    Ready,
    /// It goes on with what it can, and somebody has to look at it.
    Failing,
    /// It answers what it has, and ends.
    Stopping,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Failing => "failing",
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

    /// What cannot be done now, though the process is at work.
    fn troubles(&self) -> Vec<Arc<str>>;
}

/// What clients may take. They are all on this machine, and few: 32 connections. Who says nothing for
/// 2 s leaves its place to others.
pub fn limits() -> Limits {
    let connections = const { NonZeroUsize::new(32).expect("32 is not zero") };
    let idle = Duration::from_secs(2);
    Limits { connections, connections_per_client: connections, idle, ..Limits::default() }
}

/// Answers with the pages.
pub fn router<P: Pages>(pages: &Arc<P>) -> Router {
    Router::new().get("/metrics", endpoint(pages, metrics)).get("/health", endpoint(pages, health))
}

async fn metrics<P: Pages>(pages: Arc<P>, _: Request) -> Response {
    Response::new(StatusCode::OK, OPEN_METRICS, pages.metrics())
}

async fn health<P: Pages>(pages: Arc<P>, _: Request) -> Response {
    let (health, troubles) = (pages.health(), pages.troubles());
    let status = match health {
        Health::Ready => StatusCode::OK,
        Health::Starting | Health::Failing | Health::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    let troubles: String = troubles.iter().map(|trouble| format!("{trouble}\n")).collect();
    Response::text(status, format!("{health}\n{troubles}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::Method;
    use crate::transport::http::testing::{self, request};

    struct Fixed(Health, &'static [&'static str]);

    impl Pages for Fixed {
        fn metrics(&self) -> String {
            "# EOF\n".into()
        }

        fn health(&self) -> Health {
            self.0
        }

        fn troubles(&self) -> Vec<Arc<str>> {
            self.1.iter().copied().map(Arc::from).collect()
        }
    }

    async fn ask(health: Health, method: Method, path: &str) -> Response {
        ask_of(Fixed(health, &[]), method, path).await
    }

    async fn ask_of(pages: Fixed, method: Method, path: &str) -> Response {
        testing::ask(&router(&Arc::new(pages)), request(method, path)).await
    }

    #[tokio::test]
    async fn health_follows_the_process() {
        let ready = ask(Health::Ready, Method::GET, "/health").await;
        assert_eq!((ready.status.as_u16(), &ready.body[..]), (200, &b"ready\n"[..]));
        let starting = ask(Health::Starting, Method::GET, "/health").await;
        assert_eq!((starting.status.as_u16(), &starting.body[..]), (503, &b"starting\n"[..]));
        let troubled = Fixed(Health::Ready, &["one thing", "another"]);
        let troubled = ask_of(troubled, Method::GET, "/health").await;
        let told = &b"ready\none thing\nanother\n"[..];
        assert_eq!((troubled.status.as_u16(), &troubled.body[..]), (200, told), "the rest serves");
    }

    #[tokio::test]
    async fn metrics_are_told_and_nothing_else() {
        let metrics = ask(Health::Ready, Method::HEAD, "/metrics").await;
        assert_eq!((metrics.status.as_u16(), &metrics.body[..]), (200, &b"# EOF\n"[..]));
        assert_eq!(metrics.headers["content-type"], OPEN_METRICS);
        assert_eq!(ask(Health::Ready, Method::GET, "/").await.status.as_u16(), 404);
        let post = ask(Health::Ready, Method::POST, "/metrics").await;
        assert_eq!(
            (post.status.as_u16(), &post.headers["allow"]),
            (405, &"GET, HEAD, OPTIONS".parse().unwrap())
        );
    }
}
