//! What is known of the root of the public tree: that of IANA.

use std::net::IpAddr;

use crate::dnssec::anchor;
use crate::wire::Name;
use crate::wire::rdata::Ds;

use super::hints;

/// The addresses of its servers.
pub(super) fn servers() -> Vec<IpAddr> {
    hints::read("root.hints", include_bytes!("root.hints"), &Name::root())
        .expect("the built-in hints are right")
}

/// The digests of its keys.
pub(super) fn anchors() -> Vec<Ds> {
    anchor::read(include_str!("root.anchors"), &Name::root())
        .expect("the built-in anchors are right")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_has_thirteen_servers_and_two_keys() {
        let servers = servers();
        assert_eq!(servers.iter().filter(|server| server.is_ipv4()).count(), 13);
        assert_eq!(servers.iter().filter(|server| server.is_ipv6()).count(), 13);
        let tags: Vec<u16> = anchors().iter().map(|ds| ds.key_tag).collect();
        assert_eq!(tags, [20326, 38696]);
    }

    /// What Debian ships was collected by others.
    #[test]
    fn others_know_the_same() {
        let read = |file: &str| std::fs::read(format!("/usr/share/dns/{file}")).unwrap();
        let others = hints::read("root.hints", &read("root.hints"), &Name::root()).unwrap();
        assert_eq!(servers(), others);
        let others = String::from_utf8(read("root.ds")).unwrap();
        assert_eq!(anchors(), anchor::read(&others, &Name::root()).unwrap());
    }
}
