//! Peppers that a restart does not change.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::crypto::Random;
use crate::hashes::Pepper;
use crate::store::StoreError;
use crate::store::ledger::Ledger;

/// Under which name they are noted in the ledger.
const NOTE: &[u8] = b"lookup_peppers";

/// The pepper of the time, and the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peppers {
    pub(super) current: Pepper,
    pub(super) since: Timestamp,
    pub(super) previous: Option<Previous>,
}

/// A pepper that is answered for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) pepper: Pepper,
    pub(super) until: Timestamp,
}

/// As they are noted.
#[derive(Serialize, Deserialize)]
struct Row {
    pepper: String,
    since: u64,
    previous: Option<(String, u64)>,
}

impl Peppers {
    /// Those that are noted; the first is drawn, and noted.
    pub(super) fn open(
        ledger: &Ledger,
        random: &mut dyn Random,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        if let Some(row) = ledger.noted::<Row>(NOTE)? {
            return Self::read(&row).ok_or_else(|| StoreError::Damaged("a pepper".to_owned()));
        }
        let first = Self { current: Pepper::draw(random), since: now, previous: None };
        first.note(ledger)?;
        Ok(first)
    }

    pub(super) fn note(&self, ledger: &Ledger) -> Result<(), StoreError> {
        let previous = self
            .previous
            .as_ref()
            .map(|previous| (previous.pepper.as_str().to_owned(), previous.until.as_millis()));
        let (pepper, since) = (self.current.as_str().to_owned(), self.since.as_millis());
        ledger.note(NOTE, &Row { pepper, since, previous })
    }

    fn read(row: &Row) -> Option<Self> {
        let previous = match &row.previous {
            None => None,
            Some((pepper, until)) => {
                let until = Timestamp::from_millis(*until);
                Some(Previous { pepper: pepper.parse().ok()?, until })
            }
        };
        let (current, since) = (row.pepper.parse().ok()?, Timestamp::from_millis(row.since));
        Some(Self { current, since, previous })
    }
}
