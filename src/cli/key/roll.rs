//! `threepid key roll`: one key in place of another.

use std::path::PathBuf;

use super::status::Shown;
use super::{refuse, tells_parent};
use crate::cli::arguments::{KeyRoll, KeysOf};
use crate::cli::client::client_config;
use crate::cli::moment::kept;
use crate::cli::{Exit, output, runtime};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config;
use crate::crypto::OsRandom;
use crate::daemon::keys::{self, KeyError};
use crate::dnssec::ZoneKey;
use crate::dnssec::lifecycle::{Intervals, Plan, Refusal, Role, Roll, Vouching};
use crate::stub::Proof;
use crate::wire::rdata::Ds;
use crate::wire::{Name, Rtype};

/// Plans the next step, writes it down, and shows what comes of it.
pub(in crate::cli) fn roll(arguments: &KeyRoll) -> Exit {
    match try_roll(arguments) {
        Ok((keys, made, now)) => {
            let shown = Shown { of: &arguments.keys, keys: &keys, now };
            let made = made.map(|path| path.display().to_string());
            output::print(match (arguments.keys.json, &made) {
                (true, made) => shown.object(made.as_deref()),
                (false, Some(made)) => format!("made {made}\n{}", shown.text()),
                (false, None) => shown.text(),
            });
            Exit::Success
        }
        Err(exit) => exit,
    }
}

/// The keys as they are then, the name of the new one's files, and the moment.
type Rolled = (Vec<ZoneKey>, Option<PathBuf>, Timestamp);

fn try_roll(arguments: &KeyRoll) -> Result<Rolled, Exit> {
    let (zone, directory) = (&arguments.keys.zone, &arguments.keys.dir);
    // Where there is no directory, there is no key either: that is told.
    let _lock = directory.is_dir().then(|| keys::lock(directory)).transpose().map_err(told)?;
    let pairs = keys::load_pairs(zone, directory)
        .map_err(|errors| errors.iter().map(refuse).max().unwrap_or(Exit::Error))?;
    let (paths, mut keys): (Vec<PathBuf>, Vec<ZoneKey>) = pairs.into_iter().unzip();
    // Files have whole seconds.
    let now = Timestamp::from_secs(SystemClock.now().as_secs());
    let intervals = intervals(arguments);
    let plan = plan(arguments, Roll { keys: &keys, now, intervals: &intervals })?;
    let Plan { new, changes } = plan;
    let new = new.map(|(flags, timing)| unlike(zone, flags, &keys).with_timing(timing));
    let made = new.as_ref().map(|key| keys::store(directory, key)).transpose().map_err(told)?;
    for (place, timing) in changes {
        keys::set_timing(&paths[place], &timing).map_err(told)?;
        keys[place].timing = timing;
    }
    keys.extend(new);
    Ok((keys, made, now))
}

fn told(error: KeyError) -> Exit {
    refuse(&error)
}

fn intervals(arguments: &KeyRoll) -> Intervals {
    Intervals {
        key_ttl: arguments.ttl,
        data_ttl: arguments.max_ttl,
        parent_ttl: arguments.parent_ttl,
        delay: arguments.delay,
        ..Intervals::default()
    }
}

/// A new key whose tag is no other's, revoked or not: files are named by it, and states told.
fn unlike(zone: &Name, flags: u16, keys: &[ZoneKey]) -> ZoneKey {
    let tags = |key: &ZoneKey| [key.key_tag(), key.revoked_tag()];
    loop {
        let key = ZoneKey::generate(zone.clone(), flags, &mut OsRandom);
        let taken = |tag: &u16| keys.iter().any(|other| tags(other).contains(tag));
        if !tags(&key).iter().any(taken) {
            return key;
        }
    }
}

