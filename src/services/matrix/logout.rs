//! `POST /v2/account/logout`: an access token ends.

use std::sync::Arc;

use super::{CONTENT, IdentityApi, Refusal, done, open, token};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::Caller;

/// `router` with the endpoint. Nobody has to agree to anything to leave; the content is not looked at.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.post("/_matrix/identity/v2/account/logout", open(api, CONTENT, logout))
}

async fn logout(api: Arc<IdentityApi>, _: Caller, request: Request) -> Result<Response, Refusal> {
    let token = token::of(&request)?;
    token::holder(&api, &request).await.map_err(unknown)?;
    match api.kept(move |ledger| ledger.remove_account(&token)).await? {
        true => Ok(done()),
        false => Err(unknown(Refusal::unauthorized())),
    }
}

/// A token that is nobody's has a code of its own here, and nowhere else.
fn unknown(refusal: Refusal) -> Refusal {
    match refusal.status() {
        status @ StatusCode::UNAUTHORIZED => {
            Refusal::new(status, "M_UNKNOWN_TOKEN", "the access token is nobody's")
        }
        _ => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;

    const PATH: &str = "/_matrix/identity/v2/account/logout";

    #[tokio::test]
    async fn a_token_ends_and_others_stay() {
        let desk = Desk::with_terms();
        let [one, other] = [(); 2].map(|()| desk.register("@alice:example.org"));
        assert_eq!(desk.post(PATH, Some(&one), "").await, (200, "{}".to_owned()));
        let (status, told) = desk.post(PATH, Some(&one), "{}").await;
        assert!(status == 401 && told.contains("M_UNKNOWN_TOKEN"), "{told}");
        assert_eq!(desk.post(PATH, Some(&other), "{}").await.0, 200);
        let (status, told) = desk.post(PATH, None, "{}").await;
        assert!(status == 401 && told.contains("M_UNAUTHORIZED"), "{told}");
    }
}
