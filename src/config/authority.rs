//! `[authority]`: the zones served.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::wire::Name;
use crate::zone::delegating;

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

/// For how many days withdrawals are kept where nothing is said.
const KEEP_WITHDRAWALS: u64 = 400;

/// From how many days to how many: an association that is withdrawn may be held by others for as long as it
/// holds, a year by default.
const KEPT_DAYS: (u64, u64) = (365, 36_500);

/// `[authority]`: answers for zones from their files, and for people from a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Where to answer, over UDP and TCP.
    pub listen: Vec<Located<SocketAddr>>,
    /// The server's identity (RFC 5001), told to whoever asks.
    pub nsid: Option<String>,
    /// UDP threads for each address; 0 stands for one for each core.
    pub threads: Located<usize>,
    /// The store of associations, one for all zones; none where it is not given.
    pub store: Option<Located<PathBuf>>,
    /// For how long the store keeps withdrawals after they were made.
    pub keep_withdrawals: Located<Duration>,
    /// Whether the store keeps addresses: it does where `[identity_api]` finds people by their hashes.
    pub keep_addresses: bool,
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
    /// Where its associations are.
    pub associations: Associations,
    /// The parts of it that are held until other servers have what the store holds there.
    pub handing_over: Vec<Name>,
}

/// Where a zone's associations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Associations {
    /// In its file.
    File,
    /// In the store: what its file has is taken into it.
    Store,
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
    /// Whether one of its zones is in the tree with this apex, or has the tree in it.
    pub(super) fn is_in(&self, apex: &Name) -> bool {
        let names = self.zones.iter().map(|zone| &zone.name.value);
        names.into_iter().any(|zone| zone.is_at_or_below(apex) || apex.is_at_or_below(zone))
    }

    pub(super) fn read(table: Table<'_>, base: &Path) -> Self {
        let store = table.value("store");
        let zones = table.required_tables("zone").into_iter();
        let zones = zones.filter_map(|zone| Zone::read(zone, base, store.is_some()));
        let zones: Vec<Zone> = zones.collect();
        values::refuse_twice(&table, &zones, |zone| &zone.name);
        let authority = Self {
            listen: values::listen(&table, &LISTEN),
            nsid: table.value("nsid").and_then(|value| {
                let text = value.string()?;
                value.accept(nsid(text))
            }),
            threads: threads(&table),
            store: store.and_then(|store| values::path(&store, base)),
            keep_withdrawals: keep_withdrawals(&table),
            keep_addresses: false,
            zones,
        };
        table.finish();
        authority
    }
}

fn threads(table: &Table<'_>) -> Located<usize> {
    let threads = number(table, "threads", (0, MAX_THREADS), 0);
    threads.with(usize::try_from(threads.value).expect("256 threads at most"))
}

fn keep_withdrawals(table: &Table<'_>) -> Located<Duration> {
    let days = number(table, "keep_withdrawals", KEPT_DAYS, KEEP_WITHDRAWALS);
    days.with(Duration::from_secs(days.value * 86_400))
}

fn number(table: &Table<'_>, key: &'static str, range: (u64, u64), default: u64) -> Located<u64> {
    let given =
        table.value(key).and_then(|value| Some(value.locate(value.number(range.0, range.1)?)));
    given.unwrap_or_else(|| table.locate(default))
}

fn nsid(text: &str) -> Result<String, String> {
    match text.len() {
        1..=MAX_NSID => Ok(text.to_owned()),
        length => Err(format!("`nsid` has 1 to {MAX_NSID} octets, not {length}")),
    }
}

impl Zone {
    fn read(table: Table<'_>, base: &Path, has_store: bool) -> Option<Self> {
        let name = values::name(&table, "name");
        let file = table.required("file").and_then(|value| values::path(&value, base));
        let keys = Keys::read(&table, base);
        let associations = Associations::read(&table, has_store);
        let handing_over = handing_over(&table, name.as_ref(), associations);
        table.finish();
        Some(Self { name: name?, file: file?, keys, associations, handing_over })
    }
}

/// What is held of a zone, in the words of `threepid delegation`.
fn handing_over(
    table: &Table<'_>,
    zone: Option<&Located<Name>>,
    associations: Associations,
) -> Vec<Name> {
    let (Some(list), Some(zone)) = (table.value("handing_over"), zone) else { return Vec::new() };
    if associations == Associations::File {
        list.mistake(
            "`handing_over` is for what a store holds: this zone's associations are in its file",
        );
    }
    let items = list.list().into_iter();
    items.filter_map(|item| item.accept(delegating::part(item.string()?, &zone.value))).collect()
}

impl Associations {
    /// Where there is a store, associations are in it unless the zone says otherwise.
    fn read(table: &Table<'_>, has_store: bool) -> Self {
        const CHOICES: [(&str, Associations); 2] =
            [("file", Associations::File), ("store", Associations::Store)];
        let default = if has_store { Self::Store } else { Self::File };
        let Some(value) = table.value("associations") else { return default };
        let chosen = value.choice(&CHOICES).unwrap_or(default);
        if chosen == Self::Store && !has_store {
            value.mistake("`store` in [authority] says where the store is: it is not given");
        }
        chosen
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
