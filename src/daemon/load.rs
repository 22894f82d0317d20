//! From the configuration to what is served: zones, keys, and everything wrong with them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::authority::{Associated, Authority, AuthorityError, Index, Policy, ServedZone};
use crate::clock::Timestamp;
use crate::config::{self, Config, ConfigCause, ConfigError, IdentityApi, Located, Mistake};
use crate::crypto::{OsRandom, Random};
use crate::dnssec::ZoneKey;
use crate::dnssec::lifecycle::{Duty, KeySet, Outlook, utc};
use crate::dnssec::rollover::TrustPoint;
use crate::store::{self, Entry, Held, Snapshot};
use crate::trust::Purposes;
use crate::wire::Name;
use crate::zone;

use super::anchors::{self, AnchorsError};
use super::list_watch;
use super::publish::{self, Opened};
use super::zone_file::{self, ZoneFileError};
use super::{FromFile, identity, keys, purposes};

/// Everything wrong with what is to be served: first the configuration, then the zone files.
#[derive(Debug, Error)]
pub struct LoadError(Vec<LoadFault>);

/// One thing wrong with what is to be served.
#[derive(Debug, Error)]
pub enum LoadFault {
    /// The configuration cannot be read.
    #[error(transparent)]
    Config(ConfigError),
    /// Something in the configuration, or in a file that it names.
    #[error("{}:{mistake}", path.display())]
    Mistake {
        /// The configuration.
        path: PathBuf,
        /// What is wrong in it, and where.
        mistake: Mistake,
    },
    /// Something in a zone file.
    #[error(transparent)]
    Zone(zone::Flaw),
    /// Something in a file of trust anchors.
    #[error(transparent)]
    Anchors(AnchorsError),
    /// The zones cannot be served together.
    #[error(transparent)]
    Authority(AuthorityError),
}

impl LoadFault {
    /// Whether it is a mistake in the configuration that another part has found, too.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mistake { mistake, .. }, Self::Mistake { mistake: other, .. }) => {
                mistake == other
            }
            _ => false,
        }
    }
}

impl LoadError {
    /// What is wrong with the configuration, and with the files that it names as far as it could be
    /// understood.
    pub fn of(error: ConfigError, now: Timestamp) -> Self {
        let ConfigError { path, cause } = error;
        match cause {
            ConfigCause::Mistakes { mistakes, understood } => {
                let told = Self::of_mistakes(&path, mistakes);
                let more = understood.and_then(|config| Parts::read(&config, now).err());
                Self::all([told].into_iter().chain(more))
            }
            cause => Self(vec![LoadFault::Config(ConfigError { path, cause })]),
        }
    }

    /// One thing wrong in the configuration at `path`.
    pub(super) fn of_mistake(path: &Path, mistake: Mistake) -> Self {
        Self::of_mistakes(path, vec![mistake])
    }

    /// What is wrong in the configuration at `path`.
    pub(super) fn of_mistakes(path: &Path, mistakes: Vec<Mistake>) -> Self {
        let told = mistakes.into_iter();
        Self(told.map(|mistake| LoadFault::Mistake { path: path.to_owned(), mistake }).collect())
    }

    /// All of them together.
    pub(super) fn all(errors: impl IntoIterator<Item = Self>) -> Self {
        let mut faults: Vec<LoadFault> = errors.into_iter().flat_map(|error| error.0).collect();
        faults.sort_by_key(|fault| match fault {
            LoadFault::Config(_) => (0, None),
            LoadFault::Mistake { path, mistake } => (0, Some((path.clone(), mistake.position))),
            LoadFault::Zone(_) | LoadFault::Anchors(_) | LoadFault::Authority(_) => (1, None),
        });
        faults.dedup_by(|one, other| one.is_same(other));
        Self(faults)
    }

    /// Whether the configuration could not be read at all.
    pub fn is_unreadable(&self) -> bool {
        matches!(self.0[..], [LoadFault::Config(_)])
    }

    /// What is wrong, each a line.
    pub fn faults(&self) -> impl Iterator<Item = &LoadFault> {
        self.0.iter()
    }
}

/// One fault a line: `file:line:column: what`.
impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// What can be served.
#[derive(Debug)]
pub struct Loaded {
    /// The zones, signed.
    pub authority: Authority,
    /// Associations in the files of zones that have a store, to be taken into it.
    pub files: Vec<FromFile>,
    /// The trust points of the resolver, where it keeps them.
    pub points: Vec<TrustPoint>,
    /// What statements are taken with, where they are.
    pub publish: Option<Opened>,
    /// What each key is for.
    pub purposes: Arc<Purposes>,
    /// What addresses are proved with, and Matrix clients answered, where they are.
    pub identity: Option<identity::Opened>,
    /// What the operator should look at, a line each.
    pub warnings: Vec<String>,
}

/// Reads the configuration at `path`, and what [`load`] reads.
///
/// # Errors
/// With everything wrong with it and the files that it names.
pub fn read(path: &Path, now: Timestamp) -> Result<(Config, Loaded), LoadError> {
    let config = Config::load_to_serve(path).map_err(|error| LoadError::of(error, now))?;
    let loaded = load(&config, now)?;
    Ok((config, loaded))
}

