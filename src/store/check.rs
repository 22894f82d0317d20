//! A look at all of a store.

use std::path::Path;

use super::error::guarded;
use super::record::{Record, Said};
use super::snapshot::{damaged, walk};
use super::tables::{read_address, read_withdrawal_key, withdrawal_key};
use super::{Entry, Held, Policy, Sequence, Snapshot, StoreError, ZoneState, file, key};
use crate::crypto::sha256;
use crate::threepid::Threepid;

/// How many problems are told one by one: whoever has more needs a backup, not a list.
const MAX_PROBLEMS: usize = 100;

/// What a store holds, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many names hold an association.
    pub associations: u64,
    /// How many names hold a withdrawal.
    pub withdrawals: u64,
    /// How many names hold a mark.
    pub marks: u64,
    /// How many statements have RRSIGs.
    pub signed: u64,
    /// How many addresses are kept.
    pub addresses: u64,
    /// The number of the last change.
    pub last: Sequence,
    /// Whether the checksums of pages were looked at: not where another process was writing.
    pub has_pages: bool,
    /// What is wrong, at most 100 lines.
    pub problems: Vec<String>,
    /// How much more is wrong.
    pub more_problems: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    fn count(&mut self, said: &Said, is_signed: bool) {
        match said {
            Said::Mark(_) => self.marks += 1,
            Said::Statement { .. } if said.is_withdrawn() => self.withdrawals += 1,
            Said::Statement { .. } => self.associations += 1,
        }
        self.signed += u64::from(is_signed);
    }
}

/// Checks the store at `path`: the checksum of every page, every record, and that its tables agree.
/// A store that was not closed is put in order first. Where another process is writing it, the checksums
/// are left out, and all else is of one moment. Calls `checked` for every name.
///
/// # Errors
/// Where it cannot be read, or is damaged so much that it cannot be looked at.
pub fn check(
    path: &Path,
    policy: &Policy,
    mut checked: impl FnMut(),
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    match pages_are_sound(path, policy) {
        Err(StoreError::InUse) => {}
        sound => {
            report.has_pages = true;
            if !sound? {
                let problem = "the pages in use were not those noted as such: repaired";
                report.problem(problem.to_owned());
            }
        }
    }
    let snapshot = Snapshot::of_file(path, policy)?;
    snapshot.check_names(&mut report, &mut checked)?;
    snapshot.check_changes(&mut report)?;
    snapshot.check_withdrawals(&mut report)?;
    snapshot.check_addresses(&mut report)?;
    snapshot.check_zones(&mut report)?;
    snapshot.check_borders(&mut report)?;
    Ok(report)
}

/// Whether every page has its checksum, and the list of free ones is right.
fn pages_are_sound(path: &Path, policy: &Policy) -> Result<bool, StoreError> {
    let mut database = file::open(path, policy)?;
    guarded(|| {
        let sound = database.check_integrity()?;
        database.close()?;
        Ok(sound)
    })
}

impl Snapshot {
    fn check_names(
        &self,
        report: &mut Report,
        checked: &mut impl FnMut(),
    ) -> Result<(), StoreError> {
        let range = guarded(|| Ok(self.names.range::<&[u8]>(..)?))?;
        // What a page has and what it should have are two things: the walk goes on behind the latter.
        for found in walk(range, |key, value| Ok(self.check_record(key, value))) {
            match found? {
                Ok((said, is_signed)) => report.count(&said, is_signed),
                Err(problem) => report.problem(problem),
            }
            checked();
        }
        Ok(())
    }

    fn check_record(&self, key: &[u8], value: &[u8]) -> Result<(Said, bool), String> {
        let entry = Record::from_octets(value);
        let entry = entry.and_then(|record| Entry::new(key, record, &self.handed));
        let entry = entry.map_err(|error| format!("{}: {error}", shown(key)))?;
        let said = entry.held.read().map_err(|error| format!("{}: {error}", entry.name))?;
        self.check_entry(key, &entry, &said).map_err(|error| format!("{}: {error}", entry.name))?;
        Ok((said, !entry.rrsigs.is_empty()))
    }

