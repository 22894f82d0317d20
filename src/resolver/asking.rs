//! One question that is out, and which packets are its reply.
//!
//! What may be forged is waited on. Who carries packets may do that itself, as `transport::Network` does
//! by the same rules: then nothing more comes after the packet that is given in here. Who gives in
//! packets one by one, as the scenarios do, is told to wait.

use std::net::SocketAddr;
use std::time::Duration;

use super::env::{Env, Outgoing};
use super::server::Post;
use super::spelling::{self, mixed};
use crate::clock::Timestamp;
use crate::wire::{
    Edns, Flags, Message, MessageError, Name, Opcode, Question, Rcode, Transport, says_truncated,
};

/// A question on its way.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) server: SocketAddr,
    /// The zone that it is asked as a server of.
    pub(super) zone: Name,
    pub(super) via: Transport,
    pub(super) manner: Manner,
    /// In lower case.
    pub(super) question: Question,
    sent: Timestamp,
    /// How long its reply is waited for.
    timeout: Duration,
    /// What came with its id, but cannot be taken for the reply.
    pub(super) doubt: Option<Doubt>,
    /// What a reply said that did not repeat the case of the question: the one in lower case has to say
    /// the same.
    pub(super) earlier: Option<Box<Message>>,
    /// The same question of another resolution stands for it.
    pub(super) joined: bool,
    id: u16,
    /// The name as it goes out.
    spelt: Name,
}

/// Why a packet with the right id may be forged.
#[derive(Debug)]
pub(super) enum Doubt {
    /// It cannot be read.
    Garbled,
    /// It does not repeat the case of the question.
    OtherCase(Box<Message>),
}

/// How a question is put.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// What for.
    pub(super) purpose: Purpose,
    /// It goes without EDNS.
    pub(super) plain: bool,
    /// It goes to a resolver, not to an authority.
    pub(super) forwarded: bool,
    /// It goes in random case.
    pub(super) mixed: bool,
}

/// What a question is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is all that is to be found out.
    Full,
    /// It shows only a part of the name.
    Minimised,
    /// Its answer are the servers of a tree.
    Priming,
}

/// What a packet is.
#[derive(Debug)]
pub(super) enum Opened {
    /// The reply; whether it repeats the question as it was spelt.
    Reply(Box<Message>, bool),
    /// The reply, which does not fit a datagram. It may be cut off anywhere.
    Truncated,
    /// The reply by its id, but not to be taken for it. Over UDP it may be forged, by who wants to end
    /// the waiting for the true one ("TuDoor").
    Doubtful(Doubt),
    /// Something else: to be ignored.
    Stranger,
}

impl Asking {
    pub(super) fn new(
        server: SocketAddr,
        zone: Name,
        question: Question,
        manner: Manner,
        env: &mut Env<'_>,
    ) -> Self {
        let repute = Post { server, zone: &zone }.repute(env.cache, env.now);
        let limits = env.limits();
        let usual = repute.timeout(limits);
        let timeout = if manner.forwarded { usual.max(limits.resolver_timeout) } else { usual };
        let (via, id, sent) = (Transport::Udp, env.random.u16(), env.now);
        let question = Question { name: question.name.to_lowercase(), ..question };
        let spelt = match manner.mixed {
            true => mixed(&question.name, env.random),
            false => question.name.clone(),
        };
        Self {
            server,
            zone,
            via,
            manner,
            question,
            sent,
            timeout,
            doubt: None,
            earlier: None,
            joined: false,
            id,
            spelt,
        }
    }

    /// The same question to the same server by TCP. There it takes two round trips at least, and the
    /// system sends what was lost again.
    pub(super) fn over_tcp(self, env: &mut Env<'_>) -> Self {
        let (via, id, sent) = (Transport::Tcp, env.random.u16(), env.now);
        let timeout = env.limits().most_timeout;
        Self { via, id, sent, timeout, earlier: None, joined: false, ..self }
    }

    /// The same question to the same server by UDP, in lower case.
    pub(super) fn in_lower_case(self, earlier: Box<Message>, env: &mut Env<'_>) -> Self {
        let manner = Manner { mixed: false, ..self.manner };
        let asking = Self::new(self.server, self.zone, self.question, manner, env);
        Self { earlier: Some(earlier), ..asking }
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
        let question = Question { name: self.spelt.clone(), ..self.question.clone() };
        let mut message = Message::query(self.id, question);
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
        let Self { server, via, timeout, .. } = *self;
        Outgoing { server, via, packet: message.encode(), timeout }
    }

    /// Whom it goes to.
    pub(super) fn post(&self) -> Post<'_> {
        Post { server: self.server, zone: &self.zone }
    }

    /// How long the way to the server and back is, where a reply that comes now tells it: by UDP, and
    /// not if the clock was set since it was sent.
    pub(super) fn round_trip(&self, now: Timestamp) -> Option<Duration> {
        let after = now.since(self.sent);
        let tells = self.via == Transport::Udp && self.sent <= now && after <= self.timeout;
        tells.then_some(after)
    }

    /// Looks whether a packet from the server is the reply.
    pub(super) fn open(&self, octets: &[u8]) -> Opened {
        if octets.first_chunk() != Some(&self.id.to_be_bytes()) {
            return Opened::Stranger;
        }
        let repeats = spelling::repeats(octets, &self.spelt);
        let mut message = match self.decode(octets, repeats) {
            Err(_) if says_truncated(octets) => return self.truncated(),
            Err(_) => return Opened::Doubtful(Doubt::Garbled),
            Ok(message) if !self.fits(&message) => return Opened::Stranger,
            Ok(message) => message,
        };
        let repeats = repeats || message.question.is_none();
        if self.via == Transport::Udp && self.manner.mixed && !repeats {
            return Opened::Doubtful(Doubt::OtherCase(Box::new(message)));
        }
        if message.flags.truncated {
            return self.truncated();
        }
        spelling::respell_owners(&mut message, &self.question.name);
        Opened::Reply(Box::new(message), repeats)
    }

    /// Reads a packet, without the random case where it repeats that.
    fn decode(&self, octets: &[u8], repeats: bool) -> Result<Message, MessageError> {
        match repeats {
            true => Message::decode(&spelling::respell(octets, &self.spelt, &self.question.name)),
            false => Message::decode(octets),
        }
    }

    /// What a reply is that was cut off: there is nothing that it does not fit by TCP, so that what is
    /// left out can be had nowhere.
    fn truncated(&self) -> Opened {
        match self.via {
            Transport::Udp => Opened::Truncated,
            Transport::Tcp => Opened::Doubtful(Doubt::Garbled),
        }
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
