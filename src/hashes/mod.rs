//! Who is found by the hash of an address: the hashed lookup of Matrix's identity service (Identity Service
//! API, "Association lookup").
//!
//! A client hashes `address medium pepper` by SHA-256 and asks for the hashes. [`Key`] is what is kept
//! of such a hash, for a [`Pepper`]; [`Table`] tells the user of each, if there is one. A table is for one
//! pepper: with another one all keys are others.
//!
//! A hash hides an address from nobody who can go through all addresses: there are few phone numbers. The
//! pepper keeps tables made beforehand from being of use, no more. Who may ask how much is seen to where
//! requests are taken.
//!
//! It stands on the floor of machines, since a table knows neither the store that it shows nor how
//! it is kept up: that is for the [directory](crate::directory).

mod key;
mod records;
mod slots;
mod table;
#[cfg(test)]
mod tests;

pub use key::{Key, NotAPepper, Pepper};
pub use table::{Listing, NoRoom, Person, Table};
