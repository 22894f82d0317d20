//! `POST /v2/account/register`: an access token, for who has an OpenID token of his homeserver.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, open, parameters};
use crate::crypto::OsRandom;
use crate::homeserver::Refused;
use crate::signed::{Object, ServerName};
use crate::store::ledger::AccessToken;
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::Caller;

/// How long to wait where too many homeservers are being asked.
const BUSY: Duration = Duration::from_secs(1);

/// What a homeserver gave its user (Client-Server API, "OpenID"); what else it has is not looked at.
#[derive(Deserialize)]
struct Credentials {
    access_token: String,
    matrix_server_name: String,
}

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.post("/_matrix/identity/v2/account/register", open(api, CONTENT, register))
}

/// The token is told twice: older clients know it as `access_token`.
async fn register(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: Credentials = parameters::content(&request)?;
    let server: ServerName = asked
        .matrix_server_name
        .parse()
        .map_err(|_| Refusal::invalid("matrix_server_name is no name of a server"))?;
    api.admit_asking(&caller)?;
    let now = api.means.clock.now();
    let owner = api.means.homeservers.owner(&server, &asked.access_token, caller.network);
    let mxid = owner.await?;
    let token = AccessToken::draw(&mut OsRandom);
    let (kept, most) = (token.clone(), api.settings.limits.tokens);
    api.kept(move |ledger| ledger.add_account(&kept, &mxid, now, most)).await?;
    let told = Object::from_iter([("token", token.as_str()), ("access_token", token.as_str())]);
    Ok(Response::object(StatusCode::OK, &told))
}

/// What a homeserver does not say of its user.
impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let error = refused.to_string();
        match refused {
            Refused::Busy => Self::too_often(BUSY),
            Refused::Token(_) => Self::new(StatusCode::UNAUTHORIZED, "M_UNAUTHORIZED", error),
            Refused::Foreign(_) | Refused::Unsigned | Refused::Signed(_) | Refused::Key(_) => {
                Self::forbidden(error)
            }
            Refused::Unreachable(_) | Refused::Failed { .. } | Refused::Unusable { .. } => {
                Self::unavailable(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bound;
    use super::super::testing::{Desk, member};
    use super::*;
    use crate::allowance::Rate;

    const PATH: &str = "/_matrix/identity/v2/account/register";

    fn credentials(token: &str, server: &str) -> String {
        format!(
            r#"{{"access_token":"{token}","token_type":"Bearer","matrix_server_name":"{server}","expires_in":3600}}"#
        )
    }

    #[tokio::test]
    async fn a_homeserver_says_whose_a_token_is() {
        let desk = Desk::new();
        let (status, told) =
            desk.post(PATH, None, &credentials("openid-alice", "example.org")).await;
        let token = member(&told, "token");
        assert!(status == 200 && token == member(&told, "access_token"), "{told}");
        let account = desk.get("/_matrix/identity/v2/account", Some(&token)).await;
        assert_eq!(account, (200, r#"{"user_id":"@alice:example.org"}"#.to_owned()));
        let (_, told) = desk.post(PATH, None, &credentials("openid-alice", "example.org")).await;
        assert_ne!(member(&told, "token"), token);
        for (content, status, errcode) in [
            (credentials("alice", "example.org"), 401, "M_UNAUTHORIZED"),
            (credentials("openid-alice", "example.org/x"), 400, "M_INVALID_PARAM"),
            (r#"{"matrix_server_name":"example.org"}"#.to_owned(), 400, "M_MISSING_PARAMS"),
            ("x".to_owned(), 400, "M_NOT_JSON"),
        ] {
            let (was, told) = desk.post(PATH, None, &content).await;
            assert!(was == status && told.contains(errcode), "{content}: {was} {told}");
        }
    }

    #[tokio::test]
    async fn a_network_registers_so_often() {
        let desk = Desk::with(|settings| {
            settings.limits.bounds[Bound::HomeserversPerNetwork] = Rate::per_hour(5);
        });
        let register =
            async || desk.post(PATH, None, &credentials("openid-alice", "example.org")).await;
        for _ in 0..3 {
            assert_eq!(register().await.0, 200);
        }
        let (status, told) = register().await;
        assert!(status == 429 && told.contains(r#""retry_after_ms":1200000"#), "{told}");
        desk.clock.advance(Duration::from_secs(1200));
        assert_eq!(register().await.0, 200);
    }

    #[test]
    fn what_a_homeserver_does_not_say() {
        let server: ServerName = "example.org".parse().unwrap();
        for (refused, status) in [
            (Refused::Busy, 429),
            (Refused::Token(server.clone()), 401),
            (Refused::Foreign(server.clone()), 403),
            (Refused::Unreachable(server), 503),
        ] {
            assert_eq!(Refusal::from(refused).status().as_u16(), status);
        }
    }
}
