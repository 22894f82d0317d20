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
/// Batches that are taken once the server stops, at most: more than a socket holds.
const LAST: usize = 1024;
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

impl Arrival {
    /// Why it is no question.
    fn fault(&self, remote: SocketAddr) -> Option<Event> {
        match self {
            _ if remote.port() == 0 => Some(Event::PortZero),
            Self { length: 0, .. } => Some(Event::DatagramEmpty),
            Self { cut: true, .. } => Some(Event::DatagramTooLong),
            _ => None,
        }
    }
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
    /// Serves until `stopping` is set and the socket shut down, and then what is in the socket.
    pub(super) fn run(mut self) {
        let mut batch = Batch::new(self.query_length);
        while !self.stopping.load(Ordering::Acquire) {
            match batch.receive(&self.socket, MsgFlags::MSG_WAITFORONE) {
                Ok(()) => self.serve(&mut batch),
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    tracing::warn!(local = %self.local, %errno, "cannot receive");
                    std::thread::sleep(PAUSE);
                }
            }
        }
        for _ in 0..LAST {
            match batch.receive(&self.socket, MsgFlags::MSG_DONTWAIT) {
                Ok(()) if batch.is_from_someone() => self.serve(&mut batch),
                Err(Errno::EINTR) => {}
                Ok(()) | Err(_) => return,
            }
        }
    }

    fn serve(&mut self, batch: &mut Batch) {
        self.answer(batch);
        batch.send(&self.socket, &mut self.events);
    }

    fn answer(&mut self, batch: &mut Batch) {
        batch.destinations.clear();
        let mut packets = [&[][..]; BATCH];
        let came = batch.arrivals.iter().zip(&batch.packets);
        for (seen, (arrival, packet)) in packets.iter_mut().zip(came) {
            *seen = &packet[..arrival.length];
        }
        self.service.foresee(&packets[..batch.arrivals.len()]);
        for (arrival, packet) in batch.arrivals.iter().zip(&batch.packets) {
            // A socket shut down gives packets from nobody.
            let Some(remote) = arrival.from.as_ref().and_then(socket_address) else { continue };
            if let Some(event) = arrival.fault(remote) {
                self.events.count(event);
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

    /// Whether a datagram came at all.
    fn is_from_someone(&self) -> bool {
        self.arrivals.iter().any(|arrival| arrival.from.is_some())
    }

    /// Takes the datagrams that are there, after waiting for one where `flags` say so.
    fn receive(&mut self, socket: &UdpSocket, flags: MsgFlags) -> Result<(), Errno> {
        self.arrivals.clear();
        let mut packets = self.packets.iter_mut();
        let mut slices: [_; BATCH] = std::array::from_fn(|_| {
            let packet = packets.next().expect("there are as many packets as slices");
            [IoSliceMut::new(packet)]
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Telemetry;
    use crate::transport::events::counters;

    struct Echo;

    impl Service for Echo {
        fn answer(&mut self, packet: &[u8], _: &Peer, out: &mut Vec<u8>) -> Reaction {
            out.extend_from_slice(packet);
            Reaction::Reply
        }
    }

    fn worker(telemetry: &Telemetry) -> Worker {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let (later, _) = mpsc::channel(1);
        Worker {
            local: socket.local_addr().unwrap(),
            socket,
            service: Box::new(Echo),
            later,
            events: Events::new(&counters(telemetry)),
            query_length: 512,
            stopping: Arc::new(AtomicBool::new(true)),
        }
    }

    #[test]
    fn what_came_before_the_stop_is_answered() {
        for shut_down in [false, true] {
            let worker = worker(&Telemetry::new("t"));
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            for number in 0..100 {
                client.send_to(&[number], worker.local).unwrap();
            }
            if shut_down {
                let fd = worker.socket.as_raw_fd();
                let _ = nix::sys::socket::shutdown(fd, nix::sys::socket::Shutdown::Read);
            }
            worker.run();
            for number in 0..100 {
                let mut octets = [0; 2];
                assert_eq!((client.recv(&mut octets).unwrap(), octets[0]), (1, number));
            }
        }
    }

    /// Answers with how many questions were foreseen that are like this one.
    #[derive(Default)]
    struct Prophet(Vec<Vec<u8>>);

    impl Service for Prophet {
        fn foresee(&mut self, packets: &[&[u8]]) {
            self.0 = packets.iter().map(|packet| packet.to_vec()).collect();
        }

        fn answer(&mut self, packet: &[u8], _: &Peer, out: &mut Vec<u8>) -> Reaction {
            let alike = self.0.iter().filter(|seen| *seen == packet).count();
            out.push(u8::try_from(alike).unwrap());
            Reaction::Reply
        }
    }

    #[test]
    fn what_came_at_once_is_foreseen() {
        let telemetry = Telemetry::new("t");
        let mut worker = Worker { service: Box::new(Prophet::default()), ..worker(&telemetry) };
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        for packet in ["one", "two", "one"] {
            client.send_to(packet.as_bytes(), worker.local).unwrap();
        }
        let mut batch = Batch::new(512);
        batch.receive(&worker.socket, MsgFlags::MSG_WAITFORONE).unwrap();
        worker.answer(&mut batch);
        assert_eq!(batch.replies[..3], [vec![2], vec![1], vec![2]]);
    }

    #[test]
    fn nobody_asks_from_port_0() {
        let telemetry = Telemetry::new("t");
        let mut worker = worker(&telemetry);
        let mut batch = Batch::new(512);
        let from = Some(SockaddrStorage::from(SocketAddr::from(([192, 0, 2, 1], 0))));
        batch.arrivals.push(Arrival { from, length: 1, cut: false });
        batch.arrivals.push(Arrival { from: None, length: 0, cut: false });
        worker.answer(&mut batch);
        assert!(batch.destinations.is_empty());
        assert!(telemetry.render().contains("{event=\"port_zero\"} 1\n"));
        assert!(telemetry.render().contains("{event=\"datagram_empty\"} 0\n"));
    }
}
