//! What the sockets count.

use std::sync::{Arc, Mutex, PoisonError};

use crate::telemetry::{Counters, Labels, Shard, Telemetry};

/// Something worth counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A datagram without content.
    DatagramEmpty,
    /// A datagram from port 0, where nothing can be sent to.
    PortZero,
    /// A datagram longer than any question.
    DatagramTooLong,
    /// A response that the system did not take.
    SendFailed,
    /// A question that found the queue to the asynchronous side full.
    DeferredDropped,
    /// A TCP connection taken.
    ConnectionOpened,
    /// A TCP connection at its end.
    ConnectionClosed,
    /// A TCP connection above the limit in all.
    ConnectionsFull,
    /// A TCP connection above the limit for its client.
    ClientFull,
    /// A TCP connection closed because its client sent or read too slowly, or nothing.
    ConnectionTimedOut,
    /// A TCP connection that its client, or the network, broke off, as in the middle of a message.
    ConnectionBroken,
    /// A TCP connection closed because it announced a message longer than any question.
    StreamTooLong,
}

/// The events with their labels, in order.
const EVENTS: [(Event, &str); 12] = [
    (Event::DatagramEmpty, "datagram_empty"),
    (Event::PortZero, "port_zero"),
    (Event::DatagramTooLong, "datagram_too_long"),
    (Event::SendFailed, "send_failed"),
    (Event::DeferredDropped, "deferred_dropped"),
    (Event::ConnectionOpened, "connection_opened"),
    (Event::ConnectionClosed, "connection_closed"),
    (Event::ConnectionsFull, "connections_full"),
    (Event::ClientFull, "client_full"),
    (Event::ConnectionTimedOut, "connection_timed_out"),
    (Event::ConnectionBroken, "connection_broken"),
    (Event::StreamTooLong, "stream_too_long"),
];

/// The counters of all sockets.
pub(super) fn counters(telemetry: &Telemetry) -> Arc<Counters> {
    let series = EVENTS.iter().map(|&(_, label)| Labels::from([("event", label)])).collect();
    telemetry.counters("transport_events", "What happened on the sockets of the server", series)
}

/// One thread's events.
#[derive(Debug)]
pub(super) struct Events(Shard);

impl Events {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        Self(counters.shard())
    }

    pub(super) fn count(&mut self, event: Event) {
        self.0.count(event as usize);
    }
}

/// Events of tasks, which go from thread to thread. They are rare next to questions.
#[derive(Debug, Clone)]
pub(super) struct SharedEvents(Arc<Mutex<Events>>);

impl SharedEvents {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        Self(Arc::new(Mutex::new(Events::new(counters))))
    }

    pub(super) fn count(&self, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).count(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_at_their_events() {
        for (at, (event, _)) in EVENTS.iter().enumerate() {
            assert_eq!(*event as usize, at);
        }
    }
}
