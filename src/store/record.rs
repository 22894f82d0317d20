//! What a store holds for a name, as octets.
//!
//! ```text
//! u8  version = 1
//! u8  kind: 0 mark, 1 statement
//! u64 sequence number of the change that made it
//! kind 0:
//!   u48 ts
//! kind 1:
//!   32 octets         SHA-256 of the signed octets
//!   u16 n, n octets   record data of the statement
//!   u8 count          RRSIGs over it
//!     u16 n, n octets record data of the RRSIG
//! ```

use std::fmt;

use super::StoreError;
use crate::association::{Statement, Ts};
use crate::codec::{ReadError, Reader};
use crate::wire::Rdata;

const VERSION: u8 = 1;
const MARK: u8 = 0;
const STATEMENT: u8 = 1;

/// The number of an accepted change. The first is 1; none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The number after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is held for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// A statement, an association or a withdrawal.
    Statement(Kept),
    /// Only when the last statement was made: it was a withdrawal, and is dropped.
    Mark(Ts),
}

/// A statement as it is kept: without the identifier that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its record data.
    pub rdata: Rdata,
    /// SHA-256 of its signed octets, which nobody can rebuild who does not know the identifier.
    pub signed_hash: [u8; 32],
}

impl Kept {
    /// The statement.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it is none.
    pub fn statement(&self) -> Result<Statement, StoreError> {
        let statement = Statement::from_rdata(self.rdata.octets());
        statement.map_err(|error| StoreError::Damaged(format!("a statement: {error}")))
    }
}

/// What is held for a name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Statement { statement: Statement, signed_hash: [u8; 32] },
    Mark(Ts),
}

impl Said {
    pub(super) fn ts(&self) -> Ts {
        match self {
            Self::Statement { statement, .. } => statement.claim().ts(),
            Self::Mark(ts) => *ts,
        }
    }

    /// Whether it says that the identifier belongs to nobody.
    pub(super) fn is_withdrawn(&self) -> bool {
        match self {
            Self::Statement { statement, .. } => statement.claim().is_withdrawal(),
            Self::Mark(_) => true,
        }
    }

    /// When the withdrawal was made that this is; none for all else.
    pub(super) fn withdrawal(&self) -> Option<Ts> {
        let is_statement = matches!(self, Self::Statement { .. });
        (is_statement && self.is_withdrawn()).then(|| self.ts())
    }

    pub(super) fn to_held(&self) -> Held {
        match self {
            Self::Statement { statement, signed_hash } => {
                Held::Statement(Kept { rdata: statement.to_rdata(), signed_hash: *signed_hash })
            }
            Self::Mark(ts) => Held::Mark(*ts),
        }
    }
}

impl Held {
    pub(super) fn read(&self) -> Result<Said, StoreError> {
        Ok(match self {
            Self::Statement(kept) => {
                Said::Statement { statement: kept.statement()?, signed_hash: kept.signed_hash }
            }
            Self::Mark(ts) => Said::Mark(*ts),
        })
    }
}

/// The value that stands under a name's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) sequence: Sequence,
    pub(super) held: Held,
    pub(super) rrsigs: Vec<Rdata>,
}

/// How many RRSIGs are kept with a statement. A zone signs with one key, with two or three while they
/// roll over.
pub(super) const MAX_RRSIGS: usize = 16;

impl Record {
    pub(super) fn to_octets(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        let kind = if matches!(self.held, Held::Mark(_)) { MARK } else { STATEMENT };
        out.extend([VERSION, kind]);
        out.extend(self.sequence.0.to_be_bytes());
        match &self.held {
            Held::Mark(ts) => out.extend_from_slice(&ts.as_millis().to_be_bytes()[2..]),
            Held::Statement(kept) => {
                out.extend(kept.signed_hash);
                push(&kept.rdata, &mut out);
                out.push(u8::try_from(self.rrsigs.len()).expect("at most MAX_RRSIGS are kept"));
                self.rrsigs.iter().for_each(|rrsig| push(rrsig, &mut out));
            }
        }
        out
    }

    pub(super) fn from_octets(octets: &[u8]) -> Result<Self, StoreError> {
        RecordRef::read(octets).map(RecordRef::to_record)
    }
}

fn push(rdata: &Rdata, out: &mut Vec<u8>) {
    out.extend(rdata.length().to_be_bytes());
    out.extend(rdata.octets());
}

/// A [`Record`] read where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordRef<'a> {
    pub(super) sequence: Sequence,
    pub(super) held: HeldRef<'a>,
}

