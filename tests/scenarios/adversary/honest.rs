//! The tree as it is, at one server, and what resolving in it comes to.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use threepid::crypto::SeededRandom;
use threepid::dnssec::Security;
use threepid::recursor::{self, Memory};
use threepid::resolver::{Cause, Checking, Input, Kind, Policy, Resolution, Response, Step};
use threepid::wire::{Message, Name, Question, Rdata, Rrset, Rtype, Transport, Ttl};

use super::super::net::{Incoming, Server, name, parse, response_to};
use super::super::tree::{
    NOW, PERSON, PORTED, association, authority, domain_zones, root_zone, uk_zone, zone,
};

/// How many replies are kept.
const MOST_KNOWN: usize = 20_000;

/// A zone whose server has an alias at its apex, which no zone may have.
const TWISTED: &str = "twisted.3pid.example.";

/// A server of all zones.
pub(super) struct Honest {
    server: Server,
    known: HashMap<Asked, Vec<u8>>,
}

/// What a reply depends on, but for what it repeats of the question.
#[derive(PartialEq, Eq, Hash)]
struct Asked {
    question: Question,
    flags: [u8; 2],
    by_udp: bool,
    by_edns: bool,
    /// Signatures made within an hour hold all through it.
    hour: u64,
}

impl Honest {
    pub(super) fn new() -> Rc<RefCell<Self>> {
        let mut zones = domain_zones();
        let dora = format!("{PERSON}._at {}", association("dora"));
        zones.extend([
            // It knows nothing of the tree below it, which has anchors of its own.
            zone(".", "1", false, "www.example.net A 192.0.2.200"),
            root_zone(),
            uk_zone(),
            zone(PORTED, "99", true, &format!("@ {}", association("carol"))),
            zone("example.org.email.3pid.example.", "20", false, &dora),
        ]);
        Rc::new(RefCell::new(Self { server: authority(zones), known: HashMap::new() }))
    }

    pub(super) fn reply(&mut self, incoming: &Incoming<'_>) -> Vec<u8> {
        let question = incoming.query.question.as_ref().unwrap();
        let asked = Asked {
            question: Question { name: question.name.to_lowercase(), ..question.clone() },
            flags: [incoming.octets[2], incoming.octets[3]],
            by_udp: incoming.via == Transport::Udp,
            by_edns: incoming.query.edns.is_some(),
            hour: incoming.now.as_secs() / 3600,
        };
        if self.known.len() > MOST_KNOWN {
            self.known.clear();
        }
        let server = &mut self.server;
        let known = self.known.entry(asked).or_insert_with(|| reply(server, incoming));
        let mut reply = known.clone();
        let end = 12 + question.name.as_wire().len();
        reply[..2].copy_from_slice(&incoming.octets[..2]);
        reply[12..end].copy_from_slice(&incoming.octets[12..end]);
        reply
    }
}

fn reply(server: &mut Server, incoming: &Incoming<'_>) -> Vec<u8> {
    let question = incoming.query.question.as_ref().unwrap();
    let twisted = name(TWISTED);
    if !question.name.is_at_or_below(&twisted) || is_of_parent(question, &twisted) {
        return server(incoming).remove(0);
    }
    let set = |rtype, octets: &[u8]| {
        let rdata = Rdata::new(octets.to_vec()).unwrap();
        Rrset::single(twisted.clone(), rtype, Ttl::from_secs(300), rdata)
    };
    let mut message = response_to(&incoming.query);
    if question.name == twisted {
        let alias = set(Rtype::CNAME, name("there.3pid.example.").as_wire());
        message.answer = alias.records().collect();
    } else {
        let soa = set(Rtype::SOA, &[0; 22]);
        message.authority = soa.records().collect();
    }
    message.encode()
}

fn is_of_parent(question: &Question, zone: &Name) -> bool {
    question.rtype == Rtype::DS && question.name == *zone
}

fn is_any(question: &str) -> bool {
    question.ends_with(" ANY")
}

/// A set, whatever its TTL and the case of its names.
type Set = (Name, Rtype, BTreeSet<Vec<u8>>);

/// What someone is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) security: Security,
    pub(super) failure: Option<Cause>,
    end: End,
    sets: BTreeSet<Set>,
}

/// What is at the end of a chain of aliases.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Data,
    NoData,
    NoName,
    Nothing,
}

