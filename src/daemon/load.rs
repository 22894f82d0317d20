//! From the configuration to what is served: zones, keys, and everything wrong with them.

use std::fmt;
use std::path::Path;

use thiserror::Error;

use crate::authority::{Associated, Authority, Policy, ServedZone};
use crate::clock::Timestamp;
use crate::config::{self, Config, ConfigError, Located};

use super::{keys, zone_file};

/// Everything wrong with what is to be served, a line each: `file:line:column: what`.
#[derive(Debug, Error)]
pub struct LoadError(Vec<String>);

impl LoadError {
    /// The mistakes, a line each.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|mistake| mistake.lines())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl From<ConfigError> for LoadError {
    fn from(error: ConfigError) -> Self {
        Self(vec![error.to_string()])
    }
}

/// What can be served.
#[derive(Debug)]
pub struct Loaded {
    /// The zones, signed.
    pub authority: Authority,
    /// What the operator should look at, a line each.
    pub warnings: Vec<String>,
}

/// Reads, checks and signs the zones of the configuration.
///
/// # Errors
/// With every mistake in their files and keys.
pub fn load(config: &Config, now: Timestamp) -> Result<Loaded, LoadError> {
    let (mut served, mut mistakes, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for zone in config.authority.iter().flat_map(|authority| &authority.zones) {
        match load_zone(zone, &config.path, now, &mut warnings) {
            Ok(zone) => served.push(zone),
            Err(lines) => mistakes.extend(lines),
        }
    }
    if !mistakes.is_empty() {
        return Err(LoadError(mistakes));
    }
    match Authority::new(served) {
        Ok(authority) => Ok(Loaded { authority, warnings }),
        Err(error) => Err(LoadError(vec![error.to_string()])),
    }
}

fn load_zone(
    plan: &config::Zone,
    config: &Path,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> Result<ServedZone, Vec<String>> {
    let in_config = |mistake: &Located<String>| {
        format!("{}:{}: {}", config.display(), mistake.position, mistake.value)
    };
    let keys = keys::load(&plan.name.value, &plan.keys).map_err(|errors| {
        errors.iter().map(|error| in_config(&error.with(error.value.to_string()))).collect()
    });
    let built = match std::fs::metadata(&plan.file.value) {
        Ok(_) => zone_file::read(&plan.file.value, &plan.name.value),
        Err(error) => {
            let mistake = format!("cannot read {}: {error}", plan.file.value.display());
            Err(vec![in_config(&plan.file.with(mistake))])
        }
    };
    let (keys, built) = match (keys, built) {
        (Ok(keys), Ok(built)) => (keys, built),
        (keys, built) => {
            let lines = [keys.err(), built.err()];
            return Err(lines.into_iter().flatten().flatten().collect());
        }
    };
    warnings.extend(built.warnings.iter().map(ToString::to_string));
    if keys.is_empty() {
        let unsigned = format!("warning: {} has no keys and is served unsigned", plan.name.value);
        warnings.push(in_config(&plan.name.with(unsigned)));
    }
    let associations = Associated::File(built.associations);
    ServedZone::new(built.zone, associations, keys, Policy::default(), now)
        .map_err(|error| vec![in_config(&plan.name.with(error.to_string()))])
}
