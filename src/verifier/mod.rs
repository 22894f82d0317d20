//! The verification server: it proves that people control addresses, signs whose these are, and has that
//! published in every tree.
//!
//! A [`Verifier`] knows no endpoint of HTTP: services ask it in the name of a [`Caller`].
//!
//! | asked | it |
//! |---|---|
//! | [`request_token`](Verifier::request_token), [`submit`](Verifier::submit), [`validated`](Verifier::validated) | sends a token to an address, and takes it back: by itself, or by a [`Delegate`] |
//! | [`bind`](Verifier::bind), [`unbind`](Verifier::unbind) | signs whose the address is, or that it is nobody's any more, and publishes that |
//! | [`invite`](Verifier::invite) | keeps an invitation until somebody binds the address, and tells his homeserver then |
//! | [`cosign`](Verifier::cosign), [`confirm`](Verifier::confirm) | proves what another server has proved, and signs the same; its own statements are offered to each [`Cosigner`] |
//! | [`run`](Verifier::run) | does what is left to do, all the while |
//!
//! # What it guards against
//!
//! - *Who does not control an address* has nothing signed: a token goes there alone, is compared in constant time,
//!   and bears few guesses, over all sessions of the address ([`Bounds`]). A session opens for its client secret
//!   alone, and one that another server asked for opens for no client.
//! - *Who wants to know who has an address* learns nothing: a message is sent, or not, whoever has it. What was
//!   proved is told to who proved it; what the trees tell is for everybody anyway.
//! - *Who floods people*, or earns by messages to expensive numbers, is turned away by network, user, homeserver,
//!   address, mail domain and phone prefix, before anything is sent or looked up. There is a ceiling of all SMS and
//!   of all mails. Who is turned away takes nothing from others ([`Gates`]).
//! - *Somebody else's consent*: `bind` wants it from whoever asks it; `unbind` wants a session of the address, or
//!   the user's own homeserver.
//! - *Two truths*: a statement is made after every other there is, here, on its way or in a tree, and goes to every
//!   root. Where that cannot be, as some clock is far off or no root answers, nothing is signed.
//! - *A crash*: sessions, what was signed, what is to be told and asked are in the
//!   [`Ledger`](crate::store::ledger::Ledger), statements in the [`Outbox`](crate::stub::publish::Outbox), both on
//!   disk before it answers; what was due when the process ended is done when it starts again. Who goes away while
//!   he is served breaks nothing off.
//! - *Servers it works with*: a delegate is believed about what it was asked, and learns no secret of a client; a
//!   server that asks to sign is one that is known, for its scope, and gets nothing signed but that an address is a
//!   user's, once the address itself has said so.
//! - *The log* has no token, no secret, and of addresses the start of a hash, unless the operator wants them there.
//!
//! # One at work
//!
//! ```no_run
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use threepid::certificate::Scope;
//! use threepid::clock::SystemClock;
//! use threepid::courier::Log;
//! use threepid::signed::NamedKey;
//! use threepid::store::ledger::Ledger;
//! use threepid::stub::Client;
//! use threepid::stub::publish::{self, Outbox};
//! use threepid::telemetry::Telemetry;
//! use threepid::threepid::Medium;
//! use threepid::transport::http::{ClientLimits, HttpClient, TrustStore};
//! use threepid::verification::{Courier, Policy};
//! use threepid::verifier::{Homeservers, Links, Means, Settings, SigningKeys, Verifier};
//!
//! async fn verify(
//!     client: Client,
//!     homeservers: Arc<dyn Homeservers>,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let key = NamedKey::from_text(&std::fs::read_to_string("verification.key")?)?;
//!     let keys = SigningKeys::new("verify.example".parse()?, key);
//!     let scope = Scope::new(vec!["email:*".parse()?, "msisdn:44".parse()?]);
//!     let policy = Policy { scope, ..Policy::default() };
//!     let links = Links { base: "https://verify.example/".parse()?, web_client: None };
//!
//!     let courier: Arc<dyn Courier> = Arc::new(Log::default());
//!     let means = Means {
//!         ledger: Arc::new(Ledger::open("ledger".as_ref())?),
//!         // A runner of a clone of it sends what is put in.
//!         outbox: Outbox::open("outbox".as_ref(), publish::Limits::default())?,
//!         tree: Arc::new(client),
//!         couriers: BTreeMap::from([(Medium::Email, courier)]),
//!         web: Arc::new(HttpClient::new(&TrustStore::System, ClientLimits::default())?),
//!         homeservers,
//!         clock: Arc::new(SystemClock),
//!     };
//!     let telemetry = Telemetry::new("threepid");
//!     let settings = Settings::new(policy, links);
//!     let verifier = Arc::new(Verifier::new(keys, settings, means, &telemetry));
//!     // Services ask the verifier meanwhile.
//!     verifier.run(std::future::pending()).await;
//!     Ok(())
//! }
//! ```

