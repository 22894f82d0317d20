//! `/v2/validate/{email,msisdn}/submitToken`: the token comes back, by POST from a client, by GET from who
//! followed the link in a message.

use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, for_users, open, page, parameters};
use crate::signed::{Json, Object};
use crate::transport::http::{Method, Request, Response, Router, StatusCode};
use crate::verification;
use crate::verifier::{Caller, Refused};

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
    paths.into_iter().fold(router, |router, path| {
        router.post(path, for_users(api, CONTENT, post)).get(path, open(api, 0, get))
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

/// The response is for people. HEAD proves nothing: those who check links send it.
pub(super) async fn get(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    if request.method == Method::HEAD {
        return Ok(page::blank());
    }
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
