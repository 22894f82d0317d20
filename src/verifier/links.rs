//! Where the links in messages lead.

use crate::codec::{Url, percent};
use crate::store::ledger::{Invitation, InvitationMessage};
use crate::threepid::Threepid;
use crate::verification::{ClientSecret, SessionId, Token};

/// Where links in messages lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The server's own address on the Web, of which scheme, host and port count.
    pub base: Url,
    /// A Matrix client in the browser, where invitations are taken up; without, they lead nowhere.
    pub web_client: Option<Url>,
}

impl Links {
    /// The path at which another server asks to have a statement signed; below it, at the session's id and the
    /// token, that is confirmed.
    pub const COSIGN: &'static str = "/_threepid/v1/cosign";

    /// Brings a token back (Matrix specification, Identity Service API, `GET
    /// /_matrix/identity/v2/validate/email/submitToken`).
    pub(super) fn submit(&self, id: &SessionId, secret: &ClientSecret, token: &Token) -> String {
        let (secret, token) = (percent(secret.as_str()), percent(token.as_str()));
        self.own(&format!(
            "/_matrix/identity/v2/validate/email/submitToken?token={token}&client_secret={secret}&sid={id}"
        ))
    }

    /// Leads to the question whether another server is right. It is short, for an SMS.
    pub(super) fn confirm(&self, id: &SessionId, token: &Token) -> String {
        self.own(&format!("{}/{id}/{}", Self::COSIGN, token.as_str()))
    }

    /// Leads into the room, with what a client needs to prove that it got the message, as Matrix clients in
    /// browsers read it.
    pub(super) fn invite(
        &self,
        to: &Threepid,
        invitation: &Invitation,
        message: &InvitationMessage,
    ) -> Option<String> {
        let client = self.web_client.as_ref()?.to_string();
        let (token, key) = (percent(&invitation.token), percent(&message.secret_key));
        let sign = format!("/_matrix/identity/v2/sign-ed25519?token={token}&private_key={key}");
        let sign = self.own(&sign);
        let query = [
            ("email", Some(to.address())),
            ("signurl", Some(sign.as_str())),
            ("room_name", message.room_name.as_deref()),
            ("room_avatar_url", message.room_avatar.as_deref()),
            ("room_type", message.room_type.as_deref()),
            ("inviter_name", message.sender_name.as_deref()),
        ];
        let given = query.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let query: Vec<String> =
            given.map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let room = percent(&invitation.room_id);
        Some(format!("{}/#/room/{room}?{}", client.trim_end_matches('/'), query.join("&")))
    }

    fn own(&self, target: &str) -> String {
        let url = self.base.with_target(target);
        url.expect("what stands in it is escaped, and short").to_string()
    }
}
