//! DNS over UDP and TCP, serving and asking: the sockets, and what is allowed of them.
//!
//! What is asked goes to a [`Service`], which answers at once and without waiting, or has the
//! question put into a queue ([`Deferred`]) for the asynchronous side. Who asks uses an
//! [`Exchange`]. HTTP, serving and asking, is in [`http`]. Everything that others can make grow has its bound in [`Limits`].

mod deferred;
mod events;
mod gate;
pub mod http;
mod limits;
mod listen;
mod network;
mod server;
mod slots;
mod sources;
mod stamp;
mod stream;
mod tcp;
mod udp;

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

pub use crate::wire::Transport;
pub use deferred::{Deferred, queue};
pub use limits::Limits;
pub use listen::{ListenError, Listener, tcp_listener};
pub use network::Network;
pub use server::{Parts, Server};
pub use slots::{Full, Slot, Slots};
pub use sources::Sources;
pub use stamp::Stamp;

/// The two ends of what a packet came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Who asks.
    pub remote: SocketAddr,
    /// The address asked.
    pub local: SocketAddr,
    /// How.
    pub transport: Transport,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The response is written.
    Reply,
    /// There is no response.
    Silent,
    /// The response takes time: the packet goes to the asynchronous side.
    Later,
}

/// Answers packets. Each thread that serves has one of its own.
pub trait Service: Send {
    /// Sees what has come at once, before it answers one after the other: time to have memory brought near.
    fn foresee(&mut self, packets: &[&[u8]]) {
        let _ = packets;
    }

    /// Writes the response to `packet` into `out`, which is empty, or says why not. Does not wait,
    /// and does not allocate but to let `out` grow.
    fn answer(&mut self, packet: &[u8], peer: &Peer, out: &mut Vec<u8>) -> Reaction;
}

/// Why no response came.
#[derive(Debug, Error)]
pub enum ExchangeError {
    /// The question was not sent: too many others are on their way. This says nothing about the
    /// server.
    #[error("not sent: too many questions are on their way")]
    NotSent,
    /// Nothing that answers the question came in time.
    #[error("no response in time")]
    Timeout,
    /// The network or the system refused.
    #[error("network failure: {0}")]
    Io(#[from] std::io::Error),
    /// Over UDP, so many other packets came that someone seems to be guessing the id
    /// ([`Limits::mismatches`]); or one that cannot be read, and no other in time.
    #[error("too many responses to other questions")]
    Besieged,
    /// Over TCP, something else came than a response to the question.
    #[error("response to another question")]
    Mismatch,
}

/// Asks servers.
pub trait Exchange: Send + Sync {
    /// Sends the query in `packet` to `server`, and returns the first message that responds to it:
    /// same id, same question (RFC 5452 section 9.1), and over UDP to be read as far as it goes. One
    /// that spells the question otherwise counts only where no better comes soon.
    ///
    /// # Errors
    /// Where no such message comes within `timeout` of its being sent, it cannot be sent, or the
    /// network fails.
    fn exchange(
        &self,
        server: SocketAddr,
        transport: Transport,
        packet: &[u8],
        timeout: Duration,
    ) -> impl Future<Output = Result<Vec<u8>, ExchangeError>> + Send;
}

#[cfg(test)]
mod tests;
