//! Opening the sockets that the configuration names.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::config::Located;
use crate::transport::{Limits, ListenError, Listener};

use super::{Refused, StartError};

/// Opens the sockets of all addresses in the file `config`, for questions over UDP and TCP.
pub(super) fn bind(
    config: &Path,
    addresses: &[Located<SocketAddr>],
    limits: &Limits,
) -> Result<Vec<Listener>, StartError> {
    each(config, addresses, |address| Listener::bind(address, limits))
}

/// Opens the sockets of all addresses in the file `config`, each as `open` does.
pub(super) fn each<T>(
    config: &Path,
    addresses: &[Located<SocketAddr>],
    open: impl Fn(SocketAddr) -> Result<Vec<T>, ListenError>,
) -> Result<Vec<T>, StartError> {
    let (mut listeners, mut all_refused) = (Vec::new(), Vec::new());
    for address in addresses {
        match open(address.value) {
            Ok(more) => listeners.extend(more),
            Err(refused) if is_usual_ipv6(address.value.ip()) && no_ipv6(&refused.error) => {
                tracing::warn!(address = %address.value, "not served: this machine has no IPv6");
            }
            Err(cause) => {
                let (config, position) = (config.to_owned(), address.position);
                all_refused.push(Refused { config, position, cause });
            }
        }
    }
    if all_refused.is_empty() { Ok(listeners) } else { Err(StartError::Listen(all_refused)) }
}

/// Whether it is an address that every machine with IPv6 has.
fn is_usual_ipv6(address: IpAddr) -> bool {
    address == Ipv6Addr::LOCALHOST || address == Ipv6Addr::UNSPECIFIED
}

/// Whether the machine does without IPv6: that alone is no mistake of the configuration.
fn no_ipv6(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT))
}
