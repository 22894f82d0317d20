//! `threepid store`: stores checked, copied, written as lines, and filled from them.

mod handover;
mod import;

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

pub(super) use handover::handover;
pub(super) use import::import;

use super::arguments::{StoreBackup, StoreFile};
use super::progress::Progress;
use super::{Exit, output};
use crate::store::{self, Policy, Report, Sequence, Snapshot, StoreError, Tally};
use crate::wire::Name;

/// Tells what is wrong with a store.
pub(super) fn check(arguments: &StoreFile) -> Exit {
    let path = &arguments.store;
    let progress = match names(path) {
        Ok(names) => Progress::names(Some(names)),
        Err(exit) => return exit,
    };
    let report = store::check(path, &Policy::default(), || progress.add(1));
    drop(progress);
    match report {
        Ok(report) if report.is_good() => {
            if !report.has_pages {
                let path = path.display();
                output::tell(format_args!(
                    "{path}: another process writes it: the checksums of its pages are left out"
                ));
            }
            output::print(format_args!("{} is good: {}\n", path.display(), summary(&report)));
            Exit::Success
        }
        Ok(report) => {
            for problem in &report.problems {
                output::tell(format_args!("{}: {problem}", path.display()));
            }
            if report.more_problems > 0 {
                output::tell(format_args!("{}: {} more", path.display(), report.more_problems));
            }
            Exit::Flawed
        }
        Err(error) => damaged(path, error),
    }
}

/// How many names a store has, as far as that can be read.
fn names(path: &Path) -> Result<u64, Exit> {
    let names = Snapshot::of_file(path, &Policy::default()).and_then(|snapshot| snapshot.count());
    names.map_err(|error| damaged(path, error))
}

/// Tells what is wrong with a store that was to be checked.
fn damaged(path: &Path, error: StoreError) -> Exit {
    match error {
        StoreError::Damaged(_) => {
            output::tell(format_args!("{}: {error}", path.display()));
            Exit::Flawed
        }
        other => fail(path, other),
    }
}

/// What a good store holds.
fn summary(report: &Report) -> String {
    format!(
        "{} associations, {} withdrawals, {} marks; {} with RRSIGs; {} addresses; last change {}",
        report.associations,
        report.withdrawals,
        report.marks,
        report.signed,
        report.addresses,
        report.last,
    )
}

/// Copies a store.
pub(super) fn backup(arguments: &StoreBackup) -> Exit {
    let copied = open(&arguments.store).and_then(|snapshot| {
        let progress = Progress::names(Some(length(&arguments.store, &snapshot)?));
        let copied = snapshot.backup(&arguments.copy, &Policy::default(), || progress.add(1));
        drop(progress);
        copied.map_err(|error| fail(&arguments.copy, error))
    });
    copied.err().unwrap_or(Exit::Success)
}

/// Writes what a store holds.
pub(super) fn export(arguments: &StoreFile) -> Exit {
    let path = &arguments.store;
    let written = open(path)
        .and_then(|snapshot| write_lines(path, &snapshot, &Name::root(), Sequence::default()));
    written.err().unwrap_or(Exit::Success)
}

/// Writes the entries at a name and below it that changed after `last` to standard output.
fn write_lines(
    path: &Path,
    snapshot: &Snapshot,
    name: &Name,
    last: Sequence,
) -> Result<Tally, Exit> {
    let total = if name.is_root() { Some(length(path, snapshot)?) } else { None };
    let is_terminal = io::stdout().is_terminal();
    let progress = if is_terminal { Progress::hidden() } else { Progress::names(total) };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut written = Tally::default();
    let unwritable = |error: io::Error| output::fail(format_args!("standard output: {error}"));
    for entry in snapshot.at_or_below(name).map_err(|error| fail(path, error))? {
        let entry = entry.map_err(|error| fail(path, error))?;
        progress.add(1);
        if entry.sequence <= last {
            continue;
        }
        let mut line = entry.to_line(snapshot).map_err(|error| fail(path, error))?;
        line.push(b'\n');
        out.write_all(&line).map_err(unwritable)?;
        written.add(&entry);
    }
    out.flush().map_err(unwritable)?;
    Ok(written)
}

fn open(path: &Path) -> Result<Snapshot, Exit> {
    Snapshot::of_file(path, &Policy::default()).map_err(|error| fail(path, error))
}

fn length(path: &Path, snapshot: &Snapshot) -> Result<u64, Exit> {
    snapshot.count().map_err(|error| fail(path, error))
}

/// Tells what went wrong with a file.
fn fail(path: &Path, error: impl Display) -> Exit {
    output::fail(format_args!("{}: {error}", path.display()))
}
