//! Tells what a walk does as it does it, to people or to programs.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::cli::{Exit, lookup, output};
use crate::clock::{Clock, SystemClock};
use crate::dnssec::Security;
use crate::resolver::{Cause, Kind, Meaning, Note, Policy, Response, Special, Trusted};
use crate::stub::Answer;
use crate::threepid::Threepid;
use crate::wire::rdata::address;
use crate::wire::{Message, Name, Question, Transport};

use super::delegation::Delegation;
use super::{object, text, unproved};

/// Tells, and keeps what it takes to tell the next thing.
#[derive(Debug)]
pub(super) struct Teller {
    json: bool,
    /// How it is resolved.
    policy: Policy,
    /// When the first walk began.
    begun: Option<Instant>,
    /// What is out, and since when.
    out: Option<(Asked, Instant)>,
    /// Whom the last question went to.
    last: Option<(Name, Server, Transport)>,
    names: Names,
    /// The zone, where this walk led to one that nobody is asked about.
    special: Option<&'static Special>,
    /// What was told last of the trust in each zone.
    trust: HashMap<Name, Result<Trusted, Cause>>,
    asked: HashSet<SocketAddr>,
    questions: u32,
    proved: u32,
}

/// A question, and who is asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) zone: Name,
    pub(super) question: Question,
    pub(super) server: Server,
    pub(super) via: Transport,
    /// Whether it is a resolver, not an authority.
    pub(super) forward: bool,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// As the delegation calls it; the servers of a root have no names here.
    pub(super) name: Option<Name>,
}

/// What came of a question.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) after: Duration,
    pub(super) meaning: Meaning,
    pub(super) message: Option<Box<Message>>,
    /// Where it is a referral, or names the servers of the zone itself.
    pub(super) delegation: Option<Delegation>,
}

/// What it took.
#[derive(Debug)]
pub(super) struct Totals {
    pub(super) questions: u32,
    pub(super) servers: usize,
    pub(super) proved: u32,
    pub(super) time: Duration,
}

/// What servers are called.
#[derive(Debug, Default)]
struct Names {
    servers: HashSet<Name>,
    of: HashMap<IpAddr, Name>,
}

impl Names {
    /// Learns from referrals, and from what is found where a referral left out addresses.
    fn learn(&mut self, heard: &Heard) {
        for (name, addresses) in heard.delegation.iter().flat_map(|cut| &cut.servers) {
            self.servers.insert(name.clone());
            self.of.extend(addresses.iter().map(|address| (*address, name.clone())));
        }
        let answers = heard.message.iter().flat_map(|message| &message.answer);
        for record in answers.filter(|record| self.servers.contains(&record.name)) {
            let address = address(record.rtype, &record.rdata).ok();
            self.of.extend(address.map(|address| (address, record.name.clone())));
        }
    }
}

impl Teller {
    pub(super) fn new(json: bool, policy: Policy) -> Self {
        Self {
            json,
            policy,
            begun: None,
            out: None,
            last: None,
            names: Names::default(),
            special: None,
            trust: HashMap::new(),
            asked: HashSet::new(),
            questions: 0,
            proved: 0,
        }
    }

    fn say(&self, object: impl FnOnce() -> Value, text: impl FnOnce() -> String) {
        if self.json {
            output::print(format_args!("{}\n", object()));
        } else {
            output::print(text());
        }
    }

    /// A walk begins.
    pub(super) fn begin(&mut self, question: &Question) {
        let (first, root) = (self.begun.is_none(), self.policy.root_of(&question.name));
        self.say(|| object::walk(question, root), || text::walk(question, root, first));
        self.begun.get_or_insert_with(Instant::now);
        (self.last, self.special) = (None, None);
        self.trust.clear();
        self.names = Names::default();
    }

    /// A step was taken.
    pub(super) fn tell(&mut self, note: Note) {
        match note {
            Note::Asks { zone, question, server, via } => {
                let name = self.names.of.get(&server.ip()).cloned();
                let server = Server { address: server, name };
                let forward = self.is_forward(&zone, server.address);
                self.asks(Asked { zone, question, server, via, forward });
            }
            Note::Heard { message, meaning } => {
                let Some((asked, since)) = self.out.take() else { return };
                let delegation = match (&meaning, &message) {
                    (Meaning::Referral(zone), Some(reply)) => Some(Delegation::read(zone, reply)),
                    (Meaning::Servers(zone), Some(reply)) => Some(Delegation::own(zone, reply)),
                    _ => None,
                };
                let heard = Heard { after: since.elapsed(), meaning, message, delegation };
                self.names.learn(&heard);
                self.say(|| object::question(&asked, &heard), || text::heard(&heard));
            }
            Note::Special { name, rtype, zone } => {
                self.special = Some(zone);
                self.say(
                    || object::special(&name, rtype, zone),
                    || text::special(&name, rtype, zone),
                );
            }
            Note::Proved { name, rtype, by } => {
                self.proved += 1;
                self.say(|| object::proved(&name, rtype, &by), || text::proved(&name, rtype, &by));
            }
            Note::Trusts { zone, trusted } => self.trusts(zone, trusted),
            Note::Rejects(cause) => {
                self.say(|| object::rejected(&cause), || text::rejected(&cause));
            }
        }
    }

    /// Whether this is one of the resolvers for the names of a zone.
    fn is_forward(&self, zone: &Name, server: SocketAddr) -> bool {
        let forwards = &self.policy.forwards;
        forwards.iter().any(|it| it.zone == *zone && it.resolvers.contains(&server))
    }

