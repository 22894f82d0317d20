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
