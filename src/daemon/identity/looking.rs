//! What looks through the trees, and believes this server's own keys.

use std::num::NonZeroUsize;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::association::{Mxid, Statement};
use crate::services::matrix::People;
use crate::stub::{Client, Finding, Verifiers};
use crate::threepid::Threepid;
use crate::transport::http::BoxFuture;
use crate::trust::Anchor;
use crate::verifier::{SigningKeys, Tree};
use crate::wire::Name;

/// A client that believes the verification servers of the configuration, and this one. What is learned by one
/// that takes its place is known to both.
pub(super) struct Looking(ArcSwap<Client>);

impl Looking {
    /// Looks as `client` does, and believes `keys`, too.
    pub(super) fn new(client: &Client, verifiers: &Verifiers, keys: &SigningKeys) -> Self {
        Self(ArcSwap::from_pointee(believing(client, verifiers, keys)))
    }

    /// Believes these from here on.
    pub(super) fn believe(&self, verifiers: &Verifiers, keys: &SigningKeys) {
        let client = believing(&self.0.load(), verifiers, keys);
        self.0.store(client.into());
    }
}

fn believing(client: &Client, verifiers: &Verifiers, keys: &SigningKeys) -> Client {
    let mut verifiers = verifiers.clone();
    for (name, key) in keys.names() {
        if verifiers.anchors.get(&name).is_none() {
            verifiers.anchors.insert(name, Anchor { key, scope: None });
        }
    }
    client.clone().trusting(verifiers)
}

impl Tree for Looking {
    fn apexes(&self) -> Vec<Name> {
        self.0.load().apexes().to_vec()
    }

    fn ask<'a>(&'a self, threepid: &'a Threepid) -> BoxFuture<'a, Vec<Finding>> {
        let client = self.0.load_full();
        Box::pin(async move { client.find(threepid).await.findings })
    }
}

impl People for Looking {
    fn find(
        &self,
        threepids: Vec<Threepid>,
        at_once: NonZeroUsize,
        time: Duration,
    ) -> BoxFuture<'_, Vec<(usize, Mxid)>> {
        let client = self.0.load_full();
        Box::pin(async move { People::find(client.as_ref(), threepids, at_once, time).await })
    }

    fn signed(&self, threepid: Threepid, time: Duration) -> BoxFuture<'_, Option<Statement>> {
        let client = self.0.load_full();
        Box::pin(async move { client.signed(threepid, time).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{SeededRandom, SigningKey};
    use crate::signed::{KeyName, NamedKey};
    use crate::trust::Anchors;

    #[test]
    fn its_own_keys_are_believed_and_what_the_configuration_says_goes_first() {
        let server = || "verify.example".parse().unwrap();
        let new = |seed| NamedKey::generate(&mut SeededRandom::new(seed));
        let name = |key: &NamedKey| KeyName::new(server(), key.id.clone());
        let mut anchors = Anchors::default();
        let other = SigningKey::from_seed(&[9; 32]).public();
        anchors.insert(name(&new(2)), other);
        let verifiers = Verifiers { anchors, vouchers: 1 };
        let client = Client::new("127.0.0.1:1".parse().unwrap(), Vec::new());
        let keys = SigningKeys::new(server(), new(1)).after(new(2));
        let looking = Looking::new(&client, &verifiers, &keys);
        let believed = |key: &NamedKey| {
            let client = looking.0.load_full();
            client.verifiers().anchors.get(&name(key)).map(|anchor| anchor.key)
        };
        assert_eq!(believed(&new(1)), Some(new(1).key.public()));
        assert_eq!(believed(&new(2)), Some(other));
        assert_eq!(believed(&new(3)), None);
        looking.believe(&verifiers, &SigningKeys::new(server(), new(3)));
        assert_eq!((believed(&new(1)), believed(&new(3))), (None, Some(new(3).key.public())));
    }
}