mod bind;
mod bounds;
mod chores;
mod cosign;
mod delegate;
mod invite;
mod keys;
mod links;
mod refused;
mod seams;
mod sessions;
mod settings;
mod standing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod work;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::allowance::Gates;
use crate::association::Mxid;
use crate::signed::ServerName;
use crate::telemetry::Telemetry;
use crate::threepid::Threepid;
use crate::verification::{ClientSecret, SessionId};

use work::Turns;

pub use bounds::{Asked, Bound, Bounds};
pub use cosign::Confirmation;
pub use invite::{Invite, Invited};
pub use keys::SigningKeys;
pub use links::Links;
pub use refused::Refused;
pub use seams::{Homeservers, NotTold, Tree, Web};
pub use settings::{Cosigner, Delegate, Limits, Means, Settings};

/// A verification server at work.
pub struct Verifier {
    keys: ArcSwap<SigningKeys>,
    settings: Settings,
    means: Means,
    gates: Gates<Bound>,
    /// Whose session is opened.
    openings: Turns,
    /// Of what is said something new.
    statements: Turns,
    /// Wakes who does what is left to do.
    chores_added: Notify,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("server", self.keys().server()).finish_non_exhaustive()
    }
}

/// In whose name something is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Where the request comes from.
    pub network: IpAddr,
    /// Whose account was used, where one was.
    pub mxid: Option<Mxid>,
}

/// A message with a token that somebody wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What is to be verified.
    pub threepid: Threepid,
    /// What its client will prove with that the session is its own.
    pub client_secret: ClientSecret,
    /// A message goes out where it is greater than before.
    pub send_attempt: u64,
    /// Where whoever follows the link is sent on to.
    pub next_link: Option<String>,
}

/// Why somebody may say that an identifier belongs to a user no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// He controls it: a validated session of this id, and its secret.
    Session(SessionId, ClientSecret),
    /// The request is signed by this homeserver, as whoever gives this has checked: it is the user's.
    Homeserver(ServerName),
}

impl Verifier {
    /// A verification server that signs with these keys, and counts in `telemetry` whom it turns away.
    pub fn new(keys: SigningKeys, settings: Settings, means: Means, telemetry: &Telemetry) -> Self {
        Self {
            keys: ArcSwap::from_pointee(keys),
            gates: Gates::new(&settings.bounds, telemetry, "verification_turned_away"),
            settings,
            means,
            openings: Turns::new(),
            statements: Turns::new(),
            chores_added: Notify::new(),
        }
    }

    /// The keys that it signs with.
    pub fn keys(&self) -> Arc<SigningKeys> {
        self.keys.load_full()
    }

    /// Signs with other keys from now on. Those of before should be among them, as older ones.
    pub fn sign_with(&self, keys: SigningKeys) {
        self.keys.store(Arc::new(keys));
    }
}
