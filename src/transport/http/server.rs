//! Taking connections.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::connection::Context;
use super::{Handler, Limits, ServerTls};
use crate::transport::Slots;

/// Pause after an error on accepting: the system is out of something.
const PAUSE: Duration = Duration::from_millis(100);

/// Plain HTTP would be spoken with other machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} is not on loopback: without TLS, only this machine itself may be served")]
pub struct PlainHttpError(pub SocketAddr);

/// Answers at `listener` until `stop` ends, and then what is asked already, for a while
/// ([`Limits::drain`]). A certificate is followed through changes of its files.
///
/// # Errors
/// At once, where there is no certificate and the listener is not on loopback.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerTls>>,
    handler: Arc<dyn Handler>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Result<(), PlainHttpError> {
    if let (None, Ok(local)) = (&tls, listener.local_addr())
        && !local.ip().to_canonical().is_loopback()
    {
        return Err(PlainHttpError(local));
    }
    let (stopping, stopped) = watch::channel(false);
    let drain = limits.drain + limits.linger;
    let context = Context { tls, handler, limits: Arc::new(limits), stop: stopped };
    let mut connections = JoinSet::new();
    tokio::select! {
        () = stop => {}
        () = accept(&listener, &context, &mut connections) => {}
        () = follow_files(&context) => {}
    }
    drop(listener);
    stopping.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    // Whoever is not done by then is cut off, as the set is dropped.
    let _ = timeout(drain, all).await;
    Ok(())
}

/// Takes connections for good.
async fn accept(listener: &TcpListener, context: &Context, connections: &mut JoinSet<()>) {
    let slots = Slots::new(context.limits.connections);
    loop {
        let accepted = tokio::select! {
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let most = context.limits.connections_per_client;
        match accepted.map(|(stream, peer)| (stream, peer, slots.take(peer.ip(), most))) {
            Ok((stream, peer, Ok(slot))) => {
                let context = context.clone();
                connections.spawn(async move {
                    context.serve(stream, peer).await;
                    drop(slot);
                });
            }
            Ok((_, peer, Err(full))) => tracing::debug!(%peer, ?full, "no place for a connection"),
            Err(error) => {
                tracing::warn!(%error, "cannot accept an HTTP connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Looks at the files of the certificate, for good.
async fn follow_files(context: &Context) {
    let Some(tls) = &context.tls else { return std::future::pending().await };
    let mut ticks = interval(context.limits.certificate_check);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let tls = tls.clone();
        // It ends without a value in a panic alone, and then the next tick is as good.
        let _ = tokio::task::spawn_blocking(move || tls.follow()).await;
    }
}
