//! `threepid lookup`: whose an identifier is, and what proves it.

pub(super) mod show;
pub(super) mod verdict;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::stub::Client;
use crate::threepid::{Country, Threepid};
use crate::transport::{Limits, Network};

use super::Exit;
use super::arguments::Lookup;
use super::{output, runtime};

use verdict::Verdict;

/// What is told where there is no configuration.
const NO_CONFIG: &str = "no configuration: give one with a [client] section by -c FILE \
                         (`threepid demo` writes one to demo-state/client.toml), or put it at";

/// Looks up each identifier, and ends with the gravest of their outcomes.
pub(super) fn lookup(arguments: &Lookup) -> Exit {
    let client = match client_config(arguments) {
        Ok(client) => client,
        Err(exit) => return exit,
    };
    let roots = client.roots.iter().map(config::Root::to_root).collect();
    let resolver = arguments.resolver.unwrap_or(client.resolver);
    let network = Network::new(&Limits::default());
    let client = Client::new(resolver, roots, network, Arc::new(SystemClock));
    let asker = Asker { client, resolver, json: arguments.json, country: arguments.country };
    runtime::short(async {
        let mut gravest = Exit::Success;
        for identifier in &arguments.identifiers {
            gravest = gravest.max(asker.look_up(identifier).await);
        }
        gravest
    })
}

/// Who asks, and how the answer is to be written.
struct Asker {
    client: Client<Network>,
    resolver: SocketAddr,
    json: bool,
    country: Option<Country>,
}

impl Asker {
    async fn look_up(&self, identifier: &str) -> Exit {
        let threepid = match Threepid::parse_any(identifier, self.country) {
            Ok(threepid) => threepid,
            Err(error) if self.json => {
                output::print(format_args!("{}\n", show::error_object(identifier, &error)));
                return Exit::Error;
            }
            Err(error) => return output::fail(format_args!("{identifier:?}: {error}")),
        };
        let findings = self.client.lookup(&threepid).await;
        let now = SystemClock.now();
        let verdict = Verdict::of(&findings, &threepid, now);
        if self.json {
            let object = show::object(identifier, &threepid, &verdict, &findings);
            output::print(format_args!("{object}\n"));
        } else {
            output::print(show::lines(&threepid, &verdict, &findings, Some(self.resolver), now));
        }
        verdict.exit()
    }
}

/// The [client] section that applies.
fn client_config(arguments: &Lookup) -> Result<config::Client, Exit> {
    let path = match &arguments.config {
        Some(path) => path.clone(),
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
