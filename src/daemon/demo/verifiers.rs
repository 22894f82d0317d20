//! The verification servers of the sample zones: their keys, and the life of their certificates.

use std::fmt::Write;
use std::time::Duration;

use crate::certificate::{Certificate, MAX_LIFE, SKEW, Terms};
use crate::clock::Timestamp;
use crate::codec::from_base64_unpadded;
use crate::crypto::SigningKey;
use crate::signed::{KeyName, NamedKey};

/// The servers that sign in the sample zones: name, key id, and the seed of the key. They are published
/// with the test vectors, and protect nothing.
const KEYS: [(&str, &str, &str); 4] = [
    ("verify.example", "ed25519:0", "Dcz13GlB2u4uNXxUZnaEpOwgVV2UfbEe0dk4C9kvGMg"),
    ("other.example", "ed25519:a_1", "TZL0hvcmJ7DlebVnVo/ZGjvy/3L45YS3CnJ5L+qtMr0"),
    ("telco.example", "ed25519:2", "ugvvoF6ayVm3ueysuS2IksyHhN4P3HH7O/Uj2KmqF7k"),
    ("shop.example:8448", "ed25519:x", "z6xbRBzWDNK3jUeOwqoxH7cI+BvAU2iHpfyPc426J0I"),
];

/// How many of them clients trust: the others need certificates.
const TRUSTED: usize = 2;

/// Certificates that end sooner are renewed at the start.
const LEAST_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

fn signing_key(name: &KeyName) -> Option<SigningKey> {
    let is_it =
        |(server, key): &(&str, NamedKey)| *server == name.server.as_str() && key.id == name.id;
    let (_, key) = keys().find(is_it)?;
    Some(key.key)
}

fn decode(seed: &str) -> SigningKey {
    let octets = from_base64_unpadded(seed).expect("the seeds are base64");
    SigningKey::from_seed(&octets.try_into().expect("a seed has 32 octets"))
}

/// The tables of a section of a configuration, `client` or `publish`, that name the trusted servers.
pub(super) fn tables(section: &str) -> String {
    let mut text = String::new();
    for (name, NamedKey { id, key }) in keys().take(TRUSTED) {
        let public = key.public();
        write!(
            text,
            "\n[[{section}.verifier]]\nname = \"{name}\"\nkey_id = \"{id}\"\nkey = \"{public}\"\n"
        )
        .expect("a string takes all that is written");
    }
    text
}

/// The servers' keys, by the name of their server.
pub(super) fn keys() -> impl Iterator<Item = (&'static str, NamedKey)> {
    KEYS.iter().map(|(server, id, seed)| {
        let id = id.parse().expect("the ids are well formed");
        (*server, NamedKey { id, key: decode(seed) })
    })
}

/// The text of a zone file with the sample's certificates renewed, as it takes one line for each; none
/// where they live long enough.
pub(super) fn renewed(text: &str, now: Timestamp) -> Option<String> {
    let mut is_changed = false;
    let lines = text.lines().map(|line| {
        let renewed = renewed_line(line, now);
        is_changed |= renewed.is_some();
        renewed.unwrap_or_else(|| line.to_owned()) + "\n"
    });
    let text: String = lines.collect();
    is_changed.then_some(text)
}

fn renewed_line(line: &str, now: Timestamp) -> Option<String> {
    let (start, rest) = line.split_once("VCERT \"")?;
    let json = rest.trim_end().strip_suffix('"')?.replace("\\\"", "\"");
    let old = Certificate::from_json(json.as_bytes()).ok()?;
    if old.terms().not_after.since(now) >= LEAST_LIFE {
        return None;
    }
    let (signer, _) = old.signatures().iter().next()?;
    let not_before = now.saturating_sub(SKEW);
    let not_after = not_before.saturating_add(MAX_LIFE);
    let terms = Terms { not_before, not_after, ..old.terms().clone() };
    let new = Certificate::sign(terms, signer.clone(), &signing_key(signer)?).ok()?;
    let json = String::from_utf8(new.to_octets()).ok()?.replace('"', "\\\"");
    Some(format!("{start}VCERT \"{json}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_keys_are_those_of_the_vectors() {
        let vectors = include_str!("../../../tests/vectors/interchange.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let keys = vectors["keys"].as_array().unwrap();
        assert_eq!(keys.len(), KEYS.len());
        for (name, id, seed) in KEYS {
            let key = keys.iter().find(|key| key["server_name"] == name).unwrap();
            assert_eq!((&key["key_id"], &key["seed"]), (&id.into(), &seed.into()));
        }
        let trusted: Vec<&str> = KEYS[..TRUSTED].iter().map(|(name, ..)| *name).collect();
        assert_eq!(vectors["trusted_roots"], serde_json::json!(trusted));
    }

    #[test]
    fn certificates_are_renewed_before_they_end() {
        let zone = include_str!("../../../zones/3pid.example.zone");
        let end = Timestamp::from_millis(1_797_776_000_000);
        assert_eq!(renewed(zone, end.saturating_sub(LEAST_LIFE)), None);
        let text = renewed(zone, end.saturating_add(LEAST_LIFE)).unwrap();
        let certificates: Vec<&str> =
            text.lines().filter(|line| line.contains("VCERT \"")).collect();
        assert_eq!(certificates.len(), 2);
        for line in certificates {
            assert_eq!(renewed_line(line, end.saturating_add(LEAST_LIFE)), None, "{line}");
        }
        let others = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.contains("VCERT \"")).map(str::to_owned).collect()
        };
        assert_eq!(others(&text), others(zone));
    }
}
