//! What a server says to a statement.

use std::time::Duration;

use super::{Attempt, Done, Limits};
use crate::signed::{self, Json, Object};
use crate::transport::http::{Incoming, StatusCode, header};

/// What is read of an answer: a few members.
const BODY: signed::Limits = signed::Limits { octets: 8192, depth: 4 };

/// An answer, as far as it can be read.
pub(super) enum Answer {
    /// It is one.
    Attempt(Attempt),
    /// It refers elsewhere, in this body.
    Referral(Object),
}

impl Answer {
    pub(super) fn read(response: &Incoming, limits: &Limits) -> Self {
        let body = Object::parse(&response.body, &BODY).unwrap_or_default();
        let (status, wait) = (response.status, wait(response, &body, limits));
        let later = |reason| Self::Attempt(Attempt::Later { reason, wait });
        if status == StatusCode::TEMPORARY_REDIRECT {
            return Self::Referral(body);
        }
        let done = match (status.as_u16(), text(&body, "status")) {
            (201, Some("stored")) => Some(Done::Stored),
            (200, Some("merged")) => Some(Done::Merged),
            (200, Some("unchanged")) => Some(Done::Unchanged),
            _ => None,
        };
        if let Some(done) = done {
            return Self::Attempt(Attempt::Done(done));
        }
        let Some(errcode) = text(&body, "errcode") else {
            return later(format!(
                "the server answers {status}, and not as one to publish at does"
            ));
        };
        let error = text(&body, "error").unwrap_or("no reason given");
        let (errcode, error) = (limits.clean(errcode), limits.clean(error));
        match is_final(status, &errcode) {
            true if status == StatusCode::CONFLICT => {
                Self::Attempt(Attempt::Done(Done::Superseded))
            }
            true => Self::Attempt(Attempt::Done(Done::Refused { errcode, error })),
            false => later(format!("the server answers {status}: {error}")),
        }
    }
}

/// Whether the server has judged the statement: it would say the same the next time. That there is no
/// such service is nothing about the statement.
fn is_final(status: StatusCode, errcode: &str) -> bool {
    let may_pass = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    let is_missing = errcode == "M_UNRECOGNIZED";
    status.is_client_error() && !may_pass.contains(&status) && !is_missing
}

fn text<'a>(body: &'a Object, name: &str) -> Option<&'a str> {
    match body.get(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

/// How long to wait before the next try, as the server asks.
fn wait(response: &Incoming, body: &Object, limits: &Limits) -> Option<Duration> {
    let header = response.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let asked = match body.get("retry_after_ms") {
        Some(Json::Integer(millis)) => Duration::from_millis(u64::try_from(*millis).ok()?),
        _ => Duration::from_secs(header?.trim().parse().ok()?),
    };
    Some(asked.min(limits.asked_wait))
}
