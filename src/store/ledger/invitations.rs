//! Invitations of people who have no Matrix user yet.

use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use super::{Ledger, Octets};
use crate::store::StoreError;
use crate::threepid::Threepid;

pub(super) const INVITATIONS: Octets = TableDefinition::new("invitations");
pub(super) const INVITED: Octets = TableDefinition::new("invited");
pub(super) const EPHEMERAL: Octets = TableDefinition::new("ephemeral");

/// An invitation into a room that waits until somebody binds the address it was sent to (Matrix
/// specification, Identity Service API, "Invitation storage").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// What tells it from others, and proves that one has got the message.
    pub token: String,
    /// Who invites.
    pub sender: String,
    /// Where to.
    pub room_id: String,
    /// The public key that was made for it, in unpadded base64.
    pub ephemeral_key: String,
    /// When it was left, in milliseconds since the epoch.
    pub since: u64,
}

impl Ledger {
    /// Keeps an invitation of `threepid`, and its key. False where so many wait already.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add_invitation(
        &self,
        threepid: &Threepid,
        invitation: &Invitation,
        most: usize,
    ) -> Result<bool, StoreError> {
        if self.invitations(threepid, most)?.len() >= most {
            return Ok(false);
        }
        let key = [&*prefix(threepid), invitation.token.as_bytes()].concat();
        self.write(|pages| {
            pages.put(INVITATIONS, &key, invitation)?;
            pages.put(INVITED, invitation.token.as_bytes(), &key)?;
            pages.put(EPHEMERAL, invitation.ephemeral_key.as_bytes(), &())?;
            Ok(true)
        })
    }

    /// The invitations of `threepid` that wait, at most `most`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn invitations(
        &self,
        threepid: &Threepid,
        most: usize,
    ) -> Result<Vec<Invitation>, StoreError> {
        let found = self.below(INVITATIONS, &prefix(threepid), most)?;
        Ok(found.into_iter().map(|(_, invitation)| invitation).collect())
    }

    /// The invitation of this token.
    ///
    /// # Errors
    /// What the disk says.
    pub fn invitation(&self, token: &str) -> Result<Option<Invitation>, StoreError> {
        let Some(key) = self.get::<Vec<u8>>(INVITED, token.as_bytes())? else { return Ok(None) };
        self.get(INVITATIONS, &key)
    }

    /// Forgets the invitations of `threepid`, which its user's homeserver has now. Their tokens and keys stay:
    /// homeservers ask for them when the invited joins.
    ///
    /// # Errors
    /// What the disk says.
    pub fn deliver_invitations(
        &self,
        threepid: &Threepid,
        delivered: &[Invitation],
    ) -> Result<(), StoreError> {
        let start = prefix(threepid);
        self.write(|pages| {
            for invitation in delivered {
                let key = [&*start, invitation.token.as_bytes()].concat();
                pages.remove(INVITATIONS, &key)?;
                pages.remove(INVITED, invitation.token.as_bytes())?;
            }
            Ok(())
        })
    }

    /// Whether this public key was made for an invitation here.
    ///
    /// # Errors
    /// What the disk says.
    pub fn is_ephemeral(&self, public_key: &str) -> Result<bool, StoreError> {
        Ok(self.get::<()>(EPHEMERAL, public_key.as_bytes())?.is_some())
    }
}

/// What the keys of an identifier's invitations begin with. Neither part has an octet 0.
fn prefix(threepid: &Threepid) -> Vec<u8> {
    [threepid.medium().as_str().as_bytes(), b"\0", threepid.address().as_bytes(), b"\0"].concat()
}
