//! `/v2/validate/{email,msisdn}/submitToken`: the token comes back, by POST from a client, or by the link in a
//! message.
//!
//! Who follows the link by GET sees a page with a button, and its POST, to `submitToken/confirm`, takes the token.
//! Programs that look at the links in people's mail follow them; none presses a button. That is one step more
//! than in the specification, where GET takes it, as it does here where an operator wants it.

use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, for_users, open, page, parameters};
use crate::signed::{Json, Object};
use crate::transport::http::{Method, Request, Response, Router, StatusCode};
use crate::verification;
use crate::verifier::{Caller, Refused};

/// Octets of the content of a form without fields, which has none.
pub(super) const FORM: usize = 1024;

/// What is brought.
#[derive(Deserialize)]
struct Brought {
    sid: String,
    client_secret: String,
    token: String,
}

/// `router` with the endpoints. Who follows a link has no access token.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    let paths = [
        "/_matrix/identity/v2/validate/email/submitToken",
        "/_matrix/identity/v2/validate/msisdn/submitToken",
    ];
    let confirmations = [
        "/_matrix/identity/v2/validate/email/submitToken/confirm",
        "/_matrix/identity/v2/validate/msisdn/submitToken/confirm",
    ];
    paths.into_iter().zip(confirmations).fold(router, |router, (path, confirmation)| {
        router
            .post(path, for_users(api, CONTENT, post))
            .get(path, open(api, 0, get))
            .post(confirmation, open(api, FORM, confirm))
    })
}

pub(super) async fn post(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    submit(&api, &caller, parameters::content(&request)?).await?;
    let told = Object::from_iter([("success", Json::Bool(true))]);
    Ok(Response::object(StatusCode::OK, &told))
}

/// Who follows a link is asked, unless an operator takes that for enough. Nothing is looked up, as nothing is proved.
pub(super) async fn get(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    if !api.settings.confirm_links && request.method == Method::GET {
        return confirm(api, caller, request).await;
    }
    Ok(match linked(&request) {
        Ok(Brought { sid, client_secret, token }) => {
            page::question(&[("sid", &sid), ("client_secret", &client_secret), ("token", &token)])
        }
        Err(refusal) => page::failed(refusal.status()),
    })
}

/// Who presses the button has read what was sent to the address.
pub(super) async fn confirm(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let submitted = match linked(&request) {
        Ok(brought) => submit(&api, &caller, brought).await,
        Err(refusal) => Err(refusal),
    };
    Ok(match submitted {
        Ok(None) => page::proved(),
        Ok(Some(next_link)) => page::onward(&next_link),
        Err(refusal) => page::failed(refusal.status()),
    })
}

/// What a link brings.
fn linked(request: &Request) -> Result<Brought, Refusal> {
    let value = |name| parameters::query(request, name);
    Ok(Brought {
        sid: value("sid")?,
        client_secret: value("client_secret")?,
        token: value("token")?,
    })
}

/// Takes the token; gives where to send people on.
async fn submit(
    api: &IdentityApi,
    caller: &Caller,
    brought: Brought,
) -> Result<Option<String>, Refusal> {
    let client_secret = brought.client_secret.parse()?;
    let sid = brought.sid.parse().map_err(|_| unknown())?;
    let submitted = api.means.verifier.submit(&sid, &client_secret, &brought.token, caller).await;
    submitted.map_err(|refused| match refused {
        Refused::Session(verification::Refusal::Unknown) => unknown(),
        other => other.into(),
    })
}

/// There is no such session: here that is a bad parameter.
fn unknown() -> Refusal {
    Refusal::invalid("no session has this sid and client_secret")
}

#[cfg(test)]
mod tests {
    use super::super::Version1;
    use super::super::testing::{ALICE, Desk, member};
    use crate::transport::http::testing::request;
    use crate::transport::http::{Method, Response, header};

    const EMAIL: &str = "/_matrix/identity/v2/validate/email/submitToken";
    const BROUGHT: &str = r#"{"sid":"1234","client_secret":"monkeys_are_GREAT","token":"atoken"}"#;

    impl Desk {
        /// Follows a link, and presses the button of the page.
        async fn press(&self, link: &str) -> Response {
            let page = self.ask(request(Method::GET, link), None).await;
            let page = String::from_utf8(page.body.to_vec()).unwrap();
            let (_, action) = page.split_once("action=\"").unwrap();
            let (action, _) = action.split_once('"').unwrap();
            let (directory, _) = link.split_once("submitToken").unwrap();
            let target = format!("{directory}{}", action.replace("&amp;", "&"));
            self.ask(request(Method::POST, &target), None).await
        }
    }

