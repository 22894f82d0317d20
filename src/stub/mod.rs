//! The client library: looks identifiers up, proves what is found, and publishes.
//!
//! | to | there is |
//! |---|---|
//! | find whose an identifier is | [`Client::find`] |
//! | find that of many identifiers, some at once | [`Client::find_many`] |
//! | read address books into identifiers | [`book`] |
//! | verify who vouches for a statement, with and without a network | [`Client::vouch`], [`verify()`] |
//! | publish a statement to every root | [`publish`] |
//! | follow the list of roots | [`roots`] |
//! | ask the tree for anything else, validated | [`Client::resolve`] |
//!
//! Each has an example in `examples/`, which runs against `threepid demo`. Asynchronous functions want
//! the runtime of `tokio`, with its time and network turned on. Everything that comes from others has a
//! limit, and nothing of it makes the library panic.
//!
//! # One identifier
//!
//! A [`Client`] asks one resolver and trusts it with nothing: signatures are checked here, from the
//! anchors of the roots. It asks for the identifier in every root, and who vouches for what they say.
//! The [`Answer`] has two verdicts: whether DNSSEC proves that the tree says so, and whether enough of the
//! verification servers that one trusts ([`Verifiers`]) vouch for it. What is both can be acted upon.
//!
//! A root that gives no answer is no failure of the lookup: [`Answer::findings`] tells what each said, or
//! the [`LookupError`]; and [`Answer::complete`] whether one was missed, that may know better.
//!
//! ```
//! use std::sync::Arc;
//! use threepid::clock::SystemClock;
//! use threepid::resolver::Root;
//! use threepid::signed::KeyName;
//! use threepid::stub::{Client, Outcome, Verifiers};
//! use threepid::threepid::Threepid;
//! use threepid::trust::Anchors;
//! # use std::{net::SocketAddr, time::Duration};
//! # use threepid::authority::{Associated, Authority, Policy, ServedZone};
//! # use threepid::{clock::Clock, crypto::SeededRandom, dnssec::ZoneKey, wire, zone::master};
//! # use threepid::transport::{Exchange, ExchangeError, Transport};
//! # struct Memory(Authority);
//! # impl Exchange for Memory {
//! #     async fn exchange(&self, _: SocketAddr, _: Transport, packet: &[u8], _: Duration)
//! #     -> Result<Vec<u8>, ExchangeError> {
//! #         let (query, mut out) = (wire::Query::parse(packet).unwrap(), Vec::new());
//! #         self.0.answer(&query, 1232, &wire::EdnsPolicy::default(), SystemClock.now(), &mut out);
//! #         Ok(out)
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let apex: wire::Name = "3pid.example.".parse()?;
//! # let key = ZoneKey::generate(apex.clone(), ZoneKey::KSK, &mut SeededRandom::new(1));
//! # let anchor = key.ds(wire::DigestType::SHA256).unwrap();
//! # let limits = master::Limits::default();
//! # let text = master::Text(b"$TTL 1h\n@ SOA ns r 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n");
//! # let built = master::read("zone", Some(&apex), &text, &limits).into_zone(Some(&apex))?;
//! # let associated = Associated::File(built.associations);
//! # let zone = ServedZone::new(built.zone, associated, vec![key], Policy::default(), SystemClock.now())?;
//! # let network = Memory(Authority::new(vec![zone])?);
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let root = Root { apex: "3pid.example.".parse()?, servers: Vec::new(), anchors: vec![anchor] };
//! let resolver = "127.0.0.1:53".parse()?;
//! # let public = threepid::crypto::SigningKey::from_seed(&[1; 32]).public();
//! let mut anchors = Anchors::default();
//! anchors.insert(KeyName::new("verify.example".parse()?, "ed25519:0".parse()?), public);
//! let client = Client::new(resolver, vec![root], network, Arc::new(SystemClock))
//!     .trusting(Verifiers { anchors, vouchers: 1 });
//!
//! let phone = Threepid::parse_any("+44 7700 900123", None)?;
//! let answer = client.find(&phone).await;
//! match &answer.outcome {
//!     Outcome::User(association) if answer.is_certain() => println!("{:?}", association.mxid),
//!     Outcome::User(_) => println!("somebody, but not proved, or not trusted"),
//!     outcome => println!("{}", outcome.as_str()),
//! }
//! # assert_eq!(answer.outcome, Outcome::Nobody);
//! # assert!(answer.is_certain());
//! # Ok(()) }) }
//! ```
//!
//! # Many, as from an address book
//!
//! A [`Book`](book::Book) reads vCards and tables, from any program and in any state, into identifiers in
//! their normal form, each once. [`Client::find_many`] keeps as many questions on the way as one wants, and
//! gives what is found as it comes.
//!
//! ```no_run
//! use threepid::stub::book::{Book, Limits};
//! use threepid::stub::{AT_ONCE, Client};
//! use threepid::transport::Network;
//!
//! async fn show(client: &Client<Network>, cards: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut book = Book::new(Some("GB".parse()?), Limits::default());
//!     for refused in book.add_vcards(cards)?.refused {
//!         println!("line {}: {}", refused.line, refused.why);
//!     }
//!     let threepids = book.contacts().iter().map(|contact| contact.threepid.clone());
//!     let mut many = client.find_many(threepids, AT_ONCE);
//!     while let Some(looked) = many.next().await {
//!         let names = &book.contacts()[looked.index].names;
//!         println!("{names:?}: {}", looked.answer.outcome.as_str());
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Publishing
//!
//! A verification server signs a statement and sends it to every root. What cannot be delivered now waits in
//! an outbox on disk, and is tried again; [`publish`] has all of it.
//!
//! ```no_run
//! use threepid::association::Statement;
//! use threepid::clock::{Clock, SystemClock};
//! use threepid::crypto::OsRandom;
//! use threepid::stub::Client;
//! use threepid::stub::publish::{Finder, Limits, Outbox, Publisher, Runner};
//! use threepid::threepid::Threepid;
//! use threepid::transport::Network;
//! use threepid::transport::http::{ClientLimits, HttpClient, Roots};
//! use threepid::wire::Name;
//!
//! async fn publish(
//!     client: Client<Network>,
//!     apexes: &[Name],
//!     (threepid, statement): (Threepid, Statement),
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let outbox = Outbox::open("outbox".as_ref(), Limits::default())?;
//!     outbox.add(threepid, statement, apexes, SystemClock.now())?;
//!
//!     let places = Finder::new(client, apexes.iter().map(|apex| (apex.clone(), None)));
//!     let fetch = HttpClient::new(&Roots::System, ClientLimits::default())?;
//!     let runner = Runner::new(Publisher::new(fetch, places, Limits::default()), outbox);
//!     let stop = std::future::pending();
//!     runner.run(&SystemClock, &mut OsRandom, &mut |entry, _| println!("{entry:?}"), stop).await?;
//!     Ok(())
//! }
//! ```

