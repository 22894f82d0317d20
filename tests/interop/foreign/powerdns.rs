//! PowerDNS signs while it answers, from a database that `pdnsutil` fills. Keys are in there as well.

use std::path::Path;
use std::process::Command;

use super::servers::Server;
use super::signing::Signing;
use super::tree::Built;
use crate::interop::process::{Background, output};

/// How it proves absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Live {
    Nsec,
    /// NSEC3 that leaves out unsigned delegations.
    OptOut,
    /// NSEC3 made for each question, that covers next to nothing ("white lies", RFC 7129 appendix B).
    Narrow,
}

/// The program, with its configuration and database in this folder.
pub(super) struct PowerDns<'a>(&'a Path);

impl<'a> PowerDns<'a> {
    pub(super) fn of(folder: &'a Path) -> Self {
        let configuration = format!(
            "launch=lmdb\nlmdb-filename={folder}/pdns.db\nsocket-dir={folder}\nlocal-address={}\n\
             setuid=\nsetgid=\ndisable-syslog=yes\nwrite-pid=no\nsecurity-poll-suffix=\n\
             loglevel=5\ndname-processing=yes\n",
            Server::PowerDns.addresses().join(", "),
            folder = folder.display(),
        );
        std::fs::write(folder.join("pdns.conf"), configuration).expect("the folder is writable");
        Self(folder)
    }

    fn folder(&self) -> String {
        format!("--config-dir={}", self.0.display())
    }

    fn util(&self, arguments: &[&str]) -> String {
        output("pdnsutil", &[&[self.folder().as_str()], arguments].concat())
    }

    fn load(&self, apex: &str, file: &Path) {
        self.util(&["load-zone", apex, &file.display().to_string()]);
    }

    /// Lets it find out which names are empty, and which are cuts.
    fn rectify(&self, apex: &str) {
        self.util(&["rectify-zone", apex]);
    }

    /// Takes in a zone and signs it; gives the DS record for the parent, by SHA-384.
    pub(super) fn sign(&self, apex: &str, file: &Path, algorithm: &str, live: Live) -> String {
        self.load(apex, file);
        self.util(&["add-zone-key", apex, "ksk", "active", "published", algorithm]);
        match live {
            Live::Nsec => {}
            Live::OptOut => drop(self.util(&["set-nsec3", apex, "1 1 0 -"])),
            Live::Narrow => drop(self.util(&["set-nsec3", apex, "1 0 0 -", "narrow"])),
        }
        self.rectify(apex);
        let ds = self.util(&["export-zone-ds", apex]);
        let sha384 = ds.lines().find(|line| line.contains("SHA-384"));
        format!("{}\n", sha384.unwrap_or_else(|| panic!("{apex}: {ds}")))
    }

    /// Serves these zones; those that are not signed are not there yet.
    pub(super) fn start(&self, zones: &[&Built]) -> Background {
        for Built { apex, file, .. } in zones.iter().filter(|it| it.signing == Signing::Unsigned) {
            self.load(apex, file);
            self.rectify(apex);
        }
        let mut command = Command::new("pdns_server");
        Background::start(command.arg(self.folder()), "ready to distribute questions")
    }
}
