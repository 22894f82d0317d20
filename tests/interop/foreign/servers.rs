//! The servers of the tree: ours, NSD, Knot, BIND and PowerDNS.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::powerdns::PowerDns;
use super::signing::Signing;
use super::tree::Built;
use crate::interop::process::{Background, output, serve};

/// Whose program serves a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Ours,
    Nsd,
    Knot,
    Bind,
    PowerDns,
}

impl Server {
    pub(super) const ALL: [Self; 5] =
        [Self::Ours, Self::Nsd, Self::Knot, Self::Bind, Self::PowerDns];

    /// Where it listens, on port 53: some have IPv4, some IPv6, some both.
    pub(super) fn addresses(self) -> &'static [&'static str] {
        match self {
            Self::Ours => &["127.53.9.1"],
            Self::Nsd => &["127.53.9.2"],
            Self::Knot => &["127.53.9.3", "fd53::9:3"],
            Self::Bind => &["fd53::9:4"],
            Self::PowerDns => &["127.53.9.5", "fd53::9:5"],
        }
    }

    /// Where it is asked by who asks one address.
    pub(crate) fn address(self) -> &'static str {
        self.addresses()[0]
    }

    /// Its addresses as records of `host`.
    pub(super) fn records(self, host: &str) -> String {
        let record = |address: &&str| {
            let rtype = if is_v6(address) { "AAAA" } else { "A" };
            format!("{host} {rtype} {address}\n")
        };
        self.addresses().iter().map(record).collect()
    }

    /// A zone of its own that has its address.
    pub(super) fn home(self) -> &'static str {
        match self {
            Self::Ours => "own.example.",
            Self::Nsd => "nsec.example.",
            Self::Knot => "nsec3.example.",
            Self::Bind => "optout.example.",
            Self::PowerDns => "white.example.",
        }
    }

    /// Serves those of `zones` that are its own.
    pub(super) fn start(self, folder: &Path, zones: &[Built]) -> Background {
        let own: Vec<&Built> = zones.iter().filter(|zone| zone.server == self).collect();
        let write = |name: &str, text: String| {
            let file = folder.join(name);
            std::fs::write(&file, text).expect("the folder is writable");
            file
        };
        for address in self.addresses().iter().filter(|address| is_v6(address)) {
            output("ip", &["address", "add", &format!("{address}/128"), "dev", "lo", "nodad"]);
        }
        let (program, options, file, ready): (_, &[&str], _, _) = match self {
            Self::Ours => return serve(&write("ours.toml", ours(&own))),
            Self::Nsd => {
                ("nsd", &["-d", "-c"], write("nsd.conf", nsd(folder, &own)), "nsd started")
            }
            Self::Knot => {
                ("knotd", &["-c"], write("knot.conf", knot(folder, &own)), "server started")
            }
            Self::Bind => (
                "named",
                &["-g", "-c"],
                write("named.conf", bind(folder, &own)),
                "all zones loaded",
            ),
            Self::PowerDns => return PowerDns::of(folder).start(&own),
        };
        Background::start(Command::new(program).args(options).arg(file), ready)
    }
}

fn is_v6(address: &str) -> bool {
    address.contains(':')
}

fn ours(zones: &[&Built]) -> String {
    let mut text = format!("[authority]\nlisten = [\"{}\"]\n", Server::Ours.address());
    for Built { apex, file, keys, signing, .. } in zones {
        let file = file.display();
        write!(text, "[[authority.zone]]\nname = \"{apex}\"\nfile = \"{file}\"\n").expect("memory");
        if *signing == Signing::Ours {
            writeln!(text, "key_dir = \"{}\"", keys.display()).expect("memory");
        }
    }
    text
}

fn nsd(folder: &Path, zones: &[&Built]) -> String {
    let mut text = format!(
        r#"server:
  ip-address: {address}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  xfrdfile: ""
  zonelistfile: "{folder}/nsd.zones"
  verbosity: 1
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"#,
        address = Server::Nsd.address(),
        folder = folder.display(),
    );
    for Built { apex, file, .. } in zones {
        write!(text, "zone:\n  name: \"{apex}\"\n  zonefile: \"{}\"\n", file.display())
            .expect("memory");
    }
    text
}

fn knot(folder: &Path, zones: &[&Built]) -> String {
    let mut text = format!(
        r#"server:
  rundir: "{folder}"
  listen: [ {addresses} ]
log:
  - target: stderr
    any: info
database:
  storage: "{folder}"
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
zone:
"#,
        addresses = Server::Knot.addresses().join(", "),
        folder = folder.display(),
    );
    for Built { apex, file, .. } in zones {
        writeln!(text, "  - domain: {apex}\n    file: \"{}\"", file.display()).expect("memory");
    }
    text
}

fn bind(folder: &Path, zones: &[&Built]) -> String {
    let mut text = format!(
        r#"options {{
  directory "{folder}";
  listen-on {{ none; }};
  listen-on-v6 port 53 {{ {address}; }};
  recursion no;
  pid-file none;
  session-keyfile none;
  dnssec-validation no;
  notify no;
}};
controls {{ }};
"#,
        address = Server::Bind.address(),
        folder = folder.display(),
    );
    for Built { apex, file, .. } in zones {
        writeln!(text, "zone \"{apex}\" {{ type primary; file \"{}\"; }};", file.display())
            .expect("memory");
    }
    text
}
