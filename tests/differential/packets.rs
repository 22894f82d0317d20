//! Packets: what clients send, and what nobody should.

use threepid::wire::{Name, Rtype, Transport};

use super::draw::Draw;
use super::zones::HELD;

/// A packet, and how it comes.
pub(super) struct Packet {
    pub(super) octets: Vec<u8>,
    pub(super) transport: Transport,
}

/// Packets drawn by chance.
pub(super) struct Packets {
    draw: Draw,
    /// The names of associations, in wire form.
    held: Vec<Vec<u8>>,
    names: Vec<Vec<u8>>,
}

/// Names that the zones have something for, or nothing.
const NAMES: [&str; 40] = [
    ".",
    "test.",
    "example.",
    "ns.example.",
    "a.example.",
    "www.example.",
    "long.example.",
    "alias.example.",
    "twice.example.",
    "round.example.",
    "out.example.",
    "found.example.",
    "wild.example.",
    "any.wild.example.",
    "*.wild.example.",
    "x.away.example.",
    "moved.example.",
    "below.moved.example.",
    "here.example.",
    "down.here.example.",
    "bare.example.",
    "below.bare.example.",
    "3pid.example.",
    "msisdn.3pid.example.",
    "4.4.msisdn.3pid.example.",
    "9.4.msisdn.3pid.example.",
    "ns.9.4.msisdn.3pid.example.",
    "3.3.msisdn.3pid.example.",
    "1.2.3.3.3.msisdn.3pid.example.",
    "email.3pid.example.",
    "example.com.email.3pid.example.",
    "_at.example.com.email.3pid.example.",
    "example.net.email.3pid.example.",
    "telco.3pid.example.",
    "telco.example._verifier.3pid.example.",
    "unsigned.test.",
    "msisdn.unsigned.test.",
    "1.msisdn.unsigned.test.",
    "nowhere.unsigned.test.",
    "elsewhere.invalid.",
];

const TYPES: [Rtype; 17] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::NS,
    Rtype::CNAME,
    Rtype::SOA,
    Rtype::TXT,
    Rtype::DS,
    Rtype::DNSKEY,
    Rtype::NSEC,
    Rtype::RRSIG,
    Rtype::ANY,
    Rtype::VCERT,
    Rtype::DNAME,
    Rtype::CDS,
    Rtype::OPT,
    Rtype(0),
    Rtype(252),
];

impl Packets {
    pub(super) fn new(seed: u64) -> Self {
        let wire = |name: &str| name.parse::<Name>().expect("a name").as_wire().to_vec();
        Self {
            draw: Draw::new(!seed),
            held: HELD.iter().map(|name| wire(name)).collect(),
            names: NAMES.iter().map(|name| wire(name)).collect(),
        }
    }

    pub(super) fn draw(&mut self) -> Packet {
        let mut octets = self.query();
        self.damage(&mut octets);
        let transport = if self.draw.one_in(4) { Transport::Tcp } else { Transport::Udp };
        Packet { octets, transport }
    }

    fn query(&mut self) -> Vec<u8> {
        let question = self.question();
        let questions = match self.draw.below(128) {
            0 => Vec::new(),
            1 => [question.clone(), self.question()].concat(),
            _ => question,
        };
        let (mut records, mut counts) = (Vec::new(), [0u16; 3]);
        for count in &mut counts[..2] {
            if self.draw.one_in(128) {
                *count = 1;
                records.extend(self.record());
            }
        }
        let extra = match self.draw.below(64) {
            0 => vec![self.opt(), self.opt()],
            1 => vec![self.record(), self.opt()],
            2..20 => Vec::new(),
            _ => vec![self.opt()],
        };
        counts[2] = u16::try_from(extra.len()).expect("a few");
        records.extend(extra.concat());
        let mut octets = self.draw.octets(2);
        octets.extend(self.flags().to_be_bytes());
        let asked: u16 = if questions.is_empty() { 0 } else { 1 };
        let asked = if self.draw.one_in(256) { 2 } else { asked };
        octets.extend([asked, counts[0], counts[1], counts[2]].map(u16::to_be_bytes).concat());
        octets.extend(questions);
        octets.extend(records);
        octets
    }

    /// RD, AD, CD and what has no meaning; seldom another opcode, or a response.
    fn flags(&mut self) -> u16 {
        let any = u16::from_be_bytes([self.draw.octet(), self.draw.octet()]);
        match self.draw.below(32) {
            0 => any,
            1 => any & 0x7fff,
            _ => any & 0x07ff,
        }
    }

    fn question(&mut self) -> Vec<u8> {
        let mut octets = self.qname();
        octets.extend(self.qtype().0.to_be_bytes());
        octets.extend(match self.draw.below(32) {
            0 => self.draw.octets(2),
            1 => vec![0, 255],
            2 => vec![0, 3],
            _ => vec![0, 1],
        });
        octets
    }

    fn qtype(&mut self) -> Rtype {
        match self.draw.below(16) {
            0 => Rtype(u16::from_be_bytes([self.draw.octet(), self.draw.octet()])),
            1..7 => *self.draw.pick(&TYPES),
            _ => Rtype::ASSOC,
        }
    }

