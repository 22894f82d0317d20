//! Where something is on the Web: the few forms of URL that are of use here.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// The longest URL read, in octets: what RFC 9110 section 4.1 recommends to support at least is 8000;
/// ours are a hundred.
const LONGEST: usize = 2048;
/// The longest host (RFC 1035 section 2.3.4), in text.
const LONGEST_HOST: usize = 253;

/// Text that is no URL of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UrlError {
    /// It is too long.
    #[error("a URL has at most {LONGEST} octets")]
    Length,
    /// It does not start with one of the two schemes.
    #[error("a URL starts with `https://`, or `http://` on loopback")]
    Scheme,
    /// A user, or a password.
    #[error("a URL has no user or password here")]
    User,
    /// Where the host should be there is none.
    #[error("after `://` comes a host name, an IPv4 address or an IPv6 address in brackets")]
    Host,
    /// What follows the host's colon is no port.
    #[error("a port is a number from 1 to 65535")]
    Port,
    /// A character that has to be written as `%` and two digits, or a fragment.
    #[error("the path has a character that is not for URLs, or a `#`")]
    Character,
}

/// A host, as a URL names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name of the DNS, in lower case and without a dot at its end.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// An absolute URL of HTTP: scheme, host, port, path and query, without user and fragment.
///
/// ```
/// use threepid::codec::Url;
/// let url: Url = "https://Root.example/publish?root=3pid.example.".parse()?;
/// assert_eq!((url.port(), url.path()), (443, "/publish"));
/// assert_eq!(url.to_string(), "https://root.example/publish?root=3pid.example.");
/// # Ok::<(), threepid::codec::UrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Url {
    secure: bool,
    host: Host,
    port: u16,
    /// Path and query, from the `/`.
    target: String,
}

impl Url {
    /// `https://host:port` with `target`, which is path and query.
    ///
    /// # Errors
    /// Where host or target are none.
    pub fn https(host: &str, port: u16, target: &str) -> Result<Self, UrlError> {
        format!("https://{host}:{port}{target}").parse()
    }

    /// Another place on the same server, at `target`, which is path and query.
    ///
    /// # Errors
    /// Where it is none.
    pub fn with_target(&self, target: &str) -> Result<Self, UrlError> {
        Ok(Self { target: read_target(target)?, ..self.clone() })
    }

    /// Whether it is HTTPS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whose server it is on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, where none is written that of the scheme.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query after the `?`.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Path and query, as a request names them.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Host and port, as the head of a request names them: the port where it is not the scheme's.
    pub fn authority(&self) -> String {
        let host = &self.host;
        match self.port == default_port(self.secure) {
            true => host.to_string(),
            false => format!("{host}:{}", self.port),
        }
    }

    /// Whether it can be meant for this machine alone: an address of loopback, or `localhost`
    /// (RFC 6761 section 6.3).
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Address(address) => address.to_canonical().is_loopback(),
            Host::Name(name) => name == "localhost",
        }
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.len() > LONGEST {
            return Err(UrlError::Length);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(UrlError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = read_authority(authority)?;
        let port = port.unwrap_or(default_port(secure));
        Ok(Self { secure, host, port, target: read_target(target)? })
    }
}

fn read_authority(authority: &str) -> Result<(Host, Option<u16>), UrlError> {
    if authority.contains('@') {
        return Err(UrlError::User);
    }
    let end = match authority.starts_with('[') {
        true => authority.find(']').ok_or(UrlError::Host)? + 1,
        false => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return Err(UrlError::Host),
        Some(digits) => Some(read_port(digits)?),
    };
    Ok((read_host(host)?, port))
}

fn read_port(digits: &str) -> Result<u16, UrlError> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    let port = digits.parse().ok().filter(|port| *port != 0 && is_number);
    port.ok_or(UrlError::Port)
}

fn read_host(host: &str) -> Result<Host, UrlError> {
    if let Some(inside) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = inside.parse().map_err(|_| UrlError::Host)?;
        return Ok(Host::Address(address.into()));
    }
    if let Ok(address) = host.parse() {
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_octet = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_octet);
    // What ends in a number is an address that is none.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|octet| octet.is_ascii_digit());
    match name.len() <= LONGEST_HOST && !is_number && name.split('.').all(is_label) {
        true => Ok(Host::Name(name)),
        false => Err(UrlError::Host),
    }
}

fn read_target(target: &str) -> Result<String, UrlError> {
    let is_fit = |octet: u8| octet.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&octet);
    if !target.bytes().all(is_fit) {
        return Err(UrlError::Character);
    }
    let slash = if target.starts_with('/') { "" } else { "/" };
    Ok(format!("{slash}{target}"))
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<String, UrlError> {
        text.parse().map(|url: Url| url.to_string())
    }

    #[test]
    fn urls_have_one_text() {
        for (text, same) in [
            ("https://a.example", "https://a.example/"),
            ("HTTPS://A.Example.:443?b", "https://a.example/?b"),
            ("http://127.0.0.1:8080/x?y=z&w", "http://127.0.0.1:8080/x?y=z&w"),
            ("https://[2001:DB8::1]:8448/%20", "https://[2001:db8::1]:8448/%20"),
        ] {
            assert_eq!(read(text), Ok(same.to_owned()), "{text}");
        }
        let url: Url = "http://[::1]:80/a?b".parse().unwrap();
        assert!(url.is_loopback() && !url.is_secure());
        assert_eq!((url.path(), url.query(), url.authority().as_str()), ("/a", Some("b"), "[::1]"));
        let other = url.with_target("/c").map(|url| url.to_string());
        assert_eq!(other.as_deref(), Ok("http://[::1]/c"));
        assert_eq!(url.with_target("/#"), Err(UrlError::Character));
    }

    #[test]
    fn what_is_none_is_refused() {
        for (text, error) in [
            ("a.example/x", UrlError::Scheme),
            ("ftp://a.example/", UrlError::Scheme),
            ("https://user@a.example/", UrlError::User),
            ("https://", UrlError::Host),
            ("https:///x", UrlError::Host),
            ("https://a..b/", UrlError::Host),
            ("https://[::1/", UrlError::Host),
            ("https://[::1]x/", UrlError::Host),
            ("https://127.0.0.300/", UrlError::Host),
            ("https://2130706433/", UrlError::Host),
            ("https://a b/", UrlError::Host),
            ("https://a:/", UrlError::Port),
            ("https://a:0/", UrlError::Port),
            ("https://a:+1/", UrlError::Port),
            ("https://a:65536/", UrlError::Port),
            ("https://a/#b", UrlError::Character),
            ("https://a/\r\n", UrlError::Character),
            ("https://a/é", UrlError::Character),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        assert_eq!(read(&format!("https://a/{}", "b".repeat(LONGEST))), Err(UrlError::Length));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_again_the_same(text in "https?://[a-z0-9.:\\[\\]@-]{0,20}[/?#]?\\PC{0,9}") {
            if let Ok(url) = text.parse::<Url>() {
                prop_assert_eq!(url.to_string().parse(), Ok(url));
            }
        }
    }
}
