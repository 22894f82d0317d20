//! What goes out to an address, and by whom.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use thiserror::Error;

use super::Token;
use crate::threepid::Threepid;

/// What is to be sent to an address.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where to.
    pub to: Threepid,
    /// What it is about.
    pub errand: Errand,
}

/// What a message is about. The names in it are of others' choosing.
#[derive(Debug, Clone)]
pub enum Errand {
    /// A client wants to know whether the address is its user's.
    Verify {
        /// What has to come back.
        token: Token,
        /// The link that brings it back, where there is one.
        link: Option<String>,
        /// The user who asked for it, where that is known.
        user: Option<String>,
    },
    /// Another verification server, which has proved it, asks this one to prove it too.
    Confirm {
        /// The link that leads to the question, and has the token in it.
        link: String,
        /// Who asks.
        server: String,
        /// The user that the address is said to belong to.
        mxid: String,
    },
    /// Somebody invites whoever reads it into a room.
    Invite {
        /// Who invites: a display name, or a user id.
        sender: String,
        /// Where to.
        room: Room,
        /// Where the invitation is taken up.
        link: Option<String>,
    },
}

/// What is said of a room to whom it is not open yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Room {
    /// Its name, or its alias.
    pub name: Option<String>,
    /// Its type, as `m.space`; without, it is one to talk in.
    pub room_type: Option<String>,
    /// Its avatar, an `mxc://` URL.
    pub avatar: Option<String>,
}

/// Brings messages to addresses: by mail, by SMS, or to the log of a development machine.
pub trait Courier: Send + Sync + fmt::Debug {
    /// Sends a message. It has come to the next hop, a mail server or a gateway, when this is done: who waits
    /// for it at the address may wait longer.
    fn send<'a>(
        &'a self,
        message: &'a Message,
    ) -> Pin<Box<dyn Future<Output = Result<(), CourierError>> + Send + 'a>>;
}

/// Why a message did not go out. Addresses, tokens and passwords do not stand in it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CourierError {
    /// The next hop will never take it: there is no such address there, say.
    #[error("refused: {0}")]
    Refused(String),
    /// It may go out some other time.
    #[error("cannot be sent now: {0}")]
    Failed(String),
}
