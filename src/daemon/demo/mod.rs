//! The demo: two trees of identity servers and a resolver in one process, on loopback addresses.
//!
//! Each server has the address that the zones give it, and its own configuration; it is started as
//! `threepid serve` starts it. Referrals carry no port, so that all servers have the same. The servers of the
//! roots have a store, and take statements, over plain HTTP.

mod files;
mod probe;
mod verifiers;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::keys::KeyError;
use super::signing_keys::SigningKeyError;
use super::zone_file::ZoneFileError;
use super::{Daemon, LoadError, StartError};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DNS_PORT};
use crate::transport::{self, Network};
use crate::wire::Name;

use files::{DemoZone, Files};

/// How many free ports are tried where port 53 cannot be had.
const PORTS: usize = 10;

/// What is written once every server answers, and removed when they end.
const READY: &str = "ready";

/// Why the demo does not start.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The resolver's address cannot be served on.
    #[error("cannot listen on {resolver}: {cause}; is there another demo?")]
    Resolver {
        /// The address.
        resolver: SocketAddr,
        /// Why.
        cause: io::Error,
    },
    /// The directories of its state cannot be made.
    #[error("cannot make the directory {}: {cause}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Several things are wrong.
    #[error("{}", lines(.0))]
    Several(Vec<DemoError>),
    /// A file of its state cannot be written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Keys in its state cannot be used.
    #[error("{}", lines(.0))]
    Keys(Vec<KeyError>),
    /// A verification server's key cannot be written.
    #[error(transparent)]
    Verifier(#[from] SigningKeyError),
    /// A zone file in its state has mistakes.
    #[error(transparent)]
    Zone(#[from] ZoneFileError),
    /// A zone does not tell where its server listens.
    #[error("{}: the address of a name server of {apex} expected", path.display())]
    NoServer {
        /// The zone's file.
        path: PathBuf,
        /// The zone.
        apex: Name,
    },
    /// A server does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no port that is free on all addresses.
    #[error("no port is free on all of the servers' addresses: {0}")]
    NoPort(io::Error),
    /// A server that was started does not answer.
    #[error("{server} does not answer for {zone}")]
    Silent {
        /// The server.
        server: SocketAddr,
        /// The zone.
        zone: Name,
    },
}

impl DemoError {
    /// Whether it is about what files say, each line with its place.
    pub fn is_about_files(&self) -> bool {
        match self {
            Self::Several(errors) => errors.iter().all(Self::is_about_files),
            Self::Zone(ZoneFileError::Flaws(_)) | Self::Start(_) => true,
            _ => false,
        }
    }
}

fn lines(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Where the demo is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The directory of its state.
    pub directory: PathBuf,
    /// Where its resolver listens.
    pub resolver: SocketAddr,
    /// The port of its identity servers, if it can be had; else, and where it is 0, any free one.
    pub port: u16,
}

impl Settings {
    /// State in `directory`, the resolver on 127.0.0.1:5300, the servers on port 53.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, resolver: (Ipv4Addr::LOCALHOST, 5300).into(), port: DNS_PORT }
    }
}

/// All servers of the demo, at work.
pub struct Demo {
    files: Files,
    zones: Vec<DemoZone>,
    port: u16,
    servers: Vec<Daemon>,
    resolver: SocketAddr,
}

impl Demo {
    /// Starts the servers and the resolver. Returns when each of them answers.
    ///
    /// # Errors
    /// Where the state cannot be used, or an address cannot be served on. Then nothing is left
    /// running.
    pub async fn start(settings: &Settings) -> Result<Self, DemoError> {
        let resolver = settings.resolver;
        // Before anything in the state changes that another demo may be using.
        TcpListener::bind(resolver).map_err(|cause| DemoError::Resolver { resolver, cause })?;
        let files = Files::open(&settings.directory)?;
        files.remove(READY);
        let zones = files.zones(SystemClock.now())?;
        files.write_anchors(&zones)?;
        files.write_verifiers()?;
        let (servers, port) = start_servers(&files, &zones, settings).await?;
        let mut demo = Self { files, zones, port, servers, resolver };
        match demo.complete().await {
            Ok(()) => Ok(demo),
            Err(error) => {
                demo.stop().await;
                Err(error)
            }
        }
    }

    /// Starts the resolver, and makes sure of all servers.
    async fn complete(&mut self) -> Result<(), DemoError> {
        let path = self.files.write_resolver(&self.zones, self.resolver, self.port)?;
        let resolver = start_server(&path).await?;
        if let [address] = resolver.resolver_addresses()
            && *address != self.resolver
        {
            self.resolver = *address;
            self.files.write_servers(&self.zones, self.port, self.resolver)?;
            self.reload().await.map_err(StartError::from)?;
        }
        self.servers.push(resolver);
        let places: Vec<_> = self.publish().map(|(apex, place)| (apex.clone(), place)).collect();
        self.files.write_client(&self.zones, self.resolver, &places)?;
        self.probe().await?;
        self.files.write(READY, "").map(drop)
    }

