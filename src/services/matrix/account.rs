//! `GET /v2/account`: whose an access token is.

use std::sync::Arc;

use super::{IdentityApi, Refusal, for_users};
use crate::signed::Object;
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::Caller;

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.get("/_matrix/identity/v2/account", for_users(api, 0, account))
}

async fn account(_: Arc<IdentityApi>, user: Caller, _: Request) -> Result<Response, Refusal> {
    let mxid = user.mxid.ok_or_else(Refusal::unauthorized)?;
    Ok(Response::object(StatusCode::OK, &Object::from_iter([("user_id", mxid.as_str())])))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;
    use std::time::Duration;

    #[tokio::test]
    async fn the_owner_of_a_token_is_told() {
        let desk = Desk::new();
        let token = desk.register("@alice:example.org");
        let (path, told) = ("/_matrix/identity/v2/account", r#"{"user_id":"@alice:example.org"}"#);
        assert_eq!(desk.get(path, Some(&token)).await, (200, told.to_owned()));
        let query = format!("{path}?access_token={token}");
        assert_eq!(desk.get(&query, None).await, (200, told.to_owned()), "as it was");
        for (path, token) in [(path, None), (path, Some("other")), (&query, Some(&*token))] {
            let (status, told) = desk.get(path, token).await;
            assert!(status == 401 && told.contains("M_UNAUTHORIZED"), "{status} {told}");
        }
        desk.clock.advance(Duration::from_secs(30 * 24 * 3600));
        assert_eq!(desk.get(path, Some(&token)).await.0, 401, "it was idle");
    }
}