/// Reads the same, and looks for what a process could start with, and should not have to.
///
/// # Errors
/// With everything wrong with it, among it a root list that has expired, and one that is not served.
pub fn check(path: &Path, now: Timestamp) -> Result<(Config, Loaded), LoadError> {
    let config = Config::load(path).map_err(|error| LoadError::of(error, now))?;
    let lists = LoadError::of_mistakes(&config.path, publish::wrong_lists(&config));
    match load(&config, now) {
        Ok(loaded) if lists.0.is_empty() => Ok((config, loaded)),
        loaded => Err(LoadError::all(loaded.err().into_iter().chain([lists]))),
    }
}

/// Reads, checks and signs the zones of the configuration, and reads the state of trust anchors.
///
/// # Errors
/// With every mistake in their files and keys.
pub fn load(config: &Config, now: Timestamp) -> Result<Loaded, LoadError> {
    let Parts { zones, points, publish, identity } = Parts::read(config, now)?;
    let Zones { served, files, mut warnings } = zones;
    let not_served = publish::wrong_lists(config)
        .into_iter()
        .map(|mistake| Mistake { message: format!("not served: {}", mistake.message), ..mistake });
    let told = |Mistake { position, message }| {
        format!("{}:{position}: warning: {message}", config.path.display())
    };
    let doubtful = anchors::doubtful(config, &served, &points).into_iter();
    let doubtful = doubtful.chain(config.identity_api.iter().filter_map(IdentityApi::doubtful));
    warnings.extend(not_served.chain(doubtful).chain(closed_zones(config)).map(told));
    let purposes = Arc::new(purposes::check(config, &served)?);
    match Authority::new(served) {
        Ok(authority) => {
            Ok(Loaded { authority, files, points, publish, identity, purposes, warnings })
        }
        Err(error) => Err(LoadError(vec![LoadFault::Authority(error)])),
    }
}

/// What a configuration names, each part for itself.
struct Parts {
    zones: Zones,
    points: Vec<TrustPoint>,
    publish: Option<Opened>,
    identity: Option<identity::Opened>,
}

impl Parts {
    /// Reads them all, or tells of everything wrong with any.
    fn read(config: &Config, now: Timestamp) -> Result<Self, LoadError> {
        let (zones, points) = (load_zones(config, now), load_points(config));
        let (publish, identity) = (publish::open(config), identity::open(config));
        let (store, list) = (check_store(config), list_watch::check(config));
        match (zones, points, publish, identity, store, list) {
            (Ok(mut zones), Ok(points), Ok(publish), Ok(identity), Ok(warnings), Ok(())) => {
                zones.warnings.extend(warnings);
                Ok(Self { zones, points, publish, identity })
            }
            (zones, points, publish, identity, store, list) => {
                let errors = [zones.err(), points.err(), publish.err(), identity.err()];
                let more = [store.err(), list.err()];
                Err(LoadError::all(errors.into_iter().chain(more).flatten()))
            }
        }
    }
}

fn load_points(config: &Config) -> Result<Vec<TrustPoint>, LoadError> {
    let points = config.resolver.as_ref().map_or_else(|| Ok(Vec::new()), anchors::load);
    points.map_err(|errors| LoadError(errors.into_iter().map(LoadFault::Anchors).collect()))
}

