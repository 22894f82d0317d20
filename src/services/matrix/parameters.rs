//! What a request says.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;

use super::Refusal;
use crate::association::Mxid;
use crate::codec::{from_base64_unpadded, from_percent};
use crate::threepid::Threepid;
use crate::transport::http::header::CONTENT_TYPE;
use crate::transport::http::{Request, StatusCode};
use crate::verifier::Caller;

/// What a request says, by name.
type Members = serde_json::Map<String, Value>;

/// What the content of a request says: a JSON object, or a form as drafts of the specification had it.
///
/// # Errors
/// `M_NOT_JSON`, `M_MISSING_PARAMS` and `M_INVALID_PARAM`. What stands there is not repeated: it may be secret.
pub(super) fn content<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    let members = if is_form(request) { form(&request.body) } else { object(&request.body) }?;
    serde_json::from_value(Value::Object(members)).map_err(|error| not_as_it_should(&error))
}

/// What the content of a request says, a JSON object whose texts may stay where they came: for what is long.
///
/// # Errors
/// As for [`content`].
pub(super) fn content_in_place<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Refusal> {
    let text = std::str::from_utf8(&request.body).map_err(|_| not_json())?;
    // An array would be read as the values of the members.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(not_json());
    }
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => not_as_it_should(&error),
        Category::Syntax | Category::Eof | Category::Io => not_json(),
    })
}

fn not_json() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "M_NOT_JSON", "the content is no JSON object")
}

fn not_as_it_should(error: &serde_json::Error) -> Refusal {
    match missing(&error.to_string()) {
        Some(name) => Refusal::missing(name),
        None => Refusal::invalid("a parameter has another type than it should"),
    }
}

fn object(octets: &[u8]) -> Result<Members, Refusal> {
    serde_json::from_slice(octets).map_err(|_| not_json())
}

fn is_form(request: &Request) -> bool {
    let media_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.is_some_and(|text| text.starts_with("application/x-www-form-urlencoded"))
}

/// The fields of a form (URL Standard, "application/x-www-form-urlencoded"): all of them text.
fn form(octets: &[u8]) -> Result<Members, Refusal> {
    let malformed = || Refusal::invalid("the content is no form");
    let text = std::str::from_utf8(octets).map_err(|_| malformed())?.replace('+', " ");
    let read = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((from_percent(name)?, Value::String(from_percent(value)?)))
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(read).collect::<Option<Members>>().ok_or_else(malformed)
}

/// A whole number, or its digits: forms have them.
pub(super) fn number<'de, D: Deserializer<'de>>(reader: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Digits(String),
    }
    match Written::deserialize(reader)? {
        Written::Number(number) => Ok(number),
        Written::Digits(digits) => digits.parse().map_err(D::Error::custom),
    }
}

/// The name of the member that is missing, as serde tells it.
fn missing(told: &str) -> Option<&str> {
    told.strip_prefix("missing field `")?.split('`').next()
}

/// A parameter that has to stand in the query.
///
/// # Errors
/// `M_MISSING_PARAMS`, and `M_INVALID_PARAM` where it stands there twice or is no text.
pub(super) fn query(request: &Request, name: &'static str) -> Result<String, Refusal> {
    request.query_value(name)?.ok_or_else(|| Refusal::missing(name))
}

/// A user's id.
///
/// # Errors
/// `M_INVALID_PARAM`.
pub(super) fn mxid(text: &str) -> Result<Mxid, Refusal> {
    text.parse().map_err(|_| Refusal::invalid("that is no Matrix user id"))
}

/// Errs where the caller is a user, and another one than `mxid`: `M_UNAUTHORIZED`, as Sydent has it.
pub(super) fn is_own(caller: &Caller, mxid: &Mxid) -> Result<(), Refusal> {
    match &caller.mxid {
        Some(user) if user != mxid => {
            let error = "the access token is not this user's";
            Err(Refusal::new(StatusCode::FORBIDDEN, "M_UNAUTHORIZED", error))
        }
        _ => Ok(()),
    }
}

/// An identifier; a phone number has its digits, with or without `+`.
///
/// # Errors
/// `M_INVALID_PARAM`.
pub(super) fn threepid(medium: &str, address: &str) -> Result<Threepid, Refusal> {
    Threepid::parse_any(&format!("{medium}:{address}"), None)
        .map_err(|_| Refusal::invalid("threepid is no address of its medium"))
}

/// A key of 32 octets in base64: standard or URL-safe, as specifications have both.
pub(super) fn key(text: &str) -> Option<[u8; 32]> {
    let standard = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    from_base64_unpadded(&standard).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::testing::request;
    use crate::transport::http::{Method, Response};

    #[derive(Debug, Deserialize)]
    struct Asked {
        secret: String,
        #[serde(deserialize_with = "number")]
        attempt: u64,
    }

    fn read(body: &'static str) -> Result<Asked, String> {
        let request = Request { body: body.into(), ..request(Method::POST, "/") };
        content(&request).map_err(|refusal| {
            let response = Response::from(refusal);
            assert_eq!(response.status, StatusCode::BAD_REQUEST);
            String::from_utf8(response.body.to_vec()).unwrap()
        })
    }

    #[test]
    fn what_is_wrong_is_told_and_not_repeated() {
        let asked = read(r#"{"secret":"s","attempt":1,"other":null}"#).unwrap();
        assert_eq!((asked.secret.as_str(), asked.attempt), ("s", 1));
        for (content, told) in [
            ("", "M_NOT_JSON"),
            (r#"{"secret":"monkeys""#, "M_NOT_JSON"),
            (r#"["s",1]"#, "M_NOT_JSON"),
            ("null", "M_NOT_JSON"),
            ("{}", "M_MISSING_PARAMS"),
            (r#"{"attempt":1}"#, "the parameter secret is missing"),
            (r#"{"secret":"monkeys"}"#, "the parameter attempt is missing"),
            (r#"{"secret":"s","attempt":"monkeys"}"#, "M_INVALID_PARAM"),
            (r#"{"secret":"s","attempt":-1}"#, "M_INVALID_PARAM"),
        ] {
            let error = read(content).unwrap_err();
            assert!(error.contains(told) && !error.contains("monkeys"), "{content}: {error}");
        }
    }

    #[test]
    fn forms_are_read_too() {
        let read = |body: &'static str| {
            let mut request = Request { body: body.into(), ..request(Method::POST, "/") };
            let media_type = "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap();
            request.headers.insert(CONTENT_TYPE, media_type);
            content::<Asked>(&request)
        };
        let asked = read("secret=a+b%2B&attempt=12&&other").unwrap();
        assert_eq!((asked.secret.as_str(), asked.attempt), ("a b+", 12));
        for bad in ["secret=s", "secret=s&attempt=x", "secret=%FF&attempt=1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_come_in_either_alphabet() {
        let key_of = |text| key(text).map(|octets| octets[0]);
        assert_eq!(key_of("-_oGitF39UH5iRfvbIknlvlAVKgD1BsLDMvBf0pmp7c"), Some(0xfb));
        assert_eq!(key_of("+/oGitF39UH5iRfvbIknlvlAVKgD1BsLDMvBf0pmp7c="), Some(0xfb));
        assert_eq!(key_of("VXuG"), None);
    }
}
