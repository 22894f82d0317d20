//! Lies that are well signed: by the keys of the zones that there are, or by the liar's own where it has
//! none of those, and by keys of zones that it has made up. All keys follow from the names of their zones.

use std::time::Duration;

use threepid::codec::base32hex;
use threepid::crypto::{Random, sha1};
use threepid::dnssec::{Validity, sign};
use threepid::wire::rdata::{Ds, Nsec, TypeBitmap};
use threepid::wire::{
    Algorithm, DigestType, Message, Name, Question, Rcode, Rdata, Record, Rrset, Rtype,
};

use super::super::net::Incoming;
use super::liar::{Liar, TYPES};

impl Liar {
    /// A message whose records are signed, each by some zone.
    pub(super) fn proved(&mut self, incoming: &Incoming<'_>) -> Message {
        let mut message = self.start(incoming);
        let question = incoming.query.question.clone().unwrap();
        if self.once_in(2) {
            (message.answer, message.authority) = (Vec::new(), Vec::new());
        }
        let kind = if self.once_in(3) { self.random.below(8) } else { self.habit };
        let kind = if kind < 8 { kind } else { self.random.below(8) };
        match (question.rtype, kind) {
            (Rtype::DNSKEY, 0..6) => message.answer = self.keys(&question.name),
            (Rtype::DS, 0..4) => message.answer = self.delegation(&question.name),
            (_, 0) => self.refer(&question, &mut message),
            (_, 1) => message.answer.extend(self.alias(&question.name)),
            (_, 2) => message.authority.extend(self.nsec(&question.name)),
            (_, 3) => message.authority.extend(self.nsec3(&question.name)),
            (_, 4) => self.deny(&question.name, &mut message),
            (_, 5) => message.answer.extend(self.expanded(&question)),
            _ => message.answer.extend(self.data(&question)),
        }
        if self.once_in(8) {
            let more = self.nsec3(&question.name);
            message.authority.extend(more);
        }
        message
    }

    /// A zone that may vouch for a name: mostly the deepest that there is, else any above.
    fn signer(&mut self, owner: &Name) -> Name {
        let mut zones: Vec<Name> =
            self.zones.iter().filter(|zone| owner.is_at_or_below(zone)).cloned().collect();
        zones.sort_by_key(Name::label_count);
        match zones.pop() {
            Some(zone) if !self.once_in(6) => zone,
            _ => self.pick(&owner.ancestors().collect::<Vec<_>>()),
        }
    }

    /// A set and its signatures, which hold, or held, or will; some of them spoiled.
    fn signed(&mut self, set: &Rrset, zone: &Name) -> Vec<Record> {
        let now = super::NOW;
        let day = Duration::from_secs(86_400);
        let start = self.pick(&[now.saturating_sub(day * 7), now.saturating_sub(day * 7), now]);
        let end = self.pick(&[now.saturating_add(day * 7), now.saturating_add(day * 70), now]);
        let validity = Validity { inception: start, expiration: end };
        let good = sign(set, &self.key(zone), validity);
        let count = if self.once_in(16) { self.below(100) } else { 1 };
        let mut rdata = vec![good.to_rdata()];
        for number in 1..count {
            let mut bad = good.clone();
            bad.signature[number % 64] ^= 1;
            bad.labels = bad.labels.saturating_sub(u8::from(self.once_in(8)));
            rdata.insert(0, bad.to_rdata());
        }
        let signatures = Rrset { rtype: Rtype::RRSIG, rdata, ..set.clone() };
        set.records().chain(signatures.records()).collect()
    }

    fn set(&mut self, owner: &Name, rtype: Rtype, rdata: Rdata) -> Rrset {
        Rrset::single(owner.clone(), rtype, self.ttl(), rdata)
    }

    /// What is asked for.
    fn data(&mut self, question: &Question) -> Vec<Record> {
        let Question { name, rtype, .. } = question;
        let rtypes = if *rtype == Rtype::ANY { TYPES.to_vec() } else { vec![*rtype] };
        let zone = self.signer(name);
        let mut records = Vec::new();
        for rtype in rtypes {
            let rdata = self.rdata(rtype, name);
            let mut set = self.set(name, rtype, rdata);
            let more = if self.once_in(10) { self.below(120) } else { 0 };
            set.rdata.extend((0..more).map(|_| self.rdata(rtype, name)));
            records.extend(self.signed(&set, &zone));
        }
        records
    }

    /// What is asked for, from a wildcard.
    fn expanded(&mut self, question: &Question) -> Vec<Record> {
        let near: Vec<Name> = question.name.ancestors().skip(1).collect();
        let Some(Ok(wildcard)) = near.first().map(|_| self.pick(&near).wildcard()) else {
            return Vec::new();
        };
        let zone = self.signer(&wildcard);
        let rdata = self.rdata(question.rtype, &question.name);
        let set = self.set(&wildcard, question.rtype, rdata);
        let records = self.signed(&set, &zone).into_iter();
        records.map(|record| Record { name: question.name.clone(), ..record }).collect()
    }

    fn alias(&mut self, asked: &Name) -> Vec<Record> {
        let rtype = self.pick(&[Rtype::CNAME, Rtype::DNAME]);
        let owner = match rtype {
            Rtype::DNAME => self.pick(&asked.ancestors().collect::<Vec<_>>()),
            _ => asked.clone(),
        };
        let rdata = self.rdata(rtype, asked);
        let set = self.set(&owner, rtype, rdata);
        let zone = self.signer(&owner);
        self.signed(&set, &zone)
    }

