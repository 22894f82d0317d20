//! The data of records.
//!
//! What RDATA is made of stands in one table from record type to fields. [`validate`],
//! [`canonical`], [`expand`], [`names_in`], [`to_text`] and [`from_text`] read it. The typed views
//! are for the types the protocol itself acts on; each reads from and writes to the octets of an
//! [`Rdata`](super::Rdata).

mod parameters;
mod schema;
mod take;
mod terms;
mod text;
mod views;
mod walk;

pub use terms::RrsigTerms;
pub use text::{
    Cursor, Entry, Fault, Lexer, Position, Quoted, SyntaxError, Token, Tokens, from_text, generic,
    parse, period, to_text,
};
pub use views::{
    Dnskey, Ds, Nsec, Nsec3, RdataError, Rrsig, Soa, Srv, TypeBitmap, address, name_target,
};
pub use walk::{canonical, expand, names_in, validate};
