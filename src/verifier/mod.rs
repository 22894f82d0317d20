//! The verification server: it proves that people control addresses, signs whose these are, and has that
//! published in every tree.
//!
//! A [`Verifier`] knows no endpoint of HTTP: services ask it in the name of a [`Caller`]. What it may not
//! forget is in the [`Ledger`](crate::store::ledger::Ledger), what it publishes in the
//! [`Outbox`](crate::stub::publish::Outbox): both are on disk before it answers.

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

use crate::association::Mxid;
use crate::signed::ServerName;
use crate::threepid::Threepid;
use crate::verification::{ClientSecret, SessionId};

use bounds::Gates;
use work::Turns;

pub use bounds::{Bound, Bounds};
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
    gates: Gates,
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
    /// A verification server that signs with these keys.
    pub fn new(keys: SigningKeys, settings: Settings, means: Means) -> Self {
        Self {
            keys: ArcSwap::from_pointee(keys),
            gates: Gates::new(&settings.bounds),
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
