//! `POST /v2/validate/email/requestToken`: a mail with a token goes out.

use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, for_users, parameters, refusal};
use crate::signed::Object;
use crate::threepid::{Medium, Threepid};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::{Caller, Wanted};

/// What is asked.
#[derive(Deserialize)]
struct Asked {
    client_secret: String,
    email: String,
    #[serde(deserialize_with = "parameters::number")]
    send_attempt: u64,
    next_link: Option<String>,
}

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    let path = "/_matrix/identity/v2/validate/email/requestToken";
    router.post(path, for_users(api, CONTENT, request_token))
}

pub(super) async fn request_token(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: Asked = parameters::content(&request)?;
    let threepid = Threepid::parse(Medium::Email, &asked.email, None).map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "M_INVALID_EMAIL", "the email address is not valid")
    })?;
    let wanted = Wanted {
        threepid,
        client_secret: asked.client_secret.parse()?,
        send_attempt: asked.send_attempt,
        next_link: asked.next_link.map(|link| api.settings.next_links.check(link)).transpose()?,
    };
    let sid = api.means.verifier.request_token(wanted, &caller).await.map_err(refusal::of_mail)?;
    Ok(Response::object(StatusCode::OK, &Object::from_iter([("sid", sid.as_str())])))
}

#[cfg(test)]
mod tests {
    use super::super::NextLinks;
    use super::super::testing::{ALICE, Desk, member};

    const PATH: &str = "/_matrix/identity/v2/validate/email/requestToken";
    /// The specification's example.
    const ASKED: &str = r#"{"client_secret":"monkeys_are_GREAT","email":"alice@example.org","next_link":"https://example.org/congratulations.html","send_attempt":1}"#;

    #[tokio::test]
    async fn a_mail_goes_out_for_a_greater_attempt() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let (status, told) = desk.post(PATH, Some(&alice), ASKED).await;
        assert_eq!((status, desk.messages()), (200, 1), "{told}");
        let sid = member(&told, "sid");
        for (attempt, messages) in [("1", 1), ("2", 2), (r#""3""#, 3)] {
            let content = ASKED.replace(r#":1}"#, &format!(":{attempt}}}"));
            let (status, told) = desk.post(PATH, Some(&alice), &content).await;
            assert_eq!((status, member(&told, "sid")), (200, sid.clone()));
            assert_eq!(desk.messages(), messages, "{attempt}");
        }
        let (_, link) = desk.last_token();
        let path = "https://id.example.org/_matrix/identity/v2/validate/email/submitToken?token=";
        assert!(link.unwrap().starts_with(path));
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_refused() {
        let desk = Desk::with(|settings| {
            settings.next_links = NextLinks::to(["example.org"]).unwrap();
        });
        let alice = desk.register(ALICE);
        for (old, new, errcode) in [
            ("alice@example.org", "alice", "M_INVALID_EMAIL"),
            ("alice@", "postmaster@", "M_EMAIL_SEND_ERROR"),
            ("alice@example.org", "alice@elsewhere.example", "M_DESTINATION_REJECTED"),
            ("monkeys_are_GREAT", "monkeys are great", "M_INVALID_PARAM"),
            ("https://example.org", "https://evil.example", "M_INVALID_PARAM"),
            ("https://example.org", "javascript:alert", "M_INVALID_PARAM"),
            ("\"email\"", "\"mail\"", "M_MISSING_PARAMS"),
        ] {
            let (status, told) = desk.post(PATH, Some(&alice), &ASKED.replace(old, new)).await;
            assert!(status == 400 && told.contains(errcode), "{new}: {status} {told}");
        }
        assert_eq!(desk.post(PATH, None, ASKED).await.0, 401);
    }

    #[tokio::test]
    async fn an_address_gets_so_many_messages() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let mut told = (200, String::new());
        for client in 0..4 {
            assert_eq!(told.0, 200, "{client}");
            let content = ASKED.replace("monkeys", &format!("monkeys{client}"));
            told = desk.post(PATH, Some(&alice), &content).await;
        }
        assert!(told.0 == 429 && told.1.contains("retry_after_ms"), "{told:?}");
    }
}
