//! `GET /v2/3pid/getValidated3pid`: what a session has proved.

use std::sync::Arc;

use super::{IdentityApi, Refusal, for_users, parameters};
use crate::signed::{Json, Object};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verification::SessionId;
use crate::verifier::Caller;

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    let path = "/_matrix/identity/v2/3pid/getValidated3pid";
    router.get(path, for_users(api, 0, get_validated_3pid))
}

pub(super) async fn get_validated_3pid(
    api: Arc<IdentityApi>,
    _: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let client_secret = parameters::query(&request, "client_secret")?.parse()?;
    let sid: SessionId = parameters::query(&request, "sid")?.parse()?;
    let (threepid, at) = api.means.verifier.validated(&sid, &client_secret).await?;
    let told = Object::from_iter([
        ("medium", Json::from(threepid.medium().as_str())),
        ("address", threepid.address().into()),
        ("validated_at", Json::saturating(at.as_millis())),
    ]);
    Ok(Response::object(StatusCode::OK, &told))
}