    /// Asks each server for its zones, and the resolver for all.
    async fn probe(&self) -> Result<(), DemoError> {
        let network = Network::new(&transport::Limits::default());
        for zone in &self.zones {
            let own = SocketAddr::new(zone.server, self.port);
            for server in [own, self.resolver] {
                if !probe::answers(&network, server, &zone.apex).await {
                    return Err(DemoError::Silent { server, zone: zone.apex.clone() });
                }
            }
        }
        Ok(())
    }

    /// The port of the identity servers.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The zones, and the addresses of their servers.
    pub fn zones(&self) -> impl Iterator<Item = (&Name, IpAddr)> {
        self.zones.iter().map(|zone| (&zone.apex, zone.server))
    }

    /// Where the resolver is.
    pub fn resolver(&self) -> SocketAddr {
        self.resolver
    }

    /// The roots that take statements, and where.
    pub fn publish(&self) -> impl Iterator<Item = (&Name, SocketAddr)> {
        let addresses = self.servers.iter().flat_map(Daemon::publish_addresses);
        addresses.filter_map(|address| {
            let root = files::roots(&self.zones).find(|zone| zone.server == address.ip())?;
            Some((&root.apex, *address))
        })
    }

    /// A file of the state.
    pub fn path(&self, name: &str) -> PathBuf {
        self.files.path(name)
    }

    /// Reads all zones and keys again.
    ///
    /// # Errors
    /// With the mistakes of all servers. Then all stay as they were.
    pub async fn reload(&mut self) -> Result<(), LoadError> {
        let (mut prepared, mut errors) = (Vec::new(), Vec::new());
        for server in &self.servers {
            match server.prepare().await {
                Ok(one) => prepared.push(one),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(LoadError::all(errors));
        }
        for (server, prepared) in self.servers.iter_mut().zip(prepared) {
            server.go_over(prepared).await;
        }
        Ok(())
    }

    /// Answers what is asked already, and ends.
    pub async fn stop(self) {
        self.files.remove(READY);
        stop_all(self.servers).await;
    }
}

async fn stop_all(servers: Vec<Daemon>) {
    for server in servers {
        server.stop().await;
    }
}

/// Starts the identity servers on the port of the settings, or on a free one where that is refused.
async fn start_servers(
    files: &Files,
    zones: &[DemoZone],
    settings: &Settings,
) -> Result<(Vec<Daemon>, u16), DemoError> {
    let Settings { mut port, resolver, .. } = *settings;
    if port == 0 {
        port = free_port(zones).map_err(DemoError::NoPort)?;
    }
    for _ in 0..PORTS {
        match try_port(&files.write_servers(zones, port, resolver)?).await {
            Err(error) if error.is_about_the_port() => {
                tracing::debug!(port, %error, "another port is tried");
                port = free_port(zones).map_err(DemoError::NoPort)?;
            }
            outcome => return Ok((outcome?, port)),
        }
    }
    Err(DemoError::NoPort(io::ErrorKind::AddrInUse.into()))
}

/// Starts a server for each of the configurations, or none.
async fn try_port(configs: &[PathBuf]) -> Result<Vec<Daemon>, StartError> {
    let (mut servers, mut faults) = (Vec::new(), Vec::new());
    for path in configs {
        match start_server(path).await {
            Ok(server) => servers.push(server),
            Err(StartError::Load(error)) => faults.push(error),
            Err(error) => {
                stop_all(servers).await;
                return Err(error);
            }
        }
    }
    if faults.is_empty() {
        return Ok(servers);
    }
    stop_all(servers).await;
    Err(LoadError::all(faults).into())
}

async fn start_server(path: &Path) -> Result<Daemon, StartError> {
    let config = Config::load(path).map_err(|error| LoadError::of(error, SystemClock.now()))?;
    Daemon::start(config).await
}

/// A port that nobody has on any of the servers' addresses, just now.
fn free_port(zones: &[DemoZone]) -> io::Result<u16> {
    let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..PORTS {
        let port = UdpSocket::bind((zones[0].server, 0))?.local_addr()?.port();
        let bind = |zone: &DemoZone| {
            UdpSocket::bind((zone.server, port))?;
            TcpListener::bind((zone.server, port)).map(drop)
        };
        match zones.iter().try_for_each(bind) {
            Ok(()) => return Ok(port),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
