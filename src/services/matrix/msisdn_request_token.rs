//! `POST /v2/validate/msisdn/requestToken`: an SMS with a token goes out.

use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, for_users, parameters};
use crate::signed::Object;
use crate::threepid::{Country, Medium, Threepid};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::{Caller, Wanted};

/// What is asked.
#[derive(Deserialize)]
struct Asked {
    client_secret: String,
    country: String,
    phone_number: String,
    #[serde(deserialize_with = "parameters::number")]
    send_attempt: u64,
    next_link: Option<String>,
}

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    let path = "/_matrix/identity/v2/validate/msisdn/requestToken";
    router.post(path, for_users(api, CONTENT, request_token))
}

/// Besides the session's id the number is told, as it is understood here: clients show it.
pub(super) async fn request_token(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: Asked = parameters::content(&request)?;
    let threepid = number(&asked)?;
    let msisdn = threepid.address().to_owned();
    let wanted = Wanted {
        threepid,
        client_secret: asked.client_secret.parse()?,
        send_attempt: asked.send_attempt,
        next_link: asked.next_link.map(|link| api.settings.next_links.check(link)).transpose()?,
    };
    let sid = api.means.verifier.request_token(wanted, &caller).await?;
    let told = Object::from_iter([("sid", sid.as_str()), ("msisdn", &msisdn)]);
    Ok(Response::object(StatusCode::OK, &told))
}

/// The number, as it is dialled from the country.
fn number(asked: &Asked) -> Result<Threepid, Refusal> {
    let country: Country = asked
        .country
        .parse()
        .map_err(|_| Refusal::invalid("country is two letters (ISO 3166-1 alpha-2)"))?;
    Threepid::parse(Medium::Msisdn, &asked.phone_number, Some(country)).map_err(|_| {
        let text = "the phone number is not valid";
        Refusal::new(StatusCode::BAD_REQUEST, "M_INVALID_ADDRESS", text)
    })
}
