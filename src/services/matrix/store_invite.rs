//! `POST /v2/store-invite`: an invitation waits until somebody binds the address, and a mail tells of it.

use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, for_users, parameters, refusal};
use crate::codec::base64_unpadded;
use crate::crypto::PublicKey;
use crate::signed::{Json, Object};
use crate::threepid::{Medium, Threepid};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verification::Room;
use crate::verifier::{Caller, Invite, Invited};

/// The longest room id, in octets (Matrix specification, appendix on identifiers).
const MAX_ROOM_ID: usize = 255;

/// The longest name of a user or a room that is put into a mail, in characters. Anybody writes there to
/// anybody: what is longer is a letter.
const MAX_NAME: usize = 60;

/// What is asked.
#[derive(Deserialize)]
struct Asked {
    medium: String,
    address: String,
    room_id: String,
    sender: String,
    room_name: Option<String>,
    room_alias: Option<String>,
    room_avatar_url: Option<String>,
    room_type: Option<String>,
    sender_display_name: Option<String>,
}

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.post("/_matrix/identity/v2/store-invite", for_users(api, CONTENT, store_invite))
}

/// A user invites in his own name alone.
pub(super) async fn store_invite(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: Asked = parameters::content(&request)?;
    let invite = read(asked)?;
    parameters::is_own(&caller, &invite.sender)?;
    let invited = api.means.verifier.invite(invite, &caller).await.map_err(refusal::of_mail)?;
    Ok(Response::object(StatusCode::OK, &told(&api, invited)))
}

fn read(asked: Asked) -> Result<Invite, Refusal> {
    let bad = |errcode, error| Refusal::new(StatusCode::BAD_REQUEST, errcode, error);
    if asked.medium != Medium::Email.as_str() {
        return Err(bad("M_UNRECOGNIZED", "invitations are sent by mail: the medium is email"));
    }
    let threepid = Threepid::parse(Medium::Email, &asked.address, None)
        .map_err(|_| bad("M_INVALID_EMAIL", "the email address is not valid"))?;
    if !asked.room_id.starts_with('!') || asked.room_id.len() > MAX_ROOM_ID {
        return Err(Refusal::invalid("room_id is no id of a room"));
    }
    Ok(Invite {
        threepid,
        room_id: asked.room_id,
        sender: parameters::mxid(&asked.sender)?,
        sender_name: asked.sender_display_name.and_then(name),
        room: Room {
            name: asked.room_name.and_then(name).or(asked.room_alias.and_then(name)),
            room_type: asked.room_type.filter(|kind| is_type(kind)),
            avatar: asked.room_avatar_url.filter(|url| is_avatar(url)),
        },
    })
}

/// Whether this may be the type of a room: an identifier, and no text for people.
fn is_type(text: &str) -> bool {
    let is_known = |octet: u8| octet.is_ascii_alphanumeric() || b"._-".contains(&octet);
    (1..=MAX_ROOM_ID).contains(&text.len()) && text.bytes().all(is_known)
}

/// Whether this is where media are: anybody writes there, and it is no link to elsewhere.
fn is_avatar(text: &str) -> bool {
    let is_graphic = text.bytes().all(|octet| octet.is_ascii_graphic());
    text.starts_with("mxc://") && text.len() <= MAX_ROOM_ID && is_graphic
}

/// A name on one line, cut where it is too long; none where it says nothing.
fn name(text: String) -> Option<String> {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    let start: String = line.chars().take(MAX_NAME).collect();
    match line.chars().count() {
        0 => None,
        length if length > MAX_NAME => Some(format!("{start}…")),
        _ => Some(start),
    }
}

