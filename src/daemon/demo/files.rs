//! The demo's files: zones, keys, anchors and configurations in the state directory.
//!
//! Zones, their keys and those of the verification servers are written where they are missing, so that they stay from one start to the next and
//! can be edited; of the zones only certificates that end soon are renewed. Everything else is made of them
//! at each start.

use std::fmt::Write;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::codec::base64;
use crate::crypto::OsRandom;
use crate::daemon::keys::{self, KeyError};
use crate::daemon::{signing_keys, zone_file};
use crate::dnssec::ZoneKey;
use crate::dnssec::lifecycle::Timing;
use crate::wire::rdata::{Dnskey, address, to_text};
use crate::wire::{Name, Rtype};
use crate::zone::Zone;

use super::{DemoError, verifiers};

macro_rules! zones {
    ($($apex:literal)*) => {
        [$(($apex, include_str!(concat!("../../../zones/", $apex, ".zone"))),)*]
    };
}

/// The zones: names of the files without `.zone`, and what is in them.
const ZONES: [(&str, &str); 9] = zones! {
    "3pid.example"
    "4.4.msisdn.3pid.example"
    "9.4.msisdn.3pid.example"
    "9.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example"
    "example.com.email.3pid.example"
    "example.net.email.3pid.example"
    "3pid.example.net"
    "4.4.msisdn.3pid.example.net"
    "9.4.msisdn.3pid.example.net"
};

/// What every file says that is made at each start.
const MADE: &str = "Made by `threepid demo` at each start: changes are lost.";

/// The state directory.
#[derive(Debug, Clone)]
pub(super) struct Files {
    directory: PathBuf,
}

/// A zone of the demo.
#[derive(Debug)]
pub(super) struct DemoZone {
    /// Name of its files.
    name: &'static str,
    /// Its apex.
    pub(super) apex: Name,
    /// Where its server listens.
    pub(super) server: IpAddr,
    keys: Vec<ZoneKey>,
}

impl Files {
    /// The directory, made where it is missing.
    pub(super) fn open(directory: &Path) -> Result<Self, DemoError> {
        let files = Self { directory: directory.to_owned() };
        let parts = ["zones", "keys", "verifiers", "served", "servers", "stores"];
        let parts = parts.map(|part| files.path(part));
        for path in [directory.to_owned()].into_iter().chain(parts) {
            fs::create_dir_all(&path).map_err(|cause| DemoError::Directory { path, cause })?;
        }
        Ok(files)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(super) fn write(&self, name: &str, content: &str) -> Result<PathBuf, DemoError> {
        let path = self.path(name);
        match fs::write(&path, content) {
            Ok(()) => Ok(path),
            Err(cause) => Err(DemoError::File { path, cause }),
        }
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.path(name));
    }