    fn asks(&mut self, asked: Asked) {
        self.questions += 1;
        self.asked.insert(asked.server.address);
        if !self.json {
            let whom = Some((asked.zone.clone(), asked.server.clone(), asked.via));
            if self.last != whom {
                output::print(text::heading(&asked));
                self.last = whom;
            }
            output::print(text::question(&asked.question));
        }
        self.out = Some((asked, Instant::now()));
    }

    /// Trust matters again and again; it is told when it is new.
    fn trusts(&mut self, zone: Name, trusted: Result<Trusted, Cause>) {
        if self.trust.get(&zone) != Some(&trusted) {
            let anchored = self.policy.root_of(&zone).is_some_and(|root| root.apex == zone);
            let reason = match trusted {
                Ok(Trusted::Insecure(why)) => unproved::zone(&zone, why, &self.policy),
                _ => None,
            };
            let reason = reason.as_deref();
            self.say(
                || object::trust(&zone, &trusted, reason),
                || text::trust(&zone, &trusted, anchored, reason),
            );
            self.trust.insert(zone, trusted);
        }
    }

    /// A walk for a name came to this. Gives what the program ends with.
    pub(super) fn answer(&self, question: &Question, response: &Response) -> Exit {
        let is_open = response.security != Security::Secure && response.failure.is_none();
        let unproved = || unproved::answer(question, response, &self.policy, self.special);
        let unproved = is_open.then(unproved);
        let unproved = unproved.as_deref();
        self.say(
            || object::answer(question, response, unproved),
            || text::answer(question, response, unproved),
        );
        match (&response.kind, response.security) {
            (None, _) => Exit::Error,
            (_, security) if security != Security::Secure => Exit::Unproved,
            (Some(Kind::Data | Kind::Alias(_)), _) => Exit::Success,
            (Some(_), _) => Exit::NotFound,
        }
    }

    /// The walks for an identifier came to this.
    pub(super) fn identifier(&self, given: &str, threepid: &Threepid, answer: &Answer) {
        self.say(
            || object::event("identifier", lookup::object::object(given, threepid, answer)),
            || format!("\n{}", lookup::show::lines(threepid, answer, None, SystemClock.now())),
        );
    }

    /// There is nothing to walk to.
    pub(super) fn fail(&self, what: &str, error: impl Display) -> Exit {
        if self.json {
            output::print(format_args!("{}\n", object::error(what, &error)));
            return Exit::Error;
        }
        output::fail(format_args!("{what:?}: {error}"))
    }

    /// All is told: what it took, if there was a walk.
    pub(super) fn end(&self) {
        let Some(begun) = self.begun else { return };
        let totals = Totals {
            questions: self.questions,
            servers: self.asked.len(),
            proved: self.proved,
            time: begun.elapsed(),
        };
        self.say(|| object::end(&totals), || text::end(&totals));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Class, Rdata, Record, Rtype, Ttl};

    fn record(name: &str, rtype: Rtype, rdata: &[u8]) -> Record {
        let (name, ttl) = (name.parse().unwrap(), Ttl::from_secs(60));
        Record { name, rtype, class: Class::IN, ttl, rdata: Rdata::new(rdata.to_vec()).unwrap() }
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn heard(meaning: Meaning, message: Message) -> Heard {
        let delegation = match &meaning {
            Meaning::Referral(zone) => Some(Delegation::read(zone, &message)),
            _ => None,
        };
        Heard { after: Duration::ZERO, meaning, message: Some(Box::new(message)), delegation }
    }

    #[test]
    fn servers_are_called_as_delegations_call_them() {
        let question = Question { name: name("a.example."), rtype: Rtype::A, class: Class::IN };
        let mut referral = Message::query(1, question);
        for server in ["near.example.", "far.test."] {
            let target = name(server);
            referral.authority.push(record("example.", Rtype::NS, target.as_wire()));
        }
        referral.authority.push(record("other.", Rtype::NS, name("other.test.").as_wire()));
        referral.authority.push(record("example.", Rtype::NSEC, &[0]));
        referral.additional = vec![
            record("near.example.", Rtype::A, &[192, 0, 2, 1]),
            record("other.test.", Rtype::A, &[192, 0, 2, 3]),
        ];
        let mut found = Message { authority: Vec::new(), ..referral.clone() };
        found.answer = vec![
            record("far.test.", Rtype::A, &[192, 0, 2, 2]),
            record("a.example.", Rtype::A, &[192, 0, 2, 1]),
        ];

        let mut names = Names::default();
        let referral = heard(Meaning::Referral(name("example.")), referral);
        let cut = referral.delegation.as_ref().unwrap();
        let near = (name("near.example."), vec!["192.0.2.1".parse().unwrap()]);
        assert_eq!(cut.servers, [near, (name("far.test."), Vec::new())]);
        assert!(cut.ds.is_empty() && cut.denied);
        names.learn(&referral);
        names.learn(&heard(Meaning::Answer(Kind::Data), found));
        let called = |address: &str| names.of.get(&address.parse().unwrap()).cloned();
        assert_eq!(called("192.0.2.1"), Some(name("near.example.")));
        assert_eq!(called("192.0.2.2"), Some(name("far.test.")));
        assert_eq!(called("192.0.2.3"), None);
    }
}
