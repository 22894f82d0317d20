//! What a verification server signs with.

use crate::association::{AssociationError, Claim, Statement};
use crate::crypto::PublicKey;
use crate::signed::{
    Authorization, KeyId, KeyName, NamedKey, Object, ServerName, SignedError, SignedRequest,
};
use crate::threepid::Threepid;

/// The keys of a verification server: one that it signs with now, and older ones.
///
/// A new key takes over by coming first. The ones before stay valid, so that what they signed verifies, and
/// so that invitations, which name the key of their time in a room's state, can still be taken up.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    server: ServerName,
    current: NamedKey,
    /// Those before, of which some can still sign.
    older: Vec<NamedKey>,
    /// Those before whose secret is gone.
    retired: Vec<(KeyId, PublicKey)>,
}

impl SigningKeys {
    /// Signs in the name of `server` with this key.
    pub fn new(server: ServerName, current: NamedKey) -> Self {
        Self { server, current, older: Vec::new(), retired: Vec::new() }
    }

    /// The same, with a key that it signed with before, which still signs what was begun with it.
    #[must_use]
    pub fn after(mut self, older: NamedKey) -> Self {
        self.older.push(older);
        self
    }

    /// The same, with a key that it signed with before and does not have any more.
    #[must_use]
    pub fn after_retired(mut self, id: KeyId, key: PublicKey) -> Self {
        self.retired.push((id, key));
        self
    }

    /// In whose name it signs.
    pub fn server(&self) -> &ServerName {
        &self.server
    }

    /// The key that it signs with now.
    pub fn current(&self) -> (&KeyId, PublicKey) {
        (&self.current.id, self.current.key.public())
    }

    /// The name of the key that it signs with now.
    pub fn name(&self) -> KeyName {
        KeyName::new(self.server.clone(), self.current.id.clone())
    }

    /// The key of this id, current or older.
    pub fn get(&self, id: &KeyId) -> Option<PublicKey> {
        self.all().find(|(other, _)| *other == id).map(|(_, key)| key)
    }

    /// Whether this is one of them, current or older.
    pub fn has(&self, key: &PublicKey) -> bool {
        self.all().any(|(_, other)| other == *key)
    }

    /// All of them, with the names that signatures by them have.
    pub fn names(&self) -> impl Iterator<Item = (KeyName, PublicKey)> {
        self.all().map(|(id, key)| (KeyName::new(self.server.clone(), id.clone()), key))
    }

    fn all(&self) -> impl Iterator<Item = (&KeyId, PublicKey)> {
        let can_sign = [&self.current].into_iter().chain(&self.older);
        let can_sign = can_sign.map(|key| (&key.id, key.key.public()));
        can_sign.chain(self.retired.iter().map(|(id, key)| (id, *key)))
    }

    /// Signs what is said of `threepid`.
    ///
    /// # Errors
    /// Where the statement would be too long.
    pub fn sign(&self, claim: Claim, threepid: &Threepid) -> Result<Statement, AssociationError> {
        Statement::sign(claim, threepid, self.name(), &self.current.key)
    }

    /// Signs a request that is sent in the server's name.
    pub fn authorize(&self, request: &SignedRequest<'_>) -> Authorization {
        request.sign(self.name(), &self.current.key)
    }

    /// Signs an object with every key that can sign: for those who know one of them alone.
    ///
    /// # Errors
    /// Where it has malformed signatures.
    pub fn sign_with_all(&self, object: Object) -> Result<Object, SignedError> {
        let mut keys = [&self.current].into_iter().chain(&self.older);
        keys.try_fold(object, |object, key| {
            object.sign(KeyName::new(self.server.clone(), key.id.clone()), &key.key)
        })
    }
}
