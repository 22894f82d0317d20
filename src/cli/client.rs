//! The configuration of who asks: the `[client]` section.

use std::path::{Path, PathBuf};

use crate::config::{self, Config};

use super::{Exit, output};

/// What is told where there is no configuration.
const NO_CONFIG: &str = "no configuration: give one with a [client] section by -c FILE \
                         (`threepid demo` writes one to demo-state/client.toml), or put it at";

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
