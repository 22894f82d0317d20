//! What a server says to a statement.

use std::time::Duration;

use super::Limits;
use crate::signed::{self, Json, Object};
use crate::transport::http::{Incoming, StatusCode, header};
use crate::wire::Name;

/// The `errcode` of what belongs elsewhere.
pub const DELEGATED: &str = "THREEPID_DELEGATED";

/// What a server says, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It holds the statement from now on.
    Stored,
    /// It held the statement, and took in further signatures.
    Merged,
    /// It held the statement, with these signatures.
    Unchanged,
    /// Servers of a delegated zone know more.
    Referred {
        /// The zone.
        zone: Name,
    },
    /// It says why not.
    Refused {
        /// In the status,
        status: StatusCode,
        /// for programs,
        errcode: String,
        /// and for people.
        error: String,
        /// How long it asks to wait.
        wait: Option<Duration>,
    },
    /// It speaks, but not as one to publish at does.
    Unreadable {
        /// What it says of itself.
        status: StatusCode,
        /// How long it asks to wait.
        wait: Option<Duration>,
    },
}

impl Reply {
    /// Reads a response. What it says in words is cut, and moves no cursor.
    pub fn read(response: &Incoming, limits: &Limits) -> Self {
        let bounds = signed::Limits { octets: limits.reply_octets, depth: 4 };
        let body = Object::parse(&response.body, &bounds).unwrap_or_default();
        let (status, wait) = (response.status, wait(response, &body, limits));
        let unreadable = Self::Unreadable { status, wait };
        match (status.as_u16(), body.string("status"), body.string("errcode")) {
            (201, Some("stored"), _) => Self::Stored,
            (200, Some("merged"), _) => Self::Merged,
            (200, Some("unchanged"), _) => Self::Unchanged,
            (307, _, Some(DELEGATED)) => {
                let zone = body.string("zone").and_then(|zone| zone.parse().ok());
                zone.map_or(unreadable, |zone| Self::Referred { zone })
            }
            (400.., _, Some(errcode)) => {
                let error = body.string("error").unwrap_or("no reason given");
                let (errcode, error) = (limits.clean(errcode), limits.clean(error));
                Self::Refused { status, errcode, error, wait }
            }
            _ => unreadable,
        }
    }
}

/// Whether a referral by a server of the zone `from` to the zone `to` leads strictly down to `owner`, so
/// that there is an end to referrals.
pub fn is_deeper(to: &Name, from: &Name, owner: &Name) -> bool {
    to.is_below(from) && owner.is_at_or_below(to)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::HeaderMap;
    use proptest::prelude::*;

    fn read(status: u16, body: &str, retry_after: Option<&'static str>) -> Reply {
        let field = retry_after.map(header::HeaderValue::from_static);
        let headers = field.map(|value| (header::RETRY_AFTER, value)).into_iter().collect();
        let (status, body) = (StatusCode::from_u16(status).unwrap(), body.to_owned().into());
        Reply::read(&Incoming { status, headers, body }, &Limits::default())
    }

    #[test]
    fn each_answer_of_the_service_is_known() {
        for (status, word, reply) in [
            (201, "stored", Reply::Stored),
            (200, "merged", Reply::Merged),
            (200, "unchanged", Reply::Unchanged),
        ] {
            assert_eq!(read(status, &format!(r#"{{"status":"{word}","more":1}}"#), None), reply);
        }
        let referral = r#"{"errcode":"THREEPID_DELEGATED","zone":"4.4.msisdn.example."}"#;
        let zone = "4.4.msisdn.example.".parse().unwrap();
        assert_eq!(read(307, referral, None), Reply::Referred { zone });
        let Reply::Refused { status, errcode, error, wait } =
            read(403, r#"{"errcode":"M_FORBIDDEN"}"#, None)
        else {
            panic!()
        };
        assert_eq!((status.as_u16(), errcode.as_str(), wait), (403, "M_FORBIDDEN", None));
        assert_eq!(error, "no reason given");
    }

    #[test]
    fn what_is_no_answer_of_the_service_is_none() {
        let deep = format!(r#"{{"errcode":"A","more":{}{}}}"#, "[".repeat(9), "]".repeat(9));
        let long = format!(r#"{{"errcode":"A","error":"{}"}}"#, "x".repeat(8192));
        for (status, body) in [
            (200, r#"{"status":"stored"}"#),
            (201, r#"{"status":"merged"}"#),
            (201, r#"{"status":1}"#),
            (201, ""),
            (200, r#"{"errcode":"A"}"#),
            (301, r#"{"errcode":"A"}"#),
            (403, "<html>"),
            (404, r#"{"errcode":7}"#),
            (403, &deep),
            (403, &long),
            (307, r#"{"zone":"4.4.msisdn.example."}"#),
            (307, r#"{"errcode":"M_FORBIDDEN","zone":"4.4.msisdn.example."}"#),
            (307, r#"{"errcode":"THREEPID_DELEGATED"}"#),
            (307, r#"{"errcode":"THREEPID_DELEGATED","zone":"a..b"}"#),
        ] {
            let reply = read(status, body, Some("7"));
            let Reply::Unreadable { status: told, wait } = reply else {
                panic!("{body}: {reply:?}")
            };
            assert_eq!((told.as_u16(), wait), (status, Some(Duration::from_secs(7))), "{body}");
        }
    }

    #[test]
    fn how_long_to_wait_is_read_and_bounded() {
        let waits = |header, body: &str| {
            let body = format!(r#"{{"errcode":"M_LIMIT_EXCEEDED","error":"x"{body}}}"#);
            let Reply::Refused { wait, .. } = read(429, &body, header) else { panic!() };
            wait.map(|wait| wait.as_millis())
        };
        assert_eq!(waits(Some(" 5 "), ""), Some(5000));
        assert_eq!(waits(Some("5"), r#","retry_after_ms":2500"#), Some(2500));
        assert_eq!(waits(Some("99999999"), ""), Some(86_400_000));
        assert_eq!([waits(Some("soon"), ""), waits(None, "")], [None, None]);
        assert_eq!(waits(None, r#","retry_after_ms":-1"#), None);
    }

    #[test]
    fn what_it_says_is_cut_and_moves_no_cursor() {
        let body = format!(r#"{{"errcode":"A\n","error":"\u001b[2J{}"}}"#, "x".repeat(400));
        let Reply::Refused { errcode, error, .. } = read(403, &body, None) else { panic!() };
        assert_eq!((errcode.as_str(), error.chars().count()), ("A\u{fffd}", 300));
        assert!(error.starts_with("\u{fffd}[2Jx"));
    }

    #[test]
    fn deeper_is_down_to_the_name() {
        let deeper = |to: &str| {
            let [to, from, owner] =
                [to, "b.example.", "x.a.b.example."].map(|it| it.parse().unwrap());
            is_deeper(&to, &from, &owner)
        };
        assert_eq!(["a.b.example.", "x.A.B.example."].map(deeper), [true; 2]);
        assert_eq!(
            ["b.example.", "example.", ".", "c.b.example.", "y.x.a.b.example."].map(deeper),
            [false; 5]
        );
    }

    proptest! {
        #[test]
        fn any_response_is_read(status in 200_u16..600, body: Vec<u8>) {
            let status = StatusCode::from_u16(status).unwrap();
            let response = Incoming { status, headers: HeaderMap::new(), body: body.into() };
            let _ = Reply::read(&response, &Limits::default());
        }
    }
}
