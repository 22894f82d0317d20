//! A network that is out to make trouble: whatever comes, a request ends within its budget. Who has no
//! keys makes nobody believe what is not so; where nobody lies, all is found.
//!
//! `THREEPID_ADVERSARY_STEPS` says how many steps the machine makes; a few thousand where it is not set.
//! `tests/soak adversary` makes ten million.

mod honest;
mod liar;
mod proofs;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use threepid::clock::Timestamp;
use threepid::crypto::{Random, SeededRandom};
use threepid::dnssec::Algorithms;
use threepid::recursor::{self, Memory};
use threepid::resolver::{
    Checking, Families, Forward, Input, Outgoing, Policy, Resolution, Response, Root, Step,
};
use threepid::wire::{Message, Ttl};

use honest::{Honest, Told, Truths};
use liar::{Liar, Manner, QUESTIONS, SERVERS, TYPES};

use super::net::{Incoming, cpu_time, name, parse};
use super::tree::{self, NOW};

/// How many requests are made with one memory, of one liar.
const REQUESTS: u64 = 20;

/// What is asserted of each request, and of one step: generous, for a debug build on a busy machine.
const MOST_QUESTIONS: u64 = 200;
/// A question has at most as many packets in reply as the liar sends, and silence after them.
const MOST_STEPS: u64 = MOST_QUESTIONS * (liar::MOST_PACKETS + 2) + 1;
const MOST_CPU: Duration = Duration::from_secs(1);

/// What happened.
#[derive(Debug, Default)]
struct Tally {
    steps: u64,
    requests: u64,
    /// The most questions of a request.
    questions: u64,
    /// The dearest step, and the dearest request.
    step: Duration,
    request: Duration,
    verdicts: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.requests += other.requests;
        self.questions = self.questions.max(other.questions);
        self.step = self.step.max(other.step);
        self.request = self.request.max(other.request);
        for (verdict, count) in other.verdicts {
            *self.verdicts.entry(verdict).or_default() += count;
        }
    }
}

/// How many ways to resolve there are that come to different answers.
const WAYS: u64 = 7;

/// One of them.
fn way(number: u64) -> Policy {
    let servers = SERVERS.map(|last| [192, 0, 2, last].into());
    let root = Root { servers: servers.to_vec(), ..tree::root() };
    let plain = Policy { roots: vec![root.clone()], ..tree::policy() };
    let outer = Root { apex: name("."), anchors: Vec::new(), ..root.clone() };
    let nested = Policy { roots: vec![outer, root.clone()], ..tree::policy() };
    let email = name("email.3pid.example.");
    let resolvers = vec!["192.0.2.1:53".parse().unwrap(), "192.0.2.2:53".parse().unwrap()];
    let domain = name("example.com.email.3pid.example.");
    let forwards = vec![Forward { zone: domain, resolvers }];
    let negative_anchors = vec![email, name("4.4.msisdn.3pid.example.")];
    match number {
        1 => Policy { roots: vec![Root { anchors: Vec::new(), ..root }], ..plain },
        2 => Policy { forwards, ..plain },
        3 => nested,
        4 => Policy { negative_anchors, ..plain },
        5 => Policy { forwards, negative_anchors, ..plain },
        6 => Policy { forwards, ..nested },
        _ => plain,
    }
}

/// The same, with what makes no difference to the answers set in some way.
fn varied(policy: Policy, random: &mut SeededRandom) -> Policy {
    let mut toss = || random.below(2) == 0;
    let mut policy = Policy {
        families: if toss() { Families::Both } else { Families::Ipv4 },
        minimise: toss(),
        priming: toss(),
        mixed_case: toss(),
        aggressive_nsec: toss(),
        algorithms: Algorithms { rsasha1: toss() },
        ..policy
    };
    if toss() {
        policy.limits.least_ttl = Ttl::from_secs(60);
    }
    policy
}

/// The tree, and what is true of it in each way to resolve.
struct Land {
    honest: Rc<RefCell<Honest>>,
    truths: HashMap<u64, Truths>,
}

impl Land {
    fn new() -> Self {
        Self { honest: Honest::new(), truths: HashMap::new() }
    }

    fn truths(&mut self, number: u64) -> &mut Truths {
        let honest = self.honest.clone();
        self.truths.entry(number).or_insert_with(|| Truths::new(honest, way(number)))
    }
}

/// A resolver among liars.
struct Siege<'l> {
    liar: Liar,
    truths: &'l mut Truths,
    policy: Arc<Policy>,
    memory: Memory,
    random: SeededRandom,
    now: Timestamp,
    tally: Tally,
}

impl<'l> Siege<'l> {
    fn new(seed: u64, land: &'l mut Land) -> Self {
        let mut random = SeededRandom::new(!seed);
        let manner = match seed % 4 {
            0 => Manner::Honest,
            1 => Manner::Keyed,
            _ => Manner::Keyless,
        };
        let number = random.below(WAYS);
        Self {
            liar: Liar::new(seed, manner, land.honest.clone()),
            truths: land.truths(number),
            policy: Arc::new(varied(way(number), &mut random)),
            memory: Memory::new(&recursor::Limits {
                cache_octets: 1 << (14 + random.below(8)),
                ..Default::default()
            }),
            random,
            now: NOW,
            tally: Tally::default(),
        }
    }

