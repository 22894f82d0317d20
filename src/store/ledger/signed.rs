//! What was signed lately, and what is left to do about it.

use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use super::chores::CHORES;
use super::{Chore, Ledger, Octets, Pages, prefix, written};
use crate::association::Statement;
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::threepid::Threepid;

pub(super) const SIGNED: Octets = TableDefinition::new("signed");
pub(super) const FORGOTTEN: Octets = TableDefinition::new("forgotten");

#[derive(Serialize, Deserialize)]
struct Row {
    statement: String,
    /// Until when it is remembered.
    until: u64,
    /// Whether it is in the outbox, or has left it.
    queued: bool,
}

impl Row {
    fn read(&self) -> Result<(Threepid, Statement), StoreError> {
        Statement::from_json(self.statement.as_bytes())
            .map_err(|_| StoreError::Damaged("a statement that is none".to_owned()))
    }
}

impl Ledger {
    /// Keeps what was signed last of an identifier, until `until`, and what is left to do about it, in place
    /// of what was left to do before. From then on it is to be published, whatever happens: until
    /// [`Self::queued`] it is among [`Self::unqueued`].
    ///
    /// # Errors
    /// What the disk says.
    pub fn sign(
        &self,
        (threepid, statement): (&Threepid, &Statement),
        chores: &[Chore],
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let key = prefix(threepid);
        let statement = written(statement, threepid);
        let row = Row { statement, until: until.as_millis(), queued: false };
        self.write(|pages| {
            pages.put(SIGNED, &key, &row)?;
            pages.put(FORGOTTEN, &due_key(row.until, &key), &())?;
            for other in pages.keys_below(CHORES, &key)? {
                pages.remove(CHORES, &other)?;
            }
            chores.iter().try_for_each(|chore| chore.put(pages))
        })
    }

    /// What was signed last of an identifier, as long as that is remembered.
    ///
    /// # Errors
    /// What the disk says.
    pub fn signed(&self, threepid: &Threepid) -> Result<Option<Statement>, StoreError> {
        let row = self.get::<Row>(SIGNED, &prefix(threepid))?;
        row.map(|row| Ok(row.read()?.1)).transpose()
    }

    /// Takes note that a statement is in the outbox.
    ///
    /// # Errors
    /// What the disk says.
    pub fn queued(&self, threepid: &Threepid, statement: &Statement) -> Result<(), StoreError> {
        let (key, statement) = (prefix(threepid), written(statement, threepid));
        self.write(|pages| match pages.get::<Row>(SIGNED, &key)? {
            Some(row) if row.statement == statement => {
                pages.put(SIGNED, &key, &Row { queued: true, ..row })
            }
            _ => Ok(()),
        })
    }

    /// What was signed and is not in the outbox, at most `most`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn unqueued(&self, most: usize) -> Result<Vec<(Threepid, Statement)>, StoreError> {
        let rows = self.below::<Row>(SIGNED, b"", usize::MAX)?;
        let unqueued = rows.iter().filter(|(_, row)| !row.queued).take(most);
        unqueued.map(|(_, row)| row.read()).collect()
    }

    /// Forgets what was to be remembered until now at most, at most `most` statements; what is not in the
    /// outbox is kept. Gives how many it looked at.
    ///
    /// # Errors
    /// What the disk says.
    pub fn forget_signed(&self, now: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.write(|pages| {
            let due = pages.keys_before(FORGOTTEN, &now.as_millis().to_be_bytes(), most)?;
            for key in &due {
                pages.remove(FORGOTTEN, key)?;
                forget(pages, &key[8..], now)?;
            }
            Ok(due.len())
        })
    }
}

/// Forgets a statement whose time has come; that of another one that was signed meanwhile comes later.
fn forget(pages: &Pages<'_>, key: &[u8], now: Timestamp) -> Result<(), StoreError> {
    let Some(row) = pages.get::<Row>(SIGNED, key)? else { return Ok(()) };
    if row.until >= now.as_millis() {
        return Ok(());
    }
    if row.queued {
        return pages.remove(SIGNED, key).map(drop);
    }
    pages.put(FORGOTTEN, &due_key(now.as_millis(), key), &())
}

fn due_key(until: u64, key: &[u8]) -> Vec<u8> {
    [&until.to_be_bytes(), key].concat()
}
