//! Networks: an address and how many of its leading bits count.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// Text that is no prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PrefixError {
    /// The part before the slash is not an address.
    #[error("not an IP address before the `/`")]
    Address,
    /// The part after the slash is not a number of bits of such an address.
    #[error("the prefix length is a number from 0 to {0}")]
    Length(u8),
    /// Bits after the prefix are set.
    #[error("bits are set after the prefix, did you mean `{0}`?")]
    HostBits(Prefix),
}

/// The addresses that share their first `length` bits with `address`.
///
/// ```
/// use threepid::wire::Prefix;
/// let prefix: Prefix = "192.0.2.0/24".parse()?;
/// assert!(prefix.contains("192.0.2.7".parse().unwrap()));
/// assert!(!prefix.contains("192.0.3.7".parse().unwrap()));
/// # Ok::<(), threepid::wire::PrefixError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// The IPv4 addresses of the machine itself (RFC 1122 section 3.2.1.3).
    pub const LOOPBACK_V4: Self =
        Self { address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), length: 8 };
    /// The IPv6 address of the machine itself (RFC 4291 section 2.5.3).
    pub const LOOPBACK_V6: Self = Self { address: IpAddr::V6(Ipv6Addr::LOCALHOST), length: 128 };

    /// The network of so many bits that `address` is in; the address alone, where it has no more.
    pub fn around(address: IpAddr, length: u8) -> Self {
        let length = length.min(if address.is_ipv4() { 32 } else { 128 });
        Self { address: masked(address, length), length }
    }

    /// How many bits its addresses share.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether `address` lies in this network. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        masked(address.to_canonical(), self.length) == self.address
    }
}

/// `address` with all bits after the first `length` cleared.
fn masked(address: IpAddr, length: u8) -> IpAddr {
    let length = u32::from(length);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

/// Reads `address/length`, or an address alone for that one address.
impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.parse().map_err(|_| PrefixError::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => most,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|length| *length <= most)
                .ok_or(PrefixError::Length(most))?,
        };
        let prefix = Self { address: masked(address, length), length };
        if prefix.address == address { Ok(prefix) } else { Err(PrefixError::HostBits(prefix)) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_refuses() {
        let read = |text: &str| text.parse::<Prefix>();
        assert_eq!(read("127.0.0.0/8"), Ok(Prefix::LOOPBACK_V4));
        assert_eq!(read("::1"), Ok(Prefix::LOOPBACK_V6));
        assert_eq!(read("example/8"), Err(PrefixError::Address));
        assert_eq!(read("10.0.0.0/33"), Err(PrefixError::Length(32)));
        let error = read("10.0.0.1/8").unwrap_err().to_string();
        assert_eq!(error, "bits are set after the prefix, did you mean `10.0.0.0/8`?");
    }

    #[test]
    fn families_do_not_mix_but_mapped_addresses_are_ipv4() {
        let all_v4: Prefix = "0.0.0.0/0".parse().unwrap();
        assert!(!all_v4.contains("::1".parse().unwrap()));
        assert!(all_v4.contains("::ffff:192.0.2.1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn text_round_trips_and_holds_its_own(bits: u128, v4: bool, length in 0_u8..=128) {
            #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
            let address = if v4 {
                IpAddr::V4(Ipv4Addr::from_bits(bits as u32))
            } else {
                IpAddr::V6(Ipv6Addr::from_bits(bits | 1 << 127))
            };
            let length = if v4 { length % 33 } else { length };
            let prefix = Prefix { address: masked(address, length), length };
            prop_assert_eq!(prefix.to_string().parse(), Ok(prefix));
            prop_assert!(prefix.contains(address));
        }
    }
}
