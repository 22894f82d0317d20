//! Why a request is refused, in the words of Matrix.

use std::time::Duration;

use crate::association::Mxid;
use crate::store::StoreError;
use crate::transport::http::{QueryError, Response, StatusCode, error_object};
use crate::verification::{self, BadClientSecret};
use crate::verifier::Refused;

/// A standard error response (Identity Service API, "Standard error response"). Its text is for people, and
/// repeats nothing that a request said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    errcode: &'static str,
    error: String,
    /// When to come again.
    wait: Option<Duration>,
    /// To whom the address belongs.
    mxid: Option<Mxid>,
}

impl Refusal {
    /// Says so with this status and code.
    pub(super) fn new(status: StatusCode, errcode: &'static str, error: impl Into<String>) -> Self {
        Self { status, errcode, error: error.into(), wait: None, mxid: None }
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

    /// The user may not do it.
    pub(super) fn forbidden(error: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "M_FORBIDDEN", error)
    }

    /// The client comes too often, and has to wait.
    pub(super) fn too_often(wait: Duration) -> Self {
        Self { wait: Some(wait), ..Self::too_many("too many requests: try again later") }
    }

    /// There are as many as may be.
    fn too_many(error: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED", error)
    }

    /// Others could not be asked.
    pub(super) fn unavailable(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", error)
    }

    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The same with another status.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The server cannot do it yet, and can after a while.
    pub(super) fn not_yet(wait: Duration) -> Self {
        let text = "this server cannot do that yet: try again later";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", text);
        Self { wait: Some(wait), ..refusal }
    }

    /// The server fails.
    pub(super) fn failed() -> Self {
        let error = "this server cannot do that now: try again later";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", error)
    }
}

/// The disk fails: the log is told how, who asks is not. Of what is damaged nothing is told, as it may name
/// people.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let error = match error {
            StoreError::Damaged(_) => "it is damaged".to_owned(),
            error => error.to_string(),
        };
        tracing::error!(error, "the ledger of the identity service");
        Self::failed()
    }
}

/// What a verification server refuses.
impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let error = refused.to_string();
        match refused {
            Refused::OutOfScope => {
                Self::new(StatusCode::BAD_REQUEST, "M_DESTINATION_REJECTED", error)
            }
            Refused::Session(refusal) => refusal.into(),
            Refused::TooOften { wait, .. } => Self { wait: Some(wait), ..Self::too_many(error) },
            Refused::Undeliverable | Refused::NotSent => {
                Self::new(StatusCode::BAD_REQUEST, "M_SEND_ERROR", error)
            }
            Refused::InUse(mxid) => {
                let refusal = Self::new(StatusCode::BAD_REQUEST, "M_THREEPID_IN_USE", error);
                Self { mxid: Some(mxid), ..refusal }
            }
            Refused::NotBound | Refused::Forbidden => Self::forbidden(error),
            Refused::Malformed(_) => Self::invalid(error),
            Refused::Undetermined | Refused::Elsewhere => Self::unavailable(error),
            Refused::Unavailable => Self::failed(),
        }
    }
}

/// What a session does not permit.
impl From<verification::Refusal> for Refusal {
    fn from(refusal: verification::Refusal) -> Self {
        use verification::Refusal as Session;
        let bad = |errcode| Self::new(StatusCode::BAD_REQUEST, errcode, refusal.to_string());
        match refusal {
            Session::Unknown => bad("M_NO_VALID_SESSION").with_status(StatusCode::NOT_FOUND),
            Session::Expired => bad("M_SESSION_EXPIRED"),
            Session::NotValidated => bad("M_SESSION_NOT_VALIDATED"),
            Session::OtherToken | Session::NoGuessLeft => bad("M_TOKEN_INCORRECT"),
            Session::NoMessageLeft(_) => Self::too_many(refusal.to_string()),
        }
    }
}

/// What is refused where a mail was to be sent.
pub(super) fn of_mail(refused: Refused) -> Refusal {
    match refused {
        Refused::Undeliverable | Refused::NotSent => {
            Refusal::new(StatusCode::BAD_REQUEST, "M_EMAIL_SEND_ERROR", refused.to_string())
        }
        other => other.into(),
    }
}

/// A bad client secret is not repeated.
impl From<BadClientSecret> for Refusal {
    fn from(error: BadClientSecret) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        if let Some(wait) = refusal.wait {
            return Self::later(refusal.status, refusal.errcode, &refusal.error, wait);
        }
        let mut object = error_object(refusal.errcode, &refusal.error);
        if let Some(mxid) = refusal.mxid {
            object.insert("mxid", mxid.as_str());
        }
        Self::object(refusal.status, &object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::header::RETRY_AFTER;

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
