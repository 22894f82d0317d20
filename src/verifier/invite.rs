//! Invitations to people who have no Matrix user yet (Matrix specification, Identity Service API, "Invitation
//! storage").
//!
//! An invitation waits until somebody binds the address it was sent to. Then his homeserver is told: what it
//! gets is signed with the key that the room was told of, so that whoever binds the address, and nobody else,
//! can take it up.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::bounds::Asker;
use super::chores::Tried;
use super::work::to_the_end;
use super::{Caller, Refused, Verifier};
use crate::association::Mxid;
use crate::codec::{base64_unpadded, hex};
use crate::crypto::{OsRandom, PublicKey, Random, SigningKey};
use crate::signed::{Json, Object, SignedError};
use crate::store::ledger::{Chore, Invitation, InvitationMessage};
use crate::threepid::{Medium, Threepid};
use crate::verification::{Errand, Message, Room};

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
    /// What is told of that.
    pub room: Room,
}

/// An invitation that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// What tells it from others.
    pub token: String,
    /// The address, as much of it as others in the room may see.
    pub display_name: String,
    /// The key that the server signs with that it is whoever binds the address who was invited.
    pub server_key: PublicKey,
    /// The key that was made for it alone; its secret part is in the message, and nowhere else.
    pub ephemeral_key: PublicKey,
}

impl Verifier {
    /// Keeps an invitation until somebody binds the address, and sends a message that tells of it.
    ///
    /// It is counted before anything is looked up, so that nobody learns whose many addresses are. Where too many
    /// wait at an address once its message is out, another one gives way.
    ///
    /// # Errors
    /// [`Refused::InUse`] where it belongs to somebody, who can be invited directly;
    /// [`Refused::OutOfScope`], [`Refused::TooOften`], [`Refused::Undeliverable`],
    /// [`Refused::NotSent`], [`Refused::Undetermined`], [`Refused::Unavailable`].
    pub async fn invite(
        self: &Arc<Self>,
        invite: Invite,
        caller: &Caller,
    ) -> Result<Invited, Refused> {
        self.permitted(&invite.threepid)?;
        self.can_send(&invite.threepid)?;
        let asker = Asker::of(caller);
        self.gates.message(&invite.threepid, (&asker, caller.network), self.now())?;
        let verifier = self.clone();
        to_the_end(async move {
            let threepid = invite.threepid.clone();
            let (invitation, ephemeral_key) = verifier.keep_invitation(invite).await?;
            verifier.tell_of(&threepid, &invitation).await?;
            Ok(Invited {
                token: invitation.token,
                display_name: redacted(&threepid),
                server_key: verifier.keys().current().1,
                ephemeral_key,
            })
        })
        .await
    }

    async fn keep_invitation(&self, invite: Invite) -> Result<(Invitation, PublicKey), Refused> {
        let threepid = invite.threepid.clone();
        let _turn = self.statements.of(&threepid).await;
        if let Some(owner) = self.standing(&threepid).await?.owner(self.now()) {
            return Err(Refused::InUse(owner.clone()));
        }
        let key = SigningKey::generate(&mut OsRandom);
        let invitation = self.invitation(invite, &key);
        let kept = invitation.clone();
        self.ledger(move |ledger| ledger.add_invitation(&threepid, &kept)).await?;
        Ok((invitation, key.public()))
    }

    fn invitation(&self, invite: Invite, key: &SigningKey) -> Invitation {
        let mut token = Zeroizing::new([0; 32]);
        OsRandom.fill(&mut *token);
        Invitation {
            token: hex(&*token),
            sender: invite.sender.to_string(),
            room_id: invite.room_id,
            ephemeral_key: base64_unpadded(key.public().octets()),
            since: self.now().as_millis(),
            message: Some(InvitationMessage {
                sender_name: invite.sender_name,
                room_name: invite.room.name,
                room_type: invite.room.room_type,
                room_avatar: invite.room.avatar,
                secret_key: base64_unpadded(key.seed().as_ref()),
            }),
        }
    }

