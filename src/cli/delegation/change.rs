//! `threepid delegation add` and `remove`.

use std::path::Path;

use super::handing::{check_handed_back, check_handed_over};
use super::probe::probe;
use super::{apply, child, failed, open, output, refused};
use crate::cli::Exit;
use crate::cli::arguments::{DelegationAdd, DelegationRemove};
use crate::clock::{Clock, SystemClock};
use crate::daemon::keys;
use crate::dnssec::sha256_ds;
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
        hide: arguments.hide,
        unsupported_ds: arguments.unsupported_ds,
        child,
    };
    let change = delegating::add(zone.master(), &order, SystemClock.now()).map_err(refused)?;
    if order.how == How::New {
        check_handed_over(arguments, &order.child)?;
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

/// Takes a delegation back.
pub(in crate::cli) fn remove(arguments: &DelegationRemove) -> Exit {
    try_remove(arguments).err().unwrap_or(Exit::Success)
}

fn try_remove(arguments: &DelegationRemove) -> Result<(), Exit> {
    let zone = open(&arguments.zone)?;
    let child = child(&arguments.child, zone.master())?;
    let removal = delegating::remove(zone.master(), &child, SystemClock.now()).map_err(refused)?;
    check_handed_back(arguments, &child)?;
    apply(&zone, &removal.change, arguments.dry_run, || Ok(()))?;
    for (name, rtype, place) in &removal.shown {
        output::tell(format_args!("{place}: {name} {rtype} is not hidden any more"));
    }
    Ok(())
}
