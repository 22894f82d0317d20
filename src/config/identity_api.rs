//! `[identity_api]`: the Matrix Identity Service API.

use std::path::{Path, PathBuf};

use crate::services::matrix::{Bound, Bounds, NextLinks, Policy, Terms, Text, Version1};
use crate::wire::Prefix;

use super::document::{Table, Value};
use super::mistake::{Located, Mistake};
use super::verification::MAX_PER_HOUR;
use super::web::Web;
use super::{Config, bounds, values};

/// The most requests that may be permitted in a second.
const MAX_PER_SECOND: u64 = 100_000;

/// `[identity_api]`: what Matrix clients and homeservers ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityApi {
    /// Where to answer.
    pub web: Web,
    /// How much of version 1 is answered.
    pub version1: Version1,
    /// The ways to look identifiers up that are offered.
    pub lookups: Vec<Lookup>,
    /// Where both are asked for.
    pub both_lookups: Option<Located<()>>,
    /// What users have to agree to.
    pub terms: Terms,
    /// How often clients may come, and what they may look up.
    pub bounds: Bounds,
    /// Where the links in messages may send people on to.
    pub next_links: NextLinks,
    /// Whether who follows a link in a message is asked to press a button.
    pub confirm_links: bool,
    /// Networks where homeservers are asked, besides the addresses of the internet.
    pub homeservers_in: Vec<Prefix>,
    /// The authorities that homeservers are checked by, in place of the system's.
    pub ca_file: Option<Located<PathBuf>>,
    /// Whether the log shows addresses, and not their hashes.
    pub log_addresses: bool,
}

/// A way to look identifiers up (Identity Service API, `algorithms` of `GET /v2/hash_details`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// As they are, in every tree.
    None,
    /// Hashed, among those this server is the authority for.
    Sha256,
}

/// All ways.
const ALL: [Lookup; 2] = [Lookup::None, Lookup::Sha256];

impl IdentityApi {
    pub(super) fn read(table: Table<'_>, base: &Path, has_store: bool) -> Self {
        let lookups = lookups(&table, has_store);
        let both = table.value("lookups").filter(|_| ALL.iter().all(|way| lookups.contains(way)));
        let api = Self {
            web: Web::read(&table, base),
            version1: match values::switch(&table, "v1", false) {
                true => Version1::All,
                false => Version1::Delegates,
            },
            lookups,
            both_lookups: both.map(|list| list.locate(())),
            terms: terms(&table),
            bounds: bounds(&table),
            next_links: table
                .value("next_link_hosts")
                .and_then(|list| hosts(&list))
                .unwrap_or_default(),
            confirm_links: values::switch(&table, "confirm_links", true),
            homeservers_in: values::items(&table, "homeservers_in", "a network"),
            ca_file: values::authorities(&table, base),
            log_addresses: values::switch(&table, "log_addresses", false),
        };
        table.finish();
        api
    }

    /// What an operator may not have meant: where clients may choose between both lookups, they choose hashes, and
    /// find nobody by the other.
    pub fn doubtful(&self) -> Option<Mistake> {
        let position = self.both_lookups.as_ref()?.position;
        let message = "of both lookups clients take `sha256`, which finds the people of this server alone: \
                       with `none` alone they find people anywhere in the trees";
        Some(Mistake { position, message: message.to_owned() })
    }

    /// Notes what does not go together with the other sections.
    pub(super) fn check(&self, config: &Config, top: &Table<'_>) {
        let Some(here) = self.web.listen.first().map(|address| address.position) else { return };
        if config.verification.is_none() && top.value("verification").is_none() {
            let message = "[identity_api] needs [verification]: who proves addresses, and signs";
            top.mistake_at(here, message);
        }
        let has_store = config.authority.as_ref().is_some_and(|part| part.store.is_some());
        if self.lookups.contains(&Lookup::Sha256) && !has_store {
            let message = "lookups by `sha256` need a place where associations are: \
                           `store` in [authority]";
            top.mistake_at(here, message);
        }
    }
}

/// All there can be, where it is not given: only what is in a store here is found hashed.
fn lookups(table: &Table<'_>, has_store: bool) -> Vec<Lookup> {
    const CHOICES: [(&str, Lookup); 2] = [("none", Lookup::None), ("sha256", Lookup::Sha256)];
    let Some(list) = table.value("lookups") else {
        return CHOICES[..1 + usize::from(has_store)].iter().map(|(_, lookup)| *lookup).collect();
    };
    list.list().iter().filter_map(|item| item.choice(&CHOICES)).collect()
}

fn bounds(table: &Table<'_>) -> Bounds {
    let mut bounds = Bounds::default();
    for (key, which, most) in [
        ("per_second", Bound::PER_SECOND, MAX_PER_SECOND),
        ("per_hour", Bound::PER_HOUR, MAX_PER_HOUR),
    ] {
        if let Some(table) = table.table(key) {
            bounds::read(&table, which, most, &mut bounds);
            table.finish();
        }
    }
    bounds
}

fn hosts(list: &Value<'_>) -> Option<NextLinks> {
    let items = list.list();
    list.accept(NextLinks::to(items.iter().filter_map(Value::string)))
}

