//! The addresses that questions to other servers go out from.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::crypto::{OsRandom, Random};

/// Addresses of this machine. Towards a server any of its family is taken, by chance: one more thing
/// that who wants to forge a response has to guess (RFC 5452 section 9.2). Where there is none, the
/// system chooses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources(Vec<IpAddr>);

impl Sources {
    /// These addresses.
    pub fn new(addresses: Vec<IpAddr>) -> Self {
        Self(addresses)
    }

    /// Whether sockets can have this address.
    ///
    /// # Errors
    /// Why they cannot: mostly because it is none of this machine's.
    pub fn try_out(address: IpAddr) -> io::Result<()> {
        UdpSocket::bind((address, 0)).map(drop)
    }

    /// Where a socket for questions to `server` is bound.
    pub(super) fn towards(&self, server: SocketAddr) -> SocketAddr {
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let own: Vec<_> = self.0.iter().filter(|own| own.is_ipv4() == server.is_ipv4()).collect();
        let address = match own.as_slice() {
            [] => any,
            [only] => **only,
            several => {
                let count = u64::try_from(several.len()).expect("a count fits 64 bits");
                let drawn = OsRandom.below(count);
                *several[usize::try_from(drawn).expect("below a count")]
            }
        };
        (address, 0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn towards(own: &[&str], server: &str) -> IpAddr {
        let own = own.iter().map(|address| address.parse().unwrap()).collect();
        Sources::new(own).towards(server.parse().unwrap()).ip()
    }

    #[test]
    fn a_source_is_of_the_family_of_the_server() {
        let own = ["192.0.2.7", "2001:db8::7"];
        assert_eq!(towards(&own, "198.51.100.1:53").to_string(), "192.0.2.7");
        assert_eq!(towards(&own, "[2001:db8::53]:53").to_string(), "2001:db8::7");
        assert!(towards(&own[..1], "[2001:db8::53]:53").is_unspecified());
        assert!(towards(&[], "198.51.100.1:53").is_unspecified());
    }

    #[test]
    fn each_of_several_is_taken() {
        let own = ["192.0.2.7", "192.0.2.8"];
        let drawn: Vec<_> = (0..100).map(|_| towards(&own, "198.51.100.1:53")).collect();
        assert!(own.iter().all(|own| drawn.contains(&own.parse().unwrap())));
    }

    #[test]
    fn an_address_of_others_is_refused() {
        assert!(Sources::try_out("127.0.0.1".parse().unwrap()).is_ok());
        assert!(Sources::try_out("192.0.2.1".parse().unwrap()).is_err());
    }
}
