//! The keys of homeservers ("Retrieving server keys").

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{By, Homeservers, Refused, object};
use crate::clock::Timestamp;
use crate::crypto::PublicKey;
use crate::signed::{Json, KeyId, KeyName, ServerName};
use crate::transport::http::{Fetch, Outgoing};

/// What a server was asked for its keys, and said.
#[derive(Debug, Clone)]
pub(super) struct ServerKeys {
    /// The keys for requests, or why there are none.
    keys: Result<BTreeMap<KeyId, PublicKey>, Refused>,
    /// Until when they count.
    valid_until: Timestamp,
    /// From when on it may be asked again.
    again: Timestamp,
}

impl ServerKeys {
    /// The key, where it counts now.
    fn key(&self, id: &KeyId, now: Timestamp) -> Option<PublicKey> {
        let keys = self.keys.as_ref().ok().filter(|_| now < self.valid_until)?;
        keys.get(id).cloned()
    }
}

impl<F: Fetch> Homeservers<F> {
    /// A key that its server signs requests with, as one from `client` says.
    pub(super) async fn key(&self, name: &KeyName, client: IpAddr) -> Result<PublicKey, Refused> {
        let now = self.clock.now();
        let known = self.keys.last(&name.server);
        if let Some(key) = known.as_ref().and_then(|known| known.key(&name.id, now)) {
            return Ok(key);
        }
        let known = match known {
            Some(known) if now < known.again => known,
            known => self.ask_keys(&name.server, client, known, now).await?,
        };
        let key = known.key(&name.id, now);
        known.keys?;
        key.ok_or_else(|| Refused::Key(name.clone()))
    }

    /// Asks a server for its keys. Where it does not tell, those `known` count on. That too many are asked now
    /// is nothing to remember of it.
    async fn ask_keys(
        &self,
        server: &ServerName,
        client: IpAddr,
        known: Option<ServerKeys>,
        now: Timestamp,
    ) -> Result<ServerKeys, Refused> {
        let again = now.saturating_add(self.limits.keys_again);
        let known = known.filter(|known| now < known.valid_until);
        let keys = match (self.told_keys(server, client).await, known) {
            (Ok((keys, until)), _) => {
                let valid_until = until.min(now.saturating_add(self.limits.keys_kept));
                ServerKeys { keys: Ok(keys), valid_until, again }
            }
            (Err(Refused::Busy), None) => return Err(Refused::Busy),
            (Err(_), Some(known)) => ServerKeys { again, ..known },
            (Err(refused), None) => ServerKeys { keys: Err(refused), valid_until: now, again },
        };
        self.keys.insert(server.clone(), keys.clone(), keys.valid_until.max(again));
        Ok(keys)
    }

    /// The keys that a server signed itself, and until when they count.
    async fn told_keys(
        &self,
        server: &ServerName,
        client: IpAddr,
    ) -> Result<(BTreeMap<KeyId, PublicKey>, Timestamp), Refused> {
        let answer =
            self.ask(server, By::Client(client), "/_matrix/key/v2/server", Outgoing::get).await?;
        let object = object(server, &answer)?;
        let unusable = |expected| Refused::Unusable { server: server.clone(), expected };
        if object.string("server_name") != Some(server.as_str()) {
            return Err(unusable("keys of its own"));
        }
        let until = match object.get("valid_until_ts") {
            Some(Json::Integer(until)) => u64::try_from(*until).ok(),
            _ => None,
        };
        let until = until.ok_or_else(|| unusable("keys that tell until when they count"))?;
        let signatures = object.signatures().map_err(|_| unusable("keys that it signed"))?;
        let octets = object.signed_octets();
        let Some(Json::Object(listed)) = object.get("verify_keys") else {
            return Err(unusable("keys for requests"));
        };
        let read = listed.iter().filter_map(|(id, key)| read_key(id, key));
        let is_its_own = |(id, key): &(KeyId, PublicKey)| {
            let name = KeyName::new(server.clone(), id.clone());
            signatures.verify(&name, key, &octets).is_ok()
        };
        let keys = read.take(self.limits.keys).filter(is_its_own).collect();
        Ok((keys, Timestamp::from_millis(until)))
    }
}

/// An Ed25519 key; others are nothing to us.
fn read_key(id: &str, key: &Json) -> Option<(KeyId, PublicKey)> {
    let Json::Object(key) = key else { return None };
    Some((id.parse().ok()?, key.string("key")?.parse().ok()?))
}
