//! Master files changed in place: what is not to change stays as it is, octet for octet.
//!
//! [`Open::read`] reads a zone's files, [`Open::edit`] takes records out, puts others in and raises the
//! serial. Comments, order and directives stay; an entry that took its owner or TTL from one that goes is
//! given its own. What came of it is read again, and refused unless it says exactly what was meant.

mod files;
mod layout;
mod plan;
mod serial;
mod splice;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use thiserror::Error;

use super::master::{Limits, Master, Place, Source, read, read_watched};
use crate::wire::rdata::{Soa, canonical};
use crate::wire::{Name, Rdata, Record, Rtype, Serial, Ttl};
use files::{Changed, Files, Recorder};
use layout::Item;
pub use serial::raise;

/// What is to become of a zone's records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Those that go, by their place in [`Master::records`].
    pub removed: BTreeSet<usize>,
    /// Those that come.
    pub added: Vec<Addition>,
    /// The serial of the zone then.
    pub serial: Serial,
}

/// Records that come, in one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addition {
    /// The records.
    pub records: Vec<Record>,
    /// The record behind which they come; at the end of the first file where it is not given.
    pub after: Option<usize>,
    /// Whether they are a group, kept apart from others by an empty line where others are.
    pub is_group: bool,
}

/// A file of a zone, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// What it is called.
    pub name: String,
    /// What was in it.
    pub before: Arc<[u8]>,
    /// What is to be in it.
    pub after: Vec<u8>,
    /// The difference, as `diff -u` shows it and `patch` takes it.
    pub diff: String,
}

/// Why files cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// A file is included more than once.
    #[error("{0} is included more than once: what it says would change in several places")]
    Shared(Arc<str>),
    /// There is no serial, or one in the generic form.
    #[error(
        "{0}: the SOA record has no serial that could be raised: write it in its readable form"
    )]
    Serial(Place),
    /// The files are so entangled that the change would change more.
    #[error(
        "{0}: the files cannot be changed without changing more than is meant: edit them by hand"
    )]
    Entangled(Place),
}

/// The files of a zone, read and ready to be changed.
#[derive(Debug)]
pub struct Open {
    /// Their records, and their mistakes. Only files without any can be changed.
    pub master: Master,
    file: String,
    origin: Option<Name>,
    limits: Limits,
    files: Files,
    items: Vec<Item>,
}

impl Open {
    /// Reads a master file and what it includes, as [`read`] does.
    pub fn read(file: &str, origin: Option<&Name>, source: &dyn Source, limits: &Limits) -> Self {
        let recorder = Recorder::new(source);
        let mut items = Vec::new();
        let mut watch = |seen: super::master::Seen<'_>| items.push(Item::of(&seen));
        let master = read_watched(file, origin, &recorder, limits, &mut watch);
        Self {
            master,
            file: file.to_owned(),
            origin: origin.cloned(),
            limits: limits.clone(),
            files: recorder.into_files(),
            items,
        }
    }

    /// What the files become by `change`: those that change, the one with the SOA last, and all records
    /// then.
    ///
    /// # Errors
    /// Where the files are written so that this cannot be done.
    pub fn edit(&self, change: &Change) -> Result<(Vec<Edited>, Master), EditError> {
        let splices = plan::plan(self, change)?;
        let mut edited: Vec<Edited> = splices
            .into_iter()
            .map(|(name, splices)| {
                let before = self.files.octets(&name);
                let after = splice::apply(&before, &splices);
                let diff = splice::diff(&name, &before, &splices);
                Edited { name: name.to_string(), before, after, diff }
            })
            .collect();
        let soa = self.soa_place().map(|place| place.file.to_string());
        edited.sort_by_key(|edited| Some(&edited.name) == soa.as_ref());
        let master = self.read_again(&edited);
        match self.strays(change, &master) {
            None => Ok((edited, master)),
            Some(place) => Err(EditError::Entangled(place)),
        }
    }

    fn read_again(&self, edited: &[Edited]) -> Master {
        let changed = edited.iter().map(|one| (one.name.as_str(), one.after.as_slice()));
        let source = Changed { files: &self.files, changed: changed.collect() };
        read(&self.file, self.origin.as_ref(), &source, &self.limits)
    }

    /// Where a SOA stands.
    fn soa_place(&self) -> Option<&Place> {
        let soa = self.master.records.iter().find(|(record, _)| record.rtype == Rtype::SOA);
        soa.map(|(_, place)| place)
    }

    /// Where the files say something else than was meant.
    fn strays(&self, change: &Change, after: &Master) -> Option<Place> {
        if let Some(mistake) = after.mistakes.first() {
            return Some(mistake.place.clone());
        }
        let mut meant = BTreeMap::<Said, isize>::new();
        for (number, (record, _)) in self.master.records.iter().enumerate() {
            if !change.removed.contains(&number) {
                *meant.entry(said(record, Some(change.serial))).or_default() += 1;
            }
        }
        for record in change.added.iter().flat_map(|addition| &addition.records) {
            *meant.entry(said(record, None)).or_default() += 1;
        }
        for (record, place) in &after.records {
            let left = meant.get_mut(&said(record, None));
            match left.filter(|left| **left > 0) {
                Some(left) => *left -= 1,
                None => return Some(place.clone()),
            }
        }
        let lost = meant.values().any(|left| *left > 0);
        lost.then(|| self.start_place())
    }

    /// The start of the first file.
    fn start_place(&self) -> Place {
        let position = crate::wire::rdata::Position { line: 1, column: 1 };
        Place { file: Arc::clone(&self.master.file), position }
    }
}

/// What a record says, however it is written.
type Said = (Name, Rtype, Ttl, Rdata);

/// What a record says, where it is a SOA with this serial.
fn said(record: &Record, serial: Option<Serial>) -> Said {
    let Record { name, rtype, ttl, rdata, .. } = record;
    let soa = serial.filter(|_| *rtype == Rtype::SOA).and_then(|serial| {
        let soa = Soa::parse(rdata).ok()?;
        Some(Soa { serial, ..soa }.to_rdata())
    });
    let rdata = canonical(*rtype, soa.as_ref().unwrap_or(rdata));
    (name.clone(), *rtype, *ttl, rdata)
}
