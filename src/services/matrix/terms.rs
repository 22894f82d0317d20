//! What users have to agree to (Identity Service API, "Terms of service"): `GET /v2/terms` tells it, by
//! `POST /v2/terms` they agree.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, done, open, parameters, token};
use crate::signed::{Json, Object};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::Caller;

/// The terms of the service, each by an id; often none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms(pub BTreeMap<String, Policy>);

/// One document, in as many languages as there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its version: any text.
    pub version: String,
    /// Its texts, by language (ISO 639).
    pub texts: BTreeMap<String, Text>,
}

/// A document in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it is called.
    pub name: String,
    /// Where it is read. Whoever agrees does so to this address: another version needs another one.
    pub url: String,
}

impl Terms {
    /// Whether who agreed to these addresses agreed to every document, in any language.
    pub(super) fn are_agreed(&self, urls: &[String]) -> bool {
        let agreed = |policy: &Policy| policy.texts.values().any(|text| urls.contains(&text.url));
        self.0.values().all(agreed)
    }

    /// Whether a document is read at this address.
    fn has(&self, url: &String) -> bool {
        self.0.values().any(|policy| policy.texts.values().any(|text| text.url == *url))
    }

    fn to_object(&self) -> Object {
        let policies =
            self.0.iter().map(|(id, policy)| (id.clone(), Json::Object(policy.to_object())));
        Object::from_iter([("policies", Json::Object(policies.collect()))])
    }
}

impl Policy {
    fn to_object(&self) -> Object {
        let text = |text: &Text| {
            let members = [("name", text.name.as_str()), ("url", text.url.as_str())];
            Json::Object(Object::from_iter(members))
        };
        let texts = self.texts.iter().map(|(language, of)| (language.clone(), text(of)));
        let version = ("version".to_owned(), Json::from(self.version.as_str()));
        texts.chain([version]).collect()
    }
}

/// `router` with the endpoints.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    let path = "/_matrix/identity/v2/terms";
    router.get(path, open(api, 0, tell)).post(path, open(api, CONTENT, agree))
}

async fn tell(api: Arc<IdentityApi>, _: Caller, _: Request) -> Result<Response, Refusal> {
    Ok(Response::object(StatusCode::OK, &api.settings.terms.to_object()))
}

/// The content of `POST /v2/terms`.
#[derive(Deserialize)]
struct Agreement {
    user_accepts: Vec<String>,
}

async fn agree(api: Arc<IdentityApi>, _: Caller, request: Request) -> Result<Response, Refusal> {
    let (mxid, _) = token::holder(&api, &request).await?;
    let Agreement { user_accepts } = parameters::content(&request)?;
    if !user_accepts.iter().all(|url| api.settings.terms.has(url)) {
        return Err(Refusal::invalid("this server has no such terms, or has them no more"));
    }
    api.kept(move |ledger| ledger.agree(&mxid, &user_accepts)).await?;
    Ok(done())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;

    const PATH: &str = "/_matrix/identity/v2/terms";
    const ACCOUNT: &str = "/_matrix/identity/v2/account";

    #[tokio::test]
    async fn everybody_may_read_the_terms() {
        let none = (200, r#"{"policies":{}}"#.to_owned());
        assert_eq!(Desk::new().get(PATH, None).await, none);
        let (status, told) = Desk::with_terms().get(PATH, None).await;
        let privacy = r#""privacy_policy":{"en":{"name":"Privacy Policy","url":"https://example.org/somewhere/privacy-1.2-en.html"},"#;
        assert!(status == 200 && told.contains(privacy), "{told}");
    }

    #[tokio::test]
    async fn who_agrees_to_every_document_is_served() {
        let desk = Desk::with_terms();
        let token = desk.register("@alice:example.org");
        let agree = async |document: &str| {
            let content =
                format!(r#"{{"user_accepts":["https://example.org/somewhere/{document}"]}}"#);
            desk.post(PATH, Some(&token), &content).await
        };
        let account = async || desk.get(ACCOUNT, Some(&token)).await;
        let (status, told) = account().await;
        assert!(status == 403 && told.contains("M_TERMS_NOT_SIGNED"), "{told}");
        assert_eq!(agree("terms-2.0-en.html").await, (200, "{}".to_owned()));
        assert_eq!(account().await.0, 403, "there are two documents");
        let (status, told) = agree("terms-1.0-en.html").await;
        assert!(status == 400 && told.contains("M_INVALID_PARAM"), "{told}");
        assert_eq!(agree("privacy-1.2-fr.html").await.0, 200);
        assert_eq!(account().await.0, 200, "in any language");
        let other = desk.register("@bob:example.org");
        assert_eq!(desk.get(ACCOUNT, Some(&other)).await.0, 403, "each for himself");
        let again = desk.register("@alice:example.org");
        assert_eq!(desk.get(ACCOUNT, Some(&again)).await.0, 200, "with any token");
    }
}