    /// Sends the message of an invitation. One that nobody was told of does not wait.
    async fn tell_of(&self, threepid: &Threepid, invitation: &Invitation) -> Result<(), Refused> {
        let Some(message) = self.letter(threepid, invitation) else { return Ok(()) };
        let sent = self.send(&message).await;
        let (threepid, invitation) = (threepid.clone(), invitation.clone());
        let (is_sent, limits) = (sent.is_ok(), self.settings.limits.invitations.clone());
        self.ledger(move |ledger| match is_sent {
            true => ledger.tell_invitation(&invitation.token, &limits),
            false => ledger.forget_invitations(&threepid, &[invitation]),
        })
        .await?;
        sent
    }

    fn letter(&self, to: &Threepid, invitation: &Invitation) -> Option<Message> {
        let message = invitation.message.as_ref()?;
        let sender = message.sender_name.clone().unwrap_or_else(|| invitation.sender.clone());
        let link = self.settings.links.invite(to, invitation, message);
        let room = Room {
            name: message.room_name.clone(),
            room_type: message.room_type.clone(),
            avatar: message.room_avatar.clone(),
        };
        let errand = Errand::Invite { sender, room, link };
        Some(Message { to: to.clone(), errand })
    }

    /// Sends the messages of invitations that were due when the process ended last.
    pub(super) async fn tell_of_invitations(&self) -> Result<(), Refused> {
        for (threepid, invitation) in
            self.ledger(|ledger| ledger.untold_invitations(usize::MAX)).await?
        {
            // Its homeserver was not answered, and has no room that waits for it: what fails is forgotten.
            let _ = self.tell_of(&threepid, &invitation).await;
        }
        Ok(())
    }

    /// Tells the homeserver of a user what waited at the address that was bound to him.
    pub(super) async fn tell(&self, chore: &Chore) -> Result<Tried, Refused> {
        let Some(mxid) = chore.statement.claim().mxid() else { return Ok(Tried::Done) };
        let (threepid, most) =
            (chore.threepid.clone(), self.settings.limits.invitations.at_address);
        let waiting = self.ledger(move |ledger| ledger.invitations(&threepid, most)).await?;
        if waiting.is_empty() {
            return Ok(Tried::Done);
        }
        let content = self.onbind(&chore.threepid, mxid, &waiting).map_err(|error| {
            tracing::error!(%error, "an invitation cannot be signed");
            Refused::Unavailable
        })?;
        let server = mxid.server();
        if let Err(error) = self.means.homeservers.onbind(&server, &content).await {
            tracing::warn!(%server, ?error, "a homeserver was not told of invitations");
            return Ok(error.into());
        }
        let threepid = chore.threepid.clone();
        self.ledger(move |ledger| ledger.forget_invitations(&threepid, &waiting)).await?;
        Ok(Tried::Done)
    }

    /// What a homeserver is told: the content of `/_matrix/federation/v1/3pid/onbind`, which is signed as each
    /// invitation in it is.
    fn onbind(
        &self,
        threepid: &Threepid,
        mxid: &Mxid,
        waiting: &[Invitation],
    ) -> Result<Object, SignedError> {
        let (medium, address) = (threepid.medium().as_str(), threepid.address());
        let about = [("medium", medium), ("address", address), ("mxid", mxid.as_str())];
        let invite = |invitation: &Invitation| {
            let (token, mxid) = (invitation.token.as_str(), mxid.as_str());
            let signed = Object::from_iter([("mxid", mxid), ("token", token)]);
            let mut invite = Object::from_iter(about);
            invite.insert("room_id", invitation.room_id.as_str());
            invite.insert("sender", invitation.sender.as_str());
            invite.insert("signed", Json::Object(self.keys().sign_with_all(signed)?));
            Ok(Json::Object(invite))
        };
        let invites: Result<Vec<Json>, SignedError> = waiting.iter().map(invite).collect();
        let mut content = Object::from_iter(about);
        content.insert("invites", Json::Array(invites?));
        self.keys().sign_with_all(content)
    }
}

/// An address, as much of it as strangers may see: where it begins, and where its domain does.
fn redacted(threepid: &Threepid) -> String {
    let start = |text: &str, length| text.chars().take(length).collect::<String>();
    let address = threepid.address();
    match (threepid.medium(), address.split_once('@')) {
        (Medium::Email, Some((local, domain))) => {
            format!("{}...@{}...", start(local, 1), start(domain, 1))
        }
        _ => format!("{}...", start(address, 3)),
    }
}
