//! `threepid delegation sync`: what children ask for by CDS and CDNSKEY, taken over.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{apply, child, open, output, refused};
use crate::cli::arguments::DelegationSync;
use crate::cli::client::client_config;
use crate::cli::moment::kept;
use crate::cli::{Exit, runtime};
use crate::clock::{Clock, SystemClock};
use crate::disk;
use crate::dnssec::cds::{CdsError, Child, Signed, Taken, Verdict, judge};
use crate::stub::{Client, LookupError};
use crate::wire::rdata::{Ds, Rrsig};
use crate::wire::{Name, Rtype};
use crate::zone::delegating::{self, Delegated, How, Order};
use crate::zone::edit::Change;
use crate::zone::master::Master;

/// How many children are asked at once, each for three sets.
const AT_ONCE: usize = 16;

/// Asks children what they want, and takes it over.
pub(in crate::cli) fn sync(arguments: &DelegationSync) -> Exit {
    try_sync(arguments).unwrap_or_else(|exit| exit)
}

fn try_sync(arguments: &DelegationSync) -> Result<Exit, Exit> {
    let zone = open(&arguments.zone)?;
    let children = children(arguments, zone.master())?;
    let state = arguments.state.clone().unwrap_or_else(|| beside(&arguments.zone.file));
    let mut taken = read_state(&state)?;
    let mut config = client_config(arguments.config.as_deref())?;
    config.resolver = arguments.resolver.unwrap_or(config.resolver);
    let client = config.client();
    let answers = runtime::short(ask_all(&client, children, arguments.accept_insecure))?;
    let mut exit = Exit::Success;
    let mut change = Change::default();
    for (delegated, heard) in answers {
        match decide(&delegated, heard, &taken, arguments.accept_insecure) {
            Ok(Verdict::Change(wish)) => {
                let one = order(zone.master(), &delegated, wish.ds.clone())?;
                change.removed.extend(one.removed);
                change.added.extend(one.added);
                change.serial = one.serial;
                taken.0.insert(delegated.name, wish.inception);
            }
            Ok(_) => {}
            Err(one) => exit = exit.max(one),
        }
    }
    if change != Change::default() {
        let write = || {
            disk::replace(&state, taken.to_string().as_bytes())
                .map_err(|error| output::fail(format_args!("{}: {error}", state.display())))
        };
        apply(&zone, &change, arguments.dry_run, write)?;
    }
    Ok(exit)
}