/// The tables `terms`: a text of a document each.
fn terms(table: &Table<'_>) -> Terms {
    let mut terms = Terms::default();
    for given in table.tables("terms") {
        let text = |key| given.required(key).and_then(|value| value.string()).map(str::to_owned);
        let (id, version, language) = (text("id"), text("version"), text("language"));
        let (name, url) = (text("name"), text("url"));
        if let (Some(id), Some(version), Some(language), Some(name), Some(url)) =
            (id, version, language, name, url)
        {
            let new = || Policy { version: version.clone(), texts: Default::default() };
            let policy = terms.0.entry(id.clone()).or_insert_with(new);
            if policy.version != version {
                given.mistake(format!("`{id}` has version `{}` already", policy.version));
            }
            if policy.texts.insert(language.clone(), Text { name, url }).is_some() {
                given.mistake(format!("`{id}` is given twice in `{language}`"));
            }
        }
        given.finish();
    }
    terms
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::allowance::Rate;
    use crate::config::document;
    use crate::config::mistake::Mistakes;

    fn read(text: &str) -> (IdentityApi, Vec<String>) {
        let text = format!("plain = true\nlisten = [\"127.0.0.1:8090\"]\n{text}");
        let mistakes = Mistakes::new(&text);
        let entries = document::parse(&text, &mistakes).unwrap();
        let api = IdentityApi::read(Table::top(&entries, &mistakes), "d".as_ref(), false);
        (api, mistakes.into_sorted().iter().map(ToString::to_string).collect())
    }

    fn document(id: &str, version: &str, language: &str) -> String {
        format!(
            "[[terms]]\nid = \"{id}\"\nversion = \"{version}\"\nlanguage = \"{language}\"\n\
             name = \"Terms\"\nurl = \"https://id.example/{id}-{language}\"\n"
        )
    }

    #[test]
    fn lookups_go_through_the_trees_unless_told() {
        let (api, mistakes) = read("");
        assert_eq!((api.lookups, mistakes.len()), (vec![Lookup::None], 0));
        assert_eq!((api.version1, api.next_links), (Version1::Delegates, NextLinks::Anywhere));
        assert!(api.confirm_links && !read("confirm_links = false\n").0.confirm_links);
        let (api, _) = read("lookups = [\"sha256\", \"none\"]\n");
        assert_eq!(api.lookups, [Lookup::Sha256, Lookup::None]);
        let doubt = api.doubtful().unwrap().to_string();
        assert!(doubt.starts_with("3:11: of both lookups clients take `sha256`"), "{doubt}");
        assert_eq!(read("lookups = [\"sha256\"]\n").0.doubtful(), None);
        let (api, _) = read("v1 = true\nnext_link_hosts = [\"app.example\"]\n");
        assert_eq!(api.version1, Version1::All);
        assert!(matches!(&api.next_links, NextLinks::Hosts(hosts) if hosts.len() == 1));
        let (_, mistakes) = read("next_link_hosts = [\"a b\"]\n");
        assert!(mistakes[0].starts_with("3:19: "), "{mistakes:?}");
        assert_eq!(api.doubtful(), None);
        let (_, mistakes) = read("lookups = [\"md5\"]\n");
        assert_eq!(mistakes, ["3:12: `lookups` is one of `none`, `sha256`"]);
    }

    #[test]
    fn bounds_are_an_hours_or_a_seconds() {
        let usual = Bounds::default();
        assert_eq!(read("").0.bounds, usual);
        let (api, mistakes) = read(
            "per_second = { requests_per_user = 3 }\n\
             per_hour = { homeservers_per_network = 40, addresses_per_user = 200 }\n",
        );
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(api.bounds[Bound::RequestsPerUser], Rate::per_second(3).bursting(30));
        let hour = Duration::from_secs(3600);
        assert_eq!(api.bounds[Bound::HomeserversPerNetwork], Rate::within(hour, 40, 2));
        assert_eq!(api.bounds[Bound::AddressesPerUser], Rate::per_hour(200));
        assert_eq!(api.bounds[Bound::HashesPerUser], usual[Bound::HashesPerUser]);
        let (_, mistakes) = read(
            "per_second = { requests_per_user = 0, hashes_per_user = 9 }\n\
             per_hour = { hashes_per_network = 19_999 }\n",
        );
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        assert_eq!(mistakes[0], "3:36: `requests_per_user` is a number from 1 to 100000");
        assert!(mistakes[1].starts_with("3:39: unknown key `hashes_per_user`"), "{mistakes:?}");
        assert_eq!(mistakes[2], "4:35: `hashes_per_network` is a number from 20000 to 10000000");
    }

    /// By the specification every server knows `sha256`.
    #[test]
    fn lookups_go_by_hash_too_where_there_is_a_store() {
        let read = |authority: &str, lookups: &str| {
            let text = format!(
                "[authority]\n{authority}[[authority.zone]]\nname = \"a.\"\nkey_dir = \"k\"\n\
                 associations = true\n[identity_api]\nplain = true\n\
                 listen = [\"127.0.0.1:8090\"]\n{lookups}"
            );
            let mistakes = Mistakes::new(&text);
            let entries = document::parse(&text, &mistakes).unwrap();
            let config = Config::read(Table::top(&entries, &mistakes), "d/a.toml".as_ref());
            let api = config.identity_api.unwrap();
            assert_eq!(api.doubtful(), None);
            (api.lookups, config.authority.unwrap().keep_addresses)
        };
        let store = "store = \"s\"\n";
        assert_eq!(read("", ""), (vec![Lookup::None], false));
        assert_eq!(read(store, ""), (vec![Lookup::None, Lookup::Sha256], true));
        assert_eq!(read(store, "lookups = [\"none\"]\n"), (vec![Lookup::None], false));
    }

    #[test]
    fn documents_have_languages() {
        let text = ["en", "de"].map(|language| document("privacy", "1", language)).concat();
        let (api, mistakes) = read(&text);
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(api.terms.0["privacy"].texts.len(), 2);
        let twice = document("privacy", "1", "en") + &document("privacy", "2", "en");
        assert_eq!(
            read(&twice).1,
            ["9:1: `privacy` has version `1` already", "9:1: `privacy` is given twice in `en`"]
        );
    }
}
