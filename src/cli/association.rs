//! `threepid association`: statements signed, shown and judged by hand.

use std::path::Path;
use std::time::Duration;

use crate::association::{Association, Claim, Extra, LIFETIME, Statement, Ts, Withdrawal};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::daemon::signing_keys;
use crate::signed::KeyName;
use crate::threepid::Threepid;
use crate::wire::{Class, Record, Rtype, Ttl};
use crate::zone::master::{self, Form};

use super::arguments::{AssociationCommand, AssociationSign, AssociationVerify};
use super::cert::{Case, judge, refuse};
use super::lookup::show::in_words;
use super::moment::in_full;
use super::text::printable;
use super::{Exit, input, output};
use crate::stub::Outcome;

/// How long an association may be remembered.
const TTL: Ttl = Ttl::from_secs(60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Does what is said about associations.
pub(super) fn association(command: AssociationCommand) -> Exit {
    let done = match command {
        AssociationCommand::Sign(arguments) => sign(arguments),
        AssociationCommand::Show(arguments) => show(&arguments.file),
        AssociationCommand::Verify(arguments) => verify(&arguments),
    };
    done.unwrap_or_else(|exit| exit)
}

/// Signs a statement, and prints it.
fn sign(arguments: AssociationSign) -> Result<Exit, Exit> {
    let key = signing_keys::load(&arguments.key).map_err(|error| refuse(&error))?;
    let name = KeyName::new(arguments.server.clone(), key.id);
    let apex = arguments.zone.clone();
    let (threepid, statement) = match &arguments.add_to {
        Some(file) => {
            let (threepid, mut statement) = read(file, Exit::Error)?;
            let claim = statement.claim().clone();
            let more = Statement::sign(claim, &threepid, name, &key.key).map_err(output::fail)?;
            // Where there is no room, another's signature may have made way for this one.
            let before = statement.signatures().len();
            statement.merge(&more).map_err(output::fail)?;
            if statement.signatures().len() <= before {
                return Err(output::fail("the statement has that signature, or no room for it"));
            }
            (threepid, statement)
        }
        None => {
            let (threepid, claim) = claim(arguments, SystemClock.now())?;
            let statement = Statement::sign(claim, &threepid, name, &key.key);
            (threepid, statement.map_err(output::fail)?)
        }
    };
    match apex {
        Some(apex) => {
            let name = threepid.owner(&apex).map_err(output::fail)?;
            let rdata = statement.to_rdata();
            let record = Record { name, rtype: Rtype::ASSOC, class: Class::IN, ttl: TTL, rdata };
            output::print(format_args!("{}\n", master::line(&record, Form::Readable)));
        }
        None => {
            let json = statement.to_json(&threepid);
            output::print(format_args!("{}\n", String::from_utf8_lossy(&json)));
        }
    }
    Ok(Exit::Success)
}

/// What is to be signed, from now on.
fn claim(arguments: AssociationSign, now: Timestamp) -> Result<(Threepid, Claim), Exit> {
    let identifier = arguments.identifier.unwrap_or_default();
    let threepid = Threepid::parse_any(&identifier, None)
        .map_err(|error| output::fail(format_args!("{identifier:?}: {error}")))?;
    let at = |moment: Timestamp| Ts::from_millis(moment.as_millis()).map_err(output::fail);
    let ts = at(now)?;
    let claim = match arguments.mxid {
        None => Claim::from(Withdrawal { ts }),
        Some(mxid) => {
            let days = arguments.days.and_then(|days| u32::try_from(days).ok());
            let life =
                days.map_or(Duration::from_millis(LIFETIME), |days| DAY.saturating_mul(days));
            let not_after = at(now.saturating_add(life))?;
            let extra = Extra::default();
            Claim::from(Association { mxid, ts, not_before: ts, not_after, extra })
        }
    };
    Ok((threepid, claim))
}

/// Reads a statement; what is wrong is told, and `flawed` is what it comes to.
fn read(path: &Path, flawed: Exit) -> Result<(Threepid, Statement), Exit> {
    let octets = input::read(path)?;
    Statement::from_json(&octets).map_err(|error| {
        output::tell(format_args!("{}:1:1: {error}", path.display()));
        flawed
    })
}

/// Says what a statement says.
fn show(path: &Path) -> Result<Exit, Exit> {
    let (threepid, statement) = read(path, Exit::Flawed)?;
    let claim = statement.claim();
    let now = SystemClock.now();
    let mut text = format!("{threepid}: {}\n", in_words(&Outcome::of(claim, now), now));
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<11} {value}\n"));
    line("signed", &in_full(claim.ts().into()));
    if let Claim::Association(association) = claim {
        line("from", &in_full(association.not_before.into()));
        line("until", &in_full(association.not_after.into()));
        let extra: Vec<&str> = association.extra.members().iter().map(|(name, _)| name).collect();
        if !extra.is_empty() {
            line("also says", &extra.join(", "));
        }
    }
    for (name, _) in statement.signatures().iter() {
        line("signed by", &format!("{name} (not checked here)"));
    }
    for shown in text.lines() {
        output::print(format_args!("{}\n", printable(shown)));
    }
    Ok(Exit::Success)
}

/// Tells who vouches for a statement.
fn verify(arguments: &AssociationVerify) -> Result<Exit, Exit> {
    let (threepid, statement) = read(&arguments.file, Exit::Error)?;
    judge(&arguments.by, &threepid, &Case::Statement(&statement))
}
