//! `threepid roots sign`.

use std::collections::BTreeSet;

use crate::clock::{Clock, SystemClock};
use crate::codec::utc;
use crate::crypto::PublicKey;
use crate::daemon::signing_keys;
use crate::disk::Swap;
use crate::signed::{KeyName, NamedKey};
use crate::trust::Purposes;
use crate::trust::root_list::{RootList, Tally};

use super::super::arguments::RootsSign;
use super::{Exit, octets, output, parse, read, unknown};

/// Adds a signature to a draft, and tells how many are there.
pub(in crate::cli) fn sign(arguments: &RootsSign) -> Exit {
    match try_sign(arguments) {
        Ok(()) => Exit::Success,
        Err(exit) => exit,
    }
}

fn try_sign(arguments: &RootsSign) -> Result<(), Exit> {
    let before = octets(&arguments.file)?;
    let draft = parse(&arguments.file, &before)?;
    let previous = arguments.previous.as_deref().map(read).transpose()?;
    let key = signing_keys::load(&arguments.key).map_err(output::mistakes)?;
    let shown = arguments.file.display();
    check(&draft, previous.as_ref(), &key)
        .map_err(|wrong| output::mistakes(format_args!("{shown}:1:1: {wrong}")))?;
    let mut signed = draft;
    for name in names(&signed, previous.as_ref(), &key.key.public()) {
        signed = signed
            .sign(name, &key.key)
            .map_err(|error| output::mistakes(format_args!("{shown}:1:1: {error}")))?;
    }
    Swap::prepare(&arguments.file, &before, &signed.to_octets())
        .and_then(Swap::commit)
        .map_err(output::fail)?;
    let (version, expires) = (signed.version(), signed.terms().expires);
    output::print(format_args!("version {version}, expires {}\n", utc(expires.as_secs())));
    let before = previous.as_ref().map(|previous| previous.tally(&signed));
    for tally in before.into_iter().chain([signed.tally(&signed)]) {
        output::print(format_args!("{}\n", line(&tally)));
    }
    if let (None, Some(unknown)) = (&previous, unknown(&signed)) {
        output::print(format_args!("{unknown}\n"));
    }
    Ok(())
}

/// Refuses what should not be signed, or not by this key.
fn check(draft: &RootList, previous: Option<&RootList>, key: &NamedKey) -> Result<(), String> {
    draft.in_date(SystemClock.now()).map_err(|refused| refused.to_string())?;
    if let Some(previous) = previous {
        let (expected, found) = (u64::from(previous.version()) + 1, draft.version());
        if expected != u64::from(found) {
            return Err(format!("version {found}, but {expected} follows the previous list"));
        }
        let other = |(name, key): (&KeyName, &PublicKey)| {
            previous
                .terms()
                .keys
                .get(name)
                .is_some_and(|before| before != key)
                .then(|| name.clone())
        };
        if let Some(name) = draft.terms().keys.iter().find_map(other) {
            return Err(format!("{name} is another key in the previous list: give it another id"));
        }
    }
    let public = key.key.public();
    Purposes::default().with_list(draft).map_err(|shared| shared.to_string())?;
    if names(draft, previous, &public).is_empty() {
        let hint = match previous {
            Some(_) => "nor of the previous list",
            None => "and no previous list is given, by --previous LIST, that it may be of",
        };
        return Err(format!("the key {public} is none of those of the list, {hint}"));
    }
    Ok(())
}

/// The names by which a key signs.
fn names(draft: &RootList, previous: Option<&RootList>, key: &PublicKey) -> BTreeSet<KeyName> {
    let lists = previous.into_iter().chain([draft]);
    lists.flat_map(|list| list.terms().names_of(key)).cloned().collect()
}

/// How far the signatures have come.
fn line(tally: &Tally) -> String {
    match tally.needed.saturating_sub(tally.counted) {
        0 => format!("signed by {tally}: enough"),
        more => format!("signed by {tally}: {more} more needed"),
    }
}
