//! Questions that take time, on their way to the asynchronous side and back.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use nix::sys::socket::{MsgFlags, SockaddrStorage, sendto};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;

use super::{Limits, Peer};

/// A question that was put off, with the way back to whoever asked. Dropping it leaves the question
/// without answer.
#[derive(Debug)]
pub struct Deferred {
    /// The packet as it came.
    pub packet: Vec<u8>,
    /// Who asks.
    pub peer: Peer,
    /// When it was put off.
    pub arrived: Instant,
    way_back: WayBack,
}

#[derive(Debug)]
enum WayBack {
    Udp(Arc<UdpSocket>),
    Tcp(mpsc::Sender<TcpReply>, OwnedSemaphorePermit),
}

/// A response on its way to a TCP connection. As long as it is not written, it counts against the
/// connection's queries.
#[derive(Debug)]
pub(super) struct TcpReply {
    pub(super) message: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl TcpReply {
    pub(super) fn new(message: Vec<u8>, permit: OwnedSemaphorePermit) -> Self {
        Self { message, _permit: permit }
    }
}

impl Deferred {
    pub(super) fn udp(packet: &[u8], peer: &Peer, socket: &Arc<UdpSocket>) -> Self {
        Self::new(packet, peer, WayBack::Udp(socket.clone()))
    }

    pub(super) fn tcp(
        packet: &[u8],
        peer: &Peer,
        connection: &mpsc::Sender<TcpReply>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self::new(packet, peer, WayBack::Tcp(connection.clone(), permit))
    }

    fn new(packet: &[u8], peer: &Peer, way_back: WayBack) -> Self {
        Self { packet: packet.to_vec(), peer: *peer, arrived: Instant::now(), way_back }
    }

    /// Sends the response. Where the client is gone, or its socket full, it is lost: DNS asks again.
    pub fn reply(self, message: Vec<u8>) {
        match self.way_back {
            WayBack::Udp(socket) => send(&socket, &message, self.peer.remote),
            // The permit stands for a place in the queue, so that the queue is never full.
            WayBack::Tcp(connection, permit) => {
                let _ = connection.try_send(TcpReply::new(message, permit));
            }
        }
    }
}

/// The socket is a blocking one; a full one must not hold up the asynchronous side.
fn send(socket: &UdpSocket, message: &[u8], remote: SocketAddr) {
    let remote = SockaddrStorage::from(remote);
    let _ = sendto(socket.as_raw_fd(), message, &remote, MsgFlags::MSG_DONTWAIT);
}

/// The queue of questions to the asynchronous side. Where it is full, questions are dropped.
pub fn queue(limits: &Limits) -> (mpsc::Sender<Deferred>, mpsc::Receiver<Deferred>) {
    mpsc::channel(limits.deferred.get())
}
