//! `root_list` and `root_list_urls` in `[client]`, `[resolver]` and `[publish]`: trees that a signed list names.

use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::codec::Url;
use crate::dnssec::{Algorithms, SupportedDs};
use crate::stub::roots::RootListFile;
use crate::trust::root_list;
use crate::wire::Name;

use super::document::{Table, Value};
use super::mistake::{Located, Mistakes};
use super::root::Root;
use super::values;

/// What a list that has expired is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expired {
    /// A mistake.
    Refused,
    /// A list all the same, for who waits for a newer one.
    Held,
}

/// A root list that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootList {
    /// The file with the list that is held; newer ones take its place.
    pub file: Located<PathBuf>,
    /// Where newer lists are asked for. Where there is none, they are put into the file by hand.
    pub mirrors: Vec<Url>,
    /// The authorities that mirrors are checked by, in place of the system's.
    pub ca_file: Option<Located<PathBuf>>,
    /// The list that is held, where it was read with the configuration.
    pub held: Option<root_list::RootList>,
    /// The trees that are taken from it: those that no table names.
    pub taken: Vec<Name>,
}

impl RootList {
    /// Whether the tree with this apex is taken from it.
    pub fn has(&self, apex: &Name) -> bool {
        self.taken.contains(apex)
    }

    /// Those of its trees in which nothing may be believed, as it has expired.
    pub fn suspended(&self, now: Timestamp) -> &[Name] {
        match &self.held {
            Some(held) if held.in_date(now).is_err() => &self.taken,
            _ => &[],
        }
    }

    /// Reads where the list is, whose mirrors are checked by these authorities. The list itself is read by
    /// [`RootList::load`].
    pub(super) fn read(
        table: &Table<'_>,
        base: &Path,
        ca_file: Option<Located<PathBuf>>,
    ) -> Option<Self> {
        let (file, urls) = (table.value("root_list"), table.value("root_list_urls"));
        if let (None, Some(urls)) = (&file, &urls) {
            urls.mistake("`root_list_urls` needs `root_list`, the file that the list is held in");
        }
        let mirrors = urls.map_or_else(Vec::new, |urls| urls.list());
        let mirrors = mirrors.iter().filter_map(mirror).collect();
        let file = values::path(&file?, base)?;
        Some(Self { file, mirrors, ca_file, held: None, taken: Vec::new() })
    }

    /// Reads the list, to be used at `now`, and gives the trees in it that are not among `own`, which
    /// were configured by hand and go first.
    pub(super) fn load(
        &mut self,
        own: &[Name],
        algorithms: Algorithms,
        mistakes: &Mistakes<'_>,
        now: Timestamp,
        expired: Expired,
    ) -> Vec<Root> {
        let (position, file) = (self.file.position, RootListFile::new(&self.file.value));
        let held = match expired {
            Expired::Refused => file.load_current(now),
            Expired::Held => file.load(),
        };
        let held = match held {
            Ok(held) => self.held.insert(held),
            Err(error) => {
                mistakes.add_at(position, error.to_string());
                return Vec::new();
            }
        };
        let listed = held.terms().roots.iter().filter(|root| !own.contains(&root.apex));
        let mut roots = Vec::new();
        for listed in listed {
            let (apex, anchors) = (listed.apex.clone(), listed.ds.clone());
            if let Err(error) = SupportedDs::select(&anchors, algorithms) {
                mistakes.add_at(position, format!("{apex} in the list cannot be proved: {error}"));
            }
            self.taken.push(apex.clone());
            let apex = Located { value: apex, position };
            let (servers, publish) = (listed.servers.clone(), Some(listed.publish.clone()));
            roots.push(Root { apex, servers, anchors, publish });
        }
        roots
    }
}

