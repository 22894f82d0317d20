//! Servers of HTTP: their addresses, certificate and end.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{self, Mistake};
use crate::transport::http::{Handler, Limits, PlainHttpError, ServerTls, TlsError, serve};
use crate::transport::{ListenError, Transport, tcp_listener};

use super::StartError;
use super::listen::each;

/// Reads the certificate that is served with; none for plain HTTP.
///
/// # Errors
/// With what is wrong with it.
pub(super) fn tls(plan: &config::Web) -> Result<Option<Arc<ServerTls>>, Mistake> {
    let Some(files) = &plan.certificate else { return Ok(None) };
    let mistake =
        |error: TlsError| Mistake { position: files.position, message: error.to_string() };
    ServerTls::load(files.value.clone()).map(Some).map_err(mistake)
}

/// One handler, answering at all addresses until it is stopped.
pub(super) struct WebServer {
    pub(super) addresses: Vec<SocketAddr>,
    tls: Option<Arc<ServerTls>>,
    /// Ends the servers by being dropped.
    stop: watch::Sender<()>,
    servers: JoinSet<Result<(), PlainHttpError>>,
}

impl WebServer {
    /// Starts to answer where `plan` says, which stands in the file `path`; without TLS in plain HTTP.
    pub(super) fn start(
        plan: &config::Web,
        path: &Path,
        tls: Option<Arc<ServerTls>>,
        handler: Arc<dyn Handler>,
    ) -> Result<Self, StartError> {
        let (stop, stopped) = watch::channel(());
        let mut web = Self { addresses: Vec::new(), tls, stop, servers: JoinSet::new() };
        for listener in each(path, &plan.listen, listen)? {
            web.addresses.push(listener.local_addr().map_err(StartError::System)?);
            let listener = tokio::net::TcpListener::from_std(listener);
            let listener = listener.map_err(StartError::System)?;
            let mut stopped = stopped.clone();
            let stopped = async move {
                let _ = stopped.changed().await;
            };
            let (tls, handler) = (web.tls.clone(), Arc::clone(&handler));
            web.servers.spawn(serve(listener, tls, handler, Limits::default(), stopped));
        }
        Ok(web)
    }

    /// Reads the certificate again.
    pub(super) fn follow_certificate(&self) {
        if let Some(tls) = &self.tls {
            tls.follow();
        }
    }

    /// Answers what is asked already, and ends. `what` is done there, as the log is to call it.
    pub(super) async fn stop(mut self, what: &'static str) {
        drop(self.stop);
        while let Some(ended) = self.servers.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "{what}: it was not answered there"),
                Err(error) => tracing::error!(%error, "{what}: a server ended badly"),
            }
        }
    }
}

fn listen(address: SocketAddr) -> Result<Vec<TcpListener>, ListenError> {
    let refused = |error| ListenError { address, transport: Transport::Tcp, error };
    tcp_listener(address).map(|listener| vec![listener]).map_err(refused)
}
