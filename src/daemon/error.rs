//! Why a process does not start.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::LoadError;
use crate::config::Position;
use crate::transport::ListenError;

/// Why a process does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// What it is to serve has mistakes.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Addresses cannot be served on.
    #[error("{}", lines(.0))]
    Listen(Vec<Refused>),
    /// The system refuses threads or the like.
    #[error("cannot serve DNS: {0}")]
    System(io::Error),
}

/// An address that cannot be served on.
#[derive(Debug, Error)]
#[error("{}:{position}: {cause}{}", config.display(), advice(&cause.error))]
pub struct Refused {
    /// The configuration that names it.
    pub config: PathBuf,
    /// Where.
    pub position: Position,
    /// Why not.
    pub cause: ListenError,
}

fn lines(refused: &[Refused]) -> String {
    refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl StartError {
    /// Whether another port may do better: this one is taken, or not for us.
    pub fn is_about_the_port(&self) -> bool {
        let Self::Listen(refused) = self else { return false };
        let about_the_port = [io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied];
        refused.iter().all(|refused| about_the_port.contains(&refused.cause.error.kind()))
    }
}

/// What can be done about it.
pub(super) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; `ss -lntup` shows who listens there",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need root, CAP_NET_BIND_SERVICE, or a lower \
             net.ipv4.ip_unprivileged_port_start"
        }
        io::ErrorKind::AddrNotAvailable => "; `ip address` shows the addresses of this machine",
        _ => "",
    }
}