/// What the inviting homeserver puts into the room's state. `public_key` is what older ones read.
fn told(api: &IdentityApi, invited: Invited) -> Object {
    let key = |key: &PublicKey, path| {
        let url = api.settings.url(path);
        let members = [("public_key", base64_unpadded(key.octets())), ("key_validity_url", url)];
        Json::Object(Object::from_iter(members))
    };
    let keys = vec![
        key(&invited.server_key, "/_matrix/identity/v2/pubkey/isvalid"),
        key(&invited.ephemeral_key, "/_matrix/identity/v2/pubkey/ephemeral/isvalid"),
    ];
    Object::from_iter([
        ("token", Json::from(invited.token)),
        ("public_key", base64_unpadded(invited.server_key.octets()).into()),
        ("public_keys", Json::Array(keys)),
        ("display_name", invited.display_name.into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALICE, Desk, member};
    use super::*;
    use crate::codec::percent;
    use crate::verification::Errand;

    const PATH: &str = "/_matrix/identity/v2/store-invite";
    /// The specification's example.
    const INVITE: &str = r##"{"medium":"email","address":"foo@example.com","room_id":"!something:example.org","sender":"@bob:example.com","room_alias":"#somewhere:example.org","room_avatar_url":"mxc://example.org/s0meM3dia","room_join_rules":"public","room_name":"Bob's Emporium of Messages","sender_display_name":"Bob Smith","sender_avatar_url":"mxc://example.org/an0th3rM3dia","room_type":"m.space"}"##;

    #[tokio::test]
    async fn what_is_no_invitation_is_refused() {
        let desk = Desk::new();
        let bob = desk.register("@bob:example.com");
        for (old, new, status, errcode) in [
            ("email", "msisdn", 400, "M_UNRECOGNIZED"),
            ("foo@example.com", "foo", 400, "M_INVALID_EMAIL"),
            ("!something", "something", 400, "M_INVALID_PARAM"),
            ("@bob:", "bob:", 400, "M_INVALID_PARAM"),
            ("@bob:", "@alice:", 403, "M_UNAUTHORIZED"),
            ("\"sender\"", "\"from\"", 400, "M_MISSING_PARAMS"),
        ] {
            let (was, told) = desk.post(PATH, Some(&bob), &INVITE.replacen(old, new, 1)).await;
            assert!(was == status && told.contains(errcode), "{new}: {was} {told}");
        }
    }

    #[test]
    fn names_are_short() {
        let named = |text: &str| name(text.to_owned());
        assert_eq!(named("Bob Smith").as_deref(), Some("Bob Smith"));
        assert_eq!(named(" \n"), None);
        assert_eq!(named("a\r\nb").as_deref(), Some("a  b"));
        let long = named(&"é".repeat(61)).unwrap();
        assert!(long.chars().count() == 61 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn what_is_no_type_and_no_avatar_is_left_out() {
        assert!(is_type("m.space") && is_avatar("mxc://example.org/s0meM3dia"));
        let long = "a".repeat(256);
        for bad in ["", "a space", "<b>", &long] {
            assert!(!is_type(bad), "{bad}");
        }
        let long = format!("mxc://{long}");
        for bad in ["https://example.org/a", "mxc://a/b c", "mxc://a/\u{e9}", &long] {
            assert!(!is_avatar(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn an_invitation_waits_with_keys_that_are_valid() {
        let desk = Desk::new();
        let bob = desk.register("@bob:example.com");
        let (status, told) = desk.post(PATH, Some(&bob), INVITE).await;
        assert_eq!((status, member(&told, "display_name").as_str()), (200, "f...@e..."), "{told}");
        let invitation = desk.ledger.invitation(&member(&told, "token")).unwrap().unwrap();
        assert_eq!((invitation.sender.as_str(), desk.messages()), ("@bob:example.com", 1));
        let Some(Errand::Invite { room, .. }) = desk.last_errand() else { panic!() };
        let text = |text: &str| Some(text.to_owned());
        let (name, avatar) =
            (text("Bob's Emporium of Messages"), text("mxc://example.org/s0meM3dia"));
        assert_eq!(room, Room { name, room_type: text("m.space"), avatar });
        let answer: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(answer["public_key"], answer["public_keys"][0]["public_key"]);
        for key in answer["public_keys"].as_array().unwrap() {
            let (url, key) = (&key["key_validity_url"], key["public_key"].as_str().unwrap());
            let path = url.as_str().unwrap().strip_prefix("https://id.example.org").unwrap();
            let (_, told) = desk.get(&format!("{path}?public_key={}", percent(key)), None).await;
            assert_eq!(told, r#"{"valid":true}"#, "{url}");
        }
    }

    #[tokio::test]
    async fn whose_address_it_is_can_be_invited_himself() {
        let desk = Desk::new();
        let (alice, bob) = (desk.register(ALICE), desk.register("@bob:example.com"));
        let sid = desk.proved_session(&alice, "foo@example.com", "monkeys").await;
        let content = Desk::proof(&sid, "monkeys", r#","mxid":"@alice:example.org""#);
        desk.post("/_matrix/identity/v2/3pid/bind", Some(&alice), &content).await;
        let (status, told) = desk.post(PATH, Some(&bob), INVITE).await;
        assert_eq!((status, member(&told, "mxid").as_str()), (400, ALICE));
        assert_eq!(member(&told, "errcode"), "M_THREEPID_IN_USE");
    }
}
