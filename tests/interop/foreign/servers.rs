//! The servers of the tree: ours, NSD, Knot and BIND.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

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
}

impl Server {
    pub(super) const ALL: [Self; 4] = [Self::Ours, Self::Nsd, Self::Knot, Self::Bind];

    /// Where it listens, on port 53.
    pub(crate) fn address(self) -> &'static str {
        match self {
            Self::Ours => "127.53.9.1",
            Self::Nsd => "127.53.9.2",
            Self::Knot => "127.53.9.3",
            Self::Bind => "127.53.9.4",
        }
    }

    /// A zone of its own that has its address.
    pub(super) fn home(self) -> &'static str {
        match self {
            Self::Ours => "own.example.",
            Self::Nsd => "nsec.example.",
            Self::Knot => "nsec3.example.",
            Self::Bind => "optout.example.",
        }
    }

    /// Serves those of `zones` that are its own.
    pub(super) fn start(self, folder: &Path, zones: &[Built]) -> Background {
        let own: Vec<&Built> = zones.iter().filter(|zone| zone.server == self).collect();
        let (name, text) = match self {
            Self::Ours => ("ours.toml", ours(&own)),
            Self::Nsd => ("nsd.conf", nsd(folder, &own)),
            Self::Knot => ("knot.conf", knot(folder, &own)),
            Self::Bind => ("named.conf", bind(folder, &own)),
        };
        let file = folder.join(name);
        std::fs::write(&file, text).expect("the folder is writable");
        let (program, options, ready): (_, &[&str], _) = match self {
            Self::Ours => return serve(&file),
            Self::Nsd => ("nsd", &["-d", "-c"], "nsd started"),
            Self::Knot => ("knotd", &["-c"], "server started"),
            Self::Bind => {
                // It listens only at addresses that an interface has by name.
                output("ip", &["address", "add", &format!("{}/8", self.address()), "dev", "lo"]);
                ("named", &["-g", "-c"], "all zones loaded")
            }
        };
        Background::start(Command::new(program).args(options).arg(file), ready)
    }
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
  listen: {address}@53
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
        address = Server::Knot.address(),
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
  listen-on port 53 {{ {address}; }};
  listen-on-v6 {{ none; }};
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