impl Told {
    pub(super) fn of(response: &Response) -> Self {
        let end = match response.kind {
            None => End::Nothing,
            Some(Kind::NoData) => End::NoData,
            Some(Kind::NameError | Kind::CompactNameError) => End::NoName,
            Some(Kind::Data | Kind::Alias(_) | Kind::AliasTooLong) => End::Data,
        };
        let sets = response.answer.iter().map(|set| {
            let lower = |rdata: &Rdata| rdata.octets().to_ascii_lowercase();
            let rdata = set.rrset.rdata.iter().map(lower).collect();
            (set.rrset.name.to_lowercase(), set.rrset.rtype, rdata)
        });
        let (security, failure) = (response.security, response.failure.clone());
        Self { security, failure, end, sets: sets.collect() }
    }
}

/// What is true of the tree, for those who resolve in one way.
pub(super) struct Truths {
    honest: Rc<RefCell<Honest>>,
    policy: Arc<Policy>,
    known: HashMap<String, Told>,
}

impl Truths {
    pub(super) fn new(honest: Rc<RefCell<Honest>>, policy: Policy) -> Self {
        Self { honest, policy: Arc::new(policy), known: HashMap::new() }
    }

    /// Holds what was told against the truth.
    pub(super) fn check(&mut self, question: &str, told: &Told) {
        let truth = self.find(question);
        match (told.security, truth.security) {
            (Security::Secure, Security::Secure) if is_any(question) => {
                self.check_any(question, told, &truth);
            }
            (Security::Secure, Security::Secure) => assert_eq!(*told, truth, "{question}"),
            (Security::Secure, _) | (Security::Insecure, Security::Secure) => {
                panic!("{question}: {told:#?} is told, {truth:#?} is true")
            }
            _ => {}
        }
    }

    /// Of what there is of any type, some is enough; or that there is nothing but proofs of this.
    fn check_any(&mut self, question: &str, told: &Told, truth: &Told) {
        for set in &told.sets {
            let (owner, rtype, _) = set;
            let is_true = truth.sets.contains(set)
                || self.find(&format!("{owner} {rtype}")).sets.contains(set);
            assert!(is_true, "{question}: {set:?} is told, {truth:#?} is true");
        }
        let mut left = truth.sets.difference(&told.sets);
        let is_all = left.all(|(_, rtype, _)| *rtype == Rtype::NSEC);
        assert!(
            told.end == End::Data || is_all,
            "{question}: {told:#?} is told, {truth:#?} is true"
        );
    }

    /// Holds what was told by those who do not lie against the truth. Without judgement it is no more
    /// than data.
    pub(super) fn check_honest(&mut self, question: &str, checking: Checking, told: &Told) {
        let truth = self.find(question);
        assert_eq!(told.failure, truth.failure, "{question}");
        if checking == Checking::Enabled {
            assert_eq!(told.security, truth.security, "{question}");
        }
        if is_any(question) {
            self.check_any(question, told, &truth);
        } else {
            assert_eq!((told.end, &told.sets), (truth.end, &truth.sets), "{question}");
        }
    }

    /// What comes of a question where nobody lies and nothing is remembered.
    fn find(&mut self, question: &str) -> Told {
        if let Some(told) = self.known.get(question) {
            return told.clone();
        }
        let told = Told::of(&self.resolve(question));
        let fine = matches!(
            told.failure,
            None | Some(Cause::OutsideRoots(_) | Cause::AliasOutsideRoots(_))
        );
        assert!(fine, "{question}: {told:?}");
        self.known.insert(question.to_owned(), told.clone());
        told
    }

    fn resolve(&self, question: &str) -> Response {
        let memory = Memory::new(&recursor::Limits { cache_octets: 1 << 20, ..Default::default() });
        let mut random = SeededRandom::new(1);
        let mut resolution =
            Resolution::new(self.policy.clone(), parse(question), Checking::Enabled);
        let mut step = resolution.step(Input::Start, NOW, &memory, &mut random);
        loop {
            let send = match step {
                Step::Send(send) => send,
                Step::Done(response) => return *response,
                Step::Fail(cause) => return Response::failure(cause),
                Step::Wait => panic!("{question}: waits for nothing"),
            };
            let reply = self.honest.borrow_mut().reply(&super::incoming(&send, NOW));
            step = resolution.step(Input::Reply(&reply), NOW, &memory, &mut random);
        }
    }
}

/// An honest reply to another question.
pub(super) fn instead(
    honest: &RefCell<Honest>,
    incoming: &Incoming<'_>,
    name: Name,
    rtype: Rtype,
) -> Message {
    let mut query = incoming.query.clone();
    query.question.iter_mut().for_each(|question| {
        question.name = name.clone();
        question.rtype = rtype;
    });
    let octets = query.encode();
    let other = Incoming { octets: &octets, query, via: incoming.via, now: incoming.now };
    Message::decode(&honest.borrow_mut().reply(&other)).unwrap()
}