    /// The zones with their keys, both made where they are missing, and the files as they are
    /// served: with the DS records of their children.
    pub(super) fn zones(&self, now: Timestamp) -> Result<Vec<DemoZone>, DemoError> {
        let (mut zones, mut errors) = (Vec::new(), Vec::new());
        for (name, text) in ZONES {
            match self.zone(name, text, now) {
                Ok(zone) => zones.push(zone),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(DemoError::Several(errors));
        }
        for zone in &zones {
            let children = zones.iter().filter(|child| parent(child, &zones) == Some(&zone.apex));
            let ds: String = children.map(ds_lines).collect();
            let served = format!("; {MADE}\n$INCLUDE ../zones/{}.zone\n{ds}", zone.name);
            self.write(&format!("served/{}.zone", zone.name), &served)?;
        }
        Ok(zones)
    }

    fn zone(&self, name: &'static str, text: &str, now: Timestamp) -> Result<DemoZone, DemoError> {
        let apex: Name = name.parse().expect("the files are named after their zones");
        let file = format!("zones/{name}.zone");
        if !self.path(&file).exists() {
            self.write(&file, text)?;
        }
        self.renew_certificates(&file, now)?;
        let built = zone_file::read(&self.path(&file), &apex)?;
        let server = server(&built.zone)
            .ok_or_else(|| DemoError::NoServer { path: self.path(&file), apex: apex.clone() })?;
        let keys = self.keys(&apex, now)?;
        Ok(DemoZone { name, apex, server, keys })
    }

    /// Renews certificates in a zone file that end soon. One that cannot be read is told of later.
    fn renew_certificates(&self, file: &str, now: Timestamp) -> Result<(), DemoError> {
        let text = fs::read_to_string(self.path(file)).unwrap_or_default();
        match verifiers::renewed(&text, now) {
            Some(text) => self.write(file, &text).map(drop),
            None => Ok(()),
        }
    }

    fn keys(&self, apex: &Name, now: Timestamp) -> Result<Vec<ZoneKey>, DemoError> {
        let directory = self.path("keys");
        match keys::load_directory(apex, &directory) {
            Err(errors) if matches!(errors[..], [KeyError::None { .. }]) => {
                let key = ZoneKey::generate(apex.clone(), ZoneKey::KSK, &mut OsRandom);
                let key = key.with_timing(Timing::in_use(now));
                keys::store(&directory, &key).map_err(|error| DemoError::Keys(vec![error]))?;
                Ok(vec![key])
            }
            keys => keys.map_err(DemoError::Keys),
        }
    }

    /// The keys of the verification servers, to sign with by hand.
    pub(super) fn write_verifiers(&self) -> Result<(), DemoError> {
        for (server, key) in verifiers::keys() {
            let path = self.path(&format!("verifiers/{server}.key"));
            if !path.exists() {
                signing_keys::store(&path, &key)?;
            }
        }
        Ok(())
    }

    /// The trust anchors, for each root in a form for Unbound and Knot Resolver (`.anchor`), and for
    /// the first one in a form for delv (`root.keys`).
    pub(super) fn write_anchors(&self, zones: &[DemoZone]) -> Result<(), DemoError> {
        for root in roots(zones) {
            let lines = root.entry_points().map(|key| {
                let data = to_text(Rtype::DNSKEY, &key.dnskey().to_rdata());
                format!("{} 3600 IN DNSKEY {data}\n", root.apex)
            });
            self.write(&anchor_file(root, zones), &lines.collect::<String>())?;
        }
        let first = &zones[0];
        let static_key = |key: Dnskey| {
            let Dnskey { flags, protocol, algorithm, public_key } = key;
            let (apex, octets) = (&first.apex, base64(&public_key));
            format!("    \"{apex}\" static-key {flags} {protocol} {} \"{octets}\";\n", algorithm.0)
        };
        let keys: String = first.entry_points().map(|key| static_key(key.dnskey())).collect();
        self.write("root.keys", &format!("trust-anchors {{\n{keys}}};\n"))?;
        Ok(())
    }

    /// The configuration of each server, with the zones it serves. Those of roots keep a store, and take
    /// statements over plain HTTP; what they have to ask, they ask of `resolver`.
    pub(super) fn write_servers(
        &self,
        zones: &[DemoZone],
        port: u16,
        resolver: SocketAddr,
    ) -> Result<Vec<PathBuf>, DemoError> {
        let mut servers: Vec<(IpAddr, Vec<&DemoZone>)> = Vec::new();
        for zone in zones {
            match servers.iter_mut().find(|(server, _)| *server == zone.server) {
                Some((_, zones)) => zones.push(zone),
                None => servers.push((zone.server, vec![zone])),
            }
        }
        let write = |(server, served): &(IpAddr, Vec<&DemoZone>)| {
            let listen = SocketAddr::new(*server, port);
            let mut text = format!("# {MADE}\n[authority]\nlisten = [\"{listen}\"]\nthreads = 1\n");
            let root = served.iter().find(|zone| parent(zone, zones).is_none());
            if let Some(root) = root {
                line(&mut text, format_args!("store = \"../stores/{}.store\"", root.name));
            }
            for DemoZone { name, apex, .. } in served {
                line(&mut text, format_args!("\n[[authority.zone]]\nname = \"{apex}\""));
                line(&mut text, format_args!("file = \"../served/{name}.zone\""));
                line(&mut text, format_args!("key_dir = \"../keys\""));
            }
            if let Some(root) = root {
                text.push_str(&publish_section(root, zones, resolver));
            }
            self.write(&format!("servers/{}.toml", served[0].name), &text)
        };
        servers.iter().map(write).collect()
    }

    /// The configuration of the resolver.
    pub(super) fn write_resolver(
        &self,
        zones: &[DemoZone],
        listen: SocketAddr,
        port: u16,
    ) -> Result<PathBuf, DemoError> {
        let mut text =
            format!("# {MADE}\n[resolver]\nlisten = [\"{listen}\"]\niteration_port = {port}\n");
        for root in roots(zones) {
            let (apex, server, anchor) = (&root.apex, root.server, anchor_file(root, zones));
            write!(
                text,
                "\n[[resolver.root]]\napex = \"{apex}\"\nservers = [\"{server}\"]\n\
                 anchor_file = \"{anchor}\"\n"
            )
            .expect("a string takes all that is written");
        }
        self.write("resolver.toml", &text)
    }

    /// The configuration of clients, with the places where each root takes statements.
    pub(super) fn write_client(
        &self,
        zones: &[DemoZone],
        resolver: SocketAddr,
        places: &[(Name, SocketAddr)],
    ) -> Result<PathBuf, DemoError> {
        let mut text =
            format!("# {MADE}\n[client]\nresolver = \"{resolver}\"\noutbox = \"outbox\"\n");
        for root in roots(zones) {
            let (apex, anchor) = (&root.apex, anchor_file(root, zones));
            line(&mut text, format_args!("\n[[client.root]]\napex = \"{apex}\""));
            line(&mut text, format_args!("anchor_file = \"{anchor}\""));
            for (_, place) in places.iter().filter(|(root, _)| root == apex) {
                line(&mut text, format_args!("publish = \"http://{place}\""));
            }
        }
        text.push_str(&verifiers::tables("client"));
        self.write("client.toml", &text)
    }
}

impl DemoZone {
    /// The keys that the parent's DS, or an anchor, stands for.
    fn entry_points(&self) -> impl Iterator<Item = &ZoneKey> {
        self.keys.iter().filter(|key| key.is_sep())
    }
}

/// The section of a root's server that says what statements are taken. Any free port will do.
fn publish_section(root: &DemoZone, zones: &[DemoZone], resolver: SocketAddr) -> String {
    let DemoZone { apex, server, .. } = root;
    let (listen, anchor) = (SocketAddr::new(*server, 0), anchor_file(root, zones));
    format!(
        "\n[publish]\nlisten = [\"{listen}\"]\nplain = true\nresolver = \"{resolver}\"\n\
         \n[[publish.root]]\napex = \"{apex}\"\nanchor_file = \"../{anchor}\"\n{}",
        verifiers::tables("publish"),
    )
}

/// Adds a line.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("a string takes all that is written");
}

