//! Where statements are published.

use std::fmt;
use std::str::FromStr;

use crate::signed::{Host, ServerName};

/// What is accepted, in words.
pub(super) const EXPECTED: &str =
    "https:// and a server name, maybe with a port, without a path (http:// for loopback alone)";

/// The server that statements are published at: `https://publish.example:8448`. The path there never
/// varies, so that none is here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublishUrl {
    /// Whether it is spoken to over TLS: always, but on loopback.
    pub secure: bool,
    /// The server.
    pub server: ServerName,
}

/// Text that is no [`PublishUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad URL {0:?}: expected {EXPECTED}")]
pub struct BadPublishUrl(String);

impl FromStr for PublishUrl {
    type Err = BadPublishUrl;

    fn from_str(text: &str) -> Result<Self, BadPublishUrl> {
        let server = |name: &str| name.parse::<ServerName>().ok();
        let secure = text.strip_prefix("https://").and_then(server);
        let plain = || text.strip_prefix("http://").and_then(server).filter(is_loopback);
        match (secure, plain()) {
            (Some(server), _) => Ok(Self { secure: true, server }),
            (None, Some(server)) => Ok(Self { secure: false, server }),
            (None, None) => Err(BadPublishUrl(text.to_owned())),
        }
    }
}

fn is_loopback(server: &ServerName) -> bool {
    matches!(server.host(), Host::Ip(address) if address.is_loopback())
}

impl fmt::Display for PublishUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.server)
    }
}
