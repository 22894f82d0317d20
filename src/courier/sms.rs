//! SMS, by whatever gateway an operator has a contract with.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use thiserror::Error;

use super::template::{Escape, Template, TemplateError};
use super::texts::{Texts, fill};
use crate::codec::{Url, UrlError};
use crate::threepid::Medium;
use crate::transport::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use crate::transport::http::{Fetch, FetchError, HeaderMap, Method, Outgoing};
use crate::verification::{Courier, CourierError, Message};

/// The places of a gateway's templates: the number with and without its `+`, and the text.
const PLACES: [&str; 3] = ["number", "digits", "text"];

/// How a gateway is asked to send an SMS.
#[derive(Debug, Clone)]
pub struct Gateway {
    method: Method,
    url: Template,
    headers: HeaderMap,
    body: Template,
    escape: Escape,
}

/// Why a gateway cannot be asked like this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GatewayError {
    /// A template is none.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What the template of the URL makes is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Numbers and texts would go over the network as they are.
    #[error("`https://` expected: plain HTTP is for loopback alone")]
    Plain,
    /// Not a method.
    #[error("{0:?} is no method, expected GET or POST")]
    Method(String),
    /// Not a header field.
    #[error("header {0:?} cannot be sent")]
    Header(String),
    /// Neither URL nor body says what to send to whom.
    #[error("neither `url` nor `body` has {{{0}}}")]
    Missing(&'static str),
    /// It is not known how to escape what goes into the body.
    #[error(
        "Content-Type {0:?} is not known here, expected application/json, application/x-www-form-urlencoded or text/plain"
    )]
    MediaType(String),
}

impl Gateway {
    /// A gateway that is asked like this. In `url` and `body` may stand `{number}` (with its `+`), `{digits}`
    /// (without) and `{text}`; what is put into the body is escaped as its `Content-Type` among `headers`
    /// needs it.
    ///
    /// # Errors
    /// Where it could not be asked like this.
    pub fn new(
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Result<Self, GatewayError> {
        let method = match method {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            other => return Err(GatewayError::Method(other.to_owned())),
        };
        for place in ["number", "text"] {
            let alike = if place == "number" { "{digits}" } else { "{text}" };
            let there = |text: &str| text.contains(&format!("{{{place}}}")) || text.contains(alike);
            if !there(url) && !there(body) {
                return Err(GatewayError::Missing(place));
            }
        }
        let (url, body) = (Template::parse(url, &PLACES)?, Template::parse(body, &PLACES)?);
        let example = url.fill(&[("number", "+1"), ("digits", "1"), ("text", "x")], Escape::Url);
        let example: Url = example.parse()?;
        if !example.is_secure() && !example.is_loopback() {
            return Err(GatewayError::Plain);
        }
        let headers = read_headers(headers)?;
        let escape = escape(&headers)?;
        Ok(Self { method, url, headers, body, escape })
    }

    fn request(&self, number: &str, text: &str) -> Result<Outgoing, UrlError> {
        let digits = number.trim_start_matches('+');
        let values = [("number", number), ("digits", digits), ("text", text)];
        let mut request = Outgoing::get(self.url.fill(&values, Escape::Url).parse()?);
        request.method = self.method.clone();
        request.headers = self.headers.clone();
        request.body = self.body.fill(&values, self.escape).into();
        Ok(request)
    }
}

fn read_headers(headers: &[(String, String)]) -> Result<HeaderMap, GatewayError> {
    let mut read = HeaderMap::new();
    for (name, value) in headers {
        let bad = || GatewayError::Header(name.clone());
        let field: HeaderName = name.parse().map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        // Most have a password in them.
        value.set_sensitive(true);
        read.append(field, value);
    }
    Ok(read)
}

fn escape(headers: &HeaderMap) -> Result<Escape, GatewayError> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Escape::Plain) };
    let text = value.to_str().unwrap_or_default();
    match text.split(';').next().unwrap_or_default().trim() {
        "application/json" => Ok(Escape::Json),
        "application/x-www-form-urlencoded" => Ok(Escape::Url),
        "text/plain" => Ok(Escape::Plain),
        _ => Err(GatewayError::MediaType(text.to_owned())),
    }
}

/// Brings messages by SMS.
pub struct Sms<F> {
    gateway: Gateway,
    fetch: F,
    texts: Texts,
}

impl<F> fmt::Debug for Sms<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sms").finish_non_exhaustive()
    }
}

impl<F: Fetch> Sms<F> {
    /// A courier that asks this gateway.
    pub fn new(gateway: Gateway, fetch: F, texts: Texts) -> Self {
        Self { gateway, fetch, texts }
    }