mod answer;
pub mod book;
mod finding;
mod many;
pub mod publish;
mod resolved;
pub mod roots;
#[cfg(test)]
mod tests;
mod verify;
mod vouch;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::recursor::{self, Recursor};
use crate::resolver::{self, Checking, Forward, Policy, Root};
use crate::threepid::Threepid;
use crate::transport::Exchange;
use crate::wire::{Class, Name, Question, Rtype};

pub use answer::{Answer, Outcome, Trust, Verifiers};
pub use finding::{Finding, Found, LookupError, Proof};
pub use many::{AT_ONCE, Looked, Many};
pub use resolved::Resolved;
pub use verify::verify;

/// Memory for what a client has learned of the chain of trust, in octets: 4 MiB.
const CACHE: u64 = 4 << 20;

/// How long one lookup may take: longer than a resolver takes to give up.
const DEADLINE: Duration = Duration::from_secs(15);

/// Limits for asking a resolver. It may have to walk far before it replies, and gives up after 10 s.
/// What it finds after 1.9 s it does not send over UDP, as others may have asked in our name: it is
/// asked again every 2 s, as long as a lookup may take.
fn patient() -> resolver::Limits {
    let again = Duration::from_secs(2);
    resolver::Limits {
        tries: 7,
        first_timeout: again,
        least_timeout: again,
        most_timeout: again,
        ..Default::default()
    }
}

/// Looks identifiers up. Clones share what was learned.
pub struct Client<E> {
    recursor: Recursor<E>,
    apexes: Arc<[Name]>,
    clock: Arc<dyn Clock>,
    verifiers: Arc<Verifiers>,
}

