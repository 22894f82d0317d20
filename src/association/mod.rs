//! Associations: signed statements that an identifier belongs to a Matrix user, or no longer does.
//!
//! A 3PID has one [`Statement`] or none. As JSON it is Matrix's signed association, unchanged, so
//! that signatures by the verification servers of today verify. As record data (type
//! [`ASSOC`](crate::wire::Rtype::ASSOC)) it leaves out the medium and the address, which whoever
//! asked for the name knows: the signed octets are rebuilt from the two together.
//!
//! ```text
//! u8  version = 1
//! u8  flags: 1 not_before follows, 2 not_after follows, 4 extra follows, 8 withdrawn
//! u48 ts
//! [u48 not_before]    absent when it equals ts
//! [u48 not_after]     absent when it equals ts + 3 153 600 000 000
//! u8 n, n octets      mxid; empty when withdrawn
//! u8 count            signatures, 1 to 8, strictly ascending by server name, then key id
//!   u8 n, n octets    server name
//!   u8 n, n octets    key id without "ed25519:"
//!   64 octets         signature
//! [u16 n, n octets]   extra: a canonical JSON object
//! ```
//! One statement has one form: what could have been left out, or stands in another order, is
//! malformed.

mod claim;
mod json;
mod rdata;
mod statement;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use claim::{Association, Claim, Extra, LIFETIME, Mxid, Ts, Withdrawal};
pub use statement::{MAX_RDATA, MAX_SIGNATURES, Precedence, Statement};

use crate::codec::ReadError;
use crate::signed::SignedError;
use crate::threepid::ThreepidError;

/// Why something is no statement.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AssociationError {
    /// The record data ends early, or goes on.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The record data has something else where it should have what was expected.
    #[error("expected {expected} at offset {at}")]
    Malformed {
        /// Offset from the start of the record data.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The JSON or a name in it is malformed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The identifier in the JSON is none, or not in its normal form.
    #[error(transparent)]
    Threepid(#[from] ThreepidError),
    /// Not the id of a Matrix user.
    #[error("bad mxid {0:?}: expected @local-part:server, at most 255 octets")]
    Mxid(String),
    /// A time that does not fit 48 bits.
    #[error("{0} ms is out of range, expected less than 2^48")]
    Time(u64),
    /// A member that a statement may not have beside its own.
    #[error("member {0:?} may not stand in an association")]
    Reserved(String),
    /// No signature, or too many.
    #[error("{0} signatures, expected 1 to {MAX_SIGNATURES}")]
    SignatureCount(usize),
    /// More record data than a statement may have.
    #[error("record data of {0} octets, at most {MAX_RDATA} fit")]
    TooLong(usize),
    /// Signatures of another claim were to be merged.
    #[error("the statements do not say the same")]
    OtherClaim,
}
