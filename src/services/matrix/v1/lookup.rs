//! `GET /api/v1/lookup`: whose an address is, as it was signed.

use std::sync::Arc;

use super::super::lookup::What;
use super::super::{IdentityApi, Refusal, done, parameters};
use super::people;
use crate::transport::http::{Request, Response, StatusCode};
use crate::verifier::Caller;

/// What is nobody's is an empty object.
pub(super) async fn lookup(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let value = |name| parameters::query(&request, name);
    let threepid = parameters::threepid(&value("medium")?, &value("address")?)?;
    let limits = &api.settings.limits.lookups;
    What::Addresses.within(1, &api, &caller)?;
    let _turn = limits.turn(&api.lookups).await?;
    let signed = people(&api)?.signed(threepid.clone(), limits.time).await;
    let told = |json| Response::json(StatusCode::OK, json);
    Ok(signed.map_or_else(done, |statement| told(statement.to_json(&threepid))))
}
