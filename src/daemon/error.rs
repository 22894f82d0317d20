//! Why a process does not start.

use std::io;

use thiserror::Error;

use super::LoadError;
use crate::transport::ListenError;

/// Why a process does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// What it is to serve has mistakes.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An address cannot be served on.
    #[error("{place}: {cause}{}", advice(&cause.error))]
    Listen {
        /// Where the configuration names the address.
        place: String,
        /// Why not.
        cause: ListenError,
    },
    /// The system refuses threads or the like.
    #[error("cannot serve DNS: {0}")]
    System(io::Error),
}

impl StartError {
    /// Whether another port may do better: this one is taken, or not for us.
    pub fn is_about_the_port(&self) -> bool {
        let Self::Listen { cause, .. } = self else { return false };
        matches!(cause.error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
    }
}

/// What can be done about it.
fn advice(error: &io::Error) -> &'static str {
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
