//! `POST /v2/3pid/bind`: what a session has proved belongs to a user, signed and published.

use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, for_users, parameters};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verification::SessionId;
use crate::verifier::Caller;

/// What is asked.
#[derive(Deserialize)]
struct Asked {
    sid: String,
    client_secret: String,
    mxid: String,
}

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.post("/_matrix/identity/v2/3pid/bind", for_users(api, CONTENT, bind))
}

/// A user binds to himself alone. Who is known by no account may bind to anybody: that is version 1.
pub(super) async fn bind(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: Asked = parameters::content(&request)?;
    let (client_secret, mxid) = (asked.client_secret.parse()?, parameters::mxid(&asked.mxid)?);
    parameters::is_own(&caller, &mxid)?;
    let sid: SessionId = asked.sid.parse()?;
    let signed = api.means.verifier.bind(&sid, &client_secret, &mxid, &caller).await?;
    Ok(Response::json(StatusCode::OK, signed))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALICE, Desk};
    use crate::association::Statement;
    use crate::stub::publish::EntryId;

    const PATH: &str = "/_matrix/identity/v2/3pid/bind";

    #[tokio::test]
    async fn a_user_binds_to_nobody_else() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let content =
            r#"{"sid":"1234","client_secret":"monkeys_are_GREAT","mxid":"@bob:example.org"}"#;
        let (status, told) = desk.post(PATH, Some(&alice), content).await;
        assert!(status == 403 && told.contains("M_UNAUTHORIZED"), "{told}");
        assert_eq!(desk.post(PATH, None, content).await.0, 401);
    }

    #[tokio::test]
    async fn what_is_bound_is_signed_and_on_its_way() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let sid = desk.proved_session(&alice, "Louise@bobs.burgers", "monkeys").await;
        let content = Desk::proof(&sid, "monkeys", r#","mxid":"@alice:example.org""#);
        let (status, told) = desk.post(PATH, Some(&alice), &content).await;
        assert_eq!(status, 200, "{told}");
        let (threepid, statement) = Statement::from_json(told.as_bytes()).unwrap();
        assert_eq!(threepid.address(), "louise@bobs.burgers");
        let name = desk.keys.name();
        assert_eq!(statement.verify(&threepid, &name, &desk.keys.current().1), Ok(()));
        let waiting = desk.outbox.find(&EntryId::of(&threepid)).unwrap().unwrap();
        assert_eq!(waiting.statement, statement);
    }

    #[tokio::test]
    async fn a_session_has_to_prove_something() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let open = desk.open_session(&alice, "louise@bobs.burgers", "monkeys").await;
        for (sid, status, errcode) in
            [(open.as_str(), 400, "M_SESSION_NOT_VALIDATED"), ("1234", 404, "M_NO_VALID_SESSION")]
        {
            let content = Desk::proof(sid, "monkeys", r#","mxid":"@alice:example.org""#);
            let (was, told) = desk.post(PATH, Some(&alice), &content).await;
            assert!(was == status && told.contains(errcode), "{was} {told}");
        }
    }
}
