//! A faked network with scripted time: servers are closures, the clock moves when a packet does.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use threepid::clock::Timestamp;
use threepid::crypto::SeededRandom;
use threepid::recursor::{Limits, Memory};
use threepid::resolver::{
    Cause, Checking, Input, Note, Obstacle, Outgoing, Policy, Resolution, Response, Spent, Step,
};
use threepid::wire::{Class, Message, Name, Question, Rtype, Transport};

/// What a server sees.
pub(crate) struct Incoming<'a> {
    /// The packet.
    pub(crate) octets: &'a [u8],
    /// The packet, read.
    pub(crate) query: Message,
    /// How it came.
    pub(crate) via: Transport,
    /// When it came.
    pub(crate) now: Timestamp,
}

impl Incoming<'_> {
    /// What is asked, as `name type`, the name in lower case.
    pub(crate) fn asked(&self) -> String {
        let question = self.query.question.as_ref().unwrap();
        format!("{} {}", question.name.to_lowercase(), question.rtype)
    }

    /// The name that is asked for, as it is spelt.
    pub(crate) fn spelt(&self) -> String {
        self.query.question.as_ref().unwrap().name.to_string()
    }
}

/// Answers a packet with any number of packets.
pub(crate) type Server = Box<dyn FnMut(&Incoming<'_>) -> Vec<Vec<u8>>>;

/// How long a packet takes to a server and back, where a test does not say.
const ROUND_TRIP: Duration = Duration::from_millis(20);

/// How many packets are waited out that are no reply.
const MISMATCHES: usize = 16;

/// The network, the time, and what a resolver remembers.
pub(crate) struct World {
    /// The time.
    pub(crate) now: Timestamp,
    policy: Arc<Policy>,
    servers: HashMap<IpAddr, Server>,
    /// Where nobody listens, and the system there says so.
    closed: HashSet<IpAddr>,
    /// Which question from now on is not sent, where one is not.
    unsent: Option<usize>,
    round_trip: Duration,
    /// How far the clock is set ahead while the next question is out.
    jump: Duration,
    memory: Memory,
    random: SeededRandom,
    /// What the machine took of the processor, the servers not counted.
    cpu: Duration,
}

/// What came of a question.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The response.
    pub(crate) response: Response,
    /// The questions sent, as `last octet of the server: name type`, with ` tcp` where so.
    pub(crate) sent: Vec<String>,
    /// What it cost, as the machine counts.
    pub(crate) spent: Spent,
    /// What it took of the processor.
    pub(crate) cpu: Duration,
}

impl World {
    pub(crate) fn new(policy: Policy, now: Timestamp) -> Self {
        Self {
            now,
            policy: Arc::new(policy),
            servers: HashMap::new(),
            closed: HashSet::new(),
            unsent: None,
            round_trip: ROUND_TRIP,
            jump: Duration::ZERO,
            memory: Memory::new(&Limits { cache_octets: 16 << 20, ..Limits::default() }),
            random: SeededRandom::new(1),
            cpu: Duration::ZERO,
        }
    }

    /// Puts a server at this address, in place of what was there.
    pub(crate) fn put(&mut self, address: &str, server: Server) {
        self.servers.insert(address.parse().unwrap(), server);
    }

    /// Takes away the server at this address; its machine stays.
    pub(crate) fn close(&mut self, address: &str) {
        self.closed.insert(address.parse().unwrap());
    }

    /// Has all servers be this far away. By TCP it is twice as far.
    pub(crate) fn move_away(&mut self, round_trip: Duration) {
        self.round_trip = round_trip;
    }

    /// Has the clock be set ahead while the next question is out.
    pub(crate) fn set_clock_ahead(&mut self, by: Duration) {
        self.jump = by;
    }

    /// Has one question not be sent, after so many others.
    pub(crate) fn crowd_out(&mut self, after: usize) {
        self.unsent = Some(after);
    }

