//! Addresses that lead to one host of the internet, wherever one is (RFC 6890 and the registries it
//! made: "IANA IPv4 Special-Purpose Address Registry" and that of IPv6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are for something else: their first address and how many bits count.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),  // this network: RFC 791 section 3.2
    (Ipv4Addr::new(10, 0, 0, 0), 8), // private: RFC 1918
    (Ipv4Addr::new(100, 64, 0, 0), 10), // behind a carrier's translator: RFC 6598
    (Ipv4Addr::new(127, 0, 0, 0), 8), // loopback: RFC 1122 section 3.2.1.3
    (Ipv4Addr::new(169, 254, 0, 0), 16), // link-local: RFC 3927
    (Ipv4Addr::new(172, 16, 0, 0), 12), // private: RFC 1918
    (Ipv4Addr::new(192, 0, 0, 0), 24), // IETF protocols: RFC 6890
    (Ipv4Addr::new(192, 0, 2, 0), 24), // documentation: RFC 5737
    (Ipv4Addr::new(192, 88, 99, 0), 24), // relays of 6to4, given up: RFC 7526
    (Ipv4Addr::new(192, 168, 0, 0), 16), // private: RFC 1918
    (Ipv4Addr::new(198, 18, 0, 0), 15), // benchmarks: RFC 2544
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation: RFC 5737
    (Ipv4Addr::new(203, 0, 113, 0), 24), // documentation: RFC 5737
    (Ipv4Addr::new(224, 0, 0, 0), 4), // multicast: RFC 5771
    (Ipv4Addr::new(240, 0, 0, 0), 4), // reserved, and broadcast: RFC 1112, RFC 8190
];

/// What of IPv6 is given to hosts: all else is special or nobody's (RFC 4291 section 2.4).
const UNICAST_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks in [`UNICAST_V6`] that are for something else.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // IETF protocols, Teredo: RFC 2928, RFC 4380
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation: RFC 3849
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, which carries IPv4: RFC 3056
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation: RFC 9637
];

/// Whether an address leads to a host of the internet, and to no network of one's own, no group, and
/// nowhere that is set aside. Whoever connects to where others say does it to such addresses alone:
/// else they reach what only he can. An IPv4 address mapped into IPv6 is the IPv4 address.
///
/// ```
/// use threepid::wire::is_global;
/// assert!(is_global("9.9.9.9".parse()?) && is_global("2620:fe::fe".parse()?));
/// assert!(!is_global("::ffff:10.0.0.1".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn is_global(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|network| in_v4(*network, v4)),
        IpAddr::V6(v6) => {
            in_v6(UNICAST_V6, v6) && !SPECIAL_V6.iter().any(|network| in_v6(*network, v6))
        }
    }
}

fn in_v4((network, length): (Ipv4Addr, u32), address: Ipv4Addr) -> bool {
    (network.to_bits() ^ address.to_bits()).leading_zeros() >= length
}

fn in_v6((network, length): (Ipv6Addr, u32), address: Ipv6Addr) -> bool {
    (network.to_bits() ^ address.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_the_internet_and_no_others() {
        for global in
            ["9.9.9.9", "100.63.0.1", "100.128.0.1", "172.32.0.1", "193.0.0.1", "198.20.0.1"]
                .iter()
                .chain(&[
                    "223.255.255.255",
                    "2620:fe::fe",
                    "2a00::1",
                    "2001:200::1",
                    "::ffff:9.9.9.9",
                ])
        {
            assert!(is_global(global.parse().unwrap()), "{global}");
        }
        for special in [
            "0.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:192.168.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_global(special.parse().unwrap()), "{special}");
        }
    }
}
