//! Why something is not done.

use std::time::Duration;

use thiserror::Error;

use crate::association::Mxid;
use crate::store::StoreError;
use crate::stub::publish::OutboxError;
use crate::verification::Refusal;

use super::Asked;

/// Why a verification server does not do what it was asked. It never names an address, a token or a secret:
/// what stands in it may be told to clients and logged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// It does not verify such identifiers: another domain, another country, another medium.
    #[error("this server does not verify such addresses")]
    OutOfScope,
    /// The session does not permit it.
    #[error(transparent)]
    Session(#[from] Refusal),
    /// It was asked for too often.
    #[error("too many {asked}: try again in {} s", .wait.as_secs().max(1))]
    TooOften {
        /// What.
        asked: Asked,
        /// How long to wait.
        wait: Duration,
    },
    /// The message cannot be sent to this address: there is none, say.
    #[error("no message can be sent there")]
    Undeliverable,
    /// The message could not be sent this time. The same request may be made again.
    #[error("the message could not be sent now")]
    NotSent,
    /// It belongs to this user already.
    #[error("it belongs to somebody already")]
    InUse(Mxid),
    /// It does not belong to this user, or to nobody.
    #[error("it does not belong to this user")]
    NotBound,
    /// What was brought as a proof does not prove it.
    #[error("that is not for you to ask")]
    Forbidden,
    /// What others sent is not what it should be, for this reason.
    #[error("{0}")]
    Malformed(&'static str),
    /// Whose it is cannot be told now.
    #[error("whose it is cannot be looked up now: try again")]
    Undetermined,
    /// The server that verifies such addresses gives no answer.
    #[error("the server that verifies such addresses cannot be asked now: try again")]
    Elsewhere,
    /// This server cannot keep what it would have to. The operator is told in the log why.
    #[error("this server cannot do that now: try again")]
    Unavailable,
}

/// The disk fails: who asks is not told how, the log is.
impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the ledger of the verification server");
        Self::Unavailable
    }
}

impl From<OutboxError> for Refused {
    fn from(error: OutboxError) -> Self {
        tracing::error!(%error, "the outbox of the verification server");
        Self::Unavailable
    }
}