    /// Changes what the server at this address replies. `change` gets the question, as
    /// `name type`, and the reply.
    pub(crate) fn alter(&mut self, address: &str, change: impl Fn(&str, &mut Message) + 'static) {
        self.wrap(address, move |incoming, replies| {
            let altered = replies.iter().map(|reply| {
                let mut message = Message::decode(reply).unwrap();
                change(&incoming.asked(), &mut message);
                message.encode()
            });
            altered.collect()
        });
    }

    /// Changes the packets that come from the server at this address.
    pub(crate) fn wrap(
        &mut self,
        address: &str,
        change: impl Fn(&Incoming<'_>, Vec<Vec<u8>>) -> Vec<Vec<u8>> + 'static,
    ) {
        let mut server = self.servers.remove(&address.parse().unwrap()).unwrap();
        self.put(
            address,
            Box::new(move |incoming| {
                let replies = server(incoming);
                change(incoming, replies)
            }),
        );
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.saturating_add(Duration::from_secs(seconds));
    }

    /// How it resolves, to be changed.
    pub(crate) fn policy(&mut self) -> &mut Policy {
        Arc::make_mut(&mut self.policy)
    }

    /// Changes the limits.
    pub(crate) fn limit(&mut self, change: impl FnOnce(&mut threepid::resolver::Limits)) {
        change(&mut self.policy().limits);
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        self.memory = Memory::new(&Limits { cache_octets: 16 << 20, ..Limits::default() });
    }

    /// Resolves `name type` and judges the answer.
    pub(crate) fn ask(&mut self, question: &str) -> Outcome {
        self.resolve(question, Checking::Enabled)
    }

    /// Resolves `name type`.
    pub(crate) fn resolve(&mut self, question: &str, checking: Checking) -> Outcome {
        let resolution = self.resolution(question, checking);
        let (outcome, notes) = self.play(resolution);
        assert_eq!(notes, [], "nobody watches");
        outcome
    }

    /// Resolves `name type` anew and judges the answer.
    pub(crate) fn refresh(&mut self, question: &str) -> Outcome {
        let policy = self.policy.clone();
        self.play(Resolution::anew(policy, parse(question), Checking::Enabled)).0
    }

    /// Resolves `name type` anew and judges nothing.
    pub(crate) fn fetch(&mut self, question: &str) -> Outcome {
        let policy = self.policy.clone();
        self.play(Resolution::anew(policy, parse(question), Checking::Disabled)).0
    }

    /// Resolves `name type` and judges the answer; with the account of it.
    pub(crate) fn watch(&mut self, question: &str) -> (Outcome, Vec<Note>) {
        let resolution = self.resolution(question, Checking::Enabled).watched();
        self.play(resolution)
    }

    fn resolution(&self, question: &str, checking: Checking) -> Resolution {
        Resolution::new(self.policy.clone(), parse(question), checking)
    }

    fn play(&mut self, mut resolution: Resolution) -> (Outcome, Vec<Note>) {
        self.cpu = Duration::ZERO;
        let mut sent = Vec::new();
        let mut notes = Vec::new();
        let mut step = self.step(&mut resolution, Input::Start);
        let response = loop {
            notes.extend(resolution.notes());
            match step {
                Step::Send(send) => {
                    sent.push(describe(&send));
                    step = self.exchange(&mut resolution, &send);
                }
                Step::Wait => panic!("nothing is out"),
                Step::Done(response) => break *response,
                Step::Fail(cause) => break Response::failure(cause),
            }
        };
        let (spent, cpu) = (resolution.spent(), self.cpu);
        (Outcome { response, sent, spent, cpu }, notes)
    }

    fn step(&mut self, resolution: &mut Resolution, input: Input<'_>) -> Step {
        let before = cpu_time();
        let step = resolution.step(input, self.now, &self.memory, &mut self.random);
        self.cpu += cpu_time() - before;
        step
    }

    /// Hands the packets that come back to the machine, until it goes on.
    fn exchange(&mut self, resolution: &mut Resolution, send: &Outgoing) -> Step {
        self.unsent = match self.unsent {
            Some(0) => {
                self.unsent = None;
                return self.step(resolution, Input::NotSent);
            }
            left => left.map(|left| left - 1),
        };
        let takes = match send.via {
            Transport::Udp => self.round_trip,
            Transport::Tcp => 2 * self.round_trip,
        };
        let jump = std::mem::take(&mut self.jump);
        let arrival = self.now.saturating_add(takes).saturating_add(jump);
        let query = Message::decode(&send.packet).unwrap();
        let incoming = Incoming { octets: &send.packet, query, via: send.via, now: self.now };
        let server = self.servers.get_mut(&send.server.ip());
        let replies = server.map_or_else(Vec::new, |server| server(&incoming));
        let before = self.now;
        if takes > send.timeout {
            self.now = before.saturating_add(send.timeout);
            return self.step(resolution, Input::NoReply);
        }
        self.now = arrival;
        if self.closed.contains(&send.server.ip()) {
            return self.step(resolution, Input::Unreachable(Obstacle::Refused));
        }
        for (count, reply) in replies.iter().enumerate() {
            if count > MISMATCHES {
                return self.step(resolution, Input::Besieged);
            }
            match self.step(resolution, Input::Reply(reply)) {
                Step::Wait => {}
                step => return step,
            }
        }
        self.now = before.saturating_add(send.timeout);
        self.step(resolution, Input::NoReply)
    }
}

impl Outcome {
    /// Why it failed.
    pub(crate) fn cause(&self) -> &Cause {
        self.response.failure.as_ref().unwrap()
    }