    fn check_entry(&self, key: &[u8], entry: &Entry, said: &Said) -> Result<(), StoreError> {
        let change = self.changes.get(entry.sequence.0)?;
        if change.is_none_or(|change| change.value() != key) {
            return Err(damaged("its change is not in the feed"));
        }
        if let Some(ts) = said.withdrawal() {
            let at = withdrawal_key(ts.as_millis(), key);
            if self.withdrawals.get(&*at)?.is_none() {
                return Err(damaged("its withdrawal is not noted"));
            }
        }
        match (said, self.identifier(&entry.name)?) {
            (Said::Statement { statement, signed_hash }, Some(threepid))
                if sha256(&statement.claim().signed_octets(&threepid)) != *signed_hash =>
            {
                Err(damaged("the hash is not that of the statement"))
            }
            _ => Ok(()),
        }
    }

    /// Every change is some name's: then there are as many as names, since each name has its own.
    fn check_changes(&self, report: &mut Report) -> Result<(), StoreError> {
        for entry in self.since(Sequence(0))? {
            match entry {
                Ok(entry) => report.last = entry.sequence,
                Err(error @ StoreError::Damaged(_)) => report.problem(format!("the feed: {error}")),
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    fn check_withdrawals(&self, report: &mut Report) -> Result<(), StoreError> {
        let range = guarded(|| Ok(self.withdrawals.range::<&[u8]>(..)?))?;
        for found in walk(range, |at, ()| Ok(self.check_withdrawal(at))) {
            if let Err(error) = found? {
                report.problem(format!("a noted withdrawal: {error}"));
            }
        }
        Ok(())
    }

    fn check_withdrawal(&self, at: &[u8]) -> Result<(), StoreError> {
        let (ts, key) = read_withdrawal_key(at)?;
        let record = self.names.get(key)?.map(|value| Record::from_octets(value.value()));
        match record.transpose()?.map(|record| record.held.read()).transpose()? {
            Some(said) if said.withdrawal() == Some(ts) => Ok(()),
            _ => Err(damaged("its name holds something else")),
        }
    }

    fn check_zones(&self, report: &mut Report) -> Result<(), StoreError> {
        let range = guarded(|| Ok(self.zones.range::<&[u8]>(..)?))?;
        let last = report.last;
        for found in walk(range, |key, octets| Ok(check_zone(key, octets, last))) {
            if let Err(error) = found? {
                report.problem(format!("a zone: {error}"));
            }
        }
        Ok(())
    }

    fn check_borders(&self, report: &mut Report) -> Result<(), StoreError> {
        for border in self.borders()? {
            let (key, border) = border?;
            if key::name(&key).is_none() || border.handed > report.last {
                let told =
                    format!("a border at {}: {} was handed over", shown(&key), border.handed);
                report.problem(told);
            }
        }
        Ok(())
    }

    fn check_addresses(&self, report: &mut Report) -> Result<(), StoreError> {
        let range = guarded(|| Ok(self.addresses.range::<&[u8]>(..)?))?;
        for found in walk(range, |key, octets| Ok(self.check_address(key, octets))) {
            match found? {
                Ok(()) => report.addresses += 1,
                Err(error) => report.problem(format!("an address: {error}")),
            }
        }
        Ok(())
    }

    fn check_address(&self, key: &[u8], octets: &[u8]) -> Result<(), StoreError> {
        let threepid = read_address(octets)?;
        let name = key::name(key).ok_or_else(|| damaged("a name that is none"))?;
        if !is_named(&threepid, &name) {
            return Err(damaged("not the one of its name"));
        }
        match self.find(&name)?.map(|entry| entry.held) {
            Some(Held::Statement(kept)) if !kept.statement()?.claim().is_withdrawal() => Ok(()),
            _ => Err(damaged("kept beside no association")),
        }
    }
}

fn check_zone(key: &[u8], octets: &[u8], last: Sequence) -> Result<(), StoreError> {
    let apex = key::name(key).ok_or_else(|| damaged("a name that is none"))?;
    let state = ZoneState::from_octets(&apex, octets)?;
    if state.sequence > last {
        return Err(damaged("its serial counts changes that were not made"));
    }
    Ok(())
}

/// Whether the identifier has this name in some tree.
pub(super) fn is_named(threepid: &Threepid, name: &crate::wire::Name) -> bool {
    let own = threepid.owner(&crate::wire::Name::root()).map_or(0, |own| own.label_count());
    let apex = name.label_count().checked_sub(own).map(|labels| name.suffix(labels));
    apex.is_some_and(|apex| threepid.owner(&apex).as_ref() == Ok(name))
}

/// A key that may be no name's, for people.
fn shown(key: &[u8]) -> String {
    key::name(key)
        .map_or_else(|| format!("key {}", crate::codec::hex(key)), |name| name.to_string())
}
