//! One question that is out, and which packets are its reply.

use std::net::SocketAddr;

use super::env::{Env, Outgoing};
use super::server::ServerState;
use crate::clock::Timestamp;
use crate::wire::{Edns, Flags, Message, Opcode, Question, Rcode, Transport, says_truncated};

/// A question on its way.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) server: SocketAddr,
    pub(super) via: Transport,
    pub(super) manner: Manner,
    pub(super) question: Question,
    pub(super) sent: Timestamp,
    /// Something came with its id that cannot be read.
    pub(super) garbled: bool,
    /// The same question of another resolution stands for it.
    pub(super) joined: bool,
    id: u16,
}

/// How a question is put.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// It shows only a part of the name.
    pub(super) minimised: bool,
    /// It goes without EDNS.
    pub(super) plain: bool,
    /// It goes to a resolver, not to an authority.
    pub(super) forwarded: bool,
}

/// What a packet is.
#[derive(Debug)]
pub(super) enum Opened {
    /// The reply.
    Reply(Box<Message>),
    /// The reply, which does not fit a datagram. It may be cut off anywhere.
    Truncated,
    /// The reply by its id, but not to be read. Over UDP it may be forged, by who wants to end the
    /// waiting for the true one ("TuDoor").
    Malformed,
    /// Something else: to be ignored.
    Stranger,
}

impl Asking {
    pub(super) fn new(
        server: SocketAddr,
        question: Question,
        manner: Manner,
        env: &mut Env<'_>,
    ) -> Self {
        let (id, sent) = (env.random.u16(), env.now);
        let (via, garbled, joined) = (Transport::Udp, false, false);
        Self { server, via, manner, question, sent, garbled, joined, id }
    }

    /// The same question to the same server by TCP.
    pub(super) fn over_tcp(self, env: &mut Env<'_>) -> Self {
        let (via, id, sent) = (Transport::Tcp, env.random.u16(), env.now);
        Self { via, id, sent, garbled: false, joined: false, ..self }
    }

    /// The same question to the same server without EDNS.
    pub(super) fn without_edns(self, env: &mut Env<'_>) -> Self {
        let manner = Manner { plain: true, ..self.manner };
        Self { manner, id: env.random.u16(), sent: env.now, joined: false, ..self }
    }

    /// What to send. A resolver is asked for everything it has, unjudged: judging is done here.
    pub(super) fn packet(&self, env: &Env<'_>) -> Outgoing {
        let Manner { forwarded, plain, .. } = self.manner;
        let limits = env.limits();
        let mut message = Message::query(self.id, self.question.clone());
        message.flags = Flags {
            recursion_desired: forwarded,
            checking_disabled: forwarded,
            ..Flags::default()
        };
        message.edns = (!plain).then(|| Edns {
            udp_size: limits.udp_size,
            dnssec_ok: true,
            ..Edns::default()
        });
        let timeout = ServerState::of(self.server, env.cache, env.now).timeout(limits);
        Outgoing { server: self.server, via: self.via, packet: message.encode(), timeout }
    }

    /// Looks whether a packet from the server is the reply.
    pub(super) fn open(&self, octets: &[u8]) -> Opened {
        if octets.first_chunk() != Some(&self.id.to_be_bytes()) {
            return Opened::Stranger;
        }
        match Message::decode(octets) {
            Err(_) if says_truncated(octets) => self.truncated(),
            Err(_) => Opened::Malformed,
            Ok(message) if !self.fits(&message) => Opened::Stranger,
            Ok(message) if message.flags.truncated => self.truncated(),
            Ok(message) => Opened::Reply(Box::new(message)),
        }
    }

    /// What a reply is that was cut off: there is nothing that it does not fit by TCP, so that what is
    /// left out can be had nowhere.
    fn truncated(&self) -> Opened {
        if self.via == Transport::Udp { Opened::Truncated } else { Opened::Malformed }
    }

    /// Whether a message is a response to this question. One that could not read the question may
    /// leave it out.
    fn fits(&self, message: &Message) -> bool {
        if !message.flags.response || message.opcode != Opcode::QUERY {
            return false;
        }
        match &message.question {
            Some(question) => *question == self.question,
            None => matches!(
                message.rcode,
                Rcode::FORMERR | Rcode::SERVFAIL | Rcode::NOTIMP | Rcode::REFUSED
            ),
        }
    }
}
