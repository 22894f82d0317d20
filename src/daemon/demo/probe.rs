//! Asking every server whether it answers.

use std::net::SocketAddr;
use std::time::Duration;

use crate::transport::{Exchange, Network, Transport};
use crate::wire::{Class, Message, Name, Question, Rcode, Rtype};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a server is asked before it counts as silent.
const ATTEMPTS: usize = 5;

/// Whether `server` has the SOA record of `zone`.
pub(super) async fn answers(network: &Network, server: SocketAddr, zone: &Name) -> bool {
    let question = Question { name: zone.clone(), rtype: Rtype::SOA, class: Class::IN };
    let mut query = Message::query(0, question);
    query.flags.recursion_desired = true;
    let packet = query.encode();
    for _ in 0..ATTEMPTS {
        let reply = network.exchange(server, Transport::Udp, &packet, PATIENCE).await;
        let message = reply.ok().and_then(|reply| Message::decode(&reply).ok());
        if message.is_some_and(|message| is_soa(&message)) {
            return true;
        }
    }
    false
}

fn is_soa(message: &Message) -> bool {
    message.rcode == Rcode::NOERROR && message.answer.iter().any(|rr| rr.rtype == Rtype::SOA)
}