/// The zones that none of the others delegates.
pub(super) fn roots(zones: &[DemoZone]) -> impl Iterator<Item = &DemoZone> {
    zones.iter().filter(move |zone| parent(zone, zones).is_none())
}

/// The apex of the zone that delegates `child`: the nearest above it.
fn parent<'a>(child: &DemoZone, zones: &'a [DemoZone]) -> Option<&'a Name> {
    let above = zones.iter().map(|zone| &zone.apex).filter(|apex| child.apex.is_below(apex));
    above.max_by_key(|apex| apex.label_count())
}

fn ds_lines(child: &DemoZone) -> String {
    let line = |key: &ZoneKey| {
        let data = to_text(Rtype::DS, &key.sha256_ds().to_rdata());
        format!("{} 1h IN DS {data}\n", child.apex)
    };
    child.entry_points().map(line).collect()
}

/// The first root's anchor is `root.anchor`, for the tools in the examples.
fn anchor_file(root: &DemoZone, zones: &[DemoZone]) -> String {
    match root.apex == zones[0].apex {
        true => "root.anchor".to_owned(),
        false => format!("{}.anchor", root.name),
    }
}

/// The first address of the zone's name servers.
fn server(zone: &Zone) -> Option<IpAddr> {
    let set = zone.set(zone.apex_addresses().first()?.set);
    address(set.rtype, set.rdata.first()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_zone_is_in_the_demo() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("zones");
        let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        let mut there: Vec<_> = files.map(|file| file.into_string().unwrap()).collect();
        let mut known: Vec<_> = ZONES.iter().map(|(name, _)| format!("{name}.zone")).collect();
        there.sort();
        known.sort();
        assert_eq!(there, known);
    }
}