    /// Makes one request; one in four judges nothing.
    fn request(&mut self) {
        let text = format!("{} {}", self.liar.pick(&QUESTIONS), self.liar.pick(&TYPES));
        let checking =
            if self.random.below(4) == 0 { Checking::Disabled } else { Checking::Enabled };
        let begin = if self.random.below(8) == 0 { Resolution::anew } else { Resolution::new };
        let mut resolution = begin(self.policy.clone(), parse(&text), checking);
        if self.random.below(8) == 0 {
            resolution = resolution.watched();
        }
        self.now = self.now.saturating_add(Duration::from_secs(self.random.below(10)));
        let (before, mut questions) = (self.tally.steps, 0);
        let (mut step, mut cpu) = self.step(&mut resolution, Input::Start);
        let response = loop {
            match step {
                Step::Send(send) => {
                    questions += 1;
                    assert!(questions <= MOST_QUESTIONS, "{text}: more questions than it may ask");
                    let more;
                    (step, more) = self.exchange(&mut resolution, &send);
                    cpu += more;
                }
                Step::Wait => panic!("{text}: waits for nothing"),
                Step::Done(response) => break *response,
                Step::Fail(cause) => break Response::failure(cause),
            }
        };
        let steps = self.tally.steps - before;
        assert!(steps <= MOST_STEPS, "{text}: {steps} steps");
        self.tally.requests += 1;
        self.tally.questions = self.tally.questions.max(questions);
        self.tally.request = self.tally.request.max(cpu);
        *self.tally.verdicts.entry(format!("{:?}", response.security)).or_default() += 1;
        match self.liar.manner {
            Manner::Honest => self.truths.check_honest(&text, checking, &Told::of(&response)),
            Manner::Keyless => self.truths.check(&text, &Told::of(&response)),
            Manner::Keyed => {}
        }
    }

    fn step(&mut self, resolution: &mut Resolution, input: Input<'_>) -> (Step, Duration) {
        let before = cpu_time();
        let step = resolution.step(input, self.now, &self.memory, &mut self.random);
        let _ = resolution.notes();
        let cpu = cpu_time() - before;
        assert!(cpu < MOST_CPU, "{cpu:?} for {input:?}");
        self.tally.steps += 1;
        self.tally.step = self.tally.step.max(cpu);
        (step, cpu)
    }

    /// What comes of one question.
    fn exchange(&mut self, resolution: &mut Resolution, send: &Outgoing) -> (Step, Duration) {
        self.let_time_pass();
        let incoming = incoming(send, self.now);
        let mishaps = if self.liar.manner == Manner::Honest { 2..300 } else { 0..300 };
        match mishaps.start + self.random.below(mishaps.end - mishaps.start) {
            0 => return self.step(resolution, Input::NotSent),
            1 => return self.step(resolution, Input::TooLate),
            2 => return self.step(resolution, Input::Besieged),
            _ => {}
        }
        let mut cpu = Duration::ZERO;
        if self.random.below(20) == 0 {
            let (step, more) = self.step(resolution, Input::Joined);
            cpu += more;
            if !matches!(step, Step::Wait) {
                return (step, cpu);
            }
        }
        for reply in self.liar.replies(&incoming) {
            let (step, more) = self.step(resolution, Input::Reply(&reply));
            cpu += more;
            if !matches!(step, Step::Wait) {
                return (step, cpu);
            }
        }
        let (step, more) = self.step(resolution, Input::NoReply);
        (step, cpu + more)
    }

    /// Some milliseconds; now and then the clock is set, forward or back. Where all has to be found,
    /// only while signatures hold.
    fn let_time_pass(&mut self) {
        let jump = Duration::from_secs(self.random.below(90_000));
        let (now, kind) = (self.now, self.random.below(200));
        self.now = match kind {
            0 => now.saturating_add(jump),
            1 => now.saturating_sub(jump),
            2 => now.saturating_add(Duration::from_secs(61)),
            _ => now.saturating_add(Duration::from_millis(30)),
        };
        let day = Duration::from_secs(86_400);
        if self.liar.manner == Manner::Honest && (kind == 1 || self.now > NOW.saturating_add(day)) {
            self.now = now;
        }
    }
}

fn incoming(send: &Outgoing, now: Timestamp) -> Incoming<'_> {
    let query = Message::decode(&send.packet).unwrap();
    Incoming { octets: &send.packet, query, via: send.via, now }
}

/// Besieges resolvers, one after the other, until all have made so many steps.
fn besiege(steps: u64, made: &AtomicU64, seeds: &AtomicU64) -> Tally {
    let (mut tally, mut land) = (Tally::default(), Land::new());
    while made.load(Ordering::Relaxed) < steps {
        let mut siege = Siege::new(seeds.fetch_add(1, Ordering::Relaxed), &mut land);
        (0..REQUESTS).for_each(|_| siege.request());
        made.fetch_add(siege.tally.steps, Ordering::Relaxed);
        tally.add(siege.tally);
    }
    tally
}

#[test]
fn every_request_ends() {
    let steps = std::env::var("THREEPID_ADVERSARY_STEPS");
    let steps: u64 = steps.map_or(6000, |steps| steps.parse().unwrap());
    let (made, seeds) = (AtomicU64::new(0), AtomicU64::new(1));
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| besiege(steps, &made, &seeds)));
        threads.into_iter().for_each(|thread| tally.add(thread.join().unwrap()));
    });
    println!(
        "{} steps, {} requests; at most {} questions and {:.1?} for a request, {:.1?} for a step; {:?}",
        tally.steps, tally.requests, tally.questions, tally.request, tally.step, tally.verdicts
    );
    // The liars are not so hostile that nothing else is seen.
    for verdict in ["Secure", "Insecure", "Bogus", "Indeterminate"] {
        assert!(tally.verdicts.contains_key(verdict), "{tally:?}");
    }
}