fn plan(arguments: &KeyRoll, roll: Roll<'_>) -> Result<Plan, Exit> {
    if let Some(tag) = arguments.cancel {
        return roll.cancel(tag).map_err(refused);
    }
    if let Some(tag) = arguments.revoke {
        return roll.revoke(tag).map_err(refused);
    }
    if arguments.zsk {
        return roll
            .start(Role::Zsk, Vouching::Parent, arguments.at.from(roll.now))
            .map_err(refused);
    }
    let vouching = vouching(arguments)?;
    if let Some(when) = arguments.ds_seen {
        return roll.seen(when.from(roll.now)).map_err(refused);
    }
    if arguments.check {
        let client = client_config(arguments.config.as_deref())?;
        let plan = roll.seen(roll.now).map_err(refused)?;
        check(&arguments.keys.zone, &client, &roll)?;
        return Ok(plan);
    }
    let role = match arguments {
        KeyRoll { ksk: true, .. } => Ok(Role::Ksk),
        KeyRoll { csk: true, .. } => Ok(Role::Csk),
        _ => roll.only_role(),
    };
    let start = arguments.at.from(roll.now);
    let start = |role| match arguments.standby {
        true => roll.stand_by(role, start),
        false => roll.start(role, vouching, start),
    };
    role.and_then(start).map_err(refused)
}

/// Who vouches for the zone. Where its name does not tell, it has to be said: that a root is rolled as if it had a
/// parent is the end of its tree.
fn vouching(arguments: &KeyRoll) -> Result<Vouching, Exit> {
    let KeyRoll { keys: KeysOf { zone, .. }, anchor, parent, .. } = arguments;
    match (*anchor, *parent || tells_parent(zone)) {
        (true, _) => Ok(Vouching::Anchor),
        (false, true) => Ok(Vouching::Parent),
        (false, false) => {
            output::fail(format_args!(
                "the name of {zone} does not tell that it has a parent: if it is the root of a tree, say --anchor, \
                 and the new key waits until resolvers trust it; if a zone above it has its DS record, say --parent"
            ));
            Err(Exit::Flawed)
        }
    }
}

/// Tells why a step is not taken, and what to do instead.
fn refused(refusal: Refusal) -> Exit {
    let hint = match refusal {
        Refusal::OtherRole { .. } => "roll it with --csk",
        Refusal::Ambiguous => "say --zsk or --ksk",
        Refusal::Underway { safe: None, .. } => {
            "once every server of the parent has it, say --ds-seen; or take the key back: --cancel"
        }
        Refusal::Underway { safe: Some(_), .. } => "until then it can be taken back: --cancel",
        Refusal::NothingWaits => "start with: threepid key roll",
        Refusal::Which(_) => "say --revoke=TAG or --cancel=TAG",
        Refusal::TooLate { .. } => "roll once more when it signs",
        Refusal::Alone { safe: None } => {
            "have another one stand by first: threepid key roll --anchor --standby. Where the key was stolen, and \
             it cannot wait: dnssec-settime -R now, and new anchors for everyone"
        }
        _ => "",
    };
    match hint {
        "" => output::fail(refusal),
        hint => output::fail(format_args!("{refusal}\n  {hint}")),
    };
    Exit::Flawed
}

/// Asks for the zone's DS set, and looks whether it proves the key that waits for it.
fn check(zone: &Name, client: &config::Client, roll: &Roll<'_>) -> Result<(), Exit> {
    let asked = client.client();
    let resolved = runtime::short(asked.resolve(zone, Rtype::DS))?.map_err(output::fail)?;
    let key = roll.waiting().expect("a step was planned for it");
    let has = |ds: &Ds| *ds == key.sha256_ds();
    let ds = resolved.data().iter().filter_map(|rdata| Ds::parse(rdata).ok()).any(|ds| has(&ds));
    match (ds, &resolved.proof) {
        (true, Proof::Proved) => Ok(()),
        (true, proof) => {
            output::fail(format_args!("the DS set of {zone} is not proved: {proof}"));
            Err(Exit::Flawed)
        }
        (false, _) => {
            let tag = key.key_tag();
            let kept = kept(resolved.age());
            output::fail(format_args!(
                "the parent of {zone} has no DS record of key {tag} yet{kept}"
            ));
            Err(Exit::Flawed)
        }
    }
}
