//! Why a request is refused, in the words of Matrix.

use std::time::Duration;

use crate::signed::Json;
use crate::store::StoreError;
use crate::transport::http::header::RETRY_AFTER;
use crate::transport::http::{QueryError, Response, StatusCode, error_object};

/// A standard error response (Identity Service API, "Standard error response"). Its text is for people, and
/// repeats nothing that a request said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    errcode: &'static str,
    error: String,
    /// When to come again.
    wait: Option<Duration>,
}

impl Refusal {
    /// Says so with this status and code.
    pub(super) fn new(status: StatusCode, errcode: &'static str, error: impl Into<String>) -> Self {
        Self { status, errcode, error: error.into(), wait: None }
    }

    /// A parameter has no value that it may have.
    pub(super) fn invalid(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "M_INVALID_PARAM", error)
    }

    /// A parameter is missing.
    pub(super) fn missing(name: &str) -> Self {
        let error = format!("the parameter {name} is missing");
        Self::new(StatusCode::BAD_REQUEST, "M_MISSING_PARAMS", error)
    }

    /// There is no access token, or it is nobody's.
    pub(super) fn unauthorized() -> Self {
        let error = "an access token of this server is needed";
        Self::new(StatusCode::UNAUTHORIZED, "M_UNAUTHORIZED", error)
    }

    /// The client comes too often, and has to wait.
    pub(super) fn too_often(wait: Duration) -> Self {
        let text = "too many requests: try again later";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED", text);
        Self { wait: Some(wait), ..refusal }
    }

    /// The server fails.
    pub(super) fn failed() -> Self {
        let error = "this server cannot do that now: try again later";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", error)
    }
}

/// The disk fails: the log is told how, who asks is not.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the ledger of the identity service");
        Self::failed()
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let mut object = error_object(refusal.errcode, &refusal.error);
        let Some(wait) = refusal.wait else { return Self::object(refusal.status, &object) };
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
        object.insert("retry_after_ms", Json::saturating(millis));
        let seconds = millis.div_ceil(1000).to_string();
        Self::object(refusal.status, &object).with(RETRY_AFTER, &seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_too_often_is_told_when_to_come_again() {
        let response = Response::from(Refusal::too_often(Duration::from_millis(1001)));
        assert_eq!(
            (response.status.as_u16(), &response.headers[RETRY_AFTER]),
            (429, &"2".parse().unwrap())
        );
        let told = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"too many requests: try again later","retry_after_ms":1001}"#;
        assert_eq!(response.body, told);
    }
}
