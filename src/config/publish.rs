//! `[publish]`: statements taken over HTTPS.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::allowance::Bound;
use crate::clock::Timestamp;
use crate::dnssec::Algorithms;
use crate::services::publish;
use crate::trust::Anchors;
use crate::wire::{Name, Prefix};

use super::document::Table;
use super::mistake::{Located, Mistakes};
use super::root::{Holder, Root};
use super::root_list::{Expired, RootList};
use super::values::{self, DNS_PORT};
use super::web::Web;
use super::{Authority, Config, bounds, verifier};

/// What `resolver` is where it is not given: one on this machine.
const RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DNS_PORT);

/// The most that a client may send each second.
const MAX_RATE: u64 = 10_000;

/// `[publish]`: where statements are taken, and whose word counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Where to answer.
    pub web: Web,
    /// The resolver asked for certificates and services. It is not trusted.
    pub resolver: SocketAddr,
    /// The trees that statements are taken for, each apex once, those of the root list among them.
    pub roots: Vec<Root>,
    /// The root list that is followed.
    pub root_list: Option<RootList>,
    /// The root verification servers that are accepted, one at least.
    pub verifiers: Located<Anchors>,
    /// What clients may send.
    pub bounds: publish::Bounds,
    /// What is done with statements that lie below a delegation.
    pub below: Below,
    /// The authorities that servers are checked by which statements are passed on to, and mirrors of root
    /// lists, in place of the system's.
    pub ca_file: Option<Located<PathBuf>>,
    /// The directory of the root lists that are served beside, if any are.
    pub root_lists: Option<Located<PathBuf>>,
}

/// What is done with statements that lie below a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Below {
    /// Whoever sent it is told where to send it.
    Refer,
    /// It is passed on.
    Forward {
        /// Networks that it may go to besides the addresses of the internet.
        allowed: Vec<Prefix>,
    },
}

impl Publish {
    pub(super) fn read(table: Table<'_>, base: &Path) -> Self {
        let verifiers = verifier::read_all(&table, "verifier");
        if verifiers.is_empty() {
            table.mistake("no [[publish.verifier]] is given, one is needed at least");
        }
        let ca_file = values::authorities(&table, base);
        let (roots, root_list) =
            Root::read_all_or_list(&table, base, Holder::Publisher, ca_file.clone());
        let publish = Self {
            web: Web::read(&table, base),
            resolver: table
                .value("resolver")
                .and_then(|value| values::socket_address(&value, DNS_PORT))
                .map_or(RESOLVER, |address| address.value),
            roots,
            root_list,
            verifiers: table.locate(verifiers),
            bounds: bounds(&table),
            below: Below::read(&table),
            ca_file,
            root_lists: table.value("root_lists").and_then(|value| values::path(&value, base)),
        };
        publish.check_authorities(&table);
        table.finish();
        publish
    }

    /// Notes authorities that nobody is checked by.
    fn check_authorities(&self, table: &Table<'_>) {
        let Some(file) = &self.ca_file else { return };
        let has_mirrors = self.root_list.as_ref().is_some_and(|list| !list.mirrors.is_empty());
        if self.below == Below::Refer && !has_mirrors {
            let message = "`ca_file` is for `below = \"forward\"` and `root_list_urls`";
            table.mistake_at(file.position, message);
        }
    }

    /// Adds the trees of the root list; where that has expired, nothing is taken for them.
    pub(super) fn add_listed(
        &mut self,
        authority: Option<&Authority>,
        mistakes: &Mistakes<'_>,
        now: Timestamp,
        expired: Expired,
    ) {
        let Some(list) = &mut self.root_list else { return };
        let own: Vec<Name> = self.roots.iter().map(|root| root.apex.value.clone()).collect();
        self.roots.extend(list.load(&own, Algorithms::default(), mistakes, now, expired));
        let is_here = |root: &Root| authority.is_some_and(|part| part.is_in(&root.apex.value));
        if !self.roots.iter().any(is_here) && list.held.is_some() {
            let message = "no zone of [authority] is in a tree of the list";
            mistakes.add_at(list.file.position, message.to_owned());
        }
    }

    /// Notes what does not go together with the other sections.
    pub(super) fn check(&self, config: &Config, top: &Table<'_>) {
        let Some(authority) = config.authority.as_ref().filter(|part| part.store.is_some()) else {
            let message = "[publish] needs a place to keep statements: `store` in [authority]";
            return top.mistake_at(self.verifiers.position, message);
        };
        for root in &self.roots {
            let apex = &root.apex.value;
            if !authority.is_in(apex) {
                let message = format!("no zone of [authority] is in the tree {apex}");
                top.mistake_at(root.apex.position, message);
            }
        }
    }
}

fn bounds(table: &Table<'_>) -> publish::Bounds {
    let mut bounds = publish::Bounds::default();
    bounds::read(table, publish::Bound::ALL, MAX_RATE, &mut bounds);
    bounds
}

