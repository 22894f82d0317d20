//! What is kept for a zone.
//!
//! ```text
//! u8        version = 1
//! u32       serial
//! u64       number of the last change that the serial counts
//! 32 octets digest
//! ```

use super::{Sequence, StoreError};
use crate::codec::{ReadError, Reader};
use crate::wire::{Name, Serial};

const VERSION: u8 = 1;

/// What whoever serves a zone must not forget, so that its serial never goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneState {
    /// The zone.
    pub apex: Name,
    /// The serial of its SOA, as it was served last.
    pub serial: Serial,
    /// The last change that this serial counts. Each later one may have been served with another.
    pub sequence: Sequence,
    /// SHA-256 of what else was in the zone.
    pub digest: [u8; 32],
}

impl ZoneState {
    pub(super) fn to_octets(&self) -> Vec<u8> {
        let (serial, sequence) = (self.serial.0.to_be_bytes(), self.sequence.0.to_be_bytes());
        [&[VERSION][..], &serial, &sequence, &self.digest].concat()
    }

    pub(super) fn from_octets(apex: &Name, octets: &[u8]) -> Result<Self, StoreError> {
        let read = read(apex, octets).ok().filter(|_| octets.first() == Some(&VERSION));
        read.ok_or_else(|| StoreError::Damaged(format!("what is noted of the zone {apex}")))
    }
}

fn read(apex: &Name, octets: &[u8]) -> Result<ZoneState, ReadError> {
    let mut reader = Reader::new(octets);
    reader.u8()?;
    let serial = Serial(reader.u32()?);
    let sequence = Sequence(u64::from_be_bytes(reader.array()?));
    let digest = reader.array()?;
    reader.finish()?;
    Ok(ZoneState { apex: apex.clone(), serial, sequence, digest })
}