    /// A name in wire form, in any case; seldom none, or one with a pointer.
    fn qname(&mut self) -> Vec<u8> {
        let mut name = match self.draw.below(16) {
            0..6 => self.draw.pick(&self.held).clone(),
            6..9 => self.beside(),
            9 => self.above(),
            10 => self.below(),
            _ => self.draw.pick(&self.names).clone(),
        };
        if self.draw.one_in(2) {
            self.shout(&mut name);
        }
        if self.draw.one_in(64) {
            self.compress(&mut name);
        }
        name
    }

    /// The name of an association with another digit, or another octet.
    fn beside(&mut self) -> Vec<u8> {
        let mut name = self.draw.pick(&self.held).clone();
        let at = 1 + 2 * self.draw.place(8);
        name[at] =
            if self.draw.one_in(8) { self.draw.octet() } else { b'0' + self.draw.octet() % 10 };
        name
    }

    /// The end of the name of an association.
    fn above(&mut self) -> Vec<u8> {
        let name = self.draw.pick(&self.held).clone();
        let skipped = (0..1 + self.draw.below(9)).fold(&*name, |rest, _| match rest {
            [0] => &[0],
            [length, rest @ ..] => &rest[usize::from(*length)..],
            [] => panic!("a name ends with the root"),
        });
        skipped.to_vec()
    }

    /// A name below any other, some of them too long for a name.
    fn below(&mut self) -> Vec<u8> {
        let from = if self.draw.one_in(2) { &self.held } else { &self.names };
        let mut name = self.draw.pick(from).clone();
        for _ in 0..=self.draw.below(6) {
            let length = if self.draw.one_in(3) { 63 } else { 1 + self.draw.octet() % 20 };
            let label = self.draw.octets(length.into());
            name = [&[length], &*label, &name].concat();
        }
        name
    }

    /// Letters in upper case, here and there.
    fn shout(&mut self, name: &mut [u8]) {
        let mut at = 0;
        while let Some(&length @ 1..) = name.get(at) {
            let end = at + 1 + usize::from(length);
            name[at + 1..end].iter_mut().filter(|_| self.draw.one_in(2)).for_each(|octet| {
                octet.make_ascii_uppercase();
            });
            at = end;
        }
    }

    /// Has the name end with a pointer, or a label of a kind that there is not.
    fn compress(&mut self, name: &mut Vec<u8>) {
        let at = self.draw.place(name.len());
        name.truncate(at);
        let kind = *self.draw.pick(&[0xc0, 0xc0, 0x40, 0x80]);
        name.extend([kind, self.draw.octet() % 40]);
    }

    fn opt(&mut self) -> Vec<u8> {
        let mut octets = if self.draw.one_in(64) { self.qname() } else { vec![0] };
        octets.extend(Rtype::OPT.0.to_be_bytes());
        let size = match self.draw.below(4) {
            0 => self.draw.octets(2),
            1 => 512u16.to_be_bytes().to_vec(),
            _ => 1232u16.to_be_bytes().to_vec(),
        };
        octets.extend(size);
        let version = if self.draw.one_in(32) { self.draw.octet() } else { 0 };
        let code = if self.draw.one_in(32) { self.draw.octet() } else { 0 };
        let wishes = *self.draw.pick(&[0x80, 0x80, 0xc0, 0x40, 0x00]);
        let unknown = if self.draw.one_in(16) { self.draw.octet() } else { 0 };
        octets.extend([code, version, wishes | unknown & 0x3f, unknown]);
        let options = self.options();
        let length = u16::try_from(options.len()).expect("a few options");
        let wrong = u16::from(self.draw.one_in(64));
        octets.extend((length + wrong).to_be_bytes());
        octets.extend(options);
        octets
    }

    fn options(&mut self) -> Vec<u8> {
        let count = if self.draw.one_in(2) { 0 } else { self.draw.below(4) };
        let count = if self.draw.one_in(256) { 200 } else { count };
        (0..count).flat_map(|_| self.option()).collect()
    }

    /// NSID, client subnet, cookies, keepalive, padding, errors, or anything.
    fn option(&mut self) -> Vec<u8> {
        let (code, length) = match self.draw.below(8) {
            0 => (3, 0),
            1 => (8, 7),
            2 => (10, 8),
            3 => (10, 8 + self.draw.octet() % 40),
            4 => (11, 0),
            5 => (12, self.draw.octet()),
            6 => (15, 2),
            _ => (self.draw.octet(), self.draw.octet()),
        };
        [&[0, code, 0, length], &*self.draw.octets(length.into())].concat()
    }

    /// A record that has no place in a query.
    fn record(&mut self) -> Vec<u8> {
        let mut octets = self.qname();
        octets.extend(self.qtype().0.to_be_bytes());
        octets.extend([0, 1, 0, 0, 0, 60]);
        let length = self.draw.octet() % 32;
        octets.extend([0, length]);
        octets.extend(self.draw.octets(length.into()));
        octets
    }

    /// Seldom, octets are other ones, too many, or not there.
    fn damage(&mut self, octets: &mut Vec<u8>) {
        match self.draw.below(64) {
            0 => {
                let count = 1 + self.draw.place(20);
                octets.extend(self.draw.octets(count));
            }
            1 => octets.truncate(self.draw.place(octets.len() + 1)),
            2..5 => {
                for _ in 0..=self.draw.below(3) {
                    let at = self.draw.place(octets.len());
                    octets[at] = self.draw.octet();
                }
            }
            5 => {
                let length = self.draw.place(100);
                *octets = self.draw.octets(length);
            }
            _ => {}
        }
    }
}
