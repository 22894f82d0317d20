//! `[verification]`: whom a verification server verifies for, and what it signs with.

use std::path::{Path, PathBuf};

use crate::allowance::Bound as _;
use crate::certificate::Scope;
use crate::codec::Url;
use crate::crypto::PublicKey;
use crate::signed::{KeyId, ServerName};
use crate::threepid::Medium;
use crate::trust::Anchors;
use crate::verification::{Existing, Policy};
use crate::verifier::{Bound, Bounds, Cosigner, Links};

use super::document::{Table, Value};
use super::mistake::Located;
use super::{Config, bounds, values, verifier};

/// The most that may be permitted in an hour.
pub(super) const MAX_PER_HOUR: u64 = 10_000_000;

/// `[verification]`: a verification server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// In whose name it signs.
    pub name: Located<ServerName>,
    /// The files of its keys, one at least; the first is signed with.
    pub keys: Vec<Located<PathBuf>>,
    /// Keys before whose secret is gone.
    pub retired: Vec<(KeyId, PublicKey)>,
    /// For whom it verifies, and what it does where there is an association.
    pub policy: Policy,
    /// How often what may be asked.
    pub bounds: Bounds,
    /// Where the links in its messages lead.
    pub links: Links,
    /// The file with what it must not forget.
    pub ledger: Located<PathBuf>,
    /// The directory with its own words for messages.
    pub texts: Option<Located<PathBuf>>,
    /// Who verifies in its place.
    pub delegates: Vec<Delegate>,
    /// Whom it asks to sign too.
    pub cosigners: Vec<Cosigner>,
    /// Who may ask it to sign too.
    pub askers: Anchors,
}

/// A server that verifies in place of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegate {
    /// The identifiers that it verifies.
    pub scope: Scope,
    /// Where it is.
    pub url: Url,
    /// The file with the access token for it; without, it is spoken to in version 1 of the API.
    pub access_token: Option<Located<PathBuf>>,
}

impl Verification {
    pub(super) fn read(table: Table<'_>, base: &Path) -> Option<Self> {
        let name = table
            .required("name")
            .and_then(|value| value.parse("the name of a server").map(|name| value.locate(name)));
        let keys = table.required("keys").map_or_else(Vec::new, |list| key_files(&list, base));
        let ledger = table.required("ledger").and_then(|value| values::path(&value, base));
        let links = links(&table);
        let retired = table.tables("retired_key").into_iter().filter_map(retired).collect();
        let policy = Policy { scope: scope(&table), existing: existing(&table) };
        let texts = table.value("texts").and_then(|value| values::path(&value, base));
        let bounds = per_hour(&table);
        let delegates = table.tables("delegate").into_iter();
        let delegates = delegates.filter_map(|table| Delegate::read(table, base)).collect();
        let cosigners = table.tables("cosigner").into_iter().filter_map(cosigner).collect();
        let askers = verifier::read_all(&table, "asker");
        table.finish();
        let (name, ledger, links) = (name?, ledger?, links?);
        Some(Self {
            name,
            keys,
            retired,
            policy,
            bounds,
            links,
            ledger,
            texts,
            delegates,
            cosigners,
            askers,
        })
    }

    /// Notes what does not go together with the other sections.
    pub(super) fn check(&self, config: &Config, top: &Table<'_>) {
        let here = self.name.position;
        match &config.client {
            None if top.value("client").is_some() => {}
            None => {
                top.mistake_at(here, "[verification] needs [client]: where it looks and publishes")
            }
            Some(client) if client.outbox.is_none() => {
                top.mistake_at(
                    here,
                    "[verification] needs `outbox` in [client]: what it publishes waits there",
                );
            }
            Some(_) => {}
        }
        if top.value("identity_api").is_none() {
            top.mistake_at(here, "[verification] needs [identity_api]: where it is asked");
        }
        if config.mail.is_none() && config.sms.is_none() && self.delegates.is_empty() {
            top.mistake_at(
                here,
                "[verification] needs [mail] or [sms]: how tokens come to addresses",
            );
        }
    }
}

fn key_files(list: &Value<'_>, base: &Path) -> Vec<Located<PathBuf>> {
    let items = list.list();
    if items.is_empty() {
        list.mistake("`keys` lists the files of keys, one at least: threepid cert key --new FILE");
    }
    items.iter().filter_map(|item| values::path(item, base)).collect()
}

fn retired(table: Table<'_>) -> Option<(KeyId, PublicKey)> {
    let read = verifier::key(&table);
    table.finish();
    read
}

/// Everything where it is not given.
fn scope(table: &Table<'_>) -> Scope {
    let all = || [Medium::Email, Medium::Msisdn].map(|medium| format!("{medium}:*").parse());
    match table.value("scope") {
        Some(value) => verifier::scope(table, &value),
        None => Scope::new(all().into_iter().flatten().collect()),
    }
}

fn existing(table: &Table<'_>) -> Existing {
    const CHOICES: [(&str, Existing); 2] =
        [("replace", Existing::Replace), ("refuse", Existing::Refuse)];
    table.value("existing").and_then(|value| value.choice(&CHOICES)).unwrap_or_default()
}

fn links(table: &Table<'_>) -> Option<Links> {
    let base = table.required("base_url").and_then(|value| url(&value));
    let web_client = table.value("web_client").and_then(|value| url(&value));
    Some(Links { base: base?, web_client })
}

