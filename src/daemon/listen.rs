//! Opening the sockets that the configuration names.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::config::Located;
use crate::transport::{Limits, Listener};

use super::{Refused, StartError};

/// Opens the sockets of all addresses in the file `config`.
pub(super) fn bind(
    config: &Path,
    addresses: &[Located<SocketAddr>],
    limits: &Limits,
) -> Result<Vec<Listener>, StartError> {
    let (mut listeners, mut all_refused) = (Vec::new(), Vec::new());
    for address in addresses {
        match Listener::bind(address.value, limits) {
            Ok(more) => listeners.extend(more),
            Err(refused)
                if address.value.ip() == Ipv6Addr::LOCALHOST && no_ipv6(&refused.error) =>
            {
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

/// Whether the machine does without IPv6: that alone is no mistake of the configuration.
fn no_ipv6(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT))
}