    /// The DNSKEY set of a zone, with other keys of the same tag or of none that fit.
    fn keys(&mut self, zone: &Name) -> Vec<Record> {
        let own = self.key(zone).dnskey();
        let mut set = self.set(zone, Rtype::DNSKEY, own.to_rdata());
        let others = if self.once_in(6) { self.below(40) } else { 0 };
        for at in 0..others.min(28) {
            let mut other = own.clone();
            other.public_key.swap(at, at + 2);
            set.rdata.insert(0, other.to_rdata());
        }
        if self.once_in(6) {
            set.rdata.push(self.rdata(Rtype::DNSKEY, zone));
        }
        self.signed(&set, zone)
    }

    /// The DS set of a zone: of its key, or of others, or of kinds that nobody knows.
    fn delegation(&mut self, cut: &Name) -> Vec<Record> {
        let own = self.key(cut).ds(DigestType::SHA256).unwrap();
        let wrong = Ds { digest: vec![7; 32], ..own.clone() };
        let unknown = Ds { algorithm: Algorithm(200), ..own.clone() };
        let ds = self.pick(&[own.clone(), own.clone(), own, wrong.clone(), unknown]);
        let mut set = self.set(cut, Rtype::DS, ds.to_rdata());
        if self.once_in(8) {
            let digests = (0..self.below(40)).map(|_| Ds { digest: self.noise(), ..wrong.clone() });
            set.rdata.extend(digests.map(|ds| ds.to_rdata()).collect::<Vec<_>>());
        }
        let zone = self.signer(&cut.parent().unwrap_or_else(Name::root));
        self.signed(&set, &zone)
    }

    fn refer(&mut self, question: &Question, message: &mut Message) {
        let cut = self.pick(&question.name.ancestors().collect::<Vec<_>>());
        message.flags.authoritative = false;
        let servers = if self.once_in(4) { self.below(40) } else { 1 };
        for _ in 0..=servers {
            let server = self.name(&cut);
            let ns = Rdata::new(server.as_wire().to_vec()).unwrap();
            message.authority.extend(self.set(&cut, Rtype::NS, ns).records());
            if !self.once_in(3) {
                let rtype = self.pick(&[Rtype::A, Rtype::AAAA]);
                let address = self.rdata(rtype, &server);
                message.additional.extend(self.set(&server, rtype, address).records());
            }
        }
        if self.once_in(2) {
            let ds = self.delegation(&cut);
            message.authority.extend(ds);
            if self.zones.len() < 20 {
                self.zones.push(cut);
            }
        }
    }

    fn types(&mut self) -> TypeBitmap {
        let more = [Rtype::SOA, Rtype::NSEC, Rtype::RRSIG, Rtype::DNAME, Rtype::NXNAME];
        let all = [&TYPES[..], &more].concat();
        (0..self.below(6)).map(|_| self.pick(&all)).collect()
    }

    fn nsec(&mut self, asked: &Name) -> Vec<Record> {
        let mut records = Vec::new();
        for _ in 0..=self.below(3) {
            let owner = self.name(asked);
            let nsec = Nsec { next: self.name(asked), types: self.types() };
            let set = self.set(&owner, Rtype::NSEC, nsec.to_rdata());
            let zone = self.signer(asked);
            records.extend(self.signed(&set, &zone));
        }
        records
    }

    fn nsec3(&mut self, asked: &Name) -> Vec<Record> {
        let zone = self.signer(asked);
        let (iterations, salt) = (self.pick(&[0, 1, 50, 50, 51, 2500]), self.pick(&[0, 8, 255]));
        let salt = vec![3; salt];
        let salted = |octets: &[u8]| sha1(&[octets, &salt].concat());
        let count = if self.once_in(8) { self.below(30) } else { 2 };
        let mut records = Vec::new();
        for _ in 0..=count {
            let hashed = self.pick(&asked.ancestors().collect::<Vec<_>>());
            let first = salted(hashed.to_lowercase().as_wire());
            let hash = (0..iterations.min(50)).fold(first, |hash, _| salted(&hash));
            let mut next = hash;
            if self.once_in(2) {
                self.random.fill(&mut next);
            }
            let [high, low] = u16::to_be_bytes(iterations);
            let flags = self.pick(&[0, 0, 1]);
            let head = [1, flags, high, low, u8::try_from(salt.len()).unwrap()];
            let types = self.types().to_octets();
            let rdata = Rdata::new([&head, &salt[..], &[20], &next, &types].concat()).unwrap();
            let Ok(owner) = zone.prepend(base32hex(&hash).as_bytes()) else { continue };
            let set = self.set(&owner, Rtype::NSEC3, rdata);
            records.extend(self.signed(&set, &zone));
        }
        records
    }

    /// A whole denial, that may even prove something.
    fn deny(&mut self, asked: &Name, message: &mut Message) {
        let zone = self.signer(asked);
        let soa = [&[0, 0][..], &[0; 20]].concat();
        let soa = self.set(&zone, Rtype::SOA, Rdata::new(soa).unwrap());
        message.authority = self.signed(&soa, &zone);
        let proofs = if self.once_in(2) { self.nsec3(asked) } else { self.nsec(asked) };
        message.authority.extend(proofs);
        message.rcode = self.pick(&[Rcode::NOERROR, Rcode::NXDOMAIN]);
    }
}
