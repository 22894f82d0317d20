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
//! use threepid::resolver::Root;
//! use threepid::signed::KeyName;
//! use threepid::stub::{Client, Outcome, Verifiers};
//! use threepid::threepid::Threepid;
//! use threepid::trust::Anchors;
//! # use std::{net::SocketAddr, sync::Arc, time::Duration};
//! # use threepid::authority::{Associated, Authority, Policy, ServedZone};
//! # use threepid::clock::{Clock, SystemClock};
//! # use threepid::{crypto::SeededRandom, dnssec::{ZoneKey, keyfile}, wire, zone::master};
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
//! # let text_of_anchors = keyfile::write(&key).public;
//! # let limits = master::Limits::default();
//! # let text = master::Text(b"$TTL 1h\n@ SOA ns r 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n");
//! # let built = master::read("zone", Some(&apex), &text, &limits).into_zone(Some(&apex))?;
//! # let associated = Associated::File(built.associations);
//! # let zone = ServedZone::new(built.zone, associated, vec![key], Policy::default(), SystemClock.now())?;
//! # let network = Memory(Authority::new(vec![zone])?);
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! // "3pid.example. IN DS 2371 15 2 …", got from who keeps the root.
//! let root = Root::proved_by("3pid.example.".parse()?, &text_of_anchors)?;
//! let resolver = "127.0.0.1:53".parse()?;
//! # let public = threepid::crypto::SigningKey::from_seed(&[1; 32]).public();
//! let mut anchors = Anchors::default();
//! anchors.insert(KeyName::new("verify.example".parse()?, "ed25519:0".parse()?), public);
//! let client = Client::new(resolver, vec![root]);
//! # let limits = threepid::stub::Limits::default();
//! # let root = Root::proved_by("3pid.example.".parse()?, &text_of_anchors)?;
//! # let client = Client::over(network, Arc::new(SystemClock), resolver, vec![root], limits);
//! let client = client.trusting(Verifiers { anchors, vouchers: 1 });
//!
//! let phone = Threepid::parse_any("+44 7700 900123", None)?;
//! let answer = client.find(&phone).await;
//! match &answer.outcome {
//!     Outcome::User(association) if answer.is_certain() => println!("{:?}", association.mxid),
//!     Outcome::User(_) => println!("somebody, but not proved, or not trusted"),
//!     outcome => println!("{}", outcome.as_str()),
//! }
//! # assert_eq!(answer.outcome, Outcome::Unknown);
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
//!
//! async fn show(client: &Client, cards: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
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
//! use threepid::transport::http::{ClientLimits, HttpClient, TrustStore};
//!
//! async fn publish(
//!     client: Client,
//!     (threepid, statement): (Threepid, Statement),
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let outbox = Outbox::open("outbox".as_ref(), Limits::default())?;
//!     outbox.add(threepid, statement, client.apexes(), SystemClock.now())?;
//!
//!     let fetch = HttpClient::new(&TrustStore::System, ClientLimits::default())?;
//!     let publisher = Publisher::new(fetch, Finder::new(client), Limits::default());
//!     let runner = Runner::new(publisher, outbox);
//!     let stop = std::future::pending();
//!     runner.run(&SystemClock, &mut OsRandom, &mut |entry, _| println!("{entry:?}"), stop).await?;
//!     Ok(())
//! }
//! ```

mod answer;
pub mod book;
mod client;
mod finding;
mod limits;
mod many;
pub mod publish;
mod resolved;
pub mod roots;
#[cfg(test)]
mod tests;
mod verify;
mod vouch;

pub use answer::{Answer, Outcome, Trust, Verifiers};
pub use client::Client;
pub use finding::{Finding, Found, LookupError, Proof};
pub use limits::Limits;
pub use many::{AT_ONCE, Looked, Many};
pub use resolved::Resolved;
pub use verify::verify;
