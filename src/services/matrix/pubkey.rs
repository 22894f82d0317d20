//! `GET /v2/pubkey/{keyId}`: a key that associations are signed with.

use std::sync::Arc;

use super::{IdentityApi, Refusal, open};
use crate::codec::base64_unpadded;
use crate::signed::{KeyId, Object};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::Caller;

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.get("/_matrix/identity/v2/pubkey/{keyId}", open(api, 0, pubkey))
}

/// Older keys are told, too: what they signed still holds.
pub(super) async fn pubkey(
    api: Arc<IdentityApi>,
    _: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let id = request.parameter("keyId").parse::<KeyId>().ok();
    let key = id.and_then(|id| api.means.verifier.keys().get(&id));
    let none = || Refusal::new(StatusCode::NOT_FOUND, "M_NOT_FOUND", "there is no such key");
    let key = base64_unpadded(key.ok_or_else(none)?.octets());
    Ok(Response::object(StatusCode::OK, &Object::from_iter([("public_key", key)])))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;
    use crate::codec::base64_unpadded;

    #[tokio::test]
    async fn keys_are_told_by_their_ids() {
        let desk = Desk::new();
        for id in ["ed25519:0", "ed25519:1"] {
            let key = desk.keys.get(&id.parse().unwrap()).unwrap();
            let told = format!(r#"{{"public_key":"{}"}}"#, base64_unpadded(key.octets()));
            let path = format!("/_matrix/identity/v2/pubkey/{id}");
            assert_eq!(desk.get(&path, None).await, (200, told.clone()));
            assert_eq!(desk.get(&path.replace(':', "%3A"), None).await, (200, told));
        }
        for other in ["ed25519:2", "0", "ed448:0", "ephemeral"] {
            let (status, told) =
                desk.get(&format!("/_matrix/identity/v2/pubkey/{other}"), None).await;
            assert!(status == 404 && told.contains("M_NOT_FOUND"), "{told}");
        }
    }
}
