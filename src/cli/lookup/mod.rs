//! `threepid lookup`: whose an identifier is, and what proves it.

mod ask;
mod counts;
mod gather;
pub(super) mod object;
mod sheet;
pub(super) mod show;
mod table;
mod writer;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::SystemClock;
use crate::config::{self, Config};
use crate::stub::{Answer, Client, Outcome};
use crate::transport::{Limits, Network};

use super::Exit;
use super::arguments::Lookup;
use super::{output, runtime};

use gather::Gathered;
use writer::Writer;

/// What is told where there is no configuration.
const NO_CONFIG: &str = "no configuration: give one with a [client] section by -c FILE \
                         (`threepid demo` writes one to demo-state/client.toml), or put it at";

/// Looks up each identifier, and ends with the gravest of their outcomes.
pub(super) fn lookup(arguments: &Lookup) -> Exit {
    let config = match client_config(arguments.config.as_deref()) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let resolver = arguments.resolver.unwrap_or(config.resolver);
    let client = client_of(&config, resolver);
    let gathered = match Gathered::of(arguments) {
        Ok(gathered) => gathered,
        Err(exit) => return exit,
    };
    let writer = Writer::new(arguments.format(), resolver, arguments.has_books());
    runtime::short(ask::ask(&client, gathered, writer))
}

/// What the program ends with.
pub(super) fn exit(answer: &Answer) -> Exit {
    let is_trusted = answer.is_trusted() || !show::is_judged(answer);
    match answer.outcome {
        Outcome::Unknown => Exit::Error,
        _ if !answer.proved || !is_trusted => Exit::Unproved,
        Outcome::User(_) => Exit::Success,
        Outcome::NotInForce(_) | Outcome::Withdrawn | Outcome::Nobody => Exit::NotFound,
    }
}

/// The client that a configuration makes, which asks `resolver`.
pub(super) fn client_of(config: &config::Client, resolver: SocketAddr) -> Client<Network> {
    let roots = config.roots.iter().map(config::Root::to_root).collect();
    let network = Network::new(&Limits::default());
    Client::new(resolver, roots, network, Arc::new(SystemClock)).trusting(config.verifiers.clone())
}

/// The [client] section that applies: of the file `path`, if it is given.
pub(super) fn client_config(path: Option<&Path>) -> Result<config::Client, Exit> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => default_config(NO_CONFIG)?,
    };
    let config = Config::load(&path).map_err(output::config)?;
    config.client.ok_or_else(|| {
        output::mistakes(format_args!("{}:1:1: it has no [client] section", path.display()))
    })
}

/// The first configuration that is where one may be; where there is none, `told` is, and the places.
pub(super) fn default_config(told: &str) -> Result<PathBuf, Exit> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let own = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or(home);
    let places: Vec<PathBuf> = own
        .into_iter()
        .chain([PathBuf::from("/etc")])
        .map(|place| place.join("threepid/client.toml"))
        .collect();
    places.iter().find(|place| place.exists()).cloned().ok_or_else(|| {
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        output::fail(format_args!("{told} {}", places.join(" or ")))
    })
}
