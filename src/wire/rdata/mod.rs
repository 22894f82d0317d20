//! The data of records.
//!
//! The typed views here are for the types the protocol itself acts on; each reads from and writes
//! to the octets of an [`Rdata`].

mod expand;
mod views;

pub use expand::{expand, names_in};
pub use views::{
    Dnskey, Ds, Nsec, Nsec3, RdataError, Rrsig, Soa, Srv, TypeBitmap, address, name_target,
};
