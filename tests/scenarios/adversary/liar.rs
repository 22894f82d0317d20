//! Servers of the whole tree that lie about it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use threepid::crypto::{Random, SeededRandom, SigningKey, sha256};
use threepid::dnssec::ZoneKey;
use threepid::wire::{Message, Name, Rcode, Rdata, Record, Rrset, Rtype, Ttl};

use super::super::net::{Incoming, name, response_to};
use super::super::tree::{self, EMAIL, PHONE, PORTED, UNSIGNED};
use super::honest::{Honest, instead};

/// What is asked for.
pub(super) const QUESTIONS: [&str; 17] = [
    PHONE,
    PORTED,
    EMAIL,
    UNSIGNED,
    "here.3pid.example.",
    "moved.3pid.example.",
    "nothing.at.all.3pid.example.",
    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.wild.3pid.example.",
    "3pid.example.",
    "email.3pid.example.",
    "example.com.email.3pid.example.",
    "example.org.email.3pid.example.",
    "www.moved.3pid.example.",
    "out.3pid.example.",
    "weak.3pid.example.",
    "twisted.3pid.example.",
    "ns.twisted.3pid.example.",
];

/// By these types.
pub(super) const TYPES: [Rtype; 8] = [
    Rtype::ASSOC,
    Rtype::A,
    Rtype::NS,
    Rtype::DS,
    Rtype::DNSKEY,
    Rtype::ANY,
    Rtype::CNAME,
    Rtype::TXT,
];

/// The last octets of its addresses.
pub(super) const SERVERS: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// How many packets come to one question at most.
pub(super) const MOST_PACKETS: u64 = 6;

/// Whose replies these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Of someone who does not lie.
    Honest,
    /// Of someone who has none of the tree's keys.
    Keyless,
    /// Of someone who has them all.
    Keyed,
}

/// One server that holds the whole tree, and lies about it.
pub(super) struct Liar {
    pub(super) random: SeededRandom,
    pub(super) manner: Manner,
    honest: Rc<RefCell<Honest>>,
    keys: HashMap<Name, ZoneKey>,
    /// Out of ten replies, how many are honest.
    honesty: u64,
    /// What it does most, where it lies; all things alike where this is none of them.
    pub(super) habit: u64,
    /// Zones that exist, or that it has said to exist.
    pub(super) zones: Vec<Name>,
}

impl Liar {
    pub(super) fn new(seed: u64, manner: Manner, honest: Rc<RefCell<Honest>>) -> Self {
        let mut random = SeededRandom::new(seed);
        let (honesty, habit) = (random.below(10), random.below(12));
        let zones = ["", "4.4.msisdn.", "example.com.email.", "hosted.email."];
        let zones = zones.map(|zone| name(&format!("{zone}3pid.example."))).to_vec();
        Self { random, manner, honest, keys: HashMap::new(), honesty, habit, zones }
    }

