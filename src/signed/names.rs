//! Names of servers and of their keys.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::SignedError;
use crate::wire::MAX_LABEL;

/// The longest server name and key id, in octets: their length stands in one octet.
const MAX_LENGTH: usize = 255;

/// The name of a server (Matrix specification, appendix on server names): a host name or IP
/// address, and maybe a port. Kept as it stands, since it is signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(Box<str>);

/// Where a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// At a name of the DNS.
    Dns(&'a str),
    /// At an address.
    Ip(IpAddr),
}

impl ServerName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its port.
    pub fn host(&self) -> Host<'_> {
        host(self.parts().0).expect("the name had a host when it was read")
    }

    /// The port, where the name has one.
    pub fn port(&self) -> Option<u16> {
        self.parts().1.map(|port| port.parse().expect("the port was a number when it was read"))
    }

    fn parts(&self) -> (&str, Option<&str>) {
        split_port(&self.0)
    }
}

/// Splits at the colon before a port: one that follows the bracket of an IPv6 address, if any.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn host(text: &str) -> Option<Host<'_>> {
    if let Some(inside) = text.strip_prefix('[') {
        let address: Ipv6Addr = inside.strip_suffix(']')?.parse().ok()?;
        return Some(Host::Ip(address.into()));
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Some(Host::Ip(address.into()));
    }
    text.split('.').all(is_host_label).then_some(Host::Dns(text))
}

fn is_host_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

impl FromStr for ServerName {
    type Err = SignedError;

    fn from_str(text: &str) -> Result<Self, SignedError> {
        let (name, port) = split_port(text);
        let port_is_fine = port
            .is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number.to_string() == port));
        if text.len() > MAX_LENGTH || !port_is_fine || host(name).is_none() {
            return Err(SignedError::ServerName(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a server's Ed25519 key, written with the algorithm before it: `ed25519:1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    const PREFIX: &'static str = "ed25519:";

    /// The id whose text after `ed25519:` is `version`.
    ///
    /// # Errors
    /// [`SignedError::KeyId`] unless it is 1 to 255 printable ASCII characters.
    pub fn from_version(version: &str) -> Result<Self, SignedError> {
        let fits = (1..=MAX_LENGTH).contains(&version.len());
        if fits && version.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Ok(Self(version.into()));
        }
        Err(SignedError::KeyId(format!("{}{version}", Self::PREFIX)))
    }

    /// The id as people write it, with or without `ed25519:` in front.
    ///
    /// # Errors
    /// [`SignedError::KeyId`] where it is of another algorithm, or none.
    pub fn from_short(text: &str) -> Result<Self, SignedError> {
        if text.contains(':') { text.parse() } else { Self::from_version(text) }
    }

    /// The id without `ed25519:`.
    pub fn version(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = SignedError;

    fn from_str(text: &str) -> Result<Self, SignedError> {
        match text.strip_prefix(Self::PREFIX) {
            Some(version) => Self::from_version(version),
            None => Err(SignedError::KeyId(text.to_owned())),
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.0)
    }
}

/// Which key: a server and the id of one of its keys. Ids alone are not unique. Sorts by server,
/// then by id, in the order of their octets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName {
    /// The server.
    pub server: ServerName,
    /// The id among its keys.
    pub id: KeyId,
}

impl KeyName {
    /// The key `id` of `server`.
    pub fn new(server: ServerName, id: KeyId) -> Self {
        Self { server, id }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.server, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Result<ServerName, SignedError> {
        text.parse()
    }

    #[test]
    fn server_names() {
        let plain = name("Verify.example").unwrap();
        assert_eq!((plain.host(), plain.port()), (Host::Dns("Verify.example"), None));
        let with_port = name("shop.example:8448").unwrap();
        assert_eq!((with_port.host(), with_port.port()), (Host::Dns("shop.example"), Some(8448)));
        let four = name("127.0.0.1:1").unwrap();
        assert_eq!((four.host(), four.port()), (Host::Ip([127, 0, 0, 1].into()), Some(1)));
        let six = name("[::1]").unwrap();
        assert_eq!((six.host(), six.port()), (Host::Ip(Ipv6Addr::LOCALHOST.into()), None));
        assert_eq!(name("[::1]:80").unwrap().port(), Some(80));
    }

    #[test]
    fn what_is_no_server_name() {
        for bad in [
            "",
            ":80",
            "a b",
            "a_b",
            "a..b",
            "a.",
            "é",
            "a:",
            "a:x",
            "a:080",
            "a:+80",
            "a:65536",
            "::1",
            "[::1",
            "[1.2.3.4]",
            "a:1:2",
            "[::1]:",
            "[::1]x",
        ] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert!(name(&vec!["a".repeat(63); 4].join(".")).is_ok());
        assert!(name(&format!("{}:1", vec!["a".repeat(63); 4].join("."))).is_err());
        assert!(name(&"a".repeat(64)).is_err());
    }

    #[test]
    fn key_ids() {
        assert_eq!("ed25519:a_1".parse::<KeyId>().unwrap().version(), "a_1");
        for bad in ["ed25519:", "ed25519", "a_1", "curve25519:a", "ed25519:a b", "ed25519:é"] {
            assert_eq!(bad.parse::<KeyId>(), Err(SignedError::KeyId(bad.to_owned())));
        }
        assert!(KeyId::from_version(&"a".repeat(256)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_refused(text in r"[\[\]a-z0-9:.-]{0,20}") {
            if let Ok(name) = text.parse::<ServerName>() {
                let _ = (name.host(), name.port());
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
