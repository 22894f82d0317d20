//! Asking servers.

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::tls::client_config;
use super::{ClientLimits, Fetch, FetchError, Incoming, Outgoing, TlsError};
use crate::codec::Host;

/// Who says which server is which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustStore {
    /// The authorities that the system trusts, as Web browsers do.
    #[default]
    System,
    /// The certificates in a file of PEM, and no others.
    File(PathBuf),
}

impl TrustStore {
    /// The certificates in this file; where there is none, the authorities of the system.
    pub fn of(file: Option<&Path>) -> Self {
        file.map_or(Self::System, |file| Self::File(file.to_owned()))
    }
}

/// Speaks HTTPS, and plain HTTP with this machine itself. Clones share what they need.
#[derive(Debug, Clone)]
pub struct HttpClient {
    tls: Arc<ClientConfig>,
    limits: Arc<ClientLimits>,
}

impl HttpClient {
    /// Reads whom to trust. It reads files: for threads that may wait.
    ///
    /// # Errors
    /// Where there is nobody to trust, or the file cannot be used.
    pub fn new(store: &TrustStore, limits: ClientLimits) -> Result<Self, TlsError> {
        Ok(Self { tls: Arc::new(client_config(store)?), limits: Arc::new(limits) })
    }

    /// The same, which speaks this version of HTTP alone over TLS.
    #[cfg(test)]
    pub(super) fn speaking(mut self, version: &str) -> Self {
        Arc::make_mut(&mut self.tls).alpn_protocols = vec![version.into()];
        self
    }

    async fn exchange(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        let stream = self.connect(&request).await?;
        if !request.url.is_secure() {
            return self.over(stream, request, false).await;
        }
        let host = request.url.host();
        let refused = |error| FetchError::Tls { host: host.to_string(), error };
        let name = match host {
            Host::Name(name) => ServerName::try_from(name.clone())
                .map_err(|error| refused(std::io::Error::other(error)))?,
            Host::Address(address) => ServerName::from(*address),
        };
        let connecting = TlsConnector::from(self.tls.clone()).connect(name, stream);
        let stream = connecting.await.map_err(|error| match is_by_a_stranger(&error) {
            true => FetchError::Authority(host.to_string()),
            false => refused(error),
        })?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        self.over(stream, request, is_http2).await
    }

    /// Connects to the first address that can be.
    async fn connect(&self, request: &Outgoing) -> Result<TcpStream, FetchError> {
        let addresses = self.addresses(request).await?;
        let host = request.url.host().to_string();
        let mut failure = FetchError::NoAddress(host.clone());
        for address in addresses {
            let connecting = timeout(self.limits.connect, TcpStream::connect(address));
            let connected = connecting.await.unwrap_or_else(|late| Err(late.into()));
            match connected {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => {
                    failure = FetchError::Connect { host: host.clone(), address, error };
                }
            }
        }
        Err(failure)
    }

    /// Where to connect to: where the request may go; for plain HTTP, on loopback alone.
    async fn addresses(&self, request: &Outgoing) -> Result<Vec<SocketAddr>, FetchError> {
        let url = &request.url;
        let mut addresses = match (&request.addresses, url.host()) {
            (Some(addresses), _) => addresses.clone(),
            (None, Host::Address(address)) => vec![(*address, url.port()).into()],
            (None, Host::Name(name)) => {
                let found = lookup_host((name.as_str(), url.port())).await;
                let refused = |error| FetchError::Resolve { host: name.clone(), error };
                found.map_err(refused)?.collect()
            }
        };
        let is_known = !addresses.is_empty();
        addresses.retain(|address| request.reach.permits(address.ip()));
        if is_known && addresses.is_empty() {
            return Err(FetchError::OutOfReach(url.host().to_string()));
        }
        addresses.truncate(self.limits.addresses);
        let is_loopback = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
        let is_here = url.is_loopback() && addresses.iter().all(is_loopback);
        if !url.is_secure() && !is_here {
            // What is asked for may be secret.
            return Err(FetchError::Plain(url.authority()));
        }
        Ok(addresses)
    }

    /// Sends the request over a connection, and reads the response.
    async fn over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Outgoing,
        is_http2: bool,
    ) -> Result<Incoming, FetchError> {
        let host = request.url.host().to_string();
        let broken = |error: hyper::Error| protocol_error(&host, &error);
        let (io, limits) = (TokioIo::new(stream), &self.limits);
        let request =
            encode(request, is_http2).map_err(|error| protocol_error(&host, error.as_ref()))?;
        if is_http2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.max_header_list_size(limits.head_octets.into());
            let (mut sender, connection) = builder.handshake(io).await.map_err(broken)?;
            let talk = async { self.read(sender.send_request(request).await, &host).await };
            drive(talk, connection).await
        } else {
            let mut builder = http1::Builder::new();
            builder.max_buf_size(limits.head_octets.into()).max_headers(limits.head_fields);
            let (mut sender, connection) = builder.handshake(io).await.map_err(broken)?;
            let talk = async { self.read(sender.send_request(request).await, &host).await };
            drive(talk, connection).await
        }
    }

    /// Reads a response, no more of it than wanted.
    async fn read(
        &self,
        response: hyper::Result<Response<hyper::body::Incoming>>,
        host: &str,
    ) -> Result<Incoming, FetchError> {
        let response = response.map_err(|error| protocol_error(host, &error))?;
        let most = self.limits.body_octets;
        let too_large = || FetchError::TooLarge { host: host.to_owned(), most };
        let (head, content) = response.into_parts();
        if content.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        let collected =
            Limited::new(content, most).collect().await.map_err(|error| match error
                .is::<LengthLimitError>()
            {
                true => too_large(),
                false => protocol_error(host, error.as_ref()),
            })?;
        Ok(Incoming { status: head.status, headers: head.headers, body: collected.to_bytes() })
    }
}

impl Fetch for HttpClient {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        let (host, time) = (request.url.host().to_string(), self.limits.total);
        let exchange = timeout(time, self.exchange(request));
        exchange.await.unwrap_or(Err(FetchError::Late { host, time }))
    }
}

/// Talks while the connection does its part. What it gave is read on when it is at its end.
async fn drive<T>(talk: impl Future<Output = T>, connection: impl Future) -> T {
    let mut talk = pin!(talk);
    tokio::select! {
        result = &mut talk => result,
        _ = connection => talk.await,
    }
}

/// The request as hyper sends it: to HTTP/1.1 the target is path and query, and a field names the host
/// (RFC 9112 section 3.2); HTTP/2 has a place for each.
fn encode(request: Outgoing, is_http2: bool) -> Result<Request<Full<Bytes>>, Box<dyn Error>> {
    let url = &request.url;
    let target = if is_http2 { url.to_string() } else { url.target().to_owned() };
    let mut encoded = Request::new(Full::new(request.body));
    *encoded.method_mut() = request.method;
    *encoded.uri_mut() = target.parse::<Uri>()?;
    *encoded.headers_mut() = request.headers;
    if !is_http2 {
        encoded.headers_mut().insert(HOST, HeaderValue::from_str(&url.authority())?);
    }
    Ok(encoded)
}

/// Whether TLS failed as no authority that is known has signed the certificate.
fn is_by_a_stranger(error: &std::io::Error) -> bool {
    let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    error.get_ref().and_then(|error| error.downcast_ref()) == Some(&unknown)
}

/// An error with all that caused it: hyper's own text says little.
fn protocol_error(host: &str, error: &dyn Error) -> FetchError {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(&format!(": {error}"));
        cause = error.source();
    }
    FetchError::Protocol { host: host.to_owned(), error: told }
}
