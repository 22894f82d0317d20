//! `threepid roots`: the list of trees that root operators sign together.

mod show;
mod sign;
mod update;

use std::fs;
use std::path::Path;

use crate::config::{Config, RootList as Plan};
use crate::daemon::purposes;
use crate::trust::Purposes;
use crate::trust::root_list::RootList;

use super::client::default_config;
use super::{Exit, output};

pub(super) use show::show;
pub(super) use sign::sign;
pub(super) use update::update;

/// What is told where there is no configuration.
const NO_CONFIG: &str = "no configuration: give one whose [client], [resolver] or [publish] section \
                         has a root_list by -c FILE, or put it at";

/// Where the configuration says that the list is, and what the keys are for that it names besides.
fn plan(path: Option<&Path>) -> Result<(Plan, Purposes), Exit> {
    let path = path.map_or_else(|| default_config(NO_CONFIG), |path| Ok(path.to_owned()))?;
    let config = Config::load_as_written(&path).map_err(output::config)?;
    let purposes = purposes::of(&config, &[]);
    let Config { client, resolver, publish, .. } = config;
    let client = client.and_then(|part| part.root_list);
    let resolver = resolver.and_then(|part| part.root_list);
    let publish = publish.and_then(|part| part.root_list);
    let plan = client.or(resolver).or(publish);
    plan.map(|plan| (plan, purposes)).ok_or_else(|| {
        let path = path.display();
        output::mistakes(format_args!(
            "{path}:1:1: no `root_list` in [client], [resolver] or [publish]"
        ))
    })
}

/// What is told of a list, or a draft, where the one before it is not given.
fn unknown(list: &RootList) -> Option<String> {
    let before = list.version().checked_sub(1).filter(|before| *before > 0)?;
    Some(format!(
        "version {before} was not given (--previous): whether this list follows it is not known"
    ))
}

/// The list in a file that someone names, or the draft of one.
fn read(path: &Path) -> Result<RootList, Exit> {
    parse(path, &octets(path)?)
}

fn octets(path: &Path) -> Result<Vec<u8>, Exit> {
    let shown = path.display();
    fs::read(path).map_err(|error| output::fail(format_args!("cannot read {shown}: {error}")))
}

fn parse(path: &Path, octets: &[u8]) -> Result<RootList, Exit> {
    let shown = path.display();
    RootList::from_draft(octets)
        .map_err(|error| output::mistakes(format_args!("{shown}:1:1: not a root list: {error}")))
}
