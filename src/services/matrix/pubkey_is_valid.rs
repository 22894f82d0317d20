//! `GET /v2/pubkey/isvalid`: whether associations and invitations are signed with a key.

use std::sync::Arc;

use super::{IdentityApi, Refusal, open, parameters, validity};
use crate::crypto::PublicKey;
use crate::transport::http::{Request, Response, Router};
use crate::verifier::Caller;

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.get("/_matrix/identity/v2/pubkey/isvalid", open(api, 0, is_valid))
}

/// Older keys are valid, too.
pub(super) async fn is_valid(
    api: Arc<IdentityApi>,
    _: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let text = parameters::query(&request, "public_key")?;
    let key = parameters::key(&text).and_then(|octets| PublicKey::from_octets(&octets).ok());
    Ok(validity(key.is_some_and(|key| api.means.verifier.keys().has(&key))))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;
    use crate::codec::{base64_unpadded, percent};

    #[tokio::test]
    async fn keys_that_sign_and_signed_are_valid() {
        let desk = Desk::new();
        let ask = async |query: &str| {
            desk.get(&format!("/_matrix/identity/v2/pubkey/isvalid{query}"), None).await
        };
        let valid = |is| (200, format!(r#"{{"valid":{is}}}"#));
        for id in ["ed25519:0", "ed25519:1"] {
            let key = base64_unpadded(desk.keys.get(&id.parse().unwrap()).unwrap().octets());
            let escaped = percent(&key);
            assert_eq!(ask(&format!("?public_key={escaped}")).await, valid(true));
            assert_eq!(ask(&format!("?public_key={key}")).await, valid(true));
        }
        let other = "?public_key=VXuGitF39UH5iRfvbIknlvlAVKgD1BsLDMvBf0pmp7c";
        assert_eq!(ask(other).await, valid(false));
        assert_eq!(ask("?public_key=none").await, valid(false));
        let (status, told) = ask("").await;
        assert!(status == 400 && told.contains("M_MISSING_PARAMS"), "{told}");
    }
}
