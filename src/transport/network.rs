//! Asking other servers.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::gate::Gate;
use super::stream::{self, Next};
use super::{Exchange, ExchangeError, Limits, Transport};
use crate::wire::{Message, is_response_to, says_truncated};

/// The longest UDP message that is read: more than anyone sends unfragmented.
const LONGEST_DATAGRAM: usize = 4096;

/// Exchanges over the network, each with a socket of its own: so each has another source port, which
/// who wants to forge a response has to guess together with the id (RFC 5452 section 9.2).
#[derive(Debug)]
pub struct Network {
    gate: Gate,
    mismatches: usize,
}

impl Network {
    /// Asks within the limits on exchanges at the same time; further questions wait for a while.
    pub fn new(limits: &Limits) -> Self {
        Self { gate: Gate::new(limits), mismatches: limits.mismatches }
    }
}

impl Exchange for Network {
    async fn exchange(
        &self,
        server: SocketAddr,
        transport: Transport,
        packet: &[u8],
        patience: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        // Patience is with the server: it starts once the question may go out.
        let _pass = self.gate.pass(server).await.ok_or(ExchangeError::NotSent)?;
        let mut garbled = false;
        let exchange = async {
            match transport {
                Transport::Udp => udp(server, packet, self.mismatches, &mut garbled).await,
                Transport::Tcp => tcp(server, packet).await,
            }
        };
        match timeout(patience, exchange).await {
            Ok(outcome) => outcome,
            Err(_) if garbled => Err(ExchangeError::Besieged),
            Err(_) => Err(ExchangeError::Timeout),
        }
    }
}

/// What comes from elsewhere, does not answer the question or cannot be read is ignored: it may be
/// forged, and the response still on its way. But not more than `mismatches` times. Sets `garbled` where
/// something came that cannot be read, but might else be the response.
async fn udp(
    server: SocketAddr,
    packet: &[u8],
    mismatches: usize,
    garbled: &mut bool,
) -> Result<Vec<u8>, ExchangeError> {
    let any = match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(packet).await?;
    // One octet more, to tell what is too long.
    let mut response = vec![0; LONGEST_DATAGRAM + 1];
    for _ in 0..=mismatches {
        let length = socket.recv(&mut response).await?;
        if length <= LONGEST_DATAGRAM && is_response_to(&response[..length], packet) {
            if is_readable(&response[..length]) {
                response.truncate(length);
                return Ok(response);
            }
            *garbled = true;
        }
    }
    Err(ExchangeError::Besieged)
}

/// Whether a response can be read, or need not be because it is to be had in full by TCP.
fn is_readable(response: &[u8]) -> bool {
    says_truncated(response) || Message::decode(response).is_ok()
}

async fn tcp(server: SocketAddr, packet: &[u8]) -> Result<Vec<u8>, ExchangeError> {
    let mut connection = TcpStream::connect(server).await?;
    let mut query = Vec::with_capacity(stream::PREFIX + packet.len());
    stream::append(packet, &mut query);
    connection.write_all(&query).await?;
    match stream::read(&mut connection, usize::from(u16::MAX)).await? {
        Next::Message(response) if is_response_to(&response, packet) => Ok(response),
        Next::Message(_) | Next::TooLong(_) => Err(ExchangeError::Mismatch),
        Next::End => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
    }
}
