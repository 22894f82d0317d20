//! RDATA as text: the presentation formats of the types' RFCs, and the generic one of RFC 3597.

mod lexer;
mod location;
mod parameters;
mod parts;
mod prefixes;
mod read;
mod time;
mod token;
mod write;

pub use lexer::{Cursor, Entry, Lexer};
pub use read::{from_text, parse};
pub use token::{Fault, Position, SyntaxError, Token, Tokens, period};
pub use write::{Quoted, generic, to_text};

#[cfg(test)]
mod tests;
