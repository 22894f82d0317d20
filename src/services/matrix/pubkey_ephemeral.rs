//! `GET /v2/pubkey/ephemeral/isvalid`: whether a key was made for an invitation here.

use std::sync::Arc;

use super::{IdentityApi, Refusal, open, parameters, validity};
use crate::transport::http::{Request, Response, Router};
use crate::verifier::Caller;

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.get("/_matrix/identity/v2/pubkey/ephemeral/isvalid", open(api, 0, is_valid))
}

/// The key has to be written as it was given out.
pub(super) async fn is_valid(
    api: Arc<IdentityApi>,
    _: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let key = parameters::query(&request, "public_key")?;
    Ok(validity(api.kept(move |ledger| ledger.is_ephemeral(&key)).await?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;
    use crate::store::ledger::Invitation;
    use crate::threepid::Threepid;

    #[tokio::test]
    async fn keys_of_invitations_are_valid() {
        let desk = Desk::new();
        let ask = async |query: &str| {
            let path = format!("/_matrix/identity/v2/pubkey/ephemeral/isvalid{query}");
            desk.get(&path, None).await
        };
        let invitation = Invitation {
            token: "t".to_owned(),
            sender: "@bob:example.com".to_owned(),
            room_id: "!room:example.com".to_owned(),
            ephemeral_key: "a+b/c".to_owned(),
            since: 0,
            message: None,
        };
        let alice = Threepid::parse_any("alice@example.com", None).unwrap();
        desk.ledger.add_invitation(&alice, &invitation).unwrap();
        let valid = |is| (200, format!(r#"{{"valid":{is}}}"#));
        assert_eq!(ask("?public_key=a%2Bb%2Fc").await, valid(true));
        assert_eq!(ask("?public_key=a+b/c").await, valid(true), "a plus that was not escaped");
        assert_eq!(ask("?public_key=a-b_c").await, valid(false));
        let (status, told) = ask("").await;
        assert!(status == 400 && told.contains("M_MISSING_PARAMS"), "{told}");
    }
}