/// Sees that the store can be read, or made where there is none. Whether another process has it is seen
/// when it is opened. Gives what the operator should look at.
fn check_store(config: &Config) -> Result<Vec<String>, LoadError> {
    let Some(plan) = &config.authority else { return Ok(Vec::new()) };
    let Some(Located { value: path, position }) = &plan.store else { return Ok(Vec::new()) };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let message = match path.try_exists() {
        Ok(false) if directory.is_some_and(|directory| !directory.is_dir()) => {
            "no such directory".to_owned()
        }
        Ok(false) => return Ok(Vec::new()),
        Ok(true) => match Snapshot::of_file(path, &store::Policy::default()) {
            Ok(snapshot) => return Ok(warnings_of_statements(plan, &config.path, &snapshot)),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let message = format!("the store {}: {message}", path.display());
    Err(LoadError::of_mistake(&config.path, Mistake { position: *position, message }))
}

/// Zones that are answered for from a store, and that nothing can be published into.
fn closed_zones(config: &Config) -> impl Iterator<Item = Mistake> {
    let is_open = |zone: &config::Zone| {
        let mut roots = config.publish.iter().flat_map(|publish| &publish.roots);
        roots.any(|root| zone.name.value.is_at_or_below(&root.apex.value))
    };
    let zones = config.authority.iter().flat_map(|plan| &plan.zones);
    let stored = zones.filter(|zone| zone.associations == config::Associations::Store);
    stored.filter(move |zone| !is_open(zone)).map(|zone| {
        let zone = &zone.name;
        let message = format!(
            "nothing can be published into {}: no [publish] here is for its tree",
            zone.value
        );
        Mistake { position: zone.position, message }
    })
}

/// Zones that leave out what the store holds for them, as their associations are to be in their files.
fn warnings_of_statements(
    plan: &config::Authority,
    config: &Path,
    snapshot: &Snapshot,
) -> Vec<String> {
    let of_file = |zone: &&config::Zone| zone.associations == config::Associations::File;
    let warnings = plan.zones.iter().filter(of_file).filter_map(|zone| {
        let apex = &zone.name.value;
        let is_other = |other: &Name| other.label_count() > apex.label_count();
        let others: Vec<&Name> =
            plan.zones.iter().map(|zone| &zone.name.value).filter(|name| is_other(name)).collect();
        let is_its = |entry: &Entry| {
            matches!(entry.held, Held::Statement(_))
                && !others.iter().any(|other| entry.name.is_at_or_below(other))
        };
        // What is damaged is told by whoever serves it.
        let count = snapshot.at_or_below(apex).ok()?.flatten().filter(is_its).count();
        let message = format!(
            "warning: {count} statements of {apex} are in the store and will not be answered, as its associations are in its file"
        );
        let told = Mistake { position: zone.name.position, message };
        (count > 0).then(|| LoadFault::Mistake { path: config.to_owned(), mistake: told }.to_string())
    });
    warnings.collect()
}

/// The zones, what is to be taken into the store, and what the operator should look at.
#[derive(Default)]
struct Zones {
    served: Vec<ServedZone>,
    files: Vec<FromFile>,
    warnings: Vec<String>,
}

fn load_zones(config: &Config, now: Timestamp) -> Result<Zones, LoadError> {
    let (mut zones, mut faults) = (Zones::default(), Vec::new());
    for zone in config.authority.iter().flat_map(|authority| &authority.zones) {
        match load_zone(zone, &config.path, now, &mut zones) {
            Ok(zone) => zones.served.push(zone),
            Err(more) => faults.push(LoadError(more)),
        }
    }
    if faults.is_empty() { Ok(zones) } else { Err(LoadError::all(faults)) }
}

/// Keys that leave a zone unsigned, or would if their times were all that counts.
fn warnings_of_keys(zone: &Name, keys: &[ZoneKey], now: Timestamp) -> Vec<String> {
    let told = |duty| match duty {
        Duty::Replace(tag) => Some(format!(
            "warning: key {tag} of {zone} signs past its end, as there is no other: threepid key roll"
        )),
        Duty::ReplaceBefore(tag, end) => Some(format!(
            "warning: key {tag} of {zone} ends at {} and has no successor: threepid key roll",
            utc(end)
        )),
        _ => None,
    };
    let mut warnings: Vec<String> =
        Outlook::at(keys, now).duties.into_iter().filter_map(told).collect();
    if !keys.is_empty() && KeySet::at(keys, now).active().is_empty() {
        warnings.push(format!("warning: {zone} has no key that signs yet and is served unsigned"));
    }
    warnings
}

fn load_zone(
    plan: &config::Zone,
    config: &Path,
    now: Timestamp,
    Zones { files, warnings, .. }: &mut Zones,
) -> Result<ServedZone, Vec<LoadFault>> {
    let in_config = |named: Located<String>| {
        let mistake = Mistake { position: named.position, message: named.value };
        LoadFault::Mistake { path: config.to_owned(), mistake }
    };
    let keys = keys::load(&plan.name.value, &plan.keys).map_err(|errors| {
        let faults = errors.iter().map(|error| in_config(error.with(error.value.to_string())));
        faults.collect()
    });
    let built = zone_file::read(&plan.file.value, &plan.name.value).map_err(|error| match error {
        ZoneFileError::Flaws(flaws) => flaws.into_iter().map(LoadFault::Zone).collect(),
        unreadable => vec![in_config(plan.file.with(unreadable.to_string()))],
    });
    let (keys, built) = match (keys, built) {
        (Ok(keys), Ok(built)) => (keys, built),
        (keys, built) => {
            let faults: [Option<Vec<LoadFault>>; 2] = [keys.err(), built.err()];
            return Err(faults.into_iter().flatten().flatten().collect());
        }
    };
    warnings.extend(built.warnings.iter().map(ToString::to_string));
    if keys.is_empty() {
        let unsigned = format!("warning: {} has no keys and is served unsigned", plan.name.value);
        warnings.push(in_config(plan.name.with(unsigned)).to_string());
    }
    let told = warnings_of_keys(&plan.name.value, &keys, now).into_iter();
    warnings.extend(told.map(|warning| in_config(plan.name.with(warning)).to_string()));
    let associations = match plan.associations {
        config::Associations::File => Associated::File(built.associations),
        config::Associations::Store => {
            let (zone, associations) = (built.zone.apex().clone(), built.associations);
            files.push(FromFile { zone, associations });
            Associated::Store(Arc::new(Index::new(built.zone.apex(), seed())))
        }
    };
    ServedZone::new(built.zone, associations, keys, Policy::default(), now)
        .map_err(|error| vec![in_config(plan.name.with(error.to_string()))])
}

/// A number that nobody can guess.
fn seed() -> u64 {
    let mut octets = [0; 8];
    OsRandom.fill(&mut octets);
    u64::from_be_bytes(octets)
}