/// A server that lists can be fetched from.
fn mirror(item: &Value<'_>) -> Option<Url> {
    let url: Url = item.parse("the URL of a server")?;
    if url.target() != "/" {
        item.mistake("a server alone expected, as `https://lists.example`: the path never varies");
    }
    if !url.is_secure() && !url.is_loopback() {
        item.mistake("`https://` expected: plain HTTP is for loopback alone");
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};
    use crate::config::{Config, ConfigCause};
    use crate::crypto::SigningKey;
    use crate::signed::{KeyName, Signatures};
    use crate::trust::root_list::Terms;
    use std::fs;
    use std::time::Duration;

    /// A list of two trees that lasts another hour.
    fn terms() -> Terms {
        let key = SigningKey::from_seed(&[1; 32]);
        let root = |apex: &str| root_list::ListedRoot {
            apex: apex.parse().unwrap(),
            servers: vec!["192.0.2.1".parse().unwrap()],
            ds: vec![crate::wire::rdata::Ds {
                key_tag: 7,
                algorithm: crate::wire::Algorithm::ED25519,
                digest_type: crate::wire::DigestType::SHA256,
                digest: vec![7; 32],
            }],
            publish: "https://publish.example/".parse().unwrap(),
        };
        Terms {
            version: 3,
            expires: SystemClock.now().saturating_add(Duration::from_secs(3600)),
            keys: [(name(), key.public())].into(),
            threshold: 1,
            roots: vec![root("a.example."), root("b.example.")],
        }
    }

    fn name() -> KeyName {
        KeyName::new("k.example".parse().unwrap(), "ed25519:1".parse().unwrap())
    }

    fn list(terms: Terms) -> root_list::RootList {
        let draft = root_list::RootList::new(terms, Signatures::default()).unwrap();
        draft.sign(name(), &SigningKey::from_seed(&[1; 32])).unwrap()
    }

    /// Reads a configuration beside this list.
    fn parse(list: &root_list::RootList, text: &str) -> Result<Config, String> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("roots.json"), list.to_octets()).unwrap();
        let config = Config::parse(text, &directory.path().join("a.toml"));
        let told = config.map_err(|error| error.to_string());
        told.map_err(|told| told.replace(directory.path().to_str().unwrap(), "."))
    }

    const BOTH: &str = "[client]\nroot_list = \"roots.json\"\n\
                        root_list_urls = [\"https://lists.example\", \"http://127.0.0.1:8080\"]\n\
                        [resolver]\nroot_list = \"roots.json\"\n";

    #[test]
    fn the_trees_of_a_list_are_as_if_they_were_written() {
        let config = parse(&list(terms()), BOTH).unwrap();
        let client = config.client.unwrap();
        let apexes: Vec<String> = client.roots.iter().map(|r| r.apex.value.to_string()).collect();
        assert_eq!(apexes, ["a.example.", "b.example."]);
        assert_eq!(client.roots[0].anchors, terms().roots[0].ds);
        let mirrors: Vec<String> =
            client.root_list.unwrap().mirrors.iter().map(ToString::to_string).collect();
        assert_eq!(mirrors, ["https://lists.example/", "http://127.0.0.1:8080/"]);
        let resolver = config.resolver.unwrap();
        assert_eq!(resolver.policy.roots.len(), 2);
        assert_eq!(resolver.policy.roots[1].servers, terms().roots[1].servers);
        assert_eq!(resolver.root_list.unwrap().held.unwrap().version(), 3);
    }

    #[test]
    fn who_takes_statements_has_a_zone_in_a_tree_of_the_list() {
        let of = |zone: &str| {
            let text = format!(
                "[publish]\nplain = true\nlisten = [\"127.0.0.1\"]\nroot_list = \"roots.json\"\n\
                 [[publish.verifier]]\nname = \"v\"\nkey_id = \"0\"\n\
                 key = \"MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM\"\n\
                 [authority]\nlisten = [\"127.0.0.1\"]\nstore = \"s\"\n\
                 [[authority.zone]]\nname = \"{zone}\"\nfile = \"a\"\n"
            );
            parse(&list(terms()), &text).map(|config| config.publish.unwrap())
        };
        let publish = of("4.4.msisdn.b.example").unwrap();
        let anchors: Vec<_> = publish.roots.iter().map(|root| root.anchors.clone()).collect();
        assert_eq!(anchors, [terms().roots[0].ds.clone(), terms().roots[1].ds.clone()]);
        let list = publish.root_list.unwrap();
        assert!(list.suspended(SystemClock.now()).is_empty());
        let later = SystemClock.now().saturating_add(Duration::from_secs(7200));
        assert_eq!(list.suspended(later).len(), 2, "the list has expired");
        let told = of("c.example").unwrap_err();
        assert_eq!(told, "./a.toml:4:13: no zone of [authority] is in a tree of the list");
    }

    #[test]
    fn a_table_goes_before_the_list() {
        let own = format!(
            "[[resolver.root]]\napex = \"B.example\"\nservers = [\"198.51.100.1\"]\n\
             anchors = [\"b.example. DS 1 15 2 {}\"]\n",
            "00".repeat(32)
        );
        let config = parse(&list(terms()), &format!("{BOTH}{own}")).unwrap();
        let resolver = config.resolver.unwrap();
        let roots = &resolver.policy.roots;
        assert_eq!((roots.len(), roots[0].anchors[0].key_tag), (2, 1));
        assert_eq!(resolver.root_list.unwrap().taken, ["a.example.".parse().unwrap()]);
    }

    #[test]
    fn a_list_that_cannot_be_used_is_a_mistake() {
        let told = |terms: Terms| parse(&list(terms), "[client]\nroot_list = \"roots.json\"\n");
        let old = Terms { expires: Timestamp::from_secs(1_700_000_000), ..terms() };
        let expected = "./a.toml:2:13: ./roots.json: version 3 expired at 2023-11-14T22:13:20Z";
        assert_eq!(told(old).unwrap_err(), expected);
        let mut strange = terms();
        strange.roots[0].ds[0].algorithm = crate::wire::Algorithm(200);
        let expected = "./a.toml:2:13: a.example. in the list cannot be proved: no DS is for a";
        assert!(told(strange).unwrap_err().starts_with(expected));
        let missing = parse(&list(terms()), "[client]\nroot_list = \"other.json\"\n").unwrap_err();
        assert!(missing.contains("other.json: no root list is here yet"), "{missing}");
        let unsigned = root_list::RootList::new(terms(), Signatures::default()).unwrap();
        let unsigned = parse(&unsigned, BOTH).unwrap_err();
        assert!(
            unsigned.contains("not a root list: member \"signatures\" is missing"),
            "{unsigned}"
        );
    }

    #[test]
    fn as_written_the_list_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.toml");
        fs::write(&path, "[client]\nroot_list = \"roots.json\"\n").unwrap();
        let client = Config::load_as_written(&path).unwrap().client.unwrap();
        assert_eq!(client.root_list.unwrap().file.value, directory.path().join("roots.json"));
        let error = Config::load(&path).unwrap_err();
        assert!(matches!(error.cause, ConfigCause::Mistakes { .. }));
    }

    #[test]
    fn mirrors_are_servers() {
        let told = |urls: &str| {
            let text = format!("[client]\nroot_list = \"roots.json\"\nroot_list_urls = [{urls}]\n");
            parse(&list(terms()), &text).unwrap_err()
        };
        let plain = told("\"http://lists.example\"");
        assert_eq!(plain, "./a.toml:3:19: `https://` expected: plain HTTP is for loopback alone");
        assert!(told("\"https://lists.example/x\"").contains("a server alone expected"));
        assert!(told("\"lists.example\"").contains("the URL of a server expected: a URL starts"));
        let alone = parse(&list(terms()), "[client]\nroot_list_urls = []\n").unwrap_err();
        assert!(alone.contains("2:18: `root_list_urls` needs `root_list`"), "{alone}");
        assert!(alone.contains("no [[client.root]] is given"), "{alone}");
    }
}
