//! `POST /v2/sign-ed25519`: an invitation is signed with the key that came with it, for clients that cannot
//! sign by themselves.

use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, open, parameters, token};
use crate::crypto::SigningKey;
use crate::signed::{KeyId, KeyName, Object};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::Caller;

/// What is asked.
#[derive(Deserialize)]
struct Asked {
    mxid: String,
    token: String,
    private_key: String,
}

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.post("/_matrix/identity/v2/sign-ed25519", open(api, CONTENT, for_invited))
}

/// Signs for users, and for who followed the link in an invitation: his client has that sign for it which
/// the link tells it, without an access token and with all in the query. Who has the invitation's token
/// needs no other.
async fn for_invited(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    if linked(&request)?.is_none() {
        token::user(&api, &request).await?;
    }
    for_all(api, caller, request).await
}

/// What the link in an invitation leads to, with the user's id added.
fn linked(request: &Request) -> Result<Option<Asked>, Refusal> {
    let value = |name| parameters::query(request, name);
    match request.query_value("private_key")? {
        None => Ok(None),
        Some(private_key) => {
            Ok(Some(Asked { mxid: value("mxid")?, token: value("token")?, private_key }))
        }
    }
}

/// Signs for everybody.
pub(super) async fn for_all(
    api: Arc<IdentityApi>,
    _: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let asked = match linked(&request)? {
        Some(asked) => asked,
        None => parameters::content(&request)?,
    };
    let Asked { mxid, token, private_key } = asked;
    let mxid = parameters::mxid(&mxid)?;
    let seed = parameters::key(&private_key)
        .ok_or_else(|| Refusal::invalid("private_key is 32 octets in unpadded base64"))?;
    let asked = token.clone();
    let invitation = api.kept(move |ledger| ledger.invitation(&asked)).await?.ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "there is no such invitation")
    })?;
    let statement = Object::from_iter([
        ("mxid", mxid.as_str()),
        ("sender", &invitation.sender),
        ("token", &token),
    ]);
    let id = KeyId::from_version("0").map_err(|_| Refusal::failed())?;
    let name = KeyName::new(api.means.verifier.keys().server().clone(), id);
    let signed = statement.sign(name, &SigningKey::from_seed(&seed));
    Ok(Response::object(StatusCode::OK, &signed.map_err(|_| Refusal::failed())?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALICE, Desk};
    use crate::codec::base64_unpadded;
    use crate::crypto::SigningKey;
    use crate::signed::{Limits, Object};
    use crate::store::ledger::Invitation;
    use crate::threepid::Threepid;

    const PATH: &str = "/_matrix/identity/v2/sign-ed25519";

    /// A service with an invitation by @baz:bar.com, and its key.
    fn invited() -> (Desk, SigningKey) {
        let (desk, key) = (Desk::new(), SigningKey::from_seed(&[7; 32]));
        let invitation = Invitation {
            token: "sometoken".to_owned(),
            sender: "@baz:bar.com".to_owned(),
            room_id: "!room:bar.com".to_owned(),
            ephemeral_key: base64_unpadded(key.public().octets()),
            since: 0,
            message: None,
        };
        let foo = Threepid::parse_any("foo@example.com", None).unwrap();
        desk.ledger.add_invitation(&foo, &invitation).unwrap();
        (desk, key)
    }

    fn is_signed(told: &str, key: &SigningKey) -> bool {
        let signed = Object::parse(told.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(signed.string("sender"), Some("@baz:bar.com"));
        assert_eq!(signed.string("mxid"), Some("@foo:bar.com"));
        let (name, signature) = signed
            .signatures()
            .map(|all| {
                let (name, signature) = all.iter().next().unwrap();
                (name.to_string(), *signature)
            })
            .unwrap();
        assert_eq!(name, "id.example.org ed25519:0");
        key.public().verify(&signed.signed_octets(), &signature).is_ok()
    }

    #[tokio::test]
    async fn invitations_are_signed_for_users() {
        let (desk, key) = invited();
        let alice = desk.register(ALICE);
        let seed = base64_unpadded(&*key.seed());
        let ask = async |token: Option<&str>, invitation: &str, seed: &str| {
            let content = format!(
                r#"{{"mxid":"@foo:bar.com","token":"{invitation}","private_key":"{seed}"}}"#
            );
            desk.post(PATH, token, &content).await
        };
        let (status, told) = ask(Some(&alice), "sometoken", &seed).await;
        assert!(status == 200 && is_signed(&told, &key), "{told}");
        assert_eq!(ask(None, "sometoken", &seed).await.0, 401);
        let (status, told) = ask(Some(&alice), "other", &seed).await;
        assert!(status == 404 && told.contains("M_UNRECOGNIZED"), "{told}");
        assert_eq!(ask(Some(&alice), "sometoken", "base64encodedkey").await.0, 400);
    }

    #[tokio::test]
    async fn the_link_in_an_invitation_is_signed_for_who_has_it() {
        let (desk, key) = invited();
        let seed = crate::codec::percent(&base64_unpadded(&*key.seed()));
        let link = format!("{PATH}?token=sometoken&private_key={seed}");
        let (status, told) =
            desk.post(&format!("{link}&mxid=%40foo%3Abar.com"), None, "null").await;
        assert!(status == 200 && is_signed(&told, &key), "{told}");
        assert_eq!(desk.post(&link, None, "null").await.0, 400, "nobody is to be invited");
        let other = link.replace("sometoken", "other");
        assert_eq!(desk.post(&format!("{other}&mxid=@foo:bar.com"), None, "null").await.0, 404);
    }
}
