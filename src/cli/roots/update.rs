//! `threepid roots update`.

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::codec::utc;
use crate::config::RootList as Plan;
use crate::daemon::list_watch;
use crate::stub::roots::{Limits, RootListFile, RootListFileError, Stuck, walk};
use crate::trust::Purposes;
use crate::trust::root_list::RootList;

use super::super::arguments::RootsUpdate;
use super::super::runtime;
use super::{Exit, output, plan, read};

/// Installs the first list, or follows the one that is held.
pub(in crate::cli) fn update(arguments: &RootsUpdate) -> Exit {
    let now = SystemClock.now();
    match try_update(arguments, now) {
        Ok(list) => {
            let expires = utc(list.terms().expires.as_secs());
            output::print(format_args!("version {}, expires {expires}\n", list.version()));
            Exit::Success
        }
        Err(exit) => exit,
    }
}

fn try_update(arguments: &RootsUpdate, now: Timestamp) -> Result<RootList, Exit> {
    let (plan, purposes) = plan(arguments.config.as_deref())?;
    let file = RootListFile::new(&plan.file.value);
    if let Some(given) = &arguments.from {
        take(&file, &read(given)?, &purposes)?;
    }
    let held = file.load().map_err(output::fail)?;
    if plan.mirrors.is_empty() {
        if arguments.from.is_none() {
            return Err(output::fail(
                "no `root_list_urls` say where newer lists are fetched: give the next one by --from",
            ));
        }
        return held.in_date(now).map(|()| held).map_err(output::fail);
    }
    fetch(&plan, &purposes, &file, held, now)
}

/// Takes in a list that someone gives: the first one, or the one after that which is held.
fn take(file: &RootListFile, given: &RootList, purposes: &Purposes) -> Result<(), Exit> {
    let (version, path) = (given.version(), file.path().display());
    let told = match file.load() {
        Err(RootListFileError::Missing(_)) => {
            given.verify().map_err(output::fail)?;
            format!("version {version} is trusted from here on, in {path}: because you say so")
        }
        Err(error) => return Err(output::fail(error)),
        Ok(held) if held == *given => format!("version {version} is held, in {path}"),
        Ok(held) => {
            held.succeeds(given).map_err(output::fail)?;
            format!("version {version} follows version {}", held.version())
        }
    };
    purposes.with_list(given).map_err(output::fail)?;
    let held = file.save(given.clone()).map_err(output::fail)?;
    if held != *given {
        let version = held.version();
        return Err(output::fail(format_args!(
            "{path}: version {version} was put there meanwhile"
        )));
    }
    output::tell(told);
    Ok(())
}

/// Asks the mirrors for newer lists, and holds the last one that was reached.
fn fetch(
    plan: &Plan,
    purposes: &Purposes,
    file: &RootListFile,
    held: RootList,
    now: Timestamp,
) -> Result<RootList, Exit> {
    let client = list_watch::client(plan).map_err(output::fail)?;
    let before = held.version();
    let limits = Limits::default();
    let walked = runtime::short(walk(held, &plan.mirrors, &client, now, &limits))?;
    walked.complaints.iter().for_each(output::tell);
    let mut list = walked.list;
    let version = list.version();
    if version != before {
        purposes.with_list(&list).map_err(output::fail)?;
        list = file.save(list).map_err(output::fail)?;
        output::tell(format_args!("version {version} follows, from version {before}"));
    }
    match walked.end {
        Ok(()) => Ok(list),
        Err(stuck @ Stuck::Frozen { .. }) => Err(output::fail(stuck)),
        Err(stuck) => {
            output::tell(format_args!("{stuck}: version {} is used", list.version()));
            Err(Exit::Waiting)
        }
    }
}
