//! `threepid publish` and `threepid outbox`: statements on their way to every root.

mod read;
mod tell;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::association::Statement;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::crypto::OsRandom;
use crate::stub::publish::{
    Added, Entry, EntryId, Finder, Limits, Outbox, OutboxError, Runner, Selection,
};
use crate::threepid::Threepid;
use crate::transport::http::HttpClient;
use crate::wire::Name;

use super::arguments::{OutboxDrop, OutboxRun, OutboxShow, Publish};
use super::client::client_config;
use super::{Exit, output, runtime};

use tell::{Teller, Unsent};

/// Puts statements into the outbox, and tries to send them at once.
pub(super) fn publish(arguments: &Publish) -> Exit {
    let read = || {
        let client = client_config(arguments.config.as_deref())?;
        let statements = statements(arguments)?;
        let outbox = outbox(&client)?;
        let sender = match arguments.queue {
            true => None,
            false => Some(Sender::new(&client, &outbox)?),
        };
        Ok((client, outbox, sender, statements))
    };
    let (client, outbox, sender, statements) = match read() {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let mut teller = Teller::new(arguments.json);
    let apexes: Vec<Name> = client.roots.iter().map(|root| root.apex.value.clone()).collect();
    let ids = match put_in(&outbox, &apexes, statements, arguments.queue, &mut teller) {
        Ok(ids) => ids,
        Err(error) => return output::fail(error),
    };
    let Some(sender) = sender else { return teller.exit() };
    let sent = runtime::short(async {
        match sender.round(&Selection::These(ids), &mut teller).await {
            Ok(()) => teller.exit(),
            Err(error) => output::fail(error),
        }
    })
    .unwrap_or_else(|exit| exit);
    match readable(&outbox) {
        Ok((_, exit)) => sent.max(exit),
        Err(exit) => exit,
    }
}

/// Shows what waits.
pub(super) fn show(arguments: &OutboxShow) -> Exit {
    let outbox = client_config(arguments.config.as_deref()).and_then(|client| outbox(&client));
    let (mut entries, exit) = match outbox.and_then(|outbox| readable(&outbox)) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let mut teller = Teller::new(arguments.json);
    let now = SystemClock.now();
    entries.sort_by_key(|entry| entry.added);
    entries.iter().for_each(|entry| teller.tell(entry, None, now));
    exit
}

/// Drops what waits about an identifier.
pub(super) fn drop(arguments: &OutboxDrop) -> Exit {
    let identifier = &arguments.identifier;
    let threepid = match Threepid::parse_any(identifier, None) {
        Ok(threepid) => threepid,
        Err(error) => return output::fail(format_args!("{identifier:?}: {error}")),
    };
    let outbox = match client_config(arguments.config.as_deref()).and_then(|it| outbox(&it)) {
        Ok(outbox) => outbox,
        Err(exit) => return exit,
    };
    match outbox.take(&EntryId::of(&threepid)) {
        Ok(Some(entry)) => {
            let mut teller = Teller::new(false);
            teller.unsent(&threepid, &entry.statement, Unsent::Dropped);
            teller.exit()
        }
        Ok(None) => {
            output::tell(format_args!("nothing about {threepid} is in the outbox"));
            Exit::Flawed
        }
        Err(error) => output::fail(error),
    }
}

/// Sends what is due.
pub(super) fn run(arguments: &OutboxRun) -> Exit {
    let read = || {
        let client = client_config(arguments.config.as_deref())?;
        let outbox = outbox(&client)?;
        Ok((Sender::new(&client, &outbox)?, outbox))
    };
    let (sender, outbox) = match read() {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let mut teller = Teller::new(arguments.json);
    let selection = if arguments.now { Selection::All } else { Selection::Due };
    let ran = runtime::short(async {
        let mut ran = sender.round(&selection, &mut teller).await;
        if arguments.wait && ran.is_ok() {
            ran = sender.run(&mut teller).await;
        }
        match ran {
            Ok(()) => teller.exit(),
            Err(error) => output::fail(error),
        }
    })
    .unwrap_or_else(|exit| exit);
    match readable(&outbox) {
        Ok((entries, exit)) if entries.is_empty() => ran.max(exit),
        Ok((_, exit)) => ran.max(Exit::Waiting).max(exit),
        Err(exit) => exit,
    }
}

/// What is in the outbox. Damaged files are told, and what the program ends with for their sake.
fn readable(outbox: &Outbox) -> Result<(Vec<Entry>, Exit), Exit> {
    let (mut entries, mut exit) = (Vec::new(), Exit::Success);
    for entry in outbox.entries().map_err(output::fail)? {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(error) => exit = output::fail(error),
        }
    }
    Ok((entries, exit))
}

/// The statements of the file; every mistake in them is told.
fn statements(arguments: &Publish) -> Result<Vec<(Threepid, Statement)>, Exit> {
    let file = arguments.file.display();
    let octets = read::contents(&arguments.file)
        .map_err(|error| output::fail(format_args!("cannot read {file}: {error}")))?;
    read::statements(&octets).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(|it| format!("{file}:{it}")).collect();
        output::mistakes(lines.join("\n"))
    })
}

/// Puts statements in, and tells of those that are not sent at once. Gives those that are.
fn put_in(
    outbox: &Outbox,
    apexes: &[Name],
    statements: Vec<(Threepid, Statement)>,
    is_queued: bool,
    teller: &mut Teller,
) -> Result<BTreeSet<EntryId>, OutboxError> {
    let mut ids = BTreeSet::new();
    for (threepid, statement) in statements {
        let id = EntryId::of(&threepid);
        let now = SystemClock.now();
        let added = outbox.add(threepid.clone(), statement.clone(), apexes, now)?;
        let why = match added {
            Added::Older => Unsent::Older,
            _ if is_queued => Unsent::Queued,
            _ => {
                ids.insert(id);
                continue;
            }
        };
        teller.unsent(&threepid, &statement, why);
    }
    Ok(ids)
}

/// What sends statements, as the configuration says.
struct Sender(Runner<HttpClient, Finder>);

impl Sender {
    fn new(client: &config::Client, outbox: &Outbox) -> Result<Self, Exit> {
        let publisher = client.publisher().map_err(output::fail)?;
        Ok(Self(Runner::new(publisher, outbox.clone())))
    }

    async fn round(&self, selection: &Selection, teller: &mut Teller) -> Result<(), OutboxError> {
        let mut tell = |entry: &Entry, apex: Option<&Name>| {
            teller.tell(entry, apex, SystemClock.now());
        };
        self.0.round(selection, &SystemClock, &mut OsRandom, &mut tell).await.map(|_| ())
    }

    /// Goes on until nothing waits.
    async fn run(&self, teller: &mut Teller) -> Result<(), OutboxError> {
        let mut tell = |entry: &Entry, apex: Option<&Name>| {
            teller.tell(entry, apex, SystemClock.now());
        };
        let never = std::future::pending();
        self.0.run(&SystemClock, &mut OsRandom, &mut tell, never).await
    }
}

/// The outbox that is configured, or the user's own.
fn outbox(client: &config::Client) -> Result<Outbox, Exit> {
    let path = match &client.outbox {
        Some(path) => path.clone(),
        None => own_state().ok_or_else(|| {
            output::fail("no place for an outbox: set `outbox` in [client], or HOME")
        })?,
    };
    Outbox::open(&path, Limits::default()).map_err(output::fail)
}

/// Where a user's own outbox is.
fn own_state() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(home)?;
    Some(state.join("threepid/outbox"))
}
