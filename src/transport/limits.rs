//! What others may take of us.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Bounds on what packets and connections can cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a query, over UDP and TCP. A question takes 300 at most, its EDNS options some more;
    /// longer datagrams are dropped, connections that announce more are closed.
    pub query_length: usize,
    /// Threads for each local address. More than processors do not help.
    pub udp_threads: NonZeroUsize,
    /// Services that the TCP connections of a local address share: how many of them are answered at
    /// the very same time.
    pub tcp_services: NonZeroUsize,
    /// TCP connections in all: each takes a file descriptor and some 10 kB.
    pub connections: NonZeroUsize,
    /// TCP connections from one IPv4 address or one IPv6 /64, so that no client takes them all. Many
    /// may share an address.
    pub connections_per_client: NonZeroUsize,
    /// Queries of one connection that are not answered yet, or whose answers the client does not
    /// read. Further ones stay in the socket (RFC 7766 section 6.2.1.1 leaves it to the server).
    pub queries_per_connection: NonZeroUsize,
    /// How long a TCP client may take for its next query, from its first octet to its last (RFC 7766
    /// section 6.2.3 speaks of seconds).
    pub idle: Duration,
    /// How long a TCP client may take to read what we write.
    pub write: Duration,
    /// Questions waiting for the asynchronous side. A question that waits longer than the clients'
    /// patience of seconds is answered in vain.
    pub deferred: NonZeroUsize,
    /// How long connections go on for questions and answers on their way, once the server stops.
    pub drain: Duration,
    /// How long nothing may come from a TCP client, once the server stops, until that counts as all it
    /// sent: 100 ms. What was sent before the stop is in the socket by then.
    pub linger: Duration,
    /// Exchanges with other servers at the same time: 1024. Each takes a file descriptor.
    pub exchanges: NonZeroUsize,
    /// Those of them with one server: 128, so that it takes eight that are silent to take them all.
    /// One that replies within 20 ms can be asked 6,000 times in a second.
    pub exchanges_per_server: NonZeroUsize,
    /// Those of them with one resolver that is asked for all there is of some zones: 768. It takes its
    /// time for each name whose servers do, so that few slow names would hold up the others. With those
    /// that wait it is more than a resolver resolves in one tree, where the slow give way.
    pub exchanges_per_resolver: NonZeroUsize,
    /// Questions that wait until one server may be asked: 512. Further ones are not sent.
    pub waiting_per_server: usize,
    /// How long a question waits until it may be sent: 500 ms. Then who asks looks again who is best
    /// asked: the server may have turned out to be down in the meantime.
    pub exchange_wait: Duration,
    /// Datagrams that do not answer the question before an exchange ends. Each is a guess at its id:
    /// the question goes by TCP then (RFC 5452 section 9.3).
    pub mismatches: usize,
    /// How long a response is waited for that repeats the question, once one came that spells it
    /// otherwise: 100 ms. That one may be forged, and the server's own be right behind it; it is what
    /// the exchange gives where nothing better comes.
    pub second_wait: Duration,
}

/// A bound that is not zero.
const fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("with a bound of zero nobody would be served")
}

impl Default for Limits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            query_length: 4096,
            udp_threads: processors,
            tcp_services: processors,
            connections: count(500),
            connections_per_client: count(50),
            queries_per_connection: count(32),
            idle: Duration::from_secs(10),
            write: Duration::from_secs(10),
            deferred: count(1024),
            drain: Duration::from_secs(5),
            linger: Duration::from_millis(100),
            exchanges: count(1024),
            mismatches: 16,
            second_wait: Duration::from_millis(100),
            exchanges_per_server: count(128),
            exchanges_per_resolver: count(768),
            waiting_per_server: 512,
            exchange_wait: Duration::from_millis(500),
        }
    }
}
