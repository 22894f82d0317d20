//! A network that is out to make trouble: whatever comes, a request ends within its budget.
//!
//! `THREEPID_ADVERSARY_ROUNDS` says how many requests are made; a few hundred where it is not set.

use threepid::clock::Timestamp;
use threepid::crypto::{Random, SeededRandom};
use threepid::dnssec::Security;
use threepid::recursor::Memory;
use threepid::resolver::{Checking, Input, Outgoing, Resolution, Response, Step};
use threepid::wire::{Message, Name, Rcode, Rdata, Record, Rrset, Rtype, Ttl};

use super::net::{Incoming, Server, name, parse, response_to};
use super::tree::{
    self, EMAIL, NOW, PHONE, PORTED, UNSIGNED, authority, domain_zones, root_zone, uk_zone,
};

const QUESTIONS: [&str; 6] =
    [PHONE, PORTED, EMAIL, UNSIGNED, "here.3pid.example.", "nothing.at.all.3pid.example."];

const TYPES: [Rtype; 8] = [
    Rtype::ASSOC,
    Rtype::A,
    Rtype::NS,
    Rtype::DS,
    Rtype::DNSKEY,
    Rtype::ANY,
    Rtype::CNAME,
    Rtype::TXT,
];

/// One server that holds the whole tree, and lies about it.
struct Adversary {
    random: SeededRandom,
    honest: Server,
    /// Out of ten replies, how many are honest.
    honesty: u64,
}

impl Adversary {
    fn new(seed: u64) -> Self {
        let mut zones = domain_zones();
        zones.extend([root_zone(), uk_zone()]);
        let mut random = SeededRandom::new(seed);
        let honesty = random.below(10);
        Self { random, honest: authority(zones), honesty }
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let at = self.random.below(u64::try_from(from.len()).unwrap());
        from[usize::try_from(at).unwrap()].clone()
    }

    /// A packet, or none.
    fn reply(&mut self, incoming: &Incoming<'_>) -> Option<Vec<u8>> {
        let honest = (self.honest)(incoming).pop()?;
        if self.random.below(10) < self.honesty {
            return Some(honest);
        }
        match self.random.below(8) {
            0 => None,
            1 => Some(self.flipped(honest)),
            2 => Some(self.noise()),
            3 => Some(self.cut(honest)),
            _ => Some(self.invented(incoming, &honest).encode()),
        }
    }

    fn flipped(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        for _ in 0..=self.random.below(4) {
            let at = self.random.below(u64::try_from(packet.len()).unwrap());
            packet[usize::try_from(at).unwrap()] ^= 1 << self.random.below(8);
        }
        packet
    }

    fn noise(&mut self) -> Vec<u8> {
        let mut packet = vec![0; usize::from(self.random.u16() % 300)];
        self.random.fill(&mut packet);
        packet
    }

    fn cut(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        let length = self.random.below(u64::try_from(packet.len()).unwrap());
        packet.truncate(usize::try_from(length).unwrap());
        packet
    }

    /// A well-formed message with records that make sense or not.
    fn invented(&mut self, incoming: &Incoming<'_>, honest: &[u8]) -> Message {
        let mut message = response_to(&incoming.query);
        if self.random.below(2) == 0 {
            message = Message::decode(honest).unwrap();
        }
        let asked = incoming.query.question.clone().unwrap().name;
        message.rcode = self.pick(&[Rcode::NOERROR, Rcode::NXDOMAIN, Rcode::FORMERR, Rcode(9)]);
        message.flags.authoritative = self.random.below(2) == 0;
        message.flags.truncated = self.random.below(8) == 0;
        for _ in 0..self.random.below(6) {
            let record = self.record(&asked);
            match self.random.below(3) {
                0 => message.answer.push(record),
                1 => message.authority.push(record),
                _ => message.additional.push(record),
            }
        }
        message
    }

    fn record(&mut self, asked: &Name) -> Record {
        let more = [Rtype::SOA, Rtype::NSEC, Rtype::NSEC3, Rtype::RRSIG, Rtype::DNAME];
        let rtype = self.pick(&[&TYPES[..], &more].concat());
        let owner = self.name(asked);
        let rdata = match rtype {
            Rtype::NS | Rtype::CNAME | Rtype::DNAME => self.name(asked).as_wire().to_vec(),
            Rtype::A => vec![192, 0, 2, self.pick(&[1, 2, 3])],
            _ => self.noise(),
        };
        let ttl = Ttl::from_secs(self.pick(&[0, 1, 300, u32::MAX]));
        let set = Rrset::single(owner, rtype, ttl, Rdata::new(rdata).unwrap());
        set.records().next().unwrap()
    }

    /// A name near the one asked for, or in the tree, or made up.
    fn name(&mut self, asked: &Name) -> Name {
        let near: Vec<Name> = asked.ancestors().collect();
        let made_up = format!("n{}.{}", self.random.below(50), self.pick(&near));
        let made_up = made_up.parse().unwrap_or_else(|_| asked.clone());
        let known = name(self.pick(&QUESTIONS));
        let near = self.pick(&near);
        self.pick(&[near, known, made_up])
    }
}

/// Makes one request; one in four judges nothing. Gives the security of the response.
fn request(adversary: &mut Adversary, memory: &Memory, now: &mut Timestamp) -> Security {
    let text = format!("{} {}", adversary.pick(&QUESTIONS), adversary.pick(&TYPES));
    let checking =
        if adversary.random.below(4) == 0 { Checking::Disabled } else { Checking::Enabled };
    let policy = std::sync::Arc::new(tree::policy());
    let mut resolution = Resolution::new(policy.clone(), parse(&text), checking);
    let mut random = adversary.random.clone();
    let mut step = resolution.step(Input::Start, *now, memory, &mut random);
    let mut sent = 0;
    loop {
        let send = match step {
            Step::Send(send) => send,
            Step::Wait => panic!("{text}: waits for nothing"),
            Step::Done(response) => return response.security,
            Step::Fail(cause) => return Response::failure(cause).security,
        };
        sent += 1;
        assert!(sent <= policy.limits.questions, "{text}: more questions than it may ask");
        *now = now.saturating_add(std::time::Duration::from_millis(30));
        let reply = adversary.reply(&incoming(&send, *now));
        step = match &reply {
            Some(reply) => resolution.step(Input::Reply(reply), *now, memory, &mut random),
            None => resolution.step(Input::NoReply, *now, memory, &mut random),
        };
        if matches!(step, Step::Wait) {
            step = resolution.step(Input::NoReply, *now, memory, &mut random);
        }
    }
}

fn incoming(send: &Outgoing, now: Timestamp) -> Incoming<'_> {
    let query = Message::decode(&send.packet).unwrap();
    Incoming { octets: &send.packet, query, via: send.via, now }
}

#[test]
fn every_request_ends() {
    let rounds = std::env::var("THREEPID_ADVERSARY_ROUNDS");
    let rounds: u64 = rounds.map_or(400, |rounds| rounds.parse().unwrap());
    let mut verdicts = std::collections::BTreeMap::new();
    for seed in 0..rounds.div_ceil(20) {
        let mut adversary = Adversary::new(seed);
        let memory = Memory::new(1 << 20);
        let mut now = NOW;
        for _ in 0..20 {
            let security = request(&mut adversary, &memory, &mut now);
            *verdicts.entry(format!("{security:?}")).or_insert(0) += 1;
        }
    }
    // The adversary is not so hostile that nothing else is seen.
    assert!(verdicts.contains_key("Secure") && verdicts.contains_key("Bogus"), "{verdicts:?}");
}
