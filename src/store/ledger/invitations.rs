//! Invitations of people who have no Matrix user yet.

use std::cmp::Reverse;
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
    /// What type it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_type: Option<String>,
    /// Where its avatar is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_avatar: Option<String>,
    /// The secret part of the key that was made for it, in unpadded base64: nobody else has it.
    pub secret_key: String,
}

/// Without the key.
impl fmt::Debug for InvitationMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationMessage(..)")
    }
}

/// How many invitations wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationLimits {
    /// At one address: 50.
    pub at_address: usize,
    /// Of one sender at one address: 5.
    pub of_sender: usize,
}

impl Default for InvitationLimits {
    fn default() -> Self {
        Self { at_address: 50, of_sender: 5 }
    }
}

impl InvitationLimits {
    /// The one that gives way, where there are too many: the oldest of a sender who has too many. Where all
    /// together are, it is one of the homeserver that has most of them, as whoever runs one has as many users as
    /// he likes; there, the oldest of the sender who has most.
    fn surplus<'i>(&self, waiting: &'i [Invitation]) -> Option<&'i Invitation> {
        let of = |sender: &str| waiting.iter().filter(|other| other.sender == sender).count();
        let from = |server: &str| {
            waiting.iter().filter(|other| server_of(&other.sender) == server).count()
        };
        let age = |invitation: &Invitation| Reverse(invitation.since);
        let is_full = waiting.len() > self.at_address;
        let too_many = waiting.iter().filter(|it| of(&it.sender) > self.of_sender);
        too_many.max_by_key(|it| age(it)).or_else(|| {
            let share = |it: &&Invitation| (from(server_of(&it.sender)), of(&it.sender), age(it));
            waiting.iter().filter(|_| is_full).max_by_key(share)
        })
    }
}

impl Ledger {
    /// Keeps an invitation of `threepid`, and its key.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add_invitation(
        &self,
        threepid: &Threepid,
        invitation: &Invitation,
    ) -> Result<(), StoreError> {
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
            Ok(())
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

    /// Takes note that the message of an invitation went out. What it told is forgotten, and where more wait at
    /// its address than may, others give way to it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn tell_invitation(
        &self,
        token: &str,
        limits: &InvitationLimits,
    ) -> Result<(), StoreError> {
        self.write(|pages| {
            pages.remove(UNTOLD, token.as_bytes())?;
            let Some(key) = pages.get::<Vec<u8>>(INVITED, token.as_bytes())? else { return Ok(()) };
            let Some(invitation) = pages.get::<Invitation>(INVITATIONS, &key)? else {
                return Ok(());
            };
            pages.put(INVITATIONS, &key, &Invitation { message: None, ..invitation })?;
            make_room(pages, &prefix(&threepid_of(&key)?), limits)
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

/// Has those at an address give way that are too many.
fn make_room(pages: &Pages<'_>, start: &[u8], limits: &InvitationLimits) -> Result<(), StoreError> {
    let keys = pages.keys_below(INVITATIONS, start)?;
    let waiting = keys.iter().filter_map(|key| pages.get(INVITATIONS, key).transpose());
    let mut waiting = waiting.collect::<Result<Vec<Invitation>, StoreError>>()?;
    while let Some(surplus) = limits.surplus(&waiting).cloned() {
        let token = surplus.token.as_bytes();
        forget(pages, &[start, token].concat(), token)?;
        waiting.retain(|other| *other != surplus);
    }
    Ok(())
}

/// The server of a user.
fn server_of(sender: &str) -> &str {
    sender.split_once(':').map_or(sender, |(_, server)| server)
}
