//! Signed JSON as Matrix has it: canonical octets, and Ed25519 signatures over them.
//!
//! What is signed is an object's canonical form without its members `signatures` and `unsigned`.
//! [`Json`] holds only what canonical JSON can say, so that whatever was read can be written again,
//! and two parties that read the same object sign the same octets.
//!
//! ```
//! use threepid::crypto::SigningKey;
//! use threepid::signed::{KeyName, Limits, Object};
//! let object = Object::parse(br#"{"b": 1, "a": "x", "unsigned": {}}"#, &Limits::default())?;
//! assert_eq!(object.signed_octets(), br#"{"a":"x","b":1}"#);
//!
//! let key = SigningKey::from_seed(&[7; 32]);
//! let name = KeyName::new("verify.example".parse()?, "ed25519:0".parse()?);
//! let object = object.sign(name.clone(), &key)?;
//! object.signatures()?.verify(&name, &key.public(), &object.signed_octets())?;
//! # Ok::<(), threepid::signed::SignedError>(())
//! ```
//!
//! A request that a server sends in its own name is such an object, too: [`SignedRequest`].

mod json;
mod key_file;
mod names;
mod read;
mod request;
mod signatures;

use thiserror::Error;

pub use json::{Json, MAX_INTEGER, Object};
pub use key_file::{KeyFileError, NamedKey};
pub use names::{Host, KeyId, KeyName, ServerName};
pub use read::Limits;
pub use request::{Authorization, SignedRequest};
pub use signatures::Signatures;

/// Why something is not signed JSON, or not what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignedError {
    /// More octets than are read.
    #[error("JSON of {length} octets, at most {limit} are read")]
    TooLong {
        /// How many there are.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Not JSON, or JSON that has no canonical form. The text says what and where.
    #[error("not canonical JSON: {0}")]
    Json(String),
    /// A member that must be there is not.
    #[error("member {0:?} is missing")]
    Missing(&'static str),
    /// A member that must not be there.
    #[error("unexpected member {0:?}")]
    Unexpected(String),
    /// A member of the wrong kind or out of range.
    #[error("member {name:?}: expected {expected}")]
    Member {
        /// The member.
        name: String,
        /// What was expected in it.
        expected: &'static str,
    },
    /// Not the name of a server.
    #[error("bad server name {0:?}: expected a host name or IP address, and maybe a port")]
    ServerName(String),
    /// Not the id of an Ed25519 key.
    #[error("bad key id {0:?}: expected ed25519: and 1 to 255 printable ASCII characters")]
    KeyId(String),
    /// A signature that is not 64 octets in strict unpadded base64.
    #[error("signature by {0}: expected 64 octets in unpadded base64")]
    Signature(KeyName),
    /// Nothing is signed by this key.
    #[error("no signature by {0}")]
    NotSigned(KeyName),
    /// The signature is not this key's.
    #[error("the signature by {0} does not verify")]
    BadSignature(KeyName),
    /// Not the value of an `Authorization` field of the scheme `X-Matrix`.
    #[error("bad X-Matrix authorization: {0}")]
    Authorization(&'static str),
    /// The request is signed for another server.
    #[error("signed for {0:?}, which is another server")]
    Destination(String),
}
