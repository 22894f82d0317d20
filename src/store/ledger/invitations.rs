//! Invitations of people who have no Matrix user yet.

use std::fmt;

use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use super::{Ledger, Octets, Pages, prefix, threepid_of};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::threepid::Threepid;

pub(super) const INVITATIONS: Octets = TableDefinition::new("invitations");
pub(super) const INVITED: Octets = TableDefinition::new("invited");
pub(super) const EPHEMERAL: Octets = TableDefinition::new("ephemeral");
pub(super) const UNTOLD: Octets = TableDefinition::new("untold");
pub(super) const LEFT: Octets = TableDefinition::new("left");
pub(super) const MADE: Octets = TableDefinition::new("made");

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
    /// What its message has to tell, as long as that is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<InvitationMessage>,
}

/// What the message of an invitation tells beside what the invitation does.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationMessage {
    /// What the one who invites is called.
    pub sender_name: Option<String>,
    /// What the room is called.
    pub room_name: Option<String>,
    /// The secret part of the key that was made for it, in unpadded base64: nobody else has it.
    pub secret_key: String,
}

/// Without the key.
impl fmt::Debug for InvitationMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationMessage(..)")
    }
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
            let since = invitation.since.to_be_bytes();
            pages.put(LEFT, &[&since, invitation.token.as_bytes()].concat(), &())?;
            pages.put(MADE, &[&since, invitation.ephemeral_key.as_bytes()].concat(), &())?;
            if invitation.message.is_some() {
                pages.put(UNTOLD, invitation.token.as_bytes(), &())?;
            }
            Ok(true)
        })
    }

    /// Invitations whose message is due: it had not gone out when the process ended. At most `most` of them.
    ///
    /// # Errors
    /// What the disk says.
    pub fn untold_invitations(
        &self,
        most: usize,
    ) -> Result<Vec<(Threepid, Invitation)>, StoreError> {
        let mut untold = Vec::new();
        for (token, ()) in self.below(UNTOLD, b"", most)? {
            let Some(key) = self.get::<Vec<u8>>(INVITED, &token)? else { continue };
            if let Some(invitation) = self.get(INVITATIONS, &key)? {
                untold.push((threepid_of(&key)?, invitation));
            }
        }
        Ok(untold)
    }

    /// Takes note that the message of an invitation went out. What it told is forgotten.
    ///
    /// # Errors
    /// What the disk says.
    pub fn tell_invitation(&self, token: &str) -> Result<(), StoreError> {
        self.write(|pages| {
            pages.remove(UNTOLD, token.as_bytes())?;
            let Some(key) = pages.get::<Vec<u8>>(INVITED, token.as_bytes())? else { return Ok(()) };
            let Some(invitation) = pages.get::<Invitation>(INVITATIONS, &key)? else {
                return Ok(());
            };
            pages.put(INVITATIONS, &key, &Invitation { message: None, ..invitation })
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

    /// Forgets invitations of `threepid`: its user's homeserver has them now, or nobody was told of them. Their
    /// keys stay: homeservers ask for them when the invited joins.
    ///
    /// # Errors
    /// What the disk says.
    pub fn forget_invitations(
        &self,
        threepid: &Threepid,
        forgotten: &[Invitation],
    ) -> Result<(), StoreError> {
        let start = prefix(threepid);
        self.write(|pages| {
            for invitation in forgotten {
                let key = [&*start, invitation.token.as_bytes()].concat();
                forget(pages, &key, invitation.token.as_bytes())?;
            }
            Ok(())
        })
    }

    /// Forgets invitations that were left before `end` and nobody took up, at most `most` of them. Gives how
    /// many it looked at: where that is `most`, there may be more.
    ///
    /// # Errors
    /// What the disk says.
    pub fn expire_invitations(&self, end: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.write(|pages| {
            let due = pages.keys_before(LEFT, &end.as_millis().to_be_bytes(), most)?;
            for left in &due {
                pages.remove(LEFT, left)?;
                let token = &left[8..];
                if let Some(key) = pages.get::<Vec<u8>>(INVITED, token)? {
                    forget(pages, &key, token)?;
                }
            }
            Ok(due.len())
        })
    }

    /// Forgets keys that were made for invitations before `end`, at most `most` of them. Gives how many: where
    /// that is `most`, there may be more.
    ///
    /// # Errors
    /// What the disk says.
    pub fn expire_ephemeral_keys(&self, end: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.write(|pages| {
            let due = pages.keys_before(MADE, &end.as_millis().to_be_bytes(), most)?;
            for made in &due {
                pages.remove(MADE, made)?;
                pages.remove(EPHEMERAL, &made[8..])?;
            }
            Ok(due.len())
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

fn forget(pages: &Pages<'_>, key: &[u8], token: &[u8]) -> Result<(), StoreError> {
    pages.remove(INVITATIONS, key)?;
    pages.remove(INVITED, token)?;
    pages.remove(UNTOLD, token)?;
    Ok(())
}
