//! What each key is for that a configuration names, or a zone served by it: one thing each.

use crate::authority::ServedZone;
use crate::certificate::Certificate;
use crate::config::{Config, Mistake, Position, RootList};
use crate::signed::KeyName;
use crate::trust::{Purpose, Purposes, Shared};
use crate::wire::Rtype;

use super::{LoadError, signing_keys};

/// The keys that `config` and these zones of it name.
pub fn of(config: &Config, zones: &[ServedZone]) -> Purposes {
    let mut purposes = Purposes::default();
    zones.iter().for_each(|zone| add_zone(&mut purposes, zone));
    add_anchors(&mut purposes, config);
    if let Some(client) = &config.client {
        purposes.verifiers(&client.verifiers.anchors);
    }
    if let Some(publish) = &config.publish {
        purposes.verifiers(&publish.verifiers.value);
    }
    if let Some(own) = &config.verification {
        purposes.verifiers(&own.askers);
        // A file that holds no key is told of by whoever signs with it.
        let keys = own.keys.iter().filter_map(|file| signing_keys::load(&file.value).ok());
        for key in keys {
            let name = KeyName::new(own.name.value.clone(), key.id);
            purposes.verifier(&name, &key.key.public());
        }
    }
    let held = lists(config).filter_map(|list| list.held.as_ref());
    held.for_each(|list| purposes.list(list));
    purposes
}

/// The same, where each key is for one thing.
///
/// # Errors
/// With each that is not.
pub(super) fn check(config: &Config, zones: &[ServedZone]) -> Result<Purposes, LoadError> {
    let purposes = of(config, zones);
    let mistake = |shared: Shared| {
        let position = position(config, &shared);
        Mistake { position, message: shared.to_string() }
    };
    let mistakes: Vec<Mistake> = purposes.shared().into_iter().map(mistake).collect();
    match mistakes.is_empty() {
        true => Ok(purposes),
        false => Err(LoadError::of_mistakes(&config.path, mistakes)),
    }
}

/// The keys of a zone, and those that it certifies.
fn add_zone(purposes: &mut Purposes, zone: &ServedZone) {
    for key in zone.keys() {
        purposes.zone(zone.apex(), &key.dnskey());
    }
    for key in zone.dnskeys() {
        purposes.zone(zone.apex(), &key);
    }
    let certificates = zone.zone().sets().iter().filter(|set| set.rtype == Rtype::VCERT);
    for rdata in certificates.flat_map(|set| &set.rdata) {
        if let Ok(certificate) = Certificate::from_rdata(rdata.octets()) {
            purposes.certificate(&certificate);
        }
    }
}

/// What stands for the keys of trees.
fn add_anchors(purposes: &mut Purposes, config: &Config) {
    let publish = config.publish.iter().flat_map(|part| &part.roots);
    for root in config.client.iter().flat_map(|part| &part.roots).chain(publish) {
        purposes.anchors(&root.apex.value, &root.anchors);
    }
    for root in config.resolver.iter().flat_map(|part| &part.policy.roots) {
        purposes.anchors(&root.apex, &root.anchors);
    }
}

fn lists(config: &Config) -> impl Iterator<Item = &RootList> {
    let client = config.client.as_ref().and_then(|part| part.root_list.as_ref());
    let resolver = config.resolver.as_ref().and_then(|part| part.root_list.as_ref());
    let publish = config.publish.as_ref().and_then(|part| part.root_list.as_ref());
    client.into_iter().chain(resolver).chain(publish)
}

/// Where in the configuration there is something of a key that is for two things.
fn position(config: &Config, shared: &Shared) -> Position {
    let zones = config.authority.iter().flat_map(|part| &part.zones);
    let zone = zones.map(|zone| &zone.name).find(|name| match &shared.other {
        Purpose::Zone(apex) => name.value == *apex,
        Purpose::Verifier(_) | Purpose::RootList(_) => false,
    });
    let list = lists(config).next().map(|list| list.file.position);
    let verifiers = config.publish.as_ref().map(|publish| publish.verifiers.position);
    zone.map(|name| name.position).or(list).or(verifiers).unwrap_or(config.log.position)
}
