//! Co-signing: other verification servers ask this one to prove what they have proved, and people say whether
//! it is true.
//!
//! | | path | who comes |
//! |---|---|---|
//! | POST | `/_threepid/v1/cosign` | a verification server, with the signed association as content. `Authorization` is `X-Matrix`, by one of its keys: it signs method, path, both servers and the content |
//! | GET | `/_threepid/v1/cosign/{session}/{token}` | who follows the link of the message: a page that asks |
//! | POST | the same | who presses its button: the statement is signed and published |
//!
//! Programs that look at the links in people's mail follow them; none presses a button.
//!
//! A server that asks gets 202 `{}` once the message went out, and not sooner: that is no promise to sign.
//! What it gets else is `{"errcode","error"}`: 401 `M_UNAUTHORIZED` where the request is not signed, 403
//! `M_FORBIDDEN` where that server may not ask this, 400 `M_BAD_JSON`, 429 `M_LIMIT_EXCEEDED` with
//! `retry_after_ms`, 503 `M_UNKNOWN` where it may ask again.

use std::sync::Arc;

use super::page::{escaped, page};
use crate::signed::{Authorization, Limits as JsonLimits, Object};
use crate::transport::http::header::AUTHORIZATION;
use crate::transport::http::{Request, Response, Router, StatusCode, endpoint};
use crate::verification::SessionId;
use crate::verifier::{Caller, Confirmation, Refused, Verifier};

/// Where a server asks.
const ASK: &str = "/_threepid/v1/cosign";
/// Where somebody answers.
const ANSWER: &str = "/_threepid/v1/cosign/{session}/{token}";

/// The longest content of a question, in octets: a statement has 8192 at most.
const CONTENT: usize = 8192;
/// The longest content of an answer: a form without fields has none.
const FORM: usize = 1024;

/// `router` with the paths of a server that co-signs.
#[must_use]
pub fn on(router: Router, verifier: &Arc<Verifier>) -> Router {
    router
        .post(ASK, endpoint(verifier, ask).taking(CONTENT))
        .get(ANSWER, endpoint(verifier, show))
        .post(ANSWER, endpoint(verifier, confirm).taking(FORM))
}

fn caller(request: &Request) -> Caller {
    Caller { network: request.peer.ip(), mxid: None }
}

/// Another server asks to have a statement signed, too.
async fn ask(verifier: Arc<Verifier>, request: Request) -> Result<Response, Unasked> {
    let authorization = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let authorization = authorization.ok_or(Unasked::Unsigned)?;
    let authorization: Authorization = authorization.parse().map_err(|_| Unasked::Unsigned)?;
    let limits = JsonLimits { octets: CONTENT, ..JsonLimits::default() };
    let content = Object::parse(&request.body, &limits).map_err(|_| Unasked::NotJson)?;
    verifier.cosign(&authorization, &content, &caller(&request)).await?;
    Ok(Response::object(StatusCode::ACCEPTED, &Object::default()))
}

/// Somebody follows the link.
async fn show(verifier: Arc<Verifier>, request: Request) -> Response {
    let shown = match session(&request) {
        Ok((id, token)) => verifier.confirmation(&id, token, &caller(&request)).await,
        Err(refused) => Err(refused),
    };
    match shown {
        Ok(confirmation) => question(&confirmation),
        Err(refused) => failure(&refused),
    }
}

/// Somebody says that it is true.
async fn confirm(verifier: Arc<Verifier>, request: Request) -> Response {
    let confirmed = match session(&request) {
        Ok((id, token)) => verifier.confirm(&id, token, &caller(&request)).await,
        Err(refused) => Err(refused),
    };
    match confirmed {
        Ok(()) => page(StatusCode::OK, "Confirmed", "<p>Thank you. You can close this page.</p>"),
        Err(refused) => failure(&refused),
    }
}

fn session(request: &Request) -> Result<(SessionId, &str), Refused> {
    Ok((request.parameter("session").parse()?, request.parameter("token")))
}

/// Why a server that asks is refused.
enum Unasked {
    /// Nobody signed the request, or not so that it can be read.
    Unsigned,
    /// The content is no JSON.
    NotJson,
    /// The verifier says so.
    Refused(Refused),
}

impl From<Refused> for Unasked {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Unasked> for Response {
    fn from(unasked: Unasked) -> Self {
        let error = Self::error;
        match unasked {
            Unasked::Unsigned => error(
                StatusCode::UNAUTHORIZED,
                "M_UNAUTHORIZED",
                "an X-Matrix authorization is needed",
            ),
            Unasked::NotJson => {
                error(StatusCode::BAD_REQUEST, "M_NOT_JSON", "the content is no JSON object")
            }
            Unasked::Refused(refused) => of(&refused),
        }
    }
}

/// What another server is told.
fn of(refused: &Refused) -> Response {
    let (status, errcode) = match refused {
        Refused::TooOften { wait, .. } => return Response::too_often(&refused.to_string(), *wait),
        Refused::Malformed(_) => (StatusCode::BAD_REQUEST, "M_BAD_JSON"),
        Refused::Undeliverable => (StatusCode::BAD_REQUEST, "M_INVALID_PARAM"),
        Refused::NotSent | Refused::Undetermined | Refused::Elsewhere | Refused::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN")
        }
        _ => (StatusCode::FORBIDDEN, "M_FORBIDDEN"),
    };
    Response::error(status, errcode, &refused.to_string())
}

/// The page that asks. Its button goes where the page came from.
fn question(confirmation: &Confirmation) -> Response {
    let Confirmation { threepid, server, mxid } = confirmation;
    let [address, server, mxid] = [threepid.address(), server.as_str(), mxid.as_str()].map(escaped);
    let text = format!(
        "<p>{server} says that <b>{address}</b> belongs to the Matrix user <b>{mxid}</b>.</p>\n\
         <form method=\"post\"><button>That is me</button></form>\n\
         <p>If it is not you, close this page.</p>"
    );
    page(StatusCode::OK, "Is this you?", &text)
}

/// The page for what is not done.
fn failure(refused: &Refused) -> Response {
    let (status, text) = match refused {
        Refused::TooOften { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "There were too many attempts. Try again later.")
        }
        Refused::Undetermined | Refused::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "Something went wrong here. Try again later.")
        }
        Refused::NotBound => (
            StatusCode::CONFLICT,
            "It was changed meanwhile: there is nothing to confirm any more.",
        ),
        _ => (StatusCode::NOT_FOUND, "The link is not complete, or is too old."),
    };
    page(status, "Not confirmed", &format!("<p>{text}</p>"))
}

#[cfg(test)]
mod tests;
