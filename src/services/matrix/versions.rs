//! `GET /versions`, which versions of the specification are spoken, and `GET /v2`, that somebody is there.

use std::sync::Arc;

use super::{IdentityApi, Refusal, done, open};
use crate::signed::{Json, Object};
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::Caller;

/// Those whose Identity Service API is all here. In `v1.20` access tokens left the query; here they may
/// stand there still.
const VERSIONS: [&str; 23] = [
    "r0.2.0", "r0.2.1", "r0.3.0", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8",
    "v1.9", "v1.10", "v1.11", "v1.12", "v1.13", "v1.14", "v1.15", "v1.16", "v1.17", "v1.18",
    "v1.19", "v1.20",
];

/// `router` with the endpoints.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router
        .get("/_matrix/identity/versions", open(api, 0, versions))
        .get("/_matrix/identity/v2", open(api, 0, ping))
}

async fn versions(_: Arc<IdentityApi>, _: Caller, _: Request) -> Result<Response, Refusal> {
    let versions = VERSIONS.map(Json::from).to_vec();
    Ok(Response::object(StatusCode::OK, &Object::from_iter([("versions", Json::Array(versions))])))
}

pub(super) async fn ping(_: Arc<IdentityApi>, _: Caller, _: Request) -> Result<Response, Refusal> {
    Ok(done())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;

    #[tokio::test]
    async fn somebody_is_there() {
        let desk = Desk::new();
        assert_eq!(desk.get("/_matrix/identity/v2", None).await, (200, "{}".to_owned()));
        let (status, told) = desk.get("/_matrix/identity/versions", None).await;
        assert!(status == 200 && told.starts_with(r#"{"versions":["r0.2.0","r0.2.1","#), "{told}");
    }
}