    /// The data of the answer's sets of this type, each in hex.
    pub(crate) fn data(&self, rtype: Rtype) -> Vec<String> {
        let sets = self.response.answer.iter().filter(|set| set.rrset.rtype == rtype);
        let data = sets.flat_map(|set| &set.rrset.rdata);
        data.map(|rdata| threepid::codec::hex(rdata.octets())).collect()
    }
}

/// What this thread has taken of the processor.
pub(crate) fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

/// The question `name type`.
pub(crate) fn parse(text: &str) -> Question {
    let (name, rtype) = text.split_once(' ').unwrap();
    Question { name: name.parse().unwrap(), rtype: rtype.parse().unwrap(), class: Class::IN }
}

fn describe(send: &Outgoing) -> String {
    let question = Message::decode(&send.packet).unwrap().question.unwrap();
    let last = match send.server.ip() {
        IpAddr::V4(v4) => v4.octets()[3].to_string(),
        IpAddr::V6(v6) => v6.to_string(),
    };
    let via = if send.via == Transport::Tcp { " tcp" } else { "" };
    format!("{last}: {} {}{via}", question.name.to_lowercase(), question.rtype)
}

/// A server that replies to nothing.
pub(crate) fn dead() -> Server {
    Box::new(|_| Vec::new())
}

/// A server that replies with what `reply` makes of an empty response to the question.
pub(crate) fn scripted(mut reply: impl FnMut(&Incoming<'_>, &mut Message) + 'static) -> Server {
    Box::new(move |incoming| {
        let mut message = response_to(&incoming.query);
        reply(incoming, &mut message);
        vec![message.encode()]
    })
}

/// An empty authoritative response.
pub(crate) fn response_to(query: &Message) -> Message {
    let mut message = query.clone();
    message.flags.response = true;
    message.flags.authoritative = true;
    message
}

/// Notes every question that a server gets, as `name type`.
pub(crate) fn watched(mut server: Server) -> (Server, Rc<RefCell<Vec<String>>>) {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let notes = seen.clone();
    let server: Server = Box::new(move |incoming| {
        notes.borrow_mut().push(incoming.asked());
        server(incoming)
    });
    (server, seen)
}

/// A name.
pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}
