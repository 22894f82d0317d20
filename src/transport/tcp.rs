//! Serving over TCP (RFC 7766): pipelined queries, answers in whatever order they are ready.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::deferred::TcpReply;
use super::events::{Event, SharedEvents};
use super::slots::{Full, Slot, Slots};
use super::stream::{self, Next};
use super::{Deferred, Limits, Peer, Reaction, Service, Transport};

/// Pause after an error on accepting: the system is out of something.
const PAUSE: Duration = Duration::from_millis(100);
/// Answers written at once.
const WRITES: usize = 32;

/// A service for the connections that share it. It answers in microseconds, and is not held across
/// a wait.
pub(super) type SharedService = Arc<Mutex<Box<dyn Service>>>;

/// What all connections of a local address have in common.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) local: SocketAddr,
    pub(super) later: mpsc::Sender<Deferred>,
    pub(super) events: SharedEvents,
    pub(super) limits: Arc<Limits>,
    pub(super) stop: watch::Receiver<bool>,
}

/// Takes connections until told to stop, then lets them finish for a while.
pub(super) async fn accept(
    listener: TcpListener,
    services: Vec<SharedService>,
    slots: Arc<Slots>,
    context: Context,
) {
    let mut connections = JoinSet::new();
    let mut stop = context.stop.clone();
    let mut turn = services.iter().cycle();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let most = context.limits.connections_per_client;
        match accepted.map(|(stream, remote)| (stream, remote, slots.take(remote.ip(), most))) {
            Ok((stream, remote, Ok(slot))) => {
                let service = turn.next().expect("there is a service").clone();
                let peer = Peer { remote, local: context.local, transport: Transport::Tcp };
                let connection = Connection { service, peer, context: context.clone() };
                connections.spawn(connection.serve(stream, slot));
            }
            Ok((_, _, Err(Full::All))) => context.events.count(Event::ConnectionsFull),
            Ok((_, _, Err(Full::Client))) => context.events.count(Event::ClientFull),
            Err(error) => {
                tracing::warn!(local = %context.local, %error, "cannot accept");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // Whoever is not done by then is cut off, as the set is dropped.
    let _ = timeout(context.limits.drain, all).await;
}

/// What came from a client.
enum Incoming {
    Next(io::Result<Next>),
    /// Nothing, for too long.
    Late,
    /// Nothing, and the server stops.
    NoMore,
}

/// One client's connection.
struct Connection {
    service: SharedService,
    peer: Peer,
    context: Context,
}

impl Connection {
    /// Serves the client to the end.
    async fn serve(self, stream: TcpStream, _slot: Slot) {
        self.context.events.count(Event::ConnectionOpened);
        // Answers are written whole: holding them back gains nothing.
        let _ = stream.set_nodelay(true);
        let (reading, writing) = stream.into_split();
        let (replies, queue) = mpsc::channel(self.context.limits.queries_per_connection.get());
        let mut writing = std::pin::pin!(write(writing, queue, &self.context));
        tokio::select! {
            // The client reads no more: what it asks is of no interest.
            () = &mut writing => {}
            () = self.read(reading, replies) => writing.await,
        }
        self.context.events.count(Event::ConnectionClosed);
    }

    /// Reads queries until the client ends, errs or is idle, or the server stops and nothing more is
    /// there. Answers on their way are then still written.
    async fn read(&self, reading: OwnedReadHalf, replies: mpsc::Sender<TcpReply>) {
        let limits = &self.context.limits;
        let mut stream = BufReader::new(reading);
        let permits = Arc::new(Semaphore::new(limits.queries_per_connection.get()));
        loop {
            let permit =
                permits.clone().acquire_owned().await.expect("nobody closes the semaphore");
            let event = match self.next(&mut stream).await {
                Incoming::Next(Ok(Next::Message(packet))) => {
                    self.answer(&packet, &replies, permit);
                    continue;
                }
                Incoming::Next(Ok(Next::End)) | Incoming::NoMore => return,
                Incoming::Next(Ok(Next::TooLong(_))) => Event::StreamTooLong,
                Incoming::Next(Err(_)) => Event::ConnectionBroken,
                Incoming::Late => Event::ConnectionTimedOut,
            };
            return self.context.events.count(event);
        }
    }

    /// Reads the next query. One that is begun when the server stops is read to its end.
    async fn next(&self, stream: &mut BufReader<OwnedReadHalf>) -> Incoming {
        let limits = &self.context.limits;
        let mut stop = self.context.stop.clone();
        let mut reading = std::pin::pin!(stream::read(stream, limits.query_length));
        let next = tokio::select! {
            next = timeout(limits.idle, &mut reading) => Some(next),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        match next {
            Some(next) => next.map_or(Incoming::Late, Incoming::Next),
            None => {
                let rest = timeout(limits.linger, reading).await;
                rest.map_or(Incoming::NoMore, Incoming::Next)
            }
        }
    }

    /// Has a query answered, now or later. The permit stands for a place in the queue of replies: it
    /// is closed where writing ended, and never full.
    fn answer(
        &self,
        packet: &[u8],
        replies: &mpsc::Sender<TcpReply>,
        permit: OwnedSemaphorePermit,
    ) {
        let mut message = Vec::with_capacity(512);
        let reaction = {
            let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
            service.answer(packet, &self.peer, &mut message)
        };
        match reaction {
            Reaction::Silent => {}
            Reaction::Reply => {
                let _ = replies.try_send(TcpReply::new(message, permit));
            }
            Reaction::Later => {
                let deferred = Deferred::tcp(packet, &self.peer, replies, permit);
                if self.context.later.try_send(deferred).is_err() {
                    self.context.events.count(Event::DeferredDropped);
                }
            }
        }
    }
}

/// Writes answers until no more can come, or the client does not take them.
async fn write(mut stream: OwnedWriteHalf, mut queue: mpsc::Receiver<TcpReply>, context: &Context) {
    let mut replies = Vec::with_capacity(WRITES);
    let mut octets = Vec::new();
    while queue.recv_many(&mut replies, WRITES).await > 0 {
        octets.clear();
        for reply in &replies {
            stream::append(&reply.message, &mut octets);
        }
        match timeout(context.limits.write, stream.write_all(&octets)).await {
            Ok(Ok(())) => replies.clear(),
            Ok(Err(_)) => return,
            Err(_) => return context.events.count(Event::ConnectionTimedOut),
        }
    }
    // Nothing is left to do about a client that is gone already.
    let _ = stream.shutdown().await;
}
