//! The design, in prose. Each page says what is so and why; what is not built yet is not told here.
//!
//! - [`tree`]: how identifiers become names, and who holds which part.
//! - [`proof`]: what a client knows when it is told something, and what it does not know.
//! - [`vouching`]: why a client believes that a person has an address.
//! - [`anchors`]: how a root changes its key, and resolvers follow.
//! - [`delegating`]: how a parent gives a part of its zone to others, and follows their keys.
//! - [`keys`]: how a zone's keys come, sign and go.
//! - [`hosting`]: how a server answers for people.
//! - [`publishing`]: the way of a statement from who verifies to an answer.
//! - [`verifying`]: how a server makes sure of an address, and serves Matrix.
//! - [`storing`]: what is in a store, and how it is kept safe.
//! - [`denial`]: how absence is proved without giving the directory away.
//! - [`resolving`]: how answers are found, and what is done for those who are asked.
//! - [`roots`]: how everybody learns which trees there are.
//! - [`house`]: the rules of the code.

pub mod anchors;
pub mod delegating;
pub mod denial;
pub mod hosting;
pub mod house;
pub mod keys;
pub mod proof;
pub mod publishing;
pub mod resolving;
pub mod roots;
pub mod storing;
pub mod tree;
pub mod verifying;
pub mod vouching;
