//! Invitations to people who have no Matrix user yet (Matrix specification, Identity Service API, "Invitation
//! storage").

use crate::association::Mxid;
use crate::crypto::PublicKey;
use crate::threepid::Threepid;

/// An invitation into a room.
#[derive(Debug, Clone)]
pub struct Invite {
    /// To whom.
    pub threepid: Threepid,
    /// Into which room.
    pub room_id: String,
    /// Who invites.
    pub sender: Mxid,
    /// What the one who invites is called.
    pub sender_name: Option<String>,
    /// What the room is called.
    pub room_name: Option<String>,
}

/// An invitation that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// What tells it from others.
    pub token: String,
    /// The address, as much of it as others in the room may see.
    pub display_name: String,
    /// The key that the server signs with, that it is whoever binds the address who was invited.
    pub server_key: PublicKey,
    /// The key that was made for it alone; its secret part is in the message.
    pub ephemeral_key: PublicKey,
}
