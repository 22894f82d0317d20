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

/// How far serials of a store that was restored from a copy are moved ahead: 2^28. So many changes are some
/// months' of ten groups in each second; and whoever keeps the greater serial (RFC 1982) still takes it for
/// greater when that has been done seven times.
pub const AHEAD: u32 = 1 << 28;

/// What whoever restores a copy has to know.
pub const RESTORED: &str = "serials are moved ahead by 2^28; what was published or withdrawn after the \
                            backup is not in it, so that verification servers have to publish that again";

impl ZoneState {
    /// The same after a copy of the store took its place.
    pub(super) fn moved_ahead(self) -> Self {
        Self { serial: Serial(self.serial.0.wrapping_add(AHEAD)), ..self }
    }

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