    #[tokio::test]
    async fn there_is_no_such_session() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        for path in [EMAIL.to_owned(), EMAIL.replace("email", "msisdn")] {
            for content in [BROUGHT.to_owned(), BROUGHT.replace("monkeys_are_GREAT", "a/b")] {
                let (status, told) = desk.post(&path, Some(&alice), &content).await;
                assert!(status == 400 && told.contains("M_INVALID_PARAM"), "{told}");
            }
        }
        assert_eq!(desk.post(EMAIL, None, BROUGHT).await.0, 401);
    }

    #[tokio::test]
    async fn a_token_is_that_of_its_session() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let sid = desk.open_session(&alice, "alice@example.org", "monkeys").await;
        let submit = async |token: &str| {
            let content = Desk::proof(&sid, "monkeys", &format!(r#","token":"{token}""#));
            desk.post(EMAIL, Some(&alice), &content).await
        };
        let (status, told) = submit("atoken").await;
        assert!(status == 400 && told.contains("M_TOKEN_INCORRECT"), "{told}");
        let (token, _) = desk.last_token();
        assert_eq!(submit(&token).await, (200, r#"{"success":true}"#.to_owned()));
        desk.clock.advance(std::time::Duration::from_secs(24 * 3600));
        let (status, told) = submit(&token).await;
        assert!(status == 400 && told.contains("M_SESSION_EXPIRED"), "{told}");
    }

    #[tokio::test]
    async fn who_follows_the_link_proves_the_address() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let ask = async |client: &str, next_link: &str| {
            let content = format!(
                r#"{{"client_secret":"{client}","email":"alice@example.org","send_attempt":1,"next_link":{next_link}}}"#
            );
            let (status, told) =
                desk.post(&EMAIL.replace("submit", "request"), Some(&alice), &content).await;
            assert_eq!(status, 200, "{told}");
            let link = desk.last_token().1.unwrap();
            (member(&told, "sid"), link.strip_prefix("https://id.example.org").unwrap().to_owned())
        };
        let is_proved = async |sid: &str, client: &str| {
            let path = "/_matrix/identity/v2/3pid/getValidated3pid";
            let query = format!("{path}?sid={sid}&client_secret={client}");
            desk.get(&query, Some(&alice)).await.0 == 200
        };
        let (sid, link) = ask("one", "null").await;
        for method in [Method::HEAD, Method::GET] {
            let page = desk.ask(request(method, &link), None).await;
            assert!(page.status.as_u16() == 200 && page.body.starts_with(b"<!DOCTYPE html>"));
            assert!(!is_proved(&sid, "one").await, "whoever checks links proves nothing");
        }
        assert_eq!(desk.press(&link).await.status.as_u16(), 200);
        assert!(is_proved(&sid, "one").await);
        let next_link = "https://example.org/congratulations.html#/a?b";
        let (sid, link) = ask("two", &format!("\"{next_link}\"")).await;
        let onward = desk.press(&link).await;
        assert_eq!(onward.status.as_u16(), 303);
        assert_eq!(onward.headers[header::LOCATION], next_link);
        assert!(is_proved(&sid, "two").await);
    }

    #[tokio::test]
    async fn following_the_link_is_enough_where_an_operator_says_so() {
        let desk = Desk::with(|settings| settings.confirm_links = false);
        let alice = desk.register(ALICE);
        let sid = desk.open_session(&alice, "alice@example.org", "monkeys").await;
        let link = desk.last_token().1.unwrap();
        let link = link.strip_prefix("https://id.example.org").unwrap();
        let path = "/_matrix/identity/v2/3pid/getValidated3pid";
        let query = format!("{path}?sid={sid}&client_secret=monkeys");
        for (method, status) in [(Method::HEAD, 400), (Method::GET, 200)] {
            assert_eq!(desk.ask(request(method.clone(), link), None).await.status.as_u16(), 200);
            assert_eq!(desk.get(&query, Some(&alice)).await.0, status, "{method}");
        }
        let used = desk.ask(request(Method::GET, &link.replace("token=", "token=x")), None).await;
        assert_eq!(used.status.as_u16(), 400);
    }

    /// A link is anybody's to write.
    #[tokio::test]
    async fn nothing_in_a_link_gets_into_the_page() {
        let desk = Desk::new();
        let link = format!("{EMAIL}?sid=%22%3E%3Cb%3E&client_secret=%26amp;&token='%3Cscript%3E");
        let page = desk.ask(request(Method::GET, &link), None).await;
        let page = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(page.contains("sid=%22%3E%3Cb%3E&amp;client_secret=%26amp%3B&amp;token=%27%3C"));
        assert!(!page.contains("<b>") && !page.contains("<script>"), "{page}");
    }

    #[tokio::test]
    async fn every_page_has_its_button() {
        let desk = Desk::with(|settings| settings.version1 = Version1::All);
        for version in ["v2", "api/v1"] {
            for medium in ["email", "msisdn"] {
                let path = format!("/_matrix/identity/{version}/validate/{medium}/submitToken");
                let link = format!("{path}?sid=1234&client_secret=monkeys&token=atoken");
                let page = desk.press(&link).await;
                assert_eq!(page.status.as_u16(), 400, "{path}");
                assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
            }
        }
    }

    #[tokio::test]
    async fn people_see_a_page() {
        let desk = Desk::new();
        let link = format!("{EMAIL}?sid=1234&client_secret=monkeys_are_GREAT&token=atoken");
        for (method, target, status) in [
            (Method::GET, link.as_str(), 200),
            (Method::GET, EMAIL, 400),
            (Method::POST, &link.replace("submitToken", "submitToken/confirm"), 400),
        ] {
            let response = desk.ask(request(method, target), None).await;
            assert_eq!(response.status.as_u16(), status);
            assert_eq!(response.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
            assert_eq!(response.headers[header::REFERRER_POLICY], "no-referrer");
            assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
        }
    }
}
