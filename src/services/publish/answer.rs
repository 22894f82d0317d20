//! What a publication is answered.

use std::time::Duration;

use crate::signed::Object;
use crate::stub::publish::DELEGATED;
use crate::transport::http::header::LOCATION;
use crate::transport::http::{Response, StatusCode, error_object};
use crate::wire::Name;

/// What came of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is what is held from now on.
    Stored,
    /// Its signatures were added to those that are held.
    Merged,
    /// It is held already.
    Unchanged,
    /// It belongs elsewhere.
    Delegated {
        /// The zone that it lies in, or that leads to it.
        zone: Name,
        /// Where to send it.
        location: String,
    },
    /// It is not taken.
    Refused(Refusal),
}

/// Why a publication is not taken: an error code, and what a person may want to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which kind.
    pub kind: RefusalKind,
    /// The rest of it in words.
    pub error: String,
    /// When to try again, where that may help.
    pub retry_after: Option<Duration>,
}

/// The kinds of [`Refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// No JSON, or JSON without a canonical form.
    NotJson,
    /// No statement.
    BadJson,
    /// A statement or parameter that cannot be taken.
    InvalidParameter,
    /// No signature counts here.
    Forbidden,
    /// No zone here for its name.
    NotFound,
    /// A newer statement is held.
    Superseded,
    /// More octets than are read.
    TooLarge,
    /// The body broke off.
    Broken,
    /// The body did not come in time.
    Slow,
    /// The client came too often.
    TooMany,
    /// Certificates, or the service of the zone it belongs to, could not be looked up.
    Undetermined,
    /// The zone it belongs to names no service to publish at that could be proved.
    NoService,
    /// It was to be passed on, as many others are now.
    Busy,
    /// It was to be passed on, over more servers than are gone along.
    TooFar,
    /// It was to be passed on, and the server there cannot be reached or gives no such answer.
    NotForwarded,
    /// Certificates could not be had in time, or the server that it was passed on to took too long.
    TimedOut,
    /// It is stored, and not served yet.
    NotServed,
    /// Its part of the tree is being handed over to others.
    HandingOver,
    /// The store cannot be written.
    Failed,
}

impl RefusalKind {
    /// All of them, for counters.
    pub(super) const ALL: [Self; 19] = [
        Self::NotJson,
        Self::BadJson,
        Self::InvalidParameter,
        Self::Forbidden,
        Self::NotFound,
        Self::Superseded,
        Self::TooLarge,
        Self::Broken,
        Self::Slow,
        Self::TooMany,
        Self::Undetermined,
        Self::NoService,
        Self::Busy,
        Self::TooFar,
        Self::NotForwarded,
        Self::TimedOut,
        Self::NotServed,
        Self::HandingOver,
        Self::Failed,
    ];

    /// The status, `errcode`, and what it is counted as.
    const fn words(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::NotJson => (400, "M_NOT_JSON", "not_json"),
            Self::BadJson => (400, "M_BAD_JSON", "bad_json"),
            Self::InvalidParameter => (400, "M_INVALID_PARAM", "invalid_parameter"),
            Self::Forbidden => (403, "M_FORBIDDEN", "forbidden"),
            Self::NotFound => (404, "M_NOT_FOUND", "not_found"),
            Self::Superseded => (409, "THREEPID_SUPERSEDED", "superseded"),
            Self::TooLarge => (413, "M_TOO_LARGE", "too_large"),
            Self::Broken => (400, "M_UNKNOWN", "broken"),
            Self::Slow => (408, "M_UNKNOWN", "slow"),
            Self::TooMany => (429, "M_LIMIT_EXCEEDED", "too_many"),
            Self::Undetermined => (503, "THREEPID_UNDETERMINED", "undetermined"),
            Self::NoService => (503, "THREEPID_NO_SERVICE", "no_service"),
            Self::Busy => (503, "THREEPID_BUSY", "busy"),
            Self::TooFar => (502, "THREEPID_TOO_MANY_HOPS", "too_far"),
            Self::NotForwarded => (502, "THREEPID_NOT_FORWARDED", "not_forwarded"),
            Self::TimedOut => (504, "THREEPID_TIMED_OUT", "timed_out"),
            Self::NotServed => (503, "THREEPID_NOT_SERVED", "not_served"),
            Self::HandingOver => (503, "THREEPID_HANDING_OVER", "handing_over"),
            Self::Failed => (500, "M_UNKNOWN", "failed"),
        }
    }

    /// The status of the response.
    pub const fn status(self) -> u16 {
        self.words().0
    }

    /// The member `errcode`.
    pub const fn errcode(self) -> &'static str {
        self.words().1
    }

    /// The word it is counted under.
    pub(super) const fn label(self) -> &'static str {
        self.words().2
    }

    /// In these words.
    pub(super) fn with(self, error: impl Into<String>) -> Refusal {
        Refusal { kind: self, error: error.into(), retry_after: None }
    }

    /// In these words, and to be tried again after some time.
    pub(super) fn retry(self, error: impl Into<String>, after: Duration) -> Refusal {
        Refusal { retry_after: Some(after), ..self.with(error) }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Answer {
    /// The status of the response (RFC 9110 section 15).
    pub fn status(&self) -> u16 {
        match self {
            Self::Stored => 201,
            Self::Merged | Self::Unchanged => 200,
            Self::Delegated { .. } => 307,
            Self::Refused(refusal) => refusal.kind.status(),
        }
    }

    /// The word it is counted under.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Merged => "merged",
            Self::Unchanged => "unchanged",
            Self::Delegated { .. } => "delegated",
            Self::Refused(refusal) => refusal.kind.label(),
        }
    }

    /// The answer as a response.
    pub(super) fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.status()).expect("all of them are statuses");
        match self {
            Self::Stored | Self::Merged | Self::Unchanged => {
                Response::object(status, &Object::from_iter([("status", self.label())]))
            }
            Self::Delegated { zone, location } => {
                let error = format!("the zone {zone} is served elsewhere: publish there");
                let mut body = error_object(DELEGATED, &error);
                body.insert("zone", zone.to_string());
                body.insert("location", location.as_str());
                Response::object(status, &body).with(LOCATION, location)
            }
            Self::Refused(Refusal { kind, error, retry_after: Some(wait) }) => {
                Response::later(status, kind.errcode(), error, *wait)
            }
            Self::Refused(Refusal { kind, error, .. }) => {
                Response::error(status, kind.errcode(), error)
            }
        }
    }
}
