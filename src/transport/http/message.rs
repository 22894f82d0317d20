//! What is asked and what is answered.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, StatusCode};
use thiserror::Error;

use crate::codec::from_percent;
use crate::signed::{Json, Object};

/// What a client wants.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// With what: the path of the target, as it was sent. `%` and two digits are not read.
    pub path: String,
    /// What follows the `?`.
    pub query: Option<String>,
    /// The header fields.
    pub headers: HeaderMap,
    /// The content; empty while it is not read.
    pub body: Bytes,
    /// Who asks.
    pub peer: SocketAddr,
    /// What the path has for the parameters of its route, unescaped: a [`Router`](super::Router) tells.
    pub parameters: Vec<(&'static str, String)>,
}

/// A query that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QueryError {
    /// What should stand there once stands there several times.
    #[error("`{0}` stands in the query more than once")]
    Twice(&'static str),
    /// A value is no text.
    #[error("`{0}` in the query is not percent-encoded UTF-8")]
    Malformed(&'static str),
}

impl From<QueryError> for Response {
    fn from(error: QueryError) -> Self {
        Self::error(StatusCode::BAD_REQUEST, "M_INVALID_PARAM", &error.to_string())
    }
}

impl Request {
    /// A request of `peer` for a path, with a query where a `?` follows, without header fields and
    /// content.
    pub fn new(method: Method, target: &str, peer: SocketAddr) -> Self {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let (path, headers) = (path.to_owned(), HeaderMap::new());
        Self { method, path, query, headers, body: Bytes::new(), peer, parameters: Vec::new() }
    }

    /// What the path has at the parameter `{name}` of its route, unescaped. It is never empty, and may
    /// have a `/` in it that was escaped.
    ///
    /// # Panics
    /// Where the route has no such parameter.
    pub fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(of, _)| *of == name);
        found.map(|(_, value)| value.as_str()).expect("the route has this parameter")
    }

    /// The value of `name=value` in the query, unescaped, where that stands there. What else a query has
    /// is not looked at.
    ///
    /// # Errors
    /// Where it stands there more than once, or is no text.
    pub fn query_value(&self, name: &'static str) -> Result<Option<String>, QueryError> {
        let pairs = self.query.as_deref().unwrap_or_default().split('&');
        let mut values = pairs.filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(QueryError::Twice(name)),
            (Some(value), None) => from_percent(value).map(Some).ok_or(QueryError::Malformed(name)),
        }
    }
}

/// What a client gets.
#[derive(Debug, Clone)]
pub struct Response {
    /// What came of it.
    pub status: StatusCode,
    /// The header fields. Those of the connection are added.
    pub headers: HeaderMap,
    /// The content.
    pub body: Bytes,
}

impl Response {
    /// A response with content of this media type.
    pub fn new(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let media_type = HeaderValue::from_static(media_type);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type)]);
        Self { status, headers, body: body.into() }
    }

    /// A response of a line of text.
    pub fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text.into())
    }

    /// A response in JSON, which is written already.
    pub fn json(status: StatusCode, json: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json", json)
    }

    /// A response of a JSON object.
    pub fn object(status: StatusCode, object: &Object) -> Self {
        Self::json(status, object.to_octets())
    }

    /// The response to what is not done: `{"errcode","error"}`, as Matrix has it. The code is for
    /// programs, the text for people.
    pub fn error(status: StatusCode, errcode: &str, text: &str) -> Self {
        Self::object(status, &error_object(errcode, text))
    }

    /// The response to what is not done now, and may be asked for again after some time: as
    /// `retry_after_ms` (Client-Server API, "Rate limiting") and `Retry-After` (RFC 9110 section 10.2.3).
    pub fn later(status: StatusCode, errcode: &str, text: &str, wait: Duration) -> Self {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut object = error_object(errcode, text);
        object.insert("retry_after_ms", Json::saturating(millis));
        let seconds = millis.div_ceil(1000).to_string();
        Self::object(status, &object).with(RETRY_AFTER, &seconds)
    }

    /// The response to who comes too often.
    pub fn too_often(text: &str, wait: Duration) -> Self {
        Self::later(StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED", text, wait)
    }

    /// The same with a header field; without, where the value is none of one.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// The content of [`Response::error`], for errors that tell more.
pub fn error_object(errcode: &str, text: &str) -> Object {
    Object::from_iter([("errcode", errcode), ("error", text)])
}

impl From<Box<Response>> for Response {
    fn from(response: Box<Response>) -> Self {
        *response
    }
}

impl<E: Into<Response>> From<Result<Response, E>> for Response {
    fn from(result: Result<Response, E>) -> Self {
        result.unwrap_or_else(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::request;
    use super::*;
    use proptest::prelude::*;

    fn value(query: &str) -> Result<Option<String>, QueryError> {
        request(Method::GET, &format!("/a?{query}")).query_value("b")
    }

    #[test]
    fn a_query_has_a_value_once() {
        assert_eq!(value("a=1&b=3%70id+&bb=2"), Ok(Some("3pid+".to_owned())));
        assert_eq!(value("b="), Ok(Some(String::new())));
        for without in ["", "b", "a=b=1", "ab=1", "%62=1"] {
            assert_eq!(value(without), Ok(None), "{without}");
        }
        assert_eq!(value("b=1&b=1"), Err(QueryError::Twice("b")));
        assert_eq!(value("b=%FF"), Err(QueryError::Malformed("b")));
        assert_eq!(request(Method::GET, "/a").query_value("b"), Ok(None));
    }

    #[test]
    fn errors_have_one_form_whatever_their_text() {
        let response = Response::error(StatusCode::FORBIDDEN, "M_FORBIDDEN", "no \"a\"\n");
        assert_eq!(response.body, r#"{"errcode":"M_FORBIDDEN","error":"no \"a\"\n"}"#);
        assert_eq!(response.headers[CONTENT_TYPE], "application/json");
        let response = Response::from(Err(Box::new(response.with(CONTENT_TYPE, "a\nb"))));
        assert_eq!(response.headers[CONTENT_TYPE], "application/json", "that is no value");
        assert_eq!(response.status, StatusCode::FORBIDDEN);
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "(b=)?[a-z0-9.%&=\\\\]{0,20}") {
            let _ = value(&query);
        }
    }
}
