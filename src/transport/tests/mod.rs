//! Servers and clients on loopback, talking what is no DNS but for the exchanges.

mod network;
mod tcp;
mod udp;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::telemetry::Telemetry;

/// Answers what starts with `n` (now) with the same; puts off `l` (later), says nothing to `s`
/// (silent), answers `b` (big) with 60,000 octets, and `x` with more than fit any message.
struct Echo;

impl Service for Echo {
    fn answer(&mut self, packet: &[u8], _: &Peer, out: &mut Vec<u8>) -> Reaction {
        match packet.first() {
            Some(b'l') => return Reaction::Later,
            Some(b's') => return Reaction::Silent,
            Some(b'b') => out.resize(60_000, b'b'),
            Some(b'x') => out.resize(70_000, b'x'),
            _ => out.extend_from_slice(packet),
        }
        Reaction::Reply
    }
}

/// A server on a loopback address.
struct Served {
    server: Server,
    address: SocketAddr,
    deferred: mpsc::Receiver<Deferred>,
    telemetry: Telemetry,
}

impl Served {
    fn start(address: &str, limits: &Limits) -> Self {
        let listeners = Listener::bind(address.parse().unwrap(), limits).unwrap();
        let address = listeners[0].local();
        let (later, deferred) = queue(limits);
        let telemetry = Telemetry::new("test");
        let services = |_: SocketAddr| -> Box<dyn Service> { Box::new(Echo) };
        let parts = Parts { services: &services, later, limits, telemetry: &telemetry };
        let server = Server::start(listeners, &parts).unwrap();
        Self { server, address, deferred, telemetry }
    }

    /// How often `event` happened.
    fn counted(&self, event: &str) -> u64 {
        let rendered = self.telemetry.render();
        let line = format!("test_transport_events_total{{event=\"{event}\"}} ");
        let value = rendered.lines().find_map(|found| found.strip_prefix(&line));
        value.expect("the event is known").parse().unwrap()
    }
}

fn limits() -> Limits {
    let two = NonZeroUsize::new(2).unwrap();
    Limits { udp_threads: two, tcp_services: two, ..Limits::default() }
}

/// Long for a test, short for whoever waits for it to fail.
const SOON: Duration = Duration::from_secs(20);
/// For limits that a test runs into.
const SHORT: Duration = Duration::from_millis(50);
