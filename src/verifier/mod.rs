//! The verification server: it proves that people control addresses, signs whose these are, and has that
//! published in every tree.
//!
//! A [`Verifier`] knows no endpoint of HTTP: services ask it in the name of a [`Caller`]. What it may not
//! forget is in the [`Ledger`](crate::store::ledger::Ledger), what it publishes in the
//! [`Outbox`](crate::stub::publish::Outbox): both are on disk before it answers.

#![expect(dead_code, reason = "its parts are put together one after the other")]

mod bounds;
mod invite;
mod keys;
mod refused;
mod seams;
mod settings;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::association::Mxid;
use crate::signed::ServerName;
use crate::threepid::Threepid;
use crate::verification::{ClientSecret, SessionId};

use bounds::Gates;

pub use bounds::{Bound, Bounds};
pub use invite::{Invite, Invited};
pub use keys::SigningKeys;
pub use refused::Refused;
pub use seams::{Homeservers, NotTold, Tree, Web};
pub use settings::{Cosigner, Delegate, Limits, Links, Means, Settings};

/// A verification server at work.
pub struct Verifier {
    keys: ArcSwap<SigningKeys>,
    settings: Settings,
    means: Means,
    gates: Gates,
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
        let gates = Gates::new(&settings.bounds);
        Self { keys: ArcSwap::from_pointee(keys), settings, means, gates }
    }

    /// The keys that it signs with.
    pub fn keys(&self) -> Arc<SigningKeys> {
        self.keys.load_full()
    }

    /// Signs with other keys from now on. Those of before should be among them, as older ones.
    pub fn sign_with(&self, keys: SigningKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// Opens a session, or goes on with the one that this client opened for this identifier, and sends the
    /// message where one is due.
    ///
    /// Nobody is asked about the identifier: the answer does not tell whether anybody has it.
    ///
    /// # Errors
    /// [`Refused::OutOfScope`], [`Refused::TooOften`], [`Refused::Session`], [`Refused::Undeliverable`],
    /// [`Refused::NotSent`], [`Refused::Elsewhere`], [`Refused::Unavailable`].
    pub async fn request_token(&self, _: Wanted, _: &Caller) -> Result<SessionId, Refused> {
        Err(Refused::Unavailable)
    }

    /// Takes a token back. Gives where to send on whoever followed the link.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::TooOften`], [`Refused::Elsewhere`], [`Refused::Unavailable`].
    pub async fn submit(
        &self,
        _: &SessionId,
        _: &ClientSecret,
        _: &str,
        _: &Caller,
    ) -> Result<Option<String>, Refused> {
        Err(Refused::Unavailable)
    }

    /// What a session has proved, and when.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::Elsewhere`], [`Refused::Unavailable`].
    pub async fn validated(
        &self,
        _: &SessionId,
        _: &ClientSecret,
    ) -> Result<(Threepid, crate::clock::Timestamp), Refused> {
        Err(Refused::Unavailable)
    }

    /// Signs that what a session has proved belongs to `mxid`, and has it published. Gives Matrix's signed
    /// association, in JSON. That the user wants it is for whoever asks to know: an access token of `mxid`.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::OutOfScope`], [`Refused::TooOften`], [`Refused::InUse`],
    /// [`Refused::Undetermined`], [`Refused::Elsewhere`], [`Refused::Unavailable`].
    pub async fn bind(
        &self,
        _: &SessionId,
        _: &ClientSecret,
        _: &Mxid,
        _: &Caller,
    ) -> Result<Vec<u8>, Refused> {
        Err(Refused::Unavailable)
    }

    /// Signs that an identifier belongs to `mxid` no more, and has it published.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::Forbidden`], [`Refused::NotBound`], [`Refused::TooOften`],
    /// [`Refused::Undetermined`], [`Refused::Unavailable`].
    pub async fn unbind(
        &self,
        _: &Threepid,
        _: &Mxid,
        _: &Proof,
        _: &Caller,
    ) -> Result<(), Refused> {
        Err(Refused::Unavailable)
    }

    /// Keeps an invitation until somebody binds the address, and sends a message that tells of it.
    ///
    /// # Errors
    /// [`Refused::InUse`] where it belongs to somebody, who can be invited directly;
    /// [`Refused::OutOfScope`], [`Refused::TooOften`], [`Refused::TooManyInvitations`],
    /// [`Refused::Undeliverable`], [`Refused::NotSent`], [`Refused::Undetermined`],
    /// [`Refused::Unavailable`].
    pub async fn invite(&self, _: Invite, _: &Caller) -> Result<Invited, Refused> {
        Err(Refused::Unavailable)
    }
}