    /// The key that it has of a zone.
    pub(super) fn key(&mut self, zone: &Name) -> ZoneKey {
        let (zone, keyed) = (zone.to_lowercase(), self.manner == Manner::Keyed);
        let make = || match keyed {
            true => tree::key(&zone.to_string()),
            false => {
                let seed = sha256(&[b"not ", zone.as_wire()].concat());
                ZoneKey::new(zone.clone(), ZoneKey::KSK, SigningKey::from_seed(&seed))
            }
        };
        self.keys.entry(zone.clone()).or_insert_with(make).clone()
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.random.below(u64::try_from(bound).unwrap())).unwrap()
    }

    /// Whether what happens once in so many times happens now.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// The packets that come to a question: none, one, or some.
    pub(super) fn replies(&mut self, incoming: &Incoming<'_>) -> Vec<Vec<u8>> {
        if self.manner == Manner::Honest {
            return vec![self.truth(incoming)];
        }
        let count = if self.once_in(8) { self.random.below(MOST_PACKETS + 1) } else { 1 };
        (0..count).filter_map(|_| self.reply(incoming)).collect()
    }

    fn truth(&self, incoming: &Incoming<'_>) -> Vec<u8> {
        self.honest.borrow_mut().reply(incoming)
    }

    fn reply(&mut self, incoming: &Incoming<'_>) -> Option<Vec<u8>> {
        if self.random.below(10) < self.honesty {
            return Some(self.truth(incoming));
        }
        // A network of noise alone gets nobody far.
        let kinds = if self.once_in(3) { 0..18 } else { 4..18 };
        match kinds.start + self.random.below(kinds.end - kinds.start) {
            0 => None,
            1 => Some(self.truth(incoming)).map(|packet| self.flipped(packet)),
            2 => Some(self.noise()),
            3 => Some(self.truth(incoming)).map(|packet| self.cut(packet)),
            4..8 => Some(self.invented(incoming).encode()),
            8..10 => Some(self.replayed(incoming).encode()),
            _ => Some(self.proved(incoming).encode()),
        }
    }

    fn flipped(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        for _ in 0..=self.random.below(4) {
            let at = self.below(packet.len());
            packet[at] ^= 1 << self.random.below(8);
        }
        packet
    }

    pub(super) fn noise(&mut self) -> Vec<u8> {
        let mut packet = vec![0; usize::from(self.random.u16() % 300)];
        self.random.fill(&mut packet);
        packet
    }

    fn cut(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        let length = self.below(packet.len());
        packet.truncate(length);
        packet
    }

    /// An honest message, or an empty one, to be spoiled.
    pub(super) fn start(&mut self, incoming: &Incoming<'_>) -> Message {
        let mut message = response_to(&incoming.query);
        if self.once_in(2) {
            message = Message::decode(&self.truth(incoming)).unwrap();
        }
        if self.once_in(6) {
            message.rcode =
                self.pick(&[Rcode::NOERROR, Rcode::NXDOMAIN, Rcode::FORMERR, Rcode(6), Rcode(9)]);
        }
        if let Some(question) = message.question.as_mut().filter(|_| self.once_in(12)) {
            question.name = question.name.to_lowercase();
        }
        message.flags.authoritative = !self.once_in(16);
        message.flags.truncated = self.once_in(16);
        message
    }

    /// A well-formed message with records that make sense or not.
    fn invented(&mut self, incoming: &Incoming<'_>) -> Message {
        let mut message = self.start(incoming);
        let asked = incoming.query.question.clone().unwrap().name;
        let most = if self.once_in(20) { 300 } else { 6 };
        for _ in 0..self.below(most) {
            let record = self.record(&asked);
            match self.random.below(3) {
                0 => message.answer.push(record),
                1 => message.authority.push(record),
                _ => message.additional.push(record),
            }
        }
        message
    }

    /// What is true of other names or types, instead of what is asked for or along with it.
    fn replayed(&mut self, incoming: &Incoming<'_>) -> Message {
        let mut message = self.start(incoming);
        let asked = incoming.query.question.clone().unwrap();
        if self.once_in(2) {
            (message.answer, message.authority) = (Vec::new(), Vec::new());
        }
        for _ in 0..=self.below(3) {
            let rtype = self.pick(&TYPES);
            let rtype = self.pick(&[asked.rtype, rtype]);
            let owner = self.name(&asked.name);
            let owner = self.pick(&[asked.name.clone(), owner]);
            let other = instead(&self.honest, incoming, owner, rtype);
            message.answer.extend(other.answer);
            message.authority.extend(other.authority);
            message.additional.extend(other.additional);
        }
        message
    }

    pub(super) fn record(&mut self, asked: &Name) -> Record {
        let more = [Rtype::SOA, Rtype::NSEC, Rtype::NSEC3, Rtype::RRSIG, Rtype::DNAME, Rtype::AAAA];
        let rtype = self.pick(&[&TYPES[..], &more].concat());
        let owner = self.name(asked);
        let rdata = self.rdata(rtype, asked);
        let set = Rrset::single(owner, rtype, self.ttl(), rdata);
        set.records().next().unwrap()
    }

    pub(super) fn ttl(&mut self) -> Ttl {
        Ttl::from_secs(self.pick(&[0, 1, 300, 300, 86_400, u32::MAX]))
    }

    pub(super) fn rdata(&mut self, rtype: Rtype, asked: &Name) -> Rdata {
        let rdata = match rtype {
            Rtype::NS | Rtype::CNAME | Rtype::DNAME => self.name(asked).as_wire().to_vec(),
            Rtype::A if self.once_in(8) => vec![127, 0, 0, 1],
            Rtype::A => vec![192, 0, 2, self.pick(&SERVERS)],
            Rtype::AAAA => [&[0x20, 1, 0xd, 0xb8], &[0; 11][..], &[self.pick(&SERVERS)]].concat(),
            _ => self.noise(),
        };
        Rdata::new(rdata).unwrap()
    }

    /// A name near the one asked for, or in the tree, or made up.
    pub(super) fn name(&mut self, asked: &Name) -> Name {
        let near: Vec<Name> = asked.ancestors().collect();
        let made_up = format!("n{}.{}", self.random.below(50), self.pick(&near));
        let made_up = made_up.parse().unwrap_or_else(|_| asked.clone());
        let known = name(self.pick(&QUESTIONS));
        let near = self.pick(&near);
        self.pick(&[near, known, made_up])
    }
}
