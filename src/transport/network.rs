//! Asking other servers.
//!
//! What comes over UDP and may be forged does not end an exchange: it is waited on for something
//! better, and what is best is given in the end. So whoever asks by a [`Network`] never has to wait on
//! by itself. The [`resolver`](crate::resolver) can (`Step::Wait`), for where packets are given to it
//! one by one: it judges them by the same rules.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::timeout;

use super::gate::Gate;
use super::stream::{self, Next};
use super::{Exchange, ExchangeError, Limits, Sources, Transport};
use crate::wire::{Message, is_response_to, repeats_question, says_question, says_truncated};

/// The longest UDP message that is read: more than anyone sends unfragmented.
const LONGEST_DATAGRAM: usize = 4096;

/// Exchanges over the network, each with a socket of its own: so each has another source port, which
/// who wants to forge a response has to guess together with the id (RFC 5452 section 9.2).
#[derive(Debug)]
pub struct Network {
    gate: Gate,
    mismatches: usize,
    second_wait: Duration,
    sources: Sources,
}

impl Network {
    /// Asks within the limits on exchanges at the same time; further questions wait for a while.
    pub fn new(limits: &Limits) -> Self {
        let Limits { mismatches, second_wait, .. } = *limits;
        let (gate, sources) = (Gate::new(limits), Sources::default());
        Self { gate, mismatches, second_wait, sources }
    }

    /// The same, from these addresses.
    #[must_use]
    pub fn from(self, sources: Sources) -> Self {
        Self { sources, ..self }
    }

    /// The same, where these are resolvers, each asked for all there is of some zones.
    #[must_use]
    pub fn towards(self, resolvers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { gate: self.gate.towards(resolvers.into_iter().collect()), ..self }
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
        let mut doubtful = Doubtful::default();
        let exchange = async {
            match transport {
                Transport::Udp => self.udp(server, packet, &mut doubtful).await,
                Transport::Tcp => tcp(self.sources.towards(server), server, packet).await,
            }
        };
        match timeout(patience, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => doubtful.outcome(),
        }
    }
}

/// What came over UDP and may be forged, while the response is still waited for.
#[derive(Debug, Default)]
struct Doubtful {
    /// Something that cannot be read, but might else be the response.
    garbled: bool,
    /// A response that spells the question otherwise.
    other_case: Option<Vec<u8>>,
    /// An error that does not say of which question: the id is all that had to be guessed for it. So it
    /// shortens the wait for nothing.
    nameless: Option<Vec<u8>>,
}

impl Doubtful {
    /// What the exchange comes to where nothing better comes.
    fn outcome(self) -> Result<Vec<u8>, ExchangeError> {
        match self.other_case.or(self.nameless) {
            Some(response) => Ok(response),
            None if self.garbled => Err(ExchangeError::Besieged),
            None => Err(ExchangeError::Timeout),
        }
    }
}

impl Network {
    /// What comes from elsewhere, does not answer the question or cannot be read is ignored: it may be
    /// forged, and the response still on its way. But not more than `mismatches` times.
    async fn udp(
        &self,
        server: SocketAddr,
        packet: &[u8],
        doubtful: &mut Doubtful,
    ) -> Result<Vec<u8>, ExchangeError> {
        let socket = UdpSocket::bind(self.sources.towards(server)).await?;
        socket.connect(server).await?;
        socket.send(packet).await?;
        // One octet more, to tell what is too long.
        let mut buffer = vec![0; LONGEST_DATAGRAM + 1];
        for _ in 0..=self.mismatches {
            let received = socket.recv(&mut buffer);
            let length = match doubtful.other_case.is_some() {
                false => received.await?,
                true => match timeout(self.second_wait, received).await {
                    Ok(length) => length?,
                    Err(_) => return std::mem::take(doubtful).outcome(),
                },
            };
            let response = &buffer[..length];
            if length > LONGEST_DATAGRAM || !is_response_to(response, packet) {
                continue;
            }
            match (is_readable(response), repeats_question(response, packet)) {
                (true, _) if !says_question(response) => {
                    doubtful.nameless = Some(response.to_vec());
                }
                (true, true) => return Ok(response.to_vec()),
                (true, false) => doubtful.other_case = Some(response.to_vec()),
                (false, _) => doubtful.garbled = true,
            }
        }
        Err(ExchangeError::Besieged)
    }
}

/// Whether a response can be read, or need not be because it is to be had in full by TCP.
fn is_readable(response: &[u8]) -> bool {
    says_truncated(response) || Message::decode(response).is_ok()
}

async fn tcp(own: SocketAddr, server: SocketAddr, packet: &[u8]) -> Result<Vec<u8>, ExchangeError> {
    let socket = if own.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(own)?;
    let mut connection = socket.connect(server).await?;
    let mut query = Vec::with_capacity(stream::PREFIX + packet.len());
    stream::append(packet, &mut query);
    connection.write_all(&query).await?;
    match stream::read(&mut connection, usize::from(u16::MAX)).await? {
        Next::Message(response) if is_response_to(&response, packet) => Ok(response),
        Next::Message(_) | Next::TooLong(_) => Err(ExchangeError::Mismatch),
        Next::End => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
    }
}
