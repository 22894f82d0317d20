//! People of a part of the tree: handed over before it is delegated, handed back before it is taken back.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::{output, refused};
use crate::cli::Exit;
use crate::cli::arguments::{DelegationAdd, DelegationRemove, StoreOfZone};
use crate::config::Config;
use crate::store::{Change, Policy, Sequence, Snapshot, Stand, Tally};
use crate::wire::Name;

/// A store, open to be read.
struct Shelf {
    path: PathBuf,
    snapshot: Snapshot,
}

impl Shelf {
    /// The store of the zone; none where there is none.
    fn open(place: &StoreOfZone) -> Result<Option<Self>, Exit> {
        let path = match (&place.config, &place.store) {
            (Some(config), _) => {
                let config = Config::load(config).map_err(output::config)?;
                let store = config.authority.and_then(|authority| authority.store);
                // A server makes its store when it first starts.
                store.map(|store| store.value).filter(|store| store.exists())
            }
            (None, store) => store.clone(),
        };
        let Some(path) = path else { return Ok(None) };
        match Snapshot::of_file(&path, &Policy::default()) {
            Ok(snapshot) => Ok(Some(Self { path, snapshot })),
            Err(error) => Err(failed(&path, error)),
        }
    }

    fn tally(&self, child: &Name, is_it: impl Fn(Sequence, bool) -> bool) -> Result<Tally, Exit> {
        let tally = self.snapshot.tally(child, |entry| is_it(entry.sequence, entry.is_away));
        tally.map_err(|error| failed(&self.path, error))
    }
}

/// Sees that somebody said where associations are.
///
/// # Errors
/// Where nobody did.
pub(super) fn check_place(place: &StoreOfZone) -> Result<(), Exit> {
    if place.config.is_some() || place.store.is_some() || place.no_store {
        return Ok(());
    }
    output::fail(
        "say where the people of the zone are: --config FILE of its server, --store STORE, or --no-store \
         where they are in the zone file",
    );
    Err(Exit::Usage)
}

/// Sees that the child has what the store holds for it.
///
/// # Errors
/// Where something of it is not handed over, or may change.
pub(super) fn check_handed_over(arguments: &DelegationAdd, child: &Name) -> Result<(), Exit> {
    check_place(&arguments.place)?;
    let Some(shelf) = Shelf::open(&arguments.place)? else { return Ok(()) };
    let there = shelf.tally(child, |_, is_away| !is_away)?;
    if there.is_empty() {
        return Ok(());
    }
    let path = shelf.path.display();
    let Some(last) = arguments.handed_over else {
        return Err(refused(format_args!(
            "{path}: {there} at or below {child} would no longer be answered. Hand them over first: \
             threepid store handover {path} {child} > FILE, which the child takes in by threepid store \
             import; then say here up to which change, as it tells: --handed-over CHANGE"
        )));
    };
    let border = shelf.snapshot.border(child).map_err(|error| failed(&shelf.path, error))?;
    if border.stand != Stand::Held {
        return Err(refused(format_args!(
            "{path}: {child} is not held: what is published until the server reads the delegation would be \
             lost. Write `handing_over = [\"{child}\"]` into the table of the zone in the configuration, \
             have the server read it, and hand over what came since: threepid store handover {path} {child} \
             --after {last}"
        )));
    }
    let late = shelf.tally(child, |sequence, is_away| !is_away && sequence > last)?;
    if late.is_empty() {
        return Ok(());
    }
    Err(refused(format_args!(
        "{path}: {late} at or below {child} changed after {last}. Hand them over, too: threepid store \
         handover {path} {child} --after {last}"
    )))
}

/// Sees that the store has what the child held.
///
/// # Errors
/// Where something of it is missing, and was not given up.
pub(super) fn check_handed_back(arguments: &DelegationRemove, child: &Name) -> Result<(), Exit> {
    check_place(&arguments.place)?;
    let Some(shelf) = Shelf::open(&arguments.place)? else { return Ok(()) };
    let path = shelf.path.display();
    match &arguments.handed_back {
        Some(file) => check_lines(&shelf, file, child)?,
        None if arguments.lost => {}
        None => {
            return Err(refused(format_args!(
                "{child} has people of its own, and has withdrawn others. Have it hold and hand over all: \
                 threepid store handover CHILD'S-STORE {child} > FILE; take them in while no server writes \
                 {path}: threepid store import {path} FILE; then say --handed-back FILE. Where the child \
                 is lost with all that it held, say --lost"
            )));
        }
    }
    let away = shelf.tally(child, |_, is_away| is_away)?;
    if !away.is_empty() && !arguments.lost {
        return Err(refused(format_args!(
            "{path}: {away} at or below {child} were handed over, and did not come back. With --lost they \
             stay away until somebody publishes them again"
        )));
    }
    let there = shelf.tally(child, |_, is_away| !is_away)?;
    output::tell(format_args!("{there} at or below {child} are answered here; {away} stay away"));
    Ok(())
}

/// Sees that the store has each line of what a child handed over, or something later.
fn check_lines(shelf: &Shelf, file: &Path, child: &Name) -> Result<(), Exit> {
    let lines = File::open(file).map_err(|error| failed(file, error))?;
    let (mut held, mut missing) = (0u64, 0u64);
    for (line, number) in BufReader::new(lines).lines().zip(1..) {
        let line = line.map_err(|error| failed(file, error))?;
        let at = format!("{}:{number}", file.display());
        let change = Change::from_line(line.as_bytes(), None)
            .map_err(|error| refused(format_args!("{at}: {error}")))?;
        let name = change.name();
        if !name.is_at_or_below(child) {
            return Err(refused(format_args!("{at}: {name} is not at or below {child}")));
        }
        match shelf.snapshot.has(&change).map_err(|error| failed(&shelf.path, error))? {
            true => held += 1,
            false => missing += 1,
        }
    }
    let (path, file) = (shelf.path.display(), file.display());
    match (held, missing) {
        (0, 0) => Err(refused(format_args!("{file}: nothing was handed over: see --lost"))),
        (_, 0) => Ok(()),
        _ => Err(refused(format_args!(
            "{missing} lines of {file} are not in {path}: take them in while no server writes it, by threepid \
             store import {path} {file}"
        ))),
    }
}

fn failed(path: &Path, error: impl Display) -> Exit {
    output::fail(format_args!("{}: {error}", path.display()))
}