/// The URL of a server: `https://`, or `http://` on loopback.
pub(super) fn url(value: &Value<'_>) -> Option<Url> {
    let url: Url = value.parse("a URL")?;
    if !url.is_secure() && !url.is_loopback() {
        value.mistake("`https://` expected: plain HTTP is for loopback alone");
    }
    Some(url)
}

fn per_hour(table: &Table<'_>) -> Bounds {
    let mut bounds = Bounds::default();
    if let Some(table) = table.table("per_hour") {
        bounds::read(&table, Bound::ALL, MAX_PER_HOUR, &mut bounds);
        table.finish();
    }
    bounds
}

impl Delegate {
    fn read(table: Table<'_>, base: &Path) -> Option<Self> {
        let scope = table.required("scope").map(|value| verifier::scope(&table, &value));
        let url = table.required("url").and_then(|value| url(&value));
        let token = table.value("access_token_file");
        let access_token = token.and_then(|value| values::path(&value, base));
        table.finish();
        Some(Self { scope: scope?, url: url?, access_token })
    }
}

fn cosigner(table: Table<'_>) -> Option<Cosigner> {
    let server = table.required("name").and_then(|value| value.parse("the name of a server"));
    let url = table.required("url").and_then(|value| url(&value));
    let scope = table.required("scope").map(|value| verifier::scope(&table, &value));
    table.finish();
    Some(Cosigner { server: server?, url: url?, scope: scope? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allowance::Rate;

    const KEY: &str = "MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM";
    const OWN: &str = "[verification]\nname = \"verify.example\"\nkeys = [\"new\", \"old\"]\n\
                       ledger = \"l\"\nbase_url = \"https://id.example\"\n";
    const OTHERS: &str = "[mail]\ncourier = \"log\"\n\
        [identity_api]\nplain = true\nlisten = [\"127.0.0.1:8090\"]\n\
        [client]\noutbox = \"o\"\n[[client.root]]\napex = \"a.\"\n\
        anchors = [\"a. DS 1 15 2 0707070707070707070707070707070707070707070707070707070707070707\"]\n";

    fn read(text: &str) -> Result<Config, Vec<String>> {
        Config::parse(text, "d/a.toml".as_ref()).map_err(|error| {
            error.to_string().lines().map(|line| line.replace("d/a.toml:", "")).collect()
        })
    }

    fn verification(more: &str) -> Result<Verification, Vec<String>> {
        read(&format!("{OWN}{more}{OTHERS}")).map(|config| config.verification.unwrap())
    }

    #[test]
    fn what_is_not_given_is_as_usual() {
        let read = verification("").unwrap();
        assert_eq!(read.keys[1].value, PathBuf::from("d/old"));
        assert_eq!(read.policy.scope.rules().len(), 2);
        assert_eq!((read.policy.existing, read.bounds), (Existing::Replace, Bounds::default()));
        assert!(read.delegates.is_empty() && read.askers.iter().next().is_none());
    }

    #[test]
    fn what_is_given_counts() {
        let more = format!(
            "existing = \"refuse\"\nscope = [\"msisdn:44\"]\nper_hour = {{ messages_per_address = 2 }}\n\
             [[verification.retired_key]]\nkey_id = \"0\"\nkey = \"{KEY}\"\n\
             [[verification.delegate]]\nscope = [\"msisdn:447\"]\nurl = \"https://sms.example\"\n\
             access_token_file = \"t\"\n\
             [[verification.cosigner]]\nname = \"b.example\"\nurl = \"https://b.example\"\nscope = [\"email:*\"]\n\
             [[verification.asker]]\nname = \"c.example\"\nkey_id = \"0\"\nkey = \"{KEY}\"\n"
        );
        let read = verification(&more).unwrap();
        assert_eq!(read.policy.existing, Existing::Refuse);
        let usual = Bounds::default();
        assert_eq!(read.bounds[Bound::MessagesPerAddress], Rate::per_hour(2));
        assert_eq!(read.bounds[Bound::MessagesPerUser], usual[Bound::MessagesPerUser]);
        assert_eq!(read.delegates[0].access_token.as_ref().unwrap().value, PathBuf::from("d/t"));
        assert_eq!(read.cosigners[0].server.to_string(), "b.example");
        assert_eq!((read.retired.len(), read.askers.iter().count()), (1, 1));
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        let told = |more: &str| verification(more).unwrap_err();
        assert!(
            told("scop = []\n")[0].starts_with("6:1: unknown key `scop`, did you mean `scope`?")
        );
        assert!(told("existing = \"ask\"\n")[0].contains("one of `replace`, `refuse`"));
        let plain = told("web_client = \"http://app.example\"\n");
        assert_eq!(plain, ["6:14: `https://` expected: plain HTTP is for loopback alone"]);
        let zero = told("per_hour = { messages_per_user = 0 }\n");
        assert_eq!(zero, ["6:34: `messages_per_user` is a number from 1 to 10000000"]);
    }

    #[test]
    fn it_needs_others() {
        let told = read(OWN).unwrap_err();
        assert_eq!(
            told,
            [
                "2:8: [verification] needs [client]: where it looks and publishes",
                "2:8: [verification] needs [identity_api]: where it is asked",
                "2:8: [verification] needs [mail] or [sms]: how tokens come to addresses",
            ]
        );
        let told = read(&format!("{OWN}{}", OTHERS.replace("outbox", "# "))).unwrap_err();
        assert!(told[0].starts_with("2:8: [verification] needs `outbox` in [client]"), "{told:?}");
        let alone = read(OTHERS).unwrap_err();
        assert_eq!(
            alone,
            ["5:11: [identity_api] needs [verification]: who proves addresses, and signs"]
        );
    }
}
