//! What others may take of us.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Bounds on what clients of a server can cost. How much content a request may have is for the
/// handler to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all: 256. Each takes two file descriptors and, with TLS, some 50 kB; further
    /// ones are closed at once.
    pub connections: NonZeroUsize,
    /// Connections from one IPv4 address or one IPv6 /64: 32, so that it takes eight IPv4 clients to take
    /// them all; an IPv6 /56 can take a quarter, a /48 half ([`Slots::take`](crate::transport::Slots::take)).
    /// HTTP/2 needs one, browsers open six; many may share an address.
    pub connections_per_client: NonZeroUsize,
    /// How long a TLS handshake may take: 5 s, which is several round trips around the world.
    pub handshake: Duration,
    /// How long a connection may be without a request: 10 s from its start, or from the last response,
    /// until the next head is there as a whole. So slow heads and idle clients are one.
    pub idle: Duration,
    /// Octets of a request's head: 16,384. Ours are some hundreds; proxies and browsers add to them.
    pub head_octets: u16,
    /// Fields of a request's head: 64.
    pub head_fields: usize,
    /// How long the content of a request may take: 10 s for statements of a few kilobytes.
    pub body: Duration,
    /// Requests of one connection: 1000. Then it is closed, so that places change hands; and streams
    /// of HTTP/2 that are begun and given up count, too.
    pub requests: usize,
    /// Requests of one HTTP/2 connection at the same time: 32. More wait at the client.
    pub streams: u32,
    /// Streams that a client may have given up and we have not looked at yet: 20, which is what h2
    /// holds against rapid resets (CVE-2023-44487). Then the connection is closed.
    pub pending_resets: usize,
    /// Streams we may have to reset for mistakes of the client: 64. Then the connection is closed.
    pub error_resets: usize,
    /// Octets of content on their way that one stream may have: 65,535, as HTTP/2 has it (RFC 9113
    /// section 6.9.2).
    pub stream_window: u32,
    /// Those of all streams of a connection: 262,144.
    pub connection_window: u32,
    /// How long requests at hand may go on, once the server stops or the connection has had its
    /// share: 5 s.
    pub drain: Duration,
    /// How long what a client still sends is thrown away, once we have said all: 1 s. Closing at once
    /// would take the response from it (RFC 9112 section 9.6).
    pub linger: Duration,
    /// How often the files of the certificate are looked at for a change: every 60 s. They are also
    /// read when the configuration is.
    pub certificate_check: Duration,
}

/// Bounds on what servers can cost a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLimits {
    /// How long one request may take in all, from finding the address to the last octet: 20 s. A server
    /// that forwards may ask several others.
    pub total: Duration,
    /// How long connecting to one address may take, TLS not included: 4 s, so that the next one has
    /// its turn.
    pub connect: Duration,
    /// Addresses that are tried: 6.
    pub addresses: usize,
    /// Octets of a response's head: 16,384.
    pub head_octets: u16,
    /// Fields of a response's head: 64.
    pub head_fields: usize,
    /// Octets of a response: 262,144. Most are some hundreds; a root list has room for a thousand
    /// roots.
    pub body_octets: usize,
}

/// A bound that is not zero.
const fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("with a bound of zero nobody would be served")
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: count(256),
            connections_per_client: count(32),
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            head_octets: 16_384,
            head_fields: 64,
            body: Duration::from_secs(10),
            requests: 1000,
            streams: 32,
            pending_resets: 20,
            error_resets: 64,
            stream_window: 65_535,
            connection_window: 262_144,
            drain: Duration::from_secs(5),
            linger: Duration::from_secs(1),
            certificate_check: Duration::from_secs(60),
        }
    }
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(20),
            connect: Duration::from_secs(4),
            addresses: 6,
            head_octets: 16_384,
            head_fields: 64,
            body_octets: 262_144,
        }
    }
}