/// What it holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum HeldRef<'a> {
    Mark(Ts),
    Statement { signed_hash: [u8; 32], rdata: &'a [u8], rrsigs: Rrsigs<'a> },
}

/// Record data of RRSIGs, one behind the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rrsigs<'a>(&'a [u8]);

impl<'a> Iterator for Rrsigs<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut reader = Reader::new(self.0);
        let next = take_rdata(&mut reader).ok()?;
        self.0 = reader.rest();
        Some(next)
    }
}

impl<'a> RecordRef<'a> {
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, StoreError> {
        read(octets).map_err(|error| StoreError::Damaged(format!("a record: {error}")))
    }

    fn to_record(self) -> Record {
        let rdata = |octets: &[u8]| {
            Rdata::new(octets.to_vec()).expect("16 bits count the octets of record data")
        };
        let (held, rrsigs) = match self.held {
            HeldRef::Mark(ts) => (Held::Mark(ts), Vec::new()),
            HeldRef::Statement { signed_hash, rdata: octets, rrsigs } => {
                let kept = Kept { rdata: rdata(octets), signed_hash };
                (Held::Statement(kept), rrsigs.map(rdata).collect())
            }
        };
        Record { sequence: self.sequence, held, rrsigs }
    }
}

fn read(octets: &[u8]) -> Result<RecordRef<'_>, String> {
    let truncated = |error: ReadError| error.to_string();
    let mut reader = Reader::new(octets);
    match reader.u8().map_err(truncated)? {
        VERSION => {}
        other => return Err(format!("version {other}, expected {VERSION}")),
    }
    let kind = reader.u8().map_err(truncated)?;
    let sequence = Sequence(u64::from_be_bytes(reader.array().map_err(truncated)?));
    let held = match kind {
        MARK => {
            let ts = reader.u48().map_err(truncated)?;
            HeldRef::Mark(Ts::from_millis(ts).expect("48 bits are a time"))
        }
        STATEMENT => read_statement(&mut reader).map_err(truncated)?,
        other => return Err(format!("kind {other}, expected 0 or 1")),
    };
    reader.finish().map_err(truncated)?;
    Ok(RecordRef { sequence, held })
}

fn read_statement<'a>(reader: &mut Reader<'a>) -> Result<HeldRef<'a>, ReadError> {
    let signed_hash = reader.array()?;
    let rdata = take_rdata(reader)?;
    let count = reader.u8()?;
    let start = reader.clone().rest();
    for _ in 0..count {
        take_rdata(reader)?;
    }
    let rrsigs = Rrsigs(&start[..start.len() - reader.remaining()]);
    Ok(HeldRef::Statement { signed_hash, rdata, rrsigs })
}

fn take_rdata<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ReadError> {
    let length = reader.u16()?;
    reader.take(usize::from(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = Record> {
        let rdata = || proptest::collection::vec(any::<u8>(), 0..40);
        let rdata = move || rdata().prop_map(|octets| Rdata::new(octets).unwrap());
        let statement = (any::<[u8; 32]>(), rdata(), proptest::collection::vec(rdata(), 0..4));
        let statement = statement.prop_map(|(signed_hash, rdata, rrsigs)| {
            (Held::Statement(Kept { rdata, signed_hash }), rrsigs)
        });
        let mark =
            (0u64..1 << 48).prop_map(|ts| (Held::Mark(Ts::from_millis(ts).unwrap()), vec![]));
        (any::<u64>(), prop_oneof![statement, mark]).prop_map(|(sequence, (held, rrsigs))| Record {
            sequence: Sequence(sequence),
            held,
            rrsigs,
        })
    }

    proptest! {
        #[test]
        fn records_round_trip(record in any_record()) {
            prop_assert_eq!(Record::from_octets(&record.to_octets()), Ok(record));
        }

        #[test]
        fn any_octets_are_read_or_refused(
            record in any_record(),
            at: prop::sample::Index,
            octet: u8,
            cut: prop::sample::Index,
            noise: Vec<u8>,
        ) {
            let mut octets = record.to_octets();
            let at = at.index(octets.len());
            octets[at] = octet;
            let longer = [record.to_octets(), vec![octet]].concat();
            prop_assert!(Record::from_octets(&longer).is_err());
            for octets in [&octets[..], &octets[..cut.index(octets.len())], &noise] {
                if let Ok(read) = Record::from_octets(octets) {
                    prop_assert_eq!(read.to_octets(), octets);
                }
            }
        }
    }
}