impl Below {
    fn read(table: &Table<'_>) -> Self {
        const CHOICES: [(&str, bool); 2] = [("refer", false), ("forward", true)];
        let forwards = table.value("below").and_then(|value| value.choice(&CHOICES));
        let allowed = values::items(table, "forward_to", "a network");
        if forwards == Some(true) {
            return Self::Forward { allowed };
        }
        if !allowed.is_empty() {
            table.mistake("`forward_to` is for `below = \"forward\"`");
        }
        Self::Refer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allowance::Rate;

    const AUTHORITY: &str = "[authority]\nlisten = [\"127.0.0.1\"]\nstore = \"s\"\n\
                             [[authority.zone]]\nname = \"a.\"\nfile = \"a\"\n";
    const ROOT: &str = "[[publish.root]]\napex = \"a.\"\n\
        anchors = [\"a. DS 1 15 2 0707070707070707070707070707070707070707070707070707070707070707\"]\n";
    const VERIFIER: &str = "[[publish.verifier]]\nname = \"v\"\nkey_id = \"0\"\n\
                            key = \"MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM\"\n";

    fn read(publish: &str) -> Result<Publish, Vec<String>> {
        let text = format!("[publish]\n{publish}\n{ROOT}{VERIFIER}{AUTHORITY}");
        let config = Config::parse(&text, "d/a.toml".as_ref());
        config.map(|config| config.publish.unwrap()).map_err(|error| {
            error.to_string().lines().map(|line| line.replace("d/a.toml:", "")).collect()
        })
    }

    fn mistakes(publish: &str) -> Vec<String> {
        read(publish).unwrap_err()
    }

    #[test]
    fn defaults_and_what_is_given() {
        let plain = read("certificate = \"c\"\nkey = \"k\"\n").unwrap();
        assert_eq!((plain.bounds, plain.below), (publish::Bounds::default(), Below::Refer));
        let given = "listen = [\"[::1]:80\", \"127.0.0.1\"]\nplain = true\nper_client = 3\n\
                     below = \"forward\"\nforward_to = [\"10.0.0.0/8\"]\nca_file = \"ca\"\n";
        let given = read(given).unwrap();
        assert_eq!(given.web.certificate, None);
        assert_eq!(given.bounds[publish::Bound::PerClient], Rate::per_second(3).bursting(60));
        let Below::Forward { allowed } = given.below else { panic!() };
        assert_eq!((allowed.len(), given.ca_file.unwrap().value), (1, PathBuf::from("d/ca")));
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        assert_eq!(
            mistakes(""),
            ["1:1: `certificate` is missing in [publish]", "1:1: `key` is missing in [publish]"]
        );
        let tls = "certificate = \"c\"\nkey = \"k\"\n";
        assert_eq!(
            mistakes(&format!("{tls}ca_file = \"c\"\nper_client = 0\nbelow = \"x\"")),
            [
                "4:11: `ca_file` is for `below = \"forward\"` and `root_list_urls`",
                "5:14: `per_client` is a number from 1 to 10000",
                "6:9: `below` is one of `refer`, `forward`",
            ]
        );
        let others = "listen = [\"127.0.0.1:53\"]\nforward_to = [\"10.0.0.0/8\"]\n";
        assert_eq!(
            mistakes(&format!("{tls}{others}")),
            [
                "1:1: `forward_to` is for `below = \"forward\"`",
                "4:11: [authority] listens on 127.0.0.1:53 already",
            ]
        );
    }

    #[test]
    fn it_needs_a_store_a_tree_and_somebody_to_accept() {
        let told = |text: String| {
            let error = Config::parse(&text, "a".as_ref()).unwrap_err().to_string();
            error.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let publish = "[publish]\nplain = true\nlisten = [\"127.0.0.1\"]\n";
        let store = AUTHORITY.replace("store", "#");
        let needs = "a:1:1: [publish] needs a place to keep statements: `store` in [authority]";
        assert_eq!(told(format!("{publish}{ROOT}{VERIFIER}{store}")), [needs]);
        assert_eq!(told(format!("{publish}{ROOT}{VERIFIER}")), [needs]);
        let other = AUTHORITY.replace("\"a.\"", "\"b.\"");
        let expected = "a:5:8: no zone of [authority] is in the tree a.";
        assert_eq!(told(format!("{publish}{ROOT}{VERIFIER}{other}")), [expected]);
        let expected = "a:1:1: no [[publish.verifier]] is given, one is needed at least";
        assert_eq!(told(format!("{publish}{ROOT}{AUTHORITY}")), [expected]);
        let expected = "a:1:1: no [[publish.root]] is given, one is needed at least";
        assert_eq!(told(format!("{publish}{VERIFIER}{AUTHORITY}")), [expected]);
    }
}
