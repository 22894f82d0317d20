//! `GET /v2/hash_details`: by which algorithms people are looked up, and with which pepper.

use std::sync::Arc;

use super::{IdentityApi, Refusal, for_users};
use crate::signed::{Json, Object};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::Caller;

/// The pepper where nothing is hashed: there has to be one.
const UNUSED: &str = "unused";

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.get("/_matrix/identity/v2/hash_details", for_users(api, 0, hash_details))
}

async fn hash_details(api: Arc<IdentityApi>, _: Caller, _: Request) -> Result<Response, Refusal> {
    let lookups = &api.means.lookups;
    let pepper = lookups.directory.as_ref().map(|directory| directory.pepper());
    let pepper = pepper.as_ref().map_or(UNUSED, |pepper| pepper.as_str());
    let algorithms = lookups.algorithms().map(Json::from).collect();
    let told = [("algorithms", Json::Array(algorithms)), ("lookup_pepper", Json::from(pepper))];
    Ok(Response::object(StatusCode::OK, &Object::from_iter(told)))
}
