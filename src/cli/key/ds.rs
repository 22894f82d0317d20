//! `threepid key ds`: what a parent publishes of a key.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::refuse;
use crate::cli::arguments::KeyDs;
use crate::cli::{Exit, output};
use crate::clock::{Clock, SystemClock};
use crate::daemon::keys;
use crate::dnssec::lifecycle::State;
use crate::dnssec::sha256_ds;
use crate::wire::rdata::{Dnskey, to_text};
use crate::wire::{Name, Rtype};

/// Prints the DS records of keys.
pub(in crate::cli) fn ds(arguments: &KeyDs) -> Exit {
    match records(&arguments.files) {
        Ok(records) => {
            output::print(records.concat());
            Exit::Success
        }
        Err(exit) => exit,
    }
}

/// Their lines: one at least.
fn records(named: &[PathBuf]) -> Result<Vec<String>, Exit> {
    let mut records = Vec::new();
    let mut left_out = Vec::new();
    for file in files(named)? {
        let (zone, key) = keys::load_public(&file).map_err(|error| refuse(&error))?;
        match unfit(&file, &zone, &key) {
            None => records.push(record(&zone, &key)),
            Some(why) => left_out.push(format!("{}: {why}", file.display())),
        }
    }
    if records.is_empty() {
        let why = if left_out.is_empty() { "no key here".to_owned() } else { left_out.join("\n") };
        return Err(output::fail(why));
    }
    left_out.iter().for_each(|line| output::tell(format_args!("{line}; it is left out")));
    Ok(records)
}

/// The files that are named, and of directories the keys in them.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Exit> {
    let mut files = Vec::new();
    for path in named {
        match path.is_dir() {
            false => files.push(path.clone()),
            true => files.extend(keys_in(path)?),
        }
    }
    Ok(files)
}

fn keys_in(directory: &Path) -> Result<Vec<PathBuf>, Exit> {
    let list = fs::read_dir(directory).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    let mut files =
        list.map_err(|error| output::fail(format_args!("{}: {error}", directory.display())))?;
    files.retain(|path| path.extension() == Some(OsStr::new("key")));
    files.sort();
    Ok(files)
}

/// Why no parent wants a DS record of a key.
fn unfit(file: &Path, zone: &Name, key: &Dnskey) -> Option<String> {
    if key.flags & Dnskey::SEP == 0 {
        return Some(format!(
            "this key signs the records of {zone}; the parent publishes the DS of the one that signs its keys"
        ));
    }
    // Its times stand in the file beside, which may be kept elsewhere.
    let state = keys::load_pair(file).ok()?.state(SystemClock.now());
    matches!(state, State::Revoked | State::Removed)
        .then(|| format!("this key of {zone} is {}", state.to_string().to_lowercase()))
}

fn record(zone: &Name, key: &Dnskey) -> String {
    format!("{zone} IN DS {}\n", to_text(Rtype::DS, &sha256_ds(zone, key).to_rdata()))
}
