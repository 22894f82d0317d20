//! `listen`, `certificate`, `key` and `plain`: where a section answers over HTTPS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::transport::http::CertificateFiles;

use super::document::{Table, Value};
use super::mistake::Located;
use super::values;

/// The port of HTTPS (RFC 9110 section 4.2.2).
const HTTPS_PORT: u16 = 443;

/// What `listen` is where it is not given: every address of the machine.
const LISTEN: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), HTTPS_PORT),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), HTTPS_PORT),
];

/// Where a section answers over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Where to answer.
    pub listen: Vec<Located<SocketAddr>>,
    /// The certificate of the server; none where it speaks plain HTTP, on loopback.
    pub certificate: Option<Located<CertificateFiles>>,
}

impl Web {
    pub(super) fn read(table: &Table<'_>, base: &Path) -> Self {
        let listen = values::listen(table, &LISTEN);
        Self { certificate: certificate(table, base, &listen), listen }
    }
}

/// The files of the server's certificate. Without, it speaks plain HTTP, on loopback alone.
fn certificate(
    table: &Table<'_>,
    base: &Path,
    listen: &[Located<SocketAddr>],
) -> Option<Located<CertificateFiles>> {
    if values::switch(table, "plain", false) {
        let (chain, key) = (table.value("certificate"), table.value("key"));
        for given in [chain, key].into_iter().flatten() {
            given.mistake("`plain = true` stands for no TLS: leave `certificate` and `key` out");
        }
        for address in listen.iter().filter(|address| !address.value.ip().is_loopback()) {
            let message = "`plain = true` is for loopback alone: `listen` on `127.0.0.1:80` or so";
            table.mistake_at(address.position, message);
        }
        return None;
    }
    let path = |value: Value<'_>| values::path(&value, base);
    let chain = table.required("certificate").and_then(path);
    let key = table.required("key").and_then(path);
    let (chain, key) = (chain?, key?);
    Some(chain.with(CertificateFiles { chain: chain.value.clone(), key: key.value }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;
    use crate::config::mistake::Mistakes;

    fn read(text: &str) -> (Web, Vec<String>) {
        let mistakes = Mistakes::new(text);
        let entries = document::parse(text, &mistakes).unwrap();
        let table = Table::top(&entries, &mistakes);
        let web = Web::read(&table, "d".as_ref());
        table.finish();
        (web, mistakes.into_sorted().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn tls_on_every_address_unless_told() {
        let (web, mistakes) = read("certificate = \"c\"\nkey = \"k\"\n");
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(web.listen.iter().map(|at| at.value).collect::<Vec<_>>(), LISTEN);
        let files = web.certificate.unwrap().value;
        assert_eq!((files.chain, files.key), ("d/c".into(), "d/k".into()));
        let (web, mistakes) = read("plain = true\nlisten = [\"[::1]:80\", \"127.0.0.1\"]\n");
        assert_eq!(mistakes, [""; 0]);
        assert_eq!((web.listen[1].value.port(), web.certificate), (443, None));
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        assert_eq!(
            read("").1,
            ["1:1: `certificate` is missing in the file", "1:1: `key` is missing in the file"]
        );
        assert_eq!(
            read("plain = true\nkey = \"k\"\nlisten = [\"192.0.2.1\"]").1,
            [
                "2:7: `plain = true` stands for no TLS: leave `certificate` and `key` out",
                "3:11: `plain = true` is for loopback alone: `listen` on `127.0.0.1:80` or so",
            ]
        );
    }
}
