//! Serving over UDP: threads of their own, each with a socket, taking and sending many datagrams in
//! one system call.

use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
use tokio::sync::mpsc;

use super::events::{Event, Events};
use super::listen::socket_address;
use super::{Deferred, Peer, Reaction, Service, Transport};

/// Datagrams per system call. More gain little: at this size its cost is a fraction of the rest.
const BATCH: usize = 32;
/// Pause after an error on receiving: the system is out of something.
const PAUSE: Duration = Duration::from_millis(100);

/// One thread's part of serving an address.
pub(super) struct Worker {
    pub(super) socket: Arc<UdpSocket>,
    pub(super) local: SocketAddr,
    pub(super) service: Box<dyn Service>,
    pub(super) later: mpsc::Sender<Deferred>,
    pub(super) events: Events,
    pub(super) query_length: usize,
    pub(super) stopping: Arc<AtomicBool>,
}

/// A datagram that came.
#[derive(Clone, Copy)]
struct Arrival {
    from: Option<SockaddrStorage>,
    length: usize,
    cut: bool,
}

/// What a thread keeps from batch to batch, so that it need not allocate.
struct Batch {
    receiving: MultiHeaders<SockaddrStorage>,
    sending: MultiHeaders<SockaddrStorage>,
    packets: Vec<Vec<u8>>,
    arrivals: Vec<Arrival>,
    replies: Vec<Vec<u8>>,
    /// Where the replies go; there are as many as replies in use.
    destinations: Vec<Option<SockaddrStorage>>,
}

impl Worker {
    /// Serves until `stopping` is set and the socket shut down.
    pub(super) fn run(mut self) {
        let mut batch = Batch::new(self.query_length);
        while !self.stopping.load(Ordering::Acquire) {
            match batch.receive(&self.socket) {
                Ok(()) => {
                    self.answer(&mut batch);
                    batch.send(&self.socket, &mut self.events);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    tracing::warn!(local = %self.local, %errno, "cannot receive");
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    fn answer(&mut self, batch: &mut Batch) {
        batch.destinations.clear();
        for (arrival, packet) in batch.arrivals.iter().zip(&batch.packets) {
            // Nothing can be sent to port 0, so nobody asks from there. A socket shut down gives
            // empty packets.
            let remote = arrival.from.as_ref().and_then(socket_address);
            let Some(remote) = remote.filter(|remote| remote.port() != 0) else { continue };
            if arrival.length == 0 {
                continue;
            }
            if arrival.cut {
                self.events.count(Event::DatagramTooLong);
                continue;
            }
            let packet = &packet[..arrival.length];
            let peer = Peer { remote, local: self.local, transport: Transport::Udp };
            let reply = &mut batch.replies[batch.destinations.len()];
            reply.clear();
            match self.service.answer(packet, &peer, reply) {
                Reaction::Reply => batch.destinations.push(arrival.from),
                Reaction::Silent => {}
                Reaction::Later => {
                    let deferred = Deferred::udp(packet, &peer, &self.socket);
                    if self.later.try_send(deferred).is_err() {
                        self.events.count(Event::DeferredDropped);
                    }
                }
            }
        }
    }
}

impl Batch {
    fn new(query_length: usize) -> Self {
        Self {
            receiving: MultiHeaders::preallocate(BATCH, None),
            sending: MultiHeaders::preallocate(BATCH, None),
            packets: vec![vec![0; query_length]; BATCH],
            arrivals: Vec::with_capacity(BATCH),
            replies: vec![Vec::new(); BATCH],
            destinations: Vec::with_capacity(BATCH),
        }
    }

    /// Waits for a datagram, and takes those that are there.
    fn receive(&mut self, socket: &UdpSocket) -> Result<(), Errno> {
        self.arrivals.clear();
        let mut packets = self.packets.iter_mut();
        let mut slices: [_; BATCH] = std::array::from_fn(|_| {
            let packet = packets.next().expect("there are as many packets as slices");
            [IoSliceMut::new(packet)]
        });
        let flags = MsgFlags::MSG_WAITFORONE;
        let fd = socket.as_raw_fd();
        let received = recvmmsg(fd, &mut self.receiving, slices.iter_mut(), flags, None)?;
        self.arrivals.extend(received.map(|message| {
            let cut = message.flags.contains(MsgFlags::MSG_TRUNC);
            Arrival { from: message.address, length: message.bytes, cut }
        }));
        Ok(())
    }

    /// Sends the replies. One that the system does not take is lost: the client asks again.
    fn send(&mut self, socket: &UdpSocket, events: &mut Events) {
        let slices: [_; BATCH] = std::array::from_fn(|at| [IoSlice::new(&self.replies[at])]);
        let mut sent = 0;
        while sent < self.destinations.len() {
            let (slices, to) = (&slices[sent..], &self.destinations[sent..]);
            let flags = MsgFlags::empty();
            match sendmmsg(socket.as_raw_fd(), &mut self.sending, slices, to, [], flags) {
                Ok(results) => sent += results.count().max(1),
                Err(Errno::EINTR) => {}
                Err(_) => {
                    events.count(Event::SendFailed);
                    sent += 1;
                }
            }
        }
    }
}
