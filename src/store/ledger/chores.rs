//! What is left to do about statements: others are to be told, or asked, until they answer.

use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use super::{Ledger, Octets, Pages, prefix, written};
use crate::association::Statement;
use crate::clock::Timestamp;
use crate::signed::ServerName;
use crate::store::StoreError;
use crate::threepid::Threepid;

pub(super) const CHORES: Octets = TableDefinition::new("chores");

/// Something that is left to do about a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chore {
    /// Whom the statement is about.
    pub threepid: Threepid,
    /// The statement.
    pub statement: Statement,
    /// What is to be done.
    pub work: Work,
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next.
    pub next: Timestamp,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The homeserver of the user has to be told of the invitations that wait.
    Tell,
    /// This verification server has to be asked to sign the statement, too.
    Ask(ServerName),
}

#[derive(Serialize, Deserialize)]
struct Row {
    statement: String,
    /// Which server is to be asked; where there is none, the homeserver is to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ask: Option<String>,
    since: u64,
    attempts: u32,
    next: u64,
}

impl Row {
    fn into_chore(self) -> Result<Chore, StoreError> {
        let damaged = || StoreError::Damaged("a chore that is none".to_owned());
        let read = Statement::from_json(self.statement.as_bytes());
        let (threepid, statement) = read.map_err(|_| damaged())?;
        let work = match self.ask {
            None => Work::Tell,
            Some(server) => Work::Ask(server.parse().map_err(|_| damaged())?),
        };
        let [since, next] = [self.since, self.next].map(Timestamp::from_millis);
        Ok(Chore { threepid, statement, work, since, attempts: self.attempts, next })
    }
}

impl Chore {
    fn key(&self) -> Vec<u8> {
        let whom = match &self.work {
            Work::Tell => "",
            Work::Ask(server) => server.as_str(),
        };
        [&*prefix(&self.threepid), whom.as_bytes()].concat()
    }

    fn row(&self) -> Row {
        Row {
            statement: written(&self.statement, &self.threepid),
            ask: match &self.work {
                Work::Tell => None,
                Work::Ask(server) => Some(server.to_string()),
            },
            since: self.since.as_millis(),
            attempts: self.attempts,
            next: self.next.as_millis(),
        }
    }

    pub(super) fn put(&self, pages: &Pages<'_>) -> Result<(), StoreError> {
        pages.put(CHORES, &self.key(), &self.row())
    }
}

impl Ledger {
    /// What is left to do.
    ///
    /// # Errors
    /// What the disk says.
    pub fn chores(&self) -> Result<Vec<Chore>, StoreError> {
        let rows = self.below::<Row>(CHORES, b"", usize::MAX)?;
        rows.into_iter().map(|(_, row)| row.into_chore()).collect()
    }

    /// Takes note of what became of a chore: it is tried `again`, or done. Where there is another statement
    /// of the identifier meanwhile, nothing is noted.
    ///
    /// # Errors
    /// What the disk says.
    pub fn note_chore(&self, done: &Chore, again: Option<&Chore>) -> Result<(), StoreError> {
        let (key, row) = (done.key(), done.row());
        self.write(|pages| match pages.get::<Row>(CHORES, &key)? {
            Some(held) if held.statement == row.statement => match again {
                Some(again) => again.put(pages),
                None => pages.remove(CHORES, &key).map(drop),
            },
            _ => Ok(()),
        })
    }
}