    async fn hand_over(&self, message: &Message) -> Result<(), CourierError> {
        let refused = |why: &str| Err(CourierError::Refused(why.to_owned()));
        if *message.to.medium() != Medium::Msisdn {
            return refused("SMS does not go there");
        }
        let text = fill(&self.texts.letter(&message.errand).sms, message, Escape::Plain);
        let Ok(request) = self.gateway.request(&message.to.to_string(), &text) else {
            return refused("no request to the gateway can be made of it");
        };
        match self.fetch.fetch(request).await {
            Ok(answer) if answer.status.is_success() => Ok(()),
            // A request that is wrong stays wrong; but too many of them may be right later.
            Ok(answer) if answer.status.is_client_error() && answer.status.as_u16() != 429 => {
                refused(&format!("the gateway answers {}", answer.status.as_u16()))
            }
            Ok(answer) => {
                Err(CourierError::Failed(format!("the gateway answers {}", answer.status.as_u16())))
            }
            Err(error) => Err(CourierError::Failed(told(&error))),
        }
    }
}

/// What went wrong; the URL, in which passwords and numbers stand, is not in it.
fn told(error: &FetchError) -> String {
    format!("the gateway: {error}")
}

impl<F: Fetch> Courier for Sms<F> {
    fn send<'a>(
        &'a self,
        message: &'a Message,
    ) -> Pin<Box<dyn Future<Output = Result<(), CourierError>> + Send + 'a>> {
        Box::pin(self.hand_over(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threepid::Threepid;
    use crate::transport::http::{Incoming, StatusCode};
    use crate::verification::{Errand, Token};
    use std::sync::Mutex;

    /// A gateway that answers with a status, and keeps what it was asked.
    struct Counter(StatusCode, Mutex<Vec<Outgoing>>);

    impl Fetch for &Counter {
        async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
            self.1.lock().unwrap().push(request);
            Ok(Incoming { status: self.0, headers: HeaderMap::new(), body: "".into() })
        }
    }

    fn headers(media_type: &str) -> Vec<(String, String)> {
        vec![
            ("Content-Type".to_owned(), media_type.to_owned()),
            ("Authorization".to_owned(), "Bearer s3cret".to_owned()),
        ]
    }

    fn message() -> Message {
        let to = Threepid::parse_any("+447700900123", None).unwrap();
        Message {
            to,
            errand: Errand::Verify {
                token: Token::kept("123456".to_owned()),
                link: None,
                user: None,
            },
        }
    }

    fn send(gateway: Gateway, status: StatusCode) -> (Result<(), CourierError>, Option<Outgoing>) {
        let counter = Counter(status, Mutex::default());
        let sms = Sms::new(gateway, &counter, Texts::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sent = runtime.block_on(sms.send(&message()));
        let asked = counter.1.lock().unwrap().pop();
        (sent, asked)
    }

    fn posting() -> Gateway {
        let body = "{{\"to\":\"{number}\",\"text\":\"{text}\"}}";
        Gateway::new("POST", "https://sms.example/send", &headers("application/json"), body)
            .unwrap()
    }

    #[test]
    fn json_is_posted() {
        let (sent, asked) = send(posting(), StatusCode::OK);
        let asked = asked.unwrap();
        assert_eq!((sent, asked.method), (Ok(()), Method::POST));
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!(body["to"], "+447700900123");
        assert!(body["text"].as_str().unwrap().starts_with("123456 is the code"));
        assert_eq!(asked.headers["authorization"], "Bearer s3cret");
        assert!(!format!("{:?}", asked.headers).contains("s3cret"), "it is not shown");
    }

    #[test]
    fn a_url_is_asked_for() {
        let url = "https://sms.example/send?key=k&to={digits}&text={text}";
        let (_, asked) = send(Gateway::new("GET", url, &[], "").unwrap(), StatusCode::OK);
        let url = asked.unwrap().url.to_string();
        assert!(url.contains("to=447700900123&text=123456%20is%20the"), "{url}");
    }

    #[test]
    fn what_a_gateway_answers() {
        let told = |status| send(posting(), StatusCode::from_u16(status).unwrap()).0;
        assert!(told(202).is_ok());
        assert_eq!(told(400), Err(CourierError::Refused("the gateway answers 400".to_owned())));
        assert_eq!(told(429), Err(CourierError::Failed("the gateway answers 429".to_owned())));
        assert_eq!(told(503), Err(CourierError::Failed("the gateway answers 503".to_owned())));
    }

    #[test]
    fn gateways_that_cannot_be() {
        let told = |method, url, media_type, body| {
            Gateway::new(method, url, &headers(media_type), body).unwrap_err().to_string()
        };
        let (url, json) = ("https://sms.example/", "application/json");
        assert!(told("FETCH", url, json, "{number}{text}").contains("is no method"));
        assert!(told("POST", "ftp://x/", json, "{number}{text}").contains("https"));
        let plain = told("POST", "http://sms.example/", json, "{number}{text}");
        assert_eq!(plain, "`https://` expected: plain HTTP is for loopback alone");
        assert_eq!(told("POST", url, json, "{text}"), "neither `url` nor `body` has {number}");
        assert_eq!(told("POST", url, json, "{digits}"), "neither `url` nor `body` has {text}");
        assert!(told("POST", url, "text/xml", "{number}{text}").contains("text/xml"));
        assert!(told("POST", url, json, "{number}{text}{x}").contains("{x} is not known"));
    }
}
