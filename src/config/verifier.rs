//! `[[client.verifier]]` and their like: the keys of verification servers, and what these are trusted for.

use std::collections::BTreeSet;

use crate::certificate::{Rule, Scope};
use crate::crypto::{BadPublicKey, PublicKey};
use crate::signed::{KeyId, KeyName, ServerName};
use crate::trust::{Anchor, Anchors};

use super::document::{Table, Value};
use super::values;

/// Reads the tables `key` in `table`; there need not be any. One key given twice is a mistake.
pub(super) fn read_all(table: &Table<'_>, key: &'static str) -> Anchors {
    let mut anchors = Anchors::default();
    for verifier in table.tables(key) {
        if let Some((name, anchor)) = read(&verifier) {
            if anchors.get(&name).is_some() {
                verifier.mistake(format!("the key {} of {} is given twice", name.id, name.server));
            }
            anchors.insert(name, anchor);
        }
        verifier.finish();
    }
    anchors
}

/// How many of the trusted servers have to vouch: `vouchers`, 1 where it is not given.
pub(super) fn vouchers(table: &Table<'_>, anchors: &Anchors) -> usize {
    let servers: BTreeSet<&ServerName> = anchors.iter().map(|(name, _)| &name.server).collect();
    let Some(value) = table.value("vouchers") else { return 1 };
    let most = servers.len().max(1);
    let number = value.number(1, most.try_into().unwrap_or(u64::MAX));
    number.and_then(|number| number.try_into().ok()).unwrap_or(1)
}

fn read(table: &Table<'_>) -> Option<(KeyName, Anchor)> {
    let server = table.required("name").and_then(|value| value.parse("the name of a server"));
    let key = key(table);
    let scope = table.value("scope").map(|value| scope(table, &value));
    let (id, key) = key?;
    Some((KeyName::new(server?, id), Anchor { key, scope }))
}

/// The public key at `key`, and its id at `key_id`.
pub(super) fn key(table: &Table<'_>) -> Option<(KeyId, PublicKey)> {
    let id = table.required("key_id").and_then(|value| key_id(&value));
    let key = table.required("key").and_then(|value| public_key(&value));
    Some((id?, key?))
}

/// `ed25519:0`, or `0` for short.
fn key_id(value: &Value<'_>) -> Option<KeyId> {
    value.accept(KeyId::from_short(value.string()?))
}

fn public_key(value: &Value<'_>) -> Option<PublicKey> {
    let key = value.string()?.parse();
    let expected = "`key` is an Ed25519 public key in unpadded base64, 43 characters";
    value.accept(key.map_err(|_: BadPublicKey| expected))
}

/// A scope that permits nothing is a mistake.
pub(super) fn scope(table: &Table<'_>, value: &Value<'_>) -> Scope {
    let rules: Vec<Rule> = values::items(table, "scope", "a rule like `msisdn:44`");
    if value.list().is_empty() {
        value.mistake("`scope` lists rules, one at least; leave it out to trust the key for all");
    } else if rules.len() == value.list().len() && rules.iter().all(Rule::excludes) {
        value.mistake("`scope` only excludes: say what is permitted, too, as `msisdn:*`");
    }
    Scope::new(rules)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;
    use crate::config::mistake::Mistakes;

    const KEY: &str = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik";

    fn read_text(text: &str) -> (Anchors, usize, Vec<String>) {
        let mistakes = Mistakes::new(text);
        let entries = document::parse(text, &mistakes).unwrap();
        let top = Table::top(&entries, &mistakes);
        let anchors = read_all(&top, "verifier");
        let vouchers = vouchers(&top, &anchors);
        top.finish();
        (anchors, vouchers, mistakes.into_sorted().iter().map(ToString::to_string).collect())
    }

    fn verifier(name: &str, id: &str, rest: &str) -> String {
        format!("[[verifier]]\nname = \"{name}\"\nkey_id = \"{id}\"\nkey = \"{KEY}\"\n{rest}\n")
    }

    fn name(server: &str, id: &str) -> KeyName {
        KeyName::new(server.parse().unwrap(), id.parse().unwrap())
    }

    #[test]
    fn keys_are_read() {
        let text = format!(
            "vouchers = 2\n{}{}{}",
            verifier("a.example", "ed25519:0", "scope = [\"msisdn:44\", \"!msisdn:447\"]"),
            verifier("a.example", "1", ""),
            verifier("b.example:8448", "0", ""),
        );
        let (anchors, vouchers, mistakes) = read_text(&text);
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(vouchers, 2);
        let scoped = anchors.get(&name("a.example", "ed25519:0")).unwrap();
        assert_eq!(scoped.scope.as_ref().unwrap().rules().len(), 2);
        assert!(anchors.get(&name("a.example", "ed25519:1")).unwrap().scope.is_none());
        assert!(anchors.get(&name("b.example:8448", "ed25519:0")).is_some());
        let (anchors, vouchers, mistakes) = read_text("");
        assert_eq!((anchors, vouchers, mistakes.len()), (Anchors::default(), 1, 0));
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        let told = |text: &str| read_text(text).2;
        let twice = verifier("a.example", "0", "") + &verifier("a.example", "ed25519:0", "");
        assert_eq!(told(&twice), ["6:1: the key ed25519:0 of a.example is given twice"]);
        let few = format!("vouchers = 2\n{}", verifier("a.example", "0", ""));
        assert_eq!(told(&few), ["1:12: `vouchers` is a number from 1 to 1"]);
        let bad = "[[verifier]]\nname = \"a b\"\nkey_id = \"rsa:1\"\nkey = \"AAAA\"\nscope = []\n";
        let lines = told(bad);
        let places: Vec<&str> = lines.iter().map(|line| line.split(": ").next().unwrap()).collect();
        assert_eq!(places, ["2:8", "3:10", "4:7", "5:9"], "{lines:?}");
        assert_eq!(told("[[verifier]]\nscop = []\n").len(), 4);
        let excluding = told(&verifier("a.example", "0", "scope = [\"!msisdn:44\"]"));
        let expected = "5:9: `scope` only excludes: say what is permitted, too, as `msisdn:*`";
        assert_eq!(excluding, [expected]);
        let rule = told(&verifier("a.example", "0", "scope = [\"msisdn:044\"]"));
        assert!(rule[0].starts_with("5:10: ") && rule[0].contains("unknown rule"), "{rule:?}");
    }
}