impl<E> fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("apexes", &self.apexes).finish_non_exhaustive()
    }
}

impl<E> Clone for Client<E> {
    fn clone(&self) -> Self {
        Self {
            recursor: self.recursor.clone(),
            apexes: self.apexes.clone(),
            clock: self.clock.clone(),
            verifiers: self.verifiers.clone(),
        }
    }
}

impl<E: Exchange + 'static> Client<E> {
    /// Looks in these roots, whose servers do not matter, by asking `resolver`.
    pub fn new(resolver: SocketAddr, roots: Vec<Root>, exchange: E, clock: Arc<dyn Clock>) -> Self {
        let apexes: Arc<[Name]> = roots.iter().map(|root| root.apex.clone()).collect();
        let forward = |zone: &Name| Forward { zone: zone.clone(), resolvers: vec![resolver] };
        let forwards = apexes.iter().map(forward).collect();
        let policy = Policy { roots, forwards, limits: patient(), ..Policy::default() };
        let limits = recursor::Limits {
            deadline: DEADLINE,
            cache_octets: CACHE,
            prefetches: 0,
            ..Default::default()
        };
        let recursor = Recursor::new(policy, exchange, clock.clone(), limits);
        Self { recursor, apexes, clock, verifiers: Arc::default() }
    }

    /// Finds the answer to any question about a name in these roots.
    ///
    /// # Errors
    /// Where there is none, or none that can be believed.
    pub async fn resolve(&self, question: Question) -> Result<Resolved, LookupError> {
        let rtype = question.rtype;
        let response = self.recursor.resolve(question, Checking::Enabled).await;
        Resolved::read(rtype, &response).map_err(|error| error.of_resolver(&self.apexes))
    }

    /// Believes these verification servers; a new client believes none.
    pub fn trusting(self, verifiers: Verifiers) -> Self {
        Self { verifiers: verifiers.into(), ..self }
    }

    /// Finds whose `threepid` is: asks every root for its statement, all at once, and who vouches
    /// for it, by the certificates in the tree of that root.
    pub async fn find(&self, threepid: &Threepid) -> Answer {
        let findings = self.ask_roots(threepid, true).await;
        Answer::of(findings, threepid, &self.verifiers, self.clock.now())
    }

    /// Asks every root for the statement about `threepid`, all at once. Gives what each said, in
    /// the order of the roots. Who vouches for it is not asked.
    pub async fn lookup(&self, threepid: &Threepid) -> Vec<Finding> {
        self.ask_roots(threepid, false).await
    }

    async fn ask_roots(&self, threepid: &Threepid, judge: bool) -> Vec<Finding> {
        let ask = |apex: &Name| {
            let (client, threepid, apex) = (self.clone(), threepid.clone(), apex.clone());
            tokio::spawn(async move { client.ask_root(&threepid, apex, judge).await })
        };
        let asked: Vec<_> = self.apexes.iter().map(|apex| (apex, ask(apex))).collect();
        let mut findings = Vec::with_capacity(asked.len());
        for (apex, finding) in asked {
            findings.push(finding.await.unwrap_or_else(|_| Finding {
                apex: apex.clone(),
                outcome: Err(LookupError::Interrupted),
                vouching: None,
            }));
        }
        findings
    }

    async fn ask_root(&self, threepid: &Threepid, apex: Name, judge: bool) -> Finding {
        let outcome = match threepid.owner(&apex) {
            Ok(owner) => self.lookup_name(owner).await,
            Err(error) => Err(LookupError::Name(error)),
        };
        let statement = outcome.as_ref().ok().and_then(|found| found.statement.as_ref());
        let vouching = match statement {
            Some(statement) if judge => {
                Some(self.vouch(threepid, statement, &apex, &self.verifiers.anchors).await)
            }
            _ => None,
        };
        Finding { apex, outcome, vouching }
    }

    async fn lookup_name(&self, owner: Name) -> Result<Found, LookupError> {
        let question = Question { name: owner.clone(), rtype: Rtype::ASSOC, class: Class::IN };
        let response = self.recursor.resolve(question, Checking::Enabled).await;
        Found::read(owner, &response).map_err(|error| error.of_resolver(&self.apexes))
    }
}
