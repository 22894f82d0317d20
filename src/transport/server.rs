//! Starting and stopping.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::sys::socket::{Shutdown, shutdown};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::events::{Events, SharedEvents, counters};
use super::slots::Slots;
use super::tcp::{self, Context, SharedService};
use super::udp::Worker;
use super::{Deferred, Limits, Listener, Service};
use crate::telemetry::{Counters, Telemetry};

/// Serves DNS on all addresses of its listeners, until stopped or dropped.
#[derive(Debug)]
pub struct Server {
    stopping: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    threads: Vec<(Arc<UdpSocket>, JoinHandle<()>)>,
    tasks: JoinSet<()>,
}

/// What a server is made of, but for its sockets.
pub struct Parts<'a> {
    /// Makes the services of a local address: one for each thread, and some for TCP.
    pub services: &'a dyn Fn(SocketAddr) -> Box<dyn Service>,
    /// Where questions go that take time.
    pub later: mpsc::Sender<Deferred>,
    /// What clients may take.
    pub limits: &'a Limits,
    /// Where events are counted.
    pub telemetry: &'a Telemetry,
}

impl Server {
    /// Starts serving. Has to be called from within a tokio runtime, which serves TCP.
    ///
    /// # Errors
    /// Where the system refuses threads or sockets.
    pub fn start(listeners: Vec<Listener>, parts: &Parts<'_>) -> io::Result<Self> {
        let (stop, _) = watch::channel(false);
        let mut server =
            Self { stopping: Arc::default(), stop, threads: Vec::new(), tasks: JoinSet::new() };
        let counters = counters(parts.telemetry);
        let slots = Slots::new(parts.limits.connections);
        for listener in listeners {
            server.start_udp(listener.udp, listener.local, &counters, parts)?;
            server.start_tcp(listener.tcp, listener.local, &counters, &slots, parts)?;
        }
        Ok(server)
    }

    fn start_udp(
        &mut self,
        sockets: Vec<UdpSocket>,
        local: SocketAddr,
        counters: &Arc<Counters>,
        parts: &Parts<'_>,
    ) -> io::Result<()> {
        for socket in sockets {
            let socket = Arc::new(socket);
            let worker = Worker {
                socket: socket.clone(),
                local,
                service: (parts.services)(local),
                later: parts.later.clone(),
                events: Events::new(counters),
                query_length: parts.limits.query_length,
                stopping: self.stopping.clone(),
            };
            let thread = std::thread::Builder::new().name(format!("udp {local}"));
            self.threads.push((socket, thread.spawn(|| worker.run())?));
        }
        Ok(())
    }

    fn start_tcp(
        &mut self,
        listener: std::net::TcpListener,
        local: SocketAddr,
        counters: &Arc<Counters>,
        slots: &Arc<Slots>,
        parts: &Parts<'_>,
    ) -> io::Result<()> {
        let service = || -> SharedService { Arc::new(Mutex::new((parts.services)(local))) };
        let services = (0..parts.limits.tcp_services.get()).map(|_| service()).collect();
        let context = Context {
            local,
            later: parts.later.clone(),
            events: SharedEvents::new(counters),
            limits: Arc::new(parts.limits.clone()),
            stop: self.stop.subscribe(),
        };
        let listener = tokio::net::TcpListener::from_std(listener)?;
        self.tasks.spawn(tcp::accept(listener, services, slots.clone(), context));
        Ok(())
    }

    /// Stops serving: takes no more questions, and returns once those at hand are answered, or
    /// [`Limits::drain`] is over.
    pub async fn stop(mut self) {
        self.signal();
        let threads = std::mem::take(&mut self.threads);
        let join = move || {
            for (_, thread) in threads {
                // A thread that panicked is as stopped as the others.
                let _ = thread.join();
            }
        };
        let _ = tokio::task::spawn_blocking(join).await;
        while self.tasks.join_next().await.is_some() {}
    }

    fn signal(&self) {
        self.stopping.store(true, Ordering::Release);
        self.stop.send_replace(true);
        for (socket, _) in &self.threads {
            // Wakes the thread that waits on it; put-off answers can still be sent. The error says
            // only that the socket has no peer.
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Read);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal();
    }
}
