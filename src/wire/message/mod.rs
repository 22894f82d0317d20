//! Whole messages (RFC 1035 section 4): the general path, for what comes from other servers and
//! for answers that were not prepared.
//!
//! Reading is faithful: RDATA comes out octet for octet as it was sent, but for names, which are
//! written out in full. [`MessageLimits`] bounds the work a packet can cause.
//!
//! ```
//! use threepid::wire::{Class, Message, Question, Rtype};
//! let question = Question { name: "example.".parse()?, rtype: Rtype::SOA, class: Class::IN };
//! let packet = Message::query(7, question.clone()).encode();
//! assert_eq!(Message::decode(&packet)?.question, Some(question));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod edns;
mod encode;

use std::fmt;

use thiserror::Error;

use super::rdata::RdataError;
use super::{Class, Name, NameError, Opcode, Rcode, Record, Rtype};

pub use edns::{Edns, EdnsOption, ExtendedError};
pub(super) use edns::{is_modest, options};

/// Why octets are not a message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The octets end inside of something.
    #[error("message ends at offset {0}, in the middle of a field")]
    Truncated(usize),
    /// The octets go on after the last record.
    #[error("unexpected octets from offset {0} on")]
    Trailing(usize),
    /// More than one question (RFC 9619).
    #[error("{0} questions, at most one is defined")]
    Questions(u16),
    /// More records than [`MessageLimits::records`].
    #[error("{0} records, which are too many")]
    Records(u32),
    /// A malformed name.
    #[error("bad name at offset {at}: {error}")]
    Name {
        /// Where the name starts.
        at: usize,
        /// What is wrong with it.
        error: NameError,
    },
    /// RDATA that does not hold the names its type has.
    #[error("bad {rtype} data at offset {at}: {error}")]
    Rdata {
        /// Where the data starts.
        at: usize,
        /// The record's type.
        rtype: Rtype,
        /// What is wrong with it.
        error: RdataError,
    },
    /// An OPT record that is not the root's, or not in the additional section (RFC 6891 section 6.1).
    #[error("misplaced OPT record")]
    MisplacedOpt,
    /// A second OPT record (RFC 6891 section 6.1.1).
    #[error("more than one OPT record")]
    SecondOpt,
    /// The options in the OPT record do not fill it exactly.
    #[error("malformed EDNS options")]
    BadOptions,
    /// More EDNS options than [`Edns::MOST_OPTIONS`], or longer ones than [`Edns::MOST_OCTETS`].
    #[error("too many EDNS options")]
    TooManyOptions,
}

/// What reading one message may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageLimits {
    /// Compression pointers followed, beyond one for every two octets of the message: as many as
    /// it can hold. Without a limit, chains of pointers make the work quadratic.
    pub extra_pointers: usize,
    /// Records, of all sections: 1024. 64 kB hold 5,000 names of 250 octets by pointers, which take a
    /// thousand times as long to read as an honest message.
    pub records: u32,
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { extra_pointers: 256, records: 1024 }
    }
}

/// What is asked (RFC 1035 section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// The name.
    pub name: Name,
    /// The type.
    pub rtype: Rtype,
    /// The class.
    pub class: Class,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.class, self.rtype)
    }
}

/// The bits of the header (RFC 1035 section 4.1.1, RFC 4035 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// QR: this answers a query.
    pub response: bool,
    /// AA: the answer comes from an authority.
    pub authoritative: bool,
    /// TC: not all of the answer is here.
    pub truncated: bool,
    /// RD: the asker wants the whole way gone for it.
    pub recursion_desired: bool,
    /// RA: the server would go it.
    pub recursion_available: bool,
    /// AD: the answer is validated; in a query, the asker understands the bit (RFC 6840 section 5.7).
    pub authentic_data: bool,
    /// CD: the asker validates by itself.
    pub checking_disabled: bool,
}

/// A query or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Ties a response to its query.
    pub id: u16,
    /// The kind of query.
    pub opcode: Opcode,
    /// The bits of the header.
    pub flags: Flags,
    /// The response code, with the 8 upper bits of EDNS. What lies above the 4 lower bits is only
    /// written where there is [`edns`](Self::edns).
    pub rcode: Rcode,
    /// What is asked.
    pub question: Option<Question>,
    /// The answer section.
    pub answer: Vec<Record>,
    /// The authority section.
    pub authority: Vec<Record>,
    /// The additional section but for OPT.
    pub additional: Vec<Record>,
    /// The OPT record.
    pub edns: Option<Edns>,
}

impl Message {
    /// The plain query for `question`: no flag is set, EDNS is left out.
    pub fn query(id: u16, question: Question) -> Self {
        Self {
            id,
            opcode: Opcode::QUERY,
            flags: Flags::default(),
            rcode: Rcode::NOERROR,
            question: Some(question),
            answer: Vec::new(),
            authority: Vec::new(),
            additional: Vec::new(),
            edns: None,
        }
    }
}

#[cfg(test)]
mod tests;
