//! One client's connection, from the handshake to the last octet.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::answer::answer;
use super::{Handler, Limits, ServerTls};

/// What all connections of a listener have in common.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) tls: Option<Arc<ServerTls>>,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) limits: Arc<Limits>,
    pub(super) stop: watch::Receiver<bool>,
}

/// What a connection is busy with.
#[derive(Debug, Clone, Copy, Default)]
struct Load {
    /// Requests begun and not answered.
    open: usize,
    /// All requests begun.
    begun: usize,
}

/// A request that is being answered; no more when dropped.
struct Busy(Arc<watch::Sender<Load>>);

impl Busy {
    fn start(load: &Arc<watch::Sender<Load>>) -> Self {
        load.send_modify(|load| {
            load.open += 1;
            load.begun += 1;
        });
        Self(load.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|load| load.open -= 1);
    }
}

impl Context {
    /// Serves the client to the end.
    pub(super) async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        // Responses are written whole: holding them back gains nothing.
        let _ = stream.set_nodelay(true);
        let Ok(rest) = stream.as_fd().try_clone_to_owned() else {
            return tracing::warn!(%peer, "no file descriptor is left for a connection");
        };
        match &self.tls {
            None => self.converse(stream, peer).await,
            Some(tls) => {
                let accepting = TlsAcceptor::from(tls.config()).accept(stream);
                match timeout(self.limits.handshake, accepting).await {
                    Ok(Ok(stream)) => self.converse(stream, peer).await,
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                    Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                }
            }
        }
        let _ = timeout(self.limits.linger, discard(rest.into())).await;
    }

    /// Answers requests until the client ends or has had its share, or the server stops.
    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        peer: SocketAddr,
    ) {
        let load = Arc::new(watch::Sender::new(Load::default()));
        let watched = load.subscribe();
        let service = service_fn(move |request: Request<Incoming>| {
            let busy = Busy::start(&load);
            // HTTP/1.1 is told with the last response; HTTP/2 has a frame of its own for it.
            let is_last = load.borrow().begun >= self.limits.requests;
            let closing = is_last && request.version() < Version::HTTP_2;
            let (handler, time) = (self.handler.clone(), self.limits.body);
            async move {
                let mut response = answer(request, peer, handler.as_ref(), time).await;
                if closing {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                drop(busy);
                Ok::<_, Infallible>(response)
            }
        });
        let builder = self.builder();
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.until_enough(watched) => {
                connection.as_mut().graceful_shutdown();
                timeout(self.limits.drain, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "connection broke off");
        }
    }

    /// Ends when the connection shall take no more requests.
    async fn until_enough(&self, mut load: watch::Receiver<Load>) {
        let mut stop = self.stop.clone();
        loop {
            let now = *load.borrow_and_update();
            if now.begun >= self.limits.requests {
                return;
            }
            let patience = if now.open == 0 { self.limits.idle } else { Duration::MAX };
            let changed = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => false,
                changed = timeout(patience, load.changed()) => changed.is_ok(),
            };
            if !changed {
                return;
            }
        }
    }

    fn builder(&self) -> auto::Builder<TokioExecutor> {
        let limits = &self.limits;
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.idle)
            .max_buf_size(limits.head_octets.into())
            .max_headers(limits.head_fields);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(limits.head_octets.into())
            .max_concurrent_streams(limits.streams)
            .max_pending_accept_reset_streams(limits.pending_resets)
            .max_local_error_reset_streams(limits.error_resets)
            .initial_stream_window_size(limits.stream_window)
            .initial_connection_window_size(limits.connection_window);
        builder
    }
}

/// Throws away what a client still sends after we said all, until it has read that and closes. The
/// connection itself is closed to it with the last other descriptor.
async fn discard(rest: std::net::TcpStream) {
    let Ok(mut rest) = TcpStream::from_std(rest) else { return };
    // Where the response is all sent, this was done.
    let _ = tokio::io::AsyncWriteExt::shutdown(&mut rest).await;
    let mut thrown = [0; 8192];
    while rest.read(&mut thrown).await.is_ok_and(|read| read > 0) {}
}