/// The delegations that are looked at.
fn children(arguments: &DelegationSync, master: &Master) -> Result<Vec<Delegated>, Exit> {
    if arguments.children.is_empty() {
        let all = delegating::list(master, None).map_err(refused)?;
        return Ok(all.into_iter().filter(|one| !one.ds.is_empty()).collect());
    }
    let mut found: Vec<Delegated> = Vec::new();
    for text in &arguments.children {
        let name = child(text, master)?;
        for one in delegating::list(master, Some(&name)).map_err(refused)? {
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// The DS set of a child replaced.
fn order(master: &Master, delegated: &Delegated, ds: Vec<Ds>) -> Result<Change, Exit> {
    let order = Order {
        child: delegated.name.clone(),
        servers: Vec::new(),
        ds: Some(ds),
        how: How::Replace,
        ttl: None,
        hide: false,
        unsupported_ds: false,
    };
    delegating::add(master, &order, SystemClock.now()).map_err(refused)
}

/// Where it is kept what was taken, unless another place is given.
fn beside(file: &Path) -> PathBuf {
    let mut state = file.as_os_str().to_owned();
    state.push(".cds");
    state.into()
}

fn read_state(path: &Path) -> Result<Taken, Exit> {
    match fs::read_to_string(path) {
        Ok(text) => Taken::parse(&text)
            .map_err(|error| output::mistakes(format_args!("{}:{error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Taken::default()),
        Err(error) => Err(output::fail(format_args!("{}: {error}", path.display()))),
    }
}

/// Why a child's records are not had.
enum Unheard {
    /// There is no answer.
    Lookup(LookupError),
    /// There is one that nothing proves.
    Unproved(Rtype),
}

/// What a child serves of its keys, or a resolver has kept.
struct Heard {
    child: Child,
    /// How long a resolver has kept the oldest part of it.
    age: Duration,
}

/// Asks all children, some at once. Gives their answers in their order.
async fn ask_all(
    client: &Client,
    children: Vec<Delegated>,
    believe: bool,
) -> Vec<(Delegated, Result<Heard, Unheard>)> {
    let (places, mut asked) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for (number, one) in children.into_iter().enumerate() {
        let (client, places) = (client.clone(), Arc::clone(&places));
        asked.spawn(async move {
            let _place = places.acquire_owned().await;
            let answer = ask(&client, &one, believe).await;
            (number, one, answer)
        });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(number, ..)| *number);
    answers.into_iter().map(|(_, one, answer)| (one, answer)).collect()
}

/// Asks for what a child serves of its keys.
async fn ask(client: &Client, one: &Delegated, believe: bool) -> Result<Heard, Unheard> {
    let needs_proof = !(believe && one.ds.is_empty());
    let set = |rtype| set(client, &one.name, rtype, needs_proof);
    let (cds, of_cds) = set(Rtype::CDS).await?;
    let (cdnskey, of_cdnskey) = set(Rtype::CDNSKEY).await?;
    let (dnskey, of_dnskey) = set(Rtype::DNSKEY).await?;
    let child = Child { zone: one.name.clone(), ds: one.ds.clone(), cds, cdnskey, dnskey };
    Ok(Heard { child, age: of_cds.max(of_cdnskey).max(of_dnskey) })
}

/// A set of a child with its signatures, and its age.
async fn set(
    client: &Client,
    zone: &Name,
    rtype: Rtype,
    needs_proof: bool,
) -> Result<(Option<Signed>, Duration), Unheard> {
    let mut found = client.resolve(zone, rtype).await.map_err(Unheard::Lookup)?;
    if needs_proof {
        found = found.proved().map_err(|_| Unheard::Unproved(rtype))?;
    }
    let age = found.age();
    let rrset = found.rrset.filter(|rrset| rrset.name == *zone);
    let rrsigs = found.signatures.iter().filter_map(|rdata| Rrsig::parse(rdata).ok()).collect();
    Ok((rrset.map(|rrset| Signed { rrset, rrsigs }), age))
}

/// What becomes of a child's DS set, told.
fn decide(
    delegated: &Delegated,
    heard: Result<Heard, Unheard>,
    taken: &Taken,
    believe: bool,
) -> Result<Verdict, Exit> {
    let name = &delegated.name;
    let refuse = |why: &dyn Display| Err(refused(format_args!("{name}: {why}")));
    let Heard { child, age } = match heard {
        Ok(heard) => heard,
        Err(Unheard::Lookup(error)) => return Err(output::fail(format_args!("{name}: {error}"))),
        Err(Unheard::Unproved(_)) if delegated.ds.is_empty() => return refuse(&INSECURE),
        Err(Unheard::Unproved(rtype)) => {
            return refuse(&format_args!("the answer about its {rtype} records is not proved"));
        }
    };
    let believe = believe && delegated.ds.is_empty();
    let verdict = match judge(&child, taken.0.get(name).copied(), believe, SystemClock.now()) {
        Ok(verdict) => verdict,
        Err(CdsError::Unproved) => return refuse(&INSECURE),
        Err(error) => return refuse(&format_args!("{error}{}", kept(age))),
    };
    output::tell(format_args!("{name}: {}{}", told(&verdict, &delegated.ds), kept(age)));
    Ok(verdict)
}

/// Told of a child without DS records.
const INSECURE: &str = "it is not signed, and nothing proves what it asks for: give its DS by \
                        `threepid delegation add --merge`, or --accept-insecure";

/// A verdict in words.
fn told(verdict: &Verdict, before: &[Ds]) -> String {
    let wish = match verdict {
        Verdict::Silent => return "asks for nothing".to_owned(),
        Verdict::Unchanged => return "has what it asks for".to_owned(),
        Verdict::Change(wish) => wish,
    };
    let mut text = match wish.ds.is_empty() {
        true => format!("asks to be unsigned, DS {} gone", tags(before)),
        false if before.is_empty() => format!("DS {}, believed as it came", tags(&wish.ds)),
        false => format!("DS {} in place of {}", tags(&wish.ds), tags(before)),
    };
    if !wish.left_out.is_empty() {
        text.push_str(&format!("; left out, not used here: {}", tags(&wish.left_out)));
    }
    text
}

/// The tags of DS records, with what each is by.
fn tags(ds: &[Ds]) -> String {
    let tag = |ds: &Ds| format!("{} ({}, {})", ds.key_tag, ds.algorithm, ds.digest_type);
    ds.iter().map(tag).collect::<Vec<_>>().join(" and ")
}
