//! `threepid delegation add` and `remove`.

use std::path::{Path, PathBuf};

use super::probe::probe;
use super::{apply, child, failed, open, output, refused};
use crate::cli::Exit;
use crate::cli::arguments::{DelegationAdd, DelegationRemove};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::daemon::keys;
use crate::dnssec::sha256_ds;
use crate::store::{self, Held, Snapshot};
use crate::wire::rdata::{Dnskey, Ds};
use crate::wire::{Name, Rtype};
use crate::zone::delegating::{self, How, Order, Server};
use crate::zone::master::{Limits, Text, read};

/// Makes a delegation, or changes one.
pub(in crate::cli) fn add(arguments: &DelegationAdd) -> Exit {
    try_add(arguments).err().unwrap_or(Exit::Success)
}

fn try_add(arguments: &DelegationAdd) -> Result<(), Exit> {
    let zone = open(&arguments.zone)?;
    let child = child(&arguments.child, zone.master())?;
    let order = Order {
        servers: merged(&arguments.servers),
        ds: signers(arguments, &child)?,
        how: match (arguments.merge, arguments.replace) {
            (true, _) => How::Merge,
            (_, true) => How::Replace,
            _ => How::New,
        },
        ttl: arguments.ttl,
        force: arguments.force,
        child,
    };
    let change = delegating::add(zone.master(), &order, SystemClock.now()).map_err(refused)?;
    if let Some(store) = store(arguments)?.filter(|_| !order.force) {
        check_store(&store, &order.child)?;
    }
    if arguments.check {
        let after = zone.preview(&change).map_err(failed)?;
        let delegated = delegating::list(&after, Some(&order.child)).map_err(refused)?;
        delegated.iter().try_for_each(probe)?;
    }
    apply(&zone, &change, arguments.dry_run, || Ok(()))
}

/// Each server once, with all its addresses.
fn merged(servers: &[Server]) -> Vec<Server> {
    let mut merged: Vec<Server> = Vec::new();
    for server in servers {
        match merged.iter_mut().find(|other| other.name == server.name) {
            Some(other) => other.addresses.extend(&server.addresses),
            None => merged.push(server.clone()),
        }
    }
    merged
}

/// The DS records that are given; none where nothing is said about them.
fn signers(arguments: &DelegationAdd, child: &Name) -> Result<Option<Vec<Ds>>, Exit> {
    if arguments.insecure {
        return Ok(Some(Vec::new()));
    }
    let mut found = Vec::new();
    for text in &arguments.ds {
        found.extend(records(text, child)?);
    }
    for file in &arguments.keys {
        found.push(of_key(file, child)?);
    }
    Ok(Some(found).filter(|found| !found.is_empty()))
}

/// DS records as `threepid key ds` and `dig` write them, or the data of one.
fn records(text: &str, child: &Name) -> Result<Vec<Ds>, Exit> {
    let usage = |why: &dyn std::fmt::Display| {
        output::fail(why);
        Exit::Usage
    };
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_data = !first.is_empty() && first.bytes().all(|octet| octet.is_ascii_digit());
    let text =
        if is_data { format!("{child} 0 IN DS {text}") } else { format!("$TTL 0\n{text}\n") };
    let root = Name::root();
    let master = read("--ds", Some(&root), &Text(text.as_bytes()), &Limits::default());
    if let Some(mistake) = master.mistakes.first() {
        return Err(usage(&format_args!("--ds: {}", mistake.problem)));
    }
    let mut found = Vec::new();
    for (record, _) in &master.records {
        let (owner, rtype) = (&record.name, record.rtype);
        match Ds::parse(&record.rdata).ok().filter(|_| rtype == Rtype::DS && owner == child) {
            Some(ds) => found.push(ds),
            None => {
                let told =
                    format_args!("--ds: a {rtype} record of {owner}, a DS of {child} expected");
                return Err(usage(&told));
            }
        }
    }
    if found.is_empty() {
        Err(usage(&"--ds: a DS record expected, there is none"))
    } else {
        Ok(found)
    }
}

/// The DS record of a key file.
fn of_key(file: &Path, child: &Name) -> Result<Ds, Exit> {
    let (owner, key) = keys::load_public(file).map_err(output::fail)?;
    let file = file.display();
    if owner != *child {
        return Err(refused(format_args!(
            "{file}: this is a key of {owner}, one of {child} expected"
        )));
    }
    if key.flags & Dnskey::SEP == 0 || key.is_revoked() {
        return Err(refused(format_args!(
            "{file}: this key is revoked, or signs the records of {owner} alone: its parent publishes \
             the DS of the one that signs its keys"
        )));
    }
    Ok(sha256_ds(&owner, &key))
}

/// Where the zone's associations are, as far as it is told.
fn store(arguments: &DelegationAdd) -> Result<Option<PathBuf>, Exit> {
    let Some(path) = &arguments.config else { return Ok(arguments.store.clone()) };
    let config = Config::load(path).map_err(output::config)?;
    let store = config.authority.and_then(|authority| authority.store);
    // A server makes its store when it first starts.
    Ok(store.map(|store| store.value).filter(|store| store.exists()))
}

/// That a store holds nothing that is the child's.
fn check_store(path: &Path, child: &Name) -> Result<(), Exit> {
    let fail = |error: store::StoreError| output::fail(format_args!("{}: {error}", path.display()));
    let snapshot = Snapshot::of_file(path, &store::Policy::default()).map_err(fail)?;
    let (mut statements, mut marks) = (0u64, 0u64);
    for entry in snapshot.at_or_below(child).map_err(fail)? {
        match entry.map_err(fail)?.held {
            Held::Statement(_) => statements += 1,
            Held::Mark(_) => marks += 1,
        }
    }
    if statements + marks == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(refused(format_args!(
        "{path}: {statements} statements and {marks} marks at or below {child} would no longer be \
         answered. Hand them over first: threepid store handover {path} {child} > FILE, which the child \
         takes in by threepid store import. Then add --force"
    )))
}

/// Takes a delegation back.
pub(in crate::cli) fn remove(arguments: &DelegationRemove) -> Exit {
    try_remove(arguments).err().unwrap_or(Exit::Success)
}

fn try_remove(arguments: &DelegationRemove) -> Result<(), Exit> {
    let zone = open(&arguments.zone)?;
    let child = child(&arguments.child, zone.master())?;
    let removal = delegating::remove(zone.master(), &child, SystemClock.now()).map_err(refused)?;
    apply(&zone, &removal.change, arguments.dry_run, || Ok(()))?;
    for (name, rtype, place) in &removal.shown {
        output::tell(format_args!("{place}: {name} {rtype} is not hidden any more"));
    }
    Ok(())
}
