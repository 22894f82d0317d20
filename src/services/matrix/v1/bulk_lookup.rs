//! `POST /api/v1/bulk_lookup`: whose some addresses are.

use std::sync::Arc;

use serde::Deserialize;

use super::super::lookup::What;
use super::super::{IdentityApi, Refusal, parameters};
use super::people;
use crate::signed::{Json, Object};
use crate::transport::http::{Request, Response, StatusCode};
use crate::verifier::Caller;

/// What is asked: the medium and the address of each.
#[derive(Deserialize)]
struct Asked {
    threepids: Vec<(String, String)>,
}

/// Those that are nobody's are left out.
pub(super) async fn bulk_lookup(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let Asked { threepids } = parameters::content(&request)?;
    let limits = &api.settings.limits.lookups;
    What::Addresses.within(threepids.len(), &api, &caller)?;
    let read =
        |asked: (String, String)| Some((parameters::threepid(&asked.0, &asked.1).ok()?, asked));
    let (wanted, asked): (Vec<_>, Vec<_>) = threepids.into_iter().filter_map(read).unzip();
    let _turn = limits.turn(&api.lookups).await?;
    let found = people(&api)?.find(wanted, limits.at_once, limits.time).await;
    let told = found.into_iter().map(|(at, mxid)| {
        let (medium, address) = &asked[at];
        Json::Array(vec![medium.as_str().into(), address.as_str().into(), mxid.as_str().into()])
    });
    let told = Json::Array(told.collect());
    Ok(Response::object(StatusCode::OK, &Object::from_iter([("threepids", told)])))
}
