//! Sockets to be asked on.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::SockaddrStorage;
use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;

use super::{Limits, Transport};

/// Connections that the system keeps for us until we take them.
const BACKLOG: i32 = 1024;
/// Octets of questions that may wait in a UDP socket: a few thousand. The system may allow less.
const RECEIVE_BUFFER: usize = 1 << 20;
/// How often another port is tried where any will do, and the one found for UDP is taken for TCP.
const TRIES: usize = 16;

/// An address that cannot be served on.
#[derive(Debug, Error)]
#[error("cannot listen on {address} ({transport}): {error}")]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// For what.
    pub transport: Transport,
    /// Why not.
    pub error: io::Error,
}

/// The sockets of one local address: UDP and TCP on the same port.
#[derive(Debug)]
pub struct Listener {
    pub(super) local: SocketAddr,
    /// One for each thread; the system spreads the clients over them.
    pub(super) udp: Vec<UdpSocket>,
    pub(super) tcp: TcpListener,
}

impl Listener {
    /// Opens the sockets of `address`. Port 0 stands for any free one.
    ///
    /// A wildcard address (`0.0.0.0`, `[::]`) stands for each address the machine's interfaces have
    /// now, with sockets of its own: so a response leaves from the address that was asked.
    ///
    /// # Errors
    /// The first address that is refused.
    pub fn bind(address: SocketAddr, limits: &Limits) -> Result<Vec<Self>, ListenError> {
        if !address.ip().is_unspecified() {
            return Ok(vec![Self::bind_one(address, limits)?]);
        }
        let locals = interface_addresses(address).map_err(|error| ListenError {
            address,
            transport: Transport::Udp,
            error,
        })?;
        locals.into_iter().map(|local| Self::bind_one(local, limits)).collect()
    }

    fn bind_one(address: SocketAddr, limits: &Limits) -> Result<Self, ListenError> {
        let tries = if address.port() == 0 { TRIES } else { 1 };
        let mut outcome = Self::try_bind(address, limits);
        for _ in 1..tries {
            match &outcome {
                Err(refused) if refused.error.kind() == io::ErrorKind::AddrInUse => {
                    outcome = Self::try_bind(address, limits);
                }
                _ => break,
            }
        }
        outcome
    }

    fn try_bind(address: SocketAddr, limits: &Limits) -> Result<Self, ListenError> {
        let refused = |transport| move |error| ListenError { address, transport, error };
        let first = udp_socket(address).map_err(refused(Transport::Udp))?;
        let local = first.local_addr().map_err(refused(Transport::Udp))?;
        // No other process has this port for TCP: that also tells a second server on the same UDP
        // port, which SO_REUSEPORT would let happen.
        let tcp = tcp_listener(local).map_err(refused(Transport::Tcp))?;
        let mut udp = vec![first];
        for _ in 1..limits.udp_threads.get() {
            udp.push(udp_socket(local).map_err(refused(Transport::Udp))?);
        }
        Ok(Self { local, udp, tcp })
    }

    /// The address, with the port that was found where any would do.
    pub fn local(&self) -> SocketAddr {
        self.local
    }
}

fn udp_socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Opens a TCP socket that listens at `address`, one of IPv6 for IPv6 alone.
///
/// # Errors
/// Where the system refuses.
pub fn tcp_listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of a server before us may still be closing.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// The addresses of the machine of the wildcard's family, with its port.
fn interface_addresses(wildcard: SocketAddr) -> io::Result<Vec<SocketAddr>> {
    let addresses = getifaddrs()?.filter_map(|interface| socket_address(&interface.address?));
    let mut locals: Vec<_> = addresses
        .filter(|address| address.is_ipv4() == wildcard.is_ipv4())
        .map(|mut address| {
            address.set_port(wildcard.port());
            address
        })
        .collect();
    locals.sort();
    locals.dedup();
    Ok(locals)
}

/// The address in a form that the standard library knows, where it is one of the Internet's.
pub(super) fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from(*v4));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from(*v6)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(udp_threads: usize) -> Limits {
        let udp_threads = udp_threads.try_into().unwrap();
        Limits { udp_threads, ..Limits::default() }
    }

    #[test]
    fn all_sockets_share_a_port() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let listeners = Listener::bind(any.parse().unwrap(), &limits(3)).unwrap();
            let [listener] = &listeners[..] else { panic!("one address") };
            assert_ne!(listener.local().port(), 0);
            assert_eq!(listener.tcp.local_addr().unwrap(), listener.local());
            assert_eq!(listener.udp.len(), 3);
            for socket in &listener.udp {
                assert_eq!(socket.local_addr().unwrap(), listener.local());
            }
        }
    }

    #[test]
    fn a_port_in_use_is_refused() {
        let held = Listener::bind("127.0.0.1:0".parse().unwrap(), &limits(1)).unwrap();
        let address = held[0].local();
        let error = Listener::bind(address, &limits(1)).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {address} (TCP)")));
        assert_eq!(error.error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_wildcard_is_every_address() {
        let listeners = Listener::bind("0.0.0.0:0".parse().unwrap(), &limits(1)).unwrap();
        let locals: Vec<_> = listeners.iter().map(|listener| listener.local().ip()).collect();
        assert!(locals.contains(&"127.0.0.1".parse().unwrap()));
        assert!(locals.iter().all(|local| local.is_ipv4() && !local.is_unspecified()));
    }
}
