//! DNS as it stands in packets: names, types, RRsets, RDATA, messages, and their limits.
//!
//! RDATA stays what it is in DNSSEC: octets with uncompressed names. What the octets mean is told by
//! one table ([`rdata`]), used to read them from packets, to bring them to canonical form and to read
//! and write their text. This is the only door to `hickory-proto`.

mod compression;
mod global;
mod iana;
mod message;
mod name;
mod prefix;
mod query;
pub mod rdata;
mod record;
mod transport;
mod unaskable;
mod writer;

pub use compression::Pointers;
pub use global::is_global;
pub use iana::{
    Algorithm, Class, DigestType, EdeCode, EdnsCode, Opcode, Rcode, Rtype, UnknownMnemonic,
};
pub use message::{
    Edns, EdnsOption, ExtendedError, Flags, Message, MessageError, MessageLimits, Question,
};
pub use name::{Labels, MAX_LABEL, MAX_NAME, Name, NameError};
pub use prefix::{Prefix, PrefixError};
pub use query::{
    Query, QueryEdns, Unanswerable, asked, is_response_to, repeats_question, says_question,
    says_truncated,
};
pub use record::{MAX_TTL, Rdata, RdataTooLong, Record, Rrset, Serial, Ttl};
pub use transport::Transport;
pub use unaskable::Unaskable;
pub use writer::{AnswerWriter, EdnsPolicy, Encoded, EncodedRef, Part, Section, write_error};
