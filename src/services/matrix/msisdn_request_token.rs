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

#[cfg(test)]
mod tests {
    use super::super::testing::{ALICE, Desk, member};

    const PATH: &str = "/_matrix/identity/v2/validate/msisdn/requestToken";
    /// The specification's example.
    const ASKED: &str = r#"{"client_secret":"monkeys_are_GREAT","country":"GB","next_link":"https://example.org/congratulations.html","phone_number":"07700900001","send_attempt":1}"#;

    #[tokio::test]
    async fn an_sms_goes_out_to_the_number_dialled_from_there() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let (status, told) = desk.post(PATH, Some(&alice), ASKED).await;
        assert_eq!((status, member(&told, "msisdn").as_str()), (200, "447700900001"), "{told}");
        let (token, link) = desk.last_token();
        assert!(token.len() == 6 && link.is_none());
        let content = Desk::proof(
            &member(&told, "sid"),
            "monkeys_are_GREAT",
            &format!(r#","token":"{token}""#),
        );
        let submit = PATH.replace("request", "submit");
        assert_eq!(desk.post(&submit, Some(&alice), &content).await.1, r#"{"success":true}"#);
    }

    #[tokio::test]
    async fn what_is_no_number_is_refused() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        for (old, new, errcode) in [
            ("07700900001", "alice", "M_INVALID_ADDRESS"),
            ("07700900001", "1", "M_INVALID_ADDRESS"),
            ("GB", "Britain", "M_INVALID_PARAM"),
            ("\"country\"", "\"land\"", "M_MISSING_PARAMS"),
        ] {
            let (status, told) = desk.post(PATH, Some(&alice), &ASKED.replace(old, new)).await;
            assert!(status == 400 && told.contains(errcode), "{new}: {status} {told}");
        }
    }
}
