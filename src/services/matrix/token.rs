//! Whose an access token is (Identity Service API, "Authentication").

use std::sync::Arc;

use super::{Bound, IdentityApi, Refusal};
use crate::association::Mxid;
use crate::store::ledger::AccessToken;
use crate::transport::http::{Request, StatusCode, header};

/// The access token of a request: in the header, or, as it was before version 1.20 and as Synapse still sends
/// it to `/hash_details`, in the query.
///
/// # Errors
/// `M_UNAUTHORIZED` where there is none, or two.
pub(super) fn of(request: &Request) -> Result<AccessToken, Refusal> {
    let in_query = request.query_value("access_token").map_err(|_| Refusal::unauthorized())?;
    let token = match request.headers.get(header::AUTHORIZATION) {
        None => in_query,
        Some(_) if in_query.is_some() => None,
        Some(value) => value.to_str().ok().and_then(bearer).map(ToOwned::to_owned),
    };
    token.and_then(|token| token.parse().ok()).ok_or_else(Refusal::unauthorized)
}

/// The token of `Bearer token` (RFC 6750 section 2.1); the scheme in any case (RFC 9110 section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_start_matches(' '))
}

/// The user who asks, who agreed to the terms.
///
/// # Errors
/// `M_UNAUTHORIZED`, `M_TERMS_NOT_SIGNED`, `M_LIMIT_EXCEEDED`.
pub(super) async fn user(api: &Arc<IdentityApi>, request: &Request) -> Result<Mxid, Refusal> {
    let (mxid, agreed) = holder(api, request).await?;
    if api.settings.terms.are_agreed(&agreed) {
        return Ok(mxid);
    }
    let text = "please agree to the terms of this server first: see /_matrix/identity/v2/terms";
    Err(Refusal::new(StatusCode::FORBIDDEN, "M_TERMS_NOT_SIGNED", text))
}

/// The user who asks, and the addresses of the terms that he agreed to.
///
/// # Errors
/// `M_UNAUTHORIZED`, `M_LIMIT_EXCEEDED`.
pub(super) async fn holder(
    api: &Arc<IdentityApi>,
    request: &Request,
) -> Result<(Mxid, Arc<[String]>), Refusal> {
    let (token, now, idle) = (of(request)?, api.means.clock.now(), api.settings.limits.idle);
    let account = match api.means.ledger.account_at_hand(&token, now, idle) {
        Some(account) => account,
        None => {
            let account = api.kept(move |ledger| ledger.account(&token, now, idle)).await?;
            account.ok_or_else(Refusal::unauthorized)?
        }
    };
    api.gates.errand().by(Bound::RequestsPerUser, &account.mxid).admit(now)?;
    Ok((account.mxid, account.agreed))
}
