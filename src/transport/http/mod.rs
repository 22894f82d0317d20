//! HTTP/1.1 and HTTP/2 over TLS (RFC 9112, RFC 9113), serving and asking. The only door to hyper and
//! rustls.
//!
//! [`serve`] answers with a [`Handler`]: the connection, its TLS, its timing and the size of what
//! comes are seen to here, and a handler is a function from a [`Request`] that is there as a whole to
//! a [`Response`]. A [`Router`] is the handler of several paths, and refuses all others in the one form
//! there is for errors, [`Response::error`]. Who asks uses a [`Fetch`], as [`HttpClient`] is one: one request, its response as
//! a whole, nothing followed. Plain HTTP is spoken on loopback alone, in both directions.
//!
//! Everything that others can make grow has its bound in [`Limits`] and [`ClientLimits`].

mod answer;
mod client;
mod connection;
mod limits;
mod message;
mod reach;
mod router;
mod server;
#[cfg(test)]
pub(crate) mod testing;
mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use thiserror::Error;

use crate::codec::Url;

pub use client::{HttpClient, TrustStore};
pub use hyper::body::Bytes;
pub use hyper::header;
pub use hyper::{HeaderMap, Method, StatusCode};
pub use limits::{ClientLimits, Limits};
pub use message::{QueryError, Request, Response, error_object};
pub use reach::Reach;
pub use router::{Endpoint, Router, endpoint};
pub use server::{PlainHttpError, serve};
pub use tls::{CertificateFiles, ServerTls, TlsError};

/// A future behind a pointer, as a trait gives it that is called through one.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why the content of a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BodyError {
    /// It is longer than the handler takes: 413.
    #[error("the body is longer than {0} octets")]
    TooLarge(usize),
    /// It did not come in time: 408.
    #[error("the body did not come in time")]
    TooSlow,
    /// It broke off, or is not framed as it should be: 400.
    #[error("the body broke off")]
    Broken,
}

impl BodyError {
    /// The status and the `errcode` that say so.
    fn words(self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN"),
            Self::Broken => (StatusCode::BAD_REQUEST, "M_UNKNOWN"),
        }
    }
}

impl From<BodyError> for Response {
    fn from(error: BodyError) -> Self {
        let (status, errcode) = error.words();
        Self::error(status, errcode, &error.to_string())
    }
}

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// How many octets of content to take for the request with this head, whose body is not read yet;
    /// or the response to the head alone. More content than that is refused unread ([`Self::refuse`]).
    ///
    /// # Errors
    /// The response where the head is enough to know it. It is boxed, as it is rare.
    fn admit(&self, head: &Request) -> Result<usize, Box<Response>>;

    /// The response to a request that is there as a whole. It has to come in a time of the handler's
    /// own; that of a client who went is dropped on its way.
    fn handle(&self, request: Request) -> BoxFuture<'_, Response>;

    /// The response to the request with this head, whose content is not taken: 413, 408 or 400, where
    /// the handler has no other.
    fn refuse(&self, _: &Request, error: BodyError) -> Response {
        error.into()
    }
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What to do.
    pub method: Method,
    /// With what.
    pub url: Url,
    /// The header fields. Those of the connection, `Host` and `Content-Length` are added.
    pub headers: HeaderMap,
    /// The content.
    pub body: Bytes,
    /// Where to connect to, in this order; without, wherever the system's resolver leads. Whose
    /// certificate is expected and what is asked for is as the URL says.
    pub addresses: Option<Vec<SocketAddr>>,
    /// To which of them it may go.
    pub reach: Reach,
}

impl Outgoing {
    /// A GET of `url`.
    pub fn get(url: Url) -> Self {
        let (method, headers, body) = (Method::GET, HeaderMap::new(), Bytes::new());
        Self { method, url, headers, body, addresses: None, reach: Reach::Anywhere }
    }

    /// A POST of JSON to `url`.
    pub fn post_json(url: Url, json: impl Into<Bytes>) -> Self {
        let headers = Response::json(StatusCode::OK, json);
        Self {
            method: Method::POST,
            headers: headers.headers,
            body: headers.body,
            ..Self::get(url)
        }
    }
}

/// The response that came.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What came of it.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The content.
    pub body: Bytes,
}

/// Why no response came.
#[derive(Debug, Error)]
pub enum FetchError {
    /// Plain HTTP, and not to this machine.
    #[error("http://{0} is plain HTTP, which is for loopback addresses alone")]
    Plain(String),
    /// Nothing is known of where to connect to.
    #[error("cannot find the addresses of {host}: {error}")]
    Resolve {
        /// Whose.
        host: String,
        /// Why not.
        error: io::Error,
    },
    /// There is no address to connect to.
    #[error("{0} has no address to connect to")]
    NoAddress(String),
    /// None of its addresses is one that the request may go to.
    #[error("the addresses of {0} are not of the internet, or of a network that is allowed")]
    OutOfReach(String),
    /// None of the addresses can be connected to; the last one tried.
    #[error("cannot connect to {host} at {address}: {error}")]
    Connect {
        /// Whose.
        host: String,
        /// Which.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// Nobody whom we trust has signed the server's certificate.
    #[error(
        "the certificate of {0} is by no authority that is known here: name its file as `ca_file`"
    )]
    Authority(String),
    /// The server does not prove to be the one, or speaks no TLS that is known here.
    #[error("TLS with {host} failed: {error}")]
    Tls {
        /// Whose.
        host: String,
        /// Why.
        error: io::Error,
    },
    /// It breaks off, or speaks no HTTP.
    #[error("{host} does not answer in HTTP: {error}")]
    Protocol {
        /// Whose.
        host: String,
        /// In what.
        error: String,
    },
    /// The response is longer than wanted.
    #[error("the response of {host} is longer than {most} octets")]
    TooLarge {
        /// Whose.
        host: String,
        /// How long it may be.
        most: usize,
    },
    /// The response is not there in time.
    #[error("{host} did not answer in {} s", .time.as_secs_f32())]
    Late {
        /// Who.
        host: String,
        /// The time it had.
        time: std::time::Duration,
    },
}

/// Asks servers of the Web.
pub trait Fetch: Send + Sync {
    /// Sends the request, once, and returns the response as it is: one that leads elsewhere is not
    /// followed.
    ///
    /// # Errors
    /// Where there is no response, or it is more than wanted. The request may have been obeyed
    /// nevertheless.
    fn fetch(&self, request: Outgoing)
    -> impl Future<Output = Result<Incoming, FetchError>> + Send;
}

#[cfg(test)]
mod tests;
