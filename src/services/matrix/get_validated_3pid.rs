//! `GET /v2/3pid/getValidated3pid`: what a session has proved.

use std::sync::Arc;

use super::{IdentityApi, Refusal, for_users, parameters};
use crate::signed::{Json, Object};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verification::SessionId;
use crate::verifier::Caller;

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    let path = "/_matrix/identity/v2/3pid/getValidated3pid";
    router.get(path, for_users(api, 0, get_validated_3pid))
}

pub(super) async fn get_validated_3pid(
    api: Arc<IdentityApi>,
    _: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let client_secret = parameters::query(&request, "client_secret")?.parse()?;
    let sid: SessionId = parameters::query(&request, "sid")?.parse()?;
    let (threepid, at) = api.means.verifier.validated(&sid, &client_secret).await?;
    let told = Object::from_iter([
        ("medium", Json::from(threepid.medium().as_str())),
        ("address", threepid.address().into()),
        ("validated_at", Json::saturating(at.as_millis())),
    ]);
    Ok(Response::object(StatusCode::OK, &told))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALICE, Desk};

    async fn ask(desk: &Desk, token: Option<&str>, sid: &str, secret: &str) -> (u16, String) {
        let path = "/_matrix/identity/v2/3pid/getValidated3pid";
        desk.get(&format!("{path}?sid={sid}&client_secret={secret}"), token).await
    }

    #[tokio::test]
    async fn who_has_the_secret_is_told_what_was_proved() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let open = desk.open_session(&alice, "louise@bobs.burgers", "open").await;
        let sid = desk.proved_session(&alice, "Louise@bobs.burgers", "monkeys").await;
        let told =
            r#"{"address":"louise@bobs.burgers","medium":"email","validated_at":1790000000000}"#;
        assert_eq!(ask(&desk, Some(&alice), &sid, "monkeys").await, (200, told.to_owned()));
        for (sid, secret, status, errcode) in [
            (open.as_str(), "open", 400, "M_SESSION_NOT_VALIDATED"),
            (&sid, "open", 404, "M_NO_VALID_SESSION"),
            ("1234", "monkeys", 404, "M_NO_VALID_SESSION"),
            ("a%2Fb", "monkeys", 404, "M_NO_VALID_SESSION"),
            (&sid, "a%2Fb", 400, "M_INVALID_PARAM"),
        ] {
            let (was, told) = ask(&desk, Some(&alice), sid, secret).await;
            assert!(was == status && told.contains(errcode), "{sid} {secret}: {was} {told}");
        }
        assert_eq!(ask(&desk, None, &sid, "monkeys").await.0, 401);
        desk.clock.advance(std::time::Duration::from_secs(24 * 3600));
        let (status, told) = ask(&desk, Some(&alice), &sid, "monkeys").await;
        assert!(status == 400 && told.contains("M_SESSION_EXPIRED"), "{told}");
    }
}
