//! Who counts as one client.

use std::net::IpAddr;

use crate::wire::Prefix;

/// Bits of an IPv6 network that are one client: what a subscriber has at least.
const CLIENT: u8 = 64;
/// Wider networks of IPv6, and as how many clients one of them counts: 56 bits are what many subscribers have,
/// 48 what whoever asks for it gets.
const WIDER: [(u8, u32); 2] = [(56, 2), (48, MOST_CLIENTS)];
/// As how many clients a network counts at most.
pub(super) const MOST_CLIENTS: u32 = 4;

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits. An IPv4 address mapped into
/// IPv6 is the IPv4 address.
pub fn client(address: IpAddr) -> Prefix {
    let address = address.to_canonical();
    Prefix::around(address, if address.is_ipv4() { 32 } else { CLIENT })
}

/// The networks that a client is counted in, and as how many clients each may come: its own, and of IPv6 the
/// wider ones, of 56 bits as two and of 48 bits as four.
pub fn networks(address: IpAddr) -> impl Iterator<Item = (Prefix, u32)> + Clone {
    let address = address.to_canonical();
    let wider = WIDER.into_iter().filter(move |_| address.is_ipv6());
    let wider = wider.map(move |(length, clients)| (Prefix::around(address, length), clients));
    std::iter::once((client(address), 1)).chain(wider)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(address: &str) -> Vec<String> {
        let networks = networks(address.parse().unwrap());
        networks.map(|(network, clients)| format!("{network} {clients}")).collect()
    }

    #[test]
    fn an_ipv4_address_is_a_client_and_an_ipv6_network_is() {
        assert_eq!(told("192.0.2.1"), ["192.0.2.1/32 1"]);
        assert_eq!(told("::ffff:192.0.2.1"), ["192.0.2.1/32 1"]);
        let all = ["2001:db8:1:203::/64 1", "2001:db8:1:200::/56 2", "2001:db8:1::/48 4"];
        assert_eq!(told("2001:db8:1:203:4::5"), all);
    }
}
