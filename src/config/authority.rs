//! `[authority]`: the zones served.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::wire::Name;

use super::document::Table;
use super::mistake::Located;
use super::values::{self, DNS_PORT};

/// What `listen` is where it is not given: every address of the machine.
const LISTEN: [SocketAddr; 2] = [
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), DNS_PORT),
    SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::UNSPECIFIED), DNS_PORT),
];

/// The most UDP threads for one address.
const MAX_THREADS: u64 = 256;

/// The most octets of a server's identity: it goes into every answer that asks for it.
const MAX_NSID: usize = 128;

/// `[authority]`: answers for zones from their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Where to answer, over UDP and TCP.
    pub listen: Vec<Located<SocketAddr>>,
    /// The server's identity (RFC 5001), told to whoever asks.
    pub nsid: Option<String>,
    /// UDP threads for each address; 0 stands for one for each core.
    pub threads: usize,
    /// The zones, each name once.
    pub zones: Vec<Zone>,
}

/// `[[authority.zone]]`: one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its apex.
    pub name: Located<Name>,
    /// Its master file.
    pub file: Located<PathBuf>,
    /// The keys it is signed with.
    pub keys: Keys,
}

/// Where a zone's keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// Nowhere: the zone is served unsigned.
    None,
    /// In these files.
    Files(Vec<Located<PathBuf>>),
    /// In the files of this directory that are named for the zone.
    Directory(Located<PathBuf>),
}

impl Authority {
    pub(super) fn read(table: Table<'_>, base: &Path) -> Self {
        let zones = table.required_tables("zone").into_iter();
        let zones: Vec<Zone> = zones.filter_map(|zone| Zone::read(zone, base)).collect();
        values::refuse_twice(&table, &zones, |zone| &zone.name);
        let authority = Self {
            listen: values::listen(&table, &LISTEN),
            nsid: table.value("nsid").and_then(|value| {
                let text = value.string()?;
                value.accept(nsid(text))
            }),
            threads: table
                .value("threads")
                .and_then(|value| value.number(0, MAX_THREADS))
                .map_or(0, |threads| usize::try_from(threads).expect("256 threads at most")),
            zones,
        };
        table.finish();
        authority
    }
}

fn nsid(text: &str) -> Result<String, String> {
    match text.len() {
        1..=MAX_NSID => Ok(text.to_owned()),
        length => Err(format!("`nsid` has 1 to {MAX_NSID} octets, not {length}")),
    }
}

impl Zone {
    fn read(table: Table<'_>, base: &Path) -> Option<Self> {
        let name = values::name(&table, "name");
        let file = table.required("file").and_then(|value| values::path(&value, base));
        let keys = Keys::read(&table, base);
        table.finish();
        Some(Self { name: name?, file: file?, keys })
    }
}

impl Keys {
    fn read(table: &Table<'_>, base: &Path) -> Self {
        let directory = table.value("key_dir");
        let files = table.value("keys");
        match (files, directory) {
            (Some(_), Some(directory)) => {
                directory.mistake("`keys` or `key_dir`, not both");
                Self::None
            }
            (None, Some(directory)) => {
                values::path(&directory, base).map_or(Self::None, Self::Directory)
            }
            (Some(files), None) => {
                let files: Vec<_> =
                    files.list().iter().filter_map(|file| values::path(file, base)).collect();
                if files.is_empty() { Self::None } else { Self::Files(files) }
            }
            (None, None) => Self::None,
        }
    }
}
