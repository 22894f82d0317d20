//! Whom one trusts.

use std::collections::BTreeMap;

use crate::certificate::Scope;
use crate::crypto::PublicKey;
use crate::signed::{KeyName, ServerName};
use crate::threepid::Threepid;

/// Keys that are believed without a certificate: those of the root verification servers one trusts.
///
/// What a server that has a key here signs with another key is not believed, whatever certificates
/// it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anchors(BTreeMap<KeyName, Anchor>);

/// A trusted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its public part.
    pub key: PublicKey,
    /// The identifiers it is trusted for; none where it is trusted for all.
    pub scope: Option<Scope>,
}

impl Anchor {
    /// Whether it is trusted for this identifier.
    pub fn permits(&self, threepid: &Threepid) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.permits(threepid))
    }
}

/// A key that is trusted for everything.
impl From<PublicKey> for Anchor {
    fn from(key: PublicKey) -> Self {
        Self { key, scope: None }
    }
}

impl Anchors {
    /// Trusts a key.
    pub fn insert(&mut self, name: KeyName, anchor: impl Into<Anchor>) {
        self.0.insert(name, anchor.into());
    }

    /// The key of this name.
    pub fn get(&self, name: &KeyName) -> Option<&Anchor> {
        self.0.get(name)
    }

    /// The keys, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyName, &Anchor)> {
        self.0.iter()
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys of a server.
    pub(super) fn of<'a>(
        &'a self,
        server: &ServerName,
    ) -> impl Iterator<Item = (&'a KeyName, &'a Anchor)> {
        self.0.iter().filter(move |(name, _)| name.server == *server)
    }
}
