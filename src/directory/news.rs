//! What a change of the store means for the table.

use std::sync::Arc;

use tokio::sync::watch;

use super::Answers;
use crate::association::{Association, Claim};
use crate::clock::{Clock, Timestamp};
use crate::hashes::{Key, Listing, NoRoom, Pepper, Person, Table};
use crate::store::{Entry, Held, Sequence, Snapshot, Store, StoreError};
use crate::wire::Name;

/// The store, and the trees whose names are in it.
#[derive(Clone)]
pub(super) struct Trees {
    store: Store,
    /// Those with the longest names first.
    apexes: Arc<[Name]>,
    answers: Answers,
    clock: Arc<dyn Clock>,
}

/// What is to be told of a person from now on.
#[derive(Debug)]
pub(super) struct News {
    person: Person,
    listed: Option<Listed>,
}

#[derive(Debug)]
struct Listed {
    key: Key,
    mxid: String,
    times: Option<(Timestamp, Timestamp)>,
}

/// What a tree says of a person.
struct Said {
    /// What decides between the trees: the later counts; at the same time a withdrawal; then the greater
    /// SHA-256 of the signed octets. A mark stands for a withdrawal.
    rank: (u64, bool, [u8; 32]),
    name: Name,
    association: Option<Association>,
}

impl News {
    pub(super) fn bring_into(&self, table: &mut Table) -> Result<(), NoRoom> {
        match &self.listed {
            None => {
                table.remove(&self.person);
                Ok(())
            }
            Some(Listed { key, mxid, times }) => {
                table.put(&self.person, key, &Listing { mxid, times: *times })
            }
        }
    }
}

impl Trees {
    pub(super) fn new(
        store: Store,
        mut apexes: Vec<Name>,
        answers: Answers,
        clock: Arc<dyn Clock>,
    ) -> Self {
        apexes.sort_by_key(|apex| std::cmp::Reverse(apex.label_count()));
        Self { store, apexes: apexes.into(), answers, clock }
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.store.snapshot()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Sequence> {
        self.store.watch()
    }

    /// What is to be told, with this pepper, of the person whose entry changed.
    pub(super) fn news(
        &self,
        snapshot: &Snapshot,
        entry: &Entry,
        pepper: &Pepper,
    ) -> Result<News, StoreError> {
        let (person, others) = self.person(&entry.name);
        let mut said = vec![self.said(entry)?];
        for other in others {
            let other = snapshot.find(&other)?;
            said.push(other.map_or(Ok(None), |other| self.said(&other))?);
        }
        let newest = said.into_iter().flatten().max_by_key(|said| said.rank);
        let listed = match newest {
            Some(Said { association: Some(association), name, .. }) => {
                let threepid = snapshot.identifier(&name)?;
                threepid.map(|threepid| Listed {
                    key: Key::of(&threepid, pepper),
                    times: self.times(&association),
                    mxid: association.mxid.to_string(),
                })
            }
            _ => None,
        };
        Ok(News { person, listed })
    }

    /// Who has a name, and the names that this person has in the other trees.
    fn person(&self, name: &Name) -> (Person, Vec<Name>) {
        let Some(own) = self.apexes.iter().find(|apex| name.is_at_or_below(apex)) else {
            return (Person::of(name.as_wire()), Vec::new());
        };
        let in_tree = |apex| name.replace_suffix(own, apex).and_then(Result::ok);
        let root = Name::root();
        let relative = in_tree(&root).unwrap_or_else(|| name.clone());
        let others = self.apexes.iter().filter(|apex| *apex != own).filter_map(in_tree);
        (Person::of(relative.as_wire()), others.collect())
    }

    /// What an entry says, where this server says so.
    fn said(&self, entry: &Entry) -> Result<Option<Said>, StoreError> {
        if entry.is_away || !(self.answers)(&entry.name) {
            return Ok(None);
        }
        let name = entry.name.clone();
        Ok(Some(match &entry.held {
            Held::Mark(ts) => {
                Said { rank: (ts.as_millis(), true, [0xff; 32]), name, association: None }
            }
            Held::Statement(kept) => {
                let claim = kept.statement()?.claim().clone();
                let rank = (claim.ts().as_millis(), claim.is_withdrawal(), kept.signed_hash);
                let association = match claim {
                    Claim::Association(association) => Some(association),
                    Claim::Withdrawal(_) => None,
                };
                Said { rank, name, association }
            }
        }))
    }

    /// When an association holds, unless it does already, and will for a hundred years.
    fn times(&self, association: &Association) -> Option<(Timestamp, Timestamp)> {
        let has_begun = association.is_in_force(self.clock.now());
        let is_endless = association.ts.default_end() == Ok(association.not_after);
        let times = (association.not_before.into(), association.not_after.into());
        (!(has_begun && is_endless)).then_some(times)
    }
}
